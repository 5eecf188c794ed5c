"""The benchmark against an afternoon's work: questions, rows on disk, measures, tables."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import pytest

from lab.benchmarks import baseline
from qa.errors import AnswerError, ModelError, QuestionError
from qa.evaluation.questions import question_from
from qa.settings import Settings
from tests.fakes import BagOfWords, Scripted

ARTICLES: list[dict[str, str]] = [
    {
        "id": "bridge",
        "title": "Kervalec bridge opens again",
        "date": "2019-03-15",
        "language": "en",
        "text": "The old bridge of Kervalec opened again on Thursday. Engineer Maëlle Tanguy led "
        "the works on the bridge, which took eighteen months.",
    },
    {
        "id": "lynx",
        "title": "Lynx seen near Sandmouth",
        "date": "2021-11-02",
        "language": "en",
        "text": "A lynx was photographed near Sandmouth on Monday. Biologist Ida Brandt says it "
        "came from the hills of Orm.",
    },
]
READERS: list[dict[str, Any]] = [
    {
        "id": "a",
        "kind": "simple",
        "lang": "en",
        "question": "Who led the works on the Kervalec bridge?",
        "answerable": True,
        "article_ids": ["bridge"],
        "nuggets": [
            {"any": ["Tanguy"], "vital": True},
            {"any": ["eighteen", "18"], "vital": False},
        ],
        "wrong": ["Ida Brandt"],
    },
    {
        "id": "b",
        "kind": "far",
        "lang": "en",
        "question": "Who lives on Mars?",
        "answerable": False,
        "article_ids": [],
        "nuggets": [],
        "wrong": ["Tanguy"],
    },
]
FOLLOW_UP: dict[str, Any] = {
    "id": "c",
    "kind": "followup",
    "question": "How long did the works on the bridge take?",
    "doc_ids": ["bridge"],
    "history": ["Who led the works on the bridge?", "Maëlle Tanguy led them [1]."],
    "nuggets": [{"any": ["eighteen months"], "vital": True}],
}
REPLY = "Engineer Maëlle Tanguy led the works on the bridge."


class Words(BagOfWords):
    def passages(self, texts: Sequence[str]) -> np.ndarray:
        return self.queries(texts)


class Home:
    """A folder to run in. `models` are those loaded so far, the assistant's first."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.out = path / "runs" / "run.jsonl"
        self.models: list[Scripted] = []
        self.settings: list[Settings] = []
        self.failure: Exception | None = None
        self._monkeypatch = monkeypatch

    def load(self, settings: Settings) -> Scripted:
        self.settings.append(settings)
        fails_after = None if self.failure is None else 0
        model = Scripted(reply=REPLY, fails_after=fails_after, failure=self.failure)
        self.models.append(model)
        return model

    def run(self, *options: str, files: Sequence[str] = ("readers.jsonl", "ours.jsonl")) -> None:
        arguments = ["baseline", *files, "--out", str(self.out), *options]
        self._monkeypatch.setattr(sys, "argv", arguments)
        baseline.main()

    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.read_text(encoding="utf-8").splitlines()]


def write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Two articles, three questions in two files, an empty cache, counting and scripted models."""
    home = Home(tmp_path, monkeypatch)
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda *a, **k: str(tmp_path / "cache"))
    monkeypatch.setattr("qa.models.embedder.Embedder.open", lambda settings: Words())
    monkeypatch.setattr("qa.models.llm.open_llm", home.load)
    monkeypatch.setattr(baseline, "open_llm", home.load)
    monkeypatch.setenv("QA_ABSTAIN_BELOW", "0")
    monkeypatch.setenv("QA_LLM", "scripted")
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "articles.jsonl", ARTICLES)
    write(tmp_path / "readers.jsonl", READERS)
    write(tmp_path / "ours.jsonl", [FOLLOW_UP])
    return home


ARTICLES_AT = ("--articles", "articles.jsonl")


def test_rows_of_a_readers_file_become_ours(home):
    a, b, c = baseline.chosen([Path("readers.jsonl"), Path("ours.jsonl")], None, 1)
    assert (a.kind, a.doc_ids, a.answerable) == ("simple", ("bridge",), True)
    assert (b.kind, b.doc_ids, b.answerable) == ("unanswerable far", (), False)
    assert c == question_from(FOLLOW_UP)
    drawn = [baseline.chosen([Path("readers.jsonl")], 1, seed)[0].id for seed in range(20)]
    assert drawn == [baseline.chosen([Path("readers.jsonl")], 1, seed)[0].id for seed in range(20)]
    assert set(drawn) == {"a", "b"}


def test_a_question_that_is_there_twice_is_named(home, capsys):
    twice = [Path("readers.jsonl"), Path("readers.jsonl")]
    assert len(baseline.chosen(twice, None, 1)) == 2
    assert "readers.jsonl, line 1: the id 'a' is that of" in capsys.readouterr().err


def test_all_systems_in_one_run(home, capsys):
    home.run(*ARTICLES_AT)
    rows = home.rows()
    assert [(row["id"], row["system"]) for row in rows] == [
        (id, system) for id in "abc" for system in ("ours", "quotes", "baseline")
    ]
    assert all(0 < row["first_s"] <= row["seconds"] for row in rows)
    assert all(row["error"] is None and row["llm"] == "scripted" and row["code"] for row in rows)
    ours, quotes, plain = rows[:3]
    assert "Maëlle Tanguy" in ours["answer"]
    assert (ours["abstained"], ours["answerer"]) == (False, "generative")
    assert ours["citations"][0]["article_id"] == "bridge"
    assert quotes["answerer"] == "extractive"
    assert quotes["citations"][0]["quote"] in ARTICLES[0]["text"]
    assert (plain["answer"], plain["abstained"]) == (REPLY, None)
    assert [citation["article_id"] for citation in plain["citations"]] == ["bridge", "lynx"]
    # Nobody is cut off on a busy machine.
    assert {settings.llm_timeout_s for settings in home.settings} == {baseline.TIMEOUT_S}
    shown = capsys.readouterr().out
    assert shown.startswith("3 of 3 questions, asked of all. rows: ours 3, quotes 3, baseline 3;")
    assert "## unanswerable far: 1 questions" in shown
    home.run("--report-only")
    assert capsys.readouterr().out == shown


def test_what_the_baseline_tells_the_model(home):
    home.run(*ARTICLES_AT, "--systems", "baseline")
    (model,) = home.models
    first, _, last = [str(messages[0].content) for (*messages,) in model.asked]
    texts = [f"{article['title']}\n\n{article['text']}" for article in ARTICLES]
    context = f"{baseline.INSTRUCTION}\n\nContext:\n{texts[0]}\n\n{texts[1]}\n\n"
    assert first == f"{context}Question: {READERS[0]['question']}"
    turns = "User: Who led the works on the bridge?\nAssistant: Maëlle Tanguy led them [1].\n"
    assert last.endswith(f"Conversation so far:\n{turns}\nQuestion: {FOLLOW_UP['question']}")


def test_what_is_there_is_not_asked_again(home, capsys):
    home.run(*ARTICLES_AT)
    whole = home.out.read_bytes()
    shown = capsys.readouterr().out
    lines = whole.splitlines(keepends=True)
    # Killed while it wrote the fifth row.
    home.out.write_bytes(b"".join(lines[:4]) + lines[4][:30])
    home.models.clear()
    home.run("--report-only")
    assert capsys.readouterr().out.startswith("1 of 3 questions, asked of all. rows: ours 2, ")
    assert home.out.read_bytes().endswith(lines[4][:30])
    home.run(*ARTICLES_AT)
    assert [len(model.asked) for model in home.models] == [1, 2]
    assert [(r["id"], r["system"]) for r in home.rows()] == [
        (r["id"], r["system"]) for r in map(json.loads, lines)
    ]
    again = capsys.readouterr().out
    assert again.splitlines()[0] == shown.splitlines()[0]
    home.models.clear()
    home.run(*ARTICLES_AT)
    assert home.models == []
    assert capsys.readouterr().out == again


def test_an_error_is_the_worst_answer_and_is_asked_again(home, capsys):
    home.failure = AnswerError("no memory")
    home.run(*ARTICLES_AT, "--systems", "baseline")
    assert [row["error"] for row in home.rows()] == ["no memory"] * 3
    shown = capsys.readouterr().out
    assert "errors: 3" in shown
    assert "| VitalRecall | 2 | 0.000 [0.000, 0.000] |" in shown
    assert "| WrongOnly | 3 | 1.000 [1.000, 1.000] |" in shown
    assert "| abstained, answerable | 2 | 1.000 [1.000, 1.000] |" in shown
    assert "words" not in shown
    home.failure = None
    home.run(*ARTICLES_AT, "--systems", "baseline")
    assert len(home.rows()) == 6
    assert "errors: 0" in capsys.readouterr().out


def test_without_a_language_model_nothing_is_compared(home):
    with pytest.raises(ModelError, match="set --llm"):
        home.run(*ARTICLES_AT, "--llm", "none")
    assert not home.out.exists() or not home.rows()
    home.run(*ARTICLES_AT, "--systems", "quotes")
    assert home.models == []
    with pytest.raises(QuestionError, match="no question that every system was asked"):
        home.run("--report-only", "--systems", "ours")


def row(**values: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {"error": None, "abstained": None, "citations": []}
    return {**plain, "first_s": 1.0, "seconds": 2.0, "llm": "m", "code": "c", **values}


def test_measures_by_hand(home):
    a, b, _ = baseline.chosen([Path("readers.jsonl"), Path("ours.jsonl")], None, 1)
    quotes = [{"quote": "It took eighteen months.", "article_id": "bridge"}]
    assert baseline.graded(a, row(answer="She was Tanguy.", citations=quotes)) == {
        "NuggetRecall": 0.5,
        "VitalRecall": 1,
        "AllVital": 1,
        "NuggetRecallQuoted": 1,
        "VitalRecallQuoted": 1,
        "AllVitalQuoted": 1,
        "WrongOnly": 0,
        "abstained, answerable": 0,
        "words": 3,
        "AnswerLanguage": 1,
        "ModelsWords": 1,
        "first_s": 1,
        "seconds": 2,
    }
    # The baseline has said it, whatever the phrases make of it; with a flag it has said nothing.
    text = "The context does not say when Tanguy came."
    for flag, recall in ((None, 1), (True, 0)):
        found = baseline.graded(a, row(answer=text, abstained=flag))
        assert (found["VitalRecall"], found["abstained, answerable"]) == (recall, 1)
        assert "AnswerLanguage" not in found
    found = baseline.graded(b, row(answer="Tanguy lives there.", answerer="extractive"))
    assert (found["WrongOnly"], found["abstained, unanswerable"], found["ModelsWords"]) == (1, 0, 0)


def test_the_tables(home, capsys):
    said = {
        ("ours", "a"): row(answer="Tanguy did, in eighteen months.", abstained=False),
        ("ours", "b"): row(answer="The articles do not tell.", abstained=True),
        ("ours", "c"): row(answer="It took eighteen months.", abstained=False),
        ("baseline", "a"): row(answer="Ida Brandt.", first_s=8, seconds=9),
        ("baseline", "b"): row(answer="I do not know.", first_s=8, seconds=9),
    }
    home.out.parent.mkdir()
    write(home.out, [{"system": s, "id": id, **values} for (s, id), values in said.items()])
    home.run("--report-only")
    counted = "rows: ours 3, quotes 0, baseline 2; errors: 0; models: m; code: c"
    assert capsys.readouterr().out.split("\n## simple")[0].splitlines() == [
        f"2 of 3 questions, asked of all. {counted}",
        "",
        "## All: 2 questions",
        "",
        "|  | n | ours | baseline | ours − baseline |",
        "|---|---|---|---|---|",
        "| NuggetRecall | 1 | 1.000 [1.000, 1.000] | 0.000 [0.000, 0.000] |  |",
        *(
            f"| {x} | 1 | 1.000 [1.000, 1.000] | 0.000 [0.000, 0.000] | +1.000 [+1.000, +1.000] |"
            for x in ("VitalRecall", "AllVital")
        ),
        "| VitalRecallQuoted | 1 | 1.000 [1.000, 1.000] | 0.000 [0.000, 0.000] |  |",
        "| WrongOnly | 2 | 0.000 [0.000, 0.000] | 0.500 [0.000, 1.000] |  |",
        "| abstained, answerable | 1 | 0.000 [0.000, 0.000] | 0.000 [0.000, 0.000] |  |",
        "| abstained, unanswerable | 1 | 1.000 [1.000, 1.000] | 1.000 [1.000, 1.000] |  |",
        "| AnswerLanguage | 1 | 1.000 [1.000, 1.000] | 1.000 [1.000, 1.000] |  |",
        "| ModelsWords | 1 | 1.000 [1.000, 1.000] | 1.000 [1.000, 1.000] |  |",
        "| words | 2 | 5.00 [5.00, 5.00] | 3.00 [2.00, 4.00] |  |",
        "| first word, s, p50 | 2 | 1.00 [1.00, 1.00] | 8.00 [8.00, 8.00] |  |",
        "| first word, s, p95 | 2 | 1.00 [1.00, 1.00] | 8.00 [8.00, 8.00] |  |",
        "| in all, s, p50 | 2 | 2.00 [2.00, 2.00] | 9.00 [9.00, 9.00] |  |",
        "| in all, s, p95 | 2 | 2.00 [2.00, 2.00] | 9.00 [9.00, 9.00] |  |",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "I do not know.",
        "I'm sorry, but I don't know who lives on Mars.",
        "The context provided does not mention the bridge.",
        "The provided articles don't say.",
        "That is not specified in the given text.",
        "There is no information about this.",
        "It is not possible to determine this from the context.",
        "The question cannot be answered.",
        "Je ne sais pas.",
        "Le contexte fourni ne permet pas de répondre.",
        "Les articles ne le disent pas.",
        "Le texte ne contient aucune information sur le pont.",
        "Cela n’est pas précisé dans le contexte.",
        "Il est impossible de répondre à cette question.",
    ],
)
def test_it_says_that_it_does_not_know(text):
    assert baseline.admits(text)


@pytest.mark.parametrize(
    "text",
    [
        REPLY,
        "The ministry did not say how many men there were.",
        "The mayor does not want cars on the bridge.",
        "According to the context, the port did not open.",
        "Le maire ne veut pas de voitures.",
        "Selon le texte, la mairie ne donne pas de date.",
        "Les travaux n'ont pas encore commencé.",
        "Maëlle Tanguy led the works. " * 8 + "I do not know more.",
    ],
)
def test_it_says_something_else(text):
    assert not baseline.admits(text)
