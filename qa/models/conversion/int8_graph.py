"""An ONNX graph as it is put together, and its matrix products in whole numbers.

    x ──quantise (each token by its largest value, then 0 … 255)──▶ × weights (−64 … 64) ──▶ float

Weights have seven bits, though eight would fit. Where a processor has no VNNI, ONNX Runtime adds
two products in sixteen bits: 2 · 255 · 64 is the most that fits, so the file means the same on
every processor. Word vectors are looked up, not multiplied; they have eight bits, one step a row.

Only operators of the ONNX standard are used; ONNX Runtime joins them into its own when it loads.
Knows nothing about the networks that are made of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper

Array = NDArray[np.float32]

OPSET = 20  # the first with Gelu
_IR_VERSION = 9  # what ONNX Runtime 1.17 and later read
_WEIGHT_TOP = 64
_WORD_TOP = 127


class Quantised(NamedTuple):
    """Names of a value in whole numbers: (codes − zero) · step · size, a size for each token."""

    size: str
    codes: str
    step: str
    zero: str


class Graph:
    """Nodes and constants as they are added; values are known by made-up names."""

    def __init__(self, weights: Mapping[str, NDArray[Any]]) -> None:
        self.weights = {name: np.asarray(value, np.float32) for name, value in weights.items()}
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: NDArray[Any]) -> str:
        """A value that never changes."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Append a node; return the name of its value."""
        return self.add_many(operator, 1, *inputs, **attributes)[0]

    def add_many(self, operator: str, count: int, *inputs: str, **attributes: Any) -> list[str]:
        """Append a node with several values; return their names."""
        values = [f"v{len(self.nodes)}.{i}" for i in range(count)]
        self.nodes.append(helper.make_node(operator, list(inputs), values, **attributes))
        return values

    def words(self, name: str, scale: float = 1.0) -> str:
        """The tokens' rows of a table, times `scale`."""
        codes, steps = rows(self.weights[name], _WORD_TOP)
        words = self.add("Gather", self.constant(codes), "input_ids")
        words = self.add("Cast", words, to=TensorProto.FLOAT)
        table = self.constant(steps[:, None] * scale)
        return self.add("Mul", words, self.add("Gather", table, "input_ids"))

    def quantise(self, x: str) -> Quantised:
        """Each token divided by its largest value first: the values of some are so large that one
        range for all would leave the others few steps.
        """
        size = self.add("ReduceMax", self.add("Abs", x), self.constant(np.array([-1])), keepdims=1)
        size = self.add("Max", size, self.constant(np.array(1e-9, np.float32)))
        return Quantised(size, *self.add_many("DynamicQuantizeLinear", 3, self.add("Div", x, size)))

    def product(self, x: Quantised, weight: Array) -> str:
        """x · weightᵀ."""
        codes, steps = rows(weight, _WEIGHT_TOP)
        product = self.add("MatMulInteger", x.codes, self.constant(codes.T), x.zero)
        product = self.add("Cast", product, to=TensorProto.FLOAT)
        step = self.add("Mul", x.step, self.constant(steps))
        return self.add("Mul", self.add("Mul", product, step), x.size)

    def model(self, name: str, values: Mapping[str, str], widths: Mapping[str, int]) -> ModelProto:
        """A model from `input_ids` (tokens,) to these values, (tokens, width) each, by name."""
        ends = [helper.make_node("Identity", [value], [name]) for name, value in values.items()]
        ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["tokens"])
        outputs = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["tokens", width])
            for name, width in widths.items()
        ]
        return helper.make_model(
            helper.make_graph([*self.nodes, *ends], name, [ids], outputs, self.constants),
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=_IR_VERSION,
            producer_name="qa",
        )


def rows(values: Array, top: int) -> tuple[NDArray[np.int8], Array]:
    """Each row in whole numbers from -top to top, and the rows' steps."""

    largest = np.abs(values).max(axis=1)
    steps = np.where(largest == 0, 1, largest / top).astype(np.float32)
    return np.rint(values / steps[:, None]).astype(np.int8), steps
