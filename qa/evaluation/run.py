"""Run: every question of a set asked and scored, resumable, and measured at the end.

A run's folder holds header.json (what is run, from the start), rows.jsonl (a row as soon as its
question is done) and run.json (the measures, once all are). Started again in the same folder, the
run goes on where it was, provided that nothing that decides the answers has changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import qa
from qa.answer import Citation, Hit
from qa.errors import QuestionError
from qa.evaluation import answers, ranking
from qa.evaluation.pipeline import Outcome, Pipeline, cache_folder, cached_index, code_fingerprint
from qa.evaluation.questions import GoldQuestion, QuestionSet, fingerprint, load
from qa.evaluation.result import HEADER, ROWS, RUN, Result
from qa.evaluation.rows import Row, RowWriter, read_rows, replace_rows
from qa.settings import Settings

if TYPE_CHECKING:
    from qa.indexing import ProgressCallback
    from qa.retrieval import Mode

# Settings that decide no answer.
_PLACES = {"index", "corpus", "models_dir", "hub", "chroma_url", "host", "port", "threads"}
_HITS_KEPT = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """How a set is run.

    Attributes:
        retrieval_only: whether to leave out the answers.
        mode: for retrieval only: both indexes or one alone.
        limit: only the first so many questions.
        sample: only so many, drawn with a fixed seed, in the order of the set.
        jobs: how many are asked at a time; more than one makes latencies worse.
        strict: whether a bad row of the question file is an error.
        fresh: whether to begin again in a folder that holds rows.
    """

    retrieval_only: bool = False
    mode: Mode = "hybrid"
    limit: int | None = None
    sample: int | None = None
    jobs: int = 1
    strict: bool = False
    fresh: bool = False

    def pick(self, questions: Sequence[GoldQuestion]) -> tuple[GoldQuestion, ...]:
        """The questions to ask."""
        if self.sample is not None and self.sample < len(questions):
            chosen = random.Random(1).sample(range(len(questions)), self.sample)
            questions = [questions[place] for place in sorted(chosen)]
        return tuple(questions[: self.limit])


Progress = Callable[[int, int, Row | None], None]
"""Told (done, of how many, the row just done or None at the start)."""


def evaluate(
    questions: QuestionSet | Path | str,
    *,
    settings: Settings | None = None,
    index: Path | str | None = None,
    corpus: Path | str | None = None,
    out: Path | str | None = None,
    plan: Plan | None = None,
    progress: Progress | None = None,
    indexing: ProgressCallback | None = None,
) -> Result:
    """Ask a question set and measure the answers.

    The articles are those of `corpus`; else the index at `index`; else those that the set brings
    along (SQuAD, BEIR); else the index of the settings. Articles that are no index yet are
    indexed once, in the user's cache.

    Args:
        questions: a set, or where `load` finds one.
        settings: those of `Settings.load()` when not given.
        index: the directory of an index.
        corpus: a file or folder of articles.
        out: the run's folder; without it, one in the user's cache that begins again once
            it is finished.
        plan: see `Plan`.
        progress, indexing: told how far it is.

    Returns:
        The result; the same questions, code, models and articles give the same scores.
    Raises:
        QuestionError: the questions cannot be read, or `out` holds another run.
        QAError: there are no articles, no index, or a model is missing.
    """
    plan = plan or Plan()
    settings = settings or Settings.load()
    found = questions if isinstance(questions, QuestionSet) else load(questions, strict=plan.strict)
    chosen = plan.pick(found.questions)
    source = Path(corpus) if corpus is not None else None if index else found.documents
    if source is None and index:
        settings = settings.model_copy(update={"index": Path(index)})
    if found.documents is not None and source is not found.documents:
        # The ids of the set's own articles mean nothing to another corpus.
        chosen = tuple(replace(question, doc_ids=(), grades=()) for question in chosen)
    from qa.models import Embedder

    embedder = Embedder.open(settings)
    if source is not None:
        settings = cached_index(source, settings, embedder, indexing)
    pipeline = Pipeline.open(settings, embedder, writes=not plan.retrieval_only)
    try:
        header = _header(found, chosen, plan, settings, pipeline)
        identity = _identity(header)
        home = Path(out) if out is not None else cache_folder() / "runs" / identity[:16]
        with _held(home):
            if plan.fresh or (out is None and (home / RUN).exists()):
                _clear(home)
            return _Run(home, header, chosen, plan, pipeline, progress).complete()
    finally:
        pipeline.close()


@dataclass
class _Run:
    home: Path
    header: dict[str, Any]
    questions: tuple[GoldQuestion, ...]
    plan: Plan
    pipeline: Pipeline
    progress: Progress | None

    def complete(self) -> Result:
        """Ask what has no row yet, then measure."""
        started = time.perf_counter()
        done = self._begun()
        waiting = [question for question in self.questions if question.id not in done]
        if self.progress:
            self.progress(len(done), len(self.questions), None)
        writer = RowWriter(self.home / ROWS)
        try:
            for row in self._rows(waiting):
                done[row.id] = row
                writer.write(row)
                if self.progress:
                    self.progress(len(done), len(self.questions), row)
        finally:
            writer.close()
        rows = [done[question.id] for question in self.questions]
        replace_rows(self.home / ROWS, rows)
        asked = {"asked": len(waiting), "seconds": round(time.perf_counter() - started, 3)}
        result = Result.of(rows, {**self.header, **asked}, self.home)
        _write_json(self.home / RUN, result.to_json())
        return result

    def _begun(self) -> dict[str, Row]:
        """The rows of an earlier start of this same run; writes the header at the first."""
        path = self.home / HEADER
        if not path.exists():
            _write_json(path, self.header)
            return {}
        before = json.loads(path.read_text(encoding="utf-8"))
        differing = [k for k in _DECIDING if before.get(k) != json.loads(_json(self.header)).get(k)]
        if differing:
            raise QuestionError(
                f"{self.home} holds another run: its {', '.join(differing)} differ. Choose another "
                "folder with `--out`, or begin again with `--fresh`."
            )
        if not (self.home / ROWS).exists():
            return {}
        rows = read_rows(self.home / ROWS)
        replace_rows(self.home / ROWS, rows)  # without half a line at the end
        return {row.id: row for row in rows}

    def _rows(self, questions: Sequence[GoldQuestion]) -> Iterator[Row]:
        """The rows, as they are done."""
        if self.plan.jobs == 1:
            yield from map(self._row, questions)
            return
        with ThreadPoolExecutor(self.plan.jobs) as pool:
            tasks = [pool.submit(self._row, question) for question in questions]
            try:
                for task in as_completed(tasks):
                    yield task.result()
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _row(self, question: GoldQuestion) -> Row:
        try:
            outcome = (
                self.pipeline.search(question, self.plan.mode)
                if self.plan.retrieval_only
                else self.pipeline.ask(question)
            )
        except Exception as exc:  # whatever it is, it belongs to this question's row
            return self._failed(question, exc)
        return self._scored(question, outcome)

    def _blank(self, question: GoldQuestion) -> Row:
        return Row(
            id=question.id,
            question=question.text,
            lang=question.lang,
            kind=question.kind,
            history=question.history,
            answers=question.answers,
            doc_ids=question.doc_ids,
            answerable=question.answerable,
            month=self._month(question),
            scores={},
        )

    def _month(self, question: GoldQuestion) -> str | None:
        date = question.date
        if date is None and question.doc_ids:
            article = self.pipeline.article(question.doc_ids[0])
            date = str(article.date) if article and article.date else None
        return date[:7] if date and len(date) >= 7 else None

    def _scored(self, question: GoldQuestion, outcome: Outcome) -> Row:
        scores = ranking.scores(question, outcome.hits)
        row = replace(
            self._blank(question),
            hits=_shown(outcome.hits),
            timings_ms={"wall": round(outcome.wall_ms, 2)},
        )
        answer = outcome.answer
        if answer is None:
            return replace(row, scores=scores)
        return replace(
            row,
            scores={**scores, **answers.scores(question, answer, self.pipeline.article)},
            answer=answer.text,
            language=answer.language,
            abstained=answer.abstained,
            reason=answer.reason,
            answerer=answer.answerer,
            confidence=round(answer.confidence, 6),
            citations=tuple(_quoted(citation) for citation in answer.citations),
            timings_ms={
                **{stage: round(spent, 2) for stage, spent in answer.timings_ms.items()},
                **row.timings_ms,
            },
            tokens=dict(answer.tokens),
        )

    def _failed(self, question: GoldQuestion, exc: Exception) -> Row:
        scores = dict.fromkeys(ranking.applicable(question), 0.0)
        row = replace(self._blank(question), error=f"{type(exc).__name__}: {exc}")
        if self.plan.retrieval_only:
            return replace(row, scores=scores)
        return replace(
            row,
            scores={**scores, **answers.worst(question)},
            abstained=question.answerable,
            confidence=None if question.answerable is None else float(not question.answerable),
        )


def _quoted(citation: Citation) -> dict[str, Any]:
    return {
        "n": citation.n,
        "article_id": citation.article.id,
        "title": citation.article.title,
        "start": citation.span.start,
        "end": citation.span.end,
        "quote": citation.quote,
    }


def _shown(hits: Sequence[Hit]) -> tuple[dict[str, Any], ...]:
    """The hits that a row keeps: see `Row`."""
    articles: set[str] = set()
    kept = []
    for place, hit in enumerate(hits):
        new = hit.article.id not in articles and len(articles) < _HITS_KEPT
        articles |= {hit.article.id} if new else set()
        if new or place < _HITS_KEPT:
            kept.append(
                {
                    "chunk_id": hit.chunk.id,
                    "article_id": hit.article.id,
                    "title": hit.article.title,
                    "score": round(hit.score, 6),
                    "rank": place + 1,
                }
            )
    return tuple(kept)


# The parts of a header that must be the same for a run to go on.
_DECIDING = ("questions", "mode", "settings", "models", "index", "code")


def _header(
    found: QuestionSet,
    chosen: Sequence[GoldQuestion],
    plan: Plan,
    settings: Settings,
    pipeline: Pipeline,
) -> dict[str, Any]:
    manifest = pipeline.facts["index"]
    return {
        "questions": {
            "name": found.name,
            "fingerprint": fingerprint(chosen),
            "n": len(chosen),
            "of": len(found.questions),
            "bad_rows": len(found.problems),
        },
        "mode": f"retrieval, {plan.mode}" if plan.retrieval_only else "answers",
        "settings": {
            name: value
            for name, value in settings.model_dump(mode="json").items()
            if name not in _PLACES
        },
        "models": pipeline.facts["models"],
        "index": {"directory": str(settings.index), **manifest},
        "code": {"version": qa.__version__, "fingerprint": code_fingerprint()},
        "machine": {
            "system": platform.platform(),
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "jobs": plan.jobs,
        },
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _identity(header: dict[str, Any]) -> str:
    deciding = {name: header[name] for name in _DECIDING}
    return hashlib.sha256(_json(deciding).encode()).hexdigest()


@contextmanager
def _held(home: Path) -> Iterator[None]:
    """Keep other processes out of a run's folder."""
    import filelock

    home.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(home / "run.lock", timeout=0):
            yield
    except filelock.Timeout as exc:
        raise QuestionError(f"another `qa eval` is writing to {home}; wait for it.") from exc


def _clear(home: Path) -> None:
    for name in (RUN, HEADER, ROWS):
        (home / name).unlink(missing_ok=True)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True)


def _write_json(path: Path, value: object) -> None:
    temporary = path.with_name(f"{path.name}.new")
    temporary.write_text(_json(value) + "\n", encoding="utf-8")
    temporary.replace(path)
