"""The graph of a Gemma 3 encoder (EmbeddingGemma), its matrix products done in whole numbers.

Every token sees those within half a window of it, or all of them, by its layer. What a
sentence-transformers folder does to the mean of a text's tokens afterwards, products with matrices
alone, is done here to each token: the mean of those is the same, and the mean over a sentence's
tokens is then a vector like that of a text.

A norm's own weights are applied before its values are rounded: they hold back the few values that
are hundreds of times the others. Multiplied into the next matrix, which saves a product, vectors
had a cosine of .85 to those in floating point instead of .997.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto

from qa.models.conversion.int8_graph import Array, Graph

# What a configuration must say for the graph to be the same function.
SUPPORTED = {
    "hidden_activation": "gelu_pytorch_tanh",
    "use_bidirectional_attention": True,
    "attention_bias": False,
    "attn_logit_softcapping": None,
    "num_key_value_heads": 1,
    "rope_scaling": None,
}
_FAR = -1e9


def build(
    weights: Mapping[str, NDArray[Any]],
    config: Mapping[str, Any],
    dense: Sequence[NDArray[Any]] = (),
) -> ModelProto:
    """The graph.

    Args:
        weights: by Gemma3TextModel's names, in any precision.
        config: Gemma3TextModel's.
        dense: (out, in) matrices that a token's state is multiplied with, one after another.
    Returns:
        a model from `input_ids` (tokens,) int64 to float32 `token_embeddings` (tokens, width).
    """

    graph = Graph(weights)
    hidden = config["hidden_size"]
    x = graph.words("embed_tokens.weight", hidden**0.5)
    seen = _Seen(graph, config)
    for number, kind in enumerate(config["layer_types"]):
        x = _layer(graph, f"layers.{number}", x, seen, kind, config)
    x = _norm(graph, "norm", x, config["rms_norm_eps"])
    head = np.eye(hidden, dtype=np.float32)
    for matrix in dense:
        head = np.asarray(matrix, np.float32) @ head
    x = graph.add("MatMul", x, graph.constant(head.T))
    return graph.model("gemma3", {"token_embeddings": x}, {"token_embeddings": len(head)})


class _Seen:
    """By kind of layer: which tokens see which (`mask`), and the turns by which places are told."""

    def __init__(self, graph: Graph, config: Mapping[str, Any]) -> None:

        most = config["max_position_embeddings"]
        start, count = graph.constant(np.array([0])), graph.add("Shape", "input_ids")

        def here(table: NDArray[Any]) -> str:
            return graph.add("Slice", graph.constant(table), start, count, start)

        apart = graph.add("Sub", here(np.arange(most)[:, None]), here(np.arange(most)))
        window = graph.constant(np.array(config["sliding_window"] // 2))
        far = graph.add("Greater", graph.add("Abs", apart), window)
        far = graph.add("Cast", far, to=TensorProto.FLOAT)
        far = graph.add("Mul", far, graph.constant(np.array(_FAR, np.float32)))
        self.mask = {"sliding_attention": far, "full_attention": None}
        bases = {"sliding_attention": "rope_local_base_freq", "full_attention": "rope_theta"}
        self.turns = {
            kind: [here(table) for table in _turns(most, config["head_dim"], config[base])]
            for kind, base in bases.items()
        }


def _turns(places: int, width: int, base: float) -> tuple[Array, Array]:
    """Cosines and sines, (places, width) each; the sines of the first half are negative."""

    speeds = base ** (-np.arange(0, width, 2) / width)
    angles = np.arange(places)[:, None] * speeds
    cosine, sine = np.cos(angles), np.sin(angles)
    return (
        np.concatenate([cosine, cosine], axis=1).astype(np.float32),
        np.concatenate([-sine, sine], axis=1).astype(np.float32),
    )


def _layer(
    graph: Graph, name: str, x: str, seen: _Seen, kind: str, config: Mapping[str, Any]
) -> str:
    epsilon = config["rms_norm_eps"]
    y = _norm(graph, f"{name}.input_layernorm", x, epsilon)
    y = _attention(graph, name, y, seen, kind, config)
    x = graph.add("Add", x, _norm(graph, f"{name}.post_attention_layernorm", y, epsilon))
    y = _mlp(graph, name, _norm(graph, f"{name}.pre_feedforward_layernorm", x, epsilon))
    return graph.add("Add", x, _norm(graph, f"{name}.post_feedforward_layernorm", y, epsilon))


def _attention(
    graph: Graph, name: str, x: str, seen: _Seen, kind: str, config: Mapping[str, Any]
) -> str:

    heads, width, epsilon = (
        config["num_attention_heads"],
        config["head_dim"],
        config["rms_norm_eps"],
    )
    parts = [graph.weights[f"{name}.self_attn.{part}_proj.weight"] for part in "qkv"]
    joined = graph.product(graph.quantise(x), np.concatenate(parts))
    sizes = graph.constant(np.array([len(part) for part in parts]))
    query, key, value = graph.add_many("Split", 3, joined, sizes, axis=-1)
    split = graph.constant(np.array([0, heads, width]))
    query = graph.add("Transpose", graph.add("Reshape", query, split), perm=[1, 0, 2])
    query = _turned(graph, _norm(graph, f"{name}.self_attn.q_norm", query, epsilon), seen, kind)
    key = _turned(graph, _norm(graph, f"{name}.self_attn.k_norm", key, epsilon), seen, kind)
    scale = graph.constant(np.array(config["query_pre_attn_scalar"] ** -0.5, np.float32))
    scores = graph.add("MatMul", graph.add("Mul", query, scale), graph.add("Transpose", key))
    if mask := seen.mask[kind]:
        scores = graph.add("Add", scores, mask)
    mixed = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), value)
    mixed = graph.add("Transpose", mixed, perm=[1, 0, 2])
    mixed = graph.add("Reshape", mixed, graph.constant(np.array([0, heads * width])))
    return graph.product(graph.quantise(mixed), graph.weights[f"{name}.self_attn.o_proj.weight"])


def _turned(graph: Graph, x: str, seen: _Seen, kind: str) -> str:
    """Each pair of a half's value and the other half's turned by its place (rotary embedding)."""
    cosine, sine = seen.turns[kind]
    first, second = graph.add_many("Split", 2, x, axis=-1, num_outputs=2)
    swapped = graph.add("Concat", second, first, axis=-1)
    return graph.add("Add", graph.add("Mul", x, cosine), graph.add("Mul", swapped, sine))


def _mlp(graph: Graph, name: str, x: str) -> str:

    parts = [graph.weights[f"{name}.mlp.{part}_proj.weight"] for part in ("gate", "up")]
    joined = graph.product(graph.quantise(x), np.concatenate(parts))
    gate, up = graph.add_many("Split", 2, joined, axis=-1, num_outputs=2)
    inner = graph.add("Mul", graph.add("Gelu", gate, approximate="tanh"), up)
    return graph.product(graph.quantise(inner), graph.weights[f"{name}.mlp.down_proj.weight"])


def _norm(graph: Graph, name: str, x: str, epsilon: float) -> str:
    """x / √(mean of x² + epsilon) · (1 + weight)."""

    last = graph.constant(np.array([-1]))
    mean = graph.add("ReduceMean", graph.add("Mul", x, x), last, keepdims=1)
    mean = graph.add("Add", mean, graph.constant(np.array(epsilon, np.float32)))
    gain = graph.constant(1 + graph.weights[f"{name}.weight"])
    return graph.add("Mul", graph.add("Div", x, graph.add("Sqrt", mean)), gain)
