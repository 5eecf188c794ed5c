"""Normalisation: two texts that say the same become the same tokens.

SQuAD's rule (lower case, no punctuation, no English articles, single spaces; Rajpurkar et al.,
EMNLP 2016, arXiv:1606.05250, evaluate-v1.1.py) with what French and numbers need on top:

    articles    le la les l' un une des du d' for French, a an the otherwise
    accents     é and e are the same, œ is oe; typographic quotes and dashes are plain ones
    numbers     10 000 = 10,000 = 10000; 3,5 = 3.5; 1,5 million = 1500000;
                vingt-trois = twenty-three = 23 (by text2num)

On plain English without numbers it is exactly SQuAD's. A number with exactly three digits after
its one separator is read as grouped: 1,234 and 1.234 are 1234.
"""

from __future__ import annotations

import re
import string
from functools import lru_cache

from qa.language.numbers import digits
from qa.language.terms import fold

_ARTICLES = {
    "fr": re.compile(r"\b(?:le|la|les|un|une|des|du)\b"),
    "en": re.compile(r"\b(?:a|an|the)\b"),
}
_ELIDED_ARTICLE = re.compile(r"\b[ld]'(?=\w)")
_DASHES = re.compile("[\u2010-\u2015\u2212]")
_QUOTES = re.compile("[\u2018\u2019\u02bc`\u00b4]")
_OTHER_PUNCTUATION = re.compile(r"[^\w\s!-/:-@\[-`{-~]")
_CURRENCY = re.compile(r"(?<=\d)(?=[€$£])|(?<=[€$£])(?=\d)")
_PUNCTUATION = str.maketrans("", "", string.punctuation.replace(".", ""))
_POINT = re.compile(r"(?<!\d)\.|\.(?!\d)")


@lru_cache(maxsize=20_000)
def tokens(text: str, language: str | None = None) -> tuple[str, ...]:
    """The normalised tokens of a text.

    Args:
        text: an answer, a gold answer or a quote.
        language: of the question; "fr" drops French articles, anything else English ones. In
            French, billion is read as in English, since news texts translate it from there.
    """
    french = language == "fr"
    text = _DASHES.sub("-", _QUOTES.sub("'", text.lower()))
    text = _CURRENCY.sub(" ", text)
    text = digits(text, language or "en")
    text = fold(text)
    if french:
        text = _ELIDED_ARTICLE.sub("", text)
    text = _OTHER_PUNCTUATION.sub(" ", text).translate(_PUNCTUATION)
    text = _POINT.sub("", text)
    return tuple(_ARTICLES["fr" if french else "en"].sub(" ", text).split())


def contains(text: tuple[str, ...], part: tuple[str, ...]) -> bool:
    """Whether `part` is a run of whole tokens of `text`; an empty part is not."""
    if not part:
        return False
    first, n = part[0], len(part)
    return any(
        token == first and text[i : i + n] == part
        for i, token in enumerate(text[: len(text) - n + 1])
    )
