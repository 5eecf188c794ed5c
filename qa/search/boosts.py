"""Boosts: which articles a question's constraints favour, and how much.

An outlet that the question names counts fully or not at all, and so does a day on which it says
that an article appeared; but the words may be of an event, so next to that day something is left.
The time of an event only makes articles likelier: those of that time most, later ones less the
later they are, earlier ones hardly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from qa.documents.article import Article
from qa.documents.filters import Filters, source_key
from qa.types import Constraints, Window

# Added to a score in [0, 1] for an article that is all that is asked for: see docs/LOG.md.
OUTLET = 0.1
PUBLISHED = 0.1
HAPPENED = 0.05
# Of an outlet that may be what the question is about instead.
MENTIONED = 0.05
# Days after an event in which half of what is still written of it appears, and before it.
_HALF_LIFE_AFTER = 30.0
_HALF_LIFE_BEFORE = 7.0
# News of an event goes on appearing this long.
_ECHO = timedelta(days=60)


def bonus(article: Article, constraints: Constraints) -> float:
    """What to add to the score of the article's chunks; 0 when nothing is asked."""
    total = 0.0
    if constraints.outlets and article.source in constraints.sources:
        total += _outlet(constraints)
    windows = constraints.windows()
    if article.date and windows:
        near = max(_likely(window.days_off(article.date)) for window in windows)
        if any(window.firm and window.days_off(article.date) == 0 for window in windows):
            total += PUBLISHED
        elif near:
            total += HAPPENED * near
    return total


def most(constraints: Constraints) -> float:
    """The largest `bonus` under these constraints."""
    firm = {window.firm for window in constraints.windows()}
    return _outlet(constraints) + (PUBLISHED if True in firm else HAPPENED if firm else 0.0)


def _outlet(constraints: Constraints) -> float:
    if not constraints.outlets:
        return 0.0
    return OUTLET if any(outlet.cued for outlet in constraints.outlets) else MENTIONED


def meets(article: Article, constraints: Constraints) -> bool:
    """Whether the article is from a named outlet and of a named day of publication."""
    cued = any(outlet.cued for outlet in constraints.outlets)
    if cued and article.source not in constraints.sources:
        return False
    firm = [window for window in constraints.windows() if window.firm]
    if not firm:
        return True
    return article.date is not None and any(w.days_off(article.date) == 0 for w in firm)


def narrowed(filters: Filters, constraints: Constraints) -> Filters | None:
    """Filters for the articles that the question asks for, within those of the reader.

    None when it asks for nothing, or when the reader's own filters leave nothing of it.
    """
    if not constraints:
        return None
    # An outlet narrows enough: what it wrote of an event later on is asked for as well.
    outlets = bool(constraints.outlets)
    since, until = _hull([w for w in constraints.windows() if w.firm or not outlets])
    sources = constraints.sources
    if filters.sources:
        allowed = set(filters.source_keys)
        both = tuple(source for source in sources if source_key(source) in allowed)
        if sources and not both:
            return None
        sources = both or filters.sources
    since = max((d for d in (since, filters.since) if d), default=None)
    until = min((d for d in (until, filters.until) if d), default=None)
    if since and until and since > until:
        return None
    return replace(filters, since=since, until=until, sources=sources)


def _hull(windows: Sequence[Window]) -> tuple[date | None, date | None]:
    """The days from the first to the last window, those of events with what echoes them."""
    firsts = [window.since for window in windows]
    lasts = [
        window.until if window.firm or window.until is None else window.until + _ECHO
        for window in windows
    ]
    since = min((day for day in firsts if day), default=None) if all(firsts) else None
    until = max((day for day in lasts if day), default=None) if all(lasts) else None
    return since, until


def _likely(days_off: int) -> float:
    """1 within the time of an event, less before and after."""
    half_life = _HALF_LIFE_AFTER if days_off > 0 else _HALF_LIFE_BEFORE
    return float(0.5 ** (abs(days_off) / half_life))
