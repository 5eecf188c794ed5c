"""What runs a local language model, as `local_llm` sees it: requests, and what comes back of them.

An engine is one loaded model that answers several requests at once. `llamacpp` and `openvino` are
engines. Knows nothing about LangChain.
"""

from __future__ import annotations

import atexit
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from qa.errors import AnswerError

CONTEXT = 4096  # tokens of a prompt and its answer together
PARALLEL = 2
_NICENESS = 5


@dataclass(frozen=True, slots=True)
class Request:
    """What a model is asked.

    Attributes:
        messages: `role` and `content` of each, as in OpenAI's protocol.
        max_tokens: most tokens of the answer.
        temperature: 0 always takes the likeliest token.
        top_p: of the likeliest tokens so much probability is drawn from; 1 is all.
        seed: for temperatures above 0.
        stop: the answer ends before any of these.
    """

    messages: Sequence[Mapping[str, str]]
    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """Something that became known of a run.

    Attributes:
        text: more of the answer.
        read: tokens of the prompt that are read, and all of them.
        ended: why it ended, once it has: `stop` or `length`.
        used: at the end, tokens of the prompt, of the answer, and of what of the prompt was known
            because an earlier one began with it too.
    """

    text: str = ""
    read: tuple[int, int] | None = None
    ended: str | None = None
    used: tuple[int, int, int] | None = None


class Run:
    """One request under way. The engine puts events in, whoever asked takes them out.

    Args:
        timeout_s: until it must be complete.
        on_cancel: told each time that it is cancelled; it may be over by then.

    Attributes:
        cancelled: nobody wants the rest.
    """

    def __init__(self, timeout_s: float, on_cancel: Callable[[], object] = lambda: None) -> None:
        self._on_cancel = on_cancel
        self._timeout_s = timeout_s
        self._deadline = time.monotonic() + timeout_s
        self._events: queue.Queue[Event | None] = queue.Queue()
        self.cancelled = False
        self._over = threading.Event()
        self._failure: AnswerError | None = None
        _RUNS.add(self)

    def events(self) -> Iterator[Event]:
        """What becomes known, until the answer is complete.

        Raises:
            AnswerError: the model failed, or the time is up.
        """
        while True:
            try:
                event = self._events.get(timeout=max(0.0, self._deadline - time.monotonic()))
            except queue.Empty:
                raise AnswerError(
                    f"the language model did not finish within {self._timeout_s:g} s. Raise "
                    "`llm_timeout_s`, take a smaller model, or set `answerer` to extractive."
                ) from None
            if event is None:
                break
            yield event
        if self._failure is not None:
            raise self._failure

    def cancel(self) -> None:
        """Have the model stop after the batch or token that it is at."""
        self.cancelled = True
        self._on_cancel()

    def wait(self, timeout_s: float) -> None:
        """Until the engine has done with it."""
        self._over.wait(timeout_s)

    def put(self, event: Event) -> None:
        """For the engine: something became known."""
        self._events.put(event)

    def end(self, failure: AnswerError | None = None) -> None:
        """For the engine: no more will come."""
        self._failure = failure
        _RUNS.discard(self)
        self._events.put(None)
        self._over.set()


class Engine(Protocol):
    """A loaded model. Safe to use from several threads."""

    name: str

    def start(self, request: Request, timeout_s: float) -> Run:
        """Begin a request; `timeout_s` counts from now, waiting for others included."""
        ...


# Every run under way, in the whole process: a thread that is still inside an engine when the
# interpreter is taken down would crash it.
_RUNS: set[Run] = set()


@atexit.register
def _end_runs() -> None:
    runs = list(_RUNS)
    for run in runs:
        run.cancel()
    for run in runs:
        run.wait(10.0)


def failed(why: object) -> AnswerError:
    """For what an engine says went wrong."""
    return AnswerError(f"the language model failed: {why}. Check it with `qa models verify`.")


def too_long(tokens: int) -> AnswerError:
    """For a prompt that the model cannot take in."""
    return AnswerError(
        f"the prompt has {tokens} tokens and the language model reads {CONTEXT}. Ask a shorter "
        "question, or lower `passage_chars`."
    )


def yield_to_others() -> None:
    """Quotes go first where cores are scarce: a model's threads inherit this one's niceness.

    On an idle machine it changes nothing. Only Linux has it by thread.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
