"""Run: every question of a set asked and scored, resumable, and measured at the end.

A run's folder holds header.json (what is run, from the start), rows.jsonl (a row as soon as its
question is done) and, once all are, run.json (the measures), report.md and report.html. Started
again in the same folder, the run goes on where it was, provided that nothing that decides the
answers has changed.
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
from qa.errors import QuestionError
from qa.evaluation import html, report, scoring
from qa.evaluation.questions import GoldQuestion, QuestionSet, fingerprint, load
from qa.evaluation.result import HEADER, ROWS, RUN, Result
from qa.evaluation.rows import Row, line_of, read_rows
from qa.evaluation.system import SystemUnderTest, cache_folder, cached_index, code_fingerprint
from qa.evaluation.textfile import write
from qa.settings import Settings

if TYPE_CHECKING:
    from qa.index.build import ProgressCallback
    from qa.search.retriever import Mode

# Settings that decide no answer; those of the server, from `host` on, stand last.
_PLACES = {"index", "corpus", "models_dir", "hub", "chroma_url", "threads"}
_PLACES |= set(list(Settings.model_fields)[list(Settings.model_fields).index("host") :])


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
    pipeline = SystemUnderTest.open(settings, embedder, writes=not plan.retrieval_only)
    try:
        header = _header(found, chosen, plan, settings, pipeline)
        deciding = _json({name: header[name] for name in _DECIDING})
        identity = hashlib.sha256(deciding.encode()).hexdigest()[:16]
        home = Path(out) if out is not None else cache_folder() / "runs" / identity
        with _held(home):
            if plan.fresh or (out is None and (home / RUN).exists()):
                for name in (RUN, HEADER, ROWS):
                    (home / name).unlink(missing_ok=True)
            return _Run(home, header, chosen, plan, pipeline, progress).complete()
    finally:
        pipeline.close()


@dataclass
class _Run:
    home: Path
    header: dict[str, Any]
    questions: tuple[GoldQuestion, ...]
    plan: Plan
    pipeline: SystemUnderTest
    progress: Progress | None

    def complete(self) -> Result:
        """Ask what has no row yet, then measure."""
        started = time.perf_counter()
        done = self._begun()
        waiting = [question for question in self.questions if question.id not in done]
        if self.progress:
            self.progress(len(done), len(self.questions), None)
        with (self.home / ROWS).open("a", encoding="utf-8") as file:
            for row in self._rows(waiting):
                done[row.id] = row
                file.write(line_of(row))
                file.flush()  # each row is safe before the next is asked
                if self.progress:
                    self.progress(len(done), len(self.questions), row)
        rows = [done[question.id] for question in self.questions]
        write(self.home / ROWS, "".join(map(line_of, rows)))
        asked = {"asked": len(waiting), "seconds": round(time.perf_counter() - started, 3)}
        result = Result.of(rows, {**self.header, **asked}, self.home)
        write(self.home / "report.md", report.markdown(result))
        write(self.home / "report.html", html.html(result))
        write(self.home / RUN, _json(result.to_json()))
        return result

    def _begun(self) -> dict[str, Row]:
        """The rows of an earlier start of this same run; writes the header at the first."""
        path = self.home / HEADER
        if not path.exists():
            write(path, _json(self.header))
            return {}
        before = _read_header(path)
        differing = [k for k in _DECIDING if before.get(k) != json.loads(_json(self.header)).get(k)]
        if differing:
            raise QuestionError(
                f"{self.home} holds another run: its {', '.join(differing)} differ. Choose another "
                "folder with `--out`, or begin again with `--fresh`."
            )
        if not (self.home / ROWS).exists():
            return {}
        rows = read_rows(self.home / ROWS)
        write(self.home / ROWS, "".join(map(line_of, rows)))  # without half a line at the end
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
        pipeline, answered = self.pipeline, not self.plan.retrieval_only
        try:
            outcome = (
                pipeline.ask(question) if answered else pipeline.search(question, self.plan.mode)
            )
        except Exception as exc:  # whatever it is, it belongs to this question's row
            return scoring.failed(question, exc, pipeline.article, answered=answered)
        return scoring.scored(question, outcome, pipeline.article)


# The parts of a header that must be the same for a run to go on.
_DECIDING = ("questions", "mode", "settings", "models", "index", "code")


def _header(
    found: QuestionSet,
    chosen: Sequence[GoldQuestion],
    plan: Plan,
    settings: Settings,
    pipeline: SystemUnderTest,
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
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "jobs": plan.jobs,
        },
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _read_header(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise QuestionError(f"{path} cannot be read ({exc}); begin again with `--fresh`.") from exc
    if not isinstance(values, dict):
        raise QuestionError(f"{path} is not what `qa eval` writes; begin again with `--fresh`.")
    return values


@contextmanager
def _held(home: Path) -> Iterator[None]:
    """Keep other processes out of a run's folder."""
    import filelock

    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise QuestionError(f"{home} cannot be a run's folder: {exc.strerror or exc}.") from exc
    try:
        with filelock.FileLock(home / "run.lock", timeout=0):
            yield
    except filelock.Timeout as exc:
        raise QuestionError(f"another `qa eval` is writing to {home}; wait for it.") from exc


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
