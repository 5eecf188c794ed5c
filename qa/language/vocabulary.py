"""Words of time in French and English, as patterns over text without case and accents."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeVar

from qa.language.terms import fold

Language = Literal["fr", "en"]
T = TypeVar("T")


@dataclass(frozen=True)
class Words:
    """One language's words of time; patterns have no groups unless said.

    Attributes:
        months: full name → number.
        abbreviations: of months, which count beside a number only.
        weekdays: name → number, Monday 0.
        seasons: name → number, spring 0.
        parts: pattern → early 0, mid 1, late 2; followed by what they are part of.
        ordinals: pattern → number.
        units: pattern → unit of `period`.
        numbers: a word of a number; several make a longer one.
        few: pattern of a vague number.
        year_words: pattern → offset from this year.
        of: what may stand between a part and its whole, or a month and its year.
        counted: nouns that are counted, so that a number before them is no year.
        amounts: words before a number that is an amount.
    """

    language: Language
    months: dict[str, int]
    abbreviations: dict[str, int]
    weekdays: dict[str, int]
    seasons: dict[str, int]
    parts: dict[str, int]
    ordinals: dict[str, int]
    units: dict[str, str]
    numbers: str
    few: str
    year_words: dict[str, int]
    of: str
    counted: frozenset[str]
    amounts: frozenset[str]

    def number(self, words: str) -> int | None:
        """A number in digits or words; None for a vague one, such as "two three" or "several"."""
        if words.isdigit():
            return int(words)
        if re.fullmatch(self.few, words):
            return None
        if words in ("a", "an"):
            return 1
        from text_to_num import text2num

        try:
            return int(text2num(words.replace("-", " "), self.language))
        except ValueError:  # its way to say that the words make no one number
            return None

    def unit(self, word: str) -> str:
        """The unit that a word names."""
        return lookup(self.units, word)


def lookup(table: dict[str, T], word: str) -> T:
    """The value of the first pattern that fits the whole word."""
    return next(value for pattern, value in table.items() if re.fullmatch(pattern, word))


def either(patterns: dict[str, int] | dict[str, str] | frozenset[str]) -> str:
    """One pattern for the keys, longest first."""
    return "(?:" + "|".join(sorted(patterns, key=len, reverse=True)) + ")"


def plain(text: str) -> str:
    """Text without case, accents and typography, of the same length, so that spans agree."""
    return "".join(_plain_character(character) for character in text)


@lru_cache(maxsize=4096)
def _plain_character(character: str) -> str:
    if character in "\u00a0\u202f\u2009\t\n":
        return " "
    if character in "‐‑‒–—−":
        return "-"
    folded = fold(character)
    return folded if len(folded) == 1 else character


def _numbered(names: str, first: int = 1) -> dict[str, int]:
    return {name: number for number, name in enumerate(names.split(), first)}


ENGLISH = Words(
    language="en",
    months=_numbered(
        "january february march april may june july august september october november december"
    ),
    abbreviations=_numbered("jan feb mar apr may jun jul aug sept? oct nov dec"),
    weekdays=_numbered("monday tuesday wednesday thursday friday saturday sunday", 0),
    seasons={"spring": 0, "summer": 1, "autumn": 2, "fall": 2, "winter": 3},
    parts={
        r"early(?: in)?|(?:the )?(?:start|beginning) of|earlier in": 0,
        r"mid-?|(?:the )?middle of": 1,
        r"late(?: in)?|(?:the )?end of|later in": 2,
    },
    ordinals={
        "first|1st": 1,
        "second|2nd": 2,
        "third|3rd": 3,
        "fourth|4th": 4,
        "last|final": -1,
    },
    units={
        "hours?": "hour",
        "days?": "day",
        "weeks?": "week",
        "months?": "month",
        "quarters?": "quarter",
        "years?": "year",
        "decades?": "decade",
    },
    numbers="one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|"
    "fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|hundred",
    few=r"(?:a )?few|several|recent|couple of|a couple of|some",
    year_words={"this year": 0, "last year": -1, "next year": 1, "the year": 0},
    of=r"(?: of| in|,)?(?: the)?",
    counted=frozenset(
        """
        people persons men women children soldiers troops fighters victims migrants refugees
        asylum workers jobs employees passengers deaths dead wounded injured casualties prisoners
        euros dollars pounds km kilometres kilometers miles metres meters tonnes tons litres
        barrels percent per pages words years days hours minutes seconds voters votes police
        officers protesters demonstrators homes houses cases civilians residents students fans
        demonstrators delegates ships drones missiles rockets tanks degrees million billion points
        times street road avenue
        """.split()
    ),
    amounts=frozenset(
        "than over about nearly almost approximately around some least most roughly only "
        "exactly estimated another up".split()
    ),
)

FRENCH = Words(
    language="fr",
    months=_numbered(
        "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre"
    ),
    abbreviations=_numbered("janv? fevr? mar avr mai jui juil aou sept? oct nov dec"),
    weekdays=_numbered("lundi mardi mercredi jeudi vendredi samedi dimanche", 0),
    seasons={"printemps": 0, "ete": 1, "automne": 2, "hiver": 3},
    parts={
        r"(?:au |le |des le |au tout |tout )?debut(?: du mois)?": 0,
        r"(?:a la )?mi-?|(?:au |le )?milieu(?: du mois)?|courant(?: du mois)?": 1,
        r"(?:a la |la |en |a la toute )?fin(?: du mois)?": 2,
    },
    ordinals={
        r"premiere?|1ere?|1re": 1,
        r"deuxieme|seconde?|2n?de?|2e|2eme": 2,
        r"troisieme|3e|3eme": 3,
        r"quatrieme|4e|4eme": 4,
        r"derniere?": -1,
    },
    units={
        "heures?": "hour",
        "jours?|journees?": "day",
        "semaines?": "week",
        "mois": "month",
        "trimestres?": "quarter",
        "ans?|annees?": "year",
        "decennies?": "decade",
    },
    numbers="un|une|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|"
    "quinze|seize|vingt|trente|quarante|cinquante|soixante|et|cent",
    few=r"quelques|plusieurs",
    year_words={
        "cette annee": 0,
        "l'annee en cours": 0,
        "l'an(?:nee)? (?:derniere?|passee?)": -1,
        "l'an(?:nee)? prochaine?": 1,
        "l'annee": 0,
        "annee": 0,
    },
    of=r"(?: de| d'| du| des|,)?(?: mois de)?(?: ?l'annee(?= \d))?",
    counted=frozenset(
        """
        personnes gens hommes femmes enfants soldats militaires combattants victimes migrants
        refugies emplois postes salaries passagers morts blesses euros dollars km kilometres
        metres tonnes litres barils pages mots ans annees jours heures minutes secondes voix
        electeurs policiers gendarmes manifestants logements maisons cas civils habitants
        etudiants eleves supporters participants navires drones missiles roquettes chars degres
        millions milliards points fois pour rue avenue
        boulevard
        """.split()
    ),
    amounts=frozenset(
        "plus moins environ pres quelque quelques presque autour seulement exactement "
        "total combien quasiment dont que".split()
    ),
)

WORDS = {"fr": FRENCH, "en": ENGLISH}
