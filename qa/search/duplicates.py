"""Duplicates: chunks of different articles that say the same thing in the same words become one.

News travels by wire: one dispatch stands in many papers, a little cut or with another title. Shown
one by one, copies would fill the top of a list with one statement. Two chunks are copies when at
least two thirds of the word triples (shingles) of the shorter one are in the other, and all the
numbers of one: last month's report reads like this month's and says something else.

Source: Broder, On the resemblance and containment of documents, 1997,
doi:10.1109/SEQUEN.1997.666900 (containment of shingles).
"""

from __future__ import annotations

from collections.abc import Sequence

from qa.index.archive import IndexedChunk

_SHINGLE = 3
_CONTAINED = 2 / 3
# Fewer triples than this are a caption or a date line, which unrelated articles share too.
_LEAST = 8
# Chunks whose vectors are further apart than this are not worth comparing word by word.
_NEAR = 0.9


def group(passages: Sequence[IndexedChunk]) -> list[list[int]]:
    """Rows of copies put together, each group under its first row.

    Args:
        passages: best first.

    Returns:
        groups in the order of their first rows; every row is in one group. Chunks of one article
        are never copies of each other.
    """
    import numpy as np

    if not passages:
        return []
    vectors = np.stack([passage.vectors[0] for passage in passages]).astype(np.float32)
    near = vectors @ vectors.T >= _NEAR
    shingles: dict[int, frozenset[tuple[str, ...]]] = {}

    def of(row: int) -> frozenset[tuple[str, ...]]:
        if row not in shingles:
            shingles[row] = _shingles(passages[row])
        return shingles[row]

    groups: dict[int, list[int]] = {}
    for row, passage in enumerate(passages):
        for first, members in groups.items():
            if (
                near[first, row]
                and all(passages[m].article.id != passage.article.id for m in members)
                and _same(of(first), of(row))
                and _figures_agree(passages[first], passage)
            ):
                members.append(row)
                break
        else:
            groups[row] = [row]
    return list(groups.values())


def _shingles(passage: IndexedChunk) -> frozenset[tuple[str, ...]]:
    """Triples of terms within sentences; headers differ from copy to copy and do not count."""
    return frozenset(
        tuple(line[at : at + _SHINGLE])
        for line in passage.terms
        for at in range(len(line) - _SHINGLE + 1)
    )


def _same(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> bool:
    smaller = min(len(one), len(other))
    return smaller >= _LEAST and len(one & other) >= _CONTAINED * smaller


def _figures_agree(one: IndexedChunk, other: IndexedChunk) -> bool:
    mine, theirs = (
        {term for line in passage.terms for term in line if term[0].isdigit()}
        for passage in (one, other)
    )
    return mine <= theirs or theirs <= mine
