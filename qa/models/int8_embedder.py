"""The embedder in eight-bit arithmetic: `tokenizers`, ONNX Runtime and numpy, nothing else.

What it runs is a sentence-transformers folder that pools by the mean, may multiply with matrices,
and normalises; the folder's prompts and its limit of tokens count here too. The library itself is
not imported, because with PyTorch under it that takes seconds at every start, and the two things it
would still do here, a mean and a division, take two lines.

Each text is a run of its own on one thread, and as many texts run side by side as there are
threads: faster than one batch on all threads, and nothing is padded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from qa.errors import ModelError
from qa.models.conversion import int8_writer
from qa.models.onnx_session import cores, open_session
from qa.models.token_means import TokenStates

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from qa.models.token_means import Vectors

_MODULES = ["Transformer", "Pooling", "Normalize"]


class Int8Model:
    """A loaded model. `Int8Model.open` makes one; it may be used from several threads."""

    runtime: Literal["onnx-int8"] = "onnx-int8"
    pools_mean = True

    def __init__(
        self, session: Any, tokenizer: Tokenizer, prompts: Mapping[str, str], threads: int
    ) -> None:
        self.prompts = prompts
        self._session = session
        self._tokenizer = tokenizer
        self._threads = threads

    @classmethod
    def open(cls, folder: Path, threads: int | None) -> Int8Model:
        """Load the model whose int8 file is in this sentence-transformers folder.

        Raises:
            ModelError: the file is damaged, or the folder asks for more than a mean of tokens.
        """
        from tokenizers import Tokenizer

        _check_modules(folder)
        tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(_json(folder / "sentence_bert_config.json")["max_seq_length"])
        prompts = _json(folder / "config_sentence_transformers.json")["prompts"]
        session = open_session(folder / int8_writer.NAME, "Run `qa models verify`.")
        return cls(session, tokenizer, prompts, threads or cores())

    def encode(self, texts: list[str], prompt: str) -> Vectors:
        """The mean of each text's tokens: (len(texts), dimension), each row of length 1."""
        import numpy as np

        return np.concatenate([t.pooled() for t in self.tokens([prompt + text for text in texts])])

    def tokens(self, texts: Sequence[str]) -> Iterator[TokenStates]:
        """What the model makes of each text, in order; longer ones are cut at the limit."""
        if len(texts) == 1 or self._threads == 1:
            yield from map(self._one, texts)
            return
        with ThreadPoolExecutor(self._threads, thread_name_prefix="embedder") as pool:
            yield from pool.map(self._one, texts)

    def _one(self, text: str) -> TokenStates:
        import numpy as np

        encoding = self._tokenizer.encode(text)
        ids = np.array(encoding.ids, np.int64)
        [states] = self._session.run(["token_embeddings"], {"input_ids": ids})
        return TokenStates(states, np.array(encoding.offsets))


def _check_modules(folder: Path) -> None:
    modules = _json(folder / "modules.json")
    kinds = [module["type"].rpartition(".")[2] for module in modules]
    if [kind for kind in kinds if kind != "Dense"] == _MODULES:
        pooling = _json(folder / modules[1]["path"] / "config.json")
        mean = pooling.get("pooling_mode_mean_tokens") or pooling.get("pooling_mode") == "mean"
        dense = [_json(folder / path / "config.json") for path in int8_writer.dense_parts(folder)]
        if mean and not any(some["bias"] or _activation(some) != "Identity" for some in dense):
            return
    raise ModelError(
        f"{str(folder)!r} does more than a mean of its tokens' vectors, products with matrices and "
        'bringing it to length 1. Set embedder_runtime = "torch".'
    )


def _activation(dense: Mapping[str, Any]) -> str:
    """What a product's values go through; without a word it is the library's Tanh."""
    return str(dense.get("activation_function", "Tanh")).rpartition(".")[2]


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
