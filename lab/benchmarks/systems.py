"""The systems that are compared, each a way from a question to chunks, best first.

    tutorial   what most tutorials build: RecursiveCharacterTextSplitter(1000, 200),
               all-MiniLM-L6-v2, Chroma; the title stands in front of the text
    bm25       the project's lexical mode: candidates by BM25 of header and chunk
    dense      the project's dense mode: Chroma's candidates by the cosine of the chunk
    qa         the project's retrieval as it answers with it

The last three read one index, that of `qa eval`. All give DEPTH chunks, so that ten distinct
articles can be among them.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from lab.benchmarks import minilm
from lab.benchmarks.tasks import Corpus
from qa.evaluation.questions import GoldQuestion
from qa.evaluation.system import SystemUnderTest, cached_index
from qa.index.build import PassageEmbedder, index_paths
from qa.index.directory import Manifest
from qa.search.retriever import Mode
from qa.settings import Settings

MODES: dict[str, Mode] = {"bm25": "lexical", "dense": "dense", "qa": "hybrid"}
NAMES = ("tutorial", *MODES)
DEPTH = 50
CHUNK, OVERLAP = 1000, 200
_BATCH = 256

Progress = Callable[[str, int, int | None], None]
"""Told (stage, done, of how many)."""


@dataclass(frozen=True)
class Found:
    """What a system found.

    Attributes:
        articles: the article of each chunk, best first.
        texts: the chunks.
        ms: milliseconds from the question's text.
    """

    articles: tuple[str, ...]
    texts: tuple[str, ...]
    ms: float


@dataclass(frozen=True)
class Cost:
    """What an index costs.

    Attributes:
        chunks: in it.
        bytes: on the disk, of what this system reads.
        seconds: that building it took, None when nobody measured it.
    """

    chunks: int
    bytes: int
    seconds: float | None


class System(Protocol):
    """One of the compared."""

    @property
    def cost(self) -> Cost: ...
    def search(self, question: GoldQuestion) -> Found:
        """Its best chunks."""
        ...

    def close(self) -> None:
        """Release the index."""
        ...


class Tutorial:
    """See the module's docstring. Knows no history: a follow-up is asked as it stands."""

    def __init__(self, folder: Path, encode: minilm.Encode) -> None:
        self._client = _chroma(folder)
        self._chunks = self._client.get_collection("tutorial", embedding_function=None)
        self._encode = encode
        seconds: float = json.loads((folder / "built.json").read_text())["seconds"]
        self.cost = Cost(self._chunks.count(), size_of(folder), seconds)

    @staticmethod
    def build(corpus: Corpus, folder: Path, encode: minilm.Encode, progress: Progress) -> None:
        """Cut, embed and store the articles."""
        from langchain_text_splitters import RecursiveCharacterTextSplitter

        started = time.perf_counter()
        splitter = RecursiveCharacterTextSplitter(chunk_size=CHUNK, chunk_overlap=OVERLAP)
        chunks = [
            (article.id, text)
            for article in corpus.articles
            for text in splitter.split_text(corpus.text(article))
        ]
        client = _chroma(folder)
        collection = client.create_collection("tutorial", embedding_function=None)
        for start in range(0, len(chunks), _BATCH):
            some = chunks[start : start + _BATCH]
            collection.add(
                ids=[str(start + place) for place in range(len(some))],
                embeddings=encode([text for _, text in some]),
                documents=[text for _, text in some],
                metadatas=[{"article": id} for id, _ in some],
            )
            progress("tutorial", start + len(some), len(chunks))
        client.close()
        seconds = round(time.perf_counter() - started, 3)
        (folder / "built.json").write_text(json.dumps({"seconds": seconds}))

    def search(self, question: GoldQuestion) -> Found:
        """Its best chunks."""
        started = time.perf_counter()
        result = self._chunks.query(
            query_embeddings=self._encode([question.text]),
            n_results=min(DEPTH, self.cost.chunks),
            include=["documents", "metadatas"],
        )
        spent = (time.perf_counter() - started) * 1000
        assert result["metadatas"] is not None
        assert result["documents"] is not None
        articles = tuple(str(row["article"]) for row in result["metadatas"][0])
        return Found(articles, tuple(result["documents"][0]), spent)

    def close(self) -> None:
        """Release the index."""
        self._client.close()


def _chroma(folder: Path) -> Any:
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    return chromadb.PersistentClient(str(folder), ChromaSettings(anonymized_telemetry=False))


class Ours:
    """One mode of the project's retrieval."""

    def __init__(self, pipeline: SystemUnderTest, mode: Mode, cost: Cost) -> None:
        self._pipeline = pipeline
        self._mode = mode
        self.cost = cost

    def search(self, question: GoldQuestion) -> Found:
        """Its best chunks, of the question made to stand alone."""
        outcome = self._pipeline.search(question, self._mode)
        return Found(
            tuple(a.id for hit in outcome.hits for a in (hit.article, *hit.copies)),
            tuple(hit.chunk.text for hit in outcome.hits),
            outcome.wall_ms,
        )

    def close(self) -> None:
        """Release the index."""
        self._pipeline.close()


def open_tutorial(
    corpus: Corpus, encode: minilm.Encode, fresh: Path | None, progress: Progress
) -> Tutorial:
    """The tutorial's system, indexed at the first use, or in the folder `fresh`."""
    key = hashlib.sha256(f"{minilm.WHEEL_SHA256} {CHUNK} {OVERLAP}".encode())
    for article in corpus.articles:
        key.update(f"{article.id}\x1f{corpus.text(article)}\x1e".encode())
    home = fresh or minilm.cache_folder() / "indexes"
    folder = home / f"tutorial-{key.hexdigest()[:16]}"
    if not folder.exists():
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home) as name:
            Tutorial.build(corpus, Path(name) / "new", encode, progress)
            (Path(name) / "new").rename(folder)  # whole or not at all
    return Tutorial(folder, encode)


def open_ours(
    names: Sequence[str],
    corpus: Corpus,
    settings: Settings,
    embedder: PassageEmbedder,
    fresh: Path | None,
    progress: Progress,
) -> dict[str, System]:
    """The project's systems on one index, that of `qa eval`, or one in the folder `fresh`."""
    settings, seconds = _indexed(corpus, settings, embedder, fresh, progress)
    manifest = Manifest.read(settings.index)
    chunks = manifest.counts["chunks"]
    here = settings.index / manifest.generation
    # The three share the time; each alone would read SQLite as well.
    costs = {
        "bm25": Cost(chunks, (here / "articles.sqlite").stat().st_size, None),
        "dense": Cost(chunks, size_of(here / "chroma"), None),
        "qa": Cost(chunks, size_of(settings.index), seconds),
    }
    found: dict[str, System] = {}
    for name in names:
        pipeline = SystemUnderTest.open(settings, embedder, writes=False)
        found[name] = Ours(pipeline, MODES[name], costs[name])
    return found


def _indexed(
    corpus: Corpus,
    settings: Settings,
    embedder: PassageEmbedder,
    fresh: Path | None,
    progress: Progress,
) -> tuple[Settings, float | None]:
    """Settings that point at the index, and the seconds it took, if they are known.

    They are noted beside an index of the cache when this run built it with nothing taken over.
    """
    total = len(corpus.articles)
    counting = _Counting(embedder)
    started = time.perf_counter()
    if fresh is not None:
        settings = settings.model_copy(update={"index": fresh / "index", "chroma_url": None})
        source = corpus.source
        if not isinstance(source, Path):
            lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in source)
            (fresh / "articles.jsonl").write_text("".join(lines), encoding="utf-8")
            source = fresh / "articles.jsonl"
        index_paths(
            [source], settings, embedder, progress=lambda s: progress("index", s.articles, total)
        )
        return settings, round(time.perf_counter() - started, 3)
    settings = cached_index(
        corpus.source, settings, counting, lambda s: progress("index", s.articles, total)
    )
    seconds = round(time.perf_counter() - started, 3)
    note = settings.index.parent / "benchmark.json"
    if counting.chunks and counting.chunks == Manifest.read(settings.index).counts["chunks"]:
        note.write_text(json.dumps({"seconds": seconds}))
    return settings, json.loads(note.read_text())["seconds"] if note.exists() else None


class _Counting:
    """An embedder that counts what it embeds."""

    def __init__(self, embedder: PassageEmbedder) -> None:
        self.name = embedder.name
        self.fingerprint = embedder.fingerprint
        self.dimension = embedder.dimension
        self.runtime = embedder.runtime
        self.chunks = 0
        self._embedder = embedder

    def passages_with_parts(
        self, texts: Sequence[str], parts: Sequence[Sequence[tuple[int, int]]]
    ) -> Any:
        """As the embedder's."""
        self.chunks += len(texts)
        return self._embedder.passages_with_parts(texts, parts)


def size_of(folder: Path) -> int:
    """Bytes of all files under a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
