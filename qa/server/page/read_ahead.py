"""Reading before it is asked: while a question is typed, the model reads what it would be answered
from.

One question at a time, and never beside an answer: whoever has asked goes first. What is typed is
kept nowhere and written to no log; it lives until the next word is typed. Knows nothing about
components.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from threading import Condition, Thread

from qa.errors import QAError
from qa.types import Question

logger = logging.getLogger(__name__)

# A word is complete when a space follows, or when nothing was typed for so long.
_PAUSE_S = 0.4
# Fewer characters say too little to search for.
_LEAST = 8
# So long its owner may think before somebody else's is read.
_PATIENCE_S = 3.0


class ReadAhead:
    """What is being read ahead, in a thread of its own.

    Args:
        read: finds and reads, a step at a time; closing it stops the model. Assistant.read_ahead.
        idle: whether no answer is being written.
    """

    def __init__(
        self, read: Callable[[Question], Generator[None]], idle: Callable[[], bool]
    ) -> None:
        self._read = read
        self._idle = idle
        self._owner: object = None
        self._typed: Question | None = None
        self._at = 0.0
        self._changed = Condition()

    def typed(self, owner: object, question: Question) -> None:
        """Read for this question, instead of what its owner typed before.

        While another owner's is being read, nothing happens; the next word tries again.
        """
        if not self._idle():
            return
        with self._changed:
            if self._owner not in (None, owner):
                return
            self._typed, self._at = question, time.monotonic()
            self._changed.notify_all()
            if self._owner is None:
                self._owner = owner
                Thread(target=self._work, daemon=True, name="qa-ahead").start()

    def stop(self) -> None:
        """Read no further: somebody asks."""
        with self._changed:
            self._typed = None
            self._changed.notify_all()

    def _work(self) -> None:
        done: Question | None = None
        try:
            while (question := self._next(done)) is not None:
                with closing(self._read(question)) as steps:
                    for _ in steps:
                        if self._due() != question:
                            break
                done = question
        except QAError as exc:  # the answer will say so, if it comes to that
            logger.warning("reading ahead failed: %s", exc)
        finally:
            with self._changed:
                self._owner = self._typed = None
                self._changed.notify_all()

    def _next(self, done: Question | None) -> Question | None:
        """What to read next; None when nothing has been typed for a while, or somebody asks."""
        with self._changed:
            while self._typed and time.monotonic() - self._at < _PATIENCE_S:
                due = self._due()
                if due != done and due is not None:
                    return due
                self._changed.wait(_PAUSE_S / 2)
            return None

    def _due(self) -> Question | None:
        """What is typed, without a word that is not complete; None while that says too little."""
        typed, at = self._typed, self._at
        if typed is None:
            return None
        text = typed.text
        if time.monotonic() - at < _PAUSE_S:
            text = text[: len(text) - len(text.split(" ")[-1])]
        text = text.strip()
        return replace(typed, text=text) if len(text) >= _LEAST else None
