"""Rows: one a question, the result that everything else is a view of; written as they come.

A file of rows is JSONL. Killed while writing, it ends in half a line, which reading leaves out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from qa.errors import QuestionError


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one question.

    Attributes:
        id, question, lang, kind, history, answers, doc_ids: as in the question set.
        answerable: see `GoldQuestion.answerable`.
        month: YYYY-MM of the question, else of its first gold article; None when unknown.
        scores: measure → value in [0, 1]; a measure that does not apply is not there.
        answer, language, abstained, reason, answerer, confidence: the assistant's; None or empty
            when only retrieval was asked. When the assistant failed, `abstained` and
            `confidence` are whatever is wrong for the question.
        citations: n, article_id, title, start, end, quote.
        hits: chunk_id, article_id, title, score: the first ten chunks and the first chunk of
            each of the first ten articles.
        timings_ms: by stage, and `wall`, measured from outside.
        tokens: prompt and completion.
        error: what went wrong, None when nothing did.
    """

    id: str
    question: str
    lang: str | None
    kind: str | None
    history: tuple[str, ...]
    answers: tuple[str, ...]
    doc_ids: tuple[str, ...]
    answerable: bool | None
    month: str | None
    scores: Mapping[str, float]
    answer: str = ""
    language: str | None = None
    abstained: bool | None = None
    reason: str | None = None
    answerer: str | None = None
    confidence: float | None = None
    citations: tuple[Mapping[str, Any], ...] = ()
    hits: tuple[Mapping[str, Any], ...] = ()
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    tokens: Mapping[str, int] = field(default_factory=dict)
    error: str | None = None

    @property
    def right(self) -> bool | None:
        """Whether the answer has the gold answer, else all vital nuggets; None without either."""
        score = self.scores.get("GoldInAnswer", self.scores.get("AllVital"))
        return None if score is None else score == 1


def line_of(row: Row) -> str:
    """A row as a line of the file."""
    return json.dumps(asdict(row), ensure_ascii=False, sort_keys=True) + "\n"


def read_rows(path: Path) -> list[Row]:
    """The rows of a file; the half line of a killed run is left out.

    Raises:
        QuestionError: another line makes no sense, or there is no file.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as exc:
        raise QuestionError(f"{path} cannot be read: {exc.strerror or exc}.") from exc
    rows = []
    for number, line in enumerate(lines[:-1], 1):
        try:
            values: dict[str, Any] = {
                k: tuple(v) if isinstance(v, list) else v for k, v in json.loads(line).items()
            }
            rows.append(Row(**values))
        except (ValueError, TypeError, AttributeError) as exc:
            raise QuestionError(f"{path}, line {number} is no row of a run ({exc}).") from exc
    return rows
