"""The page with stand-ins: `python -m … INDEX --port PORT [--uploads FOLDER]`.

Articles, index, pipeline and page are the real ones. The reader points to what stands before the
last word of the question, where a passage has it. The language model is "fetched" while as many
looks at its state come in as `--looks` says. Then it says the best passage's first sentence word by
word, and the next passage's when the question contains `twice`; one that contains `slowly` makes
it slow.
"""

from __future__ import annotations

import argparse
import json
import re
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk

from qa.assistant import Assistant
from qa.index.build import index_paths
from qa.index.live import LiveIndex
from qa.language.sentences import sentences
from qa.models.loading import LanguageModel, LLMStatus
from qa.models.reader import Span as ReadSpan
from qa.search.rerank import Reranker
from qa.search.retriever import HybridRetriever
from qa.server.page.examples import first_questions
from qa.server.page.server import launch
from qa.settings import Settings
from tests import ROOT
from tests.fakes import BagOfWords, Scripted

CORPUS = ROOT / "corpus"

# An article of many screens, which tells of two things far apart.
LONG = "The lighthouse of Orm"
FIRST = "Ida Brandt painted the lighthouse of Orm white in the spring of 1911."
SECOND = "Ole Quill painted the lighthouse of Orm red in the spring of 1953."
_WEATHER = "Day {} brought wind from the sea, and the ferry stayed in the harbour until noon.\n\n"


def write_articles(folder: Path, count: int) -> Path:
    """That many short articles of twelve outlets, and a long one of two outlets, which is new."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "id": f"ferry-{n}",
            "title": f"Ferry {n} is late",
            "text": f"Ferry number {n} left the harbour late. Nobody said why.",
            "source": f"Coast Paper {n % 12}",
            "date": f"{2000 + n % 18}-{1 + n % 12:02}-11",
            "language": "en",
        }
        for n in range(count - 1)
    ]
    days = [_WEATHER.format(n) for n in range(60)]
    days[20] += f"{FIRST}\n\n"
    days[50] += f"{SECOND}\n\n"
    text = "".join([*days, "So ends the tale of the keeper."])
    rows.append({"id": "long", "title": LONG, "text": text, "source": "Coast Paper 1"})
    rows[-1] |= {"date": "2021-05-03", "language": "en"}
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "rows.jsonl").write_text(lines, encoding="utf-8")
    return folder


class Quoting(Scripted):
    """Says the first sentence of its first passage, or of its first two, word by word."""

    reply: str = ""

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        passages, _, question = str(messages[-1].content).rpartition("Question: ")
        texts = [block.splitlines()[1] for block in re.split(r"\n\n(?=\[\d+\])", passages)]
        for text in texts[: 2 if "twice" in question else 1]:
            for word in next(iter(sentences(text, "en"))).of(text).split():
                time.sleep(0.2 if "slowly" in question else 0.01)
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

    def __init__(self, settings: Settings, looks: int) -> None:
        super().__init__(settings, fetch=False)
        self._looks = looks
        self._quoting = Quoting()
        self._looked = 0
        self._lock = threading.Lock()

    def get(self) -> BaseChatModel | None:
        """The model, once it has been looked at often enough."""
        return self._quoting if self._looked >= self._looks else None

    def status(self) -> LLMStatus:
        """A little further at each look."""
        with self._lock:
            self._looked += 1
        if self._looked >= self._looks:
            return LLMStatus("ready", "quoting", 1.0)
        return LLMStatus("fetching", "quoting", self._looked / self._looks, "from a test")


def main() -> None:
    """Serve until told to stop; files are taken when a folder for them is named."""
    parser = argparse.ArgumentParser()
    parser.add_argument("index", type=Path)
    parser.add_argument("--port", type=int, default=0, help="0 takes any free one")
    parser.add_argument("--corpus", type=Path, nargs="+", default=[CORPUS])
    parser.add_argument("--uploads", type=Path)
    parser.add_argument("--looks", type=int, default=1)
    told = parser.parse_args()
    settings = Settings(
        index=told.index,
        corpus=told.corpus[0],
        llm="none",
        port=told.port,
        abstain_below=0.0,
        candidates=20,
        uploads=told.uploads,
        upload_bytes=100_000,
    )
    embedder = BagOfWords()
    index_paths(told.corpus, settings, embedder)
    index = LiveIndex(told.index, embedder, settings)
    retriever = HybridRetriever(
        index=index,
        embedder=embedder,
        candidates=settings.candidates,
        reading=Reranker(Pointing(), settings.read),
    )
    assistant = Assistant(settings, index, retriever, FetchedModel(settings, told.looks))
    launch(assistant, settings, examples=first_questions(assistant, told.corpus[0]))


if __name__ == "__main__":
    main()
