"""Judging: what each system found → measures with intervals, and differences between systems.

Documents are the units: each stands where its best chunk stands. The measures are ir-measures',
which calls trec_eval; AllEvidence@10 is the share of questions whose R@10 there is 1. Where a set
has gold facts, chunks are judged too, by MultiHop-RAG's rule (`qa.evaluation.ranking.carriers`).
Intervals are 95% bootstraps over questions (`qa.evaluation.stats`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from lab.benchmarks.systems import Found
from lab.benchmarks.tasks import Task
from qa.evaluation import stats
from qa.evaluation.measures import Estimate
from qa.evaluation.questions import GoldQuestion
from qa.evaluation.ranking import FACT_MEASURES, carriers, distinct

ARTICLE_MEASURES = ("R@1", "R@5", "R@10", "MRR@10", "nDCG@10", "AllEvidence@10")

Scores = Mapping[str, stats.Floats]
"""Measure → (questions,), nan where it does not apply."""


def scores(task: Task, found: Sequence[Found]) -> dict[str, stats.Floats]:
    """What one system's findings are worth, question by question, in the task's order."""
    result = _article_scores(task, found)
    if any(question.facts for question in task.questions):
        rows = [_fact_scores(q, some.texts) for q, some in zip(task.questions, found, strict=True)]
        table = np.array(rows, np.float64)
        result |= {name: table[:, place] for place, name in enumerate(FACT_MEASURES)}
    return result


def _article_scores(task: Task, found: Sequence[Found]) -> dict[str, stats.Floats]:
    import ir_measures
    from ir_measures import RR, R, nDCG

    names = {R @ 1: "R@1", R @ 5: "R@5", R @ 10: "R@10", RR @ 10: "MRR@10", nDCG @ 10: "nDCG@10"}
    # Question ids are replaced by places: what an id may look like is not the library's business.
    gold = {str(place): question.gold for place, question in enumerate(task.questions)}
    run = {
        str(place): _ranked(some.articles, task.passed_over.get(question.id, frozenset()))
        for place, (question, some) in enumerate(zip(task.questions, found, strict=True))
    }
    result = {name: np.full(len(task.questions), np.nan) for name in names.values()}
    for metric in ir_measures.iter_calc(list(names), gold, run):
        result[names[metric.measure]][int(metric.query_id)] = metric.value
    assert not any(np.isnan(column).any() for column in result.values())
    result["AllEvidence@10"] = (result["R@10"] > 1 - 1e-9).astype(np.float64)
    return result


def _ranked(articles: Iterable[str], passed_over: frozenset[str]) -> dict[str, float]:
    """Each article once, with a score that only says its place."""
    order = distinct(id for id in articles if id not in passed_over)
    return {id: -float(place) for place, id in enumerate(order)}


def _fact_scores(question: GoldQuestion, texts: Sequence[str]) -> tuple[float, ...]:
    """Hits@4, Hits@10 and FactMRR@10, the order of FACT_MEASURES."""
    if not question.facts:
        return (np.nan,) * len(FACT_MEASURES)
    holds = carriers(texts[:10], question.facts)
    first = 1 / (holds.index(True) + 1) if any(holds) else 0.0
    return float(any(holds[:4])), float(any(holds)), first


def estimates(values: Scores, places: Sequence[int]) -> dict[str, Estimate]:
    """Means over some questions, with their intervals."""
    found = {}
    for name, column in values.items():
        some = _applying(column, places)
        if len(some):
            interval = stats.bootstrap(some, stats.mean)
            found[name] = Estimate(interval.value, interval.low, interval.high, len(some))
    return found


def differences(baseline: Scores, ours: Scores, places: Sequence[int]) -> dict[str, Estimate]:
    """ours - baseline, question by question, with their intervals."""
    found = {}
    for name, column in baseline.items():
        a, b = _applying(column, places), _applying(ours[name], places)
        if len(a):
            interval = stats.paired_bootstrap(a, b, stats.mean)
            found[name] = Estimate(interval.value, interval.low, interval.high, len(a))
    return found


def _applying(column: stats.Floats, places: Sequence[int]) -> stats.Floats:
    """(n, 1): the values of the questions that a measure applies to."""
    some = column[list(places)]
    return some[~np.isnan(some)][:, None]


def percentiles(ms: Sequence[float]) -> dict[str, float]:
    """p50 and p95, nearest rank."""
    column, ones = np.array(ms, np.float64)[:, None], np.ones((1, len(ms)))
    return {f"p{q}": round(float(stats.percentile(q)(column, ones)[0]), 2) for q in (50, 95)}
