"""The embedder in floating point: any sentence-transformers folder, through that library."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from qa.errors import ModelError
from qa.models.int8_embedder import Ranges, Vectors, pooled
from qa.models.offline import go_offline

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

# Texts in one pass through the model. On few cores small batches of like length win: little
# padding, and the intermediate values stay in the cache.
_BATCH = 8


class TorchModel:
    """A loaded model; it may be used from several threads.

    Args:
        folder: a sentence-transformers folder.
        threads: to use; None leaves it to PyTorch.

    Raises:
        ModelError: it cannot be loaded.
    """

    runtime: Literal["torch"] = "torch"

    def __init__(self, folder: Path, threads: int | None) -> None:
        go_offline()
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        if threads is not None:
            torch.set_num_threads(threads)
        try:
            model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        except (OSError, ValueError, KeyError, ImportError) as exc:
            raise ModelError(
                f"{str(folder)!r} cannot be loaded as an embedder: {exc}. If it came from "
                "`qa models pull`, run `qa models verify`; else save it again."
            ) from exc
        self.model = model.eval()
        self.pools_mean = _pools_mean(model)
        self._dense = [part for part in _parts(model) if type(part).__name__ == "Dense"]
        self.prompts: Mapping[str, str | None] = model.prompts
        # The tokenizer keeps its padding as state, so two threads may not use it at once.
        self._lock = threading.Lock()

    def vectors(self, texts: Sequence[str], parts: Sequence[Ranges], prompt: str) -> list[Vectors]:
        """See `embedder.Embedder.passages_with_parts`."""
        with self._lock:
            if not self.pools_mean:
                return self._one_by_one(texts, parts, prompt)
            found: list[Vectors] = []
            for at in range(0, len(texts), _BATCH):
                some = slice(at, at + _BATCH)
                found += self._batch([prompt + text for text in texts[some]], parts[some], prompt)
            return found

    def _one_by_one(
        self, texts: Sequence[str], parts: Sequence[Ranges], prompt: str
    ) -> list[Vectors]:
        each = [
            [text, *(text[a:z] for a, z in some)] for text, some in zip(texts, parts, strict=True)
        ]
        vectors: Vectors = self.model.encode(
            [text for some in each for text in some],
            prompt=prompt,
            batch_size=_BATCH,
            show_progress_bar=False,
            convert_to_numpy=True,
            normalize_embeddings=True,
        )
        return [vectors[a:z] for a, z in pairwise(accumulate(map(len, each), initial=0))]

    def _batch(self, texts: list[str], parts: Sequence[Ranges], prompt: str) -> list[Vectors]:
        import torch

        tokenizer: Any = self.model.tokenizer
        encoded = tokenizer(
            texts,
            padding=True,
            truncation=True,
            max_length=self.model.max_seq_length,
            return_offsets_mapping=True,
            return_tensors="pt",
        )
        places = encoded.pop("offset_mapping").numpy() - len(prompt)
        lengths = encoded["attention_mask"].sum(dim=1).tolist()
        with torch.inference_mode():
            transformer: Any = self.model[0]
            states = transformer(dict(encoded))["token_embeddings"]
            for part in self._dense:  # the mean of products is the product of the mean
                states = part({"sentence_embedding": states})["sentence_embedding"]
        rows = zip(states.numpy(), places, lengths, parts, strict=True)
        return [pooled(some[:n], where[:n], ranges) for some, where, n, ranges in rows]


def _pools_mean(model: SentenceTransformer) -> bool:
    """Whether a text's vector is the mean of its tokens, and at most linear in it afterwards."""
    _, *parts = _parts(model)
    names = [type(part).__name__ for part in parts]
    if names[:1] != ["Pooling"] or not set(names[1:]) <= {"Dense", "Normalize"}:
        return False
    # An attribute from sentence-transformers 6 on, a method before.
    mode = getattr(parts[0], "pooling_mode", None) or parts[0].get_pooling_mode_str()
    dense = [part for part in parts if type(part).__name__ == "Dense"]
    return mode == "mean" and all(
        type(part.activation_function).__name__ == "Identity" for part in dense
    )


def _parts(model: SentenceTransformer) -> list[Any]:
    return list(model)
