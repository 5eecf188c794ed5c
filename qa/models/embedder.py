"""The embedder: texts → unit vectors, on this machine's cores.

Two runtimes do the same with the same weights: int8 on ONNX Runtime, where `qa models pull` has
written the file for it, and sentence-transformers, which loads any model's folder.

Queries and passages are different texts to such a model: it gets its own prompt for each, where it
has them. The fingerprint says which weights made a vector; an index keeps it, so that vectors of
two models are never compared. Vectors of the two runtimes may be: their cosines are above 0.99.

Knows nothing about articles, chunks or indexes.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from langchain_core.embeddings import Embeddings

from qa.errors import ModelError
from qa.models.catalogue import CatalogueEntry, Model, catalogue, find
from qa.models.download import has_int8, status
from qa.models.int8_embedder import Int8Model, Ranges, Vectors
from qa.settings import Settings

if TYPE_CHECKING:
    from qa.models.torch_embedder import TorchModel

log = logging.getLogger(__name__)

Runtime = Literal["onnx-int8", "torch"]

_REPORT = 64  # texts between two reports of progress


class Embedder(Embeddings):
    """A loaded embedding model. `Embedder.open` makes one; it may be used from several threads.

    Attributes:
        name: the catalogue's name of the model, or the name of the folder.
        fingerprint: 64 hexadecimal digits that stand for the weights.
        dimension: length of a vector.
        runtime: what computes, "onnx-int8" or "torch".
    """

    def __init__(self, model: Int8Model | TorchModel, name: str, fingerprint: str) -> None:
        self.name = name
        self.fingerprint = fingerprint
        self.runtime: Runtime = model.runtime
        self._model = model
        [[vector]] = model.vectors(["."], [()], "")
        self.dimension = len(vector)

    @classmethod
    def open(cls, settings: Settings) -> Embedder:
        """Load the embedder that the settings name: a model of the catalogue, or a folder.

        Raises:
            ModelError: it is not on this machine, or is no embedding model, or has no file for
                the runtime that the settings name, or terms that they do not accept.
        """
        if settings.embedder in catalogue():
            find(settings.embedder, "embedder")  # and no language model
            return cls._known(catalogue()[settings.embedder], settings)
        folder = Path(settings.embedder).expanduser()
        _check_folder(folder)
        if settings.embedder_runtime == "onnx":
            raise ModelError(
                f"there is no int8 file for {str(folder)!r}: only models of the catalogue have "
                'one. Set embedder_runtime = "auto".'
            )
        from qa.models.torch_embedder import TorchModel

        model = TorchModel(folder, settings.threads)
        return cls(model, folder.resolve().name, _folder_fingerprint(folder))

    @classmethod
    def _known(cls, entry: CatalogueEntry, settings: Settings) -> Embedder:
        entry.check_terms(settings)
        state = status(entry, settings)
        if state != "ready":
            raise ModelError(
                f"the embedder {entry.name} is {state} in {str(settings.models_dir)!r}. "
                f"Fetch it with `qa models pull {entry.name}`."
            )
        folder = entry.path(settings)
        if runtime(entry, settings) == "onnx-int8":
            return cls(Int8Model(folder, settings.threads), entry.name, entry.sha256)
        from qa.models.torch_embedder import TorchModel

        if settings.embedder_runtime == "auto":
            advice = f"`qa models pull {entry.name}` writes the int8 file, which is faster"
            log.info("%s runs on PyTorch; %s", entry.name, advice)
        return cls(TorchModel(folder, settings.threads), entry.name, entry.sha256)

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
        return self._first_rows(self._vectors(texts, [()] * len(texts), ("query",)))

    def passages(
        self, texts: Sequence[str], progress: Callable[[int], None] | None = None
    ) -> Vectors:
        """Vectors of passages: (len(texts), dimension), float32, each of length 1.

        Args:
            texts: longer ones are cut at the model's limit of tokens.
            progress: told now and then how many are done.
        """
        return self._first_rows(self.passages_with_parts(texts, [()] * len(texts), progress))

    def passages_with_parts(
        self,
        texts: Sequence[str],
        parts: Sequence[Ranges],
        progress: Callable[[int], None] | None = None,
    ) -> list[Vectors]:
        """Vectors of passages and of parts of each, from one pass over the passage.

        A part's vector is the mean of its tokens as the model saw them in the whole passage
        (late chunking), so "he" in a sentence carries who he is. A model that does not pool by
        the mean gets each part as a text of its own instead.

        Args:
            texts: passages.
            parts: for each, the character ranges [start, end) of its parts.
            progress: told now and then how many passages are done.
        Returns:
            for each text (1 + its parts, dimension), float32, each row of length 1: the
            passage's vector, then each part's. A part beyond the model's limit of tokens gets
            the passage's.
        Source: Günther et al., Late Chunking, 2024, arXiv:2409.04701.
        """
        return self._vectors(texts, parts, ("passage", "document"), progress)

    def _vectors(
        self,
        texts: Sequence[str],
        parts: Sequence[Ranges],
        prompts: tuple[str, ...],
        progress: Callable[[int], None] | None = None,
    ) -> list[Vectors]:
        """With the first of these prompts that the model has."""
        prompt = next((text for name in prompts if (text := self._model.prompts.get(name))), "")
        found: dict[int, Vectors] = {}
        # Longest text first: like lengths together, and nothing long at last.
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        for start in range(0, len(order), _REPORT):
            some = order[start : start + _REPORT]
            rows = self._model.vectors([texts[i] for i in some], [parts[i] for i in some], prompt)
            found |= zip(some, rows, strict=True)
            if progress is not None:
                progress(len(found))
        return [found[i] for i in range(len(texts))]

    def _first_rows(self, vectors: Sequence[Vectors]) -> Vectors:
        return np.array([rows[0] for rows in vectors], np.float32).reshape(-1, self.dimension)


def runtime(entry: Model, settings: Settings) -> Runtime:
    """What a catalogue's embedder that is ready here computes with under these settings.

    Raises:
        ModelError: the settings ask for ONNX Runtime, and its file is not here.
    """
    if settings.embedder_runtime == "torch":
        return "torch"
    if has_int8(entry, settings):
        return "onnx-int8"
    if settings.embedder_runtime == "onnx":
        raise ModelError(
            f"the embedder {entry.name} has no int8 file in {str(entry.path(settings))!r}. Write "
            f"it with `qa models pull {entry.name}`."
        )
    return "torch"


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        names = ", ".join(name for name, e in catalogue().items() if e.kind == "embedder")
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
            with path.open("rb") as file:
                own = hashlib.file_digest(file, "sha256").hexdigest()
            digest.update(f"{path.relative_to(folder).as_posix()} {own}\n".encode())
    return digest.hexdigest()
