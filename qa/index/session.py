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
import shutil
import time
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import partial
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
    collection,
    other_generations,
    write_lock,
)
from qa.index.shared import SharedArchive, follow
from qa.index.writer import Changes
from qa.settings import Settings

log = logging.getLogger(__name__)

_CHUNKS_AT_ONCE = 2048


@contextmanager
def writing(
    settings: Settings, *, anew: bool = False, replaced: bool = False
) -> Iterator[SharedArchive | None]:
    """Hold the index for writing; where it is a copy, what it is a copy of, and bring it in step.

    Args:
        settings: where the index is.
        anew: whether a copy is fetched as a whole, for it is damaged.
        replaced: whether all that is there is about to be replaced.

    Raises:
        IndexLocked: another process holds it; the message says which.
    """
    with write_lock(settings.index), ExitStack() as held:
        shared = SharedArchive.open(settings)
        if shared is not None:
            held.enter_context(closing(shared))
            held.enter_context(shared.lock())
            shared.pull(settings.index, whole=anew, replaced=replaced)
            for old in shared.outdated():
                ChromaIndex.drop(str(settings.chroma_url), collection(old))
                shared.forget_outdated(old)
        yield shared


@contextmanager
def write_session(
    directory: Path, manifest: Manifest, shared: SharedArchive | None = None
) -> Iterator[WritableIndex]:
    """The index, open for a run; sealed and told in its manifest once that has completed.

    Without a seal, nobody knows what a killed run has done to Chroma's files: that is made again
    first, from the archive.
    """
    index = replace(WritableIndex.at(directory, manifest, shared=shared is not None), shared=shared)
    try:
        archive = index.archive
        if shared is not None:
            archive.let_read()
            shared.begin(manifest.generation)
        if index.seal is None and shared is None:
            index.store.empty()
            _put_vectors(index)
        clear_leftovers(index)
        if shared:
            bring_in_step(index)
        yield index
        check_count(index.store, archive)
        archive.tidy()
        done = shared.pushed or manifest if shared else manifest.after_run(archive)
        words = archive.lexical.sum()
    finally:
        index.close()
    shutil.rmtree(index.home / "lexical", ignore_errors=True)  # of earlier versions
    seal(index.home, words)
    done.write(directory)


def bring_in_step(index: WritableIndex, *, anew: bool = False) -> None:
    """Make a Chroma server that others are asking hold the chunks of the archive, and no others.

    Args:
        index: open for writing.
        anew: whether what it holds is put there again.
    """
    there, held = index.store.ids(), index.archive.chunk_ids()
    if lacking := held if anew else held - there:
        _put_vectors(index, lacking)
    if extra := there - held:
        _confirm(index)
        index.store.delete(list(extra))


@contextmanager
def changing(settings: Settings) -> Iterator[WritableIndex]:
    """The index, open for a change of its own."""
    follow(settings)
    Manifest.read(settings.index)  # before the lock makes a folder
    with (
        writing(settings) as shared,
        write_session(settings.index, Manifest.read(settings.index), shared) as index,
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
    archive.publish(revision, gone, amendments, for_good=for_good, share=partial(_share, index))
    clear_leftovers(index)


def _share(index: WritableIndex, changes: Changes) -> None:
    if index.shared:
        index.shared.push(index.archive, index.manifest.after_run(index.archive), changes)


def clear_leftovers(index: WritableIndex) -> None:
    """Take out of Chroma what no article holds."""
    ids = index.archive.leftovers()
    if ids:
        break_seal(index.home)
        _confirm(index)
        index.store.delete(ids)
        index.archive.forget(ids)


def _put_vectors(
    index: WritableIndex, only: Container[str] | None = None, *, due: bool = False
) -> None:
    vectors = index.archive.chunk_vectors(index.manifest.dimension, due=due)
    chunks = (chunk for chunk in vectors if only is None or chunk.id in only)
    while some := list(islice(chunks, _CHUNKS_AT_ONCE)):
        _confirm(index)
        index.store.put(some)


def _confirm(index: WritableIndex) -> None:
    if index.shared:
        index.shared.confirm()


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
        for child in other_generations(index.directory, index.manifest)
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


def drop_other_generations(
    directory: Path, manifest: Manifest, before: Manifest | None, *, shared: bool
) -> None:
    """Remove what the current generation replaces.

    Args:
        directory: of the index.
        manifest: names the current generation.
        before: of the index as it was, if that could be read.
        shared: whether other machines may still be asking Chroma for it; the next run drops it.
    """
    for child in other_generations(directory, manifest):
        if manifest.chroma_url and before and not shared:
            ChromaIndex.drop(manifest.chroma_url, collection(child.name))
        shutil.rmtree(child)
