"""Evaluation: question sets, measures, runs, comparisons, reports. Deterministic, no judge model.

    from qa.evaluation import evaluate
    result = evaluate("questions.jsonl", corpus="articles/")
    print(result.measures["R@5"])

    questions, squad, tables, beir   a file of questions → gold questions
    system                           the assistant, with an index for the set
    articles                         by id, to check gold against
    normalise                        texts that say the same → the same tokens
    ranking, answers, nuggets        one question's scores
    measures, stats                  a set's values with their intervals
    rows, run, result                from questions to a result, resumable
    comparison, gates                two results; what must hold
    report, html                     results for people
    lint, synth                      looking after question sets

A driver: it asks the assistant as everybody does, and nothing else in the project knows of it.
Importing this package loads no numerical library.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qa.evaluation.comparison import Comparison, compare
    from qa.evaluation.measures import Estimate
    from qa.evaluation.questions import GoldQuestion, QuestionSet, load
    from qa.evaluation.result import Result
    from qa.evaluation.rows import Row
    from qa.evaluation.run import Plan, evaluate

__all__ = [
    "Comparison",
    "Estimate",
    "GoldQuestion",
    "Plan",
    "QuestionSet",
    "Result",
    "Row",
    "compare",
    "evaluate",
    "load",
]

_HOME = {
    "Comparison": "comparison",
    "compare": "comparison",
    "Estimate": "measures",
    "GoldQuestion": "questions",
    "Plan": "run",
    "QuestionSet": "questions",
    "Result": "result",
    "Row": "rows",
    "evaluate": "run",
    "load": "questions",
}


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(importlib.import_module(f"qa.evaluation.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
