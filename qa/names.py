"""Names: the capitalised words and numbers of a text, and whether another text mentions them.

Forgiving about spelling, for the same person is Haftar, Hafter and Haftar's, and the same port
Tobrouk and Tobruk; strict about numbers. Knows few places and people by name: those that the two
languages call by names too unlike to be told from the letters, and countries that only look alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import lru_cache

from babel import Locale

from qa.analysis import fold, only_stop_words, words

_NAME = re.compile(
    r"(?:[^\W\d_]\.){2,}|[^\W\d_][\w’'-]*"
    r"|(?<!\d)\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)|\d[\d.,\u00a0\u202f]*\d|\d"
)
# A verb with its subject or object behind it: "Démissionnera-t-il", "Explique-moi", "Isn't".
_VERB = re.compile(
    r"-(?:t-)?(?:ils?|elles?|on|ce|je|tu|nous|vous|moi|toi|lui|leur|la|les?)$|n[’']t$", re.I
)

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

_FRENCH_MONTHS = (
    "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre"
).split()
_ENGLISH_MONTHS = (
    "january february march april may june july august september october november december"
).split()
MONTHS = dict(zip(_FRENCH_MONTHS, _ENGLISH_MONTHS, strict=True))
MONTHS |= {english: french for french, english in MONTHS.items()}


# Beside the countries: what news in the two languages calls by unlike names, word by word.
_UNLIKE = """
    onu/un ue/eu otan/nato fmi/imf bce/ecb aiea/iaea cpi/icc cij/icj pib/gdp sida/aids
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
    royaume/uk etats/usa europeenne/eu europeenne/european ue/european
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
    return _both_ways([*single, *_listed(_UNLIKE)])


def names(text: str) -> list[str]:
    """Capitalised words and numbers of a text, as written, each once.

    A capital that only opens the sentence counts unless the word is a common one.
    """
    found: dict[str, str] = {}
    for match in _NAME.finditer(text):
        word = re.sub(r"^(?:[cdjlmnst]|qu)['’]", "", match.group(), flags=re.IGNORECASE)
        word = re.sub(r"['’]s$", "", word)
        if word and (word[0].isdigit() or (word[0].isupper() and _names_something(word))):
            found.setdefault(fold(word), word)
    return list(found.values())


def _names_something(word: str) -> bool:
    common = fold(word).replace("’", "'") in _NOT_NAMES or only_stop_words(word)
    return not common and not _VERB.search(word)


def mentioned(name: str, folded_text: str, *, exactly: bool = False) -> bool:
    """Whether a folded text mentions a name, as it is or in the other language's spelling.

    Numbers must be equal. Names may differ by a letter or two in seven ("Tobruk", "Tobrouk";
    "Haftar", "Hafter"), months, countries and some others by language ("Londres", "London").

    Args:
        name: as written.
        folded_text: see `analysis.fold`.
        exactly: allow no other spelling than a final s more or less, for texts in one language.
    """
    own = fold(name)
    present = _words_of(folded_text)
    parts = words(own) or [own]
    return all(_present(part, present, exactly) for part in parts)


@lru_cache(maxsize=16)
def _words_of(folded_text: str) -> frozenset[str]:
    """The same text is asked about each name of a question."""
    return frozenset(words(folded_text))


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
        if abs(len(other) - len(word)) <= 3 and other[:2] == word[:2] and not other[0].isdigit()
    )
    # Four letters of which one differs are another name: Iran, Iraq.
    least = 0.75 if len(word) > 4 else 0.8
    return any(SequenceMatcher(None, word, other).ratio() >= least for other in close)


# The endings by which French and English make people and adjectives of places.
_ENDING = re.compile(
    r"(?:ienne|ien|enne|en|aine|ain|aise|ais|oise|ois|ian|an|ese|ish|ia|ie|i|a|e)?s?$"
)


def _root(word: str) -> str:
    """What "Russian", "russes" and "Russie" share."""
    return _ENDING.sub("", word, count=1)
