"""The server as a program, with stand-ins: `python -m tests.server.api.program serve|mcp INDEX`.

What the command line does, but for the embedder, which counts words, and the language model,
which says a long sentence slowly when a question contains `slowly`, and more so `very slowly`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.outputs import ChatGenerationChunk

import qa.models.embedder
import qa.models.llm
from qa.server.app import serve, serve_tools
from qa.settings import Settings
from tests.fakes import BagOfWords, Scripted


class Slow(Scripted):
    """Takes its time when asked to."""

    def _stream(self, messages: Any, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        asked = str(messages[-1].content)
        self.pause_s = 1.0 if "very slowly" in asked else 0.3 if "slowly" in asked else 0.0
        yield from super()._stream(messages, *args, **kwargs)


def opened(settings: Settings) -> BaseChatModel | None:
    """The language model."""
    return Slow(reply="Engineer Maëlle Tanguy led the works, which took eighteen months [1].")


def main(door: str, directory: str) -> None:
    """Serve until told to stop."""
    embedder: Any = BagOfWords()
    qa.models.embedder.Embedder.open = staticmethod(lambda settings: embedder)  # type: ignore[method-assign]
    qa.models.llm.open_llm = opened
    environ = {**os.environ, "QA_INDEX": directory, "QA_PORT": "0", "QA_ABSTAIN_BELOW": "0"}
    settings = Settings.load({"llm": "stand-in.gguf"}, environ=environ, directory=Path(directory))
    (serve if door == "serve" else serve_tools)(settings)


if __name__ == "__main__":
    main(*sys.argv[1:])
