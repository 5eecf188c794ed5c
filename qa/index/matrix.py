"""Matrix: every chunk's vector in memory, to find the nearest among those that pass a filter.

A graph of neighbours, which is what Chroma searches, cannot leave out what a filter forbids
without losing its way, and Chroma looks filters up for each question anew: a tenth of a second
at 20,000 chunks. Comparing the question with every chunk that passes takes a few milliseconds
there and is exact. The price is 4 bytes a number: 31 MB for 20,000 chunks of 384.

Knows nothing about where the vectors come from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qa.documents.article import PartialDate
from qa.documents.filters import Filters, day_number, source_key

if TYPE_CHECKING:
    import numpy as np

_UNDATED = 0  # below every date
# Rows are copied together before they are compared, unless so many pass that all are compared.
_MOST_COPIED = 0.25


@dataclass(frozen=True, slots=True)
class ChunkVector:
    """A chunk's vector, (d,) unit length, with what filters ask of its article."""

    id: str
    article_id: str
    date: PartialDate | None
    source: str | None
    language: str
    vector: np.ndarray


class ChunkVectors:
    """All vectors of an index as one matrix. Similarities are cosines, higher is better."""

    def __init__(self, chunks: Iterable[ChunkVector], count: int, dimension: int) -> None:
        """Take the vectors over.

        Args:
            chunks: at most `count` of them are taken.
            count: how many there are.
            dimension: length of a vector.
        """
        import numpy as np

        self._ids: list[str] = []
        self._matrix = np.empty((count, dimension), np.float32)
        self._days = np.full((count, 2), _UNDATED, np.int32)  # first and last possible day
        self._sources = np.empty(count, np.int32)
        self._languages = np.empty(count, np.int32)
        self._articles = np.empty(count, np.int32)
        self._codes: dict[str | None, int] = {}
        for row, chunk in zip(range(count), chunks, strict=False):
            self._ids.append(chunk.id)
            self._matrix[row] = chunk.vector
            if chunk.date:
                self._days[row] = day_number(chunk.date.first), day_number(chunk.date.last)
            source = source_key(chunk.source) if chunk.source else None
            self._sources[row] = self._codes.setdefault(source, len(self._codes))
            self._languages[row] = self._codes.setdefault(chunk.language, len(self._codes))
            self._articles[row] = self._codes.setdefault(chunk.article_id, len(self._codes))
        filled = slice(len(self._ids))
        self._matrix, self._days = self._matrix[filled], self._days[filled]
        self._sources, self._languages = self._sources[filled], self._languages[filled]
        self._articles = self._articles[filled]

    def nearest(self, vector: np.ndarray, n: int, filters: Filters) -> list[tuple[str, float]]:
        """The `n` chunks nearest to a unit vector of shape (d,): (chunk id, cosine), best first."""
        import numpy as np

        rows = np.flatnonzero(self._passing(filters))
        if len(rows) > len(self._ids) * _MOST_COPIED:
            cosines = (self._matrix @ vector)[rows]
        else:
            cosines = self._matrix[rows] @ vector
        if n < len(rows):
            best = np.argpartition(-cosines, n)[:n]
            rows, cosines = rows[best], cosines[best]
        order = np.argsort(-cosines, kind="stable")
        return [(self._ids[rows[i]], float(cosines[i])) for i in order]

    def _passing(self, filters: Filters) -> np.ndarray:
        """Which chunks pass: (chunks,) bool. The same rule as `Filters.matches`."""
        import numpy as np

        first, last = self._days.T
        passing = np.ones(len(self._ids), bool)
        if filters.since:
            passing &= last >= day_number(filters.since)
        if filters.until:
            passing &= (first <= day_number(filters.until)) & (first != _UNDATED)
        if filters.sources:
            passing &= np.isin(self._sources, self._coded(filters.source_keys))
        if filters.language:
            passing &= self._languages == self._codes.get(filters.language, -1)
        if filters.articles:
            passing &= np.isin(self._articles, self._coded(filters.articles))
        return passing

    def _coded(self, words: Iterable[str]) -> list[int]:
        """The codes of those of the words that any chunk has."""
        return [self._codes[word] for word in words if word in self._codes]
