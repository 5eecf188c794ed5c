"""Writes an embedder as an ONNX graph whose matrix products are done in whole numbers.

The graph reads the token ids of one text and gives a vector for each. One text a run means no
padding, no mask, and vectors that do not depend on what else was embedded at the same time, which
the common range of a batch would make them do. How whole numbers stand for others is in
`int8_graph`; the network here is BERT, Gemma's is in `int8_gemma`.

Knows nothing about tokens, pooling or running.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from safetensors.numpy import load_file

from qa.errors import ModelError
from qa.models.conversion import int8_gemma
from qa.models.conversion.int8_graph import Graph, Quantised

# By type of model, what else its configuration must say for the graph to be the same function.
_SUPPORTED: Mapping[str, Mapping[str, Any]] = {
    "bert": {"hidden_act": "gelu", "position_embedding_type": "absolute"},
    "gemma3_text": int8_gemma.SUPPORTED,
}
_MODULES = ["Transformer", "Pooling", "Normalize"]


def write(folder: Path, target: Path) -> None:
    """Turn the network in a sentence-transformers folder into the file `target`.

    Raises:
        ModelError: the folder holds another kind of model, or does more with it than the mean of
            its tokens' vectors, products with matrices and bringing it to length 1.
    """
    config = _json(folder / "config.json")
    kind = _checked_kind(folder, config)
    dense = _checked_dense(folder)
    weights = load_file(folder / "model.safetensors")
    if kind == "bert":
        model = build(weights, config)
    else:
        matrices = [load_file(part / "model.safetensors")["linear.weight"] for part in dense]
        model = int8_gemma.build(weights, config, matrices)
    onnx.save(model, target)


def _checked_kind(folder: Path, config: Mapping[str, Any]) -> str:
    """The type of model, once it is known that the graph is the same function."""
    kind: str = config.get("model_type", "bert")
    wanted = _SUPPORTED.get(kind, {"model_type": " or ".join(_SUPPORTED)})
    for name, value in wanted.items():
        if config.get(name, value) != value:
            raise ModelError(
                f"{str(folder)!r} cannot run in int8: its {name} is {config[name]!r}, not "
                f"{value!r}."
            )
    return kind


def _checked_dense(folder: Path) -> list[Path]:
    """The folders of the matrices, once it is known that nothing else is done to the mean."""
    modules = _json(folder / "modules.json")
    kinds = [module["type"].rpartition(".")[2] for module in modules]
    paths = [folder / module["path"] for module in modules]
    dense = [path for path, kind in zip(paths, kinds, strict=True) if kind == "Dense"]
    linear = not any(map(_curves, dense))
    if [kind for kind in kinds if kind != "Dense"] == _MODULES and linear:
        pooling = _json(paths[1] / "config.json")
        if pooling.get("pooling_mode_mean_tokens") or pooling.get("pooling_mode") == "mean":
            return dense
    raise ModelError(
        f"{str(folder)!r} cannot run in int8: it does more than a mean of its tokens' vectors, "
        "products with matrices and bringing it to length 1."
    )


def _curves(dense: Path) -> bool:
    """Whether it is more than a product; without a word it ends in the library's Tanh."""
    config = _json(dense / "config.json")
    activation = config.get("activation_function", "Tanh").rpartition(".")[2]
    return bool(config["bias"]) or activation != "Identity"


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def build(
    weights: Mapping[str, NDArray[Any]], config: Mapping[str, Any], outputs: Sequence[str] = ()
) -> onnx.ModelProto:
    """The graph.

    Args:
        weights: by BertModel's names, in any precision.
        config: BertModel's.
        outputs: names of linear layers among the weights, applied to every token in floating
            point; none means the tokens' states themselves.
    Returns:
        a model from `input_ids` (tokens,) int64 to float32 `token_embeddings` (tokens, hidden), or
        to one (tokens, n) for each of `outputs`, by its name.
    """
    graph = Graph(weights)
    heads, epsilon = config["num_attention_heads"], config["layer_norm_eps"]
    states = _embeddings(graph, epsilon)
    for number in range(config["num_hidden_layers"]):
        states = _layer(graph, f"encoder.layer.{number}", states, heads, epsilon)
    if not outputs:
        name = "token_embeddings"
        return graph.model("bert", {name: states}, {name: config["hidden_size"]})
    found = {name: _head(graph, states, name) for name in outputs}
    widths = {name: len(graph.weights[f"{name}.bias"]) for name in outputs}
    return graph.model("bert", found, widths)


def _norm(graph: Graph, x: str, name: str, epsilon: float) -> str:
    weight = graph.constant(graph.weights[f"{name}.weight"])
    bias = graph.constant(graph.weights[f"{name}.bias"])
    return graph.add("LayerNormalization", x, weight, bias, axis=-1, epsilon=epsilon)


def _linear(graph: Graph, x: Quantised, name: str) -> str:
    """x · weightᵀ + bias."""
    bias = graph.constant(graph.weights[f"{name}.bias"])
    return graph.add("Add", graph.product(x, graph.weights[f"{name}.weight"]), bias)


def _head(graph: Graph, x: str, name: str) -> str:
    """x · weightᵀ + bias, in floating point."""
    weight = graph.constant(graph.weights[f"{name}.weight"].T)
    bias = graph.constant(graph.weights[f"{name}.bias"])
    return graph.add("Add", graph.add("MatMul", x, weight), bias)


def _embeddings(graph: Graph, epsilon: float) -> str:

    words = graph.words("embeddings.word_embeddings.weight")
    # One text alone has one token type, the first.
    places = graph.weights["embeddings.position_embeddings.weight"]
    places = places + graph.weights["embeddings.token_type_embeddings.weight"][0]
    start = graph.constant(np.array([0]))
    count = graph.add("Shape", "input_ids")
    here = graph.add("Slice", graph.constant(places), start, count, start)
    return _norm(graph, graph.add("Add", words, here), "embeddings.LayerNorm", epsilon)


def _layer(graph: Graph, name: str, x: str, heads: int, epsilon: float) -> str:
    attended = graph.quantise(_attention(graph, f"{name}.attention.self", x, heads))
    output = _linear(graph, attended, f"{name}.attention.output.dense")
    x = _norm(graph, graph.add("Add", output, x), f"{name}.attention.output.LayerNorm", epsilon)
    inner = graph.add("Gelu", _linear(graph, graph.quantise(x), f"{name}.intermediate.dense"))
    output = _linear(graph, graph.quantise(inner), f"{name}.output.dense")
    return _norm(graph, graph.add("Add", output, x), f"{name}.output.LayerNorm", epsilon)


def _attention(graph: Graph, name: str, x: str, heads: int) -> str:

    width = graph.weights[f"{name}.query.weight"].shape[0] // heads
    split = graph.constant(np.array([0, heads, width]))
    quantised = graph.quantise(x)

    def part(which: str, order: list[int]) -> str:
        value = graph.add("Reshape", _linear(graph, quantised, f"{name}.{which}"), split)
        return graph.add("Transpose", value, perm=order)

    query, key, value = part("query", [1, 0, 2]), part("key", [1, 2, 0]), part("value", [1, 0, 2])
    scale = graph.constant(np.array(width**-0.5, np.float32))
    scores = graph.add("Mul", graph.add("MatMul", query, key), scale)
    mixed = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), value)
    mixed = graph.add("Transpose", mixed, perm=[1, 0, 2])
    return graph.add("Reshape", mixed, graph.constant(np.array([0, heads * width])))
