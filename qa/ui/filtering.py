"""What a person typed into the filter boxes → Filters, with errors in the page's language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from qa.article import PartialDate
from qa.errors import QuestionError
from qa.filters import Filters
from qa.ui.texts import Texts


@dataclass(frozen=True, slots=True)
class Typed:
    """The four boxes as they stand. None and "" are both an empty box."""

    since: str | None = None
    until: str | None = None
    sources: Sequence[str] | None = None
    language: str | None = None

    @classmethod
    def of(cls, filters: Filters) -> Self:
        """The boxes as they would stand for these filters."""
        return cls(
            since=filters.since.isoformat() if filters.since else "",
            until=filters.until.isoformat() if filters.until else "",
            sources=list(filters.sources),
            language=filters.language or "",
        )

    def filters(self, texts: Texts) -> Filters:
        """The filters that are meant.

        Raises:
            QuestionError: a date is none, or the window is empty; said in the language of `texts`.
        """
        first, last = _date(self.since, texts), _date(self.until, texts)
        if first and last and first.first > last.last:
            raise QuestionError(
                texts.empty_window.format(since=texts.day(first), until=texts.day(last))
            )
        return Filters(
            since=first.first if first else None,
            until=last.last if last else None,
            sources=tuple(self.sources or ()),
            language=self.language or None,
        )


def in_force(filters: Filters) -> int:
    """How many of the four conditions are set."""
    return sum(
        map(bool, (filters.since, filters.until, filters.sources, filters.language)),
    )


def _date(typed: str | None, texts: Texts) -> PartialDate | None:
    if not typed or not typed.strip():
        return None
    try:
        return PartialDate.parse(typed)
    except ValueError as exc:
        raise QuestionError(texts.bad_date.format(value=typed.strip())) from exc
