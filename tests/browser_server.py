"""The page with stand-ins: `python -m tests.browser_server INDEX [CORPUS [UPLOADS]]`.

Articles, index, pipeline and page are the real ones. The reader points to what stands before the
last word of the question, where a passage has it. The language model is "fetched" while the
first polls of the page come in, then says the best passage's first sentence word by word; a
question that contains `slowly` makes it slow, one that contains `break` makes it fail.
"""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk

from qa.assistant import Assistant, LanguageModel, LLMStatus
from qa.chunks import sentences
from qa.index import LiveIndex
from qa.indexing import index_paths
from qa.reader import Span as ReadSpan
from qa.reading import Reading
from qa.retrieval import HybridRetriever
from qa.settings import Settings
from qa.ui.examples import first_questions
from qa.ui.server import launch
from tests.fakes import BagOfWords, Scripted

CORPUS = Path(__file__).parent.parent / "corpus"


class Quoting(Scripted):
    """Says the first sentence of its first passage, word by word."""

    reply: str = ""

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        passages, _, question = str(messages[-1].content).rpartition("Question: ")
        if "break" in question:
            raise RuntimeError("told to break")
        text = passages.splitlines()[1]
        for word in next(iter(sentences(text, "en"))).of(text).split():
            time.sleep(1.0 if "slowly" in question else 0.04)
            yield ChatGenerationChunk(message=AIMessageChunk(content=f"{word} "))


class Pointing:
    """Points to the word before the question's last one."""

    def read(
        self, question: str, passages: Sequence[str], *, titles: Sequence[str] = ()
    ) -> list[ReadSpan]:
        """A span for each passage; its first word where it has not the question's."""
        word = re.findall(r"\w+", question)[-1]
        spans = []
        for number, passage in enumerate(passages):
            found = re.search(rf"\w+(?= {word}\b)", passage) or re.search(r"\w+", passage)
            assert found is not None
            spans.append(ReadSpan(number, found.start(), found.end(), found[0], 2.0, 0.9, 0.5))
        return spans


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


def main(directory: Path, corpus: Path = CORPUS, uploads: Path | None = None) -> None:
    """Serve until told to stop, on a free port; files are taken when a folder for them is named."""
    settings = Settings(
        index=directory,
        corpus=corpus,
        llm="none",
        port=0,
        abstain_below=0.0,
        candidates=20,
        uploads=uploads,
        upload_bytes=100_000,
    )
    embedder = BagOfWords()
    index_paths([corpus], settings, embedder)
    index = LiveIndex(directory, embedder, settings)
    retriever = HybridRetriever(
        index=index,
        embedder=embedder,
        candidates=settings.candidates,
        reading=Reading(Pointing(), settings.read),
    )
    assistant = Assistant(settings, index, retriever, FetchedModel(settings))
    launch(assistant, settings, examples=first_questions(assistant, corpus))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
