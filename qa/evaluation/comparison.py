"""Comparison: two runs of the same questions, what differs and what of it is more than chance.

Paired by question: only questions that both runs have, and, for each measure, those to which it
applies in both. Every measure but the costs is tested by permutation and corrected for their
number (Holm); costs depend on the machine's mood and get an interval only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from qa.errors import QuestionError
from qa.evaluation import stats
from qa.evaluation.measures import MEASURES, Measure, columns, lower_is_better
from qa.evaluation.result import Result
from qa.evaluation.rows import Row

ALPHA = 0.05
# What questions are called won or lost by, the first that both runs have.
_TELLING = ("GoldInAnswer", "F1", "VitalRecall", "MRR@10", "FactMRR@10")


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure in two runs.

    Attributes:
        a, b: its values.
        difference, low, high: b - a with its 95% interval.
        n: questions.
        p: of the permutation test, None for costs.
        p_holm: p corrected over the measures.
        detectable: the smallest true difference that these questions show four times in five;
            None where it cannot be told.
        better: whether b is better, worse (False) or the same (None), significant or not.
    """

    a: float
    b: float
    difference: float
    low: float
    high: float
    n: int
    p: float | None
    p_holm: float | None
    detectable: float | None
    better: bool | None

    @property
    def significant(self) -> bool:
        """Whether p_holm is below 5%."""
        return self.p_holm is not None and self.p_holm < ALPHA

    def to_json(self) -> dict[str, Any]:
        """Every field, numbers to six decimals."""
        values = {k: round(v, 6) if isinstance(v, float) else v for k, v in asdict(self).items()}
        return {**values, "significant": self.significant}


@dataclass(frozen=True)
class Change:
    """A question that one run got better than the other, with both rows."""

    a: Row
    b: Row
    measure: str

    def to_json(self) -> dict[str, Any]:
        """Both answers and scores."""
        sides = {
            name: {
                "score": row.scores[self.measure],
                "answer": row.answer,
                "hits": [hit["article_id"] for hit in row.hits[:3]],
                "error": row.error,
            }
            for name, row in (("a", self.a), ("b", self.b))
        }
        gold = {"answers": list(self.a.answers), "doc_ids": list(self.a.doc_ids)}
        return {"id": self.a.id, "question": self.a.question, **gold, **sides}


@dataclass(frozen=True)
class Comparison:
    """What two runs differ in.

    Attributes:
        names: of the runs.
        n: questions that both have.
        alone: questions that only one of them has.
        differences: by measure.
        by: the measure that won and lost are told by, None when the runs share none.
        won, lost: questions on which the second run is better, worse.
    """

    names: tuple[str, str]
    n: int
    alone: int
    differences: dict[str, Difference]
    by: str | None
    won: tuple[Change, ...]
    lost: tuple[Change, ...]

    @property
    def regressions(self) -> list[str]:
        """Measures on which the second run is significantly worse."""
        return [
            name
            for name, difference in self.differences.items()
            if difference.significant and difference.better is False
        ]

    def to_json(self) -> dict[str, Any]:
        """As `qa compare --json` prints it."""
        return {
            "a": self.names[0],
            "b": self.names[1],
            "n": self.n,
            "only_in_one": self.alone,
            "measures": {name: found.to_json() for name, found in self.differences.items()},
            "by": self.by,
            "won": [change.to_json() for change in self.won],
            "lost": [change.to_json() for change in self.lost],
        }


def compare(a: Result, b: Result, *, by: str | None = None) -> Comparison:
    """The second run against the first.

    Args:
        a, b: runs of the same questions.
        by: a per-question measure to tell won from lost by; the most telling one if not given.

    Raises:
        QuestionError: the runs share no question, or no such measure.
    """
    first = {(row.id, row.question): row for row in a.rows}
    second = {(row.id, row.question): row for row in b.rows}
    pairs = [(row, second[key]) for key, row in first.items() if key in second]
    if not pairs:
        raise QuestionError("the two runs share no question: compare runs of the same set.")
    found = {measure.name: _difference(measure, pairs) for measure in MEASURES}
    tested = {n: gap.p for n, gap in found.items() if gap is not None and gap.p is not None}
    corrected = stats.holm(tested)
    scored = {name for one, other in pairs for name in set(one.scores) & set(other.scores)}
    by = by or next((name for name in _TELLING if name in scored), None)
    if by is not None and by not in scored:
        raise QuestionError(
            f"no question has {by!r} in both runs; choose from "
            f"{', '.join(sorted(scored)) or 'none'}."
        )
    sign = -1 if by is not None and lower_is_better(by) else 1
    gaps = [
        (sign * (other.scores[by] - one.scores[by]), Change(one, other, by))
        for one, other in pairs
        if by is not None and by in one.scores and by in other.scores
    ]
    return Comparison(
        names=(_name(a), _name(b)),
        n=len(pairs),
        alone=len(first) + len(second) - 2 * len(pairs),
        differences={
            name: replace(gap, p_holm=corrected.get(name))
            for name, gap in found.items()
            if gap is not None
        },
        by=by,
        won=_largest(gaps, 1),
        lost=_largest(gaps, -1),
    )


def _difference(measure: Measure, pairs: Sequence[tuple[Row, Row]]) -> Difference | None:
    """None when the measure does not apply."""
    places_a, values_a = columns(measure, [one for one, _ in pairs])
    places_b, values_b = columns(measure, [other for _, other in pairs])
    shared = set(places_a) & set(places_b)
    if not shared:
        return None
    a = values_a[[place in shared for place in places_a]]
    b = values_b[[place in shared for place in places_b]]
    ones = np.ones((1, len(a)))
    before, after = (float(measure.statistic(side, ones)[0]) for side in (a, b))
    if np.isnan(before) or np.isnan(after):
        return None
    gap = stats.paired_bootstrap(a, b, measure.statistic)
    return Difference(
        a=before,
        b=after,
        difference=gap.value,
        low=gap.low,
        high=gap.high,
        n=len(a),
        p=stats.permutation_test(a, b, measure.statistic) if measure.family != "cost" else None,
        p_holm=None,
        detectable=stats.detectable_difference(a, b) if measure.statistic is stats.mean else None,
        better=None if before == after else (after < before) == lower_is_better(measure.name),
    )


def _largest(gaps: Iterable[tuple[float, Change]], sign: int) -> tuple[Change, ...]:
    """The gains, or losses: the largest first, the order of the set among equals."""
    some = [(sign * gap, change) for gap, change in gaps if sign * gap > 0]
    return tuple(change for _, change in sorted(some, key=lambda item: -item[0]))


def _name(result: Result) -> str:
    return str(result.directory) if result.directory else str(result.run["questions"]["name"])
