"""The layout of a page: words with their places become lines in the order of reading.

Built from below, as a page may have any shape. A row of words is cut where a strip without words
runs down several rows. The runs that this leaves are put together to blocks as long as one run has
only one other below it, and that one only the first above it: so the text beside a box or a
quotation stays in its column, and where two ways lead on, the block ends. A block is read before
those below it, and before those at its right unless something that stands over both is between
them (T. Breuel, "High performance document layout analysis", 2003). Blocks of short cells that
stand in rows are a table, which is read row by row. Places are in points, from the page's upper
left corner.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations, groupby, pairwise
from math import inf, isfinite
from statistics import median

_GUTTER = 0.7  # of the size of the letters: the narrowest strip between columns
_WIDE = 1.6  # the same between the cells of one line; the widest indent
_SPACE = 0.4  # of the size of large letters, at most, between the words of a headline
_DEEP = 3  # rows on either side, from which a strip may be one between columns
_STRETCHED = 2.5  # times the narrowest space of a line: no space between words
_HEADLINE = 1.3  # of the usual size; with nothing beside it, it stands above the whole page
_SAME_SIZE = 1.08
_SAME_EDGE = 2.0  # points
_NEAR = 2.0  # of the size, at most, from a line to the next one of a block
_SHORT_CELL = 15  # characters on average, up to which columns are a table's
_PROSE = 0.4  # of the lines, at least, go on with the sentence of the line above
_NEIGHBOURS = 3  # lines above and below, whose widest is the width of the column there
_SAME_ROW = 0.35  # of the size: how far apart the feet of two words of a line may be
_OVERLAP = 0.25  # of a word's height, by which lines that are set close may overlap
_DROPPED = 1.8  # of the usual size: a capital that spans several lines
_CAPITAL = re.compile(r"[«“\"]?[^\W\d_a-z][’']?")

_Stretch = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Word:
    """A run of letters; `size` is the height from the lowest descender to the highest letter.

    `weight` is that of the font (bold or not), 0 when it does not say.
    """

    text: str
    left: float
    right: float
    top: float
    bottom: float
    size: float
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """Words side by side in one block.

    Attributes:
        column: left and right edge of the block at the height of the line.
        block: the block's number, from 0, in the order of reading.
        weight: of its words, 0 when they have several.
    """

    text: str
    left: float
    right: float
    top: float
    bottom: float
    size: float
    column: _Stretch
    block: int
    weight: int
    in_table: bool = False


class _Run:
    """Words of one row without a strip between them, or of several rows."""

    def __init__(self, words: list[Word], row: int = -1) -> None:
        self.words = words
        self.row = row
        self.left = min(word.left for word in words)
        self.right = max(word.right for word in words)
        self.top = min(word.top + _OVERLAP * word.size for word in words)
        self.bottom = max(word.bottom for word in words)
        self.size = median(word.size for word in words)


def rows(words: Sequence[Word]) -> list[list[Word]]:
    """Words by the line they stand on, whatever the columns; top to bottom, left to right."""
    found: list[list[Word]] = []
    for word in sorted(words, key=lambda one: one.bottom):
        near = _SAME_ROW * min(word.size, found[-1][0].size) if found else 0.0
        if found and word.bottom - found[-1][0].bottom <= near:
            found[-1].append(word)
        else:
            found.append([word])
    return [sorted(row, key=lambda one: one.left) for row in found]


def lines(words: Sequence[Word]) -> list[Line]:
    """The lines of a page or a part of it, in the order of reading."""
    if not words:
        return []
    usual = median(word.size for word in words)
    blocks = _with_tables(_blocks([*_runs(rows(_with_capitals(words, usual)), usual)]))
    return [
        line
        for number, block in enumerate(_in_order(blocks, usual))
        for line in _lines(block, number, usual)
    ]


def _with_capitals(words: Sequence[Word], usual: float) -> list[Word]:
    """Words, those that begin with a capital over several lines whole again."""
    found = list(words)
    for capital in words:
        if capital.size <= _DROPPED * usual or not _CAPITAL.fullmatch(capital.text):
            continue
        beside = [
            word
            for word in found
            if word.size * _DROPPED < capital.size
            and capital.top < (word.top + word.bottom) / 2 < capital.bottom
            and 0 <= word.left + word.size - capital.right < capital.size
        ]
        if beside:
            first = rows(beside)[0][0]
            space = "" if first.text[0].islower() else " "
            whole = replace(first, text=f"{capital.text}{space}{first.text}")
            found[found.index(first)] = whole
            found.remove(capital)
    return found


def _runs(grid: Sequence[list[Word]], usual: float) -> Iterator[_Run]:
    """The runs of rows."""
    free = [
        [(-inf, row[0].left), *_gaps(row, _GUTTER * usual), (max(word.right for word in row), inf)]
        for row in grid
    ]
    for number, row in enumerate(grid):
        changes = {b.left for a, b in pairwise(row) if not same_size(a.size, b.size)}
        spaces = [0.0, *(b.left - a.right for a, b in pairwise(row)), 0.0]
        beside = {
            word.left: max(before, after)
            for word, before, after in zip(row[1:], spaces, spaces[2:], strict=False)
        }
        gaps = [
            gap
            for gap in free[number][1:-1]
            if gap[1] in changes or _is_gutter(gap, number, free, usual, beside[gap[1]])
        ]
        for part in _split(row, gaps):
            yield _Run(part, number)


def same_size(one: float, other: float) -> bool:
    """Whether two sizes of letters are the same but for rounding."""
    return max(one, other) <= _SAME_SIZE * min(one, other)


def _gaps(words: Sequence[Word], least: float) -> list[_Stretch]:
    """The wide gaps between words of a row."""
    return [
        (a.right, b.left)
        for a, b in pairwise(words)
        if b.left - a.right >= max(least, _SPACE * max(a.size, b.size))
    ]


def _split(words: Sequence[Word], gaps: Sequence[_Stretch]) -> list[list[Word]]:
    """Words by the strips between them, left to right."""
    parts: list[list[Word]] = [[] for _ in range(len(gaps) + 1)]
    for word in words:
        parts[sum(word.left >= gap[1] for gap in gaps)].append(word)
    return [part for part in parts if part]


def _is_gutter(
    gap: _Stretch, number: int, free: Sequence[Sequence[_Stretch]], usual: float, space: float
) -> bool:
    """Whether a gap in a row goes on above and below, with words on either side of it.

    Lines that are stretched to a column's width may have such gaps by chance. Full lines stand
    above and below these, and what is right of them does not begin at one place, or is short.

    Args:
        number: of the row.
        free: stretches without words of all rows.
        space: the wider one of those before and after, to which that of a stretched line is alike.
    """
    ends, starts, reach, crossed = [gap[0]], [gap[1]], [_reach(gap[1], free[number])], 0
    for step in (1, -1):
        strip = gap
        for row in free[number + 1 :] if step > 0 else reversed(free[:number]):
            met = (
                (min(right, strip[1]), max(left, strip[0]), left, right)
                for left, right in row
                if min(right, strip[1]) - max(left, strip[0]) >= _GUTTER * usual
            )
            end, start, left, right = max(met, default=(0.0,) * 4)
            if not end:
                crossed += 1
                break
            strip = start, end
            ends += [left] if isfinite(left) else []
            if right - end < _WIDE * usual:
                starts.append(right)
                reach.append(_reach(right, row))
    straight = max(starts) - min(starts) <= _SAME_EDGE and min(reach) > _NEAR * usual
    depth, most = sorted((len(ends), len(starts)))
    distinct = 0 < _STRETCHED * space < gap[1] - gap[0]
    if depth < _DEEP <= most:  # a line or two beside a column
        return distinct
    if depth < 2 * _DEEP and crossed > 1:
        return depth >= _DEEP and straight and (distinct or _are_aligned(ends))
    return depth >= _DEEP and _are_aligned(starts)


def _reach(place: float, free: Sequence[_Stretch]) -> float:
    """How far the words that begin at a place reach without a gap."""
    return min((gap[0] for gap in free if gap[0] > place), default=inf) - place


def _are_aligned(edges: Sequence[float]) -> bool:
    """Whether most words begin or end at one place."""
    most = max(sum(abs(one - edge) <= _SAME_EDGE for one in edges) for edge in edges)
    return most >= max(2, len(edges) / 2)


def _blocks(runs: Sequence[_Run]) -> list[list[_Run]]:
    """Runs put together to blocks from top to bottom."""
    below: dict[_Run, list[_Run]] = {run: [] for run in runs}
    above: dict[_Run, list[_Run]] = {run: [] for run in runs}
    for at, run in enumerate(runs):
        for other in runs[at + 1 :]:
            if other.bottom - run.bottom > _NEAR * run.size:
                break
            if _overlap(run, other) and not any(_overlap(one, other) for one in below[run]):
                below[run].append(other)
                above[other].append(run)
    blocks: dict[_Run, list[_Run]] = {}
    for run in runs:
        before = _next(run, above[run])
        goes_on = before is not None and _next(before, below[before]) is run
        blocks[run] = blocks[before] if before is not None and goes_on else []
        blocks[run].append(run)
    return [block for run, block in blocks.items() if block[0] is run]


def _next(run: _Run, others: Sequence[_Run]) -> _Run | None:
    """The only one of the size of a run, or None."""
    alike = [one for one in others if same_size(one.size, run.size)]
    return alike[0] if len(alike) == 1 else None


def _overlap(one: _Run, other: _Run) -> bool:
    return one.left < other.right and other.left < one.right


def _with_tables(blocks: Sequence[list[_Run]]) -> list[list[_Run]]:
    """Blocks, those of a table put together to one."""
    tables = {id(block): [block] for block in blocks}
    cells = [block for block in blocks if not _is_prose(block)]
    for one, other in combinations(cells, 2):
        table = tables[id(one)]
        if len({run.row for run in one} & {run.row for run in other}) > 1 and other not in table:
            table += tables[id(other)]
            tables.update((id(block), table) for block in table)
    return [[*chain(*table)] for table in {id(table): table for table in tables.values()}.values()]


def _is_prose(block: Sequence[_Run]) -> bool:
    """Whether lines are long, or go on with that above, which is full, in small letters."""
    if _is_long(block):
        return True
    pairs = list(enumerate(pairwise(block)))
    small = [below.words[0].text[0].islower() for _, (_, below) in pairs]
    full = [
        above.words[-1].text.endswith(("-", "\u2010"))
        or above.right + below.words[0].right - below.words[0].left + _SPACE * below.size
        > max(run.right for run in block[max(0, at - _NEIGHBOURS) : at + _NEIGHBOURS + 1])
        for at, (above, below) in pairs
    ]
    return sum(map(min, small, full)) >= _PROSE * max(1, len(pairs))


def _is_long(block: Sequence[_Run]) -> bool:
    """Whether lines are too long for the cells of a table."""
    return sum(len(word.text) for run in block for word in run.words) > _SHORT_CELL * len(block)


def _in_order(blocks: Sequence[list[_Run]], usual: float) -> Iterator[list[_Run]]:
    """Blocks in the order of reading."""
    boxes = [_Run([word for run in block for word in run.words]) for block in blocks]
    for box in boxes:
        beside = (one is not box and one.top < box.bottom and box.top < one.bottom for one in boxes)
        if box.size > _HEADLINE * usual and not any(beside):
            box.left, box.right = -inf, inf
    waits = {
        at: {
            place
            for place, one in enumerate(boxes)
            if one is not box and _is_before(one, box, boxes)
        }
        for at, box in enumerate(boxes)
    }
    while waits:
        first = [at for at, others in waits.items() if not others & waits.keys()]
        at = min(first or waits, key=lambda at: (boxes[at].top, boxes[at].left))
        yield blocks[at]
        del waits[at]


def _is_before(one: _Run, other: _Run, boxes: Sequence[_Run]) -> bool:
    """Whether a block is above another, or at its left with nothing between that parts them."""
    if _overlap(one, other):
        return (one.top, one.left) < (other.top, other.left)
    upper, lower = sorted((one, other), key=lambda box: box.top)
    return one.right <= other.left and not any(
        _overlap(box, one)
        and _overlap(box, other)
        and upper.bottom <= box.top
        and box.bottom <= lower.top
        for box in boxes
    )


def _lines(block: Sequence[_Run], number: int, usual: float) -> Iterator[Line]:
    """The lines of a block; wide gaps within one are between cells."""
    by_row = groupby(sorted(block, key=lambda run: (run.row, run.left)), key=lambda run: run.row)
    grid = [list(runs) for _, runs in by_row]
    prose = _is_prose(block)
    for at, runs in enumerate(grid):
        cells = []
        for run in runs:
            spaces = [b.left - a.right for a, b in pairwise(run.words)]
            least = _STRETCHED * min(spaces, default=0.0) if prose else 0.0
            cells += _split(run.words, _gaps(run.words, max(_WIDE * usual, least)))
        around = grid[max(0, at - _NEIGHBOURS) : at + _NEIGHBOURS + 1]
        words = [word for cell in cells for word in cell]
        weights = {word.weight for word in words}
        yield Line(
            text=" | ".join(" ".join(word.text for word in cell) for cell in cells),
            left=runs[0].left,
            right=runs[-1].right,
            top=min(word.top for word in words),
            bottom=max(word.bottom for word in words),
            size=median(word.size for word in words),
            column=(min(one[0].left for one in around), max(one[-1].right for one in around)),
            block=number,
            weight=weights.pop() if len(weights) == 1 else 0,
            in_table=(len(block) > 1 and not prose) or len(cells) > 1,
        )
