"""A quote that its outlet has corrected is shown beside what it said before."""

from __future__ import annotations

import json
from pathlib import Path

from qa.conversations.answer_json import from_document, to_document
from qa.index.build import index_paths
from qa.index.live import LiveIndex
from qa.pipeline import build
from qa.search.retriever import HybridRetriever
from qa.settings import Settings
from qa.types import Answer, Correction, Question
from tests.fakes import BagOfWords

WRONG = "The Kervalec bridge cost 3 million euros. The mayor opens it on Thursday."
RIGHT = WRONG.replace("3 million", "5 million")
QUESTION = Question("How many million euros did the Kervalec bridge cost?")


def asked(tmp_path: Path, text: str) -> tuple[Answer, LiveIndex]:
    """The answer once the file says so."""
    file = tmp_path / "bridge.jsonl"
    file.write_text(json.dumps({"id": "7", "title": "Bridge", "text": text}), encoding="utf-8")
    settings = Settings(index=tmp_path / "index", abstain_below=0.0)
    index_paths([file], settings, BagOfWords())
    index = LiveIndex(settings.index, BagOfWords(), settings)
    retriever = HybridRetriever(index=index, embedder=BagOfWords())
    return build(retriever, lambda: None, settings).invoke(QUESTION), index


def test_the_answer_shows_what_was_corrected_and_when(tmp_path: Path):
    first, index = asked(tmp_path, WRONG)
    index.close()
    assert [citation.correction for citation in first.citations] == [None] * len(first.citations)
    second, index = asked(tmp_path, RIGHT)
    index.close()
    [change] = [c.correction for c in second.citations if "5 million" in c.quote]
    assert change is not None
    assert (change.before, change.after) == (
        "The Kervalec bridge cost 3 million euros.",
        "The Kervalec bridge cost 5 million euros.",
    )
    assert change.day is not None
    [shown] = [c for c in second.to_json()["citations"] if "5 million" in c["quote"]]
    assert shown["correction"] == {
        "before": change.before,
        "after": change.after,
        "day": change.day,
    }
    others = [c.correction for c in second.citations if "5 million" not in c.quote]
    assert others == [None] * len(others)


def test_a_kept_answer_shows_its_quote_and_what_the_article_says_now(tmp_path: Path):
    first, index = asked(tmp_path, WRONG)
    index.close()
    document = json.loads(json.dumps(to_document(first)))
    _, index = asked(tmp_path, RIGHT)
    with index.current() as opened:
        restored = from_document(document, opened.archive.article)
    index.close()
    assert restored.stale
    [old] = [c for c in restored.answer.citations if "3 million" in c.quote]
    now = "The Kervalec bridge cost 5 million euros."
    assert old.correction == Correction(old.quote, now)
    again = from_document(json.loads(json.dumps(to_document(restored.answer))), lambda _: None)
    [kept] = [c for c in again.answer.citations if "3 million" in c.quote]
    assert kept.correction == old.correction
