"""Session: an index open for a run, what a run does at its end, and the generations of an index.

    1. announce   the new chunks' ids are noted as leftovers, and the seal is broken
    2. put        vectors go to Chroma
    3. publish    one SQLite transaction puts the new articles in place of the old, their words
                  with them, and takes out what is gone: from here on readers see the new state,
                  and the chunks that nothing holds any more are leftovers
    4. clear      leftovers are deleted from Chroma, then forgotten; the seal is renewed

Readers see the state before step 3 or the one after it. Killed in one of the steps, a run leaves
leftovers, and the next one begins by clearing them.
"""

from __future__ import annotations

import hashlib
import logging
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path

from qa.documents.corrections import Amendment
from qa.errors import IndexMissing, IndexUnusable
from qa.index.archive import Archive
from qa.index.checksums import break_seal, seal
from qa.index.chroma import ChromaIndex
from qa.index.directory import (
    EmbedderIdentity,
    Manifest,
    WritableIndex,
    check_count,
    write_lock,
)
from qa.settings import Settings

log = logging.getLogger(__name__)

_CHUNKS_AT_ONCE = 2048
_GENERATION = re.compile(r"[0-9a-f]{12}-\d+")  # as `generation` names them


@contextmanager
def write_session(directory: Path, manifest: Manifest) -> Iterator[WritableIndex]:
    """The index, open for a run; sealed and told in its manifest once that has completed.

    Without a seal, nobody knows what a killed run has done to Chroma's files: that is made again
    first, from the archive.
    """
    index = WritableIndex.at(directory, manifest)
    try:
        archive = index.archive
        if index.seal is None:
            index.store.empty()
            _put_vectors(index)
        clear_leftovers(index)
        yield index
        check_count(index.store, archive)
        archive.tidy()
        done, words = manifest.after_run(archive), archive.lexical.sum()
    finally:
        index.close()
    shutil.rmtree(index.home / "lexical", ignore_errors=True)  # of earlier versions
    seal(index.home, words)
    done.write(directory)


@contextmanager
def changing(settings: Settings) -> Iterator[WritableIndex]:
    """The index, open for a change of its own."""
    Manifest.read(settings.index)  # before the lock makes a folder
    with (
        write_lock(settings.index),
        write_session(settings.index, Manifest.read(settings.index)) as index,
    ):
        yield index


def complete(
    index: WritableIndex,
    gone: Sequence[str] = (),
    amendments: Mapping[str, Amendment] | None = None,
    *,
    for_good: bool = False,
) -> None:
    """Steps 1 to 4 for what is staged; the other arguments are those of `ArchiveWriter.publish`."""
    archive = index.archive
    if archive.due() or gone:
        archive.announce()
        break_seal(index.home)
    _put_vectors(index, due=True)
    revision = 1 + max(archive.revision, index.manifest.revision)
    archive.publish(revision, gone, amendments, for_good=for_good)
    clear_leftovers(index)


def clear_leftovers(index: WritableIndex) -> None:
    """Take out of Chroma what no article holds."""
    ids = index.archive.leftovers()
    if ids:
        break_seal(index.home)
        index.store.delete(ids)
        index.archive.forget(ids)


def _put_vectors(index: WritableIndex, *, due: bool = False) -> None:
    chunks = index.archive.chunk_vectors(index.manifest.dimension, due=due)
    while some := list(islice(chunks, _CHUNKS_AT_ONCE)):
        index.store.put(some)


def manifests(
    settings: Settings, embedder: EmbedderIdentity, *, rebuild: bool
) -> tuple[Manifest | None, Manifest]:
    """The current manifest, and the one to go on with: the same, or one for a new generation."""
    current, number = None, 0
    try:
        current = Manifest.read(settings.index)
        number = int(current.generation.rsplit("-", 1)[1]) + 1
    except IndexMissing:
        pass
    except IndexUnusable:
        if not rebuild:
            raise
        number = int(time.time())
    if current and not rebuild:
        current.check(settings.index, embedder, settings)
        return current, current
    new = Manifest.new("", embedder, settings, current.id if current else "")
    return current, replace(new, generation=generation(new, number))


def generation(manifest: Manifest, number: int) -> str:
    """A name that tells generations apart by what they were built with, then by number.

    A rebuild that was killed finds its unfinished generation again under the same name.
    """
    made_of = (
        manifest.embedder_fingerprint,
        manifest.chunk_chars,
        manifest.chroma_url,
        manifest.id,
    )
    return f"{hashlib.sha256(repr(made_of).encode()).hexdigest()[:12]}-{number}"


def take_over(index: WritableIndex) -> None:
    """Note what was put right or corrected in the generations that this one replaces, in order."""
    archives = [
        path
        for child in _other_generations(index.directory, index.manifest)
        if (path := child / "articles.sqlite").exists()
    ]
    for path in sorted(archives, key=lambda path: path.stat().st_mtime):
        try:
            old = Archive.open(path)
        except IndexUnusable as exc:
            log.warning("titles and dates put right there, and earlier versions, are lost: %s", exc)
            continue
        with closing(old):
            index.archive.amend(old.amendments())
            index.archive.keep_earlier(old.all_earlier())


def drop_other_generations(directory: Path, manifest: Manifest, before: Manifest | None) -> None:
    """Remove what the current generation replaces.

    Args:
        directory: of the index.
        manifest: names the current generation.
        before: of the index as it was, if that could be read.
    """
    for child in _other_generations(directory, manifest):
        if manifest.chroma_url and before:
            other = replace(manifest, generation=child.name)
            ChromaIndex.drop(manifest.chroma_url, other.collection)
        shutil.rmtree(child)


def _other_generations(directory: Path, manifest: Manifest) -> list[Path]:
    return [
        child
        for child in directory.iterdir()
        if child.name != manifest.generation and _GENERATION.fullmatch(child.name)
    ]
