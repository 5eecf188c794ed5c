"""Corrections: what an outlet changes in an article, and what a person puts right about it.

The latter is kept beside the article and applied whenever it is read again.

An amendment belongs to an article's id, which comes from what its file says, so that it stays what
it is whatever is amended. Knows nothing about files and indexes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import lru_cache, partial
from typing import Self

from qa.documents.article import Article, PartialDate, clean_text
from qa.errors import ArticleError
from qa.language.sentences import sentences
from qa.language.terms import words

# Sentences, and texts, of which less is kept (`_kept`) are different ones; set by eye.
_LIKENESS = 0.6
_COMPARED = 1000  # words at the beginning of a text: comparing takes the square of them


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


def reworded(quote: str, text: str, language: str) -> tuple[str, str] | None:
    """What of a quote another version of its article words otherwise; None where nothing.

    Args:
        quote: of one version, whole sentences.
        text: of the other version.
        language: of both.

    Returns:
        The sentences of the quote that `text` does not have, and those of `text` most like them,
        empty where none is.
    """
    there = [" ".join(span.of(text).split()) for span in sentences(text, language)]
    own = [" ".join(span.of(quote).split()) for span in sentences(quote, language)]
    whole = " ".join(there)
    missing = [sentence for sentence in own if sentence not in whole]
    if not missing:
        return None
    others = [sentence for sentence in there if sentence not in own]
    nearest = (max(others, key=partial(_kept, sentence), default="") for sentence in missing)
    near = [n for n, m in zip(nearest, missing, strict=True) if _kept(m, n) >= _LIKENESS]
    return " ".join(missing), " ".join(dict.fromkeys(near))


@lru_cache(maxsize=16)  # a run compares two texts up to three times, one after the other
def _kept(one: str, other: str) -> float:
    """Share of the words of the shorter that the longer has in the same order, in [0, 1]."""
    both = words(one)[:_COMPARED], words(other)[:_COMPARED]
    matched = SequenceMatcher(None, *both, autojunk=False).get_matching_blocks()
    return sum(block.size for block in matched) / max(1, min(map(len, both)))


def is_version(one: Article, other: Article) -> bool:
    """Whether two articles tell one story, one of them corrected: most words are the same."""
    return _kept(one.text, other.text) >= _LIKENESS


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
