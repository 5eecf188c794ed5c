"""Models: which there are, how they get here, and how they run.

    catalogue   the models known by name, with sums and mirrors
    fetch       from a mirror to checked files in the cache; hub and carriers are the mirrors
    jobs        the same in the background
    e5          the embedder's four-bit file → a sentence-transformers folder
    embedder    texts → vectors; int8 on ONNX Runtime, or torchmodel on PyTorch
    int8file    the weights → the file that int8 runs; int8gemma draws Gemma's, int8graph the parts
    llm         the language model that the settings name; llama runs it here, service elsewhere

Importing this package loads no model and no numerical library; `Embedder` and `open_llm` are
imported when they are first asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from qa.models.catalogue import CatalogueEntry, catalogue, find
from qa.models.fetch import Status, pull, status, verify
from qa.models.jobs import PullJob, PullState, background_pull
from qa.models.progress import Progress

if TYPE_CHECKING:
    from qa.models.embedder import Embedder
    from qa.models.llama import LlamaCpp
    from qa.models.llm import open_llm

__all__ = [
    "CatalogueEntry",
    "Embedder",
    "LlamaCpp",
    "Progress",
    "PullJob",
    "PullState",
    "Status",
    "background_pull",
    "catalogue",
    "find",
    "open_llm",
    "pull",
    "status",
    "verify",
]

_LATE = {
    "Embedder": "qa.models.embedder",
    "LlamaCpp": "qa.models.llama",
    "open_llm": "qa.models.llm",
}


def __getattr__(name: str) -> object:
    if name in _LATE:
        return getattr(importlib.import_module(_LATE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
