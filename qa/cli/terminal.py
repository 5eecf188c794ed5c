"""What the command line shows to a person: progress, answers, passages. Knows nothing else.

Progress is a bar on a terminal and a line now and then elsewhere, always on standard error.
"""

from __future__ import annotations

import re
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from qa.index.build import ProgressCallback, Report, Step
    from qa.models import Progress
    from qa.types import Answer, Constraints, Hit

_LINE_EVERY_S = 10.0
# Rates are of this last stretch: unchanged articles pass in no time, new ones do not.
_RATE_OVER_S = 60.0
# Controls, line ends of all kinds, what turns the reading direction, bytes that are no text.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class Bar(Protocol):
    """Something that shows how far a job is."""

    def __call__(self, done: float, total: float, note: str) -> None: ...


def say(message: str) -> None:
    """A remark on standard error, on one line."""
    sys.stderr.write(f"{plain(message)}\n")
    sys.stderr.flush()


def plain(text: str) -> str:
    """Text whose control characters are named instead of obeyed.

    A file may be called anything: what sets a terminal's title, or a line that looks like ours.
    """
    return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], text)


def complain(message: str) -> None:
    """An error on standard error, on one line."""
    say(f"qa: {' '.join(message.split())}")


@contextmanager
def download_bar(name: str) -> Iterator[Progress]:
    """Progress of a download, counted in bytes."""
    with _bar(name, "download") as bar:
        yield lambda done, total, note: bar(done, total, note.removeprefix(f"{name}: "))


@contextmanager
def indexing_bar() -> Iterator[ProgressCallback]:
    """Progress of an indexing run, counted in articles, with its rates and the time left."""
    with _bar("indexing", "articles") as bar:
        pace = Pace()
        yield lambda step: bar(step.articles, max(step.about, step.articles), pace(step))


class Pace:
    """How fast an indexing run goes, and for how long still."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started = clock()
        # (seconds, articles, chunks), a second apart, the oldest a minute old
        self._past: deque[tuple[float, int, int]] = deque([(self._started, 0, 0)])

    def __call__(self, step: Step) -> str:
        """`1,234 of ~12,000 articles, 7.4/s, 30.1 chunks/s, 24 min left`: fits beside a bar.

        The time left is what the rest takes at the present rate. Nothing is said of it before
        there is a rate, nor once there prove to be more articles than were counted.
        """
        now = self._clock()
        if now - self._past[-1][0] >= 1:
            self._past.append((now, step.articles, step.chunks))
            while now - self._past[0][0] > _RATE_OVER_S and len(self._past) > 2:
                self._past.popleft()
        then, articles, chunks = self._past[0]
        seconds = now - then
        if seconds < 1:
            return f"{step.articles:,} articles"
        rate = (step.articles - articles) / seconds
        said = f"{step.articles:,} of ~{step.about:,} articles, {rate:,.1f}/s"
        if step.chunks:
            said += f", {(step.chunks - chunks) / seconds:,.1f} chunks/s"
        left = step.about - step.articles
        if left > 0 and rate:
            said += f", {_duration(left / rate)} left"
        return said


def _duration(seconds: float) -> str:
    """`40 s`, `12 min`, `3 h 20 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"


@contextmanager
def _bar(name: str, kind: str) -> Iterator[Bar]:
    if not sys.stderr.isatty():
        yield _Lines(name)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    # An indexing run says its own numbers, in words.
    counts = (DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    columns = (
        TextColumn("{task.fields[title]}"),
        BarColumn(),
        *(counts if kind == "download" else ()),
    )
    with Progress(
        *columns, TextColumn("[dim]{task.description}"), console=Console(stderr=True)
    ) as progress:
        task = progress.add_task("", total=None, title=name)

        def update(done: float, total: float, note: str) -> None:
            progress.update(task, completed=done, total=total, description=note)

        yield update


class _Lines:
    """A line at the start, then every ten seconds."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._last = float("-inf")

    def __call__(self, done: float, total: float, note: str) -> None:
        now = time.monotonic()
        if now - self._last >= _LINE_EVERY_S:
            self._last = now
            say(f"{self._name}: {done / total if total else 0:.0%} {note}")


def show_report(report: Report, index: Path) -> None:
    """What an indexing run did, in a line; what it passed over, beside it."""
    for failure in report.failures:
        say(f"not read: {failure.origin}: {failure.reason}")
    for notice in report.notices:
        say(f"read, but: {notice.origin}: {notice.reason}")
    for flagged in report.suspicious:
        say(f"addressed to a machine: {flagged}")
    for file, count in report.renamed.items():
        say(f"{file}: {count} articles have ids that another file's have too; they got new ones")
    counts = report.counts
    also = [f"{report.duplicates} duplicates left out"] if report.duplicates else []
    also += [f"{len(report.suspicious)} suspicious"] if report.suspicious else []
    if kinds := report.not_read.most_common():
        named = ", ".join(f"{plain(ending)} {count}" for ending, count in kinds)
        also.append(f"{report.not_read.total()} files of kinds that are not read: {named}")
    sys.stdout.write(
        f"{report.added} added, {report.updated} updated, {report.unchanged} unchanged, "
        f"{report.removed} removed, {', '.join([f'{len(report.failures)} failed', *also])}; "
        f"{counts['articles']} articles in {counts['chunks']} chunks at {index} "
        f"({report.seconds:.1f} s)\n"
    )


def show(answer: Answer) -> None:
    """The answer, then what it rests on or what came nearest, with the quotes not yet in it."""
    from qa.answering import extractive

    write = sys.stdout.write
    if answer.question.standalone not in ("", answer.question.text.strip()):
        say(f"Understood as: {answer.question.standalone}")
    if answer.constraints:
        say(f"Looked first for: {_constraints(answer.constraints)}")
    if not answer.met:
        say("None of the articles searched is from that outlet or day.")
    write(f"{answer.text}\n")
    if answer.abstained and not answer.citations:
        nearest = list({hit.article.id: hit.article for hit in answer.hits}.values())[:3]
        for article in nearest:
            write(f"    nearest: {_about(article)}\n")
    for citation in answer.citations:
        also = f" (and {len(citation.also)} more with the same words)" if citation.also else ""
        page = f", p. {citation.page}" if citation.page else ""
        write(f"[{citation.n}] {_about(citation.article)}{page}{also}\n")
        quote = extractive.shown(citation.quote)
        if quote not in answer.text:
            write(f"    “{quote}”\n")
        if change := citation.correction:
            before = f"before: “{change.before}”" if change.before else "not there before"
            write(f"    corrected on {change.day}; {before}\n")
    if answer.reason and not answer.abstained:
        say(f"({answer.reason})")
    sys.stdout.flush()


def _constraints(constraints: Constraints) -> str:
    days = [
        f"{time.since or '…'} to {time.until or '…'}"
        for time in (*constraints.articles, *constraints.events)
    ]
    return ", ".join([*constraints.sources, *days])


def show_hits(hits: Sequence[Hit]) -> None:
    """Passages, best first."""
    if not hits:
        say("nothing was found.")
    for rank, hit in enumerate(hits, 1):
        ranks = ", ".join(f"{name} {place}" for name, place in hit.ranks.items())
        text = " ".join(hit.chunk.text.split())
        sys.stdout.write(f"{rank:2}. {hit.score:.3f}  {_about(hit.article)}  ({ranks})\n")
        sys.stdout.write(f"    {text}\n")


def follow(states: Iterable[Answer]) -> Answer:
    """Show an answer as it comes: the quotes at once, then the text. Returns the final state."""
    last = None
    for state in states:
        if state.stage == "evidence" and sys.stdout.isatty():
            for citation in state.citations:
                say(f"  [{citation.n}] “{' '.join(citation.quote.split())}”")
        last = state
    assert last is not None
    show(last)
    return last


def lines() -> Iterator[str]:
    """What is typed, line by line, blank lines left out, until Ctrl-D or Ctrl-C."""
    while True:
        try:
            line = input("> " if sys.stdin.isatty() else "").strip()
        except (EOFError, KeyboardInterrupt):
            return
        if line:
            yield line


def _about(article: object) -> str:
    parts = (getattr(article, name) for name in ("title", "date", "source", "url"))
    about = ", ".join(str(part) for part in parts if part) or str(getattr(article, "id", ""))
    return plain(about)
