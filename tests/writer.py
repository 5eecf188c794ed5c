"""Indexes in a process of its own, which may be killed at any step. Run by `test_killed`.

Reads a job a line (JSON), forks, and prints how the child ended: `done N` with the number of steps
it took, `killed`, or `error` and the message. Forking saves each child the imports.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import chromadb.api.rust  # noqa: F401 - for the children

from qa.errors import QAError
from qa.index import build, session
from qa.index.chroma import ChromaIndex
from qa.index.directory import Manifest
from qa.index.writer import ArchiveWriter
from qa.language.detect import detect
from qa.language.terms import terms
from qa.settings import Settings
from tests.fakes import BagOfWords

# Everything that writes. A child told to die at step n is killed before its n-th call of these.
_STEPS: tuple[tuple[type, str], ...] = (
    (ArchiveWriter, "announce"),
    (ChromaIndex, "empty"),
    (ChromaIndex, "put"),
    (ArchiveWriter, "stage"),
    (ArchiveWriter, "publish"),
    (ChromaIndex, "delete"),
    (ArchiveWriter, "forget"),
    (Manifest, "write"),
)
_taken = 0


def _count_steps(die_at: int | None) -> None:
    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **options: Any) -> Any:
            global _taken
            _taken += 1
            if _taken == die_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **options)

        return step

    for owner, name in _STEPS:
        setattr(owner, name, counted(getattr(owner, name)))


def _work(job: dict[str, Any], result: Path) -> None:
    _count_steps(job.get("die_at"))
    build._BATCH_CHUNKS = session._CHUNKS_AT_ONCE = job.get("batch", 2)
    settings = Settings(index=Path(job["index"]))
    embedder = BagOfWords(job.get("embedder", "bag-of-words"))
    try:
        if "remove" in job:
            build.remove_articles(job["remove"], settings)
        elif "amend" in job:
            build.amend_article(job["amend"], settings, embedder, title=job["title"])
        else:
            build.index_paths(
                [Path(job["folder"])], settings, embedder, rebuild=job.get("rebuild", False)
            )
        result.write_text(f"done {_taken}")
    except QAError as exc:
        result.write_text(f"error {exc}")


def _run(job: dict[str, Any], result: Path) -> str:
    result.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        # A child that hangs must not outlive the test.
        signal.alarm(30)
        try:
            _work(job, result)
        finally:
            os._exit(0)
    if "kill_after_s" in job:
        time.sleep(job["kill_after_s"])
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "killed"
    return result.read_text() if result.exists() else "error no result"


if __name__ == "__main__":
    # What the children would otherwise load, each for itself.
    terms(detect("Le pont rouvre."), "fr")
    for name in ("plain", "markdown", "json_rows"):
        import_module(f"qa.documents.parsers.{name}")
    assert threading.active_count() == 1, "a process with threads cannot fork"
    for line in sys.stdin:
        sys.stdout.write(f"{_run(json.loads(line), Path(sys.argv[1]))}\n")
        sys.stdout.flush()
