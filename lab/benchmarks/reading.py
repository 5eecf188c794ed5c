"""Reading: what the reader adds to retrieval and to the quotes, and the weights for it.

    python -m lab.benchmarks.reading SETS --data .training/data [--reader FILE] [--work DIR]
        [--sets …]

SETS is a folder of question sets, each with docs.jsonl.gz and questions.jsonl.gz; --data is where
`lab.training.data` left the questions of the articles kept out of training. Each question is
asked of its whole set as one index; its twenty best hits are read once and kept in --work, so that
weights can be tried without reading again. Printed are, for each set, R@1, MRR@10 and GoldInQuotes
(the gold answer inside at most 400 quoted characters) without and with the reader, the paired
difference with its 95% bootstrap interval, and reading's time.

Weights are fitted (`--fit`) on the kept-out questions of PIAF and SQuAD 2.0 alone, by a grid; the
others are measured only.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import pickle
import random
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qa.answering.quotes import choose, cite
from qa.evaluation import ranking, stats
from qa.evaluation.normalise import contains, tokens
from qa.evaluation.questions import GoldQuestion, load
from qa.evaluation.system import cached_index
from qa.index.live import LiveIndex
from qa.language.detect import question_language
from qa.models import Embedder
from qa.models.reader import WEIGHTS, Reader
from qa.search import calibration
from qa.search.rerank import length, mixed, read_hits
from qa.search.retriever import HybridRetriever
from qa.settings import Settings
from qa.types import Hit

FITTED = ("piaf", "squad20_dev")
MEASURED = ("fquad", "servicepublic_fr", "multihop_rag")
DEPTH = 20


@dataclass(frozen=True)
class Asked:
    """A question, its best hits, unread, and what the reader makes of each."""

    question: GoldQuestion
    hits: Sequence[Hit]
    spans: Sequence[Any]
    read_ms: float


def ask(
    set: str, arguments: argparse.Namespace, embedder: Embedder
) -> list[tuple[GoldQuestion, list[Hit]]]:
    """Each question with its best hits, asked now or earlier."""
    kept: Path = arguments.work / f"{set}.hits.pickle"
    if kept.is_file():
        found: list[tuple[GoldQuestion, list[Hit]]] = pickle.loads(kept.read_bytes())
        return found
    folder = arguments.sets_folder / set
    questions = [
        q for q in load(folder / "questions.jsonl.gz").questions if q.answerable and q.gold
    ]
    if set in FITTED:
        rows = (arguments.data / f"{set}.jsonl").read_text(encoding="utf-8").splitlines()
        wanted = {json.loads(row)["id"].partition(":")[2] for row in rows}
        questions = [q for q in questions if q.id in wanted]
    random.Random(1).shuffle(questions)
    base = Settings(llm="none", answerer="extractive")
    settings = cached_index(folder / "docs.jsonl.gz", base, embedder)
    found = []
    with closing(LiveIndex(settings.index, embedder, settings)) as index:
        retriever = HybridRetriever(index=index, embedder=embedder, k=DEPTH)
        for question in questions[: arguments.questions]:
            language = question_language(question.text)
            found.append((question, list(retriever.find(question.text, language=language).hits)))
    arguments.work.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(pickle.dumps(found))
    return found


def collect(set: str, arguments: argparse.Namespace, embedder: Embedder) -> list[Asked]:
    """Ask and read, or take what was kept; another reader reads again."""
    sum = hashlib.sha256(arguments.reader.read_bytes()).hexdigest()[:12]
    kept: Path = arguments.work / f"{set}.{sum}.pickle"
    if kept.is_file():
        found: list[Asked] = pickle.loads(kept.read_bytes())
        return found
    reader = Reader.open(arguments.reader)
    found = []
    for question, hits in ask(set, arguments, embedder)[: arguments.questions]:
        started = time.perf_counter()
        spans = list(read_hits(reader, question.text, hits))
        found.append(Asked(question, hits, spans, 1000 * (time.perf_counter() - started)))
    kept.write_bytes(pickle.dumps(found))
    return found


def ordered(asked: Asked, weights: dict[str, float] | None, most: int) -> list[Hit]:
    """The hits as the pipeline would order them with these weights."""
    if weights is None:
        return list(asked.hits)
    weights = calibration.read_weights(length(asked.question.text), weights)
    spans = {span.passage: span for span in asked.spans if span.passage < most}
    hits = [mixed(hit, spans.get(n), weights) for n, hit in enumerate(asked.hits)]
    return sorted(hits, key=lambda hit: (-hit.score, hit.chunk.id))


def quoted(asked: Asked, hits: Sequence[Hit]) -> float:
    """Whether a gold answer lies inside what would be quoted of the ten best hits."""
    settings = Settings()
    citations = cite(choose(hits[:10], budget=settings.quote_chars, most=settings.quotes))
    language = asked.question.lang
    quotes = [tokens(c.quote, language) for c in citations]
    gold = [tokens(answer, language) for answer in asked.question.answers]
    return float(any(contains(quote, answer) for quote in quotes for answer in gold))


def measured(found: Sequence[Asked], weights: dict[str, float] | None, most: int) -> np.ndarray:
    """(questions, 3): R@1, reciprocal rank, gold in quotes."""
    rows = []
    for asked in found:
        hits = ordered(asked, weights, most)
        articles = ranking.distinct(hit.article.id for hit in hits)
        rank = ranking.reciprocal_rank(articles, asked.question.gold, 10)
        rows.append((float(rank == 1.0), rank, quoted(asked, hits)))
    return np.array(rows)


def fit(sets: dict[str, list[Asked]], most: int) -> dict[str, float]:
    """The weights of a grid with the best mean over the fitted sets: ranks first, then quotes."""

    def best(
        names: Sequence[str],
        grid: Sequence[Sequence[float]],
        column: int,
        fixed: dict[str, float],
    ) -> dict[str, float]:
        tried = []
        for values in itertools.product(*grid):
            weights = {**fixed, **dict(zip(names, values, strict=True))}
            means = [measured(sets[s], weights, most)[:, column].mean() for s in FITTED]
            score = float(np.mean(means))
            tried.append((score, values))
            print(f"  {weights} {score:.4f}", flush=True)
        return {**fixed, **dict(zip(names, max(tried)[1], strict=True))}

    start = {"passage": 0.1, "sentence": 0.15}
    weights = best(("relevance",), ((0.0, 0.15, 0.3, 0.5, 0.8),), 1, start)
    return best(("passage", "sentence"), ((0.0, 0.1, 0.2, 0.4), (0.1, 0.15, 0.3, 0.5)), 2, weights)


def report(name: str, found: Sequence[Asked], most: int, weights: dict[str, float]) -> None:
    """One line a measure."""
    before, after = measured(found, None, most), measured(found, weights, most)
    for column, measure in enumerate(("R@1", "MRR@10", "GoldInQuotes")):
        if measure == "GoldInQuotes" and not any(a.question.answers for a in found):
            continue
        a, b = before[:, column], after[:, column]
        gap = stats.paired_bootstrap(a[:, None], b[:, None], stats.mean)
        print(
            f"| {name} | {len(found)} | {measure} | {a.mean():.3f} | {b.mean():.3f} "
            f"| {gap.value:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}] |"
        )


def main() -> None:
    """Collect, fit where asked, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets_folder", type=Path)
    parser.add_argument("--data", type=Path, default=Path(".training/data"))
    parser.add_argument("--reader", type=Path, default=WEIGHTS)
    parser.add_argument("--work", type=Path, default=Path(".qa/reading"))
    parser.add_argument("--sets", nargs="+", default=[*FITTED, *MEASURED])
    parser.add_argument("--questions", type=int, default=500)
    parser.add_argument("--most", type=int, nargs="+", default=[10])
    parser.add_argument("--fit", action="store_true")
    arguments = parser.parse_args()
    embedder = Embedder.open(Settings())
    sets = {name: collect(name, arguments, embedder) for name in arguments.sets}
    for most in arguments.most:
        weights = fit(sets, most) if arguments.fit else dict(calibration.READ)
        print(f"READ = {weights}, {most} hits read")
        print(
            "| set | questions | measure | without | with | difference |\n|---|---|---|---|---|---|"
        )
        for name, found in sets.items():
            report(name, found, most, weights)
    for name, found in sets.items():
        times = [asked.read_ms for asked in found]
        p50, p95 = np.percentile(times, [50, 95])
        print(f"{name}: {DEPTH} hits read in {p50:.0f} ms (p95 {p95:.0f})")


if __name__ == "__main__":
    main()
