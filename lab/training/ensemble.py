"""Trains several readers on a GPU, and then the one that ships on what they think together.

    python -m lab.training.ensemble POOL OUT [--teach SECONDS] [--learn SECONDS]

POOL is the folder that `pool` wrote; the vocabulary, word vectors and tokenizer are those
of the reader that ships. Teachers (`TEACHERS`) learn from what people answered. Their mean
probabilities for every row of the pool, those nobody answered included, are then what students
(`STUDENTS`) learn, together with the answers. All teachers run at once, then all students, each for
the seconds given or until its plan is done; rates fall with whichever is further. Written are
NAME-0.npz and NAME-1.npz of each student, its layers in whole numbers (`unpacked`), and NAME.json,
what came of it.

Needs PyTorch, tokenizers, transformers, onnx, scikit-learn, babel, text2num, pydantic,
platformdirs, httpx and filelock, and not the project's other libraries. Two runs differ where the
seconds end a plan.

Sources: Hinton, Vinyals & Dean, Distilling the Knowledge in a Neural Network, 2015,
arXiv:1503.02531; Miyato, Dai & Goodfellow, Adversarial Training Methods for Semi-Supervised Text
Classification, ICLR 2017, arXiv:1605.07725; Wu et al., R-Drop, NeurIPS 2021, arXiv:2106.14448.
"""

from __future__ import annotations

import argparse
import json
import lzma
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional
from transformers import BertConfig, BertModel

from lab import ROOT
from lab.training.example import Example
from lab.training.measure import measure
from lab.training.network import (
    MOST_TOKENS,
    Batch,
    Encoder,
    Plan,
    ReaderNetwork,
    exported,
    loss_of,
    rates_of,
    vectors,
)
from lab.training.packed import embedder, pack
from lab.training.rows import Rows, drawn, every, prepare

SHIPPED = ROOT / "qa/models/weights/reader.onnx"
MEASURED = ("squad20_dev", "piaf", "fquad")
_AVERAGE = 0.999


TEACHERS = (
    Plan("plain", 1),
    Plan("adversarial", 2, adversarial=0.3),
    Plan("agreeing", 3, agree=1.0),
    Plan("on", 4, start="reader", rate=2e-4, clozes=0),
    Plan("both", 5, adversarial=0.3, dropout=0.15, clozes=20_000, epochs=5),
)
STUDENTS = (
    Plan("fresh", 11, rate=4e-4, epochs=3),
    Plan("further", 12, start="reader", rate=2.5e-4, epochs=3),
    Plan("softer", 13, rate=4e-4, epochs=3, hard=0.0),
)


def starting(pool: Path, plan: Plan) -> ReaderNetwork:
    """The network of a plan, before its first step."""
    shared = vectors(SHIPPED)
    config = BertConfig.from_pretrained(
        pool,
        attn_implementation="sdpa",
        hidden_dropout_prob=plan.dropout,
        attention_probs_dropout_prob=0.0,
        vocab_size=len(shared["encoder.embeddings.word_embeddings.weight"]),
        max_position_embeddings=len(shared["encoder.embeddings.position_embeddings.weight"]),
    )
    network = ReaderNetwork(BertModel(config, add_pooling_layer=False))
    known = {**network.state_dict(), **shared}
    if plan.start == "reader":
        known |= exported(SHIPPED)
    else:
        known |= embedder(pool / "embedder.npz")
        known |= {n: v for n, v in exported(SHIPPED).items() if ".embeddings." in n}
    network.load_state_dict(known)
    return network


def mixed_loss(
    spans: Tensor, relevance: Tensor, right: Tensor, soft: tuple[Tensor, Tensor] | None, plan: Plan
) -> Tensor:
    """`loss_of`; with teachers, mixed with the cross-entropy to what they think."""
    hard = loss_of(spans, relevance, right, plan.relevance)
    if soft is None:
        return hard
    places, thought = soft
    near = (torch.logsumexp(spans, dim=1) - (places * spans.clamp(min=-100)).sum(1)).mean()
    relevant = functional.binary_cross_entropy_with_logits(relevance, thought)
    return plan.hard * hard + (1 - plan.hard) * (near + plan.relevance * relevant)


def _apart(one: Tensor, other: Tensor) -> Tensor:
    """The symmetric divergence of two span distributions."""
    p, q = torch.log_softmax(one, 1), torch.log_softmax(other, 1)
    return 0.5 * ((p.exp() - q.exp()) * (p - q)).sum(1).mean()


def step_of(
    network: ReaderNetwork, batch: Batch, right: Tensor, soft: Any, plan: Plan, device: str
) -> Tensor:
    """Add the gradients of one batch; return its loss."""
    words = network.encoder.embeddings.word_embeddings(batch.ids).detach()
    words.requires_grad_(plan.adversarial > 0)
    with torch.autocast(device, torch.bfloat16):
        spans, relevance = network(batch, words)
        loss = mixed_loss(spans, relevance, right, soft, plan)
        if plan.agree:
            other, relevance = network(batch, words)
            loss = 0.5 * (loss + mixed_loss(other, relevance, right, soft, plan))
            loss = loss + plan.agree * _apart(spans, other)
    loss.backward()  # type: ignore[no-untyped-call]
    if plan.adversarial:
        assert words.grad is not None
        away = functional.normalize(words.grad, dim=-1) * words.norm(dim=-1, keepdim=True)
        moved = (words + plan.adversarial * away).detach()
        with torch.autocast(device, torch.bfloat16):
            spans, relevance = network(batch, moved)
            again = mixed_loss(spans, relevance, right, soft, plan)
        again.backward()  # type: ignore[no-untyped-call]
    return loss.detach()


def _trained(
    network: ReaderNetwork,
    rows: Rows,
    batches: Sequence[Sequence[int]],
    plan: Plan,
    seconds: float,
    thoughts: tuple[Tensor, Tensor] | None,
) -> int:
    """Give the network the mean of the weights of its steps; return how many it took."""
    optimizer = torch.optim.AdamW(rates_of(network, plan), fused=True)
    peaks = [group["lr"] for group in optimizer.param_groups]
    learning = {n: p for n, p in network.named_parameters() if p.requires_grad}
    average = {n: p.detach().clone() for n, p in learning.items()}
    network.train()
    device = next(network.parameters()).device.type
    started, losses = time.monotonic(), torch.zeros((), device=device)
    done = 0
    for step, some in enumerate(batches):
        past = max(step / len(batches), (time.monotonic() - started) / seconds)
        if past >= 1:
            break
        for group, peak in zip(optimizer.param_groups, peaks, strict=True):
            group["lr"] = peak * min((step + 1) / (plan.warmup * len(batches)), 1 - past)
        batch, right = rows.batch(some)
        soft = None
        if thoughts is not None:
            at = torch.tensor(some, device=device)
            soft = thoughts[0][at, : batch.ids.shape[1]].float(), thoughts[1][at]
        losses += step_of(network, batch, right, soft, plan, device)
        torch.nn.utils.clip_grad_norm_(learning.values(), 1.0, foreach=True)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        keep = min(_AVERAGE, (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(list(average.values()), list(learning.values()), 1 - keep)
        done = step + 1
        if done % 250 == 0:
            spent = (time.monotonic() - started) / done
            print(plan.name, done, len(batches), losses.item() / 250, round(spent, 4), flush=True)
            losses.zero_()
    network.load_state_dict({**network.state_dict(), **average})
    network.eval()
    return done


def learn(plan: Plan, pool: Path, work: Path, seconds: float, teachers: Sequence[str]) -> None:
    """Train one; write what it thinks of every row (a teacher) or its layers (a student)."""
    torch.manual_seed(plan.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    rows = Rows(work, device)
    thoughts = _thoughts(work, teachers, device) if teachers else None
    network = starting(pool, plan).to(device)
    encoder = Encoder(pool, tokenizer=Tokenizer.from_str(_tokenizer()))
    measuring = {set: _examples(pool / f"{set}.json.xz") for set in MEASURED}
    for examples in measuring.values():
        # What it lacks to measure it should miss now, and not when it has learned.
        measure(network.eval(), encoder, examples[:20])
    started = time.monotonic()
    batches = list(every(rows, plan) if teachers else drawn(rows, plan))
    done = _trained(network, rows, batches, plan, seconds, thoughts)
    note: dict[str, Any] = {
        "steps": done,
        "of": len(batches),
        "s": round(time.monotonic() - started, 1),
    }
    if teachers:
        pack(network, work / plan.name)
    else:
        _think(network, rows, work / f"{plan.name}.npz", device)
    note["thought"] = round(time.monotonic() - started, 1)
    for set, examples in measuring.items():
        note[set] = measure(network, encoder, examples)
    with (work / f"{plan.name}.json").open("w", encoding="utf-8") as out:
        json.dump({"plan": asdict(plan), **note}, out)
    print(json.dumps({"name": plan.name, **note}), flush=True)


def _examples(path: Path) -> list[Example]:
    with lzma.open(path, "rt", encoding="utf-8") as file:
        return [Example(**row) for row in json.load(file)]


@torch.inference_mode()
def _think(network: ReaderNetwork, rows: Rows, to: Path, device: str) -> None:
    """Write the probabilities of a row's starts and ends, and its relevance, for every row."""
    order = np.argsort(rows.length, kind="stable")
    places = np.zeros((len(order), MOST_TOKENS, 2), np.float16)
    relevant = np.zeros(len(order), np.float32)
    for start in range(0, len(order), 256):
        some = order[start : start + 256]
        batch, _ = rows.batch(some.tolist())
        with torch.autocast(device, torch.bfloat16):
            spans, relevance = network(batch)
        probability = torch.softmax(spans, 1).half().cpu().numpy()
        places[some, : probability.shape[1]] = probability
        relevant[some] = torch.sigmoid(relevance).cpu().numpy()
    np.savez(to, places=places, relevant=relevant)


def _thoughts(work: Path, teachers: Sequence[str], device: str) -> tuple[Tensor, Tensor]:
    """The mean over teachers: (rows, tokens, 2) and (rows,)."""
    places = relevant = None
    for name in teachers:
        with np.load(work / f"{name}.npz") as found:
            these = torch.from_numpy(found["places"]).to(device) / len(teachers)
            own = torch.from_numpy(found["relevant"]).to(device) / len(teachers)
        places = these if places is None else places + these
        relevant = own if relevant is None else relevant + own
    assert places is not None
    assert relevant is not None
    return places, relevant


def _tokenizer() -> str:
    """The tokenizer of the reader that ships."""
    import onnx

    model = onnx.load(SHIPPED)
    return str(next(e.value for e in model.metadata_props if e.key == "tokenizer"))


def together(plans: Sequence[Plan], arguments: Sequence[str]) -> list[str]:
    """Train all of them at once, each in a process of its own; return their names.

    Raises:
        SystemExit: one of them failed.
    """
    module = ["-m", "lab.training.ensemble", *arguments]
    running = {
        plan.name: subprocess.Popen([sys.executable, *module, "--one", plan.name]) for plan in plans
    }
    codes = {name: process.wait() for name, process in running.items()}
    failed = [name for name, code in codes.items() if code]
    if failed:
        raise SystemExit(f"failed, as said above: {', '.join(failed)}")
    return list(codes)


def main() -> None:
    """All of it, or one teacher or student."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pool", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--teach", type=float, default=180)
    parser.add_argument("--learn", type=float, default=240)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--teachers", nargs="*", default=[], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    work: Path = arguments.out
    if arguments.one:
        [plan] = [p for p in (*TEACHERS, *STUDENTS) if p.name == arguments.one]
        seconds = arguments.learn if plan in STUDENTS else arguments.teach
        learn(plan, arguments.pool, work, seconds, arguments.teachers)
        return
    work.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    prepare(arguments.pool, work, _tokenizer())
    print("prepared", round(time.monotonic() - started, 1), flush=True)
    told = [str(arguments.pool), str(work), "--teach", str(arguments.teach)]
    told += ["--learn", str(arguments.learn)]
    done = together(TEACHERS, told)
    print("taught", done, round(time.monotonic() - started, 1), flush=True)
    students = together(STUDENTS, [*told, "--teachers", *done])
    print("learned", students, round(time.monotonic() - started, 1), flush=True)


if __name__ == "__main__":
    main()
