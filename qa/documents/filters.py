"""Filters: which articles a question is asked of: by date, source and language, or chosen ones.

One meaning, everywhere: `Filters.matches` says it in Python, `chroma` says it to Chroma,
`conditions` to SQLite and `matrix` to arrays; a property test holds them together. Chosen articles
are told to Chroma by their chunks, which SQLite knows (`Index`). An article dated to the month or
the year passes when any of its days does; an article without a date, source or language fails every
filter on that field.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Self

from qa.documents.article import Article, PartialDate
from qa.errors import QuestionError
from qa.language.terms import fold


@dataclass(frozen=True, slots=True)
class Filters:
    """All conditions must hold.

    Attributes:
        since: first day, inclusive.
        until: last day, inclusive.
        sources: any of these outlets, compared without case and accents; empty means all.
        language: ISO 639-1 code of the article.
        articles: ids of the only articles that count; empty means all.
    """

    since: date | None = None
    until: date | None = None
    sources: tuple[str, ...] = ()
    language: str | None = None
    articles: tuple[str, ...] = ()

    @classmethod
    def parse(
        cls,
        since: str | None = None,
        until: str | None = None,
        sources: Sequence[str] = (),
        language: str | None = None,
        articles: Sequence[str] = (),
    ) -> Self:
        """From what a person types: dates as YYYY, YYYY-MM or YYYY-MM-DD.

        Raises:
            QuestionError: a date is none, or the window is empty.
        """
        first, last = _date("since", since), _date("until", until)
        if first and last and first.first > last.last:
            raise QuestionError(f"the window from {since} to {until} is empty; swap the two dates.")
        return cls(
            since=first.first if first else None,
            until=last.last if last else None,
            sources=tuple(sources),
            language=language.lower() if language else None,
            articles=tuple(articles),
        )

    @property
    def source_keys(self) -> tuple[str, ...]:
        """The sources as they are compared."""
        return tuple(source_key(source) for source in self.sources)

    def __bool__(self) -> bool:
        return self != Filters()

    def matches(self, article: Article) -> bool:
        """Whether the article passes."""
        if self.articles and article.id not in self.articles:
            return False
        if self.language and article.language != self.language:
            return False
        if self.sources and (
            not article.source or source_key(article.source) not in self.source_keys
        ):
            return False
        if not (self.since or self.until):
            return True
        if article.date is None:
            return False
        return (self.since is None or article.date.last >= self.since) and (
            self.until is None or article.date.first <= self.until
        )

    def to_json(self) -> dict[str, object]:
        """As in `qa ask --json`; `articles` is there only when articles are chosen."""
        chosen = {"articles": list(self.articles)} if self.articles else {}
        return {
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
            "sources": list(self.sources),
            "language": self.language,
            **chosen,
        }


def source_key(source: str) -> str:
    """A source without case, accents and outer spaces."""
    return fold(source).strip()


def day_number(day: date) -> int:
    """`yyyymmdd` as an integer: the form in which dates stand beside vectors."""
    return day.year * 10_000 + day.month * 100 + day.day


def _date(name: str, text: str | None) -> PartialDate | None:
    if not text:
        return None
    try:
        return PartialDate.parse(text)
    except ValueError as exc:
        raise QuestionError(f"--{name}: {exc}") from exc
