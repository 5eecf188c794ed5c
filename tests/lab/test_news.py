"""The questions that ship and those about real news."""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from lab.benchmarks import news
from qa.evaluation.questions import load
from tests import ROOT

SHIPPED = ROOT / "corpus" / "questions.jsonl"


def test_the_shipped_questions_are_those_that_are_described():
    rows = [json.loads(line) for line in SHIPPED.read_text(encoding="utf-8").splitlines()]
    near = {True: ", near", False: ", far", None: ""}
    counts = Counter((row["kind"] + near[row.get("near")], row["lang"]) for row in rows)
    described = re.findall(
        r"^\| ([\w, -]+) \|.*\| (\d+) \| (\d+) \| (\d+) \|$",
        (ROOT / "docs" / "corpus.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    *kinds, every = ((name, int(fr), int(en)) for name, fr, en, _ in described)
    assert all(int(fr) + int(en) == int(total) for _, fr, en, total in described)
    assert {(n, k): v for n, fr, en in kinds for k, v in (("fr", fr), ("en", en))} == counts
    assert every == ("all", 110, 110)
    assert len(load(SHIPPED, strict=True).questions) == 220


def test_the_questions_about_news_name_articles_of_the_list():
    ids = news.IDS.read_text(encoding="utf-8").split()
    questions = load(news.QUESTIONS, strict=True).questions
    assert (len(ids), len(set(ids)), len(questions)) == (140, 140, 72)
    assert {id for question in questions for id in question.doc_ids} <= set(ids)
    assert all(question.judged for question in questions)


@pytest.fixture
def sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two sets; the list has an article of each, the second set's first."""
    rows = {"a": {"id": "a1", "text": "One.", "date": None, "more": 1}, "b": {"id": "b1"}}
    for name, row in rows.items():
        (tmp_path / name).mkdir()
        line = json.dumps(row) + '\n{"id": "other"}\n'
        (tmp_path / name / "docs.jsonl.gz").write_bytes(gzip.compress(line.encode()))
    (tmp_path / "ids.txt").write_text("b1\na1\n", encoding="utf-8")
    monkeypatch.setattr(news, "SETS", tuple(rows))
    monkeypatch.setattr(news, "IDS", tmp_path / "ids.txt")
    return tmp_path


def test_the_articles_are_written_in_the_order_of_the_list(
    sets: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys, "argv", ["news", str(sets), str(sets / "out.jsonl")])
    news.main()
    assert (sets / "out.jsonl").read_text() == '{"id": "b1"}\n{"id": "a1", "text": "One."}\n'


def test_a_missing_article_or_set_is_said(sets: Path, monkeypatch: pytest.MonkeyPatch):
    (sets / "ids.txt").write_text("b1 a1 c1", encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["news", str(sets), str(sets / "out.jsonl")])
    with pytest.raises(SystemExit, match=r"^error: 1 of 3 articles are in no set .*: c1$"):
        news.main()
    (sets / "b" / "docs.jsonl.gz").unlink()
    with pytest.raises(SystemExit, match=r"^error: there is no .*b/docs\.jsonl\.gz$"):
        news.main()
    assert not (sets / "out.jsonl").exists()
