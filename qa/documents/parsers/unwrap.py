"""Text with a line break every sixty or seventy-five letters, as agencies and mail send it.

Whether lines were broken by a machine shows in their lengths: the first word of the next line would
not have fitted. Where most lines are such, they become paragraphs again. Verse, lists, tables,
addresses and headings do not have such lines, and stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from qa.documents.parsers.divided import BULLET, CLOSES_SENTENCE, compounds, join

_WIDTHS = range(30, 133)
_MOST_FULL = 0.75  # share of the breaks that a machine would have made
_CAPITALS = 0.65  # share of lines before one that begins with a capital: verse
_CELLS = re.compile(r"\S(?: {3,}|\t| \| )\S")
_HEAD = re.compile(r"(?:By|Par) [A-ZÀ-Þ]|(?!.*[a-zß-ÿ])[A-ZÀ-Þ].* [A-ZÀ-Þ]")  # whose text it is
_WROTE = re.compile(r"(?:wrote|a écrit)\s?:$")
_RULE = re.compile(r"(?!\s*[^\w\s*=-]{1,3}\s*$)\W*")  # but the last marks of a sentence


def unwrap(text: str) -> str:
    """A text with its paragraphs on one line each, if a machine broke them; else as it was."""
    plain = re.sub(r"\r\n?", "\n", text).expandtabs(8)
    blocks = [block.split("\n") for block in re.split(r"\n\s*\n", plain.strip("\n").rstrip())]
    within = [
        pair
        for block in blocks
        for pair in pairwise(block)
        if _is_running(pair) and not _is_closed(pair[0])
    ]
    small = [pair for pair in within if pair[1].strip()[:1].islower() or "".join(pair).isupper()]
    width = max((len(before) for before, _ in small), default=0)
    if width not in _WIDTHS or not _by_machine(within, small, width):
        return text
    hyphenated = compounds(line for block in blocks for line in block)
    return "\n\n".join(
        paragraph for block in blocks for paragraph in _paragraphs(block, width, hyphenated)
    )


def _is_running(pair: tuple[str, str]) -> bool:
    """Whether two lines may be of one sentence: no cells, no rule of dashes, no new item.

    "2." after a line without a full stop is no item but the end of a sentence.
    """
    before, line = (line.strip() for line in pair)
    item = BULLET.match(line) and not (line[0].isdigit() and not _is_closed(before))
    if item or (_HEAD.match(line) and not before.isupper()) or _WROTE.search(before):
        return False
    return not any(_CELLS.search(one) or _RULE.fullmatch(one) for one in (before, line))


def _by_machine(
    within: Sequence[tuple[str, str]], small: Sequence[tuple[str, str]], width: int
) -> bool:
    """Whether the lines within sentences are as full as they can be.

    Args:
        within: pairs of lines of which the first closes no sentence.
        small: those of them whose second begins with a small letter, or which shout.
    """
    long = [before for before, _ in within if len(before) > width / 2]
    verse = len(small) > 2 and all(before.rstrip()[-1:] in (",", ";") for before, _ in small)
    return (
        not verse
        and sum(_is_full(*pair, width) for pair in small) >= _MOST_FULL * len(small)
        and len(small) >= (1 - _CAPITALS) * len(long)
    )


def _is_closed(line: str) -> bool:
    return CLOSES_SENTENCE.search(line.rstrip()) is not None


def _is_full(before: str, line: str, width: int) -> bool:
    """Whether the next word did not fit."""
    first = next(iter(line.split(maxsplit=1)), "")
    return len(before) + 1 + len(first) > width


def _paragraphs(block: Sequence[str], width: int, hyphenated: frozenset[str]) -> Iterator[str]:
    """A block's paragraphs; lines that belong to none stay lines."""
    paragraph = block[0].strip()
    item = _indent(block[0]) if BULLET.match(paragraph) else None
    for before, line in pairwise(block):
        text = line.strip()
        full = _is_full(before.rstrip(), line, width)
        running = _is_running((before, line))
        if running and item is not None and _indent(line) > item:
            paragraph = join(paragraph, text, hyphenated)
            continue
        deeper = _indent(line) > _indent(before)
        item = _indent(line) if BULLET.match(text) else None
        if running and not deeper and full:
            paragraph = join(paragraph, text, hyphenated)
        elif deeper or (running and _is_closed(before)):
            yield paragraph
            paragraph = text
        else:
            paragraph += f"\n{text}"
    yield paragraph


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
