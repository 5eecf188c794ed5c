"""Rewriting: a follow-up → a question that stands alone, by rules, without a language model.

A gate decides whether the question leans on what was said before: it has next to no words of its
own ("Et où ?"), opens like a continuation ("And in 2019?"), or points back ("Who trained them?").
If so, the topic is added after a dash: the names, dates and content words of the previous
question, then the names of the previous answer. The words typed are never changed, so a reader
sees what was added, and a wrong guess costs little. The topic is carried through the whole
history, and a date in the follow-up replaces the topic's dates.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from qa.analysis import fold, terms, words
from qa.answer import Question
from qa.language import question_language
from qa.names import names
from qa.talk import is_small_talk

_TOPIC_WORDS = 8
_ANSWER_NAMES = 4
# A question with this many content words or fewer, none of them a name, needs its history, if it
# is this short in all: "How many people died?", but not "What is the arms embargo?".
_FEW, _SHORT = 2, 4
# With this many a demonstrative has nothing in its own question to point at.
_LITTLE = 3
# A pronoun after this many content words has its antecedent among them.
_ANTECEDENT = 2

_OPENINGS = re.compile(
    r"^(?:et|mais|puis|alors|qu'en est-il|quid|and|but|then|so|what about|how about)\b"
)
# Words that point at something named elsewhere. A pronoun finds it in its own question when
# enough was said before it; a demonstrative needs a question that says little else; a place word
# always points back.
_PRONOUNS = re.compile(
    r"\b(?:il|elle|ils|elles|lui|leur|leurs|eux|son|sa|ses|celui-ci|celle-ci|ceux-ci|celles-ci|"
    r"cela|ca|ce dernier|cette derniere|y|en|he|she|they|it|him|her|them|his|hers|its|their|theirs|"
    r"the same|the latter)\b"
)
_DEMONSTRATIVES = re.compile(r"\b(?:ce|cet|cette|ces|this|that|these|those)\b")
_PLACES = re.compile(r"\b(?:la-bas|la bas|there)\b")
# Inverted subjects ("a-t-il"), impersonal phrases and "en 2017" point nowhere.
_NOT_POINTERS = re.compile(
    r"\by (?:a-t|avait|aura-t|aurait|eut)-il\b|\bil y a\b|"
    r"\b\w+-(?:t-)?(?:il|elle|ils|elles|on|ce)\b|\best-ce\b|\bqu'est-ce\b|"
    r"\bil (?:est|etait|sera|faut|fallait)\b|"
    r"\b(?:is|are|was|were|will|would|can|could|have|has|had)(?: not)? there\b|"
    r"\bthere (?:is|are|was|were|will|has|have|had)\b|\bit (?:is|was)\b|"
    r"\b(?:say|says|said|claim\w*|den(?:y|ies|ied)|announc\w*|report\w*|confirm\w*|think|"
    r"believ\w*) "
    r"that\b|"
    r"\bc'est\b|\bc'etait\b|\b(?:ce|celui|celle|ceux|celles) (?:qui|que|dont)\b|"
    r"\ben (?!a\b|ont\b|est\b|sont\b|parle)\w+"
)
_CAPITALISED = r"[A-ZÀ-Þ][\w’'-]*"
_NAME = re.compile(rf"{_CAPITALISED}(?:\s+(?:(?:de|du|des|el|al|of)\s+)?{_CAPITALISED})*")
_INVERSION = re.compile(r"-(?:t-)?(?:il|elle|ils|elles|on|ce|je|tu|nous|vous)$", re.IGNORECASE)
_CITATION = re.compile(r"\[\d+\]")
_DATE_TERM = re.compile(
    r"^(?:(?:19|20)\d\d|janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|"
    r"decembre|january|february|march|april|may|june|july|august|september|october|november|december)$"
)


def make_standalone(question: Question) -> Question:
    """The question with `standalone` and `language` filled in."""
    language = question.language or question_language(
        question.text,
        question_language(question.history[-2]) if len(question.history) > 1 else "en",
    )
    topic: list[str] = []
    for asked, answered in _turns(question.history):
        if is_small_talk(asked):
            continue
        topic = _topic(asked, answered, topic)
    standalone = question.text.strip()
    if topic and not is_small_talk(standalone) and needs_history(standalone, language):
        own = {fold(word) for word in words(question.text)}
        added = [word for word in topic if not set(words(word)) <= own]
        if any(_DATE_TERM.match(word) for word in own):
            added = [w for w in added if not any(_DATE_TERM.match(p) for p in words(w))]
        if added:
            standalone = f"{standalone} — {', '.join(added)}"
    return replace(question, standalone=standalone, language=language)


def needs_history(text: str, language: str) -> bool:
    """Whether a question leans on what was said before it."""
    folded = fold(text).strip()
    if _OPENINGS.match(folded):
        return True
    said = len(set(terms(text, language)))
    plain = _NOT_POINTERS.sub(lambda match: " " * len(match.group()), folded)
    pronoun = _PRONOUNS.search(plain)
    if pronoun and not _has_antecedent(text.strip()[: pronoun.start()], language):
        return True
    if _PLACES.search(plain) or (said <= _LITTLE and _DEMONSTRATIVES.search(plain)):
        return True
    return said <= _FEW and (said == 0 or len(text.split()) <= _SHORT) and not _names(text)


def _has_antecedent(before: str, language: str) -> bool:
    """Whether what stands before a pronoun says enough for it to point at, such as a name."""
    return bool(names(before)) or len(terms(before, language)) >= _ANTECEDENT


def _turns(history: Sequence[str]) -> list[tuple[str, str]]:
    return list(zip(history[::2], [*history[1::2], ""], strict=False))


def _topic(asked: str, answered: str, earlier: Sequence[str]) -> list[str]:
    """What a turn was about: a list of names and words as they were written."""
    language = question_language(asked)
    own = _content(asked, language)
    if earlier and needs_history(asked, language):
        own = _distinct([*own, *earlier])
    answer_names = [n for n in _names(_CITATION.sub(" ", answered)) if n not in own]
    return _distinct([*own[:_TOPIC_WORDS], *_distinct(answer_names)[:_ANSWER_NAMES]])


def _content(text: str, language: str) -> list[str]:
    """Names and content words of a question, as written, in order."""
    kept: list[str] = []
    for match in re.finditer(r"[\w’'-]+", text):
        word = _INVERSION.sub("", match.group().strip("'’-"))
        if word and terms(word, language, asked_in="en" if language == "fr" else "fr"):
            word = re.sub(r"^(?:[cdjlmnst]|qu)['’]", "", word, flags=re.IGNORECASE)
            kept.append(re.sub(r"['’]s$", "", word))
    return _distinct(kept)


def _names(text: str) -> list[str]:
    """Runs of capitalised words, those that only open a sentence left out."""
    found = []
    for match in _NAME.finditer(text):
        before = text[: match.start()].rstrip()
        opens = not before or before[-1] in '.!?:«"“\n—-'
        name = re.sub(r"^(?:À|A|Au|En|Le|La|Les|The|On|In)\s+", "", match.group().strip())
        if opens and (" " not in name or not terms(name, "fr", asked_in="en")):
            continue
        found.append(name)
    return _distinct(found)


def _distinct(items: Sequence[str]) -> list[str]:
    seen: dict[str, str] = {}
    for item in items:
        seen.setdefault(fold(item), item)
    return list(seen.values())
