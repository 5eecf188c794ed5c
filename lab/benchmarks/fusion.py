"""Fits and measures the weights by which `qa.search.scoring` scores chunks and sentences.

    python lab/benchmarks/fusion.py SETS [--work DIR] [--questions N]

SETS is a folder of question sets, each with docs.jsonl.gz and questions.jsonl.gz. For every
question both indexes propose chunks; the values that speak for each are noted, with whether it is
of a gold article, and for each sentence of a gold article whether it holds a gold answer. Weights
are at least 0 and minimise the listwise softmax loss (Cao et al., Learning to rank, ICML 2007,
doi:10.1145/1273496.1273513), each set counting alike. Printed are the lines to put into
qa/search/calibration.py, MRR@10 of every set with weights fitted on the others, and how a set fares
without each value. Sets in MEASURED are never fitted on.
"""

from __future__ import annotations

import argparse
import pickle
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lab import rows
from qa.documents.filters import Filters
from qa.evaluation.system import cached_index
from qa.index.live import LiveIndex
from qa.language.terms import fold
from qa.models import Embedder
from qa.search.calibration import SENTENCE, passage_weights
from qa.search.retriever import HybridRetriever
from qa.search.scoring import score
from qa.settings import Settings

# Share-alike or permissive licences: what ships may be fitted on these.
FITTED = ("piaf", "squad20_dev", "qed_nq_dev")
MEASURED = ("fquad", "servicepublic_fr", "multihop_rag")
STEPS, RATE, DECAY = 400, 0.05, 1e-4

Array = np.ndarray
PASSAGE = passage_weights(0)


@dataclass(frozen=True)
class Candidates:
    """One question's candidates.

    Attributes:
        chunks: (n, len(PASSAGE)) values.
        articles: n numbers, equal for chunks of one article.
        gold: (n,) whether of a gold article.
        sentences: (m, len(SENTENCE)) values of the sentences of all chunks.
        answers: (m,) whether the sentence is of a gold article and holds an answer.
    """

    chunks: Array
    articles: Array
    gold: Array
    sentences: Array
    answers: Array


def gather(sets: Path, name: str, work: Path, most: int, embedder: Embedder) -> list[Candidates]:
    """What is proposed for a set's questions, and what speaks for it."""
    cache = work / f"{name}-{most}.pickle"
    if cache.is_file():
        found: list[Candidates] = pickle.loads(cache.read_bytes())
        return found
    settings = cached_index(sets / name / "docs.jsonl.gz", Settings(), embedder)
    questions = [
        row
        for row in rows(sets / name / "questions.jsonl.gz")
        if row.get("doc_ids") and row.get("kind") != "unanswerable"
    ]
    random.Random(1).shuffle(questions)
    live = LiveIndex(settings.index, embedder, settings)
    retriever = HybridRetriever(index=live, embedder=embedder)
    found = [_candidates(retriever, row) for row in questions[:most]]
    live.close()
    work.mkdir(parents=True, exist_ok=True)
    cache.write_bytes(pickle.dumps(found))
    return found


def _candidates(retriever: HybridRetriever, row: Mapping[str, Any]) -> Candidates:
    question, language = row["question"], row["lang"]
    proposed = retriever.gather(question, language, Filters(), retriever.k)
    passages = proposed.passages
    scored = score(passages, proposed.vector, proposed.query, language)
    answers = [fold(answer) for answer in row["answers"]]
    gold = np.array([passage.article.id in row["doc_ids"] for passage in passages])
    holds = [
        bool(right and any(answer in fold(text) for answer in answers))
        for right, passage in zip(gold, passages, strict=True)
        for text in passage.chunk.sentence_texts()
    ]
    ids = {passage.article.id: n for n, passage in enumerate(passages)}
    return Candidates(
        chunks=np.stack([scored.values[name] for name in PASSAGE], axis=1).astype(np.float32),
        articles=np.array([ids[passage.article.id] for passage in passages]),
        gold=gold,
        sentences=np.stack([scored.sentence_values[n] for n in SENTENCE], axis=1).astype(
            np.float32
        ),
        answers=np.array(holds),
    )


def fit(sets: Sequence[Sequence[tuple[Array, Array]]]) -> Array:
    """Weights, at least 0 and 1 in all, for rows of values with their labels."""
    padded = [_padded([(x, y) for x, y in rows if y.any()]) for rows in sets]
    width = padded[0][0].shape[2]
    free = torch.zeros(width, requires_grad=True)
    optimizer = torch.optim.Adam([free], lr=RATE)
    for _ in range(STEPS):
        weights = torch.nn.functional.softplus(free)
        losses = []
        for values, right, there in padded:
            scores = (values @ weights * 10).masked_fill(~there, -1e9)
            gold = scores.masked_fill(~right, -1e9)
            losses.append((scores.logsumexp(1) - gold.logsumexp(1)).mean())
        loss = torch.stack(losses).mean() + DECAY * weights.square().sum()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    found: Array = torch.nn.functional.softplus(free).detach().numpy()
    return np.asarray(found / found.sum())


def _padded(rows: Sequence[tuple[Array, Array]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    n, width = max(len(y) for _, y in rows), rows[0][0].shape[1]
    values = torch.zeros(len(rows), n, width)
    right = torch.zeros(len(rows), n, dtype=torch.bool)
    there = torch.zeros(len(rows), n, dtype=torch.bool)
    for row, (x, y) in enumerate(rows):
        values[row, : len(y)] = torch.from_numpy(x)
        right[row, : len(y)] = torch.from_numpy(y)
        there[row, : len(y)] = True
    return values, right, there


def mrr(found: Sequence[Candidates], weights: Array) -> float:
    """MRR@10 over articles, each at its best chunk."""
    total = 0.0
    for some in found:
        order = np.argsort(-(some.chunks @ weights), kind="stable")
        places = list(dict.fromkeys(some.articles[order].tolist()))[:10]
        gold = set(some.articles[some.gold].tolist())
        total += next((1 / n for n, article in enumerate(places, 1) if article in gold), 0.0)
    return total / len(found)


def quoted(found: Sequence[Candidates], weights: Array) -> float:
    """Share of questions whose best sentence holds an answer."""
    best = [some.answers[int(np.argmax(some.sentences @ weights))] for some in found]
    return float(np.mean(best))


def main() -> None:
    """Gather, fit, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", type=Path)
    parser.add_argument("--work", type=Path, default=Path(".qa/fusion"))
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--measured", nargs="*", default=MEASURED)
    arguments = parser.parse_args()
    embedder = Embedder.open(Settings())
    found = {
        name: gather(arguments.sets, name, arguments.work, arguments.questions, embedder)
        for name in (*FITTED, *arguments.measured)
    }
    training = {name: [(c.chunks, c.gold) for c in found[name]] for name in FITTED}
    everything = fit(list(training.values()))
    print("_SHORT =", dict(zip(PASSAGE, everything.round(3).tolist(), strict=True)))
    of_sentences = fit([[(c.sentences, c.answers) for c in found[name]] for name in FITTED])
    print("SENTENCE =", dict(zip(SENTENCE, of_sentences.round(3).tolist(), strict=True)))
    present = np.array(list(PASSAGE.values()))
    print(f"{'set':20}{'now':>8}{'fitted':>8}{'others':>8}   MRR@10; 'others': fitted without it")
    for name, some in found.items():
        others = everything
        if name in FITTED:
            others = fit([rows for other, rows in training.items() if other != name])
        values = [mrr(some, weights) for weights in (present, everything, others)]
        print(f"{name:20}" + "".join(f"{value:8.4f}" for value in values))
    for place, value in enumerate(PASSAGE):
        rest = np.delete(np.arange(len(PASSAGE)), place)
        weights = np.zeros(len(PASSAGE))
        weights[rest] = fit([[(x[:, rest], y) for x, y in rows] for rows in training.values()])
        line = " ".join(f"{name} {mrr(some, weights):.4f}" for name, some in found.items())
        print(f"without {value:18} {line}")
    now = np.array(list(SENTENCE.values()))
    for name, some in found.items():
        if any(one.answers.any() for one in some):
            print(
                f"best sentence holds the answer: {name:20} {quoted(some, now):.4f} now, "
                f"{quoted(some, of_sentences):.4f} fitted"
            )


if __name__ == "__main__":
    main()
