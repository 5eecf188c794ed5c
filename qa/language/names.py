"""Names: the capitalised words and numbers of a text, and whether another text mentions them.

Forgiving about spelling, for the same person is Haftar, Hafter and Haftar's, and the same port
Tobrouk and Tobruk; strict about numbers. A word wholly in capitals is a name, be it an everyday
word too (UN, WHO, IS), and is known by the words that it stands for. Knows few places, bodies and
people by name: those that the two languages call by names too unlike to be told from the letters,
and countries that only look alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import product

from babel import Locale

from qa.language.terms import fold, only_stop_words, words
from qa.language.vocabulary import ENGLISH, FRENCH

_NAME = re.compile(
    r"(?:[^\W\d_]\.){2,}|[^\W\d_][\w’'-]*"
    r"|(?<!\d)\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)|\d[\d.,\u00a0\u202f]*\d|\d"
)
# A verb with its subject or object behind it: "Démissionnera-t-il", "Explique-moi", "Isn't".
_VERB = re.compile(
    r"-(?:t-)?(?:ils?|elles?|on|ce|je|tu|nous|vous|moi|toi|lui|leur|la|les?)$|n[’']t$", re.I
)

# Short everyday words that are put in capitals for stress, or for the time of the day.
_STRESSED = frozenset("AM NOT NO ALL ANY WHY HOW DID PAS NE NI QUI QUE OÙ".split())
_LETTERS = re.compile(r"(?:[^\W\d_]\.){2,}|[^\W\d_]+")
# "UN-backed": the acronym, then how it is meant.
_COMPOUND = re.compile(r"(?<=[A-Z]{2})-[a-z].*")

# Words that open a sentence or a request and name nothing, and titles, beside the stop words.
_NOT_NAMES = frozenset(
    """
    non oui yes according selon lors before since entre cependant toutefois puis however also
    peux peux-tu pouvez pouvez-vous peut-on dis dites donne donnez explique expliquez raconte
    liste cite tell give list explain please describe name show find according
    environ pres actuellement aujourd'hui hier demain quelque malgre resume resumez resumer
    approximately around nearly about almost currently today yesterday tomorrow although despite
    summarize summarise might must
    outside inside within throughout beyond beside besides behind beneath near towards amid among
    greater hors dehors derriere devant parmi outre durant pendant
    mme mlle mm mr mrs ms dr pr president presidente
    deux trois two three article articles quelqu'un personne someone nobody everything rien
    bonjour bonsoir salut coucou merci hello hi hey thanks thank sorry ok okay svp please
    i'd i'm i've i'll let's let contre grace face suite via without last first recently later
    initially finally overall following due based answer question police people
    recemment ensuite enfin finalement premierement d'abord fin debut reponse desole pardon
    """.split()
)

MONTHS = dict(zip(FRENCH.months, ENGLISH.months, strict=True))
MONTHS |= {english: french for french, english in MONTHS.items()}


_TIMES = frozenset({*MONTHS, *FRENCH.weekdays, *ENGLISH.weekdays})
# Months that are other words too, in small letters, unless a number stands beside them.
_OTHERWISE = frozenset({"mars", "may", "march", "august"})
_NUMBER_BEFORE = re.compile(r"\d(?:er|st|nd|rd|th)?\W{1,2}$")
_NUMBER_BEHIND = re.compile(r"\W{1,2}\d")


# Bodies that the world knows by their acronyms, and all that the two languages call them.
_BODIES = """
    ONU/UN/Nations unies/United Nations
    OMS/WHO/Organisation mondiale de la santé/World Health Organization/World Health Organisation
    UE/EU/Union européenne/European Union
    UA/AU/Union africaine/African Union
    OTAN/NATO
    FMI/IMF/Fonds monétaire international/International Monetary Fund
    BCE/ECB/Banque centrale européenne/European Central Bank
    AIEA/IAEA/Agence internationale de l'énergie atomique/International Atomic Energy Agency
    CPI/ICC/Cour pénale internationale/International Criminal Court
    CIJ/ICJ/Cour internationale de justice/International Court of Justice
    CNT/NTC/Conseil national de transition/National Transitional Council
    GNA/gouvernement d'union nationale/Government of National Accord
    EI/IS/ISIS/ISIL/Daech/Daesh/État islamique/Islamic State
    USA/US/États-Unis/United States
    UK/Royaume-Uni/United Kingdom
    IA/AI/intelligence artificielle/artificial intelligence
    PIB/GDP
    sida/AIDS
"""
# Nouns that name bodies, alike or not.
_KINDS = """
    conseil/council organisation/organization organisation/organisation gouvernement/government
    cour/court banque/bank union/union armee/army armees/forces fonds/fund agence/agency
    parti/party front/front mouvement/movement ligue/league commission/commission comite/committee
    ministere/ministry federation/federation association/association alliance/alliance etat/state
    chambre/house institut/institute
"""
# Beside the countries: what news in the two languages calls by unlike names, word by word.
_UNLIKE = """
    croix/cross rouge/red croissant/crescent mondial/world mondiale/world mondiaux/world
    sante/health securite/security penale/criminal commerce/trade travail/labour travail/labor
    droits/rights homme/human humains/human haut/high refugies/refugees garde/guard cotes/coast
    medecins/doctors frontieres/borders coupe/cup accord/agreement traite/treaty prix/prize
    pape/pope musee/museum
    unies/united unis/united uni/united etats/states royaume/kingdom
    londres/london moscou/moscow pekin/beijing bruxelles/brussels geneve/geneva vienne/vienna
    varsovie/warsaw athenes/athens caire/cairo alger/algiers beyrouth/beirut damas/damascus
    lisbonne/lisbon venise/venice edimbourg/edinburgh
    angleterre/england ecosse/scotland galles/wales grande/great bretagne/britain
    afrique/africa amerique/america asie/asia mediterranee/mediterranean sud/south nord/north
    lundi/monday mardi/tuesday mercredi/wednesday jeudi/thursday vendredi/friday
    samedi/saturday dimanche/sunday noel/christmas paques/easter
    francais/french francaise/french allemand/german allemande/german espagnol/spanish
    espagnole/spanish britannique/british neerlandais/dutch neerlandaise/dutch grec/greek
    grecque/greek turc/turkish turque/turkish polonais/polish polonaise/polish suisse/swiss
    japonais/japanese japonaise/japanese gallois/welsh danois/danish suedois/swedish
    allemands/germans espagnols/spaniards britanniques/britons suisses/swiss turcs/turks
    coree/korea zelande/zealand nouvelle/new premier/prime premiere/prime
    europeenne/european
    poutine/putin eltsine/yeltsin kadhafi/gaddafi ben/bin maison/house blanche/white
"""
# Two countries, not two spellings.
_ALIKE = """
    niger/nigeria niger/nigerian nigeria/nigerien niger/nigerians australie/autriche
    australia/austria austria/australie autriche/australia india/indiana
    inde/indiana slovaquie/slovenie slovakia/slovenia mali/malawi
    iran/irak iran/iraq guinee/guyane guinea/guyana gambie/zambie gambia/zambia
    lettonie/lituanie mauritanie/maurice mauritania/mauritius dominique/dominicaine
    dominica/dominican paraguay/uruguay suede/suisse sweden/switzerland
"""


def _both_ways(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for one, other in pairs:
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return {word: frozenset(others) for word, others in found.items()}


def _listed(table: str) -> list[tuple[str, str]]:
    return [(one, other) for one, _, other in (pair.partition("/") for pair in table.split())]


_OTHERS = _both_ways(_listed(_ALIKE))


@lru_cache(maxsize=1)
def _exonyms() -> dict[str, frozenset[str]]:
    """What a word of a name is called in the other language; countries by Unicode's CLDR."""
    french, english = (Locale(language).territories for language in ("fr", "en"))
    countries = [
        (words(french[code]), words(name))
        for code, name in english.items()
        if code.isalpha() and code in french  # the others are continents and parts of them
    ]
    single = [(mine[0], theirs[0]) for mine, theirs in countries if len(mine) == len(theirs) == 1]
    return _both_ways([*single, *_listed(_UNLIKE), *_listed(_KINDS)])


def is_time(word: str) -> bool:
    """Whether a word is a month or a day of the week in French or English."""
    return fold(word) in _TIMES


def names(text: str, *, times: bool = False) -> list[str]:
    """Capitalised words and numbers of a text, as written, each once.

    A capital that only opens the sentence counts unless the word is a common one. A common word of
    two or three letters counts when it is wholly in capitals ("UN", "IS") and the others are not.

    Args:
        text: any, such as a question.
        times: also weekdays and months, in small letters too, as for what a text claims. Else they
            are none, for when it was is asked of dates, and not of words; "Theresa May" is one.
    """
    found: dict[str, str] = {}
    acronyms = _acronyms(text)
    named_until = -1
    for match in _NAME.finditer(text):
        word = re.sub(r"^(?:[cdjlmnst]|qu)['’]", "", match.group(), flags=re.IGNORECASE)
        word = _COMPOUND.sub("", re.sub(r"['’]s$", "", word))
        if not word:
            continue
        if _is_time(word):
            behind_name = text[named_until : match.start()] in (" ", "\u00a0")
            alone = not _beside_number(text, match)
            if times:
                counts = word[0].isupper() or not (alone and fold(word) in _OTHERWISE)
            else:  # "Theresa May", and Mars, which as a month has a small letter
                counts = word[0].isupper() and (
                    (behind_name and fold(word) in MONTHS) or (alone and word == "Mars")
                )
        else:
            counts = word[0].isdigit() or (word[0].isupper() and _names_something(word, acronyms))
        if counts:
            found.setdefault(fold(word), word)
            named_until = -1 if word[0].isdigit() else match.end()
    return list(found.values())


def named(text: str, seen: str) -> list[str]:
    """The names of a text, and words in small letters that other texts write with capitals only.

    Args:
        text: as somebody types it: "et haftar".
        seen: texts that may know better.
    """
    found = dict.fromkeys(names(text))
    for word in re.findall(r"[^\W\d_]{3,}", text):
        known = re.search(rf"[\w,] {word.capitalize()}\b", seen)
        if known and not (only_stop_words(word) or re.search(rf"\b{word}\b", seen)):
            found[word] = None
    return list(found)


def _names_something(word: str, acronyms: frozenset[str]) -> bool:
    if fold(word).replace("’", "'") in _NOT_NAMES or _VERB.search(word):
        return False
    parts = word.replace(".", "").split("-")
    return not acronyms.isdisjoint(parts) or not _is_everyday(word)


def _is_everyday(word: str) -> bool:
    return only_stop_words(word) or fold(word) == "us"


def _is_time(word: str) -> bool:
    folded = fold(word)
    return folded in _TIMES or folded.removesuffix("s") in _TIMES


def _beside_number(text: str, match: re.Match[str]) -> bool:
    before = text[max(0, match.start() - 6) : match.start()]
    return bool(_NUMBER_BEFORE.search(before) or _NUMBER_BEHIND.match(text, match.end()))


def _capitals(text: str) -> frozenset[str]:
    """Words of two or three letters wholly in capitals, without dots; longer ones are stressed."""
    found = (match.group().replace(".", "") for match in _LETTERS.finditer(text))
    return frozenset(word for word in found if 2 <= len(word) <= 3 and word.isupper())


def _acronyms(text: str) -> frozenset[str]:
    """The `_capitals` of lines that are not shouted, none for stress alone.

    A line is shouted when all its words, more than one, are in capitals.
    """
    lines = (line for line in text.splitlines() if not line.isupper() or len(line.split()) == 1)
    return frozenset[str]().union(*map(_capitals, lines)) - _STRESSED


def mentioned(name: str, text: str, *, exactly: bool = False) -> bool:
    """Whether a text mentions a name, as it is or in the other language's spelling.

    Numbers must be equal. Names may differ by a letter or two in seven ("Tobruk", "Tobrouk";
    "Haftar", "Hafter"), months, countries and some others by language ("Londres", "London"). An
    acronym may stand for the words that it is made of, or they for it, in either language ("WHO",
    "Organisation mondiale de la santé"). Where it is an everyday word too, only one in capitals is
    taken for it, unless the text has none.

    Args:
        name: as written.
        text: as written or, where case is not known, folded (see `analysis.fold`).
        exactly: allow no other spelling than a final s more or less, for texts in one language.
    """
    own, called = _words_of(text)
    parts = _parts(name) or [fold(name)]
    if all(_present(part, own if exactly else called, exactly) for part in parts):
        return True
    return not exactly and _spelt_out(name.replace(".", ""), text)


def _parts(name: str) -> list[str]:
    """The words of a name; an acronym that is an everyday word too keeps its capitals."""
    parts = words(name)
    if name.isupper() and len(parts) > 1:  # "BANK OF AMERICA"
        return parts
    capitals = _capitals(name)
    return [
        word.upper() if word.upper() in capitals and _is_everyday(word) else word for word in parts
    ]


@lru_cache(maxsize=1)
def _bodies() -> tuple[tuple[tuple[str, ...], frozenset[str]], ...]:
    """What each body is called, and all words of that; see `_parts`."""
    rows = [
        [_parts(form) for form in line.strip().split("/")] for line in _BODIES.strip().splitlines()
    ]
    return tuple(
        (tuple(" ".join(form) for form in row), frozenset(word for form in row for word in form))
        for row in rows
    )


@lru_cache(maxsize=16)  # the same text is asked about each name of a question
def _words_of(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The words of a text; and with them those by which the bodies that it names are called too.

    An everyday word is an acronym where it is in capitals. In a text without case it may be one,
    but names a body only behind "the": "the who".
    """
    in_order = words(text)
    acronyms = _acronyms(text)
    own = frozenset(in_order) | acronyms
    line = f" {' '.join(in_order)} "
    if text in (text.lower(), text.upper()):
        own |= {word.upper() for word in own if _is_everyday(word)}
        acronyms = frozenset(word.upper() for word in re.findall(r"(?<= the )\w+", line))
    called = set(own)
    for forms, others in _bodies():
        if any(form in acronyms if form.isupper() else f" {form} " in line for form in forms):
            called |= others
    return own, frozenset(called)


_LONGEST_ACRONYM = 6
_BODY_WORDS = frozenset(word for pair in _listed(_KINDS) for word in pair)


def _spelt_out(acronym: str, text: str) -> bool:
    """Whether neighbours in a text, everyday words aside, begin with the letters of an acronym.

    One of them must name a kind of body. In any order, and each with its first letter in either
    language: "Conseil national de transition" is the CNT and the NTC.
    """
    if not acronym.isupper() or not 3 <= len(acronym) <= _LONGEST_ACRONYM:
        return False
    letters, telling = sorted(acronym.lower()), _telling(text)
    runs = (telling[n : n + len(letters)] for n in range(len(telling) - len(letters) + 1))
    return any(
        sorted(initials) == letters
        for run in runs
        if not _BODY_WORDS.isdisjoint(run)
        for initials in product(
            *({word[0], *(other[0] for other in _exonyms().get(word, ()))} for word in run)
        )
    )


@lru_cache(maxsize=16)
def _telling(text: str) -> tuple[str, ...]:
    """The words of a text in order, without everyday ones."""
    return tuple(word for word in words(text) if not only_stop_words(word))


def _present(word: str, present: frozenset[str], exactly: bool) -> bool:
    if word in present or MONTHS.get(word) in present:
        return True
    if not exactly and not present.isdisjoint(_exonyms().get(word, ())):
        return True
    if word[0].isdigit() or len(word) < 4:
        return False
    if word in _OTHERS:
        present = present - _OTHERS[word]
    if exactly:
        return f"{word}s" in present or word.removesuffix("s") in present
    if len(_root(word)) >= 4 and any(_root(word) == _root(other) for other in present):
        return True
    close = (
        other
        for other in present
        if abs(len(other) - len(word)) <= 3 and other[0] == word[0] and not other[0].isdigit()
    )

    def least(other: str) -> float:
        """Four letters of which one differs are another name: Iran, Iraq."""
        return 0.85 if other[1:2] != word[1:2] else 0.75 if len(word) > 4 else 0.8

    return any(SequenceMatcher(None, word, other).ratio() >= least(other) for other in close)


# The endings by which French and English make people and adjectives of places.
_ENDING = re.compile(
    r"(?:ienne|ien|enne|en|aine|ain|aise|ais|oise|ois|ian|an|ese|ish|ia|ie|i|a|e)?s?$"
)


def _root(word: str) -> str:
    """What "Russian", "russes" and "Russie" share."""
    return _ENDING.sub("", word, count=1)
