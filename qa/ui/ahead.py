"""Reading before it is asked: while a question is typed, the model reads what it would be answered
from.

One question at a time, and never beside an answer: whoever has asked goes first. What is typed is
kept nowhere and written to no log; it lives until the next word is typed. Knows nothing about
components.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import closing
from threading import Condition, Thread

from qa.answer import Question
from qa.errors import QAError

logger = logging.getLogger(__name__)

# A word is whole when a space follows; else when nothing was typed for so long.
_PAUSE_S = 0.4
# Fewer characters say too little to search for.
_LEAST = 8
# So long its owner may think before somebody else's is read.
_PATIENCE_S = 3.0


class Ahead:
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
        self._wanted: Question | None = None
        self._changed = Condition()

    def typed(self, owner: object, question: Question) -> None:
        """Read for this question, instead of what its owner typed before.

        While another owner's is being read, nothing happens; the next word tries again.
        """
        if len(question.text.strip()) < _LEAST or not self._idle():
            return
        with self._changed:
            if self._owner not in (None, owner):
                return
            self._wanted = question
            self._changed.notify_all()
            if self._owner is None:
                self._owner = owner
                Thread(target=self._work, daemon=True, name="qa-ahead").start()

    def stop(self) -> None:
        """Read no further: somebody asks."""
        with self._changed:
            self._wanted = None
            self._changed.notify_all()

    def _work(self) -> None:
        done: Question | None = None
        try:
            while (question := self._next(done)) is not None:
                with closing(self._read(question)) as steps:
                    for _ in steps:
                        if self._wanted is not question:
                            break
                done = question
        except QAError as exc:  # the answer will say so, if it comes to that
            logger.warning("reading ahead failed: %s", exc)
        finally:
            with self._changed:
                self._owner = self._wanted = None
                self._changed.notify_all()

    def _next(self, done: Question | None) -> Question | None:
        """What to read next; None when nothing has been typed for a while, or somebody asks."""
        with self._changed:
            question = self._other_than(done, _PATIENCE_S)
            while question and question is not done and not question.text[-1].isspace():
                later = self._other_than(question, _PAUSE_S)
                if later is question:
                    break
                question = later
            return None if question is done else question

    def _other_than(self, question: Question | None, seconds: float) -> Question | None:
        self._changed.wait_for(lambda: self._wanted is not question, seconds)
        return self._wanted
