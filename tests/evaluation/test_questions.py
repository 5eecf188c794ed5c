"""Question sets: four formats that say the same, and broken files with a reason each."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from qa.errors import QuestionError
from qa.evaluation import load
from qa.evaluation.nuggets import Nugget
from qa.evaluation.questions import fingerprint, question_from
from tests.evaluation.conftest import write_jsonl

GOOD: dict[str, object] = {
    "id": "a",
    "question": "Who led the works?",
    "answers": ["Tanguy"],
    "doc_ids": ["pont"],
}


def packed(path: Path) -> Path:
    """The file, compressed."""
    target = path.with_name(f"{path.name}.gz")
    target.write_bytes(gzip.compress(path.read_bytes()))
    return target


def test_our_own_format_with_everything(tmp_path):
    row: dict[str, object] = {
        **GOOD,
        "lang": "FR",
        "kind": "multi",
        "history": ["Hello?", "Hello."],
        "facts": ["Tanguy led."],
        "date": "2017-01",
        "filters": {"since": "2016", "sources": ["RFI"]},
        "split": "dev",
    }
    path = write_jsonl(tmp_path / "q.jsonl", [row, {"question": "And then?"}])

    first, second = load(path).questions

    assert (first.lang, first.kind, first.history) == ("fr", "multi", ("Hello?", "Hello."))
    assert first.needs_all
    assert first.filters.sources == ("RFI",)
    assert first.gold == {"pont": 1}
    assert len(second.id) == 12
    assert second.answerable is None
    assert load(packed(path)).questions == load(path).questions


def test_nuggets_and_wrong_strings(tmp_path):
    nuggets = [{"any": ["Tanguy", "^she"], "vital": True}, {"any": ["2017"], "vital": False}]
    rows: list[dict[str, object]] = [
        {"question": "Who led?", "nuggets": nuggets, "wrong": ["Dupont"]},
        {"question": "Who paid?", "kind": "unanswerable", "nuggets": [], "wrong": []},
        {"question": "Who came?", "answers": ["Tanguy"]},
    ]
    path = write_jsonl(tmp_path / "q.jsonl", rows)

    found = load(path)

    first, empty, without = found.questions
    assert first.nuggets == (
        Nugget(("Tanguy", "^she"), vital=True),
        Nugget(("2017",), vital=False),
    )
    assert (first.wrong, first.answerable) == (("Dupont",), True)
    assert [q.judged for q in found.questions] == [True, True, False]
    assert [question_from(q.to_json()) for q in found.questions] == [first, empty, without]
    assert "wrong" not in without.to_json()
    write_jsonl(path, [{**rows[0], "wrong": ["Durand"]}, *rows[1:]])
    assert fingerprint(load(path).questions) != fingerprint(found.questions)


def test_nuggets_in_a_table(tmp_path):
    path = tmp_path / "q.tsv"
    nuggets = '[{"any": ["Tanguy"], "vital": true}]'
    quoted = nuggets.replace('"', '""')
    path.write_text(f'question\twrong\tnuggets\nWho?\tDupont|Durand\t"{quoted}"\n')

    (question,) = load(path).questions

    assert question.wrong == ("Dupont", "Durand")
    assert question.nuggets == (Nugget(("Tanguy",), vital=True),)


@pytest.mark.parametrize(
    ("kind", "unanswerable"),
    [
        ("unanswerable", True),
        ("temporal-unanswerable", True),
        ("unanswerable-goldremoved", True),
        ("answerable", False),
        (None, False),
    ],
)
def test_which_kinds_expect_an_abstention(tmp_path, kind, unanswerable):
    path = write_jsonl(tmp_path / "q.jsonl", [{**GOOD, "kind": kind}])
    assert load(path).questions[0].unanswerable is unanswerable


@pytest.mark.parametrize("name", ["q.csv", "q.tsv"])
def test_tables(tmp_path, name):
    tab = "\t" if name.endswith("tsv") else ","
    lines = [
        ["ID", "question", "answers", "doc_ids", "lang", "note"],
        ["a", '"Who ""led"" it?"', '"Tanguy|M. Tanguy"', "pont", "en", "x"],
        ["b", "When?", '"[""a|b""]"', "", "", ""],
    ]
    path = tmp_path / name
    path.write_text("\n".join(tab.join(cells) for cells in lines), encoding="utf-8-sig")

    for first, second in (load(path).questions, load(packed(path)).questions):
        assert first.text == 'Who "led" it?'
        assert first.answers == ("Tanguy", "M. Tanguy")
        assert first.doc_ids == ("pont",)
        assert second.answers == ("a|b",)
        assert second.lang is None


def squad(*questions: object) -> dict[str, Any]:
    """A SQuAD file of one paragraph."""
    paragraph = {"context": "Tanguy led the works.", "qas": list(questions)}
    return {"data": [{"title": "The_bridge", "paragraphs": [paragraph, paragraph]}]}


def test_squad(tmp_path):
    answers = [{"text": "Tanguy", "answer_start": 0}, {"text": "Tanguy", "answer_start": 0}]
    path = tmp_path / "dev.json"
    data = squad(
        {"id": "a", "question": "Who led?", "answers": answers, "is_impossible": False},
        {"id": "b", "question": "Who paid?", "answers": [], "is_impossible": True},
    )
    data["data"][0]["paragraphs"][1] = {"context": "Other.", "qas": []}
    path.write_text(json.dumps(data))

    found = load(path)

    first, second = found.questions
    assert (first.answers, first.doc_ids) == (("Tanguy",), ("The_bridge#0",))
    assert second.unanswerable
    assert found.documents is not None
    assert [d["id"] for d in found.documents] == ["The_bridge#0", "The_bridge#1"]


BEIR = {
    "queries.jsonl": '{"_id": "q1", "text": "Who led?"}\n{"_id": "q2", "text": "Why?"}\n',
    "corpus.jsonl": '{"_id": "d1", "title": "T", "text": "Tanguy led."}\n'
    '{"_id": "d2", "title": "", "text": "Nobody."}\n',
    "qrels/test.tsv": "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\n",
}


def beir(folder: Path, parts: Mapping[str, str] = BEIR) -> Path:
    """A BEIR folder; a part given as "" is left out."""
    (folder / "qrels").mkdir(parents=True)
    for name, text in {**BEIR, **parts}.items():
        if text:
            (folder / name).write_text(text)
    return folder


def test_beir(tmp_path):
    found = load(beir(tmp_path / "set"))

    assert [question.id for question in found.questions] == ["q1"]
    assert found.questions[0].gold == {"d1": 2}
    assert found.documents is not None
    assert found.documents[0] == {"id": "d1", "title": "T", "text": "Tanguy led."}


def test_bad_rows_are_told_and_the_others_kept(tmp_path):
    path = tmp_path / "q.jsonl"
    path.write_text(f"{json.dumps(GOOD)}\n\nnot json\n{json.dumps(GOOD)}\n")

    found = load(path)

    assert len(found.questions) == 1
    assert [str(problem) for problem in found.problems] == [
        "line 3: not valid JSON (Expecting value at column 1)",
        "line 4: the id 'a' is that of line 1 already",
    ]
    with pytest.raises(QuestionError, match=r"line 3: not valid JSON.*1 more rows are bad"):
        load(path, strict=True)


ROW = json.dumps(GOOD)
BROKEN = {
    "missing.jsonl": (None, "there is no question file"),
    "words.docx": ("x", r"no reader.*\.jsonl"),
    "empty.jsonl": ("", "is empty"),
    "blank.csv": (" \n\n", "is empty"),
    "plain.jsonl.gz": (ROW, "not a valid gzip file"),
    "cut.jsonl.gz": (gzip.compress(ROW.encode() * 50)[:-20], "cut off or damaged"),
    "latin.jsonl": ('{"question": "Où est-il né ?"}'.encode("latin-1"), "not UTF-8 text .line 1"),
    "binary.csv": (b"\x00\xff\xfe\x01", "not UTF-8"),
    "list.jsonl": ("[1, 2]", "line 1: expected an object"),
    "half.jsonl": (ROW[:-10], "line 1: not valid JSON"),
    "deep.jsonl": ("[" * 100_000, "line 1: not usable JSON"),
    "nothing.jsonl": ('{"id": "a"}', "'question' is missing"),
    "number.jsonl": ('{"question": 7}', "'question' should be text"),
    "mark.jsonl": ('{"question": "?!"}', "'question' is missing or empty"),
    "answer.jsonl": ('{"question": "Who?", "answers": "Tanguy"}', "'answers' should be a list"),
    "hollow.jsonl": ('{"question": "Who?", "answers": [" "]}', "'answers' holds an empty text"),
    "history.jsonl": ('{"question": "Who?", "history": [{}]}', "'history' should be a list"),
    "date.jsonl": ('{"question": "Who?", "date": "May"}', "'date': 'May' is not a date"),
    "filters.jsonl": ('{"question": "Who?", "filters": {"from": 1}}', "'filters' should be"),
    "window.jsonl": (
        '{"question": "Who?", "filters": {"since": "2018", "until": "2017"}}',
        "the window",
    ),
    "draft.jsonl": ('{"question": "Who?", "draft": true}', "still a draft"),
    "twice.jsonl": ('{"question": "Who?", "doc_ids": ["a", "a"]}', "names an article twice"),
    "nugget.jsonl": ('{"question": "Who?", "nuggets": ["Tanguy"]}', "a nugget should be an object"),
    "nuggets.jsonl": ('{"question": "Who?", "nuggets": {}}', "'nuggets' should be a list"),
    "vital.jsonl": (
        '{"question": "Who?", "nuggets": [{"any": ["Tanguy"], "vital": 1}]}',
        "'vital', true or false",
    ),
    "any.jsonl": ('{"question": "Who?", "nuggets": [{"any": [], "vital": true}]}', "no text in"),
    "texts.jsonl": (
        '{"question": "Who?", "nuggets": [{"any": "Tanguy", "vital": true}]}',
        "'any' should be a list of texts",
    ),
    "caret.jsonl": (
        '{"question": "Who?", "nuggets": [{"any": ["^"], "vital": true}]}',
        "leaves nothing to look for",
    ),
    "novital.jsonl": (
        '{"question": "Who?", "nuggets": [{"any": ["Tanguy"], "vital": false}]}',
        "none of the 'nuggets' is vital",
    ),
    "wrong.jsonl": ('{"question": "Who?", "wrong": "Dupont"}', "'wrong' should be a list"),
    "stars.jsonl": ('{"question": "Who?", "wrong": ["**"]}', "leaves nothing to look for"),
    "lines.json": (f"{ROW}\n{ROW}", r"not valid JSON.*should end in \.jsonl"),
    "other.json": ('{"version": 2}', "'data' is missing; expected SQuAD"),
    "context.json": ('{"data": [{"title": "T", "paragraphs": [{}]}]}', "'T' has no context"),
    "noanswer.json": (json.dumps(squad({"id": "a", "question": "Who?"})), "there is no answer"),
    "columns.csv": ("id,text\na,Who?\n", "no column 'question'"),
    "same.csv": ("question,question\na,b\n", "two columns named 'question'"),
    "long.csv": ("question\nWho,led?\n", "line 2: 2 cells for 1 columns"),
    "quote.csv": ('question\n"Who" led?\n', "not a table"),
    "cell.tsv": ("question\tanswers\nWho?\t[1,\n", "begins like a JSON list"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_gets_a_sentence_and_exit_code_1(tmp_path, monkeypatch, capsys, name):
    from qa import cli

    content, expected = BROKEN[name]
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(QuestionError, match=expected) as raised:
        load(path)
    assert str(path) in str(raised.value)

    monkeypatch.setattr("sys.argv", ["qa", "eval", str(path)])
    with pytest.raises(SystemExit) as exit:
        cli.main()
    said = capsys.readouterr()
    assert exit.value.code == 1
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"corpus.jsonl": ""}, "a folder without corpus.jsonl"),
        ({"qrels/test.tsv": ""}, "has no qrels/test.tsv"),
        ({"qrels/test.tsv": "q9\td1\t1\n"}, "judges the query 'q9'"),
        ({"qrels/test.tsv": "q1\td9\t1\n"}, "judges the document 'd9'"),
        ({"qrels/test.tsv": "q1 d1 1\n"}, "line 1: expected query-id"),
        ({"qrels/test.tsv": "q1\td1\t0\n"}, "holds no question"),
        ({"queries.jsonl": '{"text": "Who?"}\n'}, "line 1: '_id' and 'text'"),
    ],
)
def test_broken_beir_folders(tmp_path, parts, expected):
    with pytest.raises(QuestionError, match=expected):
        load(beir(tmp_path / "set", parts))


def test_wrong_usage_is_exit_code_2(tmp_path):
    from qa.cli.commands import app

    path = str(write_jsonl(tmp_path / "q.jsonl", [GOOD]))
    for arguments in (
        ["eval", path, "--gate", "R@5=>1"],
        ["eval", path, "--gate", "R@7>=1"],
        ["eval", path, "--mode", "dense"],
        ["eval", path, "--index", "a", "--corpus", "b"],
    ):
        assert CliRunner().invoke(app, arguments).exit_code == 2
