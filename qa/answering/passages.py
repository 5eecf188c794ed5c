"""Passages: hits → what a language model reads, whole chunks instead of chosen sentences.

The best chunks of the best articles are taken until a budget of characters is full; chunks that
follow each other in an article are put together. Sentences that address a machine, and what stands
close behind them, are cut out (see `documents.injection`). Knows nothing about models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qa.documents.article import Article
from qa.documents.injection import is_spoilt
from qa.language.sentences import Span
from qa.types import Hit

# A chunk with less than this share of the best one's score is about something else.
_LEAST_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Passage:
    """Sentences of one article.

    Attributes:
        article: that they are of.
        sentences: where they stand in its text, in order; what lies between may be left out.
        copies: other articles that have the best chunk nearly word for word.
    """

    article: Article
    sentences: tuple[Span, ...]
    copies: tuple[Article, ...] = ()

    @property
    def text(self) -> str:
        """The sentences, paragraphs kept apart, with "…" where some were cut out."""
        text, parts, end = self.article.text, list[str](), self.sentences[0].start
        for span in self.sentences:
            gap = text[end : span.start]
            parts += [" … " if gap.strip() else "\n" if "\n" in gap else " " if gap else ""]
            parts.append(span.of(text))
            end = span.end
        return "".join(parts)


def select(hits: Sequence[Hit], *, budget: int) -> list[Passage]:
    """The passages to read, the best article first, in reading order within an article.

    Args:
        hits: best first.
        budget: most characters in all. The best chunk is read whatever its length; of the one that
            no longer fits, the sentences that still do.
    """
    taken: dict[str, list[Span]] = {}
    articles: dict[str, Hit] = {}
    left = budget
    for hit in hits:
        if taken and (left <= 0 or hit.score < _LEAST_SHARE * hits[0].score):
            break
        for sentence in hit.chunk.sentences:
            length = len(sentence)
            if articles and length > left:
                break
            if not is_spoilt(hit.article.text, sentence.start, sentence.end):
                taken.setdefault(hit.article.id, []).append(sentence)
                left -= length
        articles.setdefault(hit.article.id, hit)
    return [
        Passage(articles[id].article, tuple(sorted(spans)), articles[id].copies)
        for id, spans in taken.items()
    ]
