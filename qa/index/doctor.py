"""Doctor: settings, models and index looked at together; what is wrong and what mends it.

The archive is the truth of an index. Chroma, or the archive's own table of words, is made again
from it where it lacks a chunk or does not find it, without embedding anything.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

from qa.documents.injection import Flagged
from qa.errors import IndexUnusable, QAError
from qa.index.archive import Archive
from qa.index.checksums import break_seal, seal, sealed, words_changed
from qa.index.directory import Manifest, open_archive
from qa.index.probe import Finding, probe
from qa.index.session import bring_in_step, write_session, writing
from qa.index.shared import SharedArchive, follow
from qa.index.writer import ArchiveWriter
from qa.models import Model, downloadable, status
from qa.settings import Settings

_NAMED = 5


def examine(settings: Settings, *, repair: bool = False) -> list[Finding]:
    """Look at everything. With `repair`, what is found by is made to agree with the articles.

    Raises:
        IndexLocked: another process writes to the index and `repair` is asked for.
    """
    return [
        *_models(settings),
        *_guarded("index", lambda: _index(settings, repair=repair)),
    ]


def _guarded(what: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from look()
    except QAError as exc:
        yield Finding(what, "bad", str(exc))
    except OSError as exc:
        detail = f"{exc}; see that the disk has room and that this user may read and write there"
        yield Finding(what, "bad", detail)


def _models(settings: Settings) -> Iterator[Finding]:
    wanted = {"embedder": settings.embedder}
    if settings.llm != "none":
        wanted["language model"] = settings.llm
    for role, name in wanted.items():
        entry = downloadable(name)
        if entry is None:
            yield Finding(role, "note", f"{name}: not of the catalogue, not checked")
            continue
        state = status(entry, settings)
        if state == "ready":
            yield Finding(role, "good", f"{name} at {entry.path(settings)}")
            if role == "embedder":
                yield from _guarded("embedder runtime", partial(_runtime, entry, settings))
        elif role == "embedder" or state == "damaged":
            advice = f"fetch it with `qa models pull {name}`"
            yield Finding(role, "bad", f"{name} is {state}; {advice}")
        else:
            detail = f"{name} is {state}; until `qa models pull {name}` answers are quotes"
            yield Finding(role, "note", detail)


def _runtime(entry: Model, settings: Settings) -> Iterator[Finding]:
    from qa.models.embedder import runtime

    name = runtime(entry, settings)
    if name == "torch" and settings.embedder_runtime == "auto":
        detail = f"torch; `qa models pull {entry.name}` writes the file for a faster one"
        yield Finding("embedder runtime", "note", detail)
    else:
        yield Finding("embedder runtime", "good", name)


def _index(settings: Settings, *, repair: bool) -> Iterator[Finding]:
    follow(settings)
    manifest = Manifest.read(settings.index)
    yield Finding(
        "index",
        "good",
        f"{settings.index}: {manifest.counts['articles']} articles in "
        f"{manifest.counts['chunks']} chunks, {manifest.embedder}",
    )
    yield from _guarded("index settings", lambda: _match(settings, manifest))
    if repair:
        with writing(settings, anew=True) as shared:
            mended = _fetched if shared else _mended
            yield from _guarded("index", lambda: mended(settings, shared))
    else:
        yield from _articles(settings, manifest)
        yield from _probed(settings, manifest)
    yield from _guarded("passages", lambda: _suspicious(settings, manifest))


def _match(settings: Settings, manifest: Manifest) -> Iterator[Finding]:
    from qa.models import Embedder

    manifest.check(settings.index, Embedder.open(settings), settings)
    yield Finding("index settings", "good", "those that it was built with")


def _articles(settings: Settings, manifest: Manifest) -> Iterator[Finding]:
    """Whether the archive is the one that the last run has left, and each article as it was."""
    with closing(open_archive(settings.index, manifest, Archive)) as archive:
        problem, damaged = archive.problem(), archive.damaged()
        count = archive.counts()["articles"]
    if problem:
        yield Finding("articles", "bad", problem)
    elif damaged:
        detail = f"{len(damaged)} are not as they were stored; `qa doctor --repair` takes them out"
        yield Finding("articles", "bad", detail)
    else:
        yield Finding("articles", "good", f"{count} articles, each as it was stored")


def _probed(settings: Settings, manifest: Manifest) -> Iterator[Finding]:
    home = settings.index / manifest.generation
    yield probe(home, manifest)
    yield _words(home)


def _words(home: Path) -> Finding:
    """Whether the lexical index holds what the archive holds, and finds it."""
    with closing(Archive.open(home / "articles.sqlite")) as archive:
        try:
            problem = archive.lexical.problem()
            if words_changed(home, archive.lexical.sum):
                problem = problem or "is not what the last run has left"
        except IndexUnusable as exc:
            return Finding("lexical", "bad", str(exc))
        chunks = archive.counts()["chunks"]
    if problem:
        return Finding("lexical", "bad", f"{problem}; mend it with `qa doctor --repair`")
    return Finding("lexical", "good", f"{chunks} chunks, those of the archive, and it finds them")


def _fetched(settings: Settings, shared: SharedArchive | None) -> Iterator[Finding]:
    """What is found once a copy was fetched again, and all its vectors put to Chroma again."""
    manifest = Manifest.read(settings.index)
    with write_session(settings.index, manifest, shared) as index:
        bring_in_step(index, anew=True)
    yield Finding("index", "mended", "fetched again from the database")
    yield from _articles(settings, manifest)
    yield from _probed(settings, Manifest.read(settings.index))


def _mended(settings: Settings, _: SharedArchive | None) -> Iterator[Finding]:
    """Take damaged articles out, and have what does not find the rest made again from them."""
    manifest = Manifest.read(settings.index)
    home = settings.index / manifest.generation
    with closing(open_archive(settings.index, manifest, ArchiveWriter)) as archive:
        if problem := archive.problem():
            raise IndexUnusable(problem)
        bad = {
            found.what: found.detail
            for found in _probed(settings, manifest)
            if found.state == "bad"
        }
        if "Chroma" in bad:
            break_seal(home)
        if "lexical" in bad:
            archive.index_words()
            if sealed(home) is not None:
                seal(home, archive.lexical.sum())
        if damaged := archive.damaged():
            break_seal(home)
            revision = 1 + max(archive.revision, manifest.revision)
            archive.publish(revision, [id for id, _ in damaged])
    if "Chroma" in bad and (home / "chroma").is_dir():
        shutil.rmtree(home / "chroma")
    with write_session(settings.index, manifest):  # what it opens without a seal it makes whole
        pass
    if damaged:
        origins = ", ".join(origin for _, origin in damaged[:_NAMED])
        detail = f"{len(damaged)} were damaged and taken out; index their files again: {origins}"
        yield Finding("articles", "mended", detail)
    for found in _probed(settings, Manifest.read(settings.index)):
        if found.what in bad and found.state == "good":
            yield Finding(found.what, "mended", f"made again: {bad[found.what]}")
        else:
            yield found


def _suspicious(settings: Settings, manifest: Manifest) -> Iterator[Finding]:
    """Articles with a passage addressed to a machine: how many, and the first of them."""
    home = settings.index / manifest.generation
    with closing(Archive.open(home / "articles.sqlite")) as archive:
        flagged = [found for found in map(Flagged.of, archive.articles()) if found]
    if not flagged:
        yield Finding("passages", "good", "no article addresses a machine")
        return
    named = "; ".join(str(found) for found in flagged[:_NAMED])
    more = f"; and {len(flagged) - _NAMED} more" if len(flagged) > _NAMED else ""
    detail = (
        f"{len(flagged)} article(s) address a machine; such a passage is never shown to a language "
        f"model. Remove what does not belong, then `qa index`: {named}{more}"
    )
    yield Finding("passages", "note", detail)
