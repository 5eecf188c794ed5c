"""qa: answers questions about news events from articles, with the exact sentences they rest on.

    from qa import Assistant, Settings

    with Assistant.open(Settings.load()) as assistant:
        answer = assistant.ask("Where will the training take place?")

Names are imported when they are first used, so that `import qa` loads no library.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qa.assistant import Assistant
    from qa.documents.article import Article
    from qa.documents.filters import Filters
    from qa.errors import QAError
    from qa.index.build import index_paths
    from qa.models import Embedder
    from qa.settings import Settings
    from qa.types import Answer, Citation, Hit, Question

# ONNX Runtime's own telemetry is on as it comes: a device id, events in the user's cache, look-ups
# of its collector. It reads this when it is imported, by whomever.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.1.0"

__all__ = [
    "Answer",
    "Article",
    "Assistant",
    "Citation",
    "Embedder",
    "Filters",
    "Hit",
    "QAError",
    "Question",
    "Settings",
    "__version__",
    "index_paths",
]

_HOMES = {
    "Answer": "qa.types",
    "Article": "qa.documents.article",
    "Assistant": "qa.assistant",
    "Citation": "qa.types",
    "Embedder": "qa.models",
    "Filters": "qa.documents.filters",
    "Hit": "qa.types",
    "QAError": "qa.errors",
    "Question": "qa.types",
    "Settings": "qa.settings",
    "index_paths": "qa.index.build",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
