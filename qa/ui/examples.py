"""Questions to start with: from the question set beside the articles, else made from the articles.

Shown only when they were tried and answered.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic import BaseModel, ValidationError

from qa.answer import Language, Question
from qa.article import Article
from qa.ui.suggesting import Ask, openings

if TYPE_CHECKING:
    from qa.assistant import Assistant

logger = logging.getLogger(__name__)

QUESTIONS_FILE = "questions.jsonl"

_LANGUAGES: tuple[Language, ...] = ("fr", "en")

# How many of each kind, in this order.
_KINDS = (("factoid", 3), ("why", 1))
_LONGEST = 90
# From this confidence on, a language model's words do not make an answer an abstention.
_SURE = 0.5
_MOST_S = 4.0  # for each language, while the server starts

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
    folder = folder or folder_of(assistant)
    chosen = choose_examples(folder, assistant.article, assistant.try_out)
    return {each: chosen.get(each) or openings(assistant, each) for each in _LANGUAGES}


def choose_examples(
    folder: Path | None, find: Callable[[str], Article | None], ask: Ask
) -> Examples:
    """For each language, up to four questions that are answered, from an article that they name.

    Args:
        folder: where the articles are; without a sound `questions.jsonl` in it there are none.
        find: an article by its id, None when it is not indexed.
        ask: answers a question with quotes.
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
    known = [row for row in rows if row.doc_ids and all(find(id) is not None for id in row.doc_ids)]
    return {language: _choose(known, language, ask) for language in _LANGUAGES}


def folder_of(assistant: Assistant) -> Path | None:
    """The folder that the newest article was read from; None for an empty index."""
    newest = next(assistant.articles(), None)
    return Path(newest.origin.partition("#")[0]).parent if newest else None


def _choose(rows: Sequence[_Row], language: Language, ask: Ask) -> list[str]:
    until = time.monotonic() + _MOST_S

    def answered(kind: str) -> Iterator[str]:
        for row in rows:
            if (row.lang, row.kind) == (language, kind) and row.presentable:
                if time.monotonic() > until:
                    return
                if _answers(row, language, ask):
                    yield row.question

    return [question for kind, most in _KINDS for question in islice(answered(kind), most)]


def _answers(row: _Row, language: Language, ask: Ask) -> bool:
    """Whether the answer is sure of itself, and quotes an article that is known to hold it."""
    answer = ask(Question(row.question, language=language))
    quoted = {article.id for quote in answer.citations for article in (quote.article, *quote.also)}
    return (
        not answer.abstained and answer.confidence >= _SURE and not quoted.isdisjoint(row.doc_ids)
    )
