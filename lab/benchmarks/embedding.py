"""How fast the embedder is, beside its own slower ways, and whether its vectors are the same.

    python lab/benchmarks/embedding.py [PATH]... [--passages N] [--threads N] [--rounds N]

Needs the embedder (`qa models pull`). PATH is a file or folder of articles; the shipped ones
unless given. Three ways embed the same chunks, in turn, so that whatever else the machine does
falls on each:

    library   SentenceTransformer.encode as its page shows it: float32, batches of 32, chunks only
    torch     ours on PyTorch: a vector for each chunk, and one for each of its sentences
    int8      ours on ONNX Runtime: the same

Speeds are the best of the rounds; by the clock, and by processor seconds, which another program on
the machine does not change. Cosines are int8's to torch's.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab import ROOT
from qa.documents.article import Article
from qa.documents.chunks import split
from qa.documents.parsers import find, read
from qa.index.build import embedded
from qa.models import Embedder
from qa.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CORPUS = ROOT / "corpus"
QUESTION = "Quand la grève du port de Marseille a-t-elle pris fin ?"
QUESTIONS = 20

Prepared = tuple[str, list[tuple[int, int]]]


@dataclass(frozen=True)
class Way:
    """One way of embedding; `index` takes all chunks, `ask` one question."""

    name: str
    index: Callable[[Sequence[Prepared]], list[Any]]
    ask: Callable[[str], Any]


def chunks(paths: Sequence[Path], most: int) -> list[Prepared]:
    """As indexing prepares them, evenly picked when there are more than `most`."""
    found = [
        embedded(article, chunk)
        for path in find(paths)
        for article in read(path)
        if isinstance(article, Article)
        for chunk in split(article, Settings().chunk_chars)
    ]
    return found[:: -(-len(found) // most)]


def ours(runtime: str, threads: int | None) -> Way:
    """The project's embedder on one runtime."""
    options = {"embedder_runtime": runtime, "threads": threads}
    embedder = Embedder.open(Settings.load(options))

    def index(prepared: Sequence[Prepared]) -> list[Any]:
        return embedder.passages_with_parts([t for t, _ in prepared], [p for _, p in prepared])

    return Way("int8" if runtime == "onnx" else runtime, index, embedder.embed_query)


def library(threads: int | None) -> Way:
    """The library alone."""
    import torch
    from sentence_transformers import SentenceTransformer

    settings = Settings.load()
    if threads is not None:
        torch.set_num_threads(threads)
    model = SentenceTransformer(str(settings.models_dir / settings.embedder), device="cpu")
    return Way(
        "library",
        lambda prepared: list(model.encode([f"passage: {text}" for text, _ in prepared])),
        lambda question: model.encode(f"query: {question}"),
    )


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """(seconds, processor seconds, what it gave)."""
    clock, processor = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - clock, time.process_time() - processor, result


def cosines(one: Sequence[NDArray[np.float32]], other: Sequence[NDArray[np.float32]]) -> str:
    """Least and mean, of chunks and of sentences."""
    import numpy as np

    both = [(a * b).sum(axis=1) for a, b in zip(one, other, strict=True)]
    whole = np.array([rows[0] for rows in both])
    parts = np.concatenate([rows[1:] for rows in both])
    return "\n".join(
        f"cosine of {len(values):5} {name:10} least {values.min():.4f}   mean {values.mean():.4f}"
        for name, values in (("chunks", whole), ("sentences", parts))
    )


def main() -> None:
    """One table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="*", type=Path, default=[CORPUS])
    parser.add_argument("--passages", type=int, default=100)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    prepared = chunks(arguments.paths, arguments.passages)
    ways = [ours("onnx", arguments.threads), ours("torch", arguments.threads)]
    ways.append(library(arguments.threads))
    spent: dict[str, list[tuple[float, float]]] = {way.name: [] for way in ways}
    asked: dict[str, list[float]] = {way.name: [] for way in ways}
    made: dict[str, list[Any]] = {}
    for _ in range(arguments.rounds):
        for way in ways:
            clock, processor, made[way.name] = timed(partial(way.index, prepared))
            spent[way.name].append((clock, processor))
            asked[way.name] += [timed(partial(way.ask, QUESTION))[1] for _ in range(QUESTIONS)]
    n = len(prepared)
    print(f"{n} chunks, {sum(len(parts) for _, parts in prepared)} sentences")
    print(f"{'':10}{'chunks/s':>10}{'a CPU second':>14}{'query, CPU ms':>15}{'times':>8}")
    base = min(processor for _, processor in spent["library"])
    for name, rounds in spent.items():
        clock, processor = (min(column) for column in zip(*rounds, strict=True))
        query = statistics.median(asked[name]) * 1000
        print(
            f"{name:10}{n / clock:10.1f}{n / processor:14.1f}{query:15.1f}{base / processor:8.2f}"
        )
    print(cosines(made["int8"], made["torch"]))


if __name__ == "__main__":
    main()
