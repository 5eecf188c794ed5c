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

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, groupby, pairwise
from math import inf, isfinite
from statistics import median

from qa.documents.parsers.divided import BULLET

_GUTTER = 0.7  # of the size of the letters: the narrowest strip between columns
_WIDE = 1.6  # the same for columns of two lines, and between the cells of one line
_SPACE = 0.4  # of the size of large letters, at most, between the words of a headline
_DEEP = 3  # rows on either side, from which a strip is no gap by chance
_LARGE = 1.15  # of the usual size: a heading
_HEADLINE = 1.3  # which, with nothing beside it, stands above the whole page
_LOOKED_AT = 12  # rows above and below, in which a strip is followed
_SAME_SIZE = 1.08
_NEAR = 3.0  # of the size, at most, from a line to the next one of a block
_SAME_EDGE = 2.0  # points
_NARROWED = 0.5  # of a column's width, at least, is left beside a box that stands in it
_SHORT_CELL = 15  # characters on average, up to which columns are a table's
_FULL = 0.5  # of a column's width that the lines of running text fill on average
_PROSE = 0.4  # of the lines, at least, go on with the sentence of the line above
_NEIGHBOURS = 3  # lines above and below, whose widest is the width of the column there
_SAME_ROW = 0.35  # of the size: how far apart the feet of two words of a line may be
_STRETCHED = 2.5  # times the narrowest space of a line: no space between words
_CORE = 0.25  # of a word's height at its top and bottom, which may overlap the next line's
_DROPPED = 1.8  # of the usual size: a capital that spans several lines

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


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """Words of one row without a strip between them; those of a row have its number."""

    words: list[Word]
    row: int
    left: float
    right: float
    bottom: float
    size: float


def rows(words: Sequence[Word]) -> list[list[Word]]:
    """Words by the line they stand on, whatever the columns; top to bottom, left to right."""
    found: list[list[Word]] = []
    for word in sorted(words, key=lambda one: one.bottom):
        near = _SAME_ROW * min(word.size, found[-1][-1].size) if found else 0.0
        if found and word.bottom - found[-1][-1].bottom <= near:
            found[-1].append(word)
        else:
            found.append([word])
    return [sorted(row, key=lambda one: one.left) for row in found]


def lines(words: Sequence[Word]) -> list[Line]:
    """The lines of a page or a part of it, in the order of reading."""
    if not words:
        return []
    usual = median(word.size for word in words)
    dropped = [word for word in words if _is_dropped(word, words, usual)]
    runs = _runs(rows([word for word in words if word not in dropped]), usual)
    for capital in dropped:
        beside = [run for run in runs if _is_beside(capital, run)]
        if beside:
            words = beside[0].words
            words[0] = _with_capital(capital, words[0])
        else:
            runs.append(_run([capital], -1))
    runs.sort(key=lambda run: run.bottom)
    blocks = _with_tables(_blocks(runs), usual)
    return [
        line
        for number, block in enumerate(_in_order(blocks, usual))
        for line in _lines(block, number, usual)
    ]


def _is_dropped(word: Word, words: Sequence[Word], usual: float) -> bool:
    """Whether a word is a large capital without others of its size in its row."""
    letters = [char for char in word.text if char.isalpha()]
    if word.size <= _DROPPED * usual or len(word.text) > 2 or len(letters) != 1:
        return False
    return letters[0].isupper() and not any(
        other is not word
        and other.size > _DROPPED * usual
        and abs(other.bottom - word.bottom) < usual
        for other in words
    )


def _is_beside(capital: Word, run: _Run) -> bool:
    """Whether a run begins at the right of a capital that spans several lines."""
    foot = run.bottom - (1 - _CORE) * run.size
    return capital.top <= foot < capital.bottom and abs(run.left - capital.right) < capital.size


def _with_capital(capital: Word, word: Word) -> Word:
    """A word with its first letter, which may be a word of its own, such as "A"."""
    space = "" if word.text[0].islower() else " "
    return replace(word, text=f"{capital.text}{space}{word.text}")


def _runs(grid: Sequence[list[Word]], usual: float) -> list[_Run]:
    """The runs of rows."""
    free = [
        [(-inf, row[0].left), *_gaps(row, _GUTTER * usual), (max(word.right for word in row), inf)]
        for row in grid
    ]
    runs = []
    for number, row in enumerate(grid):
        gaps = [
            gap
            for gap in free[number][1:-1]
            if _changes(gap, row) or _is_deep(gap, number, free, usual, _space_beside(gap, row))
        ]
        runs += [_run(part, number) for part in _split(row, gaps)]
    return runs


def _changes(gap: _Stretch, row: Sequence[Word]) -> bool:
    """Whether the letters after a gap are of another size than those before it."""
    at = [word.left for word in row].index(gap[1])
    return not _are_alike(row[at - 1], row[at])


def _are_alike(one: Word | _Run, other: Word | _Run) -> bool:
    return max(one.size, other.size) <= _SAME_SIZE * min(one.size, other.size)


def _space_beside(gap: _Stretch, row: Sequence[Word]) -> float:
    """The wider one of the spaces before and after that of a gap."""
    at = [word.left for word in row].index(gap[1])
    around = row[max(0, at - 2) : at], row[at : at + 2]
    return max((b.left - a.right for pair in around for a, b in pairwise(pair)), default=inf)


def _gaps(words: Sequence[Word], least: float) -> list[_Stretch]:
    """The gaps between words of a row, but for that after the mark of an item in a list."""
    return [
        (a.right, b.left)
        for a, b in pairwise(words)
        if b.left - a.right >= max(least, _SPACE * max(a.size, b.size))
        and not BULLET.fullmatch(f"{a.text} ")
    ]


def _run(words: list[Word], row: int) -> _Run:
    return _Run(
        words,
        row,
        left=words[0].left,
        right=max(word.right for word in words),
        bottom=max(word.bottom for word in words),
        size=median(word.size for word in words),
    )


def _is_deep(
    gap: _Stretch, number: int, free: Sequence[Sequence[_Stretch]], usual: float, space: float
) -> bool:
    """Whether a gap in a row goes on above and below, with words on either side of it.

    Lines that are stretched to a column's width may have such gaps by chance. The words right of
    them do not begin at one place.

    Args:
        number: of the row.
        free: stretches without words of all rows.
        space: beside the gap, in the same row.
    """
    ends, starts, narrowest, crossed = [gap[0]], [gap[1]], gap[1] - gap[0], 0
    least_beyond = _beyond(gap[1], free[number])
    for places in (
        range(number + 1, min(len(free), number + _LOOKED_AT)),
        range(number - 1, max(-1, number - _LOOKED_AT), -1),
    ):
        strip = gap
        for place in places:
            met = (
                (min(right, strip[1]), max(left, strip[0]), left, right)
                for left, right in free[place]
                if min(right, strip[1]) - max(left, strip[0]) >= _GUTTER * usual
            )
            right_edge, left_edge, left, right = max(met, default=(0.0, 0.0, 0.0, 0.0))
            if not right_edge:
                crossed += 1
                break
            strip = left_edge, right_edge
            narrowest = min(narrowest, right_edge - left_edge)
            ends += [left] if isfinite(left) else []
            if right - right_edge < _WIDE * usual:
                starts.append(right)
                least_beyond = min(least_beyond, _beyond(right, free[place]))
    depth, most = sorted((len(ends), len(starts)))
    wide = narrowest >= _WIDE * usual
    distinct = gap[1] - gap[0] > _STRETCHED * space
    straight = max(starts) - min(starts) <= _SAME_EDGE and least_beyond > _NEAR * usual
    signs = _aligned(ends) + _aligned(starts) + wide + distinct + straight
    short = depth < 2 * _DEEP and crossed > 1
    if depth >= _DEEP:
        return signs > (2 if short else 0)
    return wide and most > 1 and not short and (distinct or (signs > 2 and depth > 1))


def _beyond(place: float, free: Sequence[_Stretch]) -> float:
    """How far the words that begin at a place reach without a gap."""
    return min((gap[0] for gap in free if gap[0] > place), default=inf) - place


def _aligned(edges: Sequence[float]) -> bool:
    """Whether most words begin or end at one place."""
    most = max(sum(abs(one - edge) <= _SAME_EDGE for one in edges) for edge in edges)
    return most >= max(2, len(edges) / 2)


def _split(words: Sequence[Word], gaps: Sequence[_Stretch]) -> list[list[Word]]:
    """Words by the strips between them, left to right."""
    parts: list[list[Word]] = [[] for _ in range(len(gaps) + 1)]
    for word in words:
        parts[sum(word.left >= gap[1] for gap in gaps)].append(word)
    return [part for part in parts if part]


def _blocks(runs: Sequence[_Run]) -> list[list[_Run]]:
    """Runs put together to blocks from top to bottom."""
    below: dict[_Run, list[_Run]] = {}
    above: dict[_Run, list[_Run]] = {run: [] for run in runs}
    for at, run in enumerate(runs):
        below[run] = []
        for other in runs[at + 1 :]:
            if other.bottom - run.bottom > _NEAR * run.size:
                break
            if _overlap(run, other) and not any(_overlap(one, other) for one in below[run]):
                below[run].append(other)
                above[other].append(run)
    blocks: list[list[_Run]] = []
    of: dict[_Run, list[_Run]] = {}
    for run in runs:
        before = _next(run, above[run])
        if before is not None and _next(before, below[before]) is run:
            of[run] = of[before]
            of[run].append(run)
        else:
            of[run] = [run]
            blocks.append(of[run])
    return blocks


def _next(run: _Run, others: Sequence[_Run]) -> _Run | None:
    """The only run that goes on with another, or the only one that shares an edge with it."""
    alike = [one for one in others if _are_alike(one, run)]
    if len(alike) > 1:
        width = run.right - run.left
        alike = [
            one
            for one in alike
            if min(abs(one.left - run.left), abs(one.right - run.right)) <= _SAME_EDGE
            and _NARROWED * width <= one.right - one.left <= width / _NARROWED
        ]
    return alike[0] if len(alike) == 1 else None


def _overlap(one: _Run, other: _Run) -> bool:
    return one.left < other.right and other.left < one.right


def _with_tables(blocks: Sequence[list[_Run]], usual: float) -> list[list[_Run]]:
    """Blocks, those of a table put together to one."""
    cells = [
        block for block in blocks if not _is_prose(block) and block[0].size < _HEADLINE * usual
    ]
    table = {id(block): [block] for block in cells}
    for one, other in combinations(cells, 2):
        if len({run.row for run in one} & {run.row for run in other}) > 1:
            joined = table[id(one)]
            if other not in joined:
                joined += table[id(other)]
                table.update({id(block): joined for block in joined})
    found = [block for block in blocks if id(block) not in table]
    for parts in {id(joined): joined for joined in table.values()}.values():
        if sum(map(_is_long, parts)) < 2:
            parts = [[run for part in parts for run in part]]
        found += parts
    return found


def _is_prose(block: Sequence[_Run]) -> bool:
    """Whether lines go on with the sentence of the line above, as there was no room in it."""
    full = [
        above.words[-1].text.endswith(("-", "\u2010"))
        or above.right + below.words[0].right - below.words[0].left + _SPACE * below.size
        > max(run.right for run in block[max(0, at - _NEIGHBOURS) : at + _NEIGHBOURS + 1])
        for at, (above, below) in enumerate(pairwise(block))
    ]
    going_on = sum(
        is_full and below.words[0].text[0].islower()
        for is_full, below in zip(full, block[1:], strict=True)
    )
    return (going_on > 0 and going_on >= _PROSE * len(full)) or (
        len(block) > 2 and _is_long(block) and sum(full) >= 2 * _PROSE * len(full)
    )


def _is_long(block: Sequence[_Run]) -> bool:
    """Whether lines are too long for the cells of a table."""
    width = max(run.right for run in block) - min(run.left for run in block)
    letters = sum(len(word.text) for run in block for word in run.words) / len(block)
    filled = sum(run.right - run.left for run in block) / len(block) / width if width else 0
    return letters > _SHORT_CELL and filled > _FULL


def _in_order(blocks: Sequence[list[_Run]], usual: float) -> Iterator[list[_Run]]:
    """Blocks in the order of reading."""
    boxes = [_box(block) for block in blocks]
    for at, block in enumerate(blocks):
        if block[0].size > _HEADLINE * usual and not any(
            other is not boxes[at] and other.top < boxes[at].bottom and boxes[at].top < other.bottom
            for other in boxes
        ):
            boxes[at] = replace(boxes[at], left=-inf, right=inf)
    waits_for = {
        at: {
            other
            for other, before in enumerate(boxes)
            if other != at and _is_before(before, box, boxes)
        }
        for at, box in enumerate(boxes)
    }
    while waits_for:
        ready = [at for at, others in waits_for.items() if not others]
        at = min(ready or waits_for, key=lambda at: (boxes[at].top, boxes[at].left))
        yield blocks[at]
        del waits_for[at]
        for others in waits_for.values():
            others.discard(at)


@dataclass(frozen=True, slots=True)
class _Box:
    left: float
    top: float
    right: float
    bottom: float


def _box(block: Sequence[_Run]) -> _Box:
    return _Box(
        min(run.left for run in block),
        block[0].bottom - (1 - _CORE) * block[0].size,
        max(run.right for run in block),
        block[-1].bottom - _CORE * block[-1].size,
    )


def _is_before(one: _Box, other: _Box, boxes: Sequence[_Box]) -> bool:
    """Whether a block is above another, or at its left with nothing between that parts them."""
    if one.left < other.right and other.left < one.right:
        return (one.top, one.left) < (other.top, other.left)
    upper, lower = sorted((one, other), key=lambda box: box.top)
    return one.right <= other.left and not any(
        box.left < one.right
        and other.left < box.right
        and upper.bottom <= box.top
        and box.bottom <= lower.top
        for box in boxes
    )


def _lines(block: Sequence[_Run], number: int, usual: float) -> Iterator[Line]:
    """The lines of a block; wide gaps within one are between cells."""
    by_row = [
        sorted(runs, key=lambda run: run.left)
        for _, runs in groupby(sorted(block, key=lambda run: run.row), key=lambda run: run.row)
    ]
    prose = _is_prose(block)

    def wide(words: Sequence[Word]) -> float:
        """The least gap between cells; a line of prose may be stretched."""
        return max(_WIDE * usual, _STRETCHED * _least_gap(words) if prose else 0.0)

    cells = [
        [part for run in runs for part in _split(run.words, _gaps(run.words, wide(run.words)))]
        for runs in by_row
    ]
    # Not the beginning of a paragraph, by chance without a small letter at a line's head.
    listed = (
        not prose
        and len(block) > (2 if _is_long(block) else 1)
        and block[0].size < _HEADLINE * usual
    )
    for at, (runs, parts) in enumerate(zip(by_row, cells, strict=True)):
        around = by_row[max(0, at - _NEIGHBOURS) : at + _NEIGHBOURS + 1]
        weights = {word.weight for run in runs for word in run.words}
        yield Line(
            text=" | ".join(" ".join(word.text for word in part) for part in parts),
            left=runs[0].left,
            right=runs[-1].right,
            top=min(word.top for run in runs for word in run.words),
            bottom=max(run.bottom for run in runs),
            size=median(word.size for run in runs for word in run.words),
            column=(min(one[0].left for one in around), max(one[-1].right for one in around)),
            block=number,
            weight=weights.pop() if len(weights) == 1 else 0,
            in_table=listed or len(parts) > 1,
        )


def _least_gap(words: Sequence[Word]) -> float:
    return min((b.left - a.right for a, b in pairwise(words)), default=0.0)
