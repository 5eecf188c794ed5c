"""Reading: the best hits are read together with the question, and ordered anew.

The reader says of each how likely it answers, and where. The first moves hits, the second lifts
the sentence that holds the span; by how much is in `calibration`. Hits further down are not read
and stay below as they are. Knows nothing about how hits are found or how the reader reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from qa.answer import Hit, Reading, ScoredSentence
from qa.calibration import READ
from qa.chunks import Span


class ReadSpan(Protocol):
    """A span as a reader tells it; see `qa.reader.Span`."""

    @property
    def passage(self) -> int: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def score(self) -> float: ...
    @property
    def answerable(self) -> float: ...
    @property
    def relevance(self) -> float: ...


class PassageReader(Protocol):
    """What reading needs of a reader."""

    def read(
        self, question: str, passages: Sequence[str], *, titles: Sequence[str] = ()
    ) -> Sequence[ReadSpan]:
        """The best span of each passage."""
        ...


def reread(reader: PassageReader, question: str, hits: Sequence[Hit], most: int) -> list[Hit]:
    """The hits in the order that reading gives, scores still in [0, 1].

    Args:
        reader: reads passages.
        question: stand-alone.
        hits: best first.
        most: how many are read.
    """
    read = {span.passage: span for span in read_hits(reader, question, hits[:most])}
    scored = [mixed(hit, read.get(number)) for number, hit in enumerate(hits)]
    return sorted(scored, key=lambda hit: (-hit.score, hit.chunk.id))


def read_hits(reader: PassageReader, question: str, hits: Sequence[Hit]) -> Sequence[ReadSpan]:
    """What the reader makes of each hit, its article's title read with it."""
    return reader.read(
        question, [hit.chunk.text for hit in hits], titles=[hit.article.title for hit in hits]
    )


def mixed(hit: Hit, span: ReadSpan | None, weights: Mapping[str, float] = READ) -> Hit:
    """A hit with what the reader makes of it, scored anew; `span` is None when it was not read."""
    most = 1.0 + weights["relevance"] + weights["answerable"]
    if span is None:
        return replace(hit, score=hit.score / most)
    start = hit.chunk.span.start
    reading = Reading(
        Span(start + span.start, start + span.end), span.score, span.answerable, span.relevance
    )
    lift = weights["relevance"] * span.relevance + weights["answerable"] * span.answerable
    return replace(
        hit,
        score=(hit.score + lift) / most,
        reading=reading,
        sentences=tuple(_lifted(sentence, reading, weights) for sentence in hit.sentences),
    )


def _lifted(
    sentence: ScoredSentence, reading: Reading, weights: Mapping[str, float]
) -> ScoredSentence:
    """A sentence that holds the span, or part of it, is likelier to be what is wanted."""
    held = sentence.span.start < reading.span.end and reading.span.start < sentence.span.end
    lift = weights["passage"] * reading.relevance + weights["sentence"] * held * reading.answerable
    most = 1.0 + weights["passage"] + weights["sentence"]
    return replace(sentence, score=(sentence.score + lift) / most)
