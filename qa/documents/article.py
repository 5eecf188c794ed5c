"""Article: one news article as text with a title, a date, a source and a language.

Its identity comes from its content, so reading the same article twice gives the same id.
Knows nothing about files, chunks or indexes.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from bisect import bisect_right
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from qa.errors import SourceError

_ISO_DATE = re.compile(
    r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:[T\s]+\d{1,2}:?\d{2}.*)?)?)?", re.ASCII
)

# Characters that no reader sees but that change what a machine reads: controls other than tab and
# newline, all that Unicode calls default-ignorable (zero-width characters, bidirectional controls,
# soft hyphens, fillers, variation selectors, the tag block), annotation marks; and halves of
# surrogate pairs, which JSON can name but UTF-8 cannot write.
_INVISIBLE = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\ud800-\udfff"
)
# What emoji are made of. One joiner between two, and one selector after one or within a keycap,
# are part of what a reader sees; nowhere else, and never two.
_EMOJI = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2900-\u297f"
    "\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_UNSEEN = re.compile(
    f"(?!(?<=[{_EMOJI}])\ufe0f|(?<=[0-9#*])\ufe0f\u20e3"
    f"|(?:(?<=[{_EMOJI}])|(?<=[{_EMOJI}]\ufe0f))\u200d[{_EMOJI}])[{_INVISIBLE}]"
)


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date known to the day, the month or the year (ISO 8601 reduced precision).

    `first` and `last` bound the days it may mean: `2017-01` means 1 to 31 January 2017.
    """

    year: int
    month: int | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        if self.day is not None and self.month is None:
            raise ValueError("a day needs a month")
        self.first  # noqa: B018  (raises ValueError for 2017-13 or 2017-02-30)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, or an ISO date-time, whose time is dropped.

        Raises:
            ValueError: anything else.
        """
        match = _ISO_DATE.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is not a date like 2017, 2017-01 or 2017-01-11")
        return cls(*(int(part) if part else None for part in match.groups()))  # type: ignore[arg-type]

    @classmethod
    def of(cls, value: object) -> Self | None:
        """Whatever a file format calls a date (text, int, date, datetime), or None for nothing.

        Raises:
            ValueError: the value is there but is no date.
        """
        if value is None or value == "":
            return None
        if isinstance(value, datetime | date):
            return cls(value.year, value.month, value.day)
        return cls.parse(str(value))

    @property
    def first(self) -> date:
        """The first day that is meant."""
        return date(self.year, self.month or 1, self.day or 1)

    @property
    def last(self) -> date:
        """The last day that is meant."""
        month = self.month or 12
        return date(self.year, month, self.day or monthrange(self.year, month)[1])

    def __str__(self) -> str:
        parts = [f"{self.year:04d}"]
        parts += [f"{part:02d}" for part in (self.month, self.day) if part is not None]
        return "-".join(parts)


@dataclass(frozen=True, slots=True)
class Article:
    """One article. Every offset in the project counts characters of `text`.

    Attributes:
        id: given by the file, else a hash of the content (see `Article.create`).
        title: may be empty.
        text: the body, cleaned by `clean_text`; never empty.
        date: publication, to the precision known; None when unknown.
        source: outlet or site; None when unknown.
        language: ISO 639-1 code, such as "fr" or "en".
        url: where it was published; None when unknown.
        origin: where it was read, such as "/news/a.jsonl#12"; not part of the identity.
        pages: of a paginated file, the offsets at which its pages begin, then the end of the last;
            empty for other files, and where that is not known. Not part of the identity.
    """

    id: str
    title: str
    text: str
    date: PartialDate | None
    source: str | None
    language: str
    url: str | None
    origin: str
    pages: tuple[int, ...] = ()

    @classmethod
    def create(
        cls,
        *,
        text: str,
        language: str,
        origin: str,
        id: str | None = None,
        title: str | None = None,
        date: PartialDate | None = None,
        source: str | None = None,
        url: str | None = None,
    ) -> Self:
        """Clean the fields and give the article its id.

        Raises:
            SourceError: the text is empty once cleaned.
        """
        text = clean_text(text)
        if not text:
            raise SourceError("the article has no text")
        title = " ".join(clean_text(title or "").split())
        if id is None:
            identity = "\x1f".join((title, str(date or ""), source or "", text))
            id = hashlib.sha256(identity.encode()).hexdigest()[:16]
        return cls(
            id=id,
            title=title,
            text=text,
            date=date,
            source=" ".join(clean_text(source or "").split()) or None,
            language=language,
            url=url or None,
            origin=origin,
        )

    def page_of(self, offset: int) -> int | None:
        """The page that holds a character, from 1; None where that is not known."""
        page = bisect_right(self.pages, offset)
        return page if 0 < page < len(self.pages) else None

    @property
    def fingerprint(self) -> str:
        """A hash over all that a reader can see; another one means the article changed."""
        seen = (
            self.id,
            self.title,
            self.text,
            str(self.date or ""),
            self.source or "",
            self.language,
            self.url or "",
        )
        return hashlib.sha256("\x1f".join(seen).encode()).hexdigest()

    def to_json(self) -> Mapping[str, str | None]:
        """The article's fields as `--json` prints them, text left out."""
        return {
            "article_id": self.id,
            "title": self.title,
            "date": str(self.date) if self.date else None,
            "source": self.source,
            "language": self.language,
            "url": self.url,
        }


def date_in_words(date: PartialDate, language: str) -> str:
    """`12 janvier 2017` for French, `12 January 2017` for any other language."""
    from babel.dates import get_month_names

    months = get_month_names(locale="fr" if language == "fr" else "en")
    day = "1er" if language == "fr" and date.day == 1 else date.day
    month = months[date.month] if date.month else None
    return " ".join(str(part) for part in (day, month, date.year) if part)


def clean_text(text: str) -> str:
    """Text as it is stored and quoted: NFC, no invisible characters, tidy white space.

    Done once, before any offset is counted. What holds an emoji together stays.
    Spaces within a line become one (a no-break space stays what it is, French typography
    needs it), three or more newlines become two, and the ends are stripped.
    """
    text = re.sub("\r\n|[\r\v\f\x85\u2028]", "\n", text).replace("\u2029", "\n\n")
    # Composed after the invisible is gone, which may stand between a letter and its accent.
    text = unicodedata.normalize("NFC", _UNSEEN.sub("", text))
    text = re.sub(r"[ \t]+", " ", text)
    text = re.sub(r" ?\n ?", "\n", text)
    text = re.sub(r"\n{3,}", "\n\n", text)
    return text.strip()
