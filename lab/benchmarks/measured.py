"""The two jobs that `lab.benchmarks.scale` measures, each in a process of its own.

    python -m lab.benchmarks.measured build JOB    articles → index
    python -m lab.benchmarks.measured ask JOB      questions asked of it, warm

A job is one JSON object, and so is what a run prints. Times are measured by wrapping the methods
that do the work, so the code measured is the code that ships.
"""

from __future__ import annotations

import gc
import hashlib
import json
import re
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from lab import median_p95
from qa.documents.chunks import split
from qa.documents.filters import Filters
from qa.documents.parsers.isolated import Child
from qa.index import build as building
from qa.index.archive import Archive
from qa.index.chroma import ChromaIndex
from qa.index.directory import Manifest
from qa.index.lexical import LexicalIndex
from qa.index.live import LiveIndex
from qa.index.matrix import ChunkVectors
from qa.index.writer import ArchiveWriter
from qa.models import Embedder
from qa.search import retriever
from qa.settings import Settings

WARM_UP = 10


class RandomEmbedder:
    """Unit vectors drawn from a hash of the text: the same text, the same vectors; no meaning.

    Costs next to nothing, so that everything but the embedder can be measured at sizes that
    would take hours. Such vectors have no near neighbours, which is the hardest case for a graph
    index: Chroma is not faster with real ones built the same way, but may be slower here.

    With a pace, milliseconds a passage, it waits so long, as for an embedder on cores of its own.
    """

    name = "random"
    fingerprint = "0" * 64
    dimension = 384
    runtime = "random"

    def __init__(self, pace: float = 0.0) -> None:
        self._pace = pace

    def queries(self, texts: Sequence[str]) -> np.ndarray:
        """(len(texts), dimension) float32, unit length."""
        return np.concatenate([self._rows(text, 1) for text in texts])

    def passages_with_parts(
        self,
        texts: Sequence[str],
        parts: Sequence[Sequence[tuple[int, int]]],
        progress: Callable[[int], None] | None = None,
    ) -> list[np.ndarray]:
        """For each text (1 + its parts, dimension) float32, unit length."""
        time.sleep(self._pace / 1000 * len(texts))
        found = [
            self._rows(text, 1 + len(ranges)) for text, ranges in zip(texts, parts, strict=True)
        ]
        if progress is not None:
            progress(len(texts))
        return found

    def _rows(self, text: str, n: int) -> np.ndarray:
        seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
        rows = np.random.default_rng(seed).standard_normal((n, self.dimension), np.float32)
        unit: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


class ReplayedEmbedder:
    """Passages get the vectors that an index holds of the same text.

    So indexes of a part of its articles are made in minutes, with real vectors. Those of sentences
    are as near to the first ones as one byte a number allows.
    """

    def __init__(self, index: Path, real: Embedder) -> None:
        self.name, self.fingerprint = real.name, real.fingerprint
        self.dimension, self.runtime = real.dimension, real.runtime
        manifest = Manifest.read(index)
        self._archive = Archive.open(index / manifest.generation / "articles.sqlite")
        self._ids = {
            _digest(building.embedding_input(article, chunk)[0]): chunk.id
            for article in self._archive.articles()
            for chunk in split(article, manifest.chunk_chars)
        }

    def passages_with_parts(
        self, texts: Sequence[str], parts: Sequence[Sequence[tuple[int, int]]]
    ) -> list[np.ndarray]:
        """For each text (1 + its parts, dimension) float32, unit length."""
        held = self._archive.passages([self._ids[_digest(text)] for text in texts])
        assert [len(passage.chunk.sentences) for passage in held] == list(map(len, parts))
        return [passage.vectors.astype(np.float32) for passage in held]


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


class Stopwatch:
    """Seconds spent in each part, a part's own time without those it calls in its thread."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._threads = threading.local()

    @property
    def _open(self) -> list[float]:
        """Seconds spent in parts called by each open one of this thread."""
        if not hasattr(self._threads, "open"):
            self._threads.open = []
        found: list[float] = self._threads.open
        return found

    def wrap(self, owner: Any, name: str, part: str) -> None:
        """Count every call of `owner.name`, a function or a generator function, as `part`."""
        real = getattr(owner, name)

        def timed(*args: Any, **options: Any) -> Any:
            with self.of(part):
                result = real(*args, **options)
            return self._stepped(result, part) if isinstance(result, Iterator) else result

        setattr(owner, name, timed)

    def _stepped(self, steps: Iterator[Any], part: str) -> Iterator[Any]:
        end = object()
        while True:
            with self.of(part):
                step = next(steps, end)
            if step is end:
                return
            yield step

    @contextmanager
    def of(self, part: str) -> Iterator[None]:
        """A block whose time is a part's."""
        self._open.append(0.0)
        started = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - started
            inside = self._open.pop()
            if self._open:
                self._open[-1] += spent
            self.spent[part] = self.spent.get(part, 0.0) + spent - inside


def open_embedder(job: dict[str, Any], settings: Settings) -> Any:
    """The embedder a job names."""
    if job["embedder"] == "random":
        return RandomEmbedder(job["pace"])
    real = Embedder.open(settings)
    return ReplayedEmbedder(Path(job["vectors"]), real) if job["vectors"] else real


def build(job: dict[str, Any]) -> dict[str, Any]:
    """Index the articles of a file; where the time went, and memory as the index grew."""
    watch = Stopwatch()
    watch.wrap(Child, "read", "reading")
    watch.wrap(building._Run, "_end", "waiting for vectors")
    watch.wrap(building, "split", "splitting and terms")
    watch.wrap(building, "terms", "splitting and terms")
    for name in ("put", "delete"):
        watch.wrap(ChromaIndex, name, "chroma")
    for name in ("announce", "stage", "publish", "forget", "leftovers", "known"):
        watch.wrap(ArchiveWriter, name, "sqlite")
    settings = Settings.load({"index": Path(job["index"])})
    embedder = open_embedder(job, settings)
    watch.wrap(type(embedder), "passages_with_parts", "embedding")
    gc.collect()
    before: float = resident_mb()
    grown: list[tuple[int, float]] = []
    stage: Any = ArchiveWriter.stage

    def counted(self: ArchiveWriter, *args: Any) -> None:
        stage(self, *args)
        grown.append((self.counts()["chunks"], round(resident_mb(), 1)))

    ArchiveWriter.stage = counted  # type: ignore[method-assign,assignment]
    started, computed = time.perf_counter(), processor_s()
    report = building.index_paths([Path(job["articles"])], settings, embedder)
    total, computed = time.perf_counter() - started, processor_s() - computed
    parts = {name: round(seconds, 3) for name, seconds in watch.spent.items()}
    # Embedding goes on beside all the rest.
    parts["other"] = round(total + parts["embedding"] - sum(watch.spent.values()), 3)
    step = max(1, len(grown) // 20)
    return {
        "counts": report.counts,
        "failed": len(report.failures),
        "seconds": {"total": round(total, 3), **parts},
        "processor_s": round(computed, 3),
        "memory_mb": {"before": round(before, 1), "peak": round(peak_mb(), 1)},
        "resident_mb_by_chunks": grown[::step],
        "disk_mb": disk_mb(Path(job["index"])),
    }


def ask(job: dict[str, Any]) -> dict[str, Any]:
    """Ask questions of an index, warm; milliseconds by stage, and memory."""
    settings = Settings.load({"index": Path(job["index"])})
    embedder = open_embedder({**job, "vectors": ""}, settings)
    before = resident_mb()
    live = LiveIndex(settings.index, embedder, settings)
    with live.current() as index:
        counts = index.archive.counts()
    searcher = retriever.HybridRetriever(
        index=live, embedder=embedder, candidates=settings.candidates, k=settings.k
    )
    watch = Stopwatch()
    watch.wrap(type(embedder), "queries", "embed question")
    watch.wrap(ChromaIndex, "nearest", "chroma")
    watch.wrap(ChunkVectors, "nearest", "vectors in memory")
    watch.wrap(LexicalIndex, "analyse", "words")
    watch.wrap(LexicalIndex, "search", "words")
    watch.wrap(Archive, "passages", "archive")
    watch.wrap(retriever.HybridRetriever, "search", "score and fuse")
    rows = {
        name: _timed(searcher, job["questions"], Filters.parse(**some), watch)
        for name, some in job["filters"].items()
    }
    memory = {"before": before, "after": resident_mb(), "peak": peak_mb()}
    live.close()
    return {
        "counts": counts,
        "milliseconds": rows,
        "memory_mb": {name: round(value, 1) for name, value in memory.items()},
    }


def _timed(
    searcher: retriever.HybridRetriever, asked: Sequence[str], filters: Filters, watch: Stopwatch
) -> dict[str, Any]:
    stages: dict[str, list[float]] = {}
    total, cpu, found = [], [], 0
    for number, question in enumerate([*asked[:WARM_UP], *asked]):
        watch.spent = {}
        started, computed = time.perf_counter(), time.process_time()
        hits = searcher.search(question, filters=filters)
        computed = (time.process_time() - computed) * 1000
        spent = (time.perf_counter() - started) * 1000
        if number < WARM_UP:
            continue
        found += bool(hits)
        total.append(spent)
        cpu.append(computed)
        for stage, seconds in watch.spent.items():
            stages.setdefault(stage, []).append(seconds * 1000)
    return {
        "n": len(total),
        "answered": found,
        "all": _percentiles(total),
        "processor": _percentiles(cpu),
        **{stage: _percentiles(values) for stage, values in stages.items()},
    }


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    median, p95 = median_p95(values)
    return {"p50": round(median, 2), "p95": round(p95, 2)}


def processor_s() -> float:
    """Processor seconds of this process and of the children that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(some.ru_utime + some.ru_stime for some in used)


def resident_mb() -> float:
    """Memory that this process holds now; its highest so far where the system does not say."""
    return _status("VmRSS") or peak_mb()


def peak_mb() -> float:
    """The most memory that this process has held."""
    # Linux counts the parent's memory before `exec` into ru_maxrss, so it is asked elsewhere.
    kilo = 1e6 if sys.platform == "darwin" else 1024
    return _status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / kilo


def _status(name: str) -> float | None:
    path = Path("/proc/self/status")
    if not path.exists():
        return None
    match = re.search(rf"^{name}:\s+(\d+) kB", path.read_text(), re.MULTILINE)
    return int(match[1]) / 1024 if match else None


def disk_mb(index: Path) -> dict[str, float]:
    """Size on disk by part."""
    found = {"articles.sqlite": 0, "chroma": 0}
    for path in index.rglob("*"):
        if path.is_file():
            for name in found:
                if any(part.startswith(name) for part in path.relative_to(index).parts):
                    found[name] += path.stat().st_size
    return {name: round(size / 1e6, 1) for name, size in found.items()}


if __name__ == "__main__":
    done = {"build": build, "ask": ask}[sys.argv[1]](json.loads(sys.argv[2]))
    sys.stdout.write(json.dumps(done) + "\n")
