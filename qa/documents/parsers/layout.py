"""The layout of a page: words with their places become lines in the order of reading.

A page is cut into columns where a strip without words runs down several lines, and across where no
such strip is left: a headline over three columns, then the columns. Short cells that stand in rows
are a table, which is read row by row. Places are in points, from the page's upper left corner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

_GUTTER = 0.8  # of the size of the letters: the narrowest strip between columns
_WIDE = 1.6  # the same for columns of two lines, and between the cells of one line
_LARGE = 1.15  # of the usual size: a heading
_SHORT_CELL = 15  # characters on average, up to which columns are a table's
_FULL = 0.5  # of a column's width that the lines of running text fill on average
_SAME_ROW = 0.35  # of the size: how far apart the feet of two words of a line may be
_CORE = 0.25  # of a word's height at its top and bottom, which may overlap the next line's
_DROPPED = 1.8  # of the usual size: a capital that spans several lines


_Stretch = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Word:
    """A run of letters; `size` is the height from the lowest descender to the highest letter."""

    text: str
    left: float
    right: float
    top: float
    bottom: float
    size: float


@dataclass(frozen=True, slots=True)
class Line:
    """Words side by side in one column, which reaches from `column[0]` to `column[1]`."""

    text: str
    left: float
    right: float
    top: float
    bottom: float
    size: float
    column: _Stretch
    in_table: bool = False


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
    found: list[Line] = []
    for group in _groups(_bands(words), usual):
        gaps = _gaps(_cover(group), _GUTTER * usual)
        parts = _split(group, gaps)
        if len(parts) == 1 or not _deep(group, usual):
            found += _one_column(group)
        elif _is_table(parts):
            found += _table(group, gaps)
        else:
            for part in _split(group, [max(gaps, key=lambda gap: gap[1] - gap[0])]):
                found += lines(part)
    return found


def _bands(words: Sequence[Word]) -> list[list[Word]]:
    """Words in runs from top to bottom, with no word across the border between two runs."""
    bands: list[list[Word]] = []
    end = 0.0
    for word in sorted(words, key=lambda one: one.top + _CORE * one.size):
        if not bands or word.top + _CORE * word.size >= end:
            bands.append([])
            end = 0.0
        bands[-1].append(word)
        end = max(end, word.bottom - _CORE * word.size)
    return bands


def _groups(bands: Sequence[list[Word]], usual: float) -> list[list[Word]]:
    """Bands put together as long as they share a strip without words, or have none."""
    groups: list[list[Word]] = []
    cover: list[_Stretch] = []
    open_to_more = False
    for band in bands:
        of_band = _cover(band)
        gaps = _gaps(of_band, _GUTTER * usual)
        heading = not gaps and max(word.size for word in band) > _LARGE * usual
        together = _united([*cover, *of_band])
        shared = _gaps(together, _GUTTER * usual)
        # Columns may follow a line that stands above one of them, not one that reaches over two.
        fits = shared if _gaps(cover, _GUTTER * usual) else len(shared) >= len(gaps)
        if open_to_more and not heading and fits:
            groups[-1] += band
            cover = together
        else:
            groups.append(list(band))
            cover = of_band
            open_to_more = not heading
    return _settled(groups, usual)


def _settled(groups: Sequence[list[Word]], usual: float) -> list[list[Word]]:
    """Groups that are no columns after all, for want of lines, become one column with the next."""
    settled: list[list[Word]] = []
    single = False
    for group in groups:
        columns = _are_columns(group, usual) and _deep(group, usual)
        heading = max(word.size for word in group) > _LARGE * usual
        plain = not columns and not heading
        if single and plain:
            settled[-1] += group
        else:
            settled.append(list(group))
        single = plain
    return settled


def _are_columns(words: Sequence[Word], usual: float) -> bool:
    return bool(_gaps(_cover(words), _GUTTER * usual))


def _deep(words: Sequence[Word], usual: float) -> bool:
    """Whether the columns of a group have the lines to be told from a gap by chance."""
    gaps = _gaps(_cover(words), _GUTTER * usual)
    depths = sorted((len(rows(part)) for part in _split(words, gaps)), reverse=True)
    widest = max(gap[1] - gap[0] for gap in gaps)
    return depths[1] >= 3 or (depths[0] >= 2 and widest >= _WIDE * usual)


def _cover(words: Sequence[Word]) -> list[_Stretch]:
    """The stretches of the page's width in which a word stands."""
    return _united([(word.left, word.right) for word in words])


def _united(stretches: Sequence[_Stretch]) -> list[_Stretch]:
    united: list[_Stretch] = []
    for left, right in sorted(stretches):
        if united and left <= united[-1][1]:
            united[-1] = united[-1][0], max(united[-1][1], right)
        else:
            united.append((left, right))
    return united


def _gaps(cover: Sequence[_Stretch], least: float) -> list[_Stretch]:
    return [(a[1], b[0]) for a, b in pairwise(cover) if b[0] - a[1] >= least]


def _split(words: Sequence[Word], gaps: Sequence[_Stretch]) -> list[list[Word]]:
    """Words by the strips between them, left to right."""
    parts: list[list[Word]] = [[] for _ in range(len(gaps) + 1)]
    for word in words:
        parts[sum(word.left >= gap[1] for gap in gaps)].append(word)
    return [part for part in parts if part]


def _is_table(parts: Sequence[Sequence[Word]]) -> bool:
    """Whether columns are those of a table: fewer than two of them hold running text."""
    return sum(_is_running(part) for part in parts) < 2


def _is_running(column: Sequence[Word]) -> bool:
    width = max(word.right for word in column) - min(word.left for word in column)
    found = rows(column)
    letters = sum(len(word.text) for word in column) / len(found)
    filled = sum(row[-1].right - row[0].left for row in found) / len(found) / width if width else 0
    return letters > _SHORT_CELL and filled > _FULL


def _table(words: Sequence[Word], gaps: Sequence[_Stretch]) -> list[Line]:
    column = min(word.left for word in words), max(word.right for word in words)
    return [
        _line(row, " | ".join(_text(cell) for cell in _split(row, gaps)), column, in_table=True)
        for row in rows(words)
    ]


def _one_column(words: Sequence[Word]) -> list[Line]:
    column = min(word.left for word in words), max(word.right for word in words)
    usual = median(word.size for word in words)
    dropped = [word for word in words if word.size > _DROPPED * usual and len(word.text) <= 2]
    found = []
    for row in rows([word for word in words if word not in dropped]):
        cells = _split(row, _gaps(_cover(row), _WIDE * usual))
        text = " | ".join(_text(cell) for cell in cells)
        for capital in dropped:
            if capital.top <= row[0].top + _CORE * usual < capital.bottom:
                text = capital.text + (text if text[:1].islower() else f" {text}")
                dropped.remove(capital)
                break
        found.append(_line(row, text, column, in_table=len(cells) > 1))
    alone = [_line([word], word.text, column, in_table=False) for word in dropped]
    return alone + found


def _line(row: Sequence[Word], text: str, column: tuple[float, float], *, in_table: bool) -> Line:
    return Line(
        text=text,
        left=row[0].left,
        right=max(word.right for word in row),
        top=min(word.top for word in row),
        bottom=max(word.bottom for word in row),
        size=median(word.size for word in row),
        column=column,
        in_table=in_table,
    )


def _text(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)
