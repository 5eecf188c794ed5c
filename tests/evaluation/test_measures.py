"""Measures of whole sets, on rows made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from qa.errors import QuestionError
from qa.evaluation import Result, Row
from qa.evaluation.measures import slices
from tests.evaluation.made import result, row


def unanswerable(id: str, **fields: Any) -> Row:
    """A question without an answer."""
    return row(id, answerable=False, kind="unanswerable", answers=(), **fields)


ROWS = [
    row("right", {"GoldInAnswer": 1.0}, confidence=0.9),
    row("wrong", {"GoldInAnswer": 0.0}, confidence=0.6),
    row("silent", {"GoldInAnswer": 0.0}, confidence=0.4, abstained=True),
    unanswerable("told", confidence=0.3, abstained=True),
    unanswerable("fooled", confidence=0.7),
]


def test_abstention_by_hand():
    found = result(ROWS).measures

    assert found["AbstentionPrecision"].value == pytest.approx(1 / 2)
    assert found["AbstentionRecall"].value == pytest.approx(1 / 2)
    assert found["AnswerRate"].value == pytest.approx(2 / 3)
    # of the six pairs, told is below all three and fooled below one
    assert found["AbstentionAUROC"].value == pytest.approx(4 / 6)
    assert {name: found[name].n for name in ("AbstentionRecall", "AnswerRate")} == {
        "AbstentionRecall": 2,
        "AnswerRate": 3,
    }


def test_measures_that_need_both_sorts_are_left_out_without():
    found = result(ROWS[:3]).measures

    assert "AnswerRate" in found
    assert not {"AbstentionPrecision", "AbstentionAUROC", "AbstentionRecall"} & set(found)


def test_a_question_to_which_a_measure_does_not_apply_is_left_out_and_counted():
    found = result(ROWS)

    assert found.measures["GoldInAnswer"].n == 3
    assert found.to_json()["n"] == 5


def test_words_are_those_of_every_answer_that_there_is():
    rows = [
        row("long", answer="one two three four"),
        row("short", answer="one two", abstained=True),
        row("broken", error="RuntimeError"),
        row("searched", abstained=None),
    ]

    found = result(rows).measures["words"]

    assert (found.value, found.n) == (3, 2)


def test_slices_are_measured_alone():
    rows = [*ROWS, row("fr", {"GoldInAnswer": 1.0}, lang="fr", history=("a", "b"), month="2017-01")]

    assert {name: len(part) for name, part in slices(rows).items()} == {
        "lang=en": 5, "lang=fr": 1, "kind=factoid": 4, "kind=unanswerable": 2,
        "answerable=no": 2, "answerable=yes": 4, "history=no": 5, "history=yes": 1,
    }  # fmt: skip
    assert result(rows).slices["lang=fr"]["GoldInAnswer"].value == 1


def test_every_value_lies_in_its_interval():
    found = result(ROWS)
    for part in (found.measures, *found.slices.values()):
        for estimate in part.values():
            assert estimate.low <= estimate.value <= estimate.high


def test_a_run_that_is_not_there_or_not_finished(tmp_path):
    with pytest.raises(QuestionError, match="there is no run at"):
        Result.read(tmp_path / "none")
    (tmp_path / "header.json").write_text("{}")
    with pytest.raises(QuestionError, match="is not finished"):
        Result.read(tmp_path)
    (tmp_path / "run.json").write_text("[]")
    with pytest.raises(QuestionError, match="is not what `qa eval` writes"):
        Result.read(tmp_path)
