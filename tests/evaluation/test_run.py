"""Runs: a row a question, whatever happens; the same twice; resumed as if never stopped."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from qa.assistant import Assistant
from qa.errors import QuestionError
from qa.evaluation import Plan, Row, evaluate, load
from qa.evaluation.system import SystemUnderTest
from tests.evaluation.conftest import QUESTIONS, write_jsonl


def timeless(row: Row) -> dict[str, object]:
    """A row without what no two runs share."""
    values = asdict(row)
    del values["timings_ms"]
    return values


def test_one_row_a_question_in_order_and_run_json_is_the_result(bench, questions, corpus, tmp_path):
    result = evaluate(questions, corpus=corpus, out=tmp_path / "run")

    assert [row.id for row in result.rows] == [question["id"] for question in QUESTIONS]
    assert json.loads((tmp_path / "run" / "run.json").read_text()) == result.to_json()
    assert result.measures["R@10"].value == 1
    assert result.measures["R@10"].n == 5
    assert result.measures["GoldInQuotes"].value > 0.5
    assert set(result.slices) == {
        "lang=en", "lang=fr", "kind=factoid", "kind=follow-up", "kind=unanswerable",
        "answerable=no", "answerable=yes", "history=no", "history=yes", "month=2019-03",
        "month=2021-11",
    }  # fmt: skip
    assert result.slices["kind=factoid"]["EM"].n == 4


def test_answers_are_those_that_anybody_gets(bench, questions, corpus, tmp_path):
    result = evaluate(questions, corpus=corpus, out=tmp_path / "run")

    index = result.run["index"]["directory"]
    with Assistant.open(bench.model_copy(update={"index": Path(index)})) as assistant:
        for question, row in zip(load(questions).questions, result.rows, strict=True):
            answer = assistant.ask(question.asked())
            assert (row.answer, row.abstained) == (answer.text, answer.abstained)
            assert row.confidence == pytest.approx(answer.confidence, abs=1e-6)
            shown = [hit["chunk_id"] for hit in row.hits]
            assert shown[: len(answer.hits)] == [hit.chunk.id for hit in answer.hits]


def test_the_ranking_goes_on_behind_what_the_answer_is_chosen_from(bench, questions, corpus):
    settings = bench.model_copy(update={"k": 1})

    result = evaluate(questions, corpus=corpus, settings=settings)

    assert {len(row.hits) for row in result.rows} == {6}
    articles = {c["article_id"] for row in result.rows for c in row.citations}
    assert all(len({c["article_id"] for c in row.citations}) <= 1 for row in result.rows)
    assert articles


def test_the_same_run_twice_gives_the_same_rows(bench, questions, corpus, tmp_path):
    first = evaluate(questions, corpus=corpus, out=tmp_path / "a")
    second = evaluate(questions, corpus=corpus, out=tmp_path / "b", plan=Plan(jobs=3))

    assert [timeless(row) for row in first.rows] == [timeless(row) for row in second.rows]


def test_a_crash_is_a_row_that_scores_worst(bench, questions, corpus, monkeypatch):
    ask = SystemUnderTest.ask

    def fails(self, question):
        if question.id in ("who", "none"):
            raise RuntimeError("out of paper")
        return ask(self, question)

    monkeypatch.setattr(SystemUnderTest, "ask", fails)

    result = evaluate(questions, corpus=corpus)

    who = result.rows[1]
    assert who.error == "RuntimeError: out of paper"
    assert set(who.scores.values()) == {0.0}
    assert {"R@5", "Hits@4", "EM", "Support", "CitationRecall"} <= set(who.scores)
    assert result.measures["R@10"].value == pytest.approx(4 / 5)
    assert result.measures["AbstentionRecall"].value == 0
    assert result.measures["latency_p50_ms"].n == 4
    assert result.to_json()["errors"] == 2


def test_retrieval_only_writes_no_answer(bench, questions, corpus):
    result = evaluate(questions, corpus=corpus, plan=Plan(retrieval_only=True, mode="lexical"))

    assert {"R@1", "Hits@10"} <= set(result.measures)
    assert not {"EM", "AnswerRate", "AbstentionRecall"} & set(result.measures)
    assert all(row.answer == "" and row.abstained is None for row in result.rows)


def test_another_run_in_the_same_folder_is_refused(bench, questions, corpus, tmp_path):
    evaluate(questions, corpus=corpus, out=tmp_path / "run")
    other = write_jsonl(tmp_path / "other.jsonl", QUESTIONS[:2])

    with pytest.raises(QuestionError, match=r"its questions differ.*--fresh"):
        evaluate(other, corpus=corpus, out=tmp_path / "run")

    again = evaluate(other, corpus=corpus, out=tmp_path / "run", plan=Plan(fresh=True))
    assert len(again.rows) == 2


def test_limit_takes_the_first_and_sample_takes_some_in_order(questions):
    every = load(questions).questions

    assert Plan(limit=2).pick(every) == every[:2]
    some = Plan(sample=3).pick(every)
    assert len(some) == 3
    assert list(some) == sorted(some, key=every.index)
    assert Plan(sample=99).pick(every) == every
