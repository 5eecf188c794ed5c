"""Index: one directory that holds everything needed to answer from a set of articles.

    manifest.json       what the index was built with, and which generation is current
    write.lock          held by the one process that writes
    <generation>/       articles.sqlite (see `archive`), chroma/ (`store`), lexical/ (`lexical`)

A rebuild fills a new generation beside the current one and then points the manifest at it, so
that whoever reads, or kills the rebuild, always has a whole index. Opening never writes.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from qa.archive import Archive
from qa.errors import IndexLocked, IndexMismatch, IndexMissing, IndexUnusable
from qa.filters import Filters
from qa.lexical import LexicalIndex, QueryTerms
from qa.settings import Settings
from qa.store import Store
from qa.vectors import ChunkVectors

if TYPE_CHECKING:
    import numpy as np

FORMAT = 1
# Above this, vectors for filtered questions are not kept in memory (300 MB of them with the
# default embedder), and Chroma filters: slower, but its memory does not grow by it.
_MOST_IN_MEMORY = 200_000


class EmbedderIdentity(Protocol):
    """What an index must know of an embedder."""

    @property
    def name(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def dimension(self) -> int: ...
    @property
    def runtime(self) -> str: ...


@dataclass(frozen=True)
class Manifest:
    """What an index was built with.

    Attributes:
        format: version of the layout.
        generation: the subdirectory in use.
        revision: grows by one with every completed run; readers reopen when it changes.
        embedder, embedder_fingerprint, dimension: the embedder.
        chunk_chars: most characters in a chunk.
        chroma_url: the Chroma server, None when Chroma is embedded.
        created, updated: seconds since 1970.
        counts: articles and chunks after the last completed run.
        versions: of this project and the two search libraries.
    """

    format: int
    generation: str
    revision: int
    embedder: str
    embedder_fingerprint: str
    dimension: int
    chunk_chars: int
    chroma_url: str | None
    created: float
    updated: float
    counts: Mapping[str, int]
    versions: Mapping[str, str]

    @classmethod
    def new(cls, generation: str, embedder: EmbedderIdentity, settings: Settings) -> Self:
        """A manifest for an empty index."""
        now = time.time()
        return cls(
            format=FORMAT,
            generation=generation,
            revision=0,
            embedder=embedder.name,
            embedder_fingerprint=embedder.fingerprint,
            dimension=embedder.dimension,
            chunk_chars=settings.chunk_chars,
            chroma_url=settings.chroma_url,
            created=now,
            updated=now,
            counts={"articles": 0, "chunks": 0},
            versions=_versions(),
        )

    @property
    def collection(self) -> str:
        """The name of the Chroma collection; on a server several indexes share one database."""
        return f"qa-{self.generation}"

    @classmethod
    def read(cls, directory: Path) -> Self:
        """The manifest of an index directory.

        Raises:
            IndexMissing: there is none.
            IndexUnusable: it is damaged or of another format.
        """
        path = directory / "manifest.json"
        try:
            values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            if values["format"] == FORMAT:
                return cls(**values)
        except FileNotFoundError as exc:
            raise IndexMissing(
                f"there is no index at {directory}. Build one with `qa index PATH`."
            ) from exc
        except (OSError, ValueError, TypeError, KeyError) as exc:
            raise IndexUnusable(
                f"{path} cannot be read ({exc}). Rebuild it with `qa index --rebuild PATH`."
            ) from exc
        raise IndexUnusable(
            f"the index at {directory} has format {values['format']!r}, this version "
            f"reads {FORMAT}. Rebuild it with `qa index --rebuild PATH`."
        )

    def write(self, directory: Path) -> None:
        """Replace the directory's manifest in one step."""
        directory.mkdir(parents=True, exist_ok=True)
        temporary = directory / "manifest.json.new"
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(asdict(self), file, indent=2, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(directory / "manifest.json")

    def after_run(self, counts: Mapping[str, int]) -> Self:
        """The manifest once a run has completed."""
        return replace(
            self,
            revision=self.revision + 1,
            updated=time.time(),
            counts=dict(counts),
            versions=_versions(),
        )

    def check(self, directory: Path, embedder: EmbedderIdentity, settings: Settings) -> None:
        """Raise IndexMismatch unless the embedder and the settings are those of the index."""
        differences = [
            (name, there, here)
            for name, there, here in (
                ("embedder", self.embedder, embedder.name),
                ("embedder weights", self.embedder_fingerprint[:12], embedder.fingerprint[:12]),
                ("chunk_chars", self.chunk_chars, settings.chunk_chars),
                ("chroma_url", self.chroma_url, settings.chroma_url),
            )
            if there != here
        ]
        if differences:
            name, there, here = differences[0]
            raise IndexMismatch(
                f"the index at {directory} was built with {name} {there!r}, the settings say "
                f"{here!r}. Rebuild it with `qa index --rebuild PATH`, or set the old value again."
            )


@dataclass(frozen=True)
class Index:
    """An open index: the archive and the two search indexes of its current generation."""

    directory: Path
    manifest: Manifest
    archive: Archive
    store: Store
    lexical: LexicalIndex

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """The outlets of its articles, as they were when this was first asked."""
        return tuple(self.archive.facets()["source"])

    @classmethod
    def open(cls, directory: Path, embedder: EmbedderIdentity, settings: Settings) -> Self:
        """Open for reading.

        Raises:
            IndexMissing: there is none.
            IndexMismatch: it was built with another embedder or other settings.
            IndexUnusable: a part is damaged.
        """
        manifest = Manifest.read(directory)
        manifest.check(directory, embedder, settings)
        return cls.at(directory, manifest, writable=False)

    @classmethod
    def at(cls, directory: Path, manifest: Manifest, *, writable: bool) -> Self:
        """Open the generation that the manifest names."""
        home = directory / manifest.generation
        if writable:
            home.mkdir(parents=True, exist_ok=True)
        else:
            _check_parts(home, manifest)
        return cls(
            directory=directory,
            manifest=manifest,
            archive=Archive.open(home / "articles.sqlite", writable=writable),
            store=Store.open(home / "chroma", manifest.chroma_url, manifest.collection),
            lexical=LexicalIndex.open(home / "lexical"),
        )

    def nearest(self, vector: np.ndarray, n: int, filters: Filters) -> list[tuple[str, float]]:
        """The `n` chunks nearest to a unit vector of shape (d,): (chunk id, cosine), best first.

        The first question with a filter reads all vectors into memory: 10 ms per 1,000 chunks.
        """
        vectors = self._vectors if filters else None
        if vectors is None:
            return self.store.nearest(vector, n, filters, self._chosen(filters))
        return vectors.nearest(vector, n, filters)

    def matching(self, query: QueryTerms, n: int, filters: Filters) -> list[tuple[str, float]]:
        """The `n` best chunks that share a term with a question: (chunk id, score), best first."""
        return self.lexical.search(query, n, filters, self._chosen(filters))

    def _chosen(self, filters: Filters) -> list[str] | None:
        """The chunks of the articles that the filters choose, None when they choose none.

        The search indexes know chunks, and the archive knows whose they are.
        """
        return self.archive.chunks_of(filters.articles) if filters.articles else None

    @cached_property
    def _vectors(self) -> ChunkVectors | None:
        if self.archive.counts()["chunks"] > _MOST_IN_MEMORY:
            return None
        return self.archive.vectors(self.manifest.dimension)

    def stale(self) -> bool:
        """Whether a later run has completed since this index was opened."""
        now = Manifest.read(self.directory)
        # A rebuilt index counts its revisions from the start.
        return (now.generation, now.revision) != (self.manifest.generation, self.manifest.revision)

    def close(self) -> None:
        """Release the files."""
        self.lexical.close()
        self.store.close()
        self.archive.close()


def _check_parts(home: Path, manifest: Manifest) -> None:
    """Both search libraries would make an empty index where theirs is gone, and find nothing."""
    for name in ("lexical",) if manifest.chroma_url else ("lexical", "chroma"):
        if not (home / name).is_dir():
            raise IndexUnusable(
                f"{home / name} is gone. Have it made again with `qa doctor --repair`."
            )


@contextmanager
def write_lock(directory: Path) -> Iterator[None]:
    """Hold the index for writing.

    The lock is the operating system's, so it ends with the process that holds it.

    Raises:
        IndexLocked: another process holds it; the message says which.
    """
    import filelock

    directory.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(directory / "write.lock")
    holder = directory / "write.holder.json"
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as exc:
        raise IndexLocked(
            f"the index at {directory} is being written by {_holder(holder)}. "
            "Wait until it is done, or stop that process."
        ) from exc
    try:
        me = {"pid": os.getpid(), "host": socket.gethostname(), "since": time.strftime("%H:%M:%S")}
        holder.write_text(json.dumps(me), encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _holder(path: Path) -> str:
    try:
        who = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "another process that has just started"
    return f"process {who['pid']} on {who['host']} since {who['since']}"


def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("qa-news", "chromadb", "tantivy", "sentencex")}


class LiveIndex:
    """An index that follows the runs of other processes: it is opened again after each.

    Chroma keeps what it has read in memory and never looks at the files again, so a reader that
    stays open would miss, and mix up, what another process wrote.
    """

    # Questions take tens of milliseconds; a reader that holds the index longer than this is stuck.
    _PATIENCE_S = 5.0

    def __init__(self, directory: Path, embedder: EmbedderIdentity, settings: Settings) -> None:
        self._open = partial(Index.open, directory, embedder, settings)
        self._index = self._open()
        self._readers = 0
        self._changed = threading.Condition()

    @contextmanager
    def current(self) -> Iterator[Index]:
        """The index as the last completed run left it; it stays open while the block runs."""
        with self._changed:
            if self._index.stale():
                self._changed.wait_for(lambda: self._readers == 0, timeout=self._PATIENCE_S)
                if self._readers == 0 and self._index.stale():
                    self._index.close()
                    self._index = self._open()
            self._readers += 1
            index = self._index
        try:
            yield index
        finally:
            with self._changed:
                self._readers -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """Release the files."""
        self._index.close()
