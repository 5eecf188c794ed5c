"""All that readers are trained on in one small folder, to be sent to a machine with a GPU.

    python -m lab.training.pool [--data DIR] [--out .training/pool]

All rows are drawn here (`rows_of`), and `lab.training.ensemble` learns from them with PyTorch,
tokenizers and transformers alone. Written are pool.json.xz, the sets that
are measured by, and embedder.npz, the embedder's layers in the four bits that they come in.
"""

from __future__ import annotations

import argparse
import json
import lzma
import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lab.training.cloze import clozes
from lab.training.example import Example, load
from lab.training.measure import sample
from lab.training.network import ReaderNetwork
from lab.training.packed import write_embedder
from lab.training.swapped import swapped
from lab.training.translated import Views
from qa.models import catalogue
from qa.settings import Settings

MEASURED = {"squad20_dev": 1000, "piaf": 238, "fquad": 600}
CLOZES = 20_000
SWAPS = 3
_TITLED = 0.5

Made = tuple[str, int, Example, str]


def rows_of(examples: Sequence[Example], views: Views, seed: int) -> Iterator[Made]:
    """(kind, number of the example, the example as that kind has it, its passage).

    Kinds: `asked`; `question`, `passage`, `both`, those in the other language; `negative`, with a
    near passage that does not answer; `swapped`; `cloze`.
    """
    draw = random.Random(seed)
    for number, e in enumerate(examples):
        yield "asked", number, e, e.passage
        turned = views.question(e)
        yield "question", number, turned, e.passage
        whole = views.passage(e)
        if whole is not None:
            yield "passage", number, whole, whole.passage
            yield "both", number, views.question(whole), whole.passage
        if e.spans:
            for passage in e.negatives:
                asked = turned if draw.random() < 0.25 else e
                yield "negative", number, _unanswered(asked), passage
    for turn in range(SWAPS):
        numbers = {f"swapped:{e.id}": n for n, e in enumerate(examples)}
        for made in swapped(examples, seed + turn):
            yield "swapped", numbers[made.id], made, made.passage
    for made in clozes(examples, CLOZES, seed):
        yield "cloze", -1, made, made.passage


def _unanswered(example: Example) -> Example:
    return Example(**{**asdict(example), "spans": [], "answers": []})


def pool(examples: Sequence[Example], views: Views, seed: int) -> dict[str, Any]:
    """The rows, their texts kept once.

    Returns:
        `texts`, and `rows` of [kind, number of the example, language, question, passage, spans];
        question and passage are numbers of texts, spans are in the passage. Half of the passages
        have their title in front; those asked come both ways.
    """
    draw = random.Random(seed)
    texts: dict[str, int] = {}
    rows = []
    for kind, number, e, passage in rows_of(examples, views, seed):
        ways = (False, True) if kind == "asked" else (draw.random() < _TITLED,)
        for titled in ways:
            shift = len(e.title) + 1 if titled else 0
            text = f"{e.title}\n{passage}" if titled else passage
            spans = [(a + shift, z + shift) for a, z in e.spans]
            places = [texts.setdefault(t, len(texts)) for t in (e.question, text)]
            rows.append([kind, number, e.language, *places, spans])
    return {"texts": list(texts), "rows": rows}


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(".training/data"))
    parser.add_argument("--out", type=Path, default=Path(".training/pool"))
    parser.add_argument("--seed", type=int, default=17)
    arguments = parser.parse_args()
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    examples = load(arguments.data / "train.jsonl")
    views = Views.load(examples, arguments.data / "translated.jsonl")
    made = pool(examples, views, arguments.seed)
    with lzma.open(out / "pool.json.xz", "wt", preset=9, encoding="utf-8") as file:
        json.dump(made, file, ensure_ascii=False)
    print(f"{len(made['rows'])} rows")
    for set, most in MEASURED.items():
        some = sample(load(arguments.data / f"{set}.jsonl"), most)
        with lzma.open(out / f"{set}.json.xz", "wt", encoding="utf-8") as file:
            json.dump([{**asdict(e), "negatives": []} for e in some], file, ensure_ascii=False)
    folder = catalogue()["multilingual-e5-small"].path(Settings())
    shutil.copyfile(folder / "config.json", out / "config.json")
    network = ReaderNetwork.start(folder, 0.0)
    write_embedder(network.encoder.encoder.state_dict(), out / "embedder.npz")


if __name__ == "__main__":
    main()
