"""Questions to start with: from the question set beside the articles, else made from the articles.

Each is of another time than the others, names what it is about as a stranger would, and was tried
and answered. The page shows no others.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic import BaseModel, ValidationError

from qa.documents.article import Article
from qa.documents.chunks import header
from qa.documents.filters import Filters
from qa.language.names import mentioned, names
from qa.language.sentences import Span
from qa.language.terms import fold, only_stop_words, words
from qa.server.page.suggestions import LONGEST, Ask, Idea, answered, full_name, ideas
from qa.types import Answer, Citation, Language, Question

if TYPE_CHECKING:
    from qa.assistant import Assistant

logger = logging.getLogger(__name__)

QUESTIONS_FILE = "questions.jsonl"

_LANGUAGES: tuple[Language, ...] = ("fr", "en")
_MOST = 4
# Words that a question shares with the title and the date of an article, for a stranger to know
# what it is about.
_TOLD = 2
# A little above that from which a language model's words do not make an answer an abstention.
_SURE = 0.75
_MOST_S = 4.0  # for each language, while the server starts
_MOST_ARTICLES = 24  # that give ideas, where there is no question set

Examples: TypeAlias = Mapping[Language, Sequence[str]]


class _Nugget(BaseModel):
    """Strings any of which says a part of an answer."""

    any: list[str]
    vital: bool = True


class _Row(BaseModel):
    """The fields of a question that matter here; others may be there."""

    question: str
    answers: list[str] = []
    nuggets: list[_Nugget] = []
    doc_ids: list[str] = []
    lang: str = ""
    kind: str = ""
    history: list[Any] = []

    @property
    def presentable(self) -> bool:
        """Whether it is short, on its own, and written like a sentence."""
        text = self.question
        sentence = text[:1].isupper() and text[-1] == "?" and ":" not in text
        return len(text) <= LONGEST and sentence and not self.history

    def quotes(self, answer: Answer) -> list[Citation]:
        """An answer's quotes of the articles named; none where they miss what is to be said."""
        quotes = [
            quote
            for quote in answer.citations
            if any(article.id in self.doc_ids for article in (quote.article, *quote.also))
        ]
        said = fold(" ".join(quote.quote for quote in quotes))
        wanted = [self.answers, *(nugget.any for nugget in self.nuggets if nugget.vital)]
        told = all(any(fold(each) in said for each in one) for one in wanted if one)
        return quotes if told else []


def first_questions(assistant: Assistant, folder: Path | None = None) -> Examples:
    """For each language, up to four questions, whatever the articles are.

    Args:
        assistant: to try them on.
        folder: where the articles are; where the newest one was read when not given.
    """
    folder = folder or folder_of(assistant)
    chosen = choose_examples(folder, assistant.article, assistant.try_out)
    return {
        each: chosen.get(each) or spread(_openings(assistant, each), each, assistant.try_out)
        for each in _LANGUAGES
    }


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
    return {
        language: spread(_of_question_set(rows, language, find), language, ask)
        for language in _LANGUAGES
    }


def folder_of(assistant: Assistant) -> Path | None:
    """The folder that the newest article was read from; None for an empty index."""
    newest = next(assistant.articles(), None)
    return Path(newest.origin).parent if newest else None  # what may follow the file has no "/"


def spread(ideas: Sequence[Idea], language: Language, ask: Ask) -> list[str]:
    """Up to four questions that are answered, one from each quarter of the articles by their dates.

    Where a quarter has none, another has two. The articles least like those asked about come first.
    """
    articles = {idea.article.id: idea.article for idea in ideas}
    in_order = sorted(articles.values(), key=lambda each: str(each.date or ""))
    quarter = {each.id: _MOST * n // len(in_order) for n, each in enumerate(in_order)}
    telling = {id: _telling(article.text) for id, article in articles.items()}
    asked, once = Question("", language=language), cache(ask)
    until = time.monotonic() + _MOST_S
    found: list[Idea] = []
    for turn in range(_MOST + 1):
        mine = [idea for idea in ideas if turn in (quarter[idea.article.id], _MOST)]
        seen = set[str]().union(*(telling[idea.article.id] for idea in found))
        alike = {id: len(own & seen) / len(own) for id, own in telling.items() if own}
        mine.sort(key=lambda idea: alike.get(idea.article.id, 0.0))
        now = time.monotonic()
        found += answered(
            mine,
            asked,
            once,
            most=_MOST - len(found) if turn == _MOST else 1,
            until=now + (until - now) / (_MOST + 1 - turn),
            before=found,
            sure=_SURE,
        )
    return [idea.text for idea in found]


def _of_question_set(
    rows: Iterable[_Row], language: Language, find: Callable[[str], Article | None]
) -> list[Idea]:
    """What a question set asks of indexed articles, as far as a stranger understands it."""
    found = []
    for row in rows:
        articles = [find(id) for id in row.doc_ids]
        if row.lang == language and row.presentable and articles and all(articles):
            article = articles[0]
            assert article is not None
            if _says_what_about(row.question, article):
                about = _telling(row.question)
                found.append(Idea(row.question, row.kind, about, article, row.quotes))
    return found


def _openings(assistant: Assistant, language: Language) -> list[Idea]:
    """What articles of all times give to ask about, of the language if any is."""
    filters = Filters(language=language)
    if not assistant.browse(filters, count=0).total:
        filters = Filters()
    total = assistant.browse(filters, count=0).total
    step = max(1, total // _MOST_ARTICLES)
    found = [
        idea
        for start in range(0, total, step)
        for article in assistant.browse(filters, start=start, count=1).articles
        for idea in ideas(article, Span(0, 0), language)
    ]
    return sorted(found, key=lambda idea: not _says_what_about(idea.text, idea.article))


def _says_what_about(question: str, article: Article) -> bool:
    """Whether a stranger knows what a question is about that an article answers.

    It has words of the title, or of one of it and of the date; and it calls nobody by a part of a
    name that the article has in full.
    """
    said = _telling(question)
    told = [
        sum(mentioned(word, text) for word in said) for text in (article.title, header(article))
    ]
    return (
        told[0] > 0
        and told[1] >= _TOLD
        and all(said.issuperset(words(full_name(name, article))) for name in names(question))
    )


def _telling(text: str) -> frozenset[str]:
    """The words of a text that are no everyday ones."""
    return frozenset(word for word in words(text) if not only_stop_words(word))
