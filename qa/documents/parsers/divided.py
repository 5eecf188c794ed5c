"""Lines that belong to one paragraph become one text, words divided between them whole again."""

from __future__ import annotations

import re
from collections.abc import Iterable

CLOSES_SENTENCE = re.compile(r"[.!?…:][\"'”’»)\]\s]*[⁰¹²³⁴-⁹]*$")
BULLET = re.compile(r"[•▪◦‣–—*·]\s|-\s(?!\s)|\(?\d{1,2}[.)]\s|\(?[a-z]\)\s")

_DIVIDED = re.compile(r"([^\W\d_]+)[-\u00ad\u2010]$")
_DIVIDED_NUMBER = re.compile(r"\d[-–]$")
_COMPOUND = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)+")
_LONGEST_WORD = 60
_WORD = re.compile(r"[^\W\d_]+")
# First parts that keep their hyphen, and second parts of French questions and of "celui-ci".
_FIRST_PARTS = frozenset(
    "vice non ex well self half semi demi mi porte après avant contre sous sans peut quasi chef "
    "haut bas lui elle eux moi soi nous vous celui celle ceux celles".split()
)
_SECOND_PARTS = frozenset(
    "il ils on je tu ce ci là moi toi lui nous vous leur y en même mêmes".split()
)
_AFTER_VERB = re.compile(r"t-(?:il|elle|on)s?\b|elles?\b")


def compounds(lines: Iterable[str]) -> frozenset[str]:
    """The words of a document that have a hyphen within a line, and those that could be divided."""
    found: set[str] = set()
    for line in lines:
        found.update(match[0].lower().replace("\u2010", "-") for match in _COMPOUND.finditer(line))
    return frozenset(found)


def join(before: str, after: str, hyphenated: frozenset[str]) -> str:
    """Two lines of a paragraph as one.

    Args:
        hyphenated: `compounds` of the document, which keep their hyphen here as well.
    """
    divided = _DIVIDED.search(before, max(0, len(before) - _LONGEST_WORD))
    if divided is None:
        inside_number = (
            _DIVIDED_NUMBER.search(before, max(0, len(before) - 2)) and after[:1].isalnum()
        )
        return before + after if inside_number else f"{before} {after}"
    follows = _WORD.match(after)
    first, second = divided[1].lower(), follows[0].lower() if follows else ""
    keeps = (
        not second
        or not after[0].islower()
        or first in _FIRST_PARTS
        or second in _SECOND_PARTS
        or f"{first}-{second}" in hyphenated
        or (first[-1] in "td" and _AFTER_VERB.match(after))
        or (first[-1] in "aec" and after.startswith(("t-il", "t-elle", "t-on")))
    )
    return (before if keeps else before[:-1]) + after
