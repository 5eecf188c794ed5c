"""The embedder: texts → unit vectors, through sentence-transformers, on this machine's cores.

Queries and passages are different texts to such a model: it gets its own prompt for each, where it
has them. The fingerprint says which weights made a vector; an index keeps it, so that vectors of
two models are never compared.

Knows nothing about articles, chunks or indexes.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.embeddings import Embeddings

from qa.errors import ModelError
from qa.models.catalogue import catalogue, find
from qa.models.fetch import status
from qa.models.offline import go_offline
from qa.models.record import file_sha256
from qa.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer

    Vectors = NDArray[np.float32]

# Texts in one pass through the model. On few cores small batches of like length win: little
# padding, and the intermediate values stay in the cache.
BATCH = 8
_REPORT = 8 * BATCH

_QUERY_PROMPTS = ("query",)
_PASSAGE_PROMPTS = ("passage", "document")


class Embedder(Embeddings):
    """A loaded embedding model. `Embedder.open` makes one; it may be used from several threads.

    Attributes:
        name: the catalogue's name of the model, or the name of the folder.
        fingerprint: 64 hexadecimal digits that stand for the weights.
        dimension: length of a vector.
    """

    def __init__(self, model: SentenceTransformer, name: str, fingerprint: str) -> None:
        self.name = name
        self.fingerprint = fingerprint
        self._model = model
        # The tokenizer keeps its padding as state, so two threads may not use it at once.
        self._lock = threading.Lock()
        self.dimension = int(self._encode(["."], "").shape[1])

    @classmethod
    def open(cls, settings: Settings) -> Embedder:
        """Load the embedder that the settings name: a model of the catalogue, or a folder.

        Raises:
            ModelError: it is not on this machine, or is no embedding model.
        """
        if settings.embedder in catalogue():
            entry = find(settings.embedder, "embedder")
            state = status(entry, settings)
            if state != "ready":
                raise ModelError(
                    f"the embedder {entry.name} is {state} in {str(settings.models_dir)!r}. "
                    f"Fetch it with `qa models pull {entry.name}`."
                )
            return cls(_load(entry.path(settings), settings), entry.name, entry.sha256)
        folder = Path(settings.embedder).expanduser()
        _check_folder(folder)
        return cls(_load(folder, settings), folder.resolve().name, _folder_fingerprint(folder))

    def embed_query(self, text: str) -> list[float]:
        """The vector of one question."""
        vector: list[float] = self.queries([text])[0].tolist()
        return vector

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """The vectors of passages, in their order."""
        vectors: list[list[float]] = self.passages(texts).tolist()
        return vectors

    def queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions: (len(texts), dimension), float32, each of length 1."""
        return self._ordered(texts, self._prompt(_QUERY_PROMPTS), None)

    def passages(
        self, texts: Sequence[str], progress: Callable[[int], None] | None = None
    ) -> Vectors:
        """Vectors of passages: (len(texts), dimension), float32, each of length 1.

        Args:
            texts: longer ones are cut at the model's limit of tokens.
            progress: told now and then how many are done.
        """
        return self._ordered(texts, self._prompt(_PASSAGE_PROMPTS), progress)

    def passages_with_parts(
        self, texts: Sequence[str], parts: Sequence[Sequence[tuple[int, int]]]
    ) -> list[Vectors]:
        """Vectors of passages and of parts of each, from one pass over the passage.

        A part's vector is the mean of its tokens as the model saw them in the whole passage
        (late chunking), so "he" in a sentence carries who he is. A model that does not pool by
        the mean gets each part as a text of its own instead.

        Args:
            texts: passages.
            parts: for each, the character ranges [start, end) of its parts.
        Returns:
            for each text (1 + its parts, dimension), float32, each row of length 1: the
            passage's vector, then each part's. A part beyond the model's limit of tokens gets
            the passage's.
        Source: Günther et al., Late Chunking, 2024, arXiv:2409.04701.
        """
        import numpy as np

        if not self._pools_mean():
            flat = [text[a:z] for text, ranges in zip(texts, parts, strict=True) for a, z in ranges]
            vectors, rest = self.passages(texts), self.passages(flat)
            ends = np.cumsum([len(ranges) for ranges in parts])
            return [
                np.vstack([vector[None], some])
                for vector, some in zip(vectors, np.split(rest, ends[:-1]), strict=True)
            ]
        prompt = self._prompt(_PASSAGE_PROMPTS)
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        found: dict[int, Vectors] = {}
        for start in range(0, len(order), BATCH):
            some = order[start : start + BATCH]
            tokens, offsets = self._tokens([prompt + texts[i] for i in some])
            for i, states, places in zip(some, tokens, offsets, strict=True):
                ranges = [(a + len(prompt), z + len(prompt)) for a, z in parts[i]]
                found[i] = _pooled(states, places, ranges)
        return [found[i] for i in range(len(texts))]

    def _pools_mean(self) -> bool:
        parts: list[Any] = list(self._model)
        pooling = [part for part in parts if type(part).__name__ == "Pooling"]
        # An attribute from sentence-transformers 6 on, a method before.
        modes = [
            part.pooling_mode if hasattr(part, "pooling_mode") else part.get_pooling_mode_str()
            for part in pooling
        ]
        return modes == ["mean"]

    def _tokens(self, texts: list[str]) -> tuple[list[Vectors], list[list[tuple[int, int]]]]:
        """For each text its tokens' states (n, dimension) and their character ranges."""
        import torch

        with self._lock, torch.inference_mode():
            tokenizer: Any = self._model.tokenizer
            encoded = tokenizer(
                texts,
                padding=True,
                truncation=True,
                max_length=self._model.max_seq_length,
                return_offsets_mapping=True,
                return_tensors="pt",
            )
            offsets = encoded.pop("offset_mapping").tolist()
            transformer: Any = self._model[0]
            states = transformer(dict(encoded))["token_embeddings"].numpy()
        lengths = encoded["attention_mask"].sum(dim=1).tolist()
        return (
            [row[:n] for row, n in zip(states, lengths, strict=True)],
            [row[:n] for row, n in zip(offsets, lengths, strict=True)],
        )

    def _ordered(
        self, texts: Sequence[str], prompt: str, progress: Callable[[int], None] | None
    ) -> Vectors:
        """Encode by length, longest first, and give the vectors back in the order asked."""
        import numpy as np

        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for start in range(0, len(order), _REPORT):
            some = order[start : start + _REPORT]
            vectors[some] = self._encode([texts[i] for i in some], prompt)
            if progress is not None:
                progress(start + len(some))
        return vectors

    def _encode(self, texts: list[str], prompt: str) -> Vectors:
        with self._lock:
            vectors: Vectors = self._model.encode(
                texts,
                prompt=prompt,
                batch_size=BATCH,
                show_progress_bar=False,
                convert_to_numpy=True,
                normalize_embeddings=True,
            )
        return vectors

    def _prompt(self, names: Sequence[str]) -> str:
        """The first of these prompts that the model has; none is empty."""
        prompts = self._model.prompts
        return next((text for name in names if (text := prompts.get(name))), "")


def _pooled(
    states: Vectors, places: Sequence[tuple[int, int]], ranges: Sequence[tuple[int, int]]
) -> Vectors:
    """The mean of all tokens, then of those that touch each character range; unit rows."""
    import numpy as np

    starts, ends = np.array(places).T
    rows = [states.mean(axis=0)]
    for a, z in ranges:
        inside = (ends > a) & (starts < z) & (ends > starts)
        rows.append(states[inside].mean(axis=0) if inside.any() else rows[0])
    vectors = np.stack(rows)
    unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def _load(folder: Path, settings: Settings) -> SentenceTransformer:
    go_offline()
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    try:
        model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    except (OSError, ValueError, KeyError, ImportError) as exc:
        raise ModelError(
            f"{str(folder)!r} cannot be loaded as an embedder: {exc}. If it came from "
            "`qa models pull`, run `qa models verify`; else save it again."
        ) from exc
    return model.eval()


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        names = ", ".join(n for n, e in catalogue().items() if e.kind == "embedder")
        raise ModelError(
            f"the embedder {str(folder)!r} is neither in the catalogue ({names}) nor a folder. "
            "Set `embedder` to one of those names or to a sentence-transformers folder."
        )
    if not (folder / "modules.json").is_file():
        raise ModelError(
            f"{str(folder)!r} is no sentence-transformers folder: it has no modules.json. "
            "Write one with `SentenceTransformer(...).save(folder)`."
        )


def _folder_fingerprint(folder: Path) -> str:
    """One sum over the weights and the configuration of a user's own model."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in {".safetensors", ".bin", ".json", ".model", ".txt"}:
            digest.update(f"{path.relative_to(folder).as_posix()} {file_sha256(path)}\n".encode())
    return digest.hexdigest()
