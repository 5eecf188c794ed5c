"""Questions to start with: from the question set beside the articles, else made from the articles.

Each is about another article, in turns of their times, and was tried and answered.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, pairwise, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic import BaseModel, ValidationError

from qa.documents.article import Article
from qa.documents.filters import Filters
from qa.language.names import mentioned
from qa.language.terms import only_stop_words, words
from qa.server.page.suggestions import LONGEST, about, named
from qa.types import Language, Question

if TYPE_CHECKING:
    from qa.assistant import Assistant

logger = logging.getLogger(__name__)

QUESTIONS_FILE = "questions.jsonl"

_LANGUAGES: tuple[Language, ...] = ("fr", "en")
_MOST = 4
# Words that a question shares with the title of its article, for a stranger to know what it is
# about.
_TOLD = 2
# A little above that from which a language model's words do not make an answer an abstention.
_SURE = 0.75
_MOST_S = 4.0  # for each language, while the server starts
_MOST_ARTICLES = 24  # that give ideas, where there is no question set

Examples: TypeAlias = Mapping[Language, Sequence[str]]
# A question, and the article that it is about.
Idea: TypeAlias = tuple[str, Article]


class _Row(BaseModel):
    """The fields of a question that matter here; others may be there."""

    question: str
    doc_ids: list[str] = []
    lang: str = ""
    history: list[Any] = []

    def is_presentable(self, article: Article) -> bool:
        """Whether a stranger understands it: short, on its own, a sentence, and of its title."""
        text = self.question
        sentence = text[:1].isupper() and text[-1] == "?" and ":" not in text
        telling = [word for word in words(text) if not only_stop_words(word)]
        told = sum(mentioned(word, article.title) for word in telling)
        return sentence and len(text) <= LONGEST and not self.history and told >= _TOLD


def first_questions(assistant: Assistant, folder: Path | None = None) -> Examples:
    """For each language, up to four questions, whatever the articles are.

    Args:
        assistant: to try them on.
        folder: where the articles are; where the newest one was read when not given.
    """
    rows = _question_set(folder or folder_of(assistant))
    return {
        language: _answered(
            list(_of_question_set(rows, language, assistant.article)), language, assistant
        )
        or _answered(list(_of_articles(assistant, language)), language, assistant)
        for language in _LANGUAGES
    }


def folder_of(assistant: Assistant) -> Path | None:
    """The folder that the newest article was read from; None for an empty index."""
    newest = next(assistant.articles(), None)
    return Path(newest.origin).parent if newest else None  # what may follow the file has no "/"


def _question_set(folder: Path | None) -> list[_Row]:
    path = folder / QUESTIONS_FILE if folder else None
    if path is None or not path.is_file():
        return []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [_Row.model_validate_json(line) for line in lines if line.strip()]
    except (OSError, UnicodeDecodeError, ValidationError) as exc:
        logger.warning("no example questions: %s is not a question set: %s", path, exc)
        return []


def _of_question_set(
    rows: Iterable[_Row], language: Language, find: Callable[[str], Article | None]
) -> Iterator[Idea]:
    for row in rows:
        article = find(row.doc_ids[0]) if row.doc_ids else None
        if article and row.lang == language and row.is_presentable(article):
            yield row.question, article


def _of_articles(assistant: Assistant, language: Language) -> Iterator[Idea]:
    """What articles of all times, of the language if any is, name in their first lines."""
    filters = Filters(language=language)
    if not assistant.browse(filters, count=0).total:
        filters = Filters()
    total = assistant.browse(filters, count=0).total
    for start in range(0, total, max(1, total // _MOST_ARTICLES)):
        for article in assistant.browse(filters, start=start, count=1).articles:
            name = next(named(f"{article.title}. {article.text[:1000]}"), "")
            if name and len(question := about(name, language)) <= LONGEST:
                yield question, article


def _answered(ideas: Sequence[Idea], language: Language, assistant: Assistant) -> list[str]:
    """Up to four that are answered from their articles, one from each quarter by date if it may."""
    ideas = sorted(ideas, key=lambda idea: str(idea[1].date or ""))
    ends = [len(ideas) * n // _MOST for n in range(_MOST + 1)]
    quarters = [ideas[start:end] for start, end in pairwise(ends)]
    found: dict[str, str] = {}  # by the article
    until = time.monotonic() + _MOST_S
    for idea in chain.from_iterable(zip_longest(*quarters)):
        if len(found) == _MOST or time.monotonic() > until:
            break
        if idea is None or idea[1].id in found or idea[0] in found.values():
            continue
        question, article = idea
        answer = assistant.try_out(Question(question, language=language))
        quoted = {each.id for c in answer.citations for each in (c.article, *c.also)}
        if not answer.abstained and answer.confidence >= _SURE and article.id in quoted:
            found[article.id] = question
    return list(found.values())
