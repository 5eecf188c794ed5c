"""Constraints: what a question says about when, and in which outlet, its articles appeared.

"published on 5 October 2023" is about the article, "since 2011" about the event. The first bounds
the articles' dates, the second only says where they are likely to lie: news is dated around what
it tells, rarely before. Decides nothing about ranking; knows no index and no model.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from qa.article import PartialDate
from qa.chunks import Span
from qa.temporal.expression import TimeExpression


@dataclass(frozen=True, slots=True)
class Outlet:
    """A name in the question, and the sources it stands for.

    Attributes:
        span: where in the question.
        sources: as the index writes them; "BBC News" may stand for several of its sections.
    """

    span: Span
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """Days in which an article is looked for; None is an open side.

    Attributes:
        firm: the question says when the article appeared; otherwise it says when something
            happened, and an article after `until` is likelier than one before `since`.
    """

    since: date | None
    until: date | None
    firm: bool

    def days_off(self, day: PartialDate) -> int:
        """0 inside; the days by which an article is too old (negative) or too recent (positive).

        An article dated to the month or the year is inside when any of its days is.
        """
        if self.since and day.last < self.since:
            return (day.last - self.since).days
        if self.until and day.first > self.until:
            return (day.first - self.until).days
        return 0


@dataclass(frozen=True, slots=True)
class Constraints:
    """What was understood; empty when the question names no time and no outlet.

    Attributes:
        articles: when articles appeared, in the order of the question; any of them will do.
        events: when things happened, in the order of the question.
        outlets: named outlets, in the order of the question; any of them will do.
    """

    articles: tuple[TimeExpression, ...] = ()
    events: tuple[TimeExpression, ...] = ()
    outlets: tuple[Outlet, ...] = ()

    @property
    def times(self) -> tuple[TimeExpression, ...]:
        """All time expressions, in the order of the question."""
        return tuple(sorted(self.articles + self.events, key=lambda time: time.span))

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that the outlets stand for, each once."""
        return tuple(dict.fromkeys(s for outlet in self.outlets for s in outlet.sources))

    @property
    def since(self) -> date | None:
        """First day of the firm windows together; None when there are none or one is open."""
        days = [time.since for time in self.articles]
        return min((day for day in days if day), default=None) if all(days) else None

    @property
    def until(self) -> date | None:
        """Last day of the firm windows together; None when there are none or one is open."""
        days = [time.until for time in self.articles]
        return max((day for day in days if day), default=None) if all(days) else None

    def windows(self) -> tuple[Window, ...]:
        """One for each time expression, the firm ones first; an article in any of them will do."""
        firm = [Window(time.since, time.until, firm=True) for time in self.articles]
        soft = [Window(time.since, time.until, firm=False) for time in self.events]
        return tuple(firm + soft)

    def __bool__(self) -> bool:
        return self != Constraints()
