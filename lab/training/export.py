"""Turns a trained network into the one file that ships.

    python -m lab.training.export NETWORK [--data DIR] [--to qa/models/weights/reader.onnx]

NETWORK is OUT/NAME of a student of `ensemble`.

Kept of the vocabulary are the pieces that French and English need (`pieces_kept`); without the
others a rare foreign word is spelt from shorter pieces. The encoder is written in whole numbers
as the embedder is, the heads in floating point; tokenizer, limits and the calibration of
`answerable` go into the file's metadata. The calibration is a logistic regression of the relevance
logit on the kept-out articles of SQuAD 2.0 and PIAF, classes weighted alike; with the span's score
beside it, which says nearly the same, it fits their difference and other sets fall apart (LOG.md).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer

from lab.training.example import Example, load
from lab.training.network import MOST_TOKENS, QUESTION_TOKENS
from lab.training.packed import trained
from qa.models import catalogue
from qa.models.conversion import int8_writer
from qa.models.reader import FORMAT, WEIGHTS, Reader
from qa.settings import Settings

PIECES = 56_000
STRIDE = 64
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "ARABIC", "HEBREW", "DIGIT", "FULLWIDTH DIGIT")
_FRENCH = set("abcdefghijklmnopqrstuvwxyzàâäçéèêëîïôöùûüÿœæ")


def pieces_kept(pieces: list[tuple[str, float]], used: set[str]) -> list[int]:
    """Numbers of the pieces to keep: special ones, those used, single characters, then the
    likeliest of those written in the letters of French and English.
    """
    special = list(range(4))
    single = [i for i, (p, _) in enumerate(pieces) if i > 3 and len(p.strip("▁")) <= 1 and _near(p)]
    kept = dict.fromkeys([*special, *(i for i, (p, _) in enumerate(pieces) if p in used), *single])
    plain = [i for i, (p, _) in enumerate(pieces) if i not in kept and _plain(p)]
    plain.sort(key=lambda i: -pieces[i][1])
    kept.update(dict.fromkeys(plain[: max(0, PIECES - len(kept))]))
    return special + sorted(set(kept) - set(special))


def _near(piece: str) -> bool:
    """Whether a single character may well turn up in a French or English text."""
    bare = piece.strip("▁")
    if not bare or not bare.isalnum():
        return True
    return unicodedata.name(bare, "").startswith(_SCRIPTS)


def _plain(piece: str) -> bool:
    bare = piece.strip("▁").lower()
    return all(c in _FRENCH or (not c.isalpha() and ord(c) < 0x2100) for c in bare)


def pruned(tokenizer: dict[str, Any], kept: list[int]) -> dict[str, Any]:
    """The tokenizer's JSON with those pieces alone, numbered anew in their order."""
    vocabulary = tokenizer["model"]["vocab"]
    number = {old: new for new, old in enumerate(kept)}
    result: dict[str, Any] = json.loads(json.dumps({**tokenizer, "model": {}}))
    result["model"] = {**tokenizer["model"], "vocab": [vocabulary[i] for i in kept]}
    result["model"]["unk_id"] = number[tokenizer["model"]["unk_id"]]
    for token in result["added_tokens"]:
        token["id"] = number[token["id"]]
    for token in result["post_processor"]["special_tokens"].values():
        token["ids"] = [number[i] for i in token["ids"]]
    return result


def used_pieces(tokenizer: Tokenizer, examples: list[Example]) -> set[str]:
    """The pieces that the training texts are made of."""
    found: set[str] = set()
    texts = {e.passage for e in examples} | {e.question for e in examples}
    for encoding in tokenizer.encode_batch(sorted(texts)):
        found.update(encoding.tokens)
    return found


def export(state: dict[str, torch.Tensor], folder: Path, examples: list[Example], to: Path) -> None:
    """Write the file, its calibration still that of no evidence."""
    import onnx

    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    used = used_pieces(Tokenizer.from_file(str(folder / "tokenizer.json")), examples)
    kept = pieces_kept([(p, s) for p, s in tokenizer["model"]["vocab"]], used)
    weights = {name.removeprefix("encoder."): v.float().numpy() for name, v in state.items()}
    words = "embeddings.word_embeddings.weight"
    weights[words] = weights[words][kept]
    places = "embeddings.position_embeddings.weight"
    weights[places] = weights[places][:MOST_TOKENS]
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    model = int8_writer.build(weights, config, outputs=("span", "relevance"))
    about = {
        "format": FORMAT,
        "tokens": MOST_TOKENS,
        "stride": STRIDE,
        "question_tokens": QUESTION_TOKENS,
        "answerable": [0.0, 1.0],
    }
    tell(
        model,
        "tokenizer",
        json.dumps(pruned(tokenizer, kept), ensure_ascii=False, separators=(",", ":")),
    )
    tell(model, "reader", json.dumps(about))
    to.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, to)
    print(f"{len(kept):,} pieces, {to.stat().st_size / 1e6:.1f} MB")


def tell(model: Any, key: str, value: str) -> None:
    """Set an entry of an ONNX model's metadata."""
    for entry in model.metadata_props:
        if entry.key == key:
            entry.value = value
            return
    entry = model.metadata_props.add()
    entry.key, entry.value = key, value


def calibrate(path: Path, examples: list[Example]) -> None:
    """Fit `answerable` on examples and write it into the file."""
    import onnx
    from sklearn.linear_model import LogisticRegression

    reader = Reader.open(path)
    pairs = [(e.question, e.passage, bool(e.spans)) for e in examples]
    pairs += [(e.question, e.negatives[0], False) for e in examples if e.negatives and e.spans]
    values, labels = [], []
    for question, passage, label in pairs:
        [span] = reader.read(question, [passage])
        values.append([np.log(span.relevance) - np.log1p(-span.relevance)])
        labels.append(label)
    fitted = LogisticRegression(class_weight="balanced").fit(np.array(values), labels)
    model = onnx.load(path)
    about = json.loads(next(e.value for e in model.metadata_props if e.key == "reader"))
    about["answerable"] = [round(float(v), 4) for v in (fitted.intercept_[0], fitted.coef_[0, 0])]
    tell(model, "reader", json.dumps(about))
    onnx.save(model, path)
    print("answerable:", about["answerable"], f"on {len(labels)} pairs")


def main() -> None:
    """Export, calibrate, print the sum for the model card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", type=Path)
    parser.add_argument("--data", type=Path, default=Path(".training/data"))
    parser.add_argument("--to", type=Path, default=WEIGHTS)
    arguments = parser.parse_args()
    folder = catalogue()["multilingual-e5-small"].path(Settings())
    state = dict(trained(arguments.network, folder).state_dict())
    export(state, folder, load(arguments.data / "train.jsonl"), arguments.to)
    kept_out = [*load(arguments.data / "squad20_dev.jsonl"), *load(arguments.data / "piaf.jsonl")]
    calibrate(arguments.to, kept_out)
    print("sha256", hashlib.sha256(arguments.to.read_bytes()).hexdigest())


if __name__ == "__main__":
    main()
