"""Names: the capitalised words and numbers of a text, and whether another text mentions them.

Forgiving about spelling, for the same person is Haftar, Hafter and Haftar's, and the same port
Tobrouk and Tobruk; strict about numbers. Knows no list of people or places.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import lru_cache

from qa.analysis import fold, only_stop_words, words

_NAME = re.compile(r"(?:[^\W\d_]\.){2,}|[^\W\d_][\w’'-]*|\d[\d.,\u00a0\u202f]*\d|\d")

# Words that open a sentence or a request and name nothing, beside the stop words.
_NOT_NAMES = frozenset(
    """
    non oui yes according selon lors before since entre cependant toutefois puis however also
    peux peux-tu pouvez pouvez-vous peut-on dis dites donne donnez explique expliquez raconte
    liste cite tell give list explain please describe name show find according
    deux trois two three article articles quelqu'un personne someone nobody everything rien
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
    return fold(word) not in _NOT_NAMES and not only_stop_words(word)


def mentioned(name: str, folded_text: str, *, exactly: bool = False) -> bool:
    """Whether a folded text mentions a name, as it is or in the other language's spelling.

    Numbers must be equal. Names may differ by a letter or two in seven ("Tobruk", "Tobrouk";
    "Haftar", "Hafter"), months by language.

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
    if word[0].isdigit() or len(word) < 4:
        return False
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
