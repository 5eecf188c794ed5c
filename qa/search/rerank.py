"""Reranking: the best hits are read together with the question, and ordered anew.

The reader says of each how relevant it is, and where it answers. The first moves hits, the
second lifts the sentence that holds the span; by how much is in `calibration`. Hits further down
are not read and stay as they are. Knows nothing about how hits are found or how the reader reads.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from qa.language.sentences import Span
from qa.language.terms import terms
from qa.search.calibration import READ, read_weights
from qa.types import Hit, ReaderResult, ScoredSentence

AT_ONCE = 2


class ReadSpan(Protocol):
    """A span as a reader tells it; see `qa.models.reader.Span`."""

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


class Reranker:
    """A reader with its limits. May be used from several threads.

    Two questions are read side by side, as many as an ordinary machine has cores. With a limit to
    its patience, one that has waited longer, here and before, is not read and its hits stay as
    they were: of many people at once, some get the answers of retrieval alone rather than late
    ones.

    Args:
        reader: reads passages.
        most: hits of a question that are read.
        patience_s: seconds that a question may have waited when it is read; None is any number.
    """

    def __init__(self, reader: PassageReader, most: int, patience_s: float | None = None) -> None:
        self._reader = reader
        self._most = most
        self._patience_s = patience_s
        self._turns = threading.Semaphore(AT_ONCE)

    def order(self, question: str, hits: Sequence[Hit], waited_s: float = 0.0) -> list[Hit]:
        """The hits in the order that reading gives, scores still in [0, 1].

        Args:
            question: stand-alone.
            hits: best first; the first ones are read.
            waited_s: seconds that the question has waited already.
        """
        if not hits or not self._turn(waited_s):
            return list(hits)
        try:
            spans = read_hits(self._reader, question, hits[: self._most])
        finally:
            self._turns.release()
        read = {span.passage: span for span in spans}
        weights = read_weights(length(question))
        scored = [mixed(hit, read.get(number), weights) for number, hit in enumerate(hits)]
        return sorted(scored, key=lambda hit: (-hit.score, hit.chunk.id))

    def _turn(self, waited_s: float) -> bool:
        """Whether the question gets a turn before its patience ends."""
        if self._patience_s is None:
            return self._turns.acquire()
        left = self._patience_s - waited_s
        return left > 0 and self._turns.acquire(timeout=left)


def read_hits(reader: PassageReader, question: str, hits: Sequence[Hit]) -> Sequence[ReadSpan]:
    """What the reader makes of each hit, its article's title read with it."""
    return reader.read(
        question, [hit.chunk.text for hit in hits], titles=[hit.article.title for hit in hits]
    )


def length(question: str) -> int:
    """Of a question in French or English, in terms."""
    return len(terms(question, "en", asked_in="fr"))


def mixed(hit: Hit, span: ReadSpan | None, weights: Mapping[str, float] = READ) -> Hit:
    """A hit with what the reader makes of it, scored anew; `span` is None when it was not read."""
    most = 1.0 + weights["relevance"]
    if span is None:
        sentences = tuple(_lifted(sentence, None, weights) for sentence in hit.sentences)
        return replace(hit, score=hit.score / most, sentences=sentences)
    start = hit.chunk.span.start
    reading = ReaderResult(
        Span(start + span.start, start + span.end), span.score, span.answerable, span.relevance
    )
    return replace(
        hit,
        score=(hit.score + weights["relevance"] * span.relevance) / most,
        reading=reading,
        sentences=tuple(_lifted(sentence, reading, weights) for sentence in hit.sentences),
    )


def _lifted(
    sentence: ScoredSentence, reading: ReaderResult | None, weights: Mapping[str, float]
) -> ScoredSentence:
    """A sentence that holds the span, or part of it, is likelier to be what is wanted."""
    lift = 0.0
    if reading is not None:
        held = sentence.span.start < reading.span.end and reading.span.start < sentence.span.end
        lift += weights["passage"] * reading.relevance
        lift += weights["sentence"] * held * reading.answerable
    most = 1.0 + weights["passage"] + weights["sentence"]
    return replace(sentence, score=(sentence.score + lift) / most)
