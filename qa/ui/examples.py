"""Questions to start with: from the question set beside the articles, else made from the articles.

Shown only when the index answers them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic import BaseModel, ValidationError

from qa.answer import Language
from qa.article import Article
from qa.ui.suggesting import openings

if TYPE_CHECKING:
    from qa.assistant import Assistant

logger = logging.getLogger(__name__)

QUESTIONS_FILE = "questions.jsonl"

_LANGUAGES: tuple[Language, ...] = ("fr", "en")

# How many of each kind, in this order.
_KINDS = (("factoid", 3), ("why", 1))
_LONGEST = 90

Examples: TypeAlias = Mapping[Language, Sequence[str]]


class _Row(BaseModel):
    """The fields of a question that matter here; others may be there."""

    question: str
    doc_ids: list[str] = []
    lang: str = ""
    kind: str = ""
    history: list[Any] = []

    @property
    def presentable(self) -> bool:
        """Whether a stranger can read it: short, on its own, written like a sentence."""
        text = self.question
        return len(text) <= _LONGEST and text[:1].isupper() and text[-1] == "?" and not self.history


def first_questions(assistant: Assistant, folder: Path | None = None) -> Examples:
    """For each language, up to four questions, whatever the articles are.

    Args:
        assistant: to try them on.
        folder: where the articles are; where the newest one was read when not given.
    """
    chosen = choose_examples(folder or folder_of(assistant), assistant.article)
    return {each: chosen.get(each) or openings(assistant, each) for each in _LANGUAGES}


def choose_examples(folder: Path | None, find: Callable[[str], Article | None]) -> Examples:
    """For each language, up to four questions that the index can answer.

    Args:
        folder: where the articles are; without a sound `questions.jsonl` in it there are none.
        find: an article by its id, None when it is not indexed.
    """
    path = folder / QUESTIONS_FILE if folder else None
    if path is None or not path.is_file():
        return {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        rows = [_Row.model_validate_json(line) for line in lines if line.strip()]
    except (OSError, UnicodeDecodeError, ValidationError) as exc:
        logger.warning("no example questions: %s is not a question set: %s", path, exc)
        return {}
    return {language: _choose(rows, language, find) for language in _LANGUAGES}


def folder_of(assistant: Assistant) -> Path | None:
    """The folder that the newest article was read from; None for an empty index."""
    newest = next(assistant.articles(), None)
    return Path(newest.origin.partition("#")[0]).parent if newest else None


def _choose(
    rows: Sequence[_Row], language: str, find: Callable[[str], Article | None]
) -> list[str]:
    chosen: list[str] = []
    for kind, most in _KINDS:
        fitting = (
            row.question
            for row in rows
            if (row.lang, row.kind) == (language, kind)
            and row.presentable
            and row.doc_ids
            and all(find(id) is not None for id in row.doc_ids)
        )
        chosen += [question for _, question in zip(range(most), fitting, strict=False)]
    return chosen
