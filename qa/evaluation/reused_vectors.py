"""Vectors of earlier indexes of the same articles, so that a change in how articles are analysed,
cut or stored does not cost the embedding again. Cutting elsewhere embeds what is cut elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from qa.index.archive import Archive
from qa.index.build import PassageEmbedder, embedding_input

Parts = Sequence[tuple[int, int]]


class ReusedVectors:
    """An embedder of passages that looks first in archives of the same embedder's making."""

    def __init__(self, embedder: PassageEmbedder, archives: Iterable[Path]) -> None:
        self._embedder = embedder
        self._known = {key: rows for path in archives for key, rows in _vectors(path)}

    @property
    def name(self) -> str:
        """The embedder's."""
        return self._embedder.name

    @property
    def fingerprint(self) -> str:
        """The embedder's."""
        return self._embedder.fingerprint

    @property
    def dimension(self) -> int:
        """The embedder's."""
        return self._embedder.dimension

    @property
    def runtime(self) -> str:
        """The embedder's."""
        return self._embedder.runtime

    def passages_with_parts(
        self, texts: Sequence[str], parts: Sequence[Parts]
    ) -> Sequence[np.ndarray]:
        """As the embedder's, to the precision that an index keeps."""
        keys = [_key(text, ranges) for text, ranges in zip(texts, parts, strict=True)]
        new = [place for place, key in enumerate(keys) if key not in self._known]
        fresh = self._embedder.passages_with_parts(
            [texts[place] for place in new], [parts[place] for place in new]
        )
        found = dict(zip(new, fresh, strict=True))
        return [
            found[place] if place in found else self._known[key].astype(np.float32)
            for place, key in enumerate(keys)
        ]


def _vectors(path: Path) -> Iterator[tuple[bytes, np.ndarray]]:
    """(key, vectors) of each chunk of an archive."""
    archive = Archive.open(path)
    try:
        ids = sorted(archive.chunk_ids())
        for start in range(0, len(ids), 500):
            for passage in archive.passages(ids[start : start + 500]):
                yield _key(*embedding_input(passage.article, passage.chunk)), passage.vectors
    finally:
        archive.close()


def _key(text: str, parts: Parts) -> bytes:
    ranges = ",".join(f"{start}-{end}" for start, end in parts)
    return hashlib.sha256(f"{ranges}\0{text}".encode()).digest()
