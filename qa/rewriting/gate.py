"""The gate: whether a question leans on what was said before it, and how much.

    wholly   it cannot be understood alone: it has next to no words of its own ("Et où ?"), opens
             like a continuation ("And in 2019?"), or points back ("Who trained them?")
    lightly  it could be, but goes on about the same thing: it names nothing, and shares words with
             what was said or says little else ("How do I get impartial results?")
    not      it names something of its own, asks about something else, or is a row of keywords

Some signs are weak: a "so" or "but" in front, "it" or "that" that may only serve the sentence, and
"this week". They count unless the question names something of its own and shares no word with what
was said: "So who won?", but not "So who won the 2022 World Cup?".

A question wrongly taken for a follow-up gets words of an old topic and may be answered from it, one
wrongly left alone is not found: the middle way adds little and risks little.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from typing import Literal

from qa.analysis import fold, has_stop_word
from qa.names import names
from qa.rewriting.plain import content, without_reaction
from qa.temporal import time_expressions
from qa.temporal.words import WORDS, plain

Leaning = Literal["not", "lightly", "wholly"]
Turn = tuple[str, str]
"""What was asked, what was answered."""

# A question with this many content words or fewer, none of them a name, leans wholly if it is this
# short in all: "How many people died?", but not "What is the arms embargo?".
_FEW, _SHORT = 2, 4
# With this many a demonstrative has nothing in its own question to point at, and one that goes on
# about what was said may want it.
_LITTLE = 3
# A pronoun after this many content words has its antecedent among them.
_ANTECEDENT = 2

# Words that link a question to anything; it goes on about what was said unless it is whole.
_LINK = r"(?:mais|alors|but|then|so)"
_LINKED = re.compile(rf"^{_LINK}\b")
_OPENINGS = re.compile(
    rf"^(?:{_LINK}\b\W*)*(?:et|puis|qu'en est-il|quid|and|what about|how about)\b"
)
_MORE = re.compile(
    r"\b(?:tell me more|more about|elaborate|go on|more (?:specific|precise)|dis-m'en plus|"
    r"dites-m'en plus|en savoir plus)\b"
)
# Words that point at something named elsewhere. A pronoun finds it in its own question when
# enough was said before it; a demonstrative needs a question that says little else; a place word
# always points back.
_PRONOUNS = re.compile(
    r"\b(?:il|elle|ils|elles|lui|leur|leurs|eux|son|sa|ses|celui-ci|celle-ci|ceux-ci|celles-ci|"
    r"cela|ca|ce dernier|cette derniere|y|en|he|she|they|it|him|her|them|his|hers|its|their|theirs|"
    r"the same|the latter)\b"
)
_DEMONSTRATIVES = re.compile(
    r"\b(?:ce|cet|cette|ces|this|that|these|those|else|others?|another|ones?|both|autres?|aussi|"
    r"also|such|too|(?:do|doing) so(?! many| much| few))\b"
)
_PLACES = re.compile(r"\b(?:la-bas|la bas|there)\b")
# Inverted subjects ("a-t-il"), impersonal phrases and "en 2017" point nowhere.
_NOT_POINTERS = re.compile(
    r"\by (?:a-t|avait|aura-t|aurait|eut)-il\b|\bil y a\b|"
    r"\b\w+-(?:t-)?(?:il|elle|ils|elles|on|ce)\b|\best-ce\b|\bqu'est-ce\b|"
    r"\bil (?:est|etait|sera|faut|fallait)\b|"
    r"\b(?:is|are|was|were|will|would|can|could|have|has|had)(?: not)? there\b|"
    r"\bthere (?:\w+ly )?(?:is|are|was|were|will|has|have|had)\b|\bit (?:is|was)\b|"
    r"\b(?:say|says|said|claim\w*|den(?:y|ies|ied)|announc\w*|report\w*|confirm\w*|think|"
    r"believ\w*) "
    r"that\b|"
    r"\bc'est\b|\bc'etait\b|\b(?:ce|celui|celle|ceux|celles) (?:qui|que|dont)\b|"
    r"\ben (?!a\b|ont\b|est\b|sont\b|parle)\w+"
)
# Weak signs. Of "it": what it stands for comes later in the question. Of "that": it stands between
# a noun and its verb.
_JUDGED = (
    r"(?:possible|impossible|likely|unlikely|legal|illegal|safe|dangerous|hard|difficult|easy|"
    r"easier|harder|normal|common|rare|necessary|important|right|wrong|fair|unfair|better|best|"
    r"allowed|forbidden|compulsory|mandatory|worth|time|too \w+)"
)
_LATER = rf"(?:\w+ly |still |now |not |so )?(?:\w+ that|{_JUDGED} (?:for (?:\w+ ){{1,4}})?to)\b"
_WEAK = re.compile(
    rf"\b(?:is|was|isn't|wasn't) it {_LATER}|\bit (?:be|been|become|became) {_LATER}|"
    r"\b(?:does|will|would) it (?:take|cost)(?: \w+){0,3} to\b|"
    r"\b(?:the|an?|any|all|some|every|no|first|only|which|what)(?: \w+){1,3} that "
    r"(?:is|are|was|were|has|have|had|will|would|can|could|may|\w+(?:ed|[^su]s))\b|"
    r"\bboth \w+(?:s\b| and\b)|\bces? \w+-ci\b|\bthese days\b|\bce siecle\b|\bou en (?:est|sont)\b"
)
_REMOTE = "-la"  # "cette année-là" is the year that was spoken of
_ANY_DAY = date(2000, 1, 1)
# What a whole question has although it is short: it asks what something is, or its noun has a
# complement.
_DEFINITION = re.compile(
    r"^(?:what (?:is|are)|what's|who (?:is|was)|define|qu'est-ce que?|c'est quoi|qui est|"
    r"quel(?:le)?s? (?:est|sont))\b"
)
_COMPLEMENT = re.compile(
    r"\b(?:of|for|about|in|on|by|from|between|de|du|des|sur|pour|par|en|entre|chez)\b\s+"
    r"(?:(?:an?|the|my|your|our|le|la|les|une?|mon|ma|mes|votre|vos|notre|nos)\s+|l')?\w{3}|"
    r"\bd'\w{3}"
)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def leaning(text: str, language: str, turns: Sequence[Turn]) -> Leaning:
    """How much a question leans on the turns before it."""
    if _is_keywords(text, language):
        return "not"
    said = frozenset(term for turn in turns for part in turn for term in content(part, language))
    if needs_history(text, language, said):
        return "wholly"
    rest = without_reaction(text)
    if names(rest):
        return "not"
    own = content(text, language)
    asked = fold(rest)
    if _COMPLEMENT.search(asked):
        return "not"
    if len(own) <= _FEW and not _DEFINITION.match(asked):
        return "lightly"
    goes_on = rest != text.strip() or own & said
    return "lightly" if goes_on and len(own) <= _LITTLE else "not"


def _is_keywords(text: str, language: str) -> bool:
    """Words put in a row as for a search engine; they are searched as they are, nonsense too."""
    folded = plain(text)
    points = any(kind.search(folded) for kind in (_PRONOUNS, _DEMONSTRATIVES, _PLACES, _MORE))
    asks = text.rstrip().endswith("?") or has_stop_word(text)
    return not points and not asks and len(text.split()) > 1 and bool(content(text, language))


def needs_history(text: str, language: str, said: frozenset[str] = frozenset()) -> bool:
    """Whether a question cannot be understood without what was said before it.

    Args:
        text: as typed.
        language: of the question.
        said: the content words of the turns before, where they are known.
    """
    text = without_reaction(unicodedata.normalize("NFC", text))
    folded = plain(text)  # as long as the text, so that places agree
    if _OPENINGS.match(folded) or _MORE.search(folded):
        return True
    own = content(text, language)
    elsewhere = _names_something(text, language) and not own & said
    whole = elsewhere and (len(own) > _FEW or _COMPLEMENT.search(folded))
    if _LINKED.match(folded) and not whole:
        return True
    pointers = _without_weak(folded, text, language) if elsewhere else folded
    pointers = _blank(_NOT_POINTERS, pointers)
    pronoun = _PRONOUNS.search(pointers)
    if pronoun and not _has_antecedent(text[: pronoun.start()], language):
        return True
    if _PLACES.search(pointers):
        return True
    pointing = _DEMONSTRATIVES.search(pointers)
    if pointing and len(own) <= _LITTLE and not names(_last_sentence(text[: pointing.start()])):
        return True
    if own and not own & said and _DEFINITION.match(folded):
        return False
    return len(own) <= _FEW and (not own or len(text.split()) <= _SHORT) and not names(text)


def _names_something(text: str, language: str) -> bool:
    """Whether it has a name that is no number and no month, which may be of any topic."""
    months = WORDS["fr" if language == "fr" else "en"].months
    return any(name[0].isalpha() and fold(name) not in months for name in names(text))


def _without_weak(folded: str, text: str, language: str) -> str:
    """The text without its weak signs and its times, such as "this week"."""
    folded = _blank(_WEAK, folded)
    for time in time_expressions(text, language, _ANY_DAY):
        if not folded.startswith(_REMOTE, time.span.end):
            folded = folded[: time.span.start] + " " * len(time.span) + folded[time.span.end :]
    return folded


def _blank(pattern: re.Pattern[str], text: str) -> str:
    return pattern.sub(lambda match: " " * len(match.group()), text)


def _has_antecedent(before: str, language: str) -> bool:
    """Whether what stands before a pronoun says enough for it to point at, such as a name."""
    before = _last_sentence(before)
    return bool(names(before)) or len(content(before, language)) >= _ANTECEDENT


def _last_sentence(text: str) -> str:
    return _SENTENCE_END.split(text)[-1]
