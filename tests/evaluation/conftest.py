"""A small corpus with questions, asked through the real pipeline with a counting embedder."""

from __future__ import annotations

import json
from pathlib import Path

import platformdirs
import pytest

from qa.settings import Settings
from tests.fakes import BagOfWords, write_articles

QUESTIONS: list[dict[str, object]] = [
    {
        "id": "cost",
        "question": "Combien ont coûté les travaux du pont de Kervalec ?",
        "answers": ["4,2 millions d'euros"],
        "doc_ids": ["pont"],
        "lang": "fr",
        "kind": "factoid",
    },
    {
        "id": "who",
        "question": "Who led the works on the Kervalec bridge?",
        "answers": ["Maëlle Tanguy"],
        "doc_ids": ["bridge", "pont"],
        "facts": ["Engineer Maëlle Tanguy led the works, which took eighteen months."],
        "lang": "en",
        "kind": "factoid",
    },
    {
        "id": "lynx",
        "question": "Which biologist spoke about the lynx near Sandmouth?",
        "answers": ["Ida Brandt"],
        "doc_ids": ["lynx"],
        "lang": "en",
        "kind": "factoid",
    },
    {
        "id": "vases",
        "question": "Combien de vases montre le musée du verre de Lanvollon ?",
        "answers": ["600"],
        "doc_ids": ["musee"],
        "lang": "fr",
        "kind": "factoid",
    },
    {
        "id": "none",
        "question": "How many elephants live in the zoo of Zanzibar?",
        "answers": [],
        "lang": "en",
        "kind": "unanswerable",
    },
    {
        "id": "follow-up",
        "question": "Et qui a dirigé le chantier ?",
        "answers": ["Maëlle Tanguy"],
        "doc_ids": ["pont"],
        "lang": "fr",
        "kind": "follow-up",
        "history": ["Quand le pont de Kervalec a-t-il rouvert ?", "Jeudi."],
    },
]


def write_jsonl(path: Path, rows: list[dict[str, object]]) -> Path:
    """A file with one object a line."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def bench(tmp_path, monkeypatch):
    """Settings for a machine with a counting embedder, no language model and an empty cache."""
    monkeypatch.setattr("qa.models.embedder.Embedder.open", lambda settings: BagOfWords())
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda *a, **k: str(tmp_path / "cache"))
    monkeypatch.setenv("QA_LLM", "none")
    monkeypatch.setenv("QA_INDEX", str(tmp_path / "index"))
    monkeypatch.setenv("QA_ABSTAIN_BELOW", "0.2")
    monkeypatch.chdir(tmp_path)
    return Settings.load()


@pytest.fixture
def corpus(tmp_path):
    """The articles."""
    return write_articles(tmp_path / "articles")


@pytest.fixture
def questions(tmp_path):
    """The questions about them."""
    return write_jsonl(tmp_path / "questions.jsonl", QUESTIONS)
