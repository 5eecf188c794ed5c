"""Spans: which of the spans that a reader finds likely is the best short answer.

The likeliest span is often one of many that differ at their edges. Taken is the one that overlaps
most, in F1 over words, with all of them weighted by how likely they are: minimum Bayes risk
(Kumar and Byrne, NAACL 2004). Before that, what a short answer seldom does costs something, for a
network that scores start and end apart does not see it: going on for many words, going on into
the next sentence, beginning with a preposition. Costs were chosen on SQuAD 2.0, PIAF and FQuAD;
see lab/training/LOG.md. Knows nothing about networks.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

# What a span costs, as a logit: for its length (times the logarithm of its words), …
_LENGTH = 0.5
# … for holding the end of a sentence, …
_SENTENCE = 2.0
# … and for a preposition at its start.
_PREPOSITION = 0.75

_WORD = re.compile(r"\w+(?:['’\-.,]\w+)*")
# A full stop behind a short word may be an abbreviation's.
_SENTENCE_END = re.compile(r"\w{3}[»”\")\]]?\s?[.!?…][»”\")\]]?\s+[«“\"(]?\s?[A-ZÀ-ÖØ-Þ]")
_STARTS_WITH_PREPOSITION = re.compile(
    r"(?:à|aux?|en|dans|sur|par|pour|vers|chez|de|in|at|on|by|from|to|with|for)\s", re.IGNORECASE
)


def best_span(
    passage: str, spans: Sequence[tuple[int, int]], scores: Sequence[float]
) -> tuple[int, int]:
    """The span to tell.

    Args:
        passage: that the spans are of.
        spans: (start, end) in characters, at least one, none empty.
        scores: of each, as a logit.
    """
    own = np.array(
        [score - _cost(passage[a:z]) for (a, z), score in zip(spans, scores, strict=True)]
    )
    likely = np.exp(own - own.max())
    return spans[int(np.argmax(_overlap(passage, spans) @ likely))]


def _cost(text: str) -> float:
    return (
        _LENGTH * math.log(max(1, len(text.split())))
        + _SENTENCE * bool(_SENTENCE_END.search(text))
        + _PREPOSITION * bool(_STARTS_WITH_PREPOSITION.match(text))
    )


def _overlap(passage: str, spans: Sequence[tuple[int, int]]) -> np.ndarray:
    """(spans, spans): F1 of each pair, over the words of the passage that both hold."""
    words = np.array([match.span() for match in _WORD.finditer(passage)] or [(0, 1)])
    edges = np.array(spans)
    first = np.searchsorted(words[:, 1], edges[:, 0], side="right")
    last = np.searchsorted(words[:, 0], edges[:, 1], side="left")
    length = np.maximum(last - first, 0)
    both = np.minimum(last[:, None], last) - np.maximum(first[:, None], first)
    total = np.maximum(length[:, None] + length, 1)
    shared: np.ndarray = 2 * np.maximum(both, 0) / total
    np.fill_diagonal(shared, 1.0)  # also where a span holds no word
    return shared
