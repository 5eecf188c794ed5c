"""Answer type: whether words can answer at all what a question asks for.

What the question says already answers nothing, who did it is somebody whom it does not name, and
how many is a number. Small networks point elsewhere now and then: asked who trains the soldiers of
Haftar, to "Marshal Khalifa Haftar"; asked how many are sent, to "some days". Says no only where
that is plain, and knows nothing about models or quotes. Days and places are not told apart: too
many words say a day, and a place may stand in the question ("Where was the Paris Agreement
signed?"). Of a follow-up only what was typed counts, not the words that it carries behind a dash.

Source of the idea: Li and Roth, Learning Question Classifiers, COLING 2002.
"""

from __future__ import annotations

import re

from qa.amounts import counted
from qa.analysis import fold, negates, only_stop_words, terms, words
from qa.names import mentioned, names

_CAPITALISED = r"[^\W\d_a-zà-ÿ](?:\.(?:[^\W\d_a-zà-ÿ]\.)*|[\w’'-]*)"
_NAME_GOES_ON = re.compile(rf"[ \u00a0]{_CAPITALISED}")
# One name, behind an article and a title at most.
_ONE_NAME = re.compile(
    r"(?:(?!(?:of|de|du|des|and|et) )[^\W\d_A-ZÀ-Þ][\w’'-]* ){0,3}"
    rf"(?:{_CAPITALISED}[ \u00a0])*(?P<last>{_CAPITALISED})"
)

# The question words that are not of a person.
_ASKING = (
    r"quoi|ou|quand|comment|combien|pourquoi|quel\w*|lequel|laquelle|lesquel\w*|what|when|where|which|"
    r"why|how"
)
_WHO = re.compile(
    r"(?:^\W*|[,;:] |\b(?:par|a|de|avec|contre|pour|chez|sur|vers|selon|d'apres|by|with|to|from|"
    r"for|and|et|alors|mais|so|but) )(?:qui|who|whom)\b"
)
# "Who is" asks what somebody is, or for one of a family: "Who is the wife of Curie?"
_WHO_IS = re.compile(
    r"\b(?:qui (?:est|etait|sont|etaient|fut|furent)\b(?!-ce qu)|"
    r"who(?:'s| (?:is|are|was|were))\b)"
)
_WHO_DOES = re.compile(r"\b[Ww]ho(?:['’]s| (?:is|are|was|were)) (?:\S+ )?[a-z]{3,}ing\b")
_WHAT_ELSE = re.compile(rf"^que\b|^qu'|\b(?:{_ASKING}|or)\b")
# Who is at the other end: "Who did Putin blame?"
_WHOM = re.compile(
    r"\b(?:par|a|de|avec|contre|pour|chez|sur|vers|by|with|to|from|for) (?:qui|who)\b|\bwhom\b|"
    r"\bwho (?:do|does|did)\b|\bqui est-ce que|"
    r"-(?:t-)?(?:ils?|elles?|on)\b"
)
# Those to whom it is done may be some of those named.
_UNDERGONE = re.compile(
    r"\b(?:a|ont|avait|avaient|aurait) ete\b|\bqui (?:est|sont|sera|seront|fut)\b|"
    r"\b(?:touch|benefici|pai|pay|recev|reco|recu|subi|parmi)"
)
_PRONOUN_DOES = re.compile(r"\W*(?:Ils?|Elles?|He|She|They) (?=[a-zà-ÿ])")
_BY = re.compile(r"\b(?:par|by)\s(?:[\w’'-]+\s){0,2}(?:\w['’])?$")
# One of those named may be the answer.
_EITHER = re.compile(
    r"\b(?:ou|or|entre|parmi|between|among|des deux|of the two|vs?|versus|match|finale?|"
    r"debate?|duel|contre|against|which of|(?:qui|lequel|laquelle|lesquels),? d(?:e|'))\b"
)
_TWO_SIDES = re.compile(rf"{_CAPITALISED} ?[-–—/] ?[^\W\d_a-zà-ÿ]")
# What may stand in the question as part of a name: a place, a day.
_IN_A_NAME = re.compile(
    r"\b(?:where|city|cities|town|country|countries|capital|when|year|villes?|pays|capitale|quand|"
    r"annee|jour)\b"
)
# Everyday words that make "other members" new beside "members".
_OTHERS = frozenset({"other", "others", "autre", "autres"})

VERDICT = re.compile(r"(?:oui|non|yes|no)\b(?!-)")
_QUESTION_WORD = rf"\b(?:{_ASKING}|qui|que|who\w*)\b|\bqu'"
# What is asked for with a verb in front, or its subject behind it, and no question word, …
_WHETHER = re.compile(
    rf"^(?:(?:and|so|but|then|et|mais|alors|donc),? |(?:(?!{_QUESTION_WORD})[^,?]){{1,40}}, )?"
    r"(?:(?:is|are|was|were|do|does|did|has|have|had|ca|could|wo|would|should|must|might|will|can|may)"
    r"(?:n't)?\b(?! \d)|est[- ]ce qu)"
    rf"|^(?!.*(?:{_QUESTION_WORD})).*-(?:t-)?(?:ils?|elles?|on|ce)\b"
)
# … or as a statement: "Le pont est ouvert ?"
_STATED = re.compile(rf"^(?!.*(?:{_QUESTION_WORD}))\w+ .*\w ?\?$")
_TELL_ME = re.compile(rf"\b(?:know|tell|say|explain|remember|show)\b.*(?:{_QUESTION_WORD})")

_HOW_MANY = re.compile(
    r"(?:^\W*|[,;:] |\b(?:a|de|en|pour|depuis|et|alors|mais|par|sous|dans|sur|avec|d'ici) )"
    r"combien\b|\bhow many\b"
)
_OF_THINGS = re.compile(r"\b(?:combien d(?:e |')|how many)")
# What counts without being a number, …
_NUMERAL = (
    r"aucun|plusieurs|(?:diz|douz|quinz|vingt|trent|quarant|cinquant|soixant|cent)aine|milliers?\b|"
    r"millions?\b|milliards?\b|moitie|tiers|quart|majorit|plupart|several|dozen|hundred|thousand|"
    r"million|billion|half|halv|third|quarter|none\b|zero\b|most\b|doubl|tripl|quadrupl|once\b|"
    r"twice\b|couple\b|pair"
)
# … and what may, alone.
_QUANTITY = re.compile(
    rf"\b(?:{_NUMERAL}|quelques|peu|nombreu|beaucoup|personne|nobody|no one|nothing|rien\b|some|"
    r"few|many|all\b|tou(?:s|tes)\b|both\b|every|whole|entire|single|seul|un\b|une\b|an?\b|jamais|never|"
    r"gratuit|free\b|unknown|inconnu|pas d)"
)
_COUNTS = re.compile(
    rf"\b(?:{_NUMERAL}|personne|nobody|no (?:one|casualt|injur|victim|death|surviv|fatalit)|"
    r"pas (?:fait |eu )?de (?:victime|bless|mort)|all (?:the|of)\b|tou(?:s|tes) les\b|both\b|"
    r"une? (?:personne|homme|femme|enfant|mort|bless|fois|soldat|civil|policier)|"
    r"a (?:man|woman|person|child|boy|girl|soldier|civilian|policeman)\b)"
)
_UNIT_OF_TIME = (
    r"(?:seconde?s?|minutes?|heures?|jours?|journees?|nuits?|semaines?|mois|ans|annees?|siecles?|"
    r"hours?|days?|nights?|weeks?|months?|years?|decades?|centur(?:y|ies))"
)
_ONLY_TIME = re.compile(
    r"\W*(?:(?:d'ici|dans|en|pendant|durant|apres|les|ces|in|within|for|after|the|next|a) )*"
    rf"(?:[\w-]+ )?{_UNIT_OF_TIME}\W*"
)
_OF_TIME = re.compile(rf"\b(?:temps|duree?|dure|time|long|age|{_UNIT_OF_TIME})\b")

# A sentence that begins with what something is for.
_FOR_PURPOSE = re.compile(r"(?:^|[.!?…»\n]\s*)(?:Pour|Afin d[e'’])[ \u00a0]*$")
_INFINITIVE = re.compile(
    r"(?:(?:ne pas|se|s['’]|en|y|tout|mieux) ?)?"
    r"(?!quatre\b|[nv]otre\b|\w+bre\b|(?:janv|févr)ier\b|autre)[a-zà-ÿ]+(?:er|ir|re)\b"
)
_ASKS_PURPOSE = re.compile(
    r"\b(?:pourquoi|quoi|but|objectif|raison|mission|role|permet\w*|permi\w*|ser(?:t|vi)\w*|"
    r"destin\w*|utilis\w*|venus? faire|why|purpose|aim|goal|for|allow\w*|meant|used?)\b"
)


def may_answer(answer: str, question: str, language: str) -> bool:
    """Whether words are of the type that a question in French or English asks for.

    Args:
        answer: a few words or one sentence, without citation numbers.
        question: stand-alone.
        language: of the answer.
    """
    question = _typed(question)
    if VERDICT.match(fold(answer)) or asks_whether(question):
        return True
    if asks_how_many(question):
        return _counts(answer, question, language)
    asked = fold(question)
    if _EITHER.search(asked) or _TWO_SIDES.search(question):
        return True
    if not _says_anything_new(answer, question):
        return bool(_IN_A_NAME.search(asked))
    return not (asks_who(question) and _is_one_of(answer, question))


def asks_who(question: str) -> bool:
    """Whether a question asks which person or body did or underwent something.

    Not one that asks who somebody is, nor which of two.
    """
    question = _typed(question)
    asked = fold(question)
    if _WHO_IS.search(asked) and not _WHO_DOES.search(question):
        return False
    return bool(_WHO.search(asked)) and not _WHAT_ELSE.search(asked)


def asks_how_many(question: str) -> bool:
    """Whether a question asks for a number of something, and for nothing else."""
    asked = fold(_typed(question))
    others = _HOW_MANY.sub("", asked)
    return bool(_HOW_MANY.search(asked)) and not (
        _WHAT_ELSE.search(others) or _WHO.search(others) or asks_whether(question)
    )


def asks_whether(question: str) -> bool:
    """Whether a question asks for yes or no."""
    asked = fold(_typed(question)).strip().replace("\u2011", "-")
    return bool(_WHETHER.search(asked) or _STATED.search(asked)) and not _TELL_ME.search(asked)


def may_hold(text: str, question: str, language: str) -> bool:
    """Whether a text may hold the answer: to how many, one that counts anything.

    Args:
        text: a quote.
        question: stand-alone.
        language: of the text.
    """
    asked = fold(_typed(question))
    if not asks_how_many(question) or _OF_TIME.search(asked):
        return True
    return bool(counted(text, language) or _COUNTS.search(fold(text)))


def may_be_who(sentence: str, start: int, end: int, question: str, language: str) -> bool:
    """Whether words in small letters can be who did something; those with a name always may.

    In French what is spoken of comes first: "soldats libyens" are none who train soldiers, unless
    it is done to them. Behind "They" the doer is named before ("They will train them under an
    agreement"), unless "by" stands before the words.

    Args:
        sentence: that the words stand in.
        start, end: of the words in it.
        question: that `asks_who`.
        language: of the sentence.
    """
    asked, phrase = fold(_typed(question)), sentence[start:end]
    if not phrase.islower():
        return True
    if language == "fr" and not _UNDERGONE.search(asked) and not _WHOM.search(asked):
        first = terms(phrase, "fr")[:1]
        if {*first} <= {*terms(question, "fr")}:
            return False
    return bool(
        not _PRONOUN_DOES.match(sentence)
        or _WHOM.search(asked)
        or _BY.search(sentence[max(0, start - 30) : start])
    )


def is_aside(text: str, start: int, end: int, question: str) -> bool:
    """Whether what stands at [start, end) of a French text is what for, and that is not asked.

    "Pour accueillir ces experts, des mesures sont prises": to welcome them is none of the measures.
    """
    return bool(
        _FOR_PURPOSE.search(text[max(0, start - 10) : start])
        and _INFINITIVE.match(text[start:end])
        and not _ASKS_PURPOSE.search(fold(_typed(question)))
    )


def whole_name(text: str, start: int, end: int) -> str:
    """What stands at [start, end) of a text, with the rest of the name where that cuts one."""
    while match := _NAME_GOES_ON.match(text, end):
        end = match.end()
    return text[start:end]


def _typed(question: str) -> str:
    """Without the words that a follow-up carries from the conversation."""
    return question.partition(" — ")[0]


def _says_anything_new(answer: str, question: str) -> bool:
    """Whether it has a word that is not everyday and not in the question."""
    own = {word for word in words(answer) if word in _OTHERS or not only_stop_words(word)}
    return not own <= {*words(question)}


def _is_one_of(answer: str, question: str) -> bool:
    """Whether it is one name of which the question has the last word alone.

    "Ada Lovelace" is the Lovelace of the question; "Lovelace's mother", "the mother of Lovelace",
    and "Raúl Castro" where the question has "Fidel Castro", are others.
    """
    name = _ONE_NAME.fullmatch(answer.strip(" .,;:«»“”\"'()\u00a0"))
    if not name or not any(
        mentioned(word, fold(question), exactly=True) for word in names(name["last"])
    ):
        return False
    before = re.compile(rf"([^\W\d_][\w’'-]*) {re.escape(name['last'])}", re.IGNORECASE)
    return not any(names(match[1]) for match in before.finditer(question))


def _counts(answer: str, question: str, language: str) -> bool:
    """Whether it has a number or says none, and is not of days where things are asked for."""
    said, asked = fold(answer), fold(question)
    if _OF_TIME.search(asked):
        return True
    if not (counted(said, language) or _QUANTITY.search(said) or negates(answer)):
        return False
    return not (_OF_THINGS.search(asked) and _ONLY_TIME.fullmatch(said))
