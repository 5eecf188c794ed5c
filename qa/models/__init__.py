"""Models: which there are, how they get here, and how they run.

    catalogue   the models known by name, with sums and mirrors
    hubmodel    a model of the hub by its name there, and which of its files that means
    fetch       from a mirror to checked files in the cache; hub and carriers are the mirrors
    jobs        the same in the background
    e5          the embedder's four-bit file → a sentence-transformers folder
    embedder    texts → vectors; int8 on ONNX Runtime, or torchmodel on PyTorch
    int8file    the weights → the file that int8 runs; int8gemma draws Gemma's, int8graph the parts
    llm         the language model that the settings name; local runs it here by an engine
                (llamacpp, openvino), service elsewhere

Importing this package loads no model and no numerical library; `Embedder` and `open_llm` are
imported when they are first asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from qa.models.background import PullJob, PullState, background_pull
from qa.models.catalogue import CatalogueEntry, Model, catalogue, fetched, find
from qa.models.download import Status, pull, status, verify
from qa.models.progress import Progress

if TYPE_CHECKING:
    from qa.models.embedder import Embedder
    from qa.models.llm import open_llm
    from qa.models.local_llm import LocalModel

__all__ = [
    "CatalogueEntry",
    "Embedder",
    "LocalModel",
    "Model",
    "Progress",
    "PullJob",
    "PullState",
    "Status",
    "background_pull",
    "catalogue",
    "fetched",
    "find",
    "open_llm",
    "pull",
    "status",
    "verify",
]

_LATE = {
    "Embedder": "qa.models.embedder",
    "LocalModel": "qa.models.local_llm",
    "open_llm": "qa.models.llm",
}


def __getattr__(name: str) -> object:
    if name in _LATE:
        return getattr(importlib.import_module(_LATE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
