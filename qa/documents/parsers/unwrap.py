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
_BRIEF = 2  # long lines, up to which a single break shows the width
_LONGER = 1.1  # times the width: a line that no machine broke, such as a headline
_ENOUGH_LINES = 10  # from which a single line may be longer than the width
_CELLS = re.compile(r"\S(?: {3,}|\t| \| )\S")
_HEAD = re.compile(r"(?:By|Par) [A-ZÀ-Þ]|(?!.*[a-zß-ÿ])[A-ZÀ-Þ].* [A-ZÀ-Þ]")  # whose text it is
_WROTE = re.compile(r"(?:wrote|a écrit)\s?:$")
_RULE = re.compile(r"(?!\s*[^\w\s*=-]{1,3}\s*$)\W*")  # but the last marks of a sentence
_FIELD = re.compile(r"[A-Z][\w-]{1,15}\s?:\s")


def unwrap(text: str) -> str:
    """A text with its paragraphs on one line each, if a machine broke them; else as it was."""
    plain = re.sub(r"\r\n?", "\n", text).expandtabs(8)
    blocks = [block.split("\n") for block in re.split(r"\n\s*\n", plain.strip("\n").rstrip())]
    within = [
        pair
        for block in blocks
        for pair in pairwise(block)
        if _is_running(pair) and not _FIELD.match(pair[1]) and not _is_closed(pair[0])
    ]
    small = [pair for pair in within if pair[1].strip()[:1].islower() or "".join(pair).isupper()]
    width = _width([len(before) for before, _ in small])
    if not _by_machine(within, small, width):
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


def _width(lengths: Sequence[int]) -> int:
    """The width that lines were broken to, or 0."""
    if not lengths:
        return 0
    longest = sorted(lengths)[int(0.95 * len(lengths)) if len(lengths) >= _ENOUGH_LINES else -1]
    return longest if longest in _WIDTHS else 0


def _by_machine(
    within: Sequence[tuple[str, str]], small: Sequence[tuple[str, str]], width: int
) -> bool:
    """Whether the lines within sentences are as full as they can be.

    Args:
        within: pairs of lines of which the first closes no sentence.
        small: those of them whose second begins with a small letter, or which shout.
    """
    long = [before for before, _ in within if len(before) > width / 2]
    verse = len(small) > _BRIEF and all(before.rstrip()[-1:] in (",", ";") for before, _ in small)
    return (
        width > 0
        and not verse
        and len(small) >= min(2, len(long) - _BRIEF + 1)
        and sum(_is_full(*pair, width) for pair in small) >= _MOST_FULL * len(small)
        and len(small) >= (1 - _CAPITALS) * len(long)
    )


def _is_closed(line: str) -> bool:
    return CLOSES_SENTENCE.search(line.rstrip()) is not None


def _is_full(before: str, line: str, width: int) -> bool:
    """Whether the next word did not fit, or was divided."""
    first = next(iter(line.split(maxsplit=1)), "")
    if len(before) > _LONGER * width:
        return False
    return len(before) + 1 + len(first) > width or re.search(r"\w-$", before) is not None


def _paragraphs(block: Sequence[str], width: int, hyphenated: frozenset[str]) -> Iterator[str]:
    """A block's paragraphs; lines that belong to none stay lines."""
    paragraph = block[0].strip()
    item = _indent(block[0]) if BULLET.match(paragraph) else None
    for before, line in pairwise(block):
        text = line.strip()
        full = _is_full(before.rstrip(), line, width)
        running = _is_running((before, line)) and (full or not _FIELD.match(text))
        if running and item is not None and _indent(line) > item:
            paragraph = join(paragraph, text, hyphenated)
            continue
        deeper = _indent(line) > _indent(before)
        ended = _is_closed(before)
        long = len(before.rstrip()) >= width / 2 and text[:1].islower() and not ended
        item = _indent(line) if BULLET.match(text) else None
        if running and not deeper and (full or long):
            paragraph = join(paragraph, text, hyphenated)
        elif item is None and not _CELLS.search(text) and (deeper or (running and ended)):
            yield paragraph
            paragraph = text
        else:
            paragraph += f"\n{text}"
    yield paragraph


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
