"""Turns the four-bit file of multilingual-e5-small into a sentence-transformers model folder.

The folder holds half-precision weights, which keep all that four bits say, and names float32 as the
type to compute in. Any sentence-transformers can load it; nothing in it is ours.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from qa.models.conversion.e5_file import E5File, read

# The file's name of a layer's part → BertModel's.
_PARTS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


def convert(path: Path, folder: Path) -> None:
    """Write the model in `path` into `folder`, which exists and is empty.

    Raises:
        ModelError: `path` is not a four-bit E5 file.
    """
    model = read(path)
    _write_weights(model, folder / "model.safetensors")
    _write_tokenizer(model, folder / "tokenizer.json")
    for name, content in _configurations(model).items():
        target = folder / name
        target.parent.mkdir(exist_ok=True)
        target.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    # safetensors lets only the owner read what it writes; a shared cache is for everybody.
    shutil.copymode(folder / "config.json", folder / "model.safetensors")


def _write_weights(model: E5File, path: Path) -> None:
    import numpy as np
    from safetensors.numpy import save_file

    weights = {}
    for name, values in model.tensors.items():
        shaped = values.reshape(-1, model.feed_forward if name.endswith(".fo.w") else model.hidden)
        is_matrix = name in _EMBEDDINGS and ".ln." not in name
        is_matrix = is_matrix or (name.endswith(".w") and "ln." not in name)
        weights[_bert_name(name)] = (shaped if is_matrix else values).astype(np.float16)
    save_file(weights, path, metadata={"format": "pt"})


def _bert_name(name: str) -> str:
    """`l3.q.w` → `encoder.layer.3.attention.self.query.weight`."""
    if name in _EMBEDDINGS:
        return _EMBEDDINGS[name]
    layer, part, what = name.split(".")
    if part not in _PARTS:
        raise ValueError(f"unknown tensor {name!r}")
    ending = "weight" if what == "w" else "bias"
    return f"encoder.layer.{layer[1:]}.{_PARTS[part]}.{ending}"


def _write_tokenizer(model: E5File, path: Path) -> None:
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
    from tokenizers.processors import TemplateProcessing

    vocabulary = list(zip(model.pieces, model.scores, strict=True))
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=model.unk, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace("▁", prepend_scheme="always")
    bos, eos = model.pieces[model.bos], model.pieces[model.eos]
    tokenizer.post_processor = TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, model.bos), (eos, model.eos)],
    )
    tokenizer.add_special_tokens(_special(model))
    tokenizer.save(str(path))


def _special(model: E5File) -> list[str]:
    return [model.pieces[i] for i in (model.bos, model.pad, model.eos, model.unk)]


def _configurations(model: E5File) -> dict[str, Any]:
    """The folder's JSON files."""
    bos, pad, eos, unk = _special(model)
    package = "sentence_transformers.models"
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "dtype": "float32",
            "hidden_size": model.hidden,
            "num_hidden_layers": model.layers,
            "num_attention_heads": model.heads,
            "intermediate_size": model.feed_forward,
            "vocab_size": model.vocabulary,
            "max_position_embeddings": model.positions,
            "type_vocab_size": model.token_types,
            "layer_norm_eps": model.epsilon,
            "hidden_act": "gelu",
            "hidden_dropout_prob": 0.1,
            "attention_probs_dropout_prob": 0.1,
            "position_embedding_type": "absolute",
            "pad_token_id": model.pad,
            "bos_token_id": model.bos,
            "eos_token_id": model.eos,
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": model.positions,
            "model_input_names": ["input_ids", "attention_mask"],
            "bos_token": bos,
            "eos_token": eos,
            "sep_token": eos,
            "cls_token": bos,
            "unk_token": unk,
            "pad_token": pad,
            "clean_up_tokenization_spaces": False,
        },
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": f"{package}.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{package}.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": f"{package}.Normalize"},
        ],
        "1_Pooling/config.json": {
            "word_embedding_dimension": model.hidden,
            "pooling_mode_mean_tokens": True,
        },
        "sentence_bert_config.json": {
            "max_seq_length": model.positions,
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
