"""Progress of an evaluation, on standard error: a bar for a person, now and then a line else."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

_LINE_EVERY_S = 15.0


class Meter(Protocol):
    """Shows how many of how many are done in one stage of the work; None when nobody knows."""

    def __call__(self, stage: str, done: int, total: int | None) -> None: ...


@contextmanager
def meter() -> Iterator[Meter]:
    """A meter with rate and time left."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskID,
        TextColumn,
        TimeRemainingColumn,
    )

    tasks: dict[str, tuple[TaskID, _Rate]] = {}
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:

        def show(stage: str, done: int, total: int | None) -> None:
            if stage not in tasks:
                task = progress.add_task(stage, total=total, completed=done, rate="")
                tasks[stage] = (task, _Rate(done))
            task, rate = tasks[stage]
            progress.update(task, completed=done, total=total, rate=f"{rate.at(done):.1f}/s")

        yield show


class _Rate:
    """Questions a second since the first that was counted."""

    def __init__(self, done: int) -> None:
        self._first = done
        self._started = time.monotonic()

    def at(self, done: int) -> float:
        return (done - self._first) / max(1e-9, time.monotonic() - self._started)


class _Lines:
    """A line when a stage begins and ends, and one each quarter of a minute."""

    def __init__(self) -> None:
        self._rates: dict[str, _Rate] = {}
        self._last = 0.0

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        now = time.monotonic()
        begins = stage not in self._rates
        rate = self._rates.setdefault(stage, _Rate(done)).at(done)
        if begins or done == total or now - self._last >= _LINE_EVERY_S:
            self._last = now
            speed = f", {rate:.1f}/s" if rate else ""
            left = f", {(total - done) / rate:.0f} s left" if rate and total else ""
            of = f" of {total}" if total else ""
            sys.stderr.write(f"{stage}: {done}{of}{speed}{left}\n")
            sys.stderr.flush()
