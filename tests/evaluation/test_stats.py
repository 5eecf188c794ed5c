"""Statistics: by simulation, by hand, and against scikit-learn and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy.stats import permutation_test
from sklearn.metrics import roc_auc_score

from qa.evaluation import stats
from qa.evaluation.stats import Floats


def column(values: ArrayLike) -> Floats:
    """Values as (n, 1)."""
    return np.asarray(values, np.float64).reshape(-1, 1)


@pytest.mark.parametrize("draw", ["shares", "grades"])
def test_the_interval_covers_the_truth_in_95_of_100_sets(draw):
    rng = np.random.default_rng(11)
    truth = 0.7 if draw == "shares" else 0.4
    covered = 0
    for _ in range(2_000):
        values = rng.random(150) < truth if draw == "shares" else rng.beta(2, 3, 150)
        interval = stats.bootstrap(column(values), stats.mean, resamples=600)
        covered += interval.low <= truth <= interval.high
    assert 0.93 <= covered / 2_000 <= 0.97


def test_the_test_calls_equals_different_in_5_of_100_sets():
    rng = np.random.default_rng(12)
    false = 0
    for _ in range(1_000):
        a, b = column(rng.random(60)), column(rng.random(60))
        false += stats.permutation_test(a, b, stats.mean, permutations=499) < 0.05
    assert 0.035 <= false / 1_000 <= 0.065


def test_a_real_difference_is_found():
    rng = np.random.default_rng(13)
    a = rng.random(200)
    assert stats.permutation_test(column(a), column(a + 0.1), stats.mean) == pytest.approx(
        1 / 10_001
    )
    assert stats.permutation_test(column(a), column(a), stats.mean) == 1


def test_the_p_value_is_scipys():
    rng = np.random.default_rng(14)
    a = rng.random(40)
    b = a + rng.normal(0.05, 0.15, 40)
    ours = stats.permutation_test(column(a), column(b), stats.mean)
    theirs = permutation_test(
        (a, b),
        lambda x, y, axis: (y - x).mean(axis=axis),
        permutation_type="samples",
        n_resamples=9_999,
        vectorized=True,
        rng=np.random.default_rng(1),
    ).pvalue
    assert ours == pytest.approx(theirs, abs=0.015)
    assert 0.01 < ours < 0.9


def test_a_statistic_of_the_whole_set_is_tested_too():
    rng = np.random.default_rng(15)
    label = (np.arange(80) % 2).astype(float)
    noise = np.column_stack([rng.random(80), label])
    sharp = np.column_stack([label + 0.1 * rng.random(80), label])
    assert stats.permutation_test(noise, sharp, stats.auroc, permutations=300) < 0.01
    other = np.column_stack([rng.random(80), label])
    assert stats.permutation_test(noise, other, stats.auroc, permutations=300) > 0.05


def test_auroc_is_scikit_learns_also_with_ties_and_weights():
    rng = np.random.default_rng(16)
    for _ in range(30):
        score = rng.integers(0, 8, 50) / 8
        label = rng.random(50) < 0.4
        weights = rng.integers(0, 4, (3, 50)).astype(float)
        found = stats.auroc(np.column_stack([score, label]), weights)
        for row, value in zip(weights, found, strict=True):
            assert value == pytest.approx(roc_auc_score(label, score, sample_weight=row))


def test_auroc_of_one_class_is_not_defined():
    columns = np.column_stack([[0.1, 0.2], [1.0, 1.0]])
    assert np.isnan(stats.auroc(columns, np.ones((1, 2)))[0])
    with pytest.raises(ValueError, match="not defined"):
        stats.bootstrap(columns, stats.auroc)


def test_percentiles_are_numpys_by_nearest_rank():
    rng = np.random.default_rng(17)
    for n in (1, 2, 19, 100, 101):
        values = rng.random(n)
        for q in (50, 95, 99):
            found = stats.percentile(q)(column(values), np.ones((1, n)))[0]
            assert found == np.percentile(values, q, method="inverted_cdf")


def test_the_ratio_leaves_out_what_it_cannot_divide():
    columns = np.array([[1.0, 1.0], [0.0, 1.0], [0.0, 0.0]])
    weights = np.array([[1.0, 1, 1], [2, 1, 0], [0, 0, 3]])
    found = stats.ratio(columns, weights)
    assert found[:2] == pytest.approx([1 / 2, 2 / 3])
    assert np.isnan(found[2])


def test_the_same_values_give_the_same_interval():
    values = column(np.random.default_rng(18).random(70))
    assert stats.bootstrap(values, stats.mean) == stats.bootstrap(values.copy(), stats.mean)


def test_paired_intervals_are_narrower_than_two_of_their_own():
    rng = np.random.default_rng(19)
    hard = rng.random(200)
    a, b = column(hard), column(hard + rng.normal(0.03, 0.02, 200))
    paired = stats.paired_bootstrap(a, b, stats.mean)
    alone = stats.bootstrap(a, stats.mean)
    assert 0.02 < paired.low < paired.value < paired.high < 0.04
    assert paired.high - paired.low < (alone.high - alone.low) / 5


def test_holm_by_hand():
    # sorted .01 .02 .03 .04: 4 x .01, then 3 x .02, 2 x .03, and 1 x .04 cannot be smaller
    assert stats.holm({"c": 0.03, "a": 0.01, "d": 0.04, "b": 0.02}) == pytest.approx(
        {"c": 0.06, "a": 0.04, "d": 0.06, "b": 0.06}
    )
    assert stats.holm({"a": 0.9, "b": 0.8}) == {"a": 1.0, "b": 1.0}
    assert stats.holm({}) == {}


def test_a_difference_of_the_detectable_size_is_detected_four_times_in_five():
    rng = np.random.default_rng(20)
    spread, n = 0.3, 80
    a = column(np.zeros(n))
    size = stats.detectable_difference(a, column(rng.normal(0, spread, 20_000)[:n] * 1.0))
    assert size == pytest.approx(2.8016 * spread / n**0.5, rel=0.2)
    exact = 2.8016 * spread / n**0.5
    found = sum(
        stats.permutation_test(a, column(rng.normal(exact, spread, n)), stats.mean, 499) < 0.05
        for _ in range(500)
    )
    assert 0.74 <= found / 500 <= 0.86


def test_nothing_is_detectable_where_nothing_differs():
    same = column([0.0, 1.0, 1.0])
    assert stats.detectable_difference(same, same) is None
