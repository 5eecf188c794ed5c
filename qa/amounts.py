"""Amounts: numbers by their value, however a text writes them.

10 000, 10,000 and 10000 are one number, and so are 3,5 and 3.5, "1,5 million" and 1500000,
"vingt-trois", "twenty-three" and 23 (by text2num). A number with exactly three digits after its one
separator is read as grouped: 1,234 and 1.234 are 1234. In French, billion is read as in English,
since news texts translate it from there.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

_SPACES = "[ \u00a0\u202f\u2009]"
_GROUPED = re.compile(
    rf"(?<![\d.,])\d{{1,3}}(?:(?:{_SPACES}|[.,'])\d{{3}})+(?!\d|[.,]\d{{1,2}}\b\d)"
)
_DECIMAL = re.compile(r"(?<![\d.,])(\d+)[.,](\d+)(?![.,]?\d)")
_SCALES = {
    "mille": 1_000,
    "thousand": 1_000,
    "million": 1_000_000,
    "millions": 1_000_000,
    "milliard": 1_000_000_000,
    "milliards": 1_000_000_000,
    "billion": 1_000_000_000,
    "billions": 1_000_000_000,
}
_SCALED = re.compile(rf"\b(\d+(?:\.\d+)?){_SPACES}({'|'.join(_SCALES)})\b")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
# "€4bn", "3 Mds €": the number with its scale behind it, or something else.
_SUFFIXED = re.compile(rf"(\d+(?:\.\d+)?){_SPACES}?(bn|mds?|m)\b")
_SUFFIXES = {"m": 1_000_000, "bn": 1_000_000_000, "md": 1_000_000_000, "mds": 1_000_000_000}
# Words for so much are everyday words too: "one", "les deux".
_EVERYDAY = frozenset({"1", "2"})


def digits(text: str, language: str) -> str:
    """A text in small letters, its numbers in digits and written one way: 23, 3.5, 10000.

    Args:
        text: in small letters.
        language: `fr`, or anything else for English.
    """
    from text_to_num import alpha2digit

    text = _GROUPED.sub(lambda match: re.sub(r"\D", "", match.group()), text)
    text = _DECIMAL.sub(r"\1.\2", text)
    text = _SCALED.sub(lambda match: _times(match[1], _SCALES[match[2]]), text)
    text = str(alpha2digit(text, "fr" if language == "fr" else "en", 1.5))
    # Alone, "un", "une" and "a" are articles; "one" is a number.
    return text if language == "fr" else re.sub(r"\bone\b", "1", text)


@lru_cache(maxsize=1000)
def counted(text: str, language: str) -> frozenset[str]:
    """The values that a text may mean: those of `claimed`, and those of words like "one"."""
    text = digits(text.lower(), language)
    found = {_value(number) for number in _NUMBER.findall(text)}
    for number, suffix in _SUFFIXED.findall(text):
        found.add(_times(number, _SUFFIXES[suffix]))
    return frozenset(found)


@lru_cache(maxsize=1000)
def claimed(text: str, language: str) -> frozenset[str]:
    """The values that a text gives, each written one way; "one" and "two" in words are no claim."""
    text = text.lower()
    found = {_value(number) for number in _NUMBER.findall(digits(text, language))}
    written = {_value(number) for number in _NUMBER.findall(text)}
    return frozenset(found - (_EVERYDAY - written))


def _value(number: str) -> str:
    return _times(number, 1)


def _times(number: str, scale: int) -> str:
    product = Decimal(number) * scale
    return str(int(product)) if product == int(product) else str(product.normalize())
