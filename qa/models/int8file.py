"""Writes the embedder as an ONNX graph whose matrix products are done in whole numbers.

    x ──quantise (each token by its largest value, then 0 … 255)──▶ × weights (−64 … 64) ──▶ float

The graph reads the token ids of one text and gives a vector for each. One text a run means no
padding, no mask, and vectors that do not depend on what else was embedded at the same time, which
the common range of a batch would make them do.

Weights have seven bits, though eight would fit. Where a processor has no VNNI, ONNX Runtime adds
two products in sixteen bits: 2 · 255 · 64 is the most that fits, so the file means the same on
every processor. Word vectors are looked up, not multiplied; they have eight bits, one step a row.

Only operators of the ONNX standard are used; ONNX Runtime joins them into its own when it loads.
Knows nothing about tokens, pooling or running.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from onnx import ModelProto

    Array = NDArray[np.float32]

# Another way of making the file gets another name, so that an old file is never taken for a new.
NAME = "int8-v3.onnx"

OPSET = 20  # the first with Gelu
_IR_VERSION = 9  # what ONNX Runtime 1.17 and later read
_WEIGHT_TOP = 64
_WORD_TOP = 127
# What a BertModel must be for the graph to be the same function.
_SUPPORTED = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}


def write(folder: Path, target: Path) -> None:
    """Turn the BERT in a sentence-transformers folder into the file `target`.

    Raises:
        ModelError: the folder holds another kind of model.
    """
    import onnx
    from safetensors.numpy import load_file

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    for name, value in _SUPPORTED.items():
        if config.get(name, value) != value:
            raise ModelError(
                f"{str(folder)!r} cannot run in int8: its {name} is {config[name]!r}, not "
                f'{value!r}. Set embedder_runtime = "torch".'
            )
    onnx.save(build(load_file(folder / "model.safetensors"), config), target)


def build(
    weights: Mapping[str, NDArray[Any]], config: Mapping[str, Any], outputs: Sequence[str] = ()
) -> ModelProto:
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
    import numpy as np
    from onnx import TensorProto, helper

    graph = _Graph({name: np.asarray(value, np.float32) for name, value in weights.items()})
    heads, epsilon = config["num_attention_heads"], config["layer_norm_eps"]
    states = _embeddings(graph, epsilon)
    for number in range(config["num_hidden_layers"]):
        states = _layer(graph, f"encoder.layer.{number}", states, heads, epsilon)
    found = {name: graph.head(states, name) for name in outputs} or {"token_embeddings": states}
    widths = {name: len(graph.weights[f"{name}.bias"]) for name in outputs} or {
        "token_embeddings": config["hidden_size"]
    }
    graph.nodes += [helper.make_node("Identity", [v], [name]) for name, v in found.items()]
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["tokens"])
    told = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["tokens", width])
        for name, width in widths.items()
    ]
    return helper.make_model(
        helper.make_graph(graph.nodes, "bert", [ids], told, graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=_IR_VERSION,
        producer_name="qa",
    )


class _Graph:
    """Nodes and constants as they are added; values are known by made-up names."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self.weights = weights
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: NDArray[Any]) -> str:
        import numpy as np
        from onnx import numpy_helper

        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Append a node; return the name of its value."""
        return self.add_many(operator, 1, *inputs, **attributes)[0]

    def add_many(self, operator: str, count: int, *inputs: str, **attributes: Any) -> list[str]:
        from onnx import helper

        values = [f"v{len(self.nodes)}.{i}" for i in range(count)]
        self.nodes.append(helper.make_node(operator, list(inputs), values, **attributes))
        return values

    def norm(self, x: str, name: str, epsilon: float) -> str:
        weight = self.constant(self.weights[f"{name}.weight"])
        bias = self.constant(self.weights[f"{name}.bias"])
        return self.add("LayerNormalization", x, weight, bias, axis=-1, epsilon=epsilon)

    def linear(self, x: Quantised, name: str) -> str:
        """x · weightᵀ + bias."""
        from onnx import TensorProto

        bias = self.constant(self.weights[f"{name}.bias"])
        codes, steps = _rows(self.weights[f"{name}.weight"], _WEIGHT_TOP)
        product = self.add("MatMulInteger", x.codes, self.constant(codes.T), x.zero)
        product = self.add("Cast", product, to=TensorProto.FLOAT)
        step = self.add("Mul", x.step, self.constant(steps))
        product = self.add("Mul", self.add("Mul", product, step), x.size)
        return self.add("Add", product, bias)

    def head(self, x: str, name: str) -> str:
        """x · weightᵀ + bias, in floating point."""
        weight = self.constant(self.weights[f"{name}.weight"].T)
        return self.add(
            "Add", self.add("MatMul", x, weight), self.constant(self.weights[f"{name}.bias"])
        )

    def quantise(self, x: str) -> Quantised:
        """Each token divided by its largest value first: the values of some are so large that one
        range for all would leave the others few steps.
        """
        import numpy as np

        size = self.add("ReduceMax", self.add("Abs", x), self.constant(np.array([-1])), keepdims=1)
        size = self.add("Max", size, self.constant(np.array(1e-9, np.float32)))
        return Quantised(size, *self.add_many("DynamicQuantizeLinear", 3, self.add("Div", x, size)))


class Quantised:
    """Names of a value in whole numbers: (codes − zero) · step · size, a size for each token."""

    def __init__(self, size: str, codes: str, step: str, zero: str) -> None:
        self.size, self.codes, self.step, self.zero = size, codes, step, zero


def _rows(values: Array, top: int) -> tuple[NDArray[np.int8], Array]:
    """Each row in whole numbers from -top to top, and the rows' steps."""
    import numpy as np

    largest = np.abs(values).max(axis=1)
    steps = np.where(largest == 0, 1, largest / top).astype(np.float32)
    return np.rint(values / steps[:, None]).astype(np.int8), steps


def _embeddings(graph: _Graph, epsilon: float) -> str:
    import numpy as np
    from onnx import TensorProto

    codes, steps = _rows(graph.weights["embeddings.word_embeddings.weight"], _WORD_TOP)
    words = graph.add("Gather", graph.constant(codes), "input_ids")
    words = graph.add("Cast", words, to=TensorProto.FLOAT)
    words = graph.add(
        "Mul", words, graph.add("Gather", graph.constant(steps[:, None]), "input_ids")
    )
    # One text alone has one token type, the first.
    places = graph.weights["embeddings.position_embeddings.weight"]
    places = places + graph.weights["embeddings.token_type_embeddings.weight"][0]
    start = graph.constant(np.array([0]))
    count = graph.add("Shape", "input_ids")
    here = graph.add("Slice", graph.constant(places), start, count, start)
    return graph.norm(graph.add("Add", words, here), "embeddings.LayerNorm", epsilon)


def _layer(graph: _Graph, name: str, x: str, heads: int, epsilon: float) -> str:
    attended = graph.quantise(_attention(graph, f"{name}.attention.self", x, heads))
    output = graph.linear(attended, f"{name}.attention.output.dense")
    x = graph.norm(graph.add("Add", output, x), f"{name}.attention.output.LayerNorm", epsilon)
    inner = graph.add("Gelu", graph.linear(graph.quantise(x), f"{name}.intermediate.dense"))
    output = graph.linear(graph.quantise(inner), f"{name}.output.dense")
    return graph.norm(graph.add("Add", output, x), f"{name}.output.LayerNorm", epsilon)


def _attention(graph: _Graph, name: str, x: str, heads: int) -> str:
    import numpy as np

    width = graph.weights[f"{name}.query.weight"].shape[0] // heads
    split = graph.constant(np.array([0, heads, width]))
    quantised = graph.quantise(x)

    def part(which: str, order: list[int]) -> str:
        value = graph.add("Reshape", graph.linear(quantised, f"{name}.{which}"), split)
        return graph.add("Transpose", value, perm=order)

    query, key, value = part("query", [1, 0, 2]), part("key", [1, 2, 0]), part("value", [1, 0, 2])
    scale = graph.constant(np.array(width**-0.5, np.float32))
    scores = graph.add("Mul", graph.add("MatMul", query, key), scale)
    mixed = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), value)
    mixed = graph.add("Transpose", mixed, perm=[1, 0, 2])
    return graph.add("Reshape", mixed, graph.constant(np.array([0, heads * width])))
