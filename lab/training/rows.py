"""The pool's rows as arrays, and the batches that are drawn from them.

Knows nothing about networks; needs PyTorch and tokenizers, and no other part of the project.
"""

from __future__ import annotations

import json
import lzma
import multiprocessing
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from lab.training.network import LENGTH_STEP, MOST_TOKENS, Batch, Plan

# Most places of one answer in a passage.
PLACES = 8
# Batches among which rows of like length are put together.
WINDOW = 60


class Rows:
    """All rows of the pool as arrays.

    Attributes:
        ids: (rows, MOST_TOKENS) int32, 1 where there are none.
        length, passage: (rows,) int64, tokens in all, and the first token of the passage.
        right: (rows, PLACES, 2) int16, first and last tokens of right answers, -1 for none; a row
            without an answer has (0, 0).
        kinds, examples, languages: of each row.
    """

    def __init__(self, folder: Path, device: str) -> None:
        found = np.load(folder / "rows.npz")
        self.ids = torch.from_numpy(found["ids"]).to(device)
        self.length, self.passage = found["length"], torch.from_numpy(found["passage"]).to(device)
        self.right = torch.from_numpy(found["right"]).to(device)
        self.kinds, self.examples = found["kinds"], found["examples"]
        self.languages = found["languages"]

    def batch(self, some: Sequence[int]) -> tuple[Batch, Tensor]:
        """Of rows: what a network reads, and (n, tokens, 2) bool where a right answer starts, ends.

        Raises:
            IndexError: there is no such row.
        """
        device = self.ids.device
        longest = -(-int(self.length[some].max()) // LENGTH_STEP) * LENGTH_STEP
        at = torch.tensor(some, device=device)
        ids = self.ids[at, :longest].long()
        mask = (ids != 1).long()
        place = torch.arange(longest, device=device)[None]
        # The last token is </s>.
        last = mask.sum(1, keepdim=True) - 1
        answer = ((place >= self.passage[at, None]) & (place < last)) | (place == 0)
        right = torch.zeros(len(some), longest + 1, 2, dtype=torch.bool, device=device)
        places = self.right[at].long() % (longest + 1)
        right.scatter_(1, places, torch.ones_like(places, dtype=torch.bool))
        return Batch(ids, mask, answer, ()), right[:, :longest]


def _encoded(part: tuple[str, int, list[tuple[str, str, list[Any]]]]) -> tuple[np.ndarray, ...]:
    """Rows of question, passage and spans → ids, length, passage, right."""
    tokenizer = Tokenizer.from_str(part[0])
    tokenizer.no_padding()
    tokenizer.enable_truncation(part[1], strategy="only_second")
    n = len(part[2])
    ids = np.ones((n, MOST_TOKENS), np.int32)
    length, passage = np.zeros(n, np.int64), np.zeros(n, np.int64)
    right = np.full((n, PLACES, 2), -1, np.int16)
    for row, (question, text, spans) in enumerate(part[2]):
        encoding = tokenizer.encode(question, text)
        length[row] = len(encoding.ids)
        ids[row, : length[row]] = encoding.ids
        first, last = 1 + encoding.sequence_ids[1:].index(1), len(encoding.ids) - 1
        passage[row] = first
        offsets = np.array(encoding.offsets)[first:last]
        known = 0
        for start, end in spans[:PLACES]:
            inside = np.flatnonzero((offsets[:, 0] < end) & (offsets[:, 1] > start))
            if len(inside):
                right[row, known] = first + inside[0], first + inside[-1]
                known += 1
        if not known:
            right[row, 0] = 0
    return ids, length, passage, right


def prepare(pool: Path, work: Path, tokenizer: str) -> None:
    """Write the pool's rows as arrays."""
    with lzma.open(pool / "pool.json.xz", "rt", encoding="utf-8") as file:
        found = json.load(file)
    texts = found["texts"]
    rows = [row for row in found["rows"] if len(texts[row[3]]) < 400]
    pairs = [(texts[q], texts[p], spans) for *_, q, p, spans in rows]
    config = json.loads((pool / "config.json").read_text(encoding="utf-8"))
    most = min(MOST_TOKENS, config["max_position_embeddings"])
    parts = [(tokenizer, most, pairs[i : i + 1000]) for i in range(0, len(pairs), 1000)]
    with multiprocessing.get_context("fork").Pool() as processes:
        done = processes.map(_encoded, parts, chunksize=1)
    ids, length, passage, right = (np.concatenate(arrays) for arrays in zip(*done, strict=True))
    kinds, examples, languages = (np.array([row[i] for row in rows]) for i in range(3))
    np.savez(
        work / "rows.npz",
        ids=ids,
        length=length,
        passage=passage,
        right=right,
        kinds=kinds,
        examples=examples,
        languages=languages,
    )


def drawn(rows: Rows, plan: Plan) -> Iterator[list[int]]:
    """A teacher's batches: clozes, then passes over the examples, each time drawn anew."""
    draw = random.Random(plan.seed)
    by: dict[tuple[int, str], list[int]] = {}
    for row, (kind, number) in enumerate(zip(rows.kinds, rows.examples, strict=True)):
        by.setdefault((int(number), str(kind)), []).append(row)
    made = by.pop((-1, "cloze"), [])
    asked = sorted({n for n, kind in by if kind == "asked"})
    # An English example has French rows too, so its own language is that of a row asked.
    french = {n for n in asked if rows.languages[by[n, "asked"][0]] == "fr"}
    if plan.clozes:
        yield from _grouped(draw.sample(made, min(plan.clozes, len(made))), rows, plan, draw)
    for number in range(int(np.ceil(plan.epochs))):
        some = []
        for n in asked:
            for _ in range(plan.french if n in french else 1):
                value, kind = draw.random(), "asked"
                for share in ("question", "passage", "both"):
                    value -= getattr(plan, share)
                    if value < 0:
                        kind = share
                        break
                some.append(draw.choice(by.get((n, kind)) or by[n, "asked"]))
                near = by.get((n, "negative"))
                if near and draw.random() < plan.negatives:
                    some.append(near[min(int(draw.expovariate(0.8)), len(near) - 1)])
                other = by.get((n, "swapped"))
                if other and number and draw.random() < plan.swapped:
                    some.append(draw.choice(other))
        yield from _grouped(some, rows, plan, draw)


def every(rows: Rows, plan: Plan) -> Iterator[list[int]]:
    """A student's batches: all rows, as often as it has epochs."""
    draw = random.Random(plan.seed)
    for _ in range(int(np.ceil(plan.epochs))):
        yield from _grouped(list(range(len(rows.length))), rows, plan, draw)


def _grouped(some: list[int], rows: Rows, plan: Plan, draw: random.Random) -> Iterator[list[int]]:
    draw.shuffle(some)
    size = plan.batch * WINDOW
    for start in range(0, len(some), size):
        window = sorted(some[start : start + size], key=lambda row: rows.length[row])
        groups = [window[i : i + plan.batch] for i in range(0, len(window), plan.batch)]
        draw.shuffle(groups)
        yield from groups
