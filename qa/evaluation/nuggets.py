"""Nuggets: what a full answer says, piece by piece, and what a wrong one says.

A nugget is a list of strings any of which says it; a question's `wrong` are strings of wrong
answers. They are looked for as they stand, in the text as it stands, after these have been made
the same in both: case, accents, apostrophes, quotation marks, dashes, white space, thousands
separators (2,750 = 2 750 = 2750). Citation marks and stars are left out, "_" is a space.

    digits       a string that begins or ends with one is not found in a longer number: 17 in 2017
    short words  a string of up to four characters, and a first or last word of up to three in a
                 longer one, stands as a whole word: "the UN" is not in "the unity government"
    ^            the string begins the answer, and ends with the end of a word: ^yes

Unlike the tokens of `normalise`, the strings may end inside a word: "electri" finds "electric".
Knows nothing about questions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from qa.language.terms import fold

RECALL_MEASURES = ("NuggetRecall", "VitalRecall", "AllVital")
NUGGET_MEASURES = (*RECALL_MEASURES, *(f"{name}Quoted" for name in RECALL_MEASURES))
ERROR_MEASURES = ("WrongOnly",)

_PLAIN = str.maketrans(
    dict.fromkeys("‘’ʼ`´", "'")
    | dict.fromkeys("“”„«»", '"')
    | dict.fromkeys("‐‑–—−", "-")
    | {"œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae", "ı": "i", "ł": "l", "ø": "o"}
)
_MARK = re.compile(r"\s*\[\d+(?:\s*[,;]\s*\d+)*\]")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:[., ]\d{3})+(?!\d)")
_BEFORE_THE_START = " \"'>#-"


@dataclass(frozen=True, slots=True)
class Nugget:
    """A piece of an answer.

    Attributes:
        any: strings, each of which says it.
        vital: whether an answer without it is not right.
    """

    any: tuple[str, ...]
    vital: bool


@lru_cache(maxsize=2_000)
def folded(text: str) -> str:
    """A text without the differences that do not count."""
    text = fold(text.translate(_PLAIN)).casefold().replace("*", "").replace("_", " ")
    text = re.sub(r"\s+", " ", _MARK.sub("", text))
    return _THOUSANDS.sub(lambda number: re.sub(r"\D", "", number.group()), text)


def stands(wanted: str, text: str) -> bool:
    """Whether a string of a nugget, or a wrong one, is in a text.

    Args:
        wanted: something of which `folded` leaves more than spaces, behind a ^ or not.
        text: an answer, or whatever else; its beginning is where a string with ^ is looked for.
    """
    begins = wanted.startswith("^")
    wanted, text = folded(wanted.removeprefix("^")), folded(text)
    words = wanted.split()
    short = len(wanted.strip()) <= 4
    opens = short or len(words[0]) <= 3
    closes = short or len(words[-1]) <= 3 or begins
    place = -1
    while (place := text.find(wanted, place + 1)) >= 0:
        left, right = text[:place], text[place + len(wanted) :]
        if not (
            (begins and left.strip(_BEFORE_THE_START))
            or (opens and re.search(r"\w\w\Z", left[-1:] + wanted[0]))
            or (closes and re.match(r"\w\w", wanted[-1] + right[:1]))
            or re.search(r"\d[.,]?\d\Z", left[-2:] + wanted[0])
            or re.match(r"\d[.,]?\d", wanted[-1] + right[:2])
        ):
            return True
    return False


def recalls(nuggets: Sequence[Nugget], said: str, quotes: Iterable[str]) -> dict[str, float]:
    """NUGGET_MEASURES of an answer: the share of the nuggets, of the vital ones, and whether all
    of these are there; in its words, and, `Quoted`, in its words and quotes together, where
    strings with ^ still count in its words alone.

    Args:
        nuggets: at least one of them vital.
        said: the answer's words; empty when it abstained.
        quotes: of its citations.
    """
    together = "\n".join((said, *quotes))
    met = [any(stands(text, said) for text in nugget.any) for nugget in nuggets]
    quoted = [
        there or any(stands(text, together) for text in nugget.any if not text.startswith("^"))
        for nugget, there in zip(nuggets, met, strict=True)
    ]
    found: list[float] = []
    for every in (met, quoted):
        vital = [there for nugget, there in zip(nuggets, every, strict=True) if nugget.vital]
        found += [sum(every) / len(every), sum(vital) / len(vital), float(all(vital))]
    return dict(zip(NUGGET_MEASURES, found, strict=True))


def wrong_only(wrong: Iterable[str], said: str, *, right: bool) -> float:
    """WrongOnly: 1 when a wrong string stands in the answer's words and the answer is not right.

    An answer with all vital nuggets is right, whatever else it says.
    """
    return float(not right and any(stands(text, said) for text in wrong))
