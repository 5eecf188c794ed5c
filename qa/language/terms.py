"""Terms: text → terms, the same for articles and questions, by language.

Case, accents and typography are folded, elided articles (l', d', qu') and stop words dropped,
words reduced to their Snowball stem (M. F. Porter, snowballstem.org), numbers written one way
("10 000", "10,000" and "10000" are one term). Words of other languages than French and English
are only folded.

Knows nothing about indexes or scores.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import Stemmer

_TOKEN = re.compile(
    r"(?:\b[dl]['’])?(?:[^\W\d_]\.){2,}|"  # U.N., l'O.N.U.
    r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*|\d*[^\W_]+",
    re.IGNORECASE,
)
_GROUPED_NUMBER = re.compile(r"(?<![\d.,])\d{1,3}(?:[ \u00a0\u202f.,]\d{3})+(?![\d]|[.,]\d)")
_NOT_DIGIT = re.compile(r"\D")
_ELISION = re.compile(r"^(?:[cçdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu)['’]", re.IGNORECASE)

_STOP_WORDS = {
    "fr": frozenset(
        """
        a ai aie ainsi alors apres as au aucun aucune aura aurai auraient aurais aurait auras
        aurez auriez aurons auront aussi autre autres aux avaient avais avait avant avec avez
        aviez avions avoir avons ayant car ce ceci cela celle celles celui ces cet cette ceux
        chaque chez ci combien comme comment d dans de depuis des doit doivent donc dont du elle
        elles en encore entre es est est-ce et etaient etais etait etant ete etes etes-ce etiez
        etions etre eu eue eues eurent eusse eut eux faire fait furent fus fussent fut ici il
        ils j je jusque l la laquelle le lequel les lesquelles lesquels leur leurs lieu lors
        lorsque lui m ma mais me meme memes mes mon n ne ni nos notre nous on ont or ou par
        parce parmi pas pendant peu peut peuvent plus plusieurs pour pourquoi qu quand que quel
        quelle quelles quels qui quoi s sa sans se sera serai serais serait seras serez seriez
        serons seront ses si soit sommes son sont sous sur t ta te tes toi ton tous tout toute
        toutes tres tu un une va vais vas vers vont vos votre vous y
        """.split()
    ),
    "en": frozenset(
        """
        a about after again against all am an and any are as at be because been before being
        between both but by can could did do does doing down during each few for from further
        had has have having he her here hers herself him himself his how i if in into is it its
        itself just me more most my myself no nor not now of off on once only or other our ours
        out over own s same she should so some such t than that the their theirs them themselves
        then there these they this those through to too under until up very was we were what
        when where which while who whom whose why will with would you your yours
        """.split()
    ),
}

_SNOWBALL = {"en": "english", "fr": "french"}


def terms(text: str, language: str, *, asked_in: str | None = None) -> list[str]:
    """The terms of `text`, in order, repeated as often as they occur.

    Args:
        text: any text.
        language: ISO 639-1 code of the articles to match; one without a stemmer is folded only.
        asked_in: for a question, its own language, whose stop words are dropped as well.
    """
    stop_words = _STOP_WORDS.get(language, frozenset()) | _STOP_WORDS.get(
        asked_in or "", frozenset()
    )
    return [_stem(word, language) for word in words(text) if word not in stop_words]


def has_stop_word(text: str) -> bool:
    """Whether a text has an everyday word of French or English, as nearly every question has."""
    return any(word in known for word in words(text) for known in _STOP_WORDS.values())


def only_stop_words(text: str) -> bool:
    """Whether a text, such as a word with hyphens, has nothing but everyday words."""
    return all(any(word in known for known in _STOP_WORDS.values()) for word in words(text))


def words(text: str) -> list[str]:
    """Lower-case words without accents and elisions, and numbers written one way."""
    text = _GROUPED_NUMBER.sub(lambda match: _NOT_DIGIT.sub("", match.group()), text)
    found = []
    for match in _TOKEN.finditer(text):
        word = _ELISION.sub("", match.group().replace("’", "'"))
        word = fold(word.removesuffix("'s"))
        if word.endswith("."):
            word = word.replace(".", "")  # U.N., O.N.U.
        if word:
            found.append(word.replace(",", ".") if word[0].isdigit() else word)
    return found


def fold(text: str) -> str:
    """Lower case without accents; "œ" and "æ" are written out."""
    text = text.lower().replace("œ", "oe").replace("æ", "ae").replace("’", "'")
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return plain.lower()  # again: "𝓐" only now became a letter that has a lower case


@lru_cache(maxsize=200_000)
def _stem(word: str, language: str) -> str:
    stemmer = _stemmer(language)
    return word if stemmer is None or word[0].isdigit() else str(stemmer.stemWord(word))


@lru_cache(maxsize=32)
def _stemmer(language: str) -> Stemmer.Stemmer | None:
    import Stemmer

    name = _SNOWBALL.get(language)
    return Stemmer.Stemmer(name) if name else None


_DENIAL = re.compile(
    r"\b(?:n'|ne |sans\b|aucun|jamais|not\b|no\b|never\b|without\b|none\b|neither\b)|n't\b|"
    r"\b(?:nie\b|nient\b|nia\b|dement|dementi|refus|rejet|exclu(?:e?s?|t|re|ent|ait|aient)\b|"
    r"den(?:y|ies|ied)\b|rul(?:e|es|ed) out|reject)"
)


def denies(text: str) -> bool:
    """Whether a text in French or English denies or refuses something."""
    return bool(_DENIAL.search(fold(text)))


_FOR_ANOTHER = re.compile(
    r"[«“\"(—–-]*\s*(?:(?i:mais|et|or|puis|ainsi|but|and|yet|so|then),? )?"
    r"(?:(?i:ils?|elles?|he|she|they|it)(?=(?:['’]| [a-zà-ÿ]))|"
    r"(?i:son|sa|ses|leurs?|his|her|their) (?=[a-zà-ÿ])|"
    r"(?i:ce dernier|cette dernière|ces derni(?:ers|ères)|ce(?:lui|lle|ux|lles)-ci|the latter)\b)"
)
# "It is raining", "Il y a": nothing was named before.
_FOR_NOTHING = re.compile(
    r"(?:il (?:n'|ne |s'|se |lui )?(?:y (?:en )?(?:a|avait|aura|eut)\b|faut|faudra|fallait|a fallu|"
    r"agit|agira|agissait|reste |suffi|pleu|neig|convient|semble|existe|vaut mieux|peut que|"
    r"est (?:pas )?(?:possible|probable|temps|difficile|important|necessaire|prevu que|interdit|"
    r"question))|"
    r"it(?:'s|'d|'ll| (?:is|was|will be|has been|seems|appears|takes|took|remains|rained|snowed))"
    r"\b)"
)


def opens_with_pronoun(sentence: str) -> bool:
    """Whether a sentence in French or English begins by speaking of what another has named.

    Such as "He", "Leurs", "Ce dernier"; not "Il y a" or "It is", which need no other, nor capitals
    such as IT or SES.
    """
    opening = sentence[:40]
    match = _FOR_ANOTHER.match(opening)
    shouted = match is not None and match.group().strip()[-2:].isupper()
    return match is not None and not shouted and not _FOR_NOTHING.match(fold(opening))
