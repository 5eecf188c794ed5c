"""Queue: who waits for the language model; a few are served at once, the rest know their place.

First come, first served. Whoever waits blocks a thread of his own. Knows nothing about models,
questions or answers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

# Whoever left is noticed as often, for a waiting generator can only be closed where it yields.
_BEAT_S = 0.5


class Queue:
    """Where those wait who want what only `at_once` can have at a time. Safe between threads."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._places: list[Place] = []
        self._changed = threading.Condition()

    def __len__(self) -> int:
        """How many are served or wait."""
        return len(self._places)

    @contextmanager
    def join(self) -> Iterator[Place]:
        """A place at the end, given up when the block ends."""
        place = Place(self)
        with self._changed:
            self._places.append(place)
        try:
            yield place
        finally:
            with self._changed:
                self._places.remove(place)
                self._changed.notify_all()

    def _number(self, place: Place) -> int:
        return max(0, self._places.index(place) - self._at_once + 1)


class Place:
    """A place in a queue."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    @property
    def number(self) -> int:
        """1 for who is served next; 0 for who is served."""
        with self._queue._changed:
            return self._queue._number(self)

    def wait(self, seconds: float) -> Iterator[int]:
        """The place's number, again and again, until it is served or the time is over."""
        deadline = time.monotonic() + seconds
        number = self.number
        while number and (left := deadline - time.monotonic()) > 0:
            yield number
            with self._queue._changed:
                self._queue._changed.wait(min(left, _BEAT_S))
            number = self.number
