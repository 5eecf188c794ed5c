"""Numbers by their value, however a text writes them.

10 000, 10,000 and 10000 are one number, and so are 3,5 and 3.5, "1,5 million" and 1500000,
"vingt-trois", "twenty-three" and 23 (by text2num). A number with exactly three digits after its one
separator is read as grouped: 1,234 and 1.234 are 1234. In French, billion is read as in English,
since news texts translate it from there.

A length of time and a percentage have their unit in their value, "14 day" and "50 %", so that two
weeks are 14 days, and half is 50 %, but neither is 14 or 50 people. A bare number may be of any
unit, for in "de 14 à 18 ans" only the second shows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from qa.language.terms import fold
from qa.language.vocabulary import WORDS, either, lookup

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
# "Three-day": that it be read as a number.
_HYPHEN = re.compile(r"-(?=(?:hour|day|week|month|year|decade)s?\b)")
_PERCENT = re.compile(r"\b(?:pour|per)[ -]?cent\b")
# The units of time, in the smallest of their kind.
_HOURS = {"hour": 1, "day": 24, "week": 168}
_MONTHS = {"month": 1, "year": 12, "decade": 120}
_UNITS = (*_HOURS, *_MONTHS, "%")
# Nouns that are numbers; a quarter is one of a hundred.
_NOUNS = {
    "dozen": 12,
    "dizaine": 10,
    "douzaine": 12,
    "quinzaine": 15,
    "vingtaine": 20,
    "trentaine": 30,
    "quarantaine": 40,
    "cinquantaine": 50,
    "soixantaine": 60,
    "centaine": 100,
    "millier": 1000,
}
_QUARTERS = "quarters?|quarts?"


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
    """The values that a text may mean: those of `claimed`, and those of words like "one".

    And those of "a dozen", "half" and "a week", what is as long (14 days for two weeks), and of a
    number with a unit that without it.
    """
    text = _prepared(text, language)
    found = {_times(number, _SUFFIXES[suffix]) for number, suffix in _SUFFIXED.findall(text)}
    return frozenset(found.union(*(a.may_be() for a in _amounts(text, language))))


@lru_cache(maxsize=1000)
def claimed(text: str, language: str) -> frozenset[str]:
    """The values that a text gives, each written one way, with the unit if it is of time or %.

    "One" and "two" in words are no claim, nor are "a week", "a dozen" and "half".
    """
    written = {_value(number) for number in _NUMBER.findall(text)}
    return frozenset(
        str(amount)
        for amount in _amounts(_prepared(text, language), language)
        if amount.exact and (amount.many not in _EVERYDAY or amount.many in written)
    )


@dataclass(frozen=True, slots=True)
class _Amount:
    """A number of a text.

    Attributes:
        many: its value, of `unit`.
        unit: of time, "%", or none.
        exact: whether it is written as a number: "3 weeks", not "a week".
    """

    many: str
    unit: str = ""
    exact: bool = True

    def __str__(self) -> str:
        return f"{self.many} {self.unit}".strip()

    def may_be(self) -> set[str]:
        """All values that it may mean."""
        if not self.unit:
            return {self.many, *(f"{self.many} {unit}" for unit in _UNITS)}
        found = {self.many, str(self)} if self.exact else {str(self)}
        for sizes in (_HOURS, _MONTHS):
            for unit, size in sizes.items() if self.unit in sizes else ():
                length = Decimal(self.many) * sizes[self.unit] / size
                if length * 2 == int(length * 2):  # not 1.43 weeks
                    found.add(f"{_value(str(length))} {unit}")
        return found


def _prepared(text: str, language: str) -> str:
    """The text folded, with its numbers in digits."""
    text = _PERCENT.sub("%", text.lower())
    text = _HYPHEN.sub(" ", text)
    return fold(digits(text, language))


def _amounts(text: str, language: str) -> Iterator[_Amount]:
    """Each number of a prepared text with its unit."""
    language = "fr" if language == "fr" else "en"
    for match in _measured(language).finditer(text):
        number, halves = match["number"] or "1", bool(match["half"] or match["halves"])
        many = Decimal("0.5") if match["demi"] else Decimal(number) + Decimal("0.5") * halves
        exact = bool(match["number"]) and not match["demi"]
        if match["time"]:
            yield _Amount(_value(str(many)), lookup(WORDS[language].units, match["time"]), exact)
        elif match["noun"]:
            yield _Amount(_value(str(many * _NOUNS[match["noun"]])), exact=exact)
        elif match["quarter"] and number not in {"1", "3"}:  # "the 2 quarters"
            yield _Amount(_value(number))
        elif match["quarter"]:
            yield _Amount(_value(str(many * 25)), "%", exact)
        elif match["alone"]:
            yield _Amount("50", "%", exact=False)
        else:
            yield _Amount(_value(match["bare"]), match["percent"] or "")


@lru_cache(maxsize=2)
def _measured(language: str) -> re.Pattern[str]:
    """A number in digits or an article, and what it counts: time, dozens, quarters, percent."""
    number = r"(?P<number>\d+(?:\.\d+)?)(?P<half> and a half)?"
    few = r"une?(?P<demi>[ -]demie?)?" if language == "fr" else r"(?P<demi>half )?an?"
    nouns = "|".join(_NOUNS)
    return re.compile(
        rf"(?<![\w.])(?:{number}|{few}){_SPACES}?-?"
        rf"(?:(?P<time>{_time(language)})|(?P<noun>{nouns})s?|(?P<quarter>{_QUARTERS}))\b"
        r"(?P<halves> and a half| et demie?)?"
        rf"|(?P<bare>\d+(?:\.\d+)?)(?:{_SPACES}?(?P<percent>%))?"
        r"|\b(?P<alone>half|moitie)\b"
    )


def _time(language: str) -> str:
    """A pattern for the units of time; a quarter is rather a share than three months."""
    units = WORDS[language].units
    return either({word: unit for word, unit in units.items() if unit != "quarter"})


def _value(number: str) -> str:
    return _times(number, 1)


def _times(number: str, scale: int) -> str:
    product = Decimal(number) * scale
    return str(int(product)) if product == int(product) else str(product.normalize())
