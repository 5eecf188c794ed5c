"""Lint: what is wrong with a set of questions before anybody is measured by it.

    errors      bad rows; articles and facts that do not exist
    warnings    answers and nuggets in none of their articles, questions that need their document
                or history, leaks, repeats, wrong languages, kinds with too few rows

Gold is checked against articles only when there are some. Warnings are for a person to judge:
the rules are simple on purpose.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from qa.answering.followups import needs_history
from qa.documents.article import Article
from qa.evaluation.normalise import contains, tokens
from qa.evaluation.nuggets import stands
from qa.evaluation.questions import GoldQuestion, QuestionSet
from qa.language.detect import question_language
from qa.language.terms import terms, words

_ERRORS = {"no-article", "no-fact"}
# With fewer rows a proportion of one half has a 95% interval wider than ± 0.18.
_ENOUGH_ROWS = 30
# So many words in a row are copied, not met by chance.
_COPIED_WORDS = 10
_NOT_QUOTED = {"yes", "no", "oui", "non", "true", "false", "vrai", "faux", "before", "after"}
_POINTS_AT_TEXT = re.compile(
    r"\b(?:(?:this|the|above|following) (?:article|text|passage|paragraph|document|author|excerpt)"
    r"|(?:cet|cette|ce|le|la|l['’]) ?(?:article|texte|passage|paragraphe|document|auteur|extrait)"
    r"|ci-dessus|d['’]après (?:le texte|l['’]article))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        level: an error makes figures wrong, a warning may.
        check: which rule.
        place: the question's id, or the row.
        message: what is wrong, in words.
    """

    level: Literal["error", "warning"]
    check: str
    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.level}: {self.place}: {self.message} [{self.check}]"


def lint(found: QuestionSet, articles: Mapping[str, Article] | None = None) -> list[Finding]:
    """Everything that the rules find, in the order of the set.

    Args:
        found: the set.
        articles: by id; without them gold is not checked.
    """
    findings = [Finding("error", "bad-row", p.place, p.reason) for p in found.problems]
    asked: dict[tuple[str, ...], str] = {}
    for question in found.questions:
        told = []
        key = (*question.history, " ".join(words(question.text)))
        if key in asked:
            told.append(("repeat", f"the same question as {asked[key]!r}"))
        asked.setdefault(key, question.id)
        told += _alone(question)
        if articles is not None and question.doc_ids:
            told += _gold(question, articles)
        findings += [
            Finding("error" if check in _ERRORS else "warning", check, question.id, message)
            for check, message in told
        ]
    # Kinds with too few rows to say something about.
    for kind, n in sorted(Counter(q.kind for q in found.questions if q.kind).items()):
        if n < _ENOUGH_ROWS:
            half = 1.96 * (0.25 / n) ** 0.5
            message = f"has {n} rows: a share measured on them is good to ± {half:.2f} at best"
            findings.append(Finding("warning", "few-rows", f"kind {kind!r}", message))
    return findings


def _alone(question: GoldQuestion) -> Iterator[tuple[str, str]]:
    """(check, message) of what is wrong with a question by itself."""
    language = _language(question)
    # It should make sense to somebody who has not seen its document or history.
    if match := _POINTS_AT_TEXT.search(question.text):
        yield "needs-document", f"points at its document: {match.group()!r}"
    if not question.history and needs_history(question.text):
        yield "needs-document", "says too little, or points at something that was never said"
    elif not question.history and len(terms(question.text, language)) < 2:
        yield "needs-document", "has fewer than two content words"
    if len(question.history) % 2:
        turns = len(question.history)
        yield "history", f"its history has {turns} turns: it should alternate, user first"
    asked = tokens(question.text, language)
    for answer in question.answers:
        given = tokens(answer, language)
        if contains(asked, given) and " ".join(given) not in _NOT_QUOTED:
            yield "leak", f"the question says its answer {answer!r}"
    if question.unanswerable and (question.answers or question.nuggets):
        yield "unanswerable", f"is of kind {question.kind!r} but has answers or nuggets"
    if question.answerable is None:
        yield (
            "no-gold",
            "has no answers, no articles and no kind 'unanswerable': nothing is measured by it",
        )
    told = question_language(question.text, default="fr" if question.lang == "fr" else "en")
    if question.lang in ("fr", "en") and told != question.lang:
        yield "language", f"is said to be {question.lang!r} but reads like {told!r}"


def _gold(question: GoldQuestion, articles: Mapping[str, Article]) -> Iterator[tuple[str, str]]:
    """(check, message) of gold articles, facts and answers that are not where the set says."""
    for id in question.doc_ids:
        if id not in articles:
            yield "no-article", f"there is no article {id!r}"
    gold = [articles[id] for id in question.doc_ids if id in articles]
    if not gold:
        return
    packed = ["".join(article.text.split()) for article in gold]
    for fact in question.facts:
        if not any("".join(fact.split()) in text for text in packed):
            yield "no-fact", f"the fact {fact!r:.60} is in none of its articles"
    if question.unanswerable:
        return
    language = _language(question)
    texts = [f"{article.title}\n{article.text}" for article in gold]
    given = [tokens(answer, language) for answer in question.answers]
    checked = [answer for answer in given if " ".join(answer) not in _NOT_QUOTED]
    if checked and not any(contains(tokens(t, language), a) for t in texts for a in checked):
        yield "no-answer", f"none of its answers ({question.answers[0]!r:.40} …) is in its articles"
    for nugget in question.nuggets:
        sought = [t for t in nugget.any if t[0] != "^" and t.lower() not in _NOT_QUOTED]
        if sought and not any(stands(text, whole) for whole in texts for text in sought):
            yield "no-nugget", f"its nugget {sought[0]!r:.40} is in none of its articles"
    asked = words(question.text)
    for article in gold:
        if _copied(asked, _words(article.text)):
            yield "leak", f"{_COPIED_WORDS} words in a row are copied from {article.id!r}"


@lru_cache(maxsize=1_000)
def _words(text: str) -> tuple[str, ...]:
    return tuple(words(text))


def _copied(asked: list[str], text: tuple[str, ...]) -> bool:
    n = _COPIED_WORDS
    runs = {tuple(asked[i : i + n]) for i in range(len(asked) - n + 1)}
    return bool(runs) and any(text[i : i + n] in runs for i in range(len(text) - n + 1))


def _language(question: GoldQuestion) -> Literal["fr", "en"]:
    if question.lang == "fr" or question.lang == "en":
        return question.lang  # type: ignore[return-value]
    return question_language(question.text)
