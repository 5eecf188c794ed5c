"""Questions to start with, chosen from the question set that lies beside the corpus.

Shown only when the articles that answer them are in the index.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from qa.answer import Language
from qa.article import Article

QUESTIONS_FILE = "questions.jsonl"

# How many of each kind, in this order.
_KINDS = (("factoid", 3), ("why", 1))
_LONGEST = 100

Examples = Mapping[Language, Sequence[str]]


def choose_examples(corpus: Path | None, find: Callable[[str], Article | None]) -> Examples:
    """For each language, up to four questions that the index can answer.

    Args:
        corpus: the folder of articles; without `questions.jsonl` in it there are no examples.
        find: an article by its id, None when it is not indexed.
    """
    path = corpus / QUESTIONS_FILE if corpus else None
    if path is None or not path.is_file():
        return {}
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    languages: tuple[Language, ...] = ("fr", "en")
    return {language: _choose(rows, language, find) for language in languages}


def _choose(
    rows: Sequence[Mapping[str, object]], language: str, find: Callable[[str], Article | None]
) -> list[str]:
    chosen: list[str] = []
    for kind, most in _KINDS:
        fitting = (
            str(row["question"])
            for row in rows
            if row.get("lang") == language
            and row.get("kind") == kind
            and _presentable(str(row["question"]))
            and _indexed(row.get("doc_ids"), find)
        )
        chosen += [question for question, _ in zip(fitting, range(most), strict=False)]
    return chosen


def _presentable(question: str) -> bool:
    return len(question) <= _LONGEST and question[0].isupper() and question.endswith("?")


def _indexed(ids: object, find: Callable[[str], Article | None]) -> bool:
    return isinstance(ids, list) and bool(ids) and all(find(str(id)) is not None for id in ids)
