"""Ratings as a question set: which become what, which are left out, and that `qa eval` reads it."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from qa.assistant import Assistant
from qa.cli.commands import app
from qa.conversations.answer_json import to_document
from qa.conversations.store import Conversations, KeptTurn, Rating
from qa.documents.filters import Filters
from qa.errors import QuestionError
from qa.evaluation.feedback import export
from qa.evaluation.lint import lint
from qa.evaluation.questions import load
from qa.evaluation.run import Plan, evaluate
from qa.index.live import LiveIndex
from qa.models.loading import LanguageModel
from qa.search.retriever import HybridRetriever
from qa.settings import Settings
from qa.types import Question

ASKED = "Who led the works on the Kervalec bridge?"
Rate = Callable[..., KeptTurn]


@pytest.fixture
def rated(settings: Settings, live: LiveIndex, retriever: HybridRetriever) -> Rate:
    """A question answered from the articles of `fakes`, and rated."""
    assistant = Assistant(settings, live, retriever, LanguageModel(settings, fetch=False))
    numbers = iter(range(100))

    def rated(rating: Rating, text: str = ASKED, *, changed: Any = (), **more: Any) -> KeptTurn:
        document = to_document(assistant.ask(Question(text, **more)))
        asked = datetime(2026, 3, 1, 12, tzinfo=UTC)
        return KeptTurn(f"t{next(numbers)}", {**document, **dict(changed)}, asked, rating)

    return rated


def test_each_kind_of_rating_becomes_its_kind_of_question(rated: Rate):
    history = ("When did the works end?", "In 2019.")
    filters = Filters.parse(since="2019")
    confirming = rated(Rating(True), f"And {ASKED.lower()}", history=history)
    found = export(
        [
            rated(Rating(False, "wrong", " Ida Brandt "), filters=filters),
            rated(Rating(False, unanswerable=True), "Qui a peint le pont de Kervalec ?"),
            confirming,
            rated(Rating(True), "Who sank it?", changed={"abstained": True, "citations": []}),
        ]
    )
    assert found.left_out == {}
    corrected, unanswerable, confirmed, abstained = (q.to_json() for q in found.questions)
    assert corrected == {
        "id": "feedback-t1",
        "question": ASKED,
        "answers": ["Ida Brandt"],
        "lang": "en",
        "kind": "corrected",
        "date": "2026-03-01",
        "filters": {"since": "2019-01-01"},
    }
    assert (unanswerable["kind"], unanswerable["lang"]) == ("unanswerable", "fr")
    assert unanswerable["answers"] == []
    assert "doc_ids" not in unanswerable
    assert (confirmed["kind"], confirmed["history"]) == ("confirmed", list(history))
    cited = {citation["article_id"] for citation in confirming.document["citations"]}
    assert set(confirmed["doc_ids"]) == cited
    assert {"bridge", "pont"} & cited
    assert confirmed["answers"] == []
    assert abstained["kind"] == "unanswerable"


def test_what_says_nothing_is_left_out_and_counted(rated: Rate):
    found = export(
        [
            rated(Rating(False, "meh")),
            rated(Rating(False), "Who fell?"),
            rated(Rating(True), "Hello"),
            rated(Rating(True), "Who rose?", changed={"citations": [], "abstained": False}),
            rated(Rating(True), "Who stood?", changed={"question": "?!"}),
        ]
    )
    assert found.questions == ()
    assert found.left_out == {
        "thumbs down without the right answer": 2,
        "small talk, which the articles do not answer": 1,
        "thumbs up for an answer without quotes": 1,
        "'question' is missing or empty": 1,
    }


def test_the_latest_rating_of_a_question_counts(rated: Rate):
    found = export(
        [
            rated(Rating(True)),
            rated(Rating(True), filters=Filters(language="en")),
            rated(Rating(False, correction="Maëlle Tanguy")),
        ]
    )
    assert [question.kind for question in found.questions] == ["confirmed", "corrected"]
    assert found.left_out == {"the same question was rated again later": 1}


@pytest.fixture
def file(tmp_path: Path, rated: Rate) -> Path:
    """Conversations with a rating of each kind, and one that says nothing."""
    path = tmp_path / "talks.sqlite"
    ratings = {
        ASKED: Rating(True),
        "Which biologist told of the lynx?": Rating(False, correction="Ida Brandt"),
        "Which poet wrote of the Kervalec bridge?": Rating(False, unanswerable=True),
        "Where was the lynx photographed?": Rating(False),
    }
    with closing(Conversations.open(path)) as conversations:
        for text, rating in ratings.items():
            conversations.rate("ann", rated(rating, text), rating)
    return path


def run(*arguments: str, **environ: str) -> Any:
    return CliRunner().invoke(app, ["feedback", "export", *arguments], env=environ)


def test_eval_and_lint_read_what_is_exported(
    file: Path,
    tmp_path: Path,
    settings: Settings,
    fake_embedder: Any,
    live: LiveIndex,
    monkeypatch: pytest.MonkeyPatch,
):
    out = tmp_path / "feedback.jsonl"
    done = run("--out", str(out), QA_CONVERSATIONS=str(file))
    assert done.exit_code == 0, done.output
    assert done.stderr.splitlines() == [
        f"3 questions in {out}, 1 ratings left out",
        "left out: 1: thumbs down without the right answer",
    ]
    found = load(out, strict=True)
    assert [q.kind for q in found.questions] == ["confirmed", "corrected", "unanswerable"]
    with live.current() as index:
        articles = {article.id: article for article in index.archive.articles()}
    findings = lint(found, articles)
    assert [f for f in findings if f.level == "error"] == []
    assert {f.check for f in findings} <= {"few-rows"}
    monkeypatch.setattr("qa.models.Embedder.open", lambda _: fake_embedder)
    result = evaluate(
        found, settings=settings, index=settings.index, out=tmp_path / "run", plan=Plan()
    )
    assert [row.error for row in result.rows] == [None, None, None]
    assert (result.measures["R@10"].value, result.measures["R@10"].n) == (1.0, 1)


def test_without_out_the_rows_are_printed(file: Path):
    done = run(QA_CONVERSATIONS=str(file))
    assert [json.loads(line)["kind"] for line in done.stdout.splitlines()] == [
        "confirmed",
        "corrected",
        "unanswerable",
    ]
    told = json.loads(run("--json", QA_CONVERSATIONS=str(file)).stdout)
    assert told["n"] == len(told["questions"]) == 3
    assert told["left_out"] == {"thumbs down without the right answer": 1}


def test_what_cannot_be_exported_is_said(file: Path, tmp_path: Path):
    missing = run(QA_CONVERSATIONS=str(tmp_path / "none"))
    assert "QA_CONVERSATIONS" in str(missing.exception)
    wrong = run("--out", str(tmp_path / "x.txt"), QA_CONVERSATIONS=str(file))
    assert isinstance(wrong.exception, QuestionError)
    assert ".jsonl" in str(wrong.exception)
