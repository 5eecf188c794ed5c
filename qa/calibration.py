"""Calibration: what the numbers of the default embedder mean, and how far to trust an answer.

Everything here is measured, by `benchmarks/confidence.py`, which prints these lines again; sets,
curves and limits are in docs/answering.md. With another embedder the order of answers by
confidence still says something, the probabilities do not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

# Mean cosine of questions and sentences that have nothing to do with each other, by the language
# of each. Two languages are further apart than one, whatever is said.
_UNRELATED = {
    ("fr", "fr"): 0.767,
    ("fr", "en"): 0.726,
    ("en", "fr"): 0.718,
    ("en", "en"): 0.739,
}
_UNRELATED_OTHERWISE = 0.73

_INTERCEPT = -6.570
_WEIGHTS = {
    "sentence_dense": 9.551,
    "sentence_coverage": 2.739,
    "names": 1.092,
    "agreement": 3.663,
}


def unrelated_cosine(asked_in: str, written_in: str) -> float:
    """The cosine that a question has with any sentence at all, by their languages (ISO 639-1)."""
    return _UNRELATED.get((asked_in, written_in), _UNRELATED_OTHERWISE)


def probability(features: Mapping[str, float]) -> float:
    """Probability, in [0, 1], that the quotes hold the answer: logistic regression.

    Args:
        features: those of `qa.confidence.features`, all of them.
    """
    logit = _INTERCEPT + sum(weight * features[name] for name, weight in _WEIGHTS.items())
    return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, logit))))
