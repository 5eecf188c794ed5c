"""Turns the four-bit file of multilingual-e5-small into a sentence-transformers model folder.

The file is little-endian:

    "E5S1", u32 version
    i32 × 7    hidden, layers, heads, feed-forward, vocabulary, positions, token types
    f32        epsilon of the layer norms;  i32 values in a block (32)
    i32 × 5    pieces of the tokenizer, then the ids of <s>, </s>, <pad>, <unk>
    u64        bytes of text; u32 × (pieces + 1) where each piece starts in it
    f32 ×      pieces: their scores; then the text
    i32, u32   a table of character replacements: rows, bytes; then those bytes
    i32        tensors; of each: u16 and name, u8 type, u32 values, u64 where in the file, u64 bytes

Type 0 is f32. Type 1 is blocks of 18 bytes for 32 values: a half-precision step, then 16 bytes
whose low halves are values 0–15 and whose high halves are values 16–31, as (half − 8) · step.

The table of replacements is skipped: Unicode's NFKC gives the same tokens. The folder holds
half-precision weights, which keep all that four bits say, and names float32 as the type to compute
in. Any sentence-transformers can load it; nothing in it is ours.
"""

from __future__ import annotations

import json
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 32
_BLOCK_BYTES = 18
# The file's sizes, by BertModel's names.
_SIZES = (
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "vocab_size",
    "max_position_embeddings",
    "type_vocab_size",
)
# The file's name of a tensor, or of a layer's part → BertModel's.
_NAMES = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


@dataclass(frozen=True)
class _File:
    """What the file says; `tensors` are flat, by the file's names."""

    sizes: dict[str, int]
    epsilon: float
    bos: int
    eos: int
    pad: int
    unk: int
    pieces: list[str]
    scores: tuple[float, ...]
    tensors: dict[str, NDArray[np.float32]]


def convert(path: Path, folder: Path) -> None:
    """Write the model in `path`, whose sum is known to be right, into the empty `folder`."""
    file = _read(path.read_bytes())
    _write_weights(file, folder / "model.safetensors")
    _write_tokenizer(file, folder / "tokenizer.json")
    for name, content in _configurations(file).items():
        target = folder / name
        target.parent.mkdir(exist_ok=True)
        target.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    # safetensors lets only the owner read what it writes; a shared cache is for everybody.
    shutil.copymode(folder / "config.json", folder / "model.safetensors")


def dequantise(raw: bytes) -> NDArray[np.float32]:
    """The float32 values of four-bit blocks, flat: 32 for every 18 bytes."""
    blocks = np.frombuffer(raw, np.uint8).reshape(-1, _BLOCK_BYTES)
    step = np.ascontiguousarray(blocks[:, :2]).view("<f2").astype(np.float32)
    halves = blocks[:, 2:]
    values = np.concatenate([halves & 15, halves >> 4], axis=1).astype(np.float32)
    result: NDArray[np.float32] = ((values - 8.0) * step).reshape(-1)
    return result


def _read(data: bytes) -> _File:
    at = 0

    def take(layout: str) -> tuple[Any, ...]:
        nonlocal at
        values = struct.unpack_from("<" + layout, data, at)
        at += struct.calcsize("<" + layout)
        return values

    _, _, *sizes, epsilon, _ = take("4sI7ifi")
    count, bos, eos, pad, unk, text_bytes = take("5iQ")
    starts, scores = take(f"{count + 1}I"), take(f"{count}f")
    (text,) = take(f"{text_bytes}s")
    pieces = [text[starts[i] : starts[i + 1]].decode() for i in range(count)]
    _rows, table_bytes = take("iI")
    at += table_bytes
    tensors = {}
    for _ in range(take("i")[0]):
        name = take(f"{take('H')[0]}s")[0].decode()
        kind, _values, position, size = take("BIQQ")
        raw = data[position : position + size]
        tensors[name] = np.frombuffer(raw, "<f4") if kind == 0 else dequantise(raw)
    named = dict(zip(_SIZES, sizes, strict=True))
    return _File(named, epsilon, bos, eos, pad, unk, pieces, scores, tensors)


def _write_weights(file: _File, path: Path) -> None:
    from safetensors.numpy import save_file

    weights = {}
    for name, values in file.tensors.items():
        if not name.endswith(".b") and "ln." not in name:
            inner = file.sizes["intermediate_size" if name.endswith(".fo.w") else "hidden_size"]
            values = values.reshape(-1, inner)
        weights[_bert_name(name)] = values.astype(np.float16)
    save_file(weights, path, metadata={"format": "pt"})


def _bert_name(name: str) -> str:
    """`l3.q.w` → `encoder.layer.3.attention.self.query.weight`."""
    if name in _NAMES:
        return _NAMES[name]
    layer, part, what = name.split(".")
    return f"encoder.layer.{layer[1:]}.{_NAMES[part]}.{'weight' if what == 'w' else 'bias'}"


def _write_tokenizer(file: _File, path: Path) -> None:
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
    from tokenizers.processors import TemplateProcessing

    vocabulary = list(zip(file.pieces, file.scores, strict=True))
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=file.unk, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace("▁", prepend_scheme="always")
    bos, eos = file.pieces[file.bos], file.pieces[file.eos]
    tokenizer.post_processor = TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, file.bos), (eos, file.eos)],
    )
    special = (file.bos, file.pad, file.eos, file.unk)
    tokenizer.add_special_tokens([file.pieces[id] for id in special])
    tokenizer.save(str(path))


def _configurations(file: _File) -> dict[str, Any]:
    """The folder's JSON files."""
    package = "sentence_transformers.models"
    positions = file.sizes["max_position_embeddings"]
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "dtype": "float32",
            **file.sizes,
            "layer_norm_eps": file.epsilon,
            "pad_token_id": file.pad,
            "bos_token_id": file.bos,
            "eos_token_id": file.eos,
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": positions,
            "model_input_names": ["input_ids", "attention_mask"],
            "unk_token": file.pieces[file.unk],
            "pad_token": file.pieces[file.pad],
            "clean_up_tokenization_spaces": False,
        },
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": f"{package}.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{package}.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": f"{package}.Normalize"},
        ],
        "1_Pooling/config.json": {
            "word_embedding_dimension": file.sizes["hidden_size"],
            "pooling_mode_mean_tokens": True,
        },
        "sentence_bert_config.json": {
            "max_seq_length": positions,
            "do_lower_case": False,
            # The file has no pooler, and mean pooling needs none.
            "model_args": {"add_pooling_layer": False},
        },
        "config_sentence_transformers.json": {
            "prompts": {"query": "query: ", "passage": "passage: "},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
    }
