"""Doctor: settings, models and index looked at together; what is wrong and what mends it.

The archive is the truth of an index. A chunk that a search index lacks is put back from it,
vectors and terms and all, without embedding anything; a chunk that only a search index knows is
deleted there.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from typing import Literal

from qa.errors import IndexUnusable, QAError
from qa.index import Index, Manifest, write_lock
from qa.indexing import put_in_search_indexes
from qa.lexical import LexicalIndex
from qa.models import CatalogueEntry, catalogue, status
from qa.settings import Settings
from qa.store import Store
from qa.suspicious import Flagged

State = Literal["good", "mended", "note", "bad"]

_BATCH = 500
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, and what to do about it."""

    what: str
    state: State
    detail: str

    def to_json(self) -> dict[str, str]:
        """As in `qa doctor --json`."""
        return asdict(self)


def examine(settings: Settings, *, repair: bool = False) -> list[Finding]:
    """Look at everything. With `repair`, the search indexes are made to agree with the archive.

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


def _models(settings: Settings) -> Iterator[Finding]:
    wanted = {"embedder": settings.embedder}
    if settings.llm != "none":
        wanted["language model"] = settings.llm
    for role, name in wanted.items():
        entry = catalogue().get(name)
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


def _runtime(entry: CatalogueEntry, settings: Settings) -> Iterator[Finding]:
    from qa.models.embedder import runtime

    name = runtime(entry, settings)
    if name == "torch" and settings.embedder_runtime == "auto":
        detail = f"torch; `qa models pull {entry.name}` writes the file for a faster one"
        yield Finding("embedder runtime", "note", detail)
    else:
        yield Finding("embedder runtime", "good", name)


def _index(settings: Settings, *, repair: bool) -> Iterator[Finding]:
    manifest = Manifest.read(settings.index)
    yield Finding(
        "index",
        "good",
        f"{settings.index}: {manifest.counts['articles']} articles in "
        f"{manifest.counts['chunks']} chunks, {manifest.embedder}",
    )
    yield from _guarded("index settings", lambda: _match(settings, manifest))
    if repair:
        with write_lock(settings.index):
            yield from _agreement(settings, manifest, repair=True)
    else:
        yield from _agreement(settings, manifest, repair=False)


def _match(settings: Settings, manifest: Manifest) -> Iterator[Finding]:
    from qa.models import Embedder

    manifest.check(settings.index, Embedder.open(settings), settings)
    yield Finding("index settings", "good", "those that it was built with")


def _agreement(settings: Settings, manifest: Manifest, *, repair: bool) -> Iterator[Finding]:
    if repair:
        yield from _drop_broken_parts(settings, manifest)
    index = Index.at(settings.index, manifest, writable=repair)
    try:
        true = index.archive.chunk_ids()
        lacking, stray = set[str](), set[str]()
        for name, ids in (("Chroma", index.store.ids()), ("lexical", index.lexical.ids())):
            lacks, extra = true - ids, ids - true
            lacking |= lacks
            stray |= extra
            if not (lacks or extra):
                yield Finding(name, "good", f"{len(ids)} chunks, those of the archive")
            else:
                advice = "" if repair else "; mend it with `qa doctor --repair`"
                detail = f"lacks {len(lacks)} chunks and has {len(extra)} too many{advice}"
                yield Finding(name, "mended" if repair else "bad", detail)
        if repair and (lacking or stray):
            _mend(index, sorted(lacking), sorted(stray))
            manifest.after_run(index.archive.counts()).write(settings.index)
        yield _suspicious(index)
    finally:
        index.close()


def _suspicious(index: Index) -> Finding:
    """Articles with a passage addressed to a machine: how many, and the first of them."""
    flagged = [found for found in map(Flagged.of, index.archive.articles()) if found]
    if not flagged:
        return Finding("passages", "good", "no article addresses a machine")
    named = "; ".join(str(found) for found in flagged[:_NAMED])
    more = f"; and {len(flagged) - _NAMED} more" if len(flagged) > _NAMED else ""
    detail = (
        f"{len(flagged)} article(s) address a machine; such a passage is never shown to a language "
        f"model. Remove what does not belong, then `qa index`: {named}{more}"
    )
    return Finding("passages", "note", detail)


def _drop_broken_parts(settings: Settings, manifest: Manifest) -> Iterator[Finding]:
    """Remove a search index that cannot be opened; all of it can be made again."""
    home = settings.index / manifest.generation
    for name, folder, open_part in (
        (
            "Chroma",
            home / "chroma",
            partial(Store.open, url=manifest.chroma_url, name=manifest.collection),
        ),
        ("lexical", home / "lexical", LexicalIndex.open),
    ):
        try:
            part = open_part(folder)
        except IndexUnusable as exc:
            if not folder.is_dir():
                raise
            shutil.rmtree(folder)
            yield Finding(name, "mended", f"removed, to be made again: {exc}")
        else:
            if isinstance(part, Store):
                part.close()


def _mend(index: Index, lacking: list[str], stray: list[str]) -> None:
    if stray:
        index.store.delete(stray)
        index.lexical.delete(stray)
        index.archive.forget(stray)
    rest = iter(lacking)
    while batch := list(islice(rest, _BATCH)):
        put_in_search_indexes(index, index.archive.passages(batch))
