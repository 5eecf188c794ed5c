"""Index: one directory that holds everything needed to answer from a set of articles.

    manifest.json       what the index was built with, and which generation is current
    write.lock          held by the one process that writes
    <generation>/       articles.sqlite (see `archive` and `lexical`), chroma/ (`chroma`),
                        sums.json (`checksums`), coming.sqlite while a run is under way

A rebuild fills a new generation beside the current one and then points the manifest at it, so
that whoever reads, or kills the rebuild, always has a whole index. Opening an index never changes
what is in it, and a part that is not what a run has left there is not opened but named.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import re
import shutil
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypeVar

from qa.documents.filters import Filters
from qa.errors import IndexLocked, IndexMismatch, IndexMissing, IndexUnusable
from qa.index.archive import Archive
from qa.index.checksums import check, sealed
from qa.index.chroma import ChromaIndex
from qa.index.lexical import LexicalIndex
from qa.index.matrix import ChunkVectors
from qa.index.writer import ArchiveWriter
from qa.settings import Settings

if TYPE_CHECKING:
    import numpy as np

    from qa.index.shared import SharedArchive

log = logging.getLogger(__name__)

FORMAT = 1
IS_COPY = "shared.json"  # in a directory: its index is a copy, which may be written over
_GENERATION = re.compile(r"[0-9a-f]{12}-\d+")  # as `session.generation` names them
# Above this, vectors for filtered questions are not kept in memory (300 MB of them with the
# default embedder), and Chroma filters: slower, but its memory does not grow by it.
_MOST_IN_MEMORY = 200_000
# A copy of a shared archive is behind it for as long.
_BEHIND_S = 5.0
_COUNT_EVERY_S = 10.0
_MAKE_ROOM = "Make room on the disk"
_MAKE_WRITABLE = "Make it writable for this user"
# What a disk says when it cannot be written or read, as against what a program does wrong.
_DISK = {
    errno.ENOSPC: _MAKE_ROOM,
    errno.EDQUOT: _MAKE_ROOM,
    errno.EACCES: _MAKE_WRITABLE,
    errno.EPERM: _MAKE_WRITABLE,
    errno.EROFS: _MAKE_WRITABLE,
    errno.EIO: "See that the disk is sound",
}

A = TypeVar("A", bound=Archive)


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
        versions: of this project and the libraries that what is in an index depends on.
        id: random, of this index and no other; empty when an earlier version has made it, until it
            is rebuilt.
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
    id: str = ""

    @classmethod
    def new(
        cls, generation: str, embedder: EmbedderIdentity, settings: Settings, id: str = ""
    ) -> Self:
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
            id=id or new_id(),
        )

    @property
    def collection(self) -> str:
        """The name of the Chroma collection; no other index on a server has the same.

        For the name of a generation is made of the index's id, among other things.
        """
        return collection(self.generation)

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
            if any(map(_has_articles, directory.glob("*/articles.sqlite"))):
                raise IndexUnusable(
                    f"{path} is gone, though there are articles. Put a backup back with "
                    "`qa restore FILE --replace`, or build the index anew with "
                    "`qa index --rebuild PATH`."
                ) from exc
            raise IndexMissing(
                f"there is no index at {directory}. Build one with `qa index PATH`."
            ) from exc
        except OSError as exc:
            raise IndexUnusable(
                f"{path} cannot be read ({exc}). See that this user may read it."
            ) from exc
        except (ValueError, TypeError, KeyError) as exc:
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

    def after_run(self, archive: Archive) -> Self:
        """The manifest once a run has completed."""
        return replace(
            self,
            revision=archive.revision,
            updated=time.time(),
            counts=archive.counts(),
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


def collection(generation: str) -> str:
    """The name of a generation's collection in Chroma."""
    return f"qa-{generation}"


class _Shared:
    """Whether a Chroma server that machines share holds all chunks, asked now and then."""

    def __init__(self, store: ChromaIndex, chunks: int) -> None:
        self._store = store
        self._chunks = chunks
        self._lacks = 0
        self._known_until = 0.0

    def is_whole(self) -> bool:
        """Whether it did when it was asked last, at most ten seconds ago."""
        if time.monotonic() >= self._known_until:
            lacks = max(0, self._chunks - self._store.count())
            if lacks and not self._lacks:  # until a copy is in step, or a run has put them back
                log.warning("Chroma lacks %d chunks; all vectors are compared instead", lacks)
            self._lacks = lacks
            self._known_until = time.monotonic() + _COUNT_EVERY_S
        return not self._lacks


@dataclass(frozen=True)
class Index:
    """An open index: the archive and Chroma of its current generation.

    Attributes:
        close: releases the files.
        seal: of Chroma's files when it was opened; None when a run is writing them.
        revision: of the archive when it was opened.
        is_whole: whether Chroma holds all chunks, as far as is known.
    """

    _archive: ClassVar[type[Archive]] = Archive

    directory: Path
    manifest: Manifest
    archive: Archive
    store: ChromaIndex
    close: Callable[[], None]
    seal: int | None
    revision: int
    is_whole: Callable[[], bool] = lambda: True

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """The outlets of its articles, as they were when this was first asked."""
        return tuple(self.archive.facets()["source"])

    @property
    def lexical(self) -> LexicalIndex:
        """Chunks by their words, as the archive holds them."""
        return self.archive.lexical

    @property
    def home(self) -> Path:
        """Where the parts are."""
        return self.directory / self.manifest.generation

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
        return cls.at(directory, manifest, shared=settings.database_url is not None)

    @classmethod
    def at(cls, directory: Path, manifest: Manifest, *, shared: bool = False) -> Self:
        """Open the generation that the manifest names.

        Args:
            directory: of the index.
            manifest: as it was read there.
            shared: whether runs on other machines may be writing to its Chroma.

        Raises:
            IndexUnusable: a part is damaged, or not the one that the last run has left.
        """
        with on_disk(directory), ExitStack() as opened:
            home = directory / manifest.generation
            archive = open_archive(directory, manifest, cls._archive)
            opened.callback(archive.close)
            revision = archive.revision
            kept = check(home, archive.lexical.sum)
            writable = cls._archive is ArchiveWriter
            remade = writable and kept is None  # by the run that opens it
            if not (remade or manifest.chroma_url or (home / "chroma").is_dir()):
                raise IndexUnusable(  # Chroma would make an empty one, and find nothing
                    f"{home / 'chroma'} is gone. Have it made again with `qa doctor --repair`."
                )
            copy = None if writable else readable(home)
            if copy:
                opened.callback(copy.cleanup)
            parts = Path(copy.name) if copy else home
            store = ChromaIndex.open(parts / "chroma", manifest.chroma_url, manifest.collection)
            opened.callback(store.close)
            chunks = archive.counts()["chunks"]
            is_whole = cls.is_whole
            if shared and not writable and chunks <= _MOST_IN_MEMORY:
                is_whole = _Shared(store, chunks).is_whole
            elif kept is not None and not (shared and writable):  # whoever writes there mends it
                check_count(store, archive, shared=shared)
            close = opened.pop_all().close
        return cls(directory, manifest, archive, store, close, kept, revision, is_whole)

    def nearest(self, vector: np.ndarray, n: int, filters: Filters) -> list[tuple[str, float]]:
        """The `n` chunks nearest to a unit vector of shape (d,): (chunk id, cosine), best first.

        The first question with a filter reads all vectors into memory: 10 ms per 1,000 chunks. So
        does the first while a run writes to Chroma, or after one was killed there.
        """
        on_server = self.manifest.chroma_url is not None
        exactly = filters or not self.is_whole() or (self.seal is None and not on_server)
        if exactly and self._vectors is not None:
            return self._vectors.nearest(vector, n, filters)
        # Chroma knows chunks, and the archive knows whose they are.
        chosen = self.archive.chunks_of(filters.articles) if filters.articles else None
        asked = n
        while True:
            found = self.store.nearest(vector, asked, filters, chosen)
            if not on_server:
                return found
            # A server has what a run is about to publish as well.
            held = self.archive.holds([id for id, _ in found])
            known = [(id, cosine) for id, cosine in found if id in held]
            if len(known) >= n:
                return known[:n]
            if len(found) < asked:  # that is all it has, which it may just have lost
                return (
                    self._vectors.nearest(vector, n, filters)
                    if self._vectors is not None
                    else known
                )
            asked *= 2

    @cached_property
    def _vectors(self) -> ChunkVectors | None:
        if self.archive.counts()["chunks"] > _MOST_IN_MEMORY:
            return None
        return self.archive.vectors(self.manifest.dimension)

    def stale(self) -> bool:
        """Whether the index is another one since it was opened, or a run has written to it."""
        now, then = Manifest.read(self.directory), self.manifest
        # A rebuilt index counts its revisions from the start, and so does one put in its place.
        return (
            (now.id, now.generation, now.revision) != (then.id, then.generation, then.revision)
            or sealed(self.home) != self.seal
            or self.archive.revision != self.revision
        )


@dataclass(frozen=True)
class WritableIndex(Index):
    """An index, open for the one process that writes.

    Attributes:
        shared: what it is a copy of, if it is one.
    """

    _archive: ClassVar[type[Archive]] = ArchiveWriter

    archive: ArchiveWriter
    shared: SharedArchive | None = None


def _has_articles(path: Path) -> bool:
    if Archive.is_new(path):
        return False
    with closing(Archive.open(path)) as archive:
        return archive.counts()["articles"] > 0


def new_id() -> str:
    """For an index that nobody has seen yet."""
    return uuid.uuid4().hex


def open_archive(directory: Path, manifest: Manifest, kind: type[A]) -> A:
    """The archive, to be read or written, made sure to be the one that the manifest speaks of.

    Raises:
        IndexUnusable: it is gone, damaged or another one.
    """
    path = directory / manifest.generation / "articles.sqlite"
    expected = manifest.counts
    if kind is ArchiveWriter and not path.exists():
        if expected["articles"]:  # SQLite would make an empty one
            Archive.open(path)
        path.parent.mkdir(parents=True, exist_ok=True)
    archive = kind.open(path)
    revision, articles, chunks, _ = archive.state()
    if revision == 0:  # of an earlier version, or emptied
        wrong = expected["articles"] and not articles
    elif (directory / IS_COPY).exists():  # for a moment it is ahead of its manifest, or behind
        wrong = False
    elif revision == manifest.revision:
        wrong = expected != {"articles": articles, "chunks": chunks}
    else:  # later when a run was killed at its end
        wrong = revision < manifest.revision
    if wrong:
        archive.close()
        raise IndexUnusable(
            f"{path} is not the one that the last run has left: it holds {articles} "
            f"articles of {expected['articles']}. Put a backup back with "
            "`qa restore FILE --replace`, or build the index anew with `qa index --rebuild PATH`."
        )
    return archive


def check_count(store: ChromaIndex, archive: Archive, *, shared: bool = False) -> None:
    """Chroma holds all chunks, and no others but what the journal knows of.

    Where it is shared, other machines' runs put in what is not in this copy yet, and take out what
    still is, for the seconds that a copy is behind.
    """
    until = time.monotonic() + (_BEHIND_S if shared else 0)
    while True:
        state = _, _, chunks, leftovers = archive.state()
        there = store.count()
        good = chunks <= there and (shared or there <= chunks + leftovers)
        if archive.state() != state:
            continue  # a run has gone on meanwhile
        if good or time.monotonic() >= until:
            break
        time.sleep(0.2)
    if not good:
        raise IndexUnusable(
            f"Chroma holds {there} chunks of {chunks}. Have it made again with "
            "`qa doctor --repair`; if that does not help, with `qa index --rebuild PATH`."
        )


def readable(home: Path) -> TemporaryDirectory[str] | None:
    """A copy of Chroma's files, when they cannot be written where they are."""
    part = home / "chroma"
    if not part.exists() or all(os.access(p, os.W_OK) for p in (part, *part.rglob("*"))):
        return None
    copy = TemporaryDirectory(prefix="qa-index-")
    for path in part.rglob("*"):
        if path.is_file():
            there = Path(copy.name, path.relative_to(home))
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, there)  # without its permissions
    return copy


def other_generations(directory: Path, manifest: Manifest) -> list[Path]:
    """The folders of generations that the manifest does not name."""
    return [
        child
        for child in directory.iterdir()
        if child.name != manifest.generation and _GENERATION.fullmatch(child.name)
    ]


@contextmanager
def write_lock(directory: Path) -> Iterator[None]:
    """Hold the index for writing.

    The lock is the operating system's, so it ends with the process that holds it.

    Raises:
        IndexLocked: another process holds it; the message says which.
    """
    import filelock

    with on_disk(directory):
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
        me = {"pid": os.getpid(), "host": socket.gethostname(), "since": time.strftime("%H:%M:%S")}
        try:
            for path in (directory, *directory.rglob("*")):  # SQLite or Chroma would fail halfway
                if path.exists() and not os.access(path, os.W_OK):
                    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
            holder.write_text(json.dumps(me), encoding="utf-8")
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()


@contextmanager
def on_disk(directory: Path) -> Iterator[None]:
    """What the disk says, in words that say what to do."""
    try:
        yield
    except OSError as exc:
        advice = _DISK.get(exc.errno or 0)
        if advice is None:
            raise
        raise IndexUnusable(
            f"{directory} cannot be read or written ({exc}). {advice}, then run the command "
            "again; what was indexed is as it was."
        ) from exc


def _holder(path: Path) -> str:
    try:
        who = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "another process that has just started"
    return f"process {who['pid']} on {who['host']} since {who['since']}"


def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("qa-news", "chromadb", "sentencex")}
