"""Statistics: what a set of questions says about all questions like them.

Everything is computed on weights: a resample of n questions is a row of n counts, so that one
statistic serves the value itself (all ones), the bootstrap and paired comparisons. Random numbers
come from a fixed seed: the same values give the same interval. Knows nothing about questions.

    Columns    (n, c) float64: c numbers for each of n questions
    Weights    (b, n): how often each question is in each of b resamples
    Statistic  Columns, Weights → (b,) float64; nan where a resample does not define it
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Statistic = Callable[[Floats, Floats], Floats]

RESAMPLES = 2_000
PERMUTATIONS = 10_000
_SEED = 20_170_113
_BLOCK = 250


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with the 95% interval it lies in."""

    value: float
    low: float
    high: float


def mean(columns: Floats, weights: Floats) -> Floats:
    """Σ w x / Σ w of the first column."""
    return _divided(weights @ columns[:, 0], weights.sum(axis=1))


def ratio(columns: Floats, weights: Floats) -> Floats:
    """Σ w a / Σ w b, of columns a and b; nan where Σ w b is 0."""
    return _divided(weights @ columns[:, 0], weights @ columns[:, 1])


def auroc(columns: Floats, weights: Floats) -> Floats:
    """Area under the ROC curve: the chance that a positive scores above a negative, ties half.

    Columns: score; label, 1 for positives. nan where a resample has one class only.
    Hanley & McNeil, Radiology 143(1), 1982.
    """
    order = np.argsort(columns[:, 0], kind="stable")
    score, positive = columns[order, 0], columns[order, 1]
    starts = np.flatnonzero(np.r_[True, np.diff(score) > 0])
    ordered = weights[:, order]
    up = np.add.reduceat(ordered * positive, starts, axis=1)
    down = np.add.reduceat(ordered * (1 - positive), starts, axis=1)
    below = np.cumsum(down, axis=1) - down
    pairs = up.sum(axis=1) * down.sum(axis=1)
    above = (up * (below + down / 2)).sum(axis=1)
    return _divided(above, pairs)


def percentile(q: float) -> Statistic:
    """The smallest value that at least q percent of the questions do not exceed (nearest rank)."""

    def statistic(columns: Floats, weights: Floats) -> Floats:
        order = np.argsort(columns[:, 0], kind="stable")
        reached = np.cumsum(weights[:, order], axis=1)
        wanted = q / 100 * reached[:, -1:]
        first = (reached < wanted - 1e-9).sum(axis=1)
        found: Floats = columns[order[first], 0]
        return found

    return statistic


def bootstrap(columns: Floats, statistic: Statistic, resamples: int = RESAMPLES) -> Interval:
    """The statistic with its 95% percentile interval over resampled questions.

    Questions are drawn with replacement, as many as there are; low and high are the 2.5th and
    97.5th percentiles. With a handful of questions, or when all score the same, the interval is
    narrower than the truth. Efron & Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13.

    Raises:
        ValueError: there is no question, or the statistic is not defined on them.
    """
    value = float(statistic(columns, np.ones((1, len(columns))))[0]) if len(columns) else np.nan
    if np.isnan(value):
        raise ValueError("the statistic is not defined on these questions")
    return _interval(value, _over(columns, statistic, resamples))


def paired_bootstrap(
    a: Floats, b: Floats, statistic: Statistic, resamples: int = RESAMPLES
) -> Interval:
    """statistic(b) - statistic(a) with its 95% interval, both on the same resampled questions.

    Row i of `a` and of `b` are one question. Berg-Kirkpatrick, Burkett & Klein, EMNLP 2012.
    """
    ones = np.ones((1, len(a)))
    value = float(statistic(b, ones)[0] - statistic(a, ones)[0])
    gaps = _over(b, statistic, resamples) - _over(a, statistic, resamples)
    return _interval(value, gaps)


def permutation_test(
    a: Floats, b: Floats, statistic: Statistic, permutations: int = PERMUTATIONS
) -> float:
    """Two-sided p of the difference, when each question's two results may change places.

    p = (1 + permutations at least as far apart as observed) / (1 + permutations). Questions on
    which both agree change nothing. Noreen, Computer-Intensive Methods for Testing Hypotheses,
    1989; Smucker, Allan & Carterette, CIKM 2007.
    """
    rng = np.random.default_rng(_SEED)
    ones = np.ones((1, len(a)))
    observed = abs(float(statistic(b, ones)[0] - statistic(a, ones)[0]))
    differ = np.flatnonzero((a != b).any(axis=1))
    if not len(differ):
        return 1.0
    tolerance = 1e-12 + 1e-9 * observed
    if statistic is mean:
        gaps = (b[differ, 0] - a[differ, 0]) / len(a)
        far = 0
        for block in _blocks(permutations, max(1, 4_000_000 // len(differ))):
            signs = rng.integers(0, 2, size=(block, len(differ)), dtype=np.int8) * 2 - 1
            far += int((np.abs(signs @ gaps) >= observed - tolerance).sum())
    else:
        permutations = min(permutations, RESAMPLES)
        far = 0
        for _ in range(permutations):
            swapped = differ[rng.integers(0, 2, size=len(differ)).astype(bool)]
            one, other = a.copy(), b.copy()
            one[swapped], other[swapped] = b[swapped], a[swapped]
            gap = abs(float(statistic(other, ones)[0] - statistic(one, ones)[0]))
            far += not gap < observed - tolerance
    return (1 + far) / (1 + permutations)


def holm(p: dict[str, float]) -> dict[str, float]:
    """p-values corrected for being many: Holm's step-down.

    In increasing order, the i-th of m becomes max over j ≤ i of (m - j + 1) p_j, at most 1.
    Holm, Scandinavian Journal of Statistics 6(2), 1979.
    """
    corrected: dict[str, float] = {}
    largest = 0.0
    for place, name in enumerate(sorted(p, key=lambda name: p[name])):
        largest = max(largest, min(1.0, (len(p) - place) * p[name]))
        corrected[name] = largest
    return {name: corrected[name] for name in p}


def detectable_difference(a: Floats, b: Floats) -> float | None:
    """The smallest true difference of means that this set shows four times in five.

    (z(.975) + z(.8)) · s / √n, with s the standard deviation of the paired differences: power 80%
    at α = 5%, before any correction. None when no question differs, since s is then unknown.
    Card et al., EMNLP 2020, arXiv:2010.06595.
    """
    gaps = b[:, 0] - a[:, 0]
    if len(gaps) < 2 or not gaps.any():
        return None
    return float((1.959964 + 0.841621) * gaps.std(ddof=1) / np.sqrt(len(gaps)))


def _divided(above: Floats, below: Floats) -> Floats:
    with np.errstate(invalid="ignore"):  # 0 / 0
        return np.asarray(above / below)


@lru_cache(maxsize=8)
def _counts(n: int, resamples: int) -> NDArray[np.uint8]:
    """(resamples, n): how often each question is drawn."""
    rng = np.random.default_rng([_SEED, n])
    parts = []
    for block in _blocks(resamples, _BLOCK):
        drawn = rng.integers(0, n, size=(block, n)) + np.arange(block)[:, None] * n
        counted = np.bincount(drawn.ravel(), minlength=block * n).reshape(block, n)
        parts.append(np.minimum(counted, 255).astype(np.uint8))
    return np.concatenate(parts)


def _over(columns: Floats, statistic: Statistic, resamples: int) -> Floats:
    """The statistic on each resample."""
    counts = _counts(len(columns), resamples)
    parts = [
        statistic(columns, counts[start : start + _BLOCK].astype(np.float64))
        for start in range(0, resamples, _BLOCK)
    ]
    return np.concatenate(parts)


def _interval(value: float, resampled: Floats) -> Interval:
    low, high = np.nanpercentile(resampled, [2.5, 97.5])
    return Interval(value, min(float(low), value), max(float(high), value))


def _blocks(total: int, size: int) -> Iterator[int]:
    for start in range(0, total, size):
        yield min(size, total - start)
