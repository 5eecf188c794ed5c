"""Corrections: what a person puts right about an article, kept beside it and applied whenever it is
read again.

An amendment belongs to an article's id, which comes from what its file says, so that it stays what
it is whatever is amended. Knows nothing about files and indexes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from qa.documents.article import Article, PartialDate, clean_text
from qa.errors import ArticleError


@dataclass(frozen=True, slots=True)
class Amendment:
    """What counts instead of what the article's file says. None leaves that as it is.

    Attributes:
        title: may be empty.
        date: to the precision known; empty when it is unknown.
        name: the title where the file gives none and nobody gave another.
    """

    title: str | None = None
    date: str | None = None
    name: str | None = None

    def with_changes(self, title: str | None, date: str | None) -> Self:
        """This and what a person has typed, which is checked and tidied.

        Raises:
            ArticleError: the date is none.
        """
        changed = self
        if title is not None:
            changed = replace(changed, title=tidy_title(title))
        if date is not None:
            changed = replace(changed, date=_tidy_date(date))
        return changed

    def of(self, article: Article) -> Article:
        """The article as amended; its id and text are the same."""
        title = self.title if self.title is not None else article.title or self.name or ""
        date = article.date if self.date is None else PartialDate.of(self.date)
        return replace(article, title=title, date=date)


def tidy_title(title: str) -> str:
    """A title in one line, without what nobody sees."""
    return " ".join(clean_text(title).split())


def _tidy_date(text: str) -> str:
    try:
        date = PartialDate.of(text.strip())
    except ValueError as exc:
        raise ArticleError(
            f"{text!r:.60} is no date; write it as 2017, 2017-01 or 2017-01-11, or leave it empty."
        ) from exc
    return str(date or "")
