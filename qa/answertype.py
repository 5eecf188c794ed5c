"""Answer type: whether words can answer at all what a question asks for.

What the question says already answers nothing, who did it is somebody whom it does not name, and
how many is a number. Small networks point elsewhere now and then: asked who trains the soldiers of
Haftar, to "Marshal Khalifa Haftar"; asked how many are sent, to "some days". Says no only where
that is plain, and knows nothing about models or quotes. Other types, days and places, are not told
apart: too many words say a day.

Source of the idea: Li and Roth, Learning Question Classifiers, COLING 2002.
"""

from __future__ import annotations

import re

from qa.amounts import counted
from qa.analysis import fold, only_stop_words, terms, words
from qa.names import mentioned, names

_WHO = re.compile(r"\b(?:qui|who|whom)\b")
# "Who is" asks what somebody is, or for one of a family: "Who is the wife of Curie?"
_WHO_IS = re.compile(
    r"\b(?:qui (?:est|etait|sont|etaient|fut|furent)\b(?!-ce qu)|"
    r"who(?:'s| (?:is|are|was|were))\b(?!.*ing\W*$))"
)
_WHAT_ELSE = re.compile(
    r"\b(?:quand|quoi|quel\w*|lesquel\w*|laquelle|lequel|combien|comment|pourquoi|ou|when|what|which|"
    r"where|how|why|or)\b|qu'est[- ]ce qui\b"
)
_CAPITALISED = r"[^\W\d_a-zà-ÿ](?:\.(?:[^\W\d_a-zà-ÿ]\.)*|[\w’'-]*)"
_NAME_GOES_ON = re.compile(rf"[ \u00a0]{_CAPITALISED}")
# One name, behind an article and a title at most.
_ONE_NAME = re.compile(
    r"(?:(?!(?:of|de|du|des|and|et) )[^\W\d_A-ZÀ-Þ][\w’'-]* ){0,3}"
    rf"(?:{_CAPITALISED}[ \u00a0])*(?P<last>{_CAPITALISED})"
)
# One of those named may be the answer.
_EITHER = re.compile(r"\b(?:ou|or|entre|parmi|between|among|des deux|of the two)\b")
# Everyday words that make "other members" new beside "members".
_OTHERS = frozenset({"other", "others", "autre", "autres"})

# What is asked for with a verb in front, or its subject behind it, and no question word.
_WHETHER = re.compile(
    r"^(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|must|may|might)\b"
    r"|^est-ce qu"
    r"|^(?!.*\b(?:qui|que|quoi|ou|quand|comment|combien|pourquoi|quel\w*|lequel|laquelle|lesquel\w*)"
    r"\b)(?!.*\bqu').*-(?:t-)?(?:ils?|elles?|on|ce)\b"
)

_HOW_MANY = re.compile(r"\bcombien\b|\bhow many\b")
# What counts without being a number, …
_NUMERAL = (
    r"aucun|plusieurs|(?:diz|douz|vingt|trent|quarant|cinquant|soixant|cent)aine|milliers?\b|"
    r"millions?\b|milliards?\b|moitie|tiers|quart|majorit|plupart|several|dozen|hundred|thousand|"
    r"million|billion|half|third|quarter|none\b|zero\b|most\b|double|triple|"
)
# … and what may, alone.
_QUANTITY = re.compile(
    rf"\b(?:{_NUMERAL}quelques|peu|nombreu|beaucoup|personne|nobody|no one|nothing|rien\b|some|few|"
    r"many|no\b|all\b|tou(?:s|tes)\b|both\b|pair|single|seul|un\b|une\b|couple)"
)
_COUNTS = re.compile(rf"\b(?:{_NUMERAL}couple|pair)")
_UNIT_OF_TIME = (
    r"(?:seconde?s?|minutes?|heures?|jours?|journees?|nuits?|semaines?|mois|ans|annees?|siecles?|"
    r"hours?|days?|nights?|weeks?|months?|years?|decades?|centur(?:y|ies))\b"
)
_ONLY_TIME = re.compile(rf"\b(?:\w+ ){{0,2}}{_UNIT_OF_TIME}\W*")
_OF_TIME = re.compile(rf"\b(?:temps|duree|time|long|age|{_UNIT_OF_TIME})")

_FOR_PURPOSE = re.compile(r"(?:\bpour|\bafin d[e'’])[ \u00a0]*$", re.IGNORECASE)
_INFINITIVE = re.compile(r"(?:(?:ne pas|se|s['’]|l['’]|en|y|tout|mieux) ?)*[a-zà-ÿ]+(?:er|ir|re)\b")
_ASKS_PURPOSE = re.compile(
    r"\b(?:pourquoi|quoi|but|objectif|raison|mission|permet\w*|permi\w*|ser(?:t|vi)\w*|destin\w*|"
    r"venus? faire|why|purpose|aim|goal|what for|allow\w*|meant)\b"
)


def may_answer(answer: str, question: str, language: str) -> bool:
    """Whether words are of the type that a question in French or English asks for.

    Args:
        answer: a few words, without citation numbers.
        question: as asked.
        language: of the answer.
    """
    if asks_how_many(question):
        return _counts(answer, question, language)
    if not _says_anything_new(answer, question):
        return asks_whether(question) or bool(_EITHER.search(fold(question)))
    return not (asks_who(question) and _is_one_of(answer, question))


def asks_who(question: str) -> bool:
    """Whether a question asks which person or body did or underwent something.

    Not one that asks who somebody is, nor which of two.
    """
    asked = fold(question)
    return bool(_WHO.search(asked)) and not (_WHO_IS.search(asked) or _WHAT_ELSE.search(asked))


def asks_how_many(question: str) -> bool:
    """Whether a question asks for a number of something."""
    return bool(_HOW_MANY.search(fold(question)))


def may_hold(text: str, question: str, language: str) -> bool:
    """Whether a text may hold the answer: to how many, one that counts anything.

    Args:
        text: a quote.
        question: as asked.
        language: of the text.
    """
    if not asks_how_many(question) or _OF_TIME.search(fold(question)):
        return True
    return bool(counted(text, language) or _COUNTS.search(fold(text)))


def asks_whether(question: str) -> bool:
    """Whether a question asks for yes or no."""
    return bool(_WHETHER.search(fold(question).strip()))


def begins_as_asked(phrase: str, question: str) -> bool:
    """Whether a French phrase speaks of what the question has, and not of who did it.

    In French what is spoken of comes first: "soldats libyens" are no answer to who trains soldiers.
    With a name it may be another: "le président du Sénat".
    """
    return phrase.islower() and {*terms(phrase, "fr")[:1]} <= {*terms(question, "fr")}


def is_aside(text: str, start: int, end: int, question: str) -> bool:
    """Whether what stands at [start, end) of a French text is what for, and that is not asked.

    "Pour accueillir ces experts, des mesures sont prises": to welcome them is none of the measures.
    """
    return bool(
        _FOR_PURPOSE.search(text[max(0, start - 10) : start])
        and _INFINITIVE.match(text[start:end])
        and not _ASKS_PURPOSE.search(fold(question))
    )


def whole_name(text: str, start: int, end: int) -> str:
    """What stands at [start, end) of a text, with the rest of the name where that cuts one."""
    while match := _NAME_GOES_ON.match(text, end):
        end = match.end()
    return text[start:end]


def _says_anything_new(answer: str, question: str) -> bool:
    """Whether it has a word that is not everyday and not in the question."""
    own = {word for word in words(answer) if word in _OTHERS or not only_stop_words(word)}
    return not own <= {*words(question)}


def _is_one_of(answer: str, question: str) -> bool:
    """Whether it is one name, which ends as one of the question.

    A name is known by its last word: "Ada Lovelace" is Lovelace; "Lovelace's mother" and "the
    mother of Lovelace" are others.
    """
    name = _ONE_NAME.fullmatch(answer.strip(" ."))
    last = names(name["last"]) if name else []
    return any(mentioned(word, fold(question), exactly=True) for word in last)


def _counts(answer: str, question: str, language: str) -> bool:
    """Whether it has a number, and not of days where no time is asked for."""
    said = fold(answer)
    if not counted(said, language) and not _QUANTITY.search(said):
        return False
    return not _ONLY_TIME.fullmatch(said) or bool(_OF_TIME.search(fold(question)))
