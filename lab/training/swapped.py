"""Questions that look answerable and are not, made from answerable ones by rule.

A name or a number of the question is replaced by another of its kind from the same passage: the
passage still says much of what the question says, and does not answer it. SQuAD 2.0's own
unanswerable questions are often of this form; French ones were not to be had.

Source: the kinds of question in Rajpurkar, Jia & Liang, Know What You Don't Know, ACL 2018,
arXiv:1806.03822, table 1 (entity swap, number swap, antonym).
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from lab.training.cloze import NAME, NUMBER
from lab.training.example import Example

_OPPOSITES = (
    "first last|before after|more fewer|most least|largest smallest|highest lowest|north south|"
    "east west|oldest newest|won lost|began ended|increase decrease|rise fall|male female|"
    "early late|start end|open closed|war peace|win lose|born buried|"
    "premier dernier|première dernière|avant après|plus moins|nord sud|père mère|"
    "début fin|grand petit|grande petite|hausse baisse|vainqueur perdant|naissance mort|né mort|"
    "commence finit|augmentation diminution|ancien nouveau|haut bas|fils fille"
)
_OPPOSITE = {
    a: z
    for pair in _OPPOSITES.split("|")
    for one, other in [pair.split()]
    for a, z in ((one, other), (other, one))
}
_WORD = re.compile(r"\w+")


def swapped(examples: Sequence[Example], seed: int) -> Iterator[Example]:
    """One unanswerable question for each answerable one that allows it."""
    draw = random.Random(seed)
    for example in examples:
        if example.spans:
            question = _swap(example, draw)
            if question is not None:
                yield Example(
                    f"swapped:{example.id}",
                    "swapped",
                    example.language,
                    question,
                    example.title,
                    example.passage,
                    [],
                    [],
                )


def _swap(example: Example, draw: random.Random) -> str | None:
    ways = [_other_opposite, _other_name, _other_number]
    draw.shuffle(ways)
    for way in ways:
        question = way(example, draw)
        if question is not None:
            return question
    return None


def _other_name(example: Example, draw: random.Random) -> str | None:
    return _replaced(example, NAME, draw, skip=1)


def _other_number(example: Example, draw: random.Random) -> str | None:
    return _replaced(example, NUMBER, draw, skip=0)


def _replaced(
    example: Example, pattern: re.Pattern[str], draw: random.Random, skip: int
) -> str | None:
    """With one match of the question replaced by another of the passage, never by the answer."""
    mine = [m for m in pattern.finditer(example.question) if m.start() >= skip]
    if not mine:
        return None
    place = draw.choice(mine)
    said = {m.group() for m in pattern.finditer(example.passage)}
    others = sorted(
        other
        for other in said
        if other not in example.question
        and place.group() not in other
        and not any(other in answer or answer in other for answer in example.answers)
    )
    if not others:
        return None
    return example.question[: place.start()] + draw.choice(others) + example.question[place.end() :]


def _other_opposite(example: Example, draw: random.Random) -> str | None:
    mine = [m for m in _WORD.finditer(example.question) if m.group() in _OPPOSITE]
    if not mine:
        return None
    place = draw.choice(mine)
    other = _OPPOSITE[place.group()]
    return example.question[: place.start()] + other + example.question[place.end() :]
