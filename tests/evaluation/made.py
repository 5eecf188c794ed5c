"""Rows and results made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qa.evaluation import Result, Row

RUN: dict[str, Any] = {
    "questions": {"name": "made.jsonl", "fingerprint": "f" * 16, "n": 4, "of": 4, "bad_rows": 0},
    "mode": "answers",
    "settings": {"answerer": "extractive"},
    "models": {
        "embedder": {"name": "words", "fingerprint": "0" * 64, "runtime": "none"},
        "llm": None,
    },
    "index": {"counts": {"articles": 2, "chunks": 3}},
    "code": {"version": "0", "fingerprint": "c" * 16},
    "machine": {"cores": 2, "system": "none", "jobs": 1},
    "seconds": 1.5,
    "asked": 4,
    "started": "2017-01-13T00:00:00Z",
}


def row(id: str, scores: Mapping[str, float] | None = None, **fields: Any) -> Row:
    """An answered, answerable question, unless the fields say otherwise."""
    known: dict[str, Any] = {
        "id": id,
        "question": f"What is {id}?",
        "lang": "en",
        "kind": "factoid",
        "history": (),
        "answers": ("gold",),
        "doc_ids": ("d1",),
        "answerable": True,
        "month": None,
        "scores": dict(scores or {}),
        "answer": "It is gold [1].",
        "language": "en",
        "abstained": False,
        "answerer": "generative",
        "confidence": 0.8,
        "timings_ms": {"wall": 10.0},
    }
    return Row(**{**known, **fields})


def result(rows: Sequence[Row]) -> Result:
    """Those rows as a run."""
    return Result.of(rows, RUN)
