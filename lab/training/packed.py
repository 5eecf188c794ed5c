"""Networks in few bytes, to be sent to another machine and back.

The embedder goes in the four-bit blocks that it came in, a trained reader comes in whole numbers
of eight bits, row by row, in two files.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lab.training.network import ReaderNetwork
from qa.models.conversion.e5 import BLOCK, dequantise


def blocks_of(values: np.ndarray) -> np.ndarray:
    """(n, 18) uint8, the blocks that values came in, as `e5.dequantise` reads them.

    Raises:
        ValueError: they did not.
    """
    blocks = values.astype(np.float32).reshape(-1, BLOCK)
    # Of each block at least one value is -8 steps; half precision rounds the others a little.
    steps = np.take_along_axis(blocks, np.abs(blocks).argmax(1, keepdims=True), 1) / -8
    codes = np.rint(np.divide(blocks, steps, where=steps != 0, out=np.zeros_like(blocks))) + 8
    if not np.allclose((codes - 8) * steps, blocks, rtol=1e-3, atol=1e-6):
        raise ValueError("these values did not come in blocks of four bits")
    halves = codes.astype(np.uint8)
    packed = halves[:, : BLOCK // 2] | halves[:, BLOCK // 2 :] << 4
    return np.concatenate([steps.astype("<f2").view(np.uint8), packed], axis=1)


def write_embedder(layers: Mapping[str, Tensor], path: Path) -> None:
    """Write the embedder's layers, by their names in its encoder."""
    arrays: dict[str, Any] = {}
    for name, value in layers.items():
        values = value.to(torch.float32).numpy()
        if values.ndim == 2:
            arrays[f"{name}|blocks"] = blocks_of(values)
        else:
            arrays[name] = values
    np.savez(path, **arrays)


def embedder(path: Path) -> dict[str, Tensor]:
    """The embedder's layers as `write_embedder` wrote them, by the network's names."""
    found = np.load(path)
    result = {}
    for name in found.files:
        bare, _, what = name.partition("|")
        values = found[name]
        if what == "blocks":
            outputs = len(found[bare.replace("weight", "bias")])
            values = dequantise(values.tobytes()).reshape(outputs, -1)
        result[f"encoder.encoder.{bare}"] = torch.from_numpy(values)
    return result


def pack(network: ReaderNetwork, stem: Path) -> None:
    """Write the layers and heads in two files, matrices of layers in whole numbers, row by row."""
    arrays: dict[str, np.ndarray] = {}
    for name, value in network.state_dict().items():
        if ".embeddings." in name and "LayerNorm" not in name:
            continue
        values = value.float().cpu().numpy()
        if values.ndim == 2 and name.startswith("encoder."):
            steps = np.abs(values).max(1) / 127
            arrays[f"{name}|codes"] = np.rint(values / steps[:, None]).astype(np.int8)
            arrays[f"{name}|steps"] = steps
        else:
            arrays[name] = values
    names = sorted(arrays)
    for half in (0, 1):
        some: Any = {name: arrays[name] for name in names[half::2]}
        np.savez(f"{stem}-{half}.npz", **some)


def unpacked(stem: Path) -> dict[str, Tensor]:
    """What `pack` wrote, by the network's names."""
    arrays: dict[str, np.ndarray] = {}
    for half in (0, 1):
        with np.load(f"{stem}-{half}.npz") as found:
            arrays |= {name: found[name] for name in found.files}
    result = {}
    for name, values in arrays.items():
        bare, _, what = name.partition("|")
        if what == "codes":
            result[bare] = torch.from_numpy(values.astype(np.float32)) * torch.from_numpy(
                arrays[f"{bare}|steps"]
            ).unsqueeze(1)
        elif not what:
            result[bare] = torch.from_numpy(values)
    return result


def trained(stem: Path, folder: Path) -> ReaderNetwork:
    """A student that `pack` wrote; word and place vectors are those of the embedder in `folder`."""
    network = ReaderNetwork.start(folder, 0.0)
    network.load_state_dict({**network.state_dict(), **unpacked(stem)})
    return network.eval()
