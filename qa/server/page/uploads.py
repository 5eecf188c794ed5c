"""Uploads: files that people add on the page, checked, kept in the folder `uploads`, indexed.

A file is kept under a name of our making (its content's hash, then what is harmless of its own
name), so that no name can leave the folder or take another's place. One job is indexed at a time,
in a thread of its own, while questions are answered; a killed one leaves an index that works. A
file that could not be read is not kept, nor one that says only what is indexed from another. An
article without a title takes its file's name. Knows nothing about HTML.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, Literal

from qa.documents.article import Article
from qa.documents.corrections import is_version
from qa.documents.parsers import SUPPORTED
from qa.errors import IndexLocked, QAError, SettingsError
from qa.index.archive import file_of
from qa.index.build import Report, Step
from qa.server.page.texts import Words
from qa.settings import Settings

if TYPE_CHECKING:
    from qa.assistant import Assistant

log = logging.getLogger(__name__)

Stage = Literal["waiting", "reading", "done"]

_MOST_WAITING = 8
_MOST_REMEMBERED = 200
_ARRIVAL_S = 5.0  # Gradio moves a file to its place after it has answered
_LONGEST_NAME = 60
# Files that wait are marked as new this often, lest they are removed as never added.
_MARK_S = 60.0


@dataclass(frozen=True, slots=True)
class Sent:
    """A file as the browser sent it: the name that its owner gave it, and where it is."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Problem:
    """What could not be read.

    Attributes:
        name: of the file, as its owner calls it.
        row: the row or item of the file; None for all of it.
        reason: in words.
    """

    name: str
    row: str | None
    reason: str


@dataclass(slots=True)
class Job:
    """Some files on their way into the index.

    Attributes:
        words: in which reasons of our own are said.
        stage: `done` whether or not anything was added.
        step: how far the indexing is.
        report: of the indexing; None before its end, and when there was none.
        problems: so far.
        articles: ids of those that the files hold, new or indexed already, in the order of reading;
            empty before the end of the indexing. At most 1,000.
    """

    words: Words
    stage: Stage = "waiting"
    step: Step | None = None
    report: Report | None = None
    problems: list[Problem] = field(default_factory=list)
    articles: tuple[str, ...] = ()


class Uploads:
    """Takes files in, when the settings name a folder for them. Safe to share between threads."""

    def __init__(self, assistant: Assistant, sent: Callable[[], Collection[str]]) -> None:
        """
        Args:
            assistant: the index; its settings name the folder and the limits.
            sent: the paths of all files sent to this page, whether or not they are there still.

        Raises:
            SettingsError: a type is none that can be read.
        """
        settings = assistant.settings
        self.folder = settings.uploads
        self.types = tuple(_ending(kind) for kind in settings.upload_types) or SUPPORTED
        self.most_bytes = settings.upload_bytes
        self.most_files = settings.upload_files
        self._assistant = assistant
        self._sent = sent
        self._jobs: dict[str, Job] = {}
        self._lock = Lock()
        self._turn = Lock()

    def refusal(self, name: str, size: int, words: Words) -> str | None:
        """Why a file is not to be sent, None when it may be."""
        if size > room(self._assistant.settings, self._sent()):
            return words.no_room
        return self._unfit(name, size, words)

    def _unfit(self, name: str, size: int, words: Words) -> str | None:
        if not name.lower().endswith(self.types):
            return words.bad_type.format(types=", ".join(self.types))
        if size > self.most_bytes:
            return words.too_large.format(
                megabytes=megabytes(size), most=megabytes(self.most_bytes)
            )
        return None if size else words.empty_file

    def start(self, files: Sequence[Sent], words: Words) -> str:
        """Begin to take files in; returns the job's name, which only its owner knows."""
        job, name = Job(words), secrets.token_urlsafe(12)
        with self._lock:
            waiting = sum(other.stage != "done" for other in self._jobs.values())
            self._jobs[name] = job
            # Never those at work, which would not count as waiting any more. One that is refused
            # is remembered as well, for its owner asks what became of it.
            done = (known for known, other in self._jobs.items() if other.stage == "done")
            for known in list(islice(done, max(0, len(self._jobs) - _MOST_REMEMBERED))):
                del self._jobs[known]
        refused = self._refused(len(files), waiting, words)
        if refused:
            job.problems += [Problem(file.name, None, refused) for file in files]
            job.stage = "done"
        else:
            # A daemon: a stopping server does not wait for it, and the next run completes it.
            Thread(target=self._run, args=(job, files), daemon=True, name="qa-intake").start()
        return name

    def job(self, name: str) -> Job | None:
        """What became of a job; None when it is not known (any more)."""
        with self._lock:
            return self._jobs.get(name)

    def is_upload(self, article: Article) -> bool:
        """Whether an article was read from a file that was added on the page."""
        return self.folder is not None and self.folder.resolve() in _file(article).parents

    def remove(self, article_id: str) -> bool:
        """Take an article that was added on the page out of the index.

        Its file goes with it, unless other articles came from it. False when the index does not
        hold the article, or has it from elsewhere; nothing is removed then.

        Raises:
            IndexLocked: somebody writes to the index, maybe a job of our own.
        """
        article = self._assistant.article(article_id)
        if article is None or not self.is_upload(article):
            return False
        if not self._turn.acquire(blocking=False):
            raise IndexLocked("files are being added to the index. Try again once they are in.")
        try:
            removed = bool(self._assistant.remove([article_id]))
            if removed and not self._assistant.of_file(_file(article)):
                _delete([_file(article)])
            return removed
        finally:
            self._turn.release()

    def _refused(self, count: int, waiting: int, words: Words) -> str | None:
        if self.folder is None:
            return words.uploads_off
        if count > self.most_files:
            return words.too_many.format(files=count, most=self.most_files)
        return words.too_busy if waiting >= _MOST_WAITING else None

    def _run(self, job: Job, files: Sequence[Sent]) -> None:
        try:
            with self._in_turn(files):
                job.stage = "reading"
                self._take(job, files)
        except QAError as exc:
            log.error("%d files are not added: %s", len(files), exc)
            busy = isinstance(exc, IndexLocked)
            reason = job.words.index_busy if busy else job.words.add_failed
            job.problems += [Problem(file.name, None, reason) for file in files]
        except BaseException:  # a library written in Rust panics with what is no Exception
            log.exception("adding %d files failed", len(files))
            job.problems += [Problem(file.name, None, job.words.add_failed) for file in files]
        finally:
            job.stage = "done"

    @contextmanager
    def _in_turn(self, files: Sequence[Sent]) -> Iterator[None]:
        """Alone with the index; until then the files stay where they were sent."""
        while not self._turn.acquire(timeout=_MARK_S):
            for file in files:
                if str(file.path) in self._sent():
                    with suppress(FileNotFoundError):
                        os.utime(file.path)
        try:
            yield
        finally:
            self._turn.release()

    def _take(self, job: Job, files: Sequence[Sent]) -> None:
        kept: dict[Path, str] = {}
        new: set[Path] = set()
        for file in files:
            reason = self._check(file, job.words)
            if reason:
                job.problems.append(Problem(file.name, None, reason))
                continue
            place = self._place(file)
            if not place.exists():
                new.add(place)
            shutil.move(file.path, place)
            kept.setdefault(place, file.name)
        if not kept:
            return

        def progress(step: Step) -> None:
            job.step = step

        try:
            names = {place: title_of(name) for place, name in kept.items()}
            job.report = self._assistant.add(list(kept), progress, names)
        except BaseException:
            _delete(new)
            raise
        job.articles = job.report.articles
        failed = {failure.origin: failure.reason for failure in job.report.failures}
        # Nor does one stay of which the index has nothing, for it says what others say already.
        _delete(
            place for place in new if str(place) in failed or not self._assistant.of_file(place)
        )
        for place in new:
            self._replace_earlier(place)
        for origin, reason in failed.items():
            of_file, row = _split(origin)
            job.problems.append(Problem(kept[Path(of_file)], row, reason))

    def _replace_earlier(self, place: Path) -> None:
        """Take out what earlier files of the same name said of the stories that a new one tells."""
        told = self._articles_of(place)
        for other in place.parent.glob(f"*-{place.name.partition('-')[2]}"):
            old = self._articles_of(other) if other != place else []
            if old and all(any(is_version(one, new) for new in told) for one in old):
                self._assistant.remove([article.id for article in old])
                _delete([other])

    def _articles_of(self, place: Path) -> list[Article]:
        found = (self._assistant.article(id) for id in self._assistant.of_file(place))
        return [article for article in found if article is not None]

    def _check(self, file: Sent, words: Words) -> str | None:
        if str(file.path) not in self._sent() or file.path.is_symlink():
            return words.not_uploaded
        deadline = time.monotonic() + _ARRIVAL_S
        while not file.path.is_file():
            if time.monotonic() > deadline:
                return words.not_uploaded
            time.sleep(0.05)
        reason = self._unfit(file.name, file.path.stat().st_size, words)
        if reason:
            file.path.unlink()
        return reason

    def _place(self, file: Sent) -> Path:
        """Where a file is kept: the same content under the same name is the same file."""
        assert self.folder is not None
        folder = self.folder.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        with file.path.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()[:16]
        return folder / f"{digest}-{harmless(file.name)}"


def room(settings: Settings, sent: Iterable[str]) -> int:
    """How many more bytes may be sent, beside what is kept and what was sent and is not added."""
    kept = settings.uploads.rglob("*") if settings.uploads else ()
    return settings.upload_total_bytes - sum(map(_size, (*kept, *map(Path, sent))))


def _size(path: Path) -> int:
    """Of a file; 0 of what is none, or is gone meanwhile."""
    with suppress(FileNotFoundError):
        return path.stat().st_size if path.is_file() else 0
    return 0


def harmless(name: str) -> str:
    """A file's name without folders and without any character that could mean something."""
    stem, ending = _parts(name)
    stem = re.sub(r"[^\w-]+", "-", stem.lower()).strip("-_")
    return f"{stem[:_LONGEST_NAME] or 'file'}{ending}"


def title_of(name: str) -> str:
    """A file's own name without folders and ending, as a title; may be empty."""
    return _parts(name)[0]


def _parts(name: str) -> tuple[str, str]:
    """A file's name without folders: what its owner called it, and its ending in lower case."""
    last = re.split(r"[/\\]", name)[-1]
    ending = max((e for e in SUPPORTED if last.lower().endswith(e)), key=len, default="")
    return last[: len(last) - len(ending)], ending


def megabytes(size: int) -> str:
    """Millions of bytes, to one digit where that is needed."""
    return f"{size / 1e6:.1f}".removesuffix(".0") if size >= 50_000 else "0.1"


def _ending(kind: str) -> str:
    ending = f".{kind.lower().removeprefix('.')}"
    if ending not in SUPPORTED:
        known = ", ".join(SUPPORTED)
        raise SettingsError(f"upload_types names {kind!r}, which has no reader; those are {known}.")
    return ending


def _split(origin: str) -> tuple[str, str | None]:
    """The file, and its row or an archive's member."""
    file = file_of(origin)
    return file, origin.removeprefix(file).removeprefix("#") or None


def _file(article: Article) -> Path:
    return Path(file_of(article.origin))


def _delete(places: Iterable[Path]) -> None:
    for place in places:
        place.unlink(missing_ok=True)
