"""The embedder in eight-bit arithmetic: `tokenizers`, ONNX Runtime and numpy, nothing else.

What it runs is the int8 file of a sentence-transformers folder, whose prompts and limit of tokens
count here too. The library itself is not imported, because with PyTorch under it that takes seconds
at every start, and the two things it would still do here, a mean and a division, take two lines.

Each text is a run of its own on one thread, and as many texts run side by side as there are
threads: faster than one batch on all threads, and nothing is padded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from qa.models.conversion import INT8
from qa.models.onnx_session import cores, open_session

Vectors = NDArray[np.float32]
Ranges = Sequence[tuple[int, int]]


class Int8Model:
    """A loaded model; it may be used from several threads.

    Args:
        folder: a sentence-transformers folder with an int8 file.
        threads: texts side by side; None is one a core.

    Raises:
        ModelError: the file is damaged.
    """

    runtime: Literal["onnx-int8"] = "onnx-int8"

    def __init__(self, folder: Path, threads: int | None) -> None:
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        limit = _json(folder / "sentence_bert_config.json")["max_seq_length"]
        self._tokenizer.enable_truncation(limit)
        prompts = _json(folder / "config_sentence_transformers.json")["prompts"]
        self.prompts: Mapping[str, str | None] = prompts
        self._session = open_session(folder / INT8, "Run `qa models verify`.")
        self._pool = ThreadPoolExecutor(threads or cores(), thread_name_prefix="embedder")

    def vectors(self, texts: Sequence[str], parts: Sequence[Ranges], prompt: str) -> list[Vectors]:
        """See `embedder.Embedder.passages_with_parts`."""
        return list(self._pool.map(partial(self._one, prompt), texts, parts))

    def _one(self, prompt: str, text: str, ranges: Ranges) -> Vectors:
        encoding = self._tokenizer.encode(prompt + text)
        ids = np.array(encoding.ids, np.int64)
        [states] = self._session.run(["token_embeddings"], {"input_ids": ids})
        return pooled(states, np.array(encoding.offsets) - len(prompt), ranges)


def pooled(states: Vectors, places: NDArray[Any], ranges: Ranges) -> Vectors:
    """The mean of all tokens, then of those that touch each character range; unit rows.

    Args:
        states: (tokens, dimension).
        places: (tokens, 2), the character range of each, empty for `<s>`.
        ranges: one without tokens gets the mean of all.
    """
    starts, ends = places.T
    rows = [states.mean(axis=0)]
    for a, z in ranges:
        inside = (ends > a) & (starts < z) & (ends > starts)
        rows.append(states[inside].mean(axis=0) if inside.any() else rows[0])
    vectors = np.stack(rows)
    unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
