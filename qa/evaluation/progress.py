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
    """A meter with the time left."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich import progress as bars
    from rich.console import Console

    tasks: dict[str, bars.TaskID] = {}
    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=Console(stderr=True)) as progress:

        def show(stage: str, done: int, total: int | None) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=total, completed=done)
            progress.update(tasks[stage], completed=done, total=total)

        yield show


class _Lines:
    """A line when a stage begins and ends, and one each quarter of a minute."""

    def __init__(self) -> None:
        self._begun: dict[str, tuple[int, float]] = {}
        self._last = 0.0

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        now = time.monotonic()
        begins = stage not in self._begun
        first, started = self._begun.setdefault(stage, (done, now))
        if begins or done == total or now - self._last >= _LINE_EVERY_S:
            self._last = now
            rate = (done - first) / (now - started) if now > started else 0.0
            of = f" of {total}" if total else ""
            speed = f", {rate:.1f}/s" if rate else ""
            left = f", {(total - done) / rate:.0f} s left" if rate and total else ""
            sys.stderr.write(f"{stage}: {done}{of}{speed}{left}\n")
            sys.stderr.flush()
