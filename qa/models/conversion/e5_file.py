"""Reads the four-bit file of multilingual-e5-small.

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

The table of replacements is skipped: Unicode's NFKC gives the same tokens. Knows nothing about what
the tensors are for.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

MAGIC = b"E5S1"
BLOCK = 32
BLOCK_BYTES = 18
_SIZES = (
    "hidden",
    "layers",
    "heads",
    "feed_forward",
    "vocabulary",
    "positions",
    "token_types",
)


@dataclass(frozen=True)
class E5File:
    """What the file says; `tensors` are flat, by the file's names, `pieces` in the order of ids."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    token_types: int
    epsilon: float
    bos: int
    eos: int
    pad: int
    unk: int
    pieces: Sequence[str]
    scores: Sequence[float]
    tensors: dict[str, Array]


class _Reader:
    """Reads numbers one after another."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def bytes(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]


def read(path: Path) -> E5File:
    """The contents of a four-bit file.

    Raises:
        ModelError: it is not such a file.
    """
    reader = _Reader(path.read_bytes())
    try:
        if reader.bytes(4) != MAGIC:
            raise ModelError(f"{path} is not a four-bit E5 file: it does not begin with {MAGIC!r}.")
        return _read(reader)
    except (struct.error, UnicodeDecodeError, ValueError) as exc:
        raise ModelError(
            f"{path} is not a four-bit E5 file ({exc}). Delete it and run `qa models pull`."
        ) from exc


def _read(reader: _Reader) -> E5File:
    sizes: dict[str, int] = dict(zip(_SIZES, reader.take("I7i")[1:], strict=True))
    epsilon, block = reader.take("fi")
    if block != BLOCK:
        raise ValueError(f"blocks of {block} values instead of {BLOCK}")
    count, bos, eos, pad, unk = reader.take("5i")
    (text_bytes,) = reader.take("Q")
    starts = reader.take(f"{count + 1}I")
    scores = reader.take(f"{count}f")
    text = reader.bytes(text_bytes)
    pieces = [text[starts[i] : starts[i + 1]].decode() for i in range(count)]
    _rows, table_bytes = reader.take("iI")
    reader.bytes(table_bytes)
    tensors = _tensors(reader)
    return E5File(
        **sizes,
        epsilon=epsilon,
        bos=bos,
        eos=eos,
        pad=pad,
        unk=unk,
        pieces=pieces,
        scores=scores,
        tensors=tensors,
    )


def _tensors(reader: _Reader) -> dict[str, Array]:
    import numpy as np

    tensors: dict[str, Array] = {}
    (count,) = reader.take("i")
    for _ in range(count):
        (name_bytes,) = reader.take("H")
        name = reader.bytes(name_bytes).decode()
        kind, values, position, size = reader.take("BIQQ")
        raw = reader.data[position : position + size]
        tensors[name] = np.frombuffer(raw, "<f4") if kind == 0 else dequantise(raw)
        if tensors[name].size != values:
            raise ValueError(f"{name} has {tensors[name].size} values instead of {values}")
    return tensors


def dequantise(raw: bytes) -> Array:
    """The float32 values of four-bit blocks, flat: 32 for every 18 bytes."""
    import numpy as np

    blocks = np.frombuffer(raw, np.uint8).reshape(-1, BLOCK_BYTES)
    step = np.ascontiguousarray(blocks[:, :2]).view("<f2").astype(np.float32)
    halves = blocks[:, 2:]
    values = np.concatenate([halves & 15, halves >> 4], axis=1).astype(np.float32)
    result: Array = ((values - 8.0) * step).reshape(-1)
    return result
