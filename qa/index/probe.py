"""Probe: whether Chroma holds what the archive holds, and finds it.

Run in a process of its own, for a damaged file may end the process that reads it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
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

State = Literal["good", "mended", "note", "bad"]
T = TypeVar("T")

_PROBES = 50
_BATCH = 500
_LIKE = 0.99  # cosine of a vector and the same one, stored in half the bits
_FEWEST = 10  # of them tell anything; there are fewer where most chunks are copies
_ENOUGH = 0.7  # of its own vectors must be found; its search is approximate
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


def probe(home: Path, manifest: Manifest) -> Finding:
    """What is found of Chroma in a generation."""
    try:
        check(home)
    except IndexUnusable as exc:  # Chroma need not open it
        return Finding("Chroma", "bad", str(exc))
    told = [str(home), manifest.chroma_url or "", manifest.collection, str(manifest.dimension)]
    command = [sys.executable, "-m", "qa.index.probe", *told]
    try:
        done = subprocess.run(  # noqa: S603 (our own module)
            command, capture_output=True, text=True, check=False, timeout=_LONGEST_S
        )
    except subprocess.TimeoutExpired:
        ended = "it does not come to an end"
    else:
        if done.stdout:
            return Finding(**json.loads(done.stdout))
        last = (done.stderr.strip().splitlines() or [""])[-1]
        ended = f"exit code {done.returncode} {last}".strip()
    detail = f"reading it ends the process ({ended}); mend it with `qa doctor --repair`"
    return Finding("Chroma", "bad", detail)


# In the child.


def _main(home: Path, url: str, collection: str, dimension: int) -> None:
    copy = readable(home)
    files = Path(copy.name) if copy else home
    with closing(Archive.open(home / "articles.sqlite")) as archive:
        try:
            with closing(ChromaIndex.open(files / "chroma", url or None, collection)) as store:
                detail = next(_of_vectors(store, archive, dimension), "")
        except BaseException as exc:
            if not (isinstance(exc, Exception) or is_panic(exc)):
                raise
            detail = str(exc) if isinstance(exc, QAError) else f"{type(exc).__name__}: {exc}"
        state: State = "bad" if detail else "good"
        good = f"{archive.counts()['chunks']} chunks, those of the archive, and it finds them"
        advice = "; mend it with `qa doctor --repair`" if "`" not in detail else ""
        found = Finding("Chroma", state, f"{detail}{advice}" if detail else good)
        sys.stdout.write(json.dumps(found.to_json()))
    if copy:
        copy.cleanup()


def _of_vectors(store: ChromaIndex, archive: Archive, dimension: int) -> Iterator[str]:
    """What is wrong with Chroma, the first thing first."""
    true, held = archive.chunk_ids(), store.ids()
    lacks, extra = len(true - held), len(held - true - set(archive.leftovers()))
    if lacks or extra:
        yield f"lacks {lacks} chunks and has {extra} too many"
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


def _some(items: Iterable[T], archive: Archive) -> Iterator[T]:
    """A few of what there is for each chunk, from the first to the last."""
    return islice(items, 0, None, max(1, archive.counts()["chunks"] // _PROBES))


if __name__ == "__main__":
    _main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))
