"""Chunk: a run of whole sentences of one article, with exact offsets into its text.

`chunk.span.of(article.text) == chunk.text`, and the same for every sentence: citations
are slices, never copies. A chunk never crosses into another article and never splits a sentence,
unless the sentence alone is longer than a chunk.

Knows nothing about embeddings or indexes.
"""

from __future__ import annotations

from dataclasses import dataclass

from qa.documents.article import Article, date_in_words
from qa.language.sentences import Span, sentences


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole sentences of one article.

    Attributes:
        id: unique in an index; another one when the article's content changes.
        article_id: the article it is cut from.
        span: where in the article's text.
        text: `span.of(article.text)`.
        sentences: spans in the article's text, in order; they cover all but white space.
    """

    id: str
    article_id: str
    span: Span
    text: str
    sentences: tuple[Span, ...]

    def sentence_texts(self) -> list[str]:
        """The sentences as text, in order."""
        return [
            self.text[s.start - self.span.start : s.end - self.span.start] for s in self.sentences
        ]


def split(article: Article, max_chars: int = 1000) -> list[Chunk]:
    """Cut an article into chunks of at most `max_chars` characters, each of whole sentences.

    Sentences fill a chunk until the next would not fit. A chunk rather ends with a paragraph:
    once two thirds full it closes at a paragraph's end.
    """
    groups: list[list[Span]] = [[]]
    for sentence in sentences(article.text, article.language, max_chars):
        group = groups[-1]
        if group:
            full = sentence.end - group[0].start > max_chars
            gap = article.text[group[-1].end : sentence.start]
            settled = "\n\n" in gap and group[-1].end - group[0].start > max_chars * 2 // 3
            if full or settled:
                groups.append(group := [])
        group.append(sentence)
    version = article.fingerprint[:8]
    chunks = []
    for number, group in enumerate(groups):
        span = Span(group[0].start, group[-1].end)
        chunks.append(
            Chunk(
                id=f"{article.id}@{version}.{number}",
                article_id=article.id,
                span=span,
                text=span.of(article.text),
                sentences=tuple(group),
            )
        )
    return chunks


def header(article: Article) -> str:
    """Title, source and date on one line, put before each chunk where it is embedded and analysed.

    Never part of the chunk's text. Empty when the article has none of them.
    """
    date = date_in_words(article.date, article.language) if article.date else None
    return " · ".join(part for part in (article.title, article.source, date) if part)
