"""Probe: whether the two search indexes hold what the archive holds, and find it.

Run in a process of its own, for a damaged file may end the process that reads it:

    for finding in probe(home, manifest):
        print(finding.what, finding.detail)
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, TypeVar

from qa.documents.filters import Filters
from qa.errors import IndexUnusable, QAError, is_panic
from qa.index.archive import Archive
from qa.index.checksums import check
from qa.index.chroma import ChromaIndex
from qa.index.directory import Manifest, readable
from qa.index.lexical import LexicalIndex

State = Literal["good", "mended", "note", "bad"]
T = TypeVar("T")
PARTS = ("Chroma", "lexical")

_PROBES = 50
_BATCH = 500
_LIKE = 0.99  # cosine of a vector and the same one, stored in half the bits
_FEWEST = 10  # of them tell anything; there are fewer where most chunks are copies
_ENOUGH = 0.7  # of its own vectors must be found; its search is approximate
_TERMS = 20
_LONGEST_S = 3600


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, and what to do about it."""

    what: str
    state: State
    detail: str

    def to_json(self) -> dict[str, str]:
        """As in `qa doctor --json`."""
        return asdict(self)


def probe(home: Path, manifest: Manifest) -> Iterator[Finding]:
    """A finding for each search index of a generation."""
    try:
        check(home)
    except IndexUnusable as exc:  # no library need open it
        part = "lexical" if str(home / "lexical") in str(exc) else "Chroma"
        yield Finding(part, "bad", str(exc))
        left = [other for other in PARTS if other != part]
    else:
        left = list(PARTS)
    while left:
        found, ended = _in_child(home, manifest, left)
        yield from found
        left = left[len(found) :]
        if left and ended:
            detail = f"reading it ends the process ({ended}); mend it with `qa doctor --repair`"
            yield Finding(left.pop(0), "bad", detail)


def _in_child(home: Path, manifest: Manifest, parts: Sequence[str]) -> tuple[list[Finding], str]:
    """The findings for the first of the parts, and how the process ended that was to find more."""
    told = [str(home), manifest.chroma_url or "", manifest.collection, str(manifest.dimension)]
    command = [sys.executable, "-m", "qa.index.probe", *told, *parts]
    try:
        done = subprocess.run(  # noqa: S603 (our own module)
            command, capture_output=True, text=True, check=False, timeout=_LONGEST_S
        )
    except subprocess.TimeoutExpired:
        return [], "it does not come to an end"
    found = [Finding(**json.loads(line)) for line in done.stdout.splitlines()]
    last = (done.stderr.strip().splitlines() or [""])[-1]
    return found, "" if len(found) == len(parts) else f"exit code {done.returncode} {last}".strip()


# In the child.


def _main(home: Path, url: str, collection: str, dimension: int, parts: Sequence[str]) -> None:
    copy = readable(home)
    files = Path(copy.name) if copy else home
    with closing(Archive.open(home / "articles.sqlite")) as archive:
        for part in parts:
            try:
                if part == "Chroma":
                    with closing(
                        ChromaIndex.open(files / "chroma", url or None, collection)
                    ) as store:
                        detail = next(_of_vectors(store, archive, dimension), "")
                else:
                    if not (files / "lexical" / "meta.json").exists():
                        raise IndexUnusable(f"{files / 'lexical'} is gone or empty.")
                    index = LexicalIndex.open(files / "lexical")
                    detail = next(_of_terms(index, archive), "")
            except BaseException as exc:
                if not (isinstance(exc, Exception) or is_panic(exc)):
                    raise
                detail = str(exc) if isinstance(exc, QAError) else f"{type(exc).__name__}: {exc}"
            state: State = "bad" if detail else "good"
            good = f"{archive.counts()['chunks']} chunks, those of the archive, and it finds them"
            advice = "; mend it with `qa doctor --repair`" if "`" not in detail else ""
            found = Finding(part, state, f"{detail}{advice}" if detail else good)
            sys.stdout.write(json.dumps(found.to_json()) + "\n")
            sys.stdout.flush()
    if copy:
        copy.cleanup()


def _of_vectors(store: ChromaIndex, archive: Archive, dimension: int) -> Iterator[str]:
    """What is wrong with Chroma, the first thing first."""
    yield from _of_ids(store.ids, archive)
    chunks, copies = archive.chunk_vectors(dimension), Counter[bytes]()
    while batch := list(islice(chunks, _BATCH)):
        there = store.vectors([chunk.id for chunk in batch])
        for chunk in batch:
            copies[chunk.vector.tobytes()] += 1
            if chunk.id not in there or not float(there[chunk.id] @ chunk.vector) > _LIKE:
                yield f"the vector of {chunk.id!r:.60} is gone or another one"
    # Many copies of one vector are near nothing else, and Chroma may not find its way to them.
    alone = (c for c in archive.chunk_vectors(dimension) if copies[c.vector.tobytes()] == 1)
    asked = list(_some(alone, archive))
    answers = [store.nearest(chunk.vector.astype("float32"), 1, Filters()) for chunk in asked]
    right = sum(bool(found) and found[0][1] > _LIKE for found in answers)
    if len(asked) >= _FEWEST and right < _ENOUGH * len(asked):
        yield f"it finds only {right} of {len(asked)} chunks by their own vectors"


def _of_terms(lexical: LexicalIndex, archive: Archive) -> Iterator[str]:
    """What is wrong with the lexical index, the first thing first."""
    yield from _of_ids(lexical.ids, archive)
    ids = _some(sorted(archive.chunk_ids()), archive)
    for passage in archive.passages(list(ids)):
        terms = dict.fromkeys(term for line in passage.terms for term in line)
        for term in islice(terms, _TERMS):
            if not lexical.has(passage.chunk.id, passage.article.language, term):
                yield f"it does not find {passage.chunk.id!r:.60} by its word {term!r}"


def _of_ids(ids: Callable[[], set[str]], archive: Archive) -> Iterator[str]:
    true, there = archive.chunk_ids(), ids()
    lacks, extra = len(true - there), len(there - true - set(archive.leftovers()))
    if lacks or extra:
        yield f"lacks {lacks} chunks and has {extra} too many"


def _some(items: Iterable[T], archive: Archive) -> Iterator[T]:
    """A few of what there is for each chunk, from the first to the last."""
    return islice(items, 0, None, max(1, archive.counts()["chunks"] // _PROBES))


if __name__ == "__main__":
    _main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5:])
