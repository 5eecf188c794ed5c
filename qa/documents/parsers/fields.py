"""Fields: what files say about an article, checked once and made an `Article`.

What a file says is believed when it makes sense and refused when it does not: a date that is
no date is never guessed at. What it leaves out stays unknown, except the language, which is then
told from the text. The language that a template declares for all its pages is believed unless
the text surely is in another.

Knows nothing about files and formats.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel import Locale

from qa.documents.article import Article, PartialDate, clean_text
from qa.documents.parsers.dates import published
from qa.errors import SourceError
from qa.language.detect import detect, far_likelier, question_language

_LANGUAGE_TAG = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]+)*", re.I | re.A)
_TWO_LETTERS = {"fra": "fr", "fre": "fr", "eng": "en"}

# Characters. A title and a source stand before each chunk of the text, and the id in its name.
_LONGEST = {"text": 5_000_000, "title": 1000, "source": 1000, "url": 4000}
_LONGEST_OTHER = 500

# Words: whoever says less may well be told wrong, by small words and by statistics.
_ENOUGH_OF_TWO = 12  # between French and English
_ENOUGH_OF_ALL = 100

_TRACKED = re.compile(
    r"(?i)([?&#])(?:utm_\w+|at_\w+|ns_\w+|xtor|fbclid|gclid|mc_[ce]id|cmpid|traffic_source)=[^&#]*"
)

# Figures set above the line, for `str.translate`: 10⁶ is not 106.
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")

# Titles that programs write into a document's properties when nobody gave one.
_NO_TITLE = re.compile(
    r"untitled.*|sans titre.*|document\d*|microsoft word - .*|powerpoint presentation|titre|title"
    r"|.*\.(?:docx?|odt|rtf|indd|qxp|qxd|tex|dvi|pdf|html?|txt)",
    re.I,
)


@dataclass(frozen=True)
class Failure:
    """One article or file that could not be read.

    Attributes:
        origin: the file, with "#n" for its n-th row, item or entry.
        reason: what is wrong, in words.
    """

    origin: str
    reason: str


@dataclass(frozen=True)
class Notice(Failure):
    """Something to know about a file or an article that was read all the same."""


def origin_of(path: Path, number: int | None = None) -> str:
    """Where an article comes from: the path, and its row when a file holds several.

    A name that is not valid UTF-8 is written with escapes, so that it can be stored.
    """
    name = str(path).encode("utf-8", "backslashreplace").decode("utf-8")
    return name if number is None else f"{name}#{number}"


def article_from(fields: Mapping[str, object], origin: str) -> Article:
    """An article from the fields of a row, of a front matter or of a reader's own making.

    Args:
        fields: text, and optionally id, title, date, source, language or lang, url; a missing
            field, None and "" all mean that it is unknown. `template_language` is a tag that
            holds for many texts, of which this may be an exception. Other fields are ignored.
    Raises:
        SourceError: there is no text, or a field makes no sense.
    """
    text = _words(fields, "text")
    if not text:
        raise SourceError('there is no text: the field "text" is missing or empty')
    title = _words(fields, "title")
    language = _language(fields) or language_of(f"{title}\n{text}", _template_language(fields))
    tags = (fields.get(name) for name in ("language", "lang", "template_language"))
    country = next(
        (t for t in tags if isinstance(t, str) and language_code(t) == language), language
    )
    return Article.create(
        id=clean_text(_words(fields, "id")) or None,
        title=title,
        text=text,
        date=_date(fields.get("date"), country),
        source=_words(fields, "source"),
        language=language,
        url=address(clean_text(_words(fields, "url"))) or None,
        origin=origin,
    )


def articles_from(fields: Mapping[str, object], origin: str) -> Iterator[Article | Failure]:
    """As `article_from`, and an article whose date makes no sense is kept without it.

    A `Notice` then says so; whatever else is wrong is a `Failure`.
    """
    try:
        yield article_from(fields, origin)
    except BadDate as exc:
        for item in articles_from({**fields, "date": None}, origin):
            yield item
            if isinstance(item, Article):
                yield Notice(origin, f"kept without a date: {exc}")
    except SourceError as exc:
        yield Failure(origin, str(exc))


def address(url: str) -> str:
    """An address without what only says by which way a reader came."""
    return re.sub(r"[?&#]+(?=#|$)", "", re.sub(r"([?&])&+", r"\1", _TRACKED.sub(r"\1", url)))


def sane_title(title: str | None) -> str:
    """A title from a document's properties, or "" when a program made it up."""
    title = clean_text(title or "")
    return "" if len(title) > 300 or _NO_TITLE.fullmatch(title) else title


def language_code(tag: str) -> str | None:
    """The language of a tag such as "fr", "fr-FR", "EN_us" or "fra"; None if it is no tag."""
    match = _LANGUAGE_TAG.fullmatch(tag.strip())
    if match is None:
        return None
    code = match[1].lower()
    return _TWO_LETTERS.get(code, code)


def _words(fields: Mapping[str, object], name: str) -> str:
    """A field that holds words; numbers are taken as they are written."""
    value = fields.get(name)
    if value is None:
        return ""
    if isinstance(value, str):
        most = _LONGEST.get(name, _LONGEST_OTHER)
        if len(value) > most:
            raise SourceError(
                f"the field {name!r} has {len(value):,} characters, more than {most:,}; shorten it"
            )
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise SourceError(f"the field {name!r} should be text but is {value!r:.60}")


class BadDate(SourceError):
    """A date is there that nobody can read."""


def _date(value: object, language: str) -> PartialDate | None:
    """The date of publication to the precision known; None when there is none."""
    try:
        return published(value, language)
    except (ValueError, OverflowError, OSError) as exc:
        raise BadDate(
            f"date {value!r:.60} is not a date like 2017, 2017-01 or 2017-01-11; "
            "mend it or leave it out"
        ) from exc


def _language(fields: Mapping[str, object]) -> str | None:
    """The language that the fields name, or None when they name none."""
    name = "language" if fields.get("language") else "lang"
    tag = _words(fields, name)
    if not tag:
        return None
    code = language_code(tag) or _names_of_languages().get(tag.strip().lower())
    if code is None:
        raise SourceError(f"{name} {tag!r:.60} is not a code like 'fr' or 'en'")
    return code


@cache
def _names_of_languages() -> dict[str, str]:
    """The code of each language by its name in French and English, in lower case."""
    return {
        name.lower(): code
        for locale in ("fr", "en")
        for code, name in Locale(locale).languages.items()
        if len(code) == 2
    }


def _template_language(fields: Mapping[str, object]) -> str | None:
    tag = fields.get("template_language")
    return language_code(tag) if isinstance(tag, str) else None


def language_of(text: str, declared: str | None) -> str:
    """The language that a text itself shows; the declared one while that may be right.

    Raises:
        SourceError: neither is known.
    """
    try:
        shown = detect(clean_text(text))
    except ValueError as exc:
        if declared is None:
            raise SourceError("the text has no words") from exc
        return declared
    if declared is None or declared == shown:
        return shown
    words = len(text.split())
    if {declared, shown} == {"fr", "en"}:
        voted = question_language(text[:4000], "fr" if declared == "fr" else "en")
        sure = words >= _ENOUGH_OF_TWO and voted == shown
    else:
        sure = far_likelier(text, shown, declared)
    return shown if sure or words >= _ENOUGH_OF_ALL else declared
