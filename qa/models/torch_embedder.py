"""The embedder in floating point: any sentence-transformers folder, through that library."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from qa.errors import ModelError
from qa.models.offline import go_offline
from qa.models.token_means import TokenStates

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from qa.models.token_means import Vectors

# Texts in one pass through the model. On few cores small batches of like length win: little
# padding, and the intermediate values stay in the cache.
BATCH = 8


class TorchModel:
    """A loaded model. `TorchModel.open` makes one; it may be used from several threads."""

    runtime: Literal["torch"] = "torch"

    def __init__(self, model: SentenceTransformer) -> None:
        self.model = model
        self.pools_mean = _pools_mean(model)
        self._dense = [part for part in _parts(model) if type(part).__name__ == "Dense"]
        self.prompts: Mapping[str, str | None] = model.prompts
        # The tokenizer keeps its padding as state, so two threads may not use it at once.
        self._lock = threading.Lock()

    @classmethod
    def open(cls, folder: Path, threads: int | None) -> TorchModel:
        """Load a sentence-transformers folder.

        Raises:
            ModelError: it cannot be loaded.
        """
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
        return cls(model.eval())

    def encode(self, texts: list[str], prompt: str) -> Vectors:
        """Through all the folder's modules: (len(texts), dimension), each row of length 1."""
        with self._lock:
            vectors: Vectors = self.model.encode(
                texts,
                prompt=prompt,
                batch_size=BATCH,
                show_progress_bar=False,
                convert_to_numpy=True,
                normalize_embeddings=True,
            )
        return vectors

    def tokens(self, texts: Sequence[str]) -> Iterator[TokenStates]:
        """What the model makes of each text, in order; longer ones are cut at the limit."""
        for start in range(0, len(texts), BATCH):
            yield from self._batch(list(texts[start : start + BATCH]))

    def _batch(self, texts: list[str]) -> list[TokenStates]:
        import torch

        with self._lock, torch.inference_mode():
            tokenizer: Any = self.model.tokenizer
            encoded = tokenizer(
                texts,
                padding=True,
                truncation=True,
                max_length=self.model.max_seq_length,
                return_offsets_mapping=True,
                return_tensors="pt",
            )
            places = encoded.pop("offset_mapping").numpy()
            transformer: Any = self.model[0]
            states = transformer(dict(encoded))["token_embeddings"]
            for part in self._dense:  # the mean of products is the product of the mean
                states = part({"sentence_embedding": states})["sentence_embedding"]
            states = states.numpy()
        lengths = encoded["attention_mask"].sum(dim=1).tolist()
        rows = zip(states, places, lengths, strict=True)
        return [TokenStates(some[:n], where[:n]) for some, where, n in rows]


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
