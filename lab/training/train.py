"""Trains the reader.

    python -m lab.training.train [--data DIR] [--out DIR] [--FIELD-OF-PLAN VALUE]

What is trained on, in which order and with which negative is drawn once from the seed, so a run
that was stopped goes on at its last checkpoint as if it had not been; the log is OUT/log.jsonl.
Runs on a GPU where PyTorch sees one, else on the CPU, in bfloat16 either way.

Loss: the mean of the cross-entropies of start and end, marginal over equally right spans, plus
half of the binary cross-entropy of relevance. A passage that does not answer has its start and end
at <s>. The weights kept are an exponential moving average of those of the steps.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Encoding
from torch import Tensor

from lab.training.cloze import clozes
from lab.training.example import Example, load
from lab.training.measure import measure
from lab.training.network import Batch, Encoder, ReaderNetwork, loss_of, rates_of
from lab.training.swapped import swapped
from lab.training.translated import Views
from qa.models import catalogue
from qa.settings import Settings

SAVE_EVERY = 100
MEASURE_EVERY = 1000


@dataclass(frozen=True)
class Plan:
    """Everything that a run depends on.

    Attributes:
        cloze: examples made by rule, gone through first.
        epochs: over the questions that people asked; the last may be a part only.
        negatives: share of questions that also come with a passage that does not answer.
        swapped: share of questions that come again with a name, number or opposite exchanged, from
            the second epoch on.
        titled: share of passages with their title in front.
        rate: of learning, at its peak.
        layer_decay: each layer learns at this part of the rate of the layer above it.
        frozen: layers, from the lowest, that do not learn.
        start: an exported reader to go on from; none means the embedder.
        french: how often a pass goes over the French questions, which are fewer.
        question, passage, both: shares of the examples that have these in the other language, as
            `lab.training.translated` made them.
    """

    seed: int = 7
    cloze: int = 5000
    epochs: float = 2.5
    negatives: float = 0.3
    swapped: float = 0.3
    titled: float = 0.5
    batch: int = 16
    rate: float = 2e-4
    layer_decay: float = 0.93
    frozen: int = 3
    warmup: float = 0.06
    weight_decay: float = 0.01
    dropout: float = 0.1
    average: float = 0.998
    relevance: float = 0.5
    start: str = ""
    french: int = 2
    question: float = 0.25
    passage: float = 0.1
    both: float = 0.25


@dataclass(frozen=True)
class Row:
    """A pair to learn from; no spans when the passage does not answer."""

    question: str
    title: str
    passage: str
    spans: Sequence[tuple[int, int]]
    encoding: Encoding | None = None


def rows(examples: Sequence[Example], plan: Plan, draw: random.Random) -> Iterator[Row]:
    """One pass: each example, and for some of the answerable a passage that does not answer."""
    for e in examples:
        spans = [(a, z) for a, z in e.spans]
        yield _titled(Row(e.question, e.title, e.passage, spans), plan, draw)
        if e.spans and e.negatives and draw.random() < plan.negatives:
            # Nearer ones more often.
            place = min(int(draw.expovariate(0.8)), len(e.negatives) - 1)
            yield _titled(Row(e.question, e.title, e.negatives[place], ()), plan, draw)


def _titled(row: Row, plan: Plan, draw: random.Random) -> Row:
    if draw.random() >= plan.titled:
        return row
    shift = len(row.title) + 1
    spans = [(a + shift, z + shift) for a, z in row.spans]
    return Row(row.question, row.title, f"{row.title}\n{row.passage}", spans)


def batches(
    examples: Sequence[Example], made: Sequence[Example], views: Views, plan: Plan
) -> list[list[Row]]:
    """All batches of a run, in order; rows of like length together."""
    draw = random.Random(plan.seed)
    found: list[list[Row]] = []
    exchanged = list(swapped(examples, plan.seed))
    asked = [e for e in examples for _ in range(plan.french if e.language == "fr" else 1)]
    passes = [made, *(asked for _ in range(math.ceil(plan.epochs)))]
    for number, part in enumerate(passes):
        if number:
            shares = (plan.question, plan.passage, plan.both)
            part = [views.draw(e, shares, draw) for e in part]
        some = list(rows(part, plan, draw))
        # Not in the first pass of a reader that has yet to learn to read.
        if number > 1 or (number and plan.start):
            some += rows([e for e in exchanged if draw.random() < plan.swapped], plan, draw)
        draw.shuffle(some)
        if number == len(passes) - 1 and plan.epochs % 1:
            some = some[: round(len(some) * (plan.epochs % 1))]
        size = plan.batch * 50
        for start in range(0, len(some), size):
            window = sorted(some[start : start + size], key=lambda r: len(r.passage))
            groups = [window[i : i + plan.batch] for i in range(0, len(window), plan.batch)]
            draw.shuffle(groups)
            found += groups
    return found


def targets(batch: Batch, some: Sequence[Row]) -> Tensor:
    """(n, tokens, 2) bool: the tokens at which a right answer starts, and ends."""
    right = torch.zeros((*batch.ids.shape, 2), dtype=torch.bool)
    for n, (row, encoding) in enumerate(zip(some, batch.encodings, strict=True)):
        for start, end in row.spans:
            inside = [
                t
                for t, (which, (a, z)) in enumerate(
                    zip(encoding.sequence_ids, encoding.offsets, strict=True)
                )
                if which == 1 and a < end and z > start
            ]
            if inside:
                right[n, inside[0], 0] = right[n, inside[-1], 1] = True
        if not right[n].any():
            right[n, 0] = True
    return right


def train(plan: Plan, data: Path, out: Path, folder: Path) -> None:
    """Run the plan, or go on with it.

    Args:
        plan: what to do.
        data: where `lab.training.data` wrote its files.
        out: gets the log, the checkpoint and reader.pt.
        folder: of the embedder that the network starts from.
    """
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(plan.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    encoder = Encoder(folder)
    examples = load(data / "train.jsonl")
    views = Views.load(examples, data / "translated.jsonl")
    every = batches(examples, clozes(examples, plan.cloze, plan.seed), views, plan)
    if plan.start:
        network = ReaderNetwork.go_on(Path(plan.start), folder, plan.dropout).to(device)
    else:
        network = ReaderNetwork.start(folder, plan.dropout).to(device)
    groups = rates_of(network, plan)
    optimizer = torch.optim.AdamW(groups, fused=True)
    rates = torch.optim.lr_scheduler.LambdaLR(optimizer, _schedule(plan, len(every)))
    learning = {n: p for n, p in network.named_parameters() if p.requires_grad}
    average = {n: p.detach().clone() for n, p in learning.items()}
    first, checkpoint = 0, out / "checkpoint.pt"
    if checkpoint.is_file():
        saved = torch.load(checkpoint, weights_only=True)
        if saved["plan"] != asdict(plan):
            raise SystemExit(f"{out} holds another plan: {saved['plan']}. Choose another --out.")
        first, average = saved["step"], saved["average"]
        network.load_state_dict(saved["network"])
        optimizer.load_state_dict(saved["optimizer"])
        rates.load_state_dict(saved["rates"])
        torch.set_rng_state(saved["random"])

    def note(**what: Any) -> None:
        print(what, flush=True)
        with (out / "log.jsonl").open("a", encoding="utf-8") as log:
            print(json.dumps(what), file=log)

    note(plan=asdict(plan), examples=len(examples), steps=len(every), first=first, device=device)
    network.train()
    started, losses = time.time(), []
    for step in range(first, len(every)):
        some = every[step]
        batch = encoder.batch([encoder.encode(row.question, row.passage) for row in some])
        right = targets(batch, some).to(device)
        batch = Batch(
            batch.ids.to(device), batch.mask.to(device), batch.answer.to(device), batch.encodings
        )
        with torch.autocast(device, torch.bfloat16):
            spans, relevance = network(batch)
            loss = loss_of(spans, relevance, right, plan.relevance)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(learning.values(), 1.0)
        optimizer.step()
        rates.step()
        optimizer.zero_grad(set_to_none=True)
        keep = min(plan.average, (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(list(average.values()), list(learning.values()), 1 - keep)
        losses.append(loss.item())
        if (step + 1) % 50 == 0:
            spent = (time.time() - started) / (step + 1 - first)
            note(step=step + 1, loss=round(sum(losses) / len(losses), 4), s=round(spent, 3))
            losses = []
        last = step + 1 == len(every)
        if (step + 1) % SAVE_EVERY == 0 or last:
            _save(checkpoint, plan, step + 1, network, optimizer, rates, average)
        if (step + 1) % MEASURE_EVERY == 0 or last:
            _save_averaged(out / "reader.pt", network, average)
            kept = ReaderNetwork.load(out / "reader.pt", folder).to(device)
            for set in ("piaf", "squad20_dev"):
                note(
                    step=step + 1,
                    set=set,
                    **measure(kept, encoder, load(data / f"{set}.jsonl")[:300]),
                )


def _schedule(plan: Plan, steps: int) -> Any:
    warm = max(1, int(plan.warmup * steps))
    return lambda step: min((step + 1) / warm, max(0.0, (steps - step) / (steps - warm)))


def _save(
    path: Path, plan: Plan, step: int, network: Any, optimizer: Any, rates: Any, average: Any
) -> None:
    part = path.with_suffix(".part")
    state = {
        "plan": asdict(plan),
        "step": step,
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "rates": rates.state_dict(),
        "average": average,
        "random": torch.get_rng_state(),
    }
    torch.save(state, part)
    part.replace(path)


def _save_averaged(path: Path, network: ReaderNetwork, average: dict[str, Tensor]) -> None:
    part = path.with_suffix(".part")
    torch.save({"network": {**network.state_dict(), **average}}, part)
    part.replace(path)


def main() -> None:
    """Read the plan from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(".training/data"))
    parser.add_argument("--out", type=Path, default=Path(".training/run"))
    parser.add_argument("--threads", type=int)
    for name, default in asdict(Plan()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    plan = Plan(**{name: getattr(arguments, name) for name in asdict(Plan())})
    folder = catalogue()["multilingual-e5-small"].path(Settings())
    train(plan, arguments.data, arguments.out, folder)


if __name__ == "__main__":
    main()
