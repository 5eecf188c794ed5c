"""Measures: the table of what a run is measured by, and a set's values with their intervals.

Most measures are means of the scores that `ranking`, `answers` and `nuggets` give to each
question. The rest exist only for a set: abstention, latency. A question to which a measure does
not apply is left out of it; each value says over how many questions it is.

    AbstentionPrecision   unanswerable among those abstained from
    AbstentionRecall      abstained from among the unanswerable
    AbstentionAUROC       the chance that an unanswerable question gets a lower confidence than
                          an answerable one, ties half
    AnswerRate            answered among the answerable
    latency_p50_ms …      nearest-rank percentiles of the time from question to answer
    words                 mean words of the answers, abstentions among them
    prompt_tokens …       mean tokens of the language model, over the answers that used it

AbstentionPrecision and AUROC need both sorts of question in the set. A question that crashed
scores worst: answered where it should abstain, not answered where it should, with a confidence
to match; it has no latency and no words. Precision and recall of abstention as in Rajpurkar, Jia
& Liang, ACL 2018, and El-Yaniv & Wiener, JMLR 11, 2010.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from qa.evaluation import answers, nuggets, ranking, stats
from qa.evaluation.rows import Row

Numbers = tuple[float, ...] | None
Family = Literal["retrieval", "answer", "error", "citation", "abstention", "cost"]


@dataclass(frozen=True)
class Measure:
    """One measure.

    Attributes:
        name: as in the results.
        family: what it is about.
        columns: the numbers a row gives to it, None when it does not apply.
        statistic: from all rows' numbers to the value.
        both: whether answerable and unanswerable questions are needed.
    """

    name: str
    family: Family
    columns: Callable[[Row], Numbers]
    statistic: stats.Statistic = stats.mean
    both: bool = False


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measure's value over n questions, with its 95% interval."""

    value: float
    low: float
    high: float
    n: int

    def to_json(self) -> dict[str, float | int]:
        """To six decimals."""
        rounded = {name: round(getattr(self, name), 6) for name in ("value", "low", "high")}
        return {**rounded, "n": self.n}

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}] n={self.n}"


def _score(name: str, row: Row) -> Numbers:
    return (row.scores[name],) if name in row.scores else None


def _abstention_precision(row: Row) -> Numbers:
    if row.abstained is None or row.answerable is None or row.error is not None:
        return None
    return float(row.abstained and not row.answerable), float(row.abstained)


def _abstained(answerable: bool, row: Row) -> Numbers:
    """1 where what should be done was done: abstaining, or of the answerable, answering."""
    if row.abstained is None or row.answerable is not answerable:
        return None
    return (float(row.abstained is not answerable),)


def _confidence(row: Row) -> Numbers:
    """(-confidence, 1 when unanswerable)."""
    if row.confidence is None or row.answerable is None:
        return None
    return -row.confidence, float(not row.answerable)


def _wall(row: Row) -> Numbers:
    return None if row.error is not None else (row.timings_ms["wall"],)


def _words(row: Row) -> Numbers:
    if row.abstained is None or row.error is not None:
        return None
    return (float(len(row.answer.split())),)


def _tokens(name: str, row: Row) -> Numbers:
    return (float(row.tokens[name]),) if name in row.tokens else None


def _scored(family: Family, names: Iterable[str]) -> list[Measure]:
    return [Measure(name, family, partial(_score, name)) for name in names]


MEASURES: tuple[Measure, ...] = (
    *_scored("retrieval", (*ranking.ARTICLE_MEASURES, *ranking.FACT_MEASURES)),
    *_scored("answer", (*answers.ANSWER_MEASURES, *nuggets.NUGGET_MEASURES)),
    *_scored("error", nuggets.ERROR_MEASURES),
    *_scored("citation", (*answers.CITATION_MEASURES, *answers.SPAN_MEASURES)),
    *_scored("citation", answers.WORDING_MEASURES),
    Measure("AbstentionPrecision", "abstention", _abstention_precision, stats.ratio, both=True),
    Measure("AbstentionRecall", "abstention", partial(_abstained, False)),
    Measure("AbstentionAUROC", "abstention", _confidence, stats.auroc, both=True),
    Measure("AnswerRate", "abstention", partial(_abstained, True)),
    *(Measure(f"latency_p{q}_ms", "cost", _wall, stats.percentile(q)) for q in (50, 95, 99)),
    Measure("words", "cost", _words),
    *(Measure(f"{n}_tokens", "cost", partial(_tokens, n)) for n in ("prompt", "completion")),
)
BY_NAME = {measure.name: measure for measure in MEASURES}


def lower_is_better(name: str) -> bool:
    """Whether a measure is an error or a cost; False for what is no measure."""
    return name in BY_NAME and BY_NAME[name].family in ("error", "cost")


def columns(measure: Measure, rows: Sequence[Row]) -> tuple[list[int], stats.Floats]:
    """The places of the rows that a measure applies to, and their numbers, (n, c)."""
    if measure.both and {row.answerable for row in rows} < {True, False}:
        return [], np.empty((0, 1))
    places, numbers = [], []
    for place, row in enumerate(rows):
        values = measure.columns(row)
        if values is not None:
            places.append(place)
            numbers.append(values)
    return places, np.array(numbers, np.float64)


def estimates(rows: Sequence[Row]) -> dict[str, Estimate]:
    """Every measure that applies to at least one row, in the table's order."""
    found = {}
    for measure in MEASURES:
        places, values = columns(measure, rows)
        if not places or np.isnan(measure.statistic(values, np.ones((1, len(places))))[0]):
            continue
        interval = stats.bootstrap(values, measure.statistic)
        found[measure.name] = Estimate(interval.value, interval.low, interval.high, len(places))
    return found


def slices(rows: Sequence[Row]) -> dict[str, tuple[Row, ...]]:
    """The rows by language, kind, answerability, history and month; `kind=factoid` → rows.

    Only properties that some row has; answerability, history and month only where rows differ.
    """
    found: dict[str, tuple[Row, ...]] = {}
    for name, value_of, alone in _PROPERTIES:
        groups: dict[str, list[Row]] = {}
        for row in rows:
            value = value_of(row)
            if value is not None:
                groups.setdefault(value, []).append(row)
        if alone or len(groups) > 1:
            found |= {f"{name}={value}": tuple(groups[value]) for value in sorted(groups)}
    return found


_YES_NO = {True: "yes", False: "no", None: None}
# name, value, whether one value alone is shown
_PROPERTIES: tuple[tuple[str, Callable[[Row], str | None], bool], ...] = (
    ("lang", lambda row: row.lang, True),
    ("kind", lambda row: row.kind, True),
    ("answerable", lambda row: _YES_NO[row.answerable], False),
    ("history", lambda row: _YES_NO[bool(row.history)], False),
    ("month", lambda row: row.month, False),
)
