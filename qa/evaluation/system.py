"""Pipeline: the assistant as an evaluator sees it, with an index for the question set.

The assistant is asked as everybody asks it. Retrieval measures need more chunks than an answer
does: ten distinct articles rather than ten chunks. The retriever ranks all its candidates anyway,
so `DeepRetriever` notes the whole ranking and hands on the beginning, and answers stay what they
are without an evaluator.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import platformdirs

import qa
from qa.answering import finding
from qa.answering.followups import make_standalone, queries
from qa.answering.generative import system_message
from qa.assistant import Assistant, open_reranker
from qa.documents.article import Article, PartialDate
from qa.documents.parsers import find
from qa.errors import ModelError
from qa.evaluation.questions import GoldQuestion
from qa.index.build import PassageEmbedder, ProgressCallback, index_paths
from qa.index.directory import EmbedderIdentity, Manifest
from qa.index.live import LiveIndex
from qa.models.loading import LanguageModel
from qa.search.retriever import HybridRetriever, Mode, Retrieved, in_turn
from qa.settings import Settings
from qa.types import Answer, Hit, Question

logger = logging.getLogger(__name__)

# What stands below search and so decides what an index holds.
_INDEX_ROOMS = ("documents", "index", "language", "models")
_NOT_THE_PIPELINE = ("cli", "evaluation", "server")

_ranked: ContextVar[dict[str, Sequence[Hit]] | None] = ContextVar("ranked", default=None)


class DeepRetriever(HybridRetriever):
    """Returns what its parent returns, and notes the ranking that goes on behind it."""

    def find(self, question: str, *, k: int | None = None, **options: Any) -> Retrieved:
        """As the parent's."""
        wanted = k or self.k
        # Not deeper than the candidates: more would change them.
        found = super().find(question, k=max(wanted, self.candidates), **options)
        if (ranked := _ranked.get()) is not None:
            ranked[question] = found.hits
        return replace(found, hits=found.hits[:wanted])


@dataclass(frozen=True)
class Outcome:
    """What a question led to.

    Attributes:
        answer: the final one; None when only retrieval was asked.
        hits: all that was ranked, best first.
        wall_ms: milliseconds from question to answer.
    """

    answer: Answer | None
    hits: Sequence[Hit]
    wall_ms: float


class SystemUnderTest:
    """An open assistant. Safe to use from several threads."""

    def __init__(self, assistant: Assistant, retriever: DeepRetriever, facts: dict[str, Any]):
        self._assistant = assistant
        self._retriever = retriever
        days = (article.date.last for article in assistant.articles() if article.date)
        self._newest = next(days, None)
        self.facts = facts
        """Models and index, for the header of a run."""

    @classmethod
    def open(cls, settings: Settings, embedder: EmbedderIdentity, *, writes: bool) -> Self:
        """Open the assistant at `settings.index`, waiting for its language model.

        Args:
            settings: see `qa.settings`.
            embedder: the one that `settings` names.
            writes: whether answers are wanted, and so a language model if the settings have one.

        Raises:
            IndexMissing, IndexMismatch, IndexUnusable: there is no index to answer from.
            ModelError: the answers are to be generated, and no language model is ready.
        """
        if not writes:
            settings = settings.model_copy(update={"answerer": "extractive"})
        index = LiveIndex(settings.index, embedder, settings)
        retriever = DeepRetriever(
            index=index,
            embedder=embedder,
            candidates=settings.candidates,
            k=settings.k,
            reading=open_reranker(settings),
        )
        model = LanguageModel(settings, fetch=False, beginning=[system_message()])
        model.wait()
        if settings.answerer == "generative" and model.get() is None:
            index.close()
            raise ModelError(
                f"the language model {settings.llm!r} is not ready ({model.status().note}). "
                "Fetch it with `qa models pull`, or evaluate with `--answerer extractive`."
            )
        facts = {
            "models": {
                "embedder": {
                    "name": embedder.name,
                    "fingerprint": embedder.fingerprint,
                    "runtime": embedder.runtime,
                },
                "llm": _llm_facts(settings) if model.get() is not None else None,
            },
            "index": json.loads((settings.index / "manifest.json").read_text(encoding="utf-8")),
        }
        return cls(Assistant(settings, index, retriever, model), retriever, facts)

    def ask(self, question: GoldQuestion) -> Outcome:
        """The answer as anybody gets it, with the whole ranking behind it."""
        ranked: dict[str, Sequence[Hit]] = {}
        token = _ranked.set(ranked)
        started = time.perf_counter()
        try:
            answer = self._assistant.ask(self._asked(question))
        finally:
            spent = (time.perf_counter() - started) * 1000
            _ranked.reset(token)
        asked = [ranked[text] for text in queries(answer.question) if text in ranked]
        return Outcome(answer, in_turn(asked), spent)

    def search(self, question: GoldQuestion, mode: Mode) -> Outcome:
        """Retrieval alone, as the assistant does it."""
        started = time.perf_counter()
        asked = make_standalone(self._asked(question), self._retriever.embedder)
        found, _ = finding.search(
            self._retriever, asked, k=max(self._retriever.k, self._retriever.candidates), mode=mode
        )
        rows = [search.hits for search in found]
        return Outcome(None, in_turn(rows), (time.perf_counter() - started) * 1000)

    def _asked(self, question: GoldQuestion) -> Question:
        """As it is asked: on its own day, or on that of the newest article, whenever it is run."""
        day = PartialDate.parse(question.date).last if question.date else self._newest
        return replace(question.asked(), asked_on=day)

    def article(self, id: str) -> Article | None:
        """One article of the index."""
        return self._assistant.article(id)

    def close(self) -> None:
        """Release the index."""
        self._assistant.close()


def _llm_facts(settings: Settings) -> dict[str, str]:
    from qa.models import downloadable

    model = downloadable(settings.llm)
    made = (model.source(settings) if model else None) or ""
    said = {"revision" if settings.llm.startswith("hf:") else "sha256": made} if made else {}
    return {"name": settings.llm, **said}


def cached_index(
    source: Path | Sequence[Mapping[str, Any]],
    settings: Settings,
    embedder: PassageEmbedder,
    progress: ProgressCallback | None = None,
) -> Settings:
    """Settings that point at an index of these articles, built at the first use.

    It is kept in the user's cache under a hash of the articles, the embedder, the size of chunks
    and the code that makes an index. A build that was interrupted goes on.

    Args:
        source: a file or folder of articles, or the articles themselves.
        settings: everything else that they say stays.
        embedder: the one that they name.
        progress: told of a build.

    Returns:
        Settings that point at it.
    Raises:
        SourceError: there are no articles.
    """
    key = hashlib.sha256(f"{embedder.fingerprint} {embedder.runtime}".encode())
    key.update(f" {settings.chunk_chars} {code_fingerprint(_INDEX_ROOMS)} ".encode())
    if isinstance(source, Path):
        root = source if source.is_dir() else source.parent
        for file in find([source]):
            key.update(file.relative_to(root).as_posix().encode() + b"\0")
            with file.open("rb") as opened:
                key.update(hashlib.file_digest(opened, "sha256").digest())
    else:
        rows = (json.dumps(row, ensure_ascii=False, sort_keys=True) for row in source)
        lines = "".join(f"{row}\n" for row in rows)
        key.update(lines.encode())
    home = cache_folder() / key.hexdigest()[:16]
    alone = {"index": home / "index", "chroma_url": None, "database_url": None}
    settings = settings.model_copy(update=alone)
    manifest = settings.index / "manifest.json"
    if manifest.exists() and Manifest.read(settings.index).revision > 0:
        return settings
    home.mkdir(parents=True, exist_ok=True)
    if not isinstance(source, Path):
        source = home / "articles.jsonl"
        source.write_text(lines, encoding="utf-8")
    report = index_paths([source], settings, embedder, progress=progress)
    if report.failures:
        first = report.failures[0]
        logger.warning(
            "%d articles of the corpus cannot be read, the first is %s: %s",
            len(report.failures),
            first.origin,
            first.reason,
        )
    return settings


def cache_folder() -> Path:
    """Where indexes and unnamed runs are kept."""
    return Path(platformdirs.user_cache_dir("qa", appauthor=False)) / "eval"


def code_fingerprint(rooms: Sequence[str] = ()) -> str:
    """A hash of this project's code, 16 hexadecimal digits: of some rooms, or of the pipeline."""
    root = Path(qa.__file__).parent
    sum = hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        name = file.relative_to(root)
        room = name.parts[0].removesuffix(".py")
        if room in rooms if rooms else room not in _NOT_THE_PIPELINE:
            sum.update(name.as_posix().encode() + b"\0" + file.read_bytes())
    return sum.hexdigest()[:16]
