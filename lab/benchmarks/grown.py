"""What is found as an index grows: the same questions, with ever more articles beside the answers.

    python -m lab.benchmarks.grown DIR questions.jsonl[.gz] ... [--sample 150]

DIR is where `lab.benchmarks.scale --keep` has put indexes of growing size. Each is asked the same
questions: of each file a sample with a fixed seed, of those whose article the smallest holds.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from lab import rows
from qa.assistant import open_reranker
from qa.index.live import LiveIndex
from qa.models import Embedder
from qa.search.retriever import HybridRetriever
from qa.settings import Settings


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("questions", nargs="+", type=Path)
    parser.add_argument("--sample", type=int, default=150)
    arguments = parser.parse_args()
    sizes = {int(path.name.rsplit("-", 1)[1]): path for path in arguments.folder.glob("*-*")}
    embedder = Embedder.open(Settings.load())
    reading = open_reranker(Settings.load())
    chosen: dict[str, list[tuple[str, str]]] = {}
    print("set|n|chunks|first|among ten|MRR@10")
    for size, folder in sorted(sizes.items()):
        settings = Settings.load({"index": folder / "index"})
        with closing(LiveIndex(settings.index, embedder, settings)) as live:
            searcher = HybridRetriever(index=live, embedder=embedder, reading=reading)
            if not chosen:
                with live.current() as index:
                    held = {article.id for article in index.archive.articles()}
                chosen = {
                    path.parent.name: sample(path, held, arguments.sample)
                    for path in arguments.questions
                }
            for name, asked in chosen.items():
                places = [place(searcher, question, right) for question, right in asked]
                print(f"{name}|{len(asked)}|{size}|{line(places)}", flush=True)


def sample(path: Path, held: set[str], n: int) -> list[tuple[str, str]]:
    """(question, id of its article) of those whose one article is held."""
    found = [
        (row["question"], row["doc_ids"][0])
        for row in rows(path)
        if len(row["doc_ids"]) == 1 and row["doc_ids"][0] in held
    ]
    return random.Random(0).sample(found, min(n, len(found)))


def place(searcher: HybridRetriever, question: str, right: str) -> int:
    """Where the right article stands among ten, from 1; 0 when it does not."""
    ids = list(dict.fromkeys(hit.article.id for hit in searcher.search(question, k=10)))
    return 1 + ids.index(right) if right in ids else 0


def line(places: Sequence[int]) -> str:
    """First, among ten and MRR@10, as shares."""
    n = len(places)
    first, ten = places.count(1) / n, (n - places.count(0)) / n
    return f"{first:.3f}|{ten:.3f}|{sum(1 / p for p in places if p) / n:.3f}"


if __name__ == "__main__":
    main()
