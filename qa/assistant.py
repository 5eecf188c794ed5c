"""Assistant: the settings turned into a working pipeline. Everything is wired here and only here.

with Assistant.open(Settings.load()) as assistant:
    print(assistant.ask("Where will the training take place?").text)
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from qa.answering.generative import beginning, system_message
from qa.answering.passages import select
from qa.answering.queue import Queue
from qa.documents.article import Article
from qa.documents.filters import Filters
from qa.documents.listing import Contents, Listing
from qa.documents.parsers.fields import origin_of
from qa.index.build import ProgressCallback, Report, amend_article, index_paths, remove_articles
from qa.index.live import LiveIndex
from qa.models.loading import LanguageModel, LLMStatus
from qa.pipeline import AT_ONCE, build
from qa.search.rerank import Reranker
from qa.search.retriever import HybridRetriever, Mode
from qa.settings import Settings
from qa.telemetry import Telemetry
from qa.types import Answer, Hit, Question

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

logger = logging.getLogger(__name__)


def open_reranker(settings: Settings) -> Reranker | None:
    """What reads the best hits, unless the settings want none.

    Raises:
        ModelError: the reader cannot be loaded.
    """
    if not settings.reader:
        return None
    from qa.models.reader import Reader

    return Reranker(Reader.open(threads=settings.threads), settings.read, settings.read_patience_s)


class Assistant:
    """Answers questions from one index. Safe to use from several threads."""

    def __init__(
        self,
        settings: Settings,
        index: LiveIndex,
        retriever: HybridRetriever,
        model: LanguageModel,
        telemetry: Telemetry | None = None,
    ) -> None:
        self.settings = settings
        self.telemetry = telemetry or Telemetry.off()
        self._index = index
        self._retriever = retriever
        self._model = model
        self._queue = Queue(AT_ONCE)
        self._running = 0
        self._counting = threading.Lock()
        self.chain = build(retriever, model.get, settings, self._queue)
        unread = retriever.model_copy(update={"reading": None})
        self._unread = build(unread, model.get, settings, self._queue)

    @classmethod
    def open(cls, settings: Settings, *, wait_for_llm: bool = True) -> Self:
        """Load the models and open the index.

        Args:
            settings: see `qa.settings`.
            wait_for_llm: whether to wait for the language model. If not, it is fetched when it
                is missing and loaded behind, and joins when it is ready; answers are quotes
                until then.

        Raises:
            ModelError: the embedder or the reader is missing, or what sends traces when the
                settings want them.
            IndexMissing, IndexMismatch, IndexUnusable: there is no index to answer from.
        """
        from qa.models import Embedder

        telemetry = Telemetry.open(settings)
        model = LanguageModel(settings, fetch=not wait_for_llm, beginning=[system_message()])
        embedder = Embedder.open(settings)
        index = LiveIndex(settings.index, embedder, settings)
        retriever = HybridRetriever(
            index=index,
            embedder=embedder,
            candidates=settings.candidates,
            k=settings.k,
            reading=open_reranker(settings),
        )
        if wait_for_llm:
            model.wait()
        return cls(settings, index, retriever, model, telemetry)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def ask(
        self, question: str | Question, history: Sequence[str] = (), filters: Filters | None = None
    ) -> Answer:
        """The answer to a question.

        Args:
            question: as typed, in French or English; a `Question` carries its own history.
            history: earlier turns, alternating question and answer, oldest first.
            filters: which articles to answer from.
        """
        if isinstance(question, str):
            question = Question(question, tuple(history), filters or Filters())
        with self.telemetry.answer(question) as tell:
            answer = self.chain.invoke(question)
            tell(answer)
        return answer

    def try_out(self, question: Question) -> Answer:
        """The quotes that would answer a question that nobody has asked yet; not traced.

        Reading is the dear part: only what retrieval alone would answer is read.
        """
        quoting = replace(question, answerer="extractive")
        answer = self._unread.invoke(quoting)
        return answer if answer.abstained else self.chain.invoke(quoting)

    def read_ahead(self, question: Question) -> Generator[None]:
        """Have the language model read what a question that is still being typed is about.

        What it has read it need not read again when the question is asked. Yields after each part;
        closing it stops the model. Does nothing for a model of a service, to which nothing is
        sent that was not asked, nor while there is none. Not traced, and kept nowhere.
        """
        from qa.models import LocalModel

        model = self._model.get()
        if not isinstance(model, LocalModel):
            return
        found = self.chain.invoke(replace(question, answerer="extractive"))
        yield
        passages = select(found.hits, budget=self.settings.passage_chars)
        if passages:
            yield from model.read(beginning(found.question, passages))

    def stream(self, question: Question, *, k: int | None = None) -> Iterator[Answer]:
        """Successive states of the answer: evidence, its place in line, growing text, the last.

        Closing the iterator stops the language model.

        Args:
            question: with its history and filters.
            k: how many passages to find; the setting when not given.
        """
        chain = self.chain
        if k not in (None, self.settings.k):
            retriever = self._retriever.model_copy(update={"k": k})
            chain = build(retriever, self._model.get, self.settings, self._queue)
        with (
            self._counted(),
            self.telemetry.answer(question) as tell,
            closing(_opened(chain, question)) as states,
        ):
            for state in states:
                tell(state)
                yield state

    @property
    def running(self) -> int:
        """How many answers are being streamed."""
        return self._running

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._counting:
            self._running += 1
        try:
            yield
        finally:
            with self._counting:
                self._running -= 1

    def search(
        self,
        query: str,
        *,
        filters: Filters | None = None,
        k: int | None = None,
        mode: Mode = "hybrid",
    ) -> list[Hit]:
        """The best chunks for a query, best first."""
        return self._retriever.search(query, filters=filters, k=k, mode=mode)

    def article(self, id: str) -> Article | None:
        """One article, or None when the index does not hold it."""
        with self._index.current() as index:
            return index.archive.article(id)

    def articles(self) -> Iterator[Article]:
        """Every article, newest first, undated last."""
        with self._index.current() as index:
            yield from index.archive.articles()

    def browse(
        self,
        filters: Filters | None = None,
        *,
        words: str = "",
        start: int = 0,
        count: int = 20,
        oldest_first: bool = False,
    ) -> Listing:
        """A page of the articles, newest first, undated last.

        Args:
            filters: which articles.
            words: each is in the title, the source or the text, whole or as a part, whatever its
                case and accents.
            start: how many to pass over.
            count: most on the page.
            oldest_first: the other way round; undated last all the same.
        """
        with self._index.current() as index:
            return index.archive.browse(
                filters or Filters(), words, start, count, oldest_first=oldest_first
            )

    def contents(self) -> Contents:
        """What is indexed, and since when."""
        with self._index.current() as index:
            archive, manifest = index.archive, index.manifest
            first, last = archive.dates()
            updated = datetime.fromtimestamp(manifest.updated, UTC).astimezone()
            counts = archive.counts()
            return Contents(
                counts["articles"], counts["chunks"], first, last, archive.facets(), updated
            )

    def facets(self) -> dict[str, dict[str, int]]:
        """How many articles there are by language, source and year."""
        with self._index.current() as index:
            return index.archive.facets()

    def ready(self) -> int:
        """How many articles can be asked.

        Raises:
            IndexUnusable: a part of the index does not answer, such as a Chroma server.
        """
        import numpy as np

        with self._index.current() as index:
            somewhere = np.zeros(index.manifest.dimension, np.float32)
            somewhere[0] = 1.0
            index.store.nearest(somewhere, 1, Filters())
            index.lexical.search(index.lexical.analyse("news", "en"), 1, Filters())
            return index.archive.counts()["articles"]

    def sources(self) -> tuple[str, ...]:
        """The outlets of the articles."""
        with self._index.current() as index:
            return index.sources

    def add(
        self,
        paths: Sequence[Path],
        progress: ProgressCallback | None = None,
        names: Mapping[Path, str] | None = None,
    ) -> Report:
        """Index files beside what is there; questions are answered meanwhile.

        Args:
            paths: files and folders.
            progress: is told how far it is.
            names: titles for articles that have none, by their file.

        Raises:
            SourceError: a path is missing or has no reader; nothing has been changed then.
            IndexLocked: another process writes to the index.
        """
        embedder = self._retriever.embedder
        return index_paths(paths, self.settings, embedder, progress=progress, names=names)

    def remove(self, ids: Sequence[str]) -> int:
        """Take articles out of the index; returns how many of them it had.

        Their files stay: indexing them again brings the articles back.

        Raises:
            IndexLocked: another process writes to the index.
        """
        return len(remove_articles(ids, self.settings))

    def amend(self, id: str, *, title: str | None = None, date: str | None = None) -> Article:
        """Put an article's title or date right; returns the article as it is now.

        It stays so when its file is read again, and when the index is rebuilt.

        Args:
            id: of the article; it stays the same.
            title: the new one; may be empty. None leaves it.
            date: YYYY, YYYY-MM or YYYY-MM-DD; empty when it is unknown. None leaves it.

        Raises:
            ArticleError: the index does not hold the article, or the date is none.
            IndexLocked: another process writes to the index.
        """
        embedder = self._retriever.embedder
        return amend_article(id, self.settings, embedder, title=title, date=date)

    def of_file(self, file: Path) -> list[str]:
        """The ids of the articles that were read from a file, by its whole path."""
        with self._index.current() as index:
            return index.archive.of_file(origin_of(file))

    def llm_status(self) -> LLMStatus:
        """How far the language model is."""
        return self._model.status()

    def close(self) -> None:
        """Release the index, and send the traces that are left."""
        self._index.close()
        self.telemetry.close()


def _opened(chain: Runnable[Question, Answer], question: Question) -> Generator[Answer]:
    """As a generator, which can be closed."""
    yield from chain.stream(question)
