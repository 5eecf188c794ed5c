"""Synth: drafts by a scripted model; what does not stand in the sentence is refused."""

from __future__ import annotations

import json
from itertools import islice

import pytest

from qa.documents.article import Article
from qa.errors import AnswerError, QuestionError
from qa.evaluation import load
from qa.evaluation.lint import lint
from qa.evaluation.synth import drafts
from tests.evaluation.conftest import write_jsonl
from tests.fakes import Scripted

QUOTE = "Engineer Maëlle Tanguy led the works on the bridge of Kervalec for eighteen months."
ARTICLE = Article.create(
    id="bridge",
    title="The bridge",
    text=f"It rained all day in the west. {QUOTE} All were glad.",
    language="en",
    origin="test",
)
ARTICLES = {"bridge": ARTICLE}
ASKED = "Which engineer was in charge at Kervalec?"


def drafted(reply: str):
    """All drafts when the model always says the same."""
    return list(drafts(ARTICLES, Scripted(reply=reply)))


def test_a_draft_is_marked_and_passes_the_linter(tmp_path):
    [draft] = drafted(f"QUESTION: {ASKED}\nANSWER: Maëlle Tanguy")

    assert draft.refused is None
    row = draft.to_json()
    assert (row["draft"], row["quote"], row["answers"]) == (True, QUOTE, ["Maëlle Tanguy"])
    path = write_jsonl(tmp_path / "drafts.jsonl", [row])
    with pytest.raises(QuestionError, match="still a draft"):
        load(path)
    del row["draft"]
    accepted = load(write_jsonl(path, [row]))
    assert accepted.questions[0].text == ASKED
    assert [f.check for f in lint(accepted, ARTICLES)] == ["few-rows"]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("I would rather not.", "did not keep to the form"),
        (f"QUESTION: {ASKED}\nANSWER: Yann Le Goff", "'Yann Le Goff' is not in the sentence"),
        ("QUESTION: What did Maëlle Tanguy do?\nANSWER: Tanguy", "the question says its answer"),
        (f"QUESTION: {ASKED}\nANSWER: {QUOTE}", "its answer is most of the sentence"),
        ("QUESTION: And who led them?\nANSWER: Maëlle Tanguy", "says too little"),
    ],
)
def test_what_is_refused(reply, reason):
    [draft] = drafted(reply)
    assert reason in str(draft.refused)


def test_a_model_that_fails_is_a_refusal_and_not_the_end():
    model = Scripted(reply="QUESTION: x", fails_after=1, failure=AnswerError("too slow"))
    assert [draft.refused for draft in drafts(ARTICLES, model)] == ["too slow"]


def test_articles_take_turns_and_the_seed_decides():
    many = {
        name: Article.create(
            id=name,
            text=" ".join(f"{name.title()} Number {n} {QUOTE}" for n in range(3)),
            language="en",
            origin="test",
        )
        for name in ("one", "two")
    }
    model = Scripted(reply="no")

    first = list(islice(drafts(many, model), 4))

    assert first[0].article != first[1].article
    assert {d.article.id for d in first[:2]} == {"one", "two"}
    again = [(d.article.id, d.quote) for d in islice(drafts(many, model), 4)]
    assert again == [(d.article.id, d.quote) for d in first]
    other = [(d.article.id, d.quote) for d in islice(drafts(many, model, seed=3), 4)]
    assert other != again
    assert list(drafts(many, model, language="fr")) == []


def test_the_command_writes_them_and_says_how_many(bench, tmp_path, monkeypatch, capsys):
    from qa import cli

    corpus = tmp_path / "a.jsonl"
    corpus.write_text(json.dumps({"id": "bridge", "text": ARTICLE.text, "language": "en"}))
    model = Scripted(reply=f"QUESTION: {ASKED}\nANSWER: Maëlle Tanguy")
    monkeypatch.setattr("qa.models.llm.open_llm", lambda settings: model)
    out = tmp_path / "drafts.jsonl"
    monkeypatch.setattr("sys.argv", ["qa", "synth", str(out), "--corpus", str(corpus), "-n", "5"])

    with pytest.raises(SystemExit) as exit:
        cli.main()

    assert exit.value.code == 0
    assert capsys.readouterr().out.startswith(f"1 drafts in {out}, 0 refused.")
    assert json.loads(out.read_text())["draft"] is True
