"""Wording: an answer of one short sentence in its quote's own words, if the reader points to some.

Which words answer is what the reader was trained to tell, and it does so better than a small model
(docs/answering.md). The model's answer stands where the two have no word in common that the
question lacks, everyday words aside; where it names or counts what the reader's words do not, sets
a bound ("at least 200") or denies; where it says more than one sentence, or the question asks
whether, why or how; and where the quote is in another language than the answer. A few words that
share nothing with the reader's are at odds with it, and mostly wrong. Knows nothing about models.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa.amounts import counted
from qa.analysis import asks_for_clause, denies, fold, only_stop_words, terms, words
from qa.answer import Citation, Language
from qa.answertype import VERDICT, asks_whether
from qa.chunks import sentences
from qa.extractive import shown
from qa.names import mentioned, names

# A longer sentence says more than what was asked for.
_MOST_WORDS = 25
# So few say one thing.
_FEW_WORDS = 5
_NUMBER = re.compile(r"\s*\[(\d+)\]")
_CAPITALS = re.compile(r"\b(?:[A-ZÀ-Þ]\.?){2,}")
_BOUND = re.compile(
    r"\b(?:moins|plus|environ|pres d|quelque|autour|jusqu|presque|less|more|fewer|over|under|about|"
    r"nearly|almost|up to|at (?:least|most)|around|some)\b"
)


def in_quoted_words(
    text: str, citations: Sequence[Citation], question: str, language: Language
) -> tuple[str, tuple[Citation, ...]]:
    """The words that the reader points to in the first quote cited, and that quote.

    Args:
        text: a checked answer, with citation numbers.
        citations: the quotes that it cites.
        question: stand-alone.
        language: of the answer.
    Returns:
        `text` and `citations` themselves where the answer stands.
    """
    said = _NUMBER.sub("", text)
    if not _asked_for_words(said, question, language, _MOST_WORDS):
        return text, tuple(citations)
    for citation in citations:
        if citation.answer and citation.article.language == language:
            pointed = citation.answer.of(citation.article.text)
            if _agree(said, pointed, question, language):
                return f"{shown(pointed)} [{citation.n}]", (citation,)
    return text, tuple(citations)


def at_odds(text: str, citations: Sequence[Citation], question: str, language: Language) -> bool:
    """Whether a few words have nothing of those that the reader points to in the quotes cited.

    Neither a word, nor a number by its value, nor, where quote and answer are in two languages and
    both name something, a name. Two networks that read the same quote differently: neither is to be
    trusted. For the arguments see `in_quoted_words`.
    """
    said = _NUMBER.sub("", text)
    if not _asked_for_words(said, question, language, _FEW_WORDS):
        return False
    pointed = [
        (c.answer.of(c.article.text), c.article.language) for c in citations if c.answer is not None
    ]
    return len(pointed) == len(citations) > 0 and all(
        _differ(said, language, words_there, there) for words_there, there in pointed
    )


def _differ(said: str, language: str, pointed: str, there: str) -> bool:
    if counted(said, language) & counted(pointed, there):
        return False
    if _initials(said) & _capitals(pointed) or _capitals(said) & _initials(pointed):
        return False
    if there == language:
        mine, theirs = ({*terms(some, language)} or {*words(some)} for some in (said, pointed))
        return mine.isdisjoint(theirs) and not (denies(said) and denies(pointed))
    mine_named, there_folded = names(said), fold(pointed)
    return bool(mine_named and names(pointed)) and not any(
        mentioned(name, there_folded) for name in mine_named
    )


def _initials(text: str) -> set[str]:
    """Those of all words but everyday ones: EU of "the European Union"."""
    found = "".join(word[0] for word in words(text) if not only_stop_words(word)).upper()
    return {found} if len(found) > 1 else set()


def _capitals(text: str) -> set[str]:
    return {found.replace(".", "") for found in _CAPITALS.findall(text)}


def _asked_for_words(said: str, question: str, language: Language, most: int) -> bool:
    """Whether it is one short sentence, and the question asks for no more."""
    return not (
        len(words(said)) > most
        or len(sentences(said, language)) != 1
        or VERDICT.match(fold(said))
        or asks_whether(question)
        or asks_for_clause(question)
    )


def _agree(said: str, pointed: str, question: str, language: Language) -> bool:
    """Whether the reader's words say what the answer says, as far as words tell."""
    # What the question says already answers nothing.
    new = {*terms(pointed, language)} - {*terms(question, language)}
    if new.isdisjoint(terms(said, language)) or denies(said) != denies(pointed):
        return False
    asked, there = fold(question), fold(pointed)
    named = names(said)
    # The capital that opens a sentence may be no name's.
    if len(named) > 1 and said.startswith(named[0]) and not named[0][0].isdigit():
        del named[0]
    bounds = {*_BOUND.findall(fold(said))} - {*_BOUND.findall(there)}
    return not bounds and all(
        mentioned(name, there, exactly=True) or mentioned(name, asked) for name in named
    )
