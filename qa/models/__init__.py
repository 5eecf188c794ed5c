"""Models: which there are, how they get here, and how they run.

    catalogue     the models known by name, with sums and mirrors
    hub_model     a model of the hub by its name there, and which of its files that means
    download      from a mirror (`hub`, `pypi_mirror`) to checked files in the cache
    conversion    a downloaded embedder → the files that run
    embedder      texts → vectors: `int8_embedder` on ONNX Runtime, or `torch_embedder` on PyTorch
    reader        the network that points to an answer in a passage; `spans` chooses among its spans
    loading       the language model fetched and made ready, and how far it is
    llm           the language model that the settings name: `local_llm` runs it here by an `engine`
                  (`llamacpp`, `openvino`), `api_llm` asks a service

Importing this package loads no model and no numerical library; `Embedder` and `open_llm` are
imported when they are first asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from qa.models.catalogue import CatalogueEntry, Model, catalogue, downloadable, find
from qa.models.download import Progress, Status, pull, status, verify

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
    "Status",
    "catalogue",
    "downloadable",
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
