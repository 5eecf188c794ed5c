"""The gate: whether a question leans on what was said before it, and how much.

    wholly   it cannot be understood alone: it has next to no words of its own ("Et où ?"), opens
             like a continuation ("And in 2019?"), or points back ("Who trained them?")
    lightly  it could be, but goes on about the same thing: it names nothing, and shares words with
             what was said or says little else ("How do I get impartial results?")
    not      it names something of its own, or asks about something else

A question wrongly taken for a follow-up gets words of an old topic and may be answered from it, one
wrongly left alone is not found: the middle way adds little and risks little.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from qa.analysis import fold
from qa.names import names
from qa.rewriting.plain import content, without_reaction

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

_OPENINGS = re.compile(
    r"^(?:et|mais|puis|alors|qu'en est-il|quid|and|but|then|so|what about|how about)\b"
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
    r"also|such|too)\b"
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
    if needs_history(text, language):
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
    said = {term for turn in turns for part in turn for term in content(part, language)}
    goes_on = rest != text.strip() or own & said
    return "lightly" if goes_on and len(own) <= _LITTLE else "not"


def needs_history(text: str, language: str) -> bool:
    """Whether a question cannot be understood without what was said before it."""
    text = without_reaction(text)
    folded = fold(text)
    if _OPENINGS.match(folded) or _MORE.search(folded):
        return True
    said = len(content(text, language))
    plain = _NOT_POINTERS.sub(lambda match: " " * len(match.group()), folded)
    pronoun = _PRONOUNS.search(plain)
    if pronoun and not _has_antecedent(text[: pronoun.start()], language):
        return True
    if _PLACES.search(plain):
        return True
    pointing = _DEMONSTRATIVES.search(plain)
    if pointing and said <= _LITTLE and not names(_last_sentence(text[: pointing.start()])):
        return True
    return said <= _FEW and (said == 0 or len(text.split()) <= _SHORT) and not names(text)


def _has_antecedent(before: str, language: str) -> bool:
    """Whether what stands before a pronoun says enough for it to point at, such as a name."""
    before = _last_sentence(before)
    return bool(names(before)) or len(content(before, language)) >= _ANTECEDENT


def _last_sentence(text: str) -> str:
    return _SENTENCE_END.split(text)[-1]
