"""Calibration: what the numbers of the default embedder mean, and how far to trust an answer.

Measured by `confidence` and `fusion` of lab.benchmarks, which print their lines again,
unless it is said otherwise; sets, curves and limits are in docs/answering.md and
docs/decisions.md. With another embedder the order of answers by confidence still says something,
the probabilities do not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# Mean cosine of questions and sentences that have nothing to do with each other, by the language
# of each. Two languages are further apart than one, whatever is said.
_UNRELATED = {
    ("fr", "fr"): 0.768,
    ("fr", "en"): 0.727,
    ("en", "fr"): 0.719,
    ("en", "en"): 0.740,
}
_UNRELATED_OTHERWISE = 0.73

# How much each value of `scoring` counts for a chunk: in questions of few terms, fitted by
# lab.benchmarks.fusion, and in those of many, where words say more than vectors; set by hand on
# multihop_rag. In between the two are mixed.
_SHORT = {
    "sentence_dense": 0.675,
    "coverage": 0.155,
    "lexical": 0.014,
    "sentence_lexical": 0.069,
    "adjacency": 0.087,
}
_LONG = {
    "sentence_dense": 0.16,
    "coverage": 0.25,
    "lexical": 0.25,
    "sentence_lexical": 0.15,
    "adjacency": 0.19,
}
_FEW_TERMS, _MANY_TERMS = 8, 20
# At most so many say little; set by hand on PIAF's questions asked of news (docs/LOG.md).
_LITTLE_TERMS = 4
# For a sentence; `passage` is its chunk's score.
SENTENCE = {
    "dense": 0.490,
    "coverage": 0.107,
    "lexical": 0.012,
    "adjacency": 0.018,
    "passage": 0.373,
}
# What the lexical values of a chunk in another language are taken to be, to its nearness above that
# of the ordinary candidate: seven tenths of the means over the same sets, of few terms and of many,
# for a chunk that is near and foreign is right less often. The script that took
# the means was not kept.
_ORDINARY_NEARNESS = 0.12
_EXPECTED_SHORT = {
    "coverage": 1.2,
    "lexical": 0.74,
    "sentence_lexical": 0.56,
    "adjacency": 0.7,
}
_EXPECTED_LONG = {
    "coverage": 0.7,
    "lexical": 0.42,
    "sentence_lexical": 0.28,
    "adjacency": 0.2,
}

# What the reader's word counts beside a hit's own score (1), and beside a sentence's (1): relevance
# and sentence by `lab/benchmarks/reading.py` on articles that the reader was not trained on; for
# passage that grid said .4 and corpus/ .1, see docs/LOG.md.
READ = {"relevance": 0.3, "passage": 0.2, "sentence": 0.15}

# No one sentence says all that a long question does, so all that speaks for its quotes is less. Set
# by hand on MultiHop-RAG's questions with and without evidence (docs/answering.md).
_LONG_QUESTION, _LONG_QUESTION_READ = 1.4, -0.1

_INTERCEPT = -7.514
_WEIGHTS = {
    "sentence_dense": 7.516,
    "sentence_coverage": 3.025,
    "names": 2.266,
    "agreement": 3.530,
    "long": _LONG_QUESTION,
}

# The same with what the reader says; the words in common then tell nothing more than the score.
_READ_INTERCEPT = -5.674
_READ_WEIGHTS = {
    "sentence_dense": 1.885,
    "names": 0.709,
    "agreement": 2.648,
    "score": 3.425,
    "relevance": 4.620,
    "rivals": -5.613,
    "long": _LONG_QUESTION_READ,
}


# Whether articles are about a question that asks for no short fact, by the best hit's score;
# fitted by `lab/benchmarks/confidence.py --open` on questions of our own, then moved so that at .40
# fewer than one in fifty of those that the articles answer are lost.
_ABOUT_INTERCEPT, _ABOUT_SCORE = -5.60, 19.0


def unrelated_cosine(asked_in: str, written_in: str) -> float:
    """The cosine that a question has with any sentence at all, by their languages (ISO 639-1)."""
    return _UNRELATED.get((asked_in, written_in), _UNRELATED_OTHERWISE)


def passage_weights(terms: int) -> dict[str, float]:
    """What each value of `scoring` counts for a chunk, for a question of so many terms."""
    return _mixed(_SHORT, _LONG, terms)


def expected(nearness: np.ndarray, terms: int) -> dict[str, np.ndarray]:
    """The lexical values that chunks as near as this would have in the question's language.

    Args:
        nearness: (n,) of each.
        terms: how many the question has.
    """
    above = (nearness - _ORDINARY_NEARNESS).clip(0.0)
    slopes = _mixed(_EXPECTED_SHORT, _EXPECTED_LONG, terms)
    return {name: (slope * above).clip(max=1.0) for name, slope in slopes.items()}


def long(terms: int) -> float:
    """How far a question of so many terms is a long one, in [0, 1]."""
    return min(1.0, max(0.0, (terms - _FEW_TERMS) / (_MANY_TERMS - _FEW_TERMS)))


def brief(terms: int) -> float:
    """How far a question of so many terms says little, in [0, 1]."""
    return min(1.0, max(0.0, (_FEW_TERMS - terms) / (_FEW_TERMS - _LITTLE_TERMS)))


def read_weights(terms: int, weights: Mapping[str, float] = READ) -> dict[str, float]:
    """What the reader's word counts for a question of so many terms.

    It was trained on short ones; of long ones, which ask for several things, its order is no better
    than that of retrieval (docs/LOG.md).
    """
    return {**weights, "relevance": weights["relevance"] * (1.0 - long(terms))}


def _mixed(few: Mapping[str, float], many: Mapping[str, float], terms: int) -> dict[str, float]:
    share = long(terms)
    return {name: (1 - share) * few[name] + share * many[name] for name in few}


def probability(features: Mapping[str, float]) -> float:
    """Probability, in [0, 1], that the quotes hold the answer: logistic regression.

    Args:
        features: those of `qa.answering.confidence.features`, all of them; hits that were not
            read are judged
            by weights of their own.
    """
    if "relevance" in features:
        return _logistic(features, _READ_INTERCEPT, _READ_WEIGHTS)
    return _logistic(features, _INTERCEPT, _WEIGHTS)


def about(score: float) -> float:
    """Probability, in [0, 1], that articles are about a question whose best hit has this score."""
    return _logistic({"score": score}, _ABOUT_INTERCEPT, {"score": _ABOUT_SCORE})


def _logistic(
    features: Mapping[str, float], intercept: float, weights: Mapping[str, float]
) -> float:
    logit = intercept + sum(weight * features[name] for name, weight in weights.items())
    return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, logit))))
