"""Listing: what is shown of an index to a reader who asks nothing: its articles and its contents.

Types only; `archive` fills them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from qa.documents.article import Article, PartialDate


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a list of articles, newest first, undated last.

    Attributes:
        articles: those on this page.
        start: how many come before them in the whole list.
        total: how many the whole list has.
    """

    articles: tuple[Article, ...]
    start: int
    total: int


@dataclass(frozen=True, slots=True)
class Contents:
    """What is indexed.

    Attributes:
        articles, chunks: how many.
        first, last: the oldest and the newest date; None when no article is dated.
        facets: how many articles there are by language, source and year.
        updated: when the last run of indexing completed, in this machine's time zone.
    """

    articles: int
    chunks: int
    first: PartialDate | None
    last: PartialDate | None
    facets: Mapping[str, Mapping[str, int]]
    updated: datetime
