"""How Chroma's graph of neighbours is best built and searched.

    python -m lab.benchmarks.graph INDEX... [--vectors 40000] [--try 200/200/24/256 …]

Vectors are those of the indexes' passages and sentences, each once, in an order drawn with a fixed
seed; the last 100 are the questions. A try is ef_construction/ef_search/max_neighbors and how many
records are added at a time. Printed are the processor's milliseconds a vector, the share of the 48
truly nearest that is found, and its milliseconds a question.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import chromadb
import numpy as np
from chromadb.api.collection_configuration import CreateHNSWConfiguration
from chromadb.config import Settings as ChromaSettings

from qa.index.live import LiveIndex
from qa.models import Embedder
from qa.settings import Settings

_ASKED, _NEAREST = 100, 48


def main() -> None:
    """Print a line for each try."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("indexes", nargs="+", type=Path)
    parser.add_argument("--vectors", type=int, default=40_000)
    parser.add_argument(
        "--try", nargs="+", dest="tries", default=["200/200/24/256", "128/300/24/2048"]
    )
    given = parser.parse_args()
    vectors = np.unique(np.concatenate([stored(index) for index in given.indexes]), axis=0)
    np.random.default_rng(0).shuffle(vectors)
    print(f"{min(given.vectors, len(vectors)):,} vectors")
    print("build/search/neighbours/at a time|ms a vector|recall|ms a question")
    for tried in given.tries:
        print(tried, *measure(vectors[: given.vectors], *map(int, tried.split("/"))), sep="|")


def stored(index: Path) -> np.ndarray:
    """(n, d) float32, unit length: the vectors of an index's passages and their sentences."""
    settings = Settings.load({"index": index})
    embedder = Embedder.open(settings)
    live = LiveIndex(index, embedder, settings)
    with live.current() as opened:
        ids = [chunk.id for chunk in opened.archive.chunk_vectors(embedder.dimension)]
        rows = np.concatenate([passage.vectors for passage in opened.archive.passages(ids)])
    live.close()
    rows = rows.astype(np.float32)
    unit: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def measure(
    vectors: np.ndarray, construction: int, search: int, neighbours: int, at_once: int
) -> tuple[str, str, str]:
    """Milliseconds a vector, recall, milliseconds a question."""
    held, asked = vectors[:-_ASKED], vectors[-_ASKED:]
    configuration: CreateHNSWConfiguration = {
        "space": "cosine",
        "ef_construction": construction,
        "ef_search": search,
        "max_neighbors": neighbours,
    }
    with tempfile.TemporaryDirectory() as folder:
        client = chromadb.PersistentClient(folder, ChromaSettings(anonymized_telemetry=False))
        store = client.create_collection(
            "graph", configuration={"hnsw": configuration}, embedding_function=None
        )
        started = time.process_time()
        for start in range(0, len(held), at_once):
            part = held[start : start + at_once]
            ids = [str(n) for n in range(start, start + len(part))]
            store.upsert(ids=ids, embeddings=part)
        built = time.process_time() - started
        store.query(query_embeddings=asked[:1], n_results=_NEAREST)
        started = time.process_time()
        found = store.query(query_embeddings=asked, n_results=_NEAREST, include=[])["ids"]
        spent = time.process_time() - started
    nearest = np.argsort(-(asked @ held.T), axis=1)[:, :_NEAREST]
    right = [
        len({int(id) for id in row} & set(true)) for row, true in zip(found, nearest, strict=True)
    ]
    return (
        f"{1000 * built / len(held):.2f}",
        f"{np.mean(right) / _NEAREST:.4f}",
        f"{1000 * spent / _ASKED:.2f}",
    )


if __name__ == "__main__":
    main()
