"""Feedback: what people said of answers on the page → questions to measure by (docs/evaluation.md).

Each has the question as typed, its history, filters, language and day. A correction names no
articles, for those that were quoted are not known to hold it. Knows nothing about who said it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qa.conversations.store import KeptTurn
from qa.errors import QuestionError
from qa.evaluation.questions import GoldQuestion, question_from


@dataclass(frozen=True, slots=True)
class Exported:
    """A question set from ratings.

    Attributes:
        questions: the oldest rating first.
        left_out: how many ratings became no question, by reason.
    """

    questions: tuple[GoldQuestion, ...]
    left_out: Mapping[str, int]


def export(rated: Sequence[KeptTurn]) -> Exported:
    """Questions from rated turns, the oldest rating first."""
    latest: dict[tuple[object, ...], KeptTurn] = {}
    left_out: Counter[str] = Counter()
    for turn in rated:
        if latest.pop(_same(turn), None) is not None:
            left_out["the same question was rated again later"] += 1
        latest[_same(turn)] = turn
    questions = []
    for turn in latest.values():
        gold = _gold(turn)
        if isinstance(gold, str):
            left_out[gold] += 1
            continue
        try:
            questions.append(question_from({**_question_row(turn), **gold}))
        except QuestionError as exc:
            left_out[str(exc)] += 1
    return Exported(tuple(questions), dict(left_out))


def _same(turn: KeptTurn) -> tuple[object, ...]:
    """What makes two questions one."""
    document = turn.document
    return (turn.question.strip(), *document["kept"]["history"], str(document["filters"]))


def _question_row(turn: KeptTurn) -> dict[str, Any]:
    document = turn.document
    return {
        "id": f"feedback-{turn.id}",
        "question": turn.question,
        "lang": document["language"],
        "history": document["kept"]["history"],
        "filters": {name: value for name, value in document["filters"].items() if value},
        "date": turn.asked.astimezone().date().isoformat(),
    }


def _gold(turn: KeptTurn) -> dict[str, Any] | str:
    """What is known of the right answer; or why nothing is."""
    rating, document = turn.rating, turn.document
    assert rating is not None
    if document["answerer"] == "assistant":
        return "small talk, which the articles do not answer"
    if not rating.good:
        if rating.unanswerable:
            return {"kind": "unanswerable", "answers": []}
        if rating.correction.strip():
            return {"kind": "corrected", "answers": [rating.correction.strip()]}
        return "thumbs down without the right answer"
    if document["abstained"]:
        return {"kind": "unanswerable", "answers": []}
    cited = dict.fromkeys(citation["article_id"] for citation in document["citations"])
    if not cited:
        return "thumbs up for an answer without quotes"
    return {"kind": "confirmed", "answers": [], "doc_ids": list(cited)}
