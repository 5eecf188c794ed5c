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
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from langchain_core.embeddings import Embeddings

from qa.errors import ModelError
from qa.models.catalogue import CatalogueEntry, Model, catalogue, find
from qa.models.checked import file_sha256
from qa.models.download import has_int8, status
from qa.settings import Settings

if TYPE_CHECKING:
    from qa.models.int8_embedder import Int8Model
    from qa.models.token_means import Vectors
    from qa.models.torch_embedder import TorchModel

log = logging.getLogger(__name__)

Runtime = Literal["onnx-int8", "torch"]

_REPORT = 64  # texts between two reports of progress

_QUERY_PROMPTS = ("query",)
_PASSAGE_PROMPTS = ("passage", "document")


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
        self.dimension = int(model.encode(["."], "").shape[1])

    @classmethod
    def open(cls, settings: Settings) -> Embedder:
        """Load the embedder that the settings name: a model of the catalogue, or a folder.

        Raises:
            ModelError: it is not on this machine, or is no embedding model, or has no file for
                the runtime that the settings name, or terms that they do not accept.
        """
        if settings.embedder in catalogue():
            entry = find(settings.embedder, "embedder")
            entry.check_terms(settings)
            state = status(entry, settings)
            if state != "ready":
                raise ModelError(
                    f"the embedder {entry.name} is {state} in {str(settings.models_dir)!r}. "
                    f"Fetch it with `qa models pull {entry.name}`."
                )
            assert isinstance(entry, CatalogueEntry)  # the hub's are language models
            model = _load(entry.path(settings), runtime(entry, settings), settings)
            return cls(model, entry.name, entry.sha256)
        folder = Path(settings.embedder).expanduser()
        _check_folder(folder)
        if settings.embedder_runtime == "onnx":
            raise ModelError(
                f"there is no int8 file for {str(folder)!r}: only models of the catalogue have "
                'one. Set embedder_runtime = "auto".'
            )
        model = _load(folder, "torch", settings)
        return cls(model, folder.resolve().name, _folder_fingerprint(folder))

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
        return self._whole(texts, self._prompt(_QUERY_PROMPTS), None)

    def passages(
        self, texts: Sequence[str], progress: Callable[[int], None] | None = None
    ) -> Vectors:
        """Vectors of passages: (len(texts), dimension), float32, each of length 1.

        Args:
            texts: longer ones are cut at the model's limit of tokens.
            progress: told now and then how many are done.
        """
        return self._whole(texts, self._prompt(_PASSAGE_PROMPTS), progress)

    def passages_with_parts(
        self,
        texts: Sequence[str],
        parts: Sequence[Sequence[tuple[int, int]]],
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
        import numpy as np

        if not self._model.pools_mean:
            flat = [text[a:z] for text, ranges in zip(texts, parts, strict=True) for a, z in ranges]
            vectors, rest = self.passages(texts, progress), self.passages(flat)
            ends = np.cumsum([len(ranges) for ranges in parts])
            return [
                np.vstack([vector[None], some])
                for vector, some in zip(vectors, np.split(rest, ends[:-1]), strict=True)
            ]
        prompt = self._prompt(_PASSAGE_PROMPTS)
        return self._pooled(texts, prompt, parts, progress)

    def _whole(
        self, texts: Sequence[str], prompt: str, progress: Callable[[int], None] | None
    ) -> Vectors:
        """A vector for each text, in the order asked."""
        import numpy as np

        vectors = np.empty((len(texts), self.dimension), np.float32)
        done = 0
        for some in _portions(texts):
            vectors[some] = self._model.encode([texts[i] for i in some], prompt)
            done += len(some)
            if progress is not None:
                progress(done)
        return vectors

    def _pooled(
        self,
        texts: Sequence[str],
        prompt: str,
        parts: Sequence[Sequence[tuple[int, int]]],
        progress: Callable[[int], None] | None,
    ) -> list[Vectors]:
        found: dict[int, Vectors] = {}
        for some in _portions(texts):
            tokens = self._model.tokens([prompt + texts[i] for i in some])
            for i, states in zip(some, tokens, strict=True):
                found[i] = states.pooled([(a + len(prompt), z + len(prompt)) for a, z in parts[i]])
            if progress is not None:
                progress(len(found))
        return [found[i] for i in range(len(texts))]

    def _prompt(self, names: Sequence[str]) -> str:
        """The first of these prompts that the model has; none is empty."""
        prompts = self._model.prompts
        return next((text for name in names if (text := prompts.get(name))), "")


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


def _portions(texts: Sequence[str]) -> Iterator[list[int]]:
    """The texts' numbers, longest text first: like lengths together, and nothing long at last."""
    order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
    for start in range(0, len(order), _REPORT):
        yield order[start : start + _REPORT]


def _load(folder: Path, kind: Runtime, settings: Settings) -> Int8Model | TorchModel:
    if kind == "onnx-int8":
        from qa.models.int8_embedder import Int8Model

        return Int8Model.open(folder, settings.threads)
    from qa.models.torch_embedder import TorchModel

    log.info(
        "%s runs on PyTorch (embedder_runtime = %s)%s",
        folder.name,
        settings.embedder_runtime,
        ""
        if settings.embedder_runtime == "torch" or settings.embedder not in catalogue()
        else f"; `qa models pull {settings.embedder}` writes the int8 file, which is faster",
    )
    return TorchModel.open(folder, settings.threads)


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
