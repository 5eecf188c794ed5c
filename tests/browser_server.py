"""The page with stand-ins for the models: `python -m tests.browser_server INDEX [UPLOADS]`.

Articles, index, pipeline and page are the real ones. The language model is "fetched" while the
first polls of the page come in, then says the first quote word by word; a question that contains
`slowly` makes it slow, one that contains `break` makes it fail.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk

from qa.assistant import Assistant, LanguageModel, LLMStatus
from qa.index import LiveIndex
from qa.indexing import index_paths
from qa.retrieval import HybridRetriever
from qa.settings import Settings
from qa.ui.examples import first_questions
from qa.ui.server import launch
from tests.fakes import BagOfWords, Scripted

CORPUS = Path(__file__).parent.parent / "corpus"


class Quoting(Scripted):
    """Says the first quote of its prompt, word by word, and cites it."""

    reply: str = ""

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        prompt = str(messages[-1].content)
        if "break" in prompt:
            raise RuntimeError("told to break")
        quote = prompt.partition("<quote>")[2].partition("</quote>")[0]
        for word in f"{quote} [1]".split():
            time.sleep(1.0 if "slowly" in prompt else 0.04)
            yield ChatGenerationChunk(message=AIMessageChunk(content=f"{word} "))


class FetchedModel(LanguageModel):
    """A language model that is there after a few looks at its status."""

    _LOOKS = 6

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, fetch=False)
        self._quoting = Quoting()
        self._looked = 0
        self._lock = threading.Lock()

    def get(self) -> BaseChatModel | None:
        """The model, once it has been looked at often enough."""
        return self._quoting if self._looked >= self._LOOKS else None

    def status(self) -> LLMStatus:
        """A little further at each look."""
        with self._lock:
            self._looked += 1
        if self._looked >= self._LOOKS:
            return LLMStatus("ready", "quoting", 1.0)
        return LLMStatus("fetching", "quoting", self._looked / self._LOOKS, "from a test")


def main(directory: Path, uploads: Path | None = None) -> None:
    """Serve until told to stop, on a free port; files are taken when a folder for them is named."""
    settings = Settings(
        index=directory,
        corpus=CORPUS,
        llm="none",
        port=0,
        abstain_below=0.0,
        candidates=20,
        uploads=uploads,
        upload_bytes=100_000,
    )
    embedder = BagOfWords()
    index_paths([CORPUS], settings, embedder)
    index = LiveIndex(directory, embedder, settings)
    retriever = HybridRetriever(index=index, embedder=embedder, candidates=settings.candidates)
    assistant = Assistant(settings, index, retriever, FetchedModel(settings))
    launch(assistant, settings, examples=first_questions(assistant, CORPUS))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
