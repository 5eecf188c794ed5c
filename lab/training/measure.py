"""Measures a trained network on examples: reading, and telling what a passage does not answer.

    python -m lab.training.measure OUT/NAME [--data DIR] [--sets fquad …] [--most 1000]

EM and F1 are those of `qa.evaluation` over answerable questions, the gold passage given and an
answer always wanted; AUROC is of the no-answer margin between answerable and unanswerable ones.
A passage longer than the network reads is read in windows.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Encoding

from lab.training.example import Example, load
from lab.training.network import Encoder, ReaderNetwork
from qa.evaluation.answers import token_f1
from qa.evaluation.normalise import tokens

SPAN_TOKENS = 40
WINDOW_CHARS = 1200


@dataclass(frozen=True)
class Read:
    """Of a passage: the best span's text, its margin over no answer, the relevance logit."""

    text: str
    margin: float
    relevance: float


def windows(passage: str) -> list[str]:
    """The passage in overlapping pieces that the network can take in whole."""
    if len(passage) <= WINDOW_CHARS:
        return [passage]
    step = WINDOW_CHARS * 2 // 3
    return [passage[i : i + WINDOW_CHARS] for i in range(0, len(passage) - step // 2, step)]


@torch.inference_mode()
def read(
    network: ReaderNetwork, encoder: Encoder, pairs: Sequence[tuple[str, str]], size: int = 16
) -> list[Read]:
    """For each question and passage."""
    flat = [(n, q, w) for n, (q, p) in enumerate(pairs) for w in windows(p)]
    found: list[Read | None] = [None] * len(pairs)
    device = next(network.parameters()).device
    flat.sort(key=lambda item: len(item[2]))
    for start in range(0, len(flat), size):
        some = flat[start : start + size]
        batch = encoder.batch([encoder.encode(q, w) for _, q, w in some])
        moved = type(batch)(
            batch.ids.to(device), batch.mask.to(device), batch.answer.to(device), batch.encodings
        )
        with torch.autocast(device.type, torch.bfloat16):
            spans, relevance = network(moved)
        for (n, _, window), logits, own, encoding in zip(
            some, spans.cpu().numpy(), relevance.tolist(), batch.encodings, strict=True
        ):
            this = _best(window, logits, own, encoding)
            before = found[n]
            if before is None or this.margin > before.margin:
                found[n] = this
    return [r for r in found if r is not None]


def _best(window: str, logits: np.ndarray, relevance: float, encoding: Encoding) -> Read:
    n = len(encoding.ids)
    start, end = logits[1:n, 0], logits[1:n, 1]
    scores = np.triu(start[:, None] + end[None, :]) + np.tril(np.full((n - 1, n - 1), -1e5), -1)
    scores -= np.triu(np.full((n - 1, n - 1), 1e5), SPAN_TOKENS)
    a, z = divmod(int(scores.argmax()), n - 1)
    text = window[encoding.offsets[a + 1][0] : encoding.offsets[z + 1][1]].strip()
    return Read(text, float(scores[a, z] - logits[0].sum()), relevance)


def measure(
    network: ReaderNetwork, encoder: Encoder, examples: Sequence[Example]
) -> dict[str, float]:
    """EM, F1, AUROC (nan where all questions have an answer), milliseconds a question."""
    started = time.perf_counter()
    found = read(network, encoder, [(e.question, e.passage) for e in examples])
    spent = (time.perf_counter() - started) / len(examples)
    graded = [_grade(r.text, e) for r, e in zip(found, examples, strict=True) if e.spans]
    labels = [bool(e.spans) for e in examples]
    result = {
        "n": len(examples),
        "EM": round(float(np.mean([em for em, _ in graded])), 4),
        "F1": round(float(np.mean([f1 for _, f1 in graded])), 4),
    }
    if not all(labels):
        from sklearn.metrics import roc_auc_score

        result["AUROC"] = round(float(roc_auc_score(labels, [r.margin for r in found])), 4)
        result["AUROC relevance"] = round(
            float(roc_auc_score(labels, [r.relevance for r in found])), 4
        )
    result["ms"] = round(1000 * spent, 1)
    return result


def _grade(said: str, example: Example) -> tuple[float, float]:
    """EM and F1, against the gold answer that fits best."""
    mine = tokens(said, example.language)
    gold = [tokens(answer, example.language) for answer in example.answers]
    return float(mine in gold), max(token_f1(mine, answer) for answer in gold)


def sample(examples: list[Example], most: int) -> list[Example]:
    """At most so many, drawn with seed 1."""
    random.Random(1).shuffle(examples)
    return examples[:most]


def main() -> None:
    """Print a line a set."""
    from lab.training.packed import trained
    from qa.models import catalogue
    from qa.settings import Settings

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", type=Path)
    parser.add_argument("--data", type=Path, default=Path(".training/data"))
    parser.add_argument("--sets", nargs="+", default=["fquad", "squad20_dev", "piaf"])
    parser.add_argument("--most", type=int, default=1000)
    arguments = parser.parse_args()
    folder = catalogue()["multilingual-e5-small"].path(Settings())
    network, encoder = trained(arguments.network, folder), Encoder(folder)
    for set in arguments.sets:
        some = sample(load(arguments.data / f"{set}.jsonl"), arguments.most)
        print(set, measure(network, encoder, some))


if __name__ == "__main__":
    main()
