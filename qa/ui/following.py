"""Following an answer as it grows, from a thread of its own.

A language model may be silent for seconds while it reads. The page must not wait for it to stop
when asked to, so the states are made in a thread and read from a queue.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from queue import Empty, Queue
from threading import Event, Thread

from qa.answer import Answer

_PATIENCE_S = 0.1


def follow(open_stream: Callable[[], Iterator[Answer]], stop: Event) -> Iterator[Answer]:
    """The states of a stream, the newest when several wait, until it ends or `stop` is set.

    Whoever stops reading stops the stream as well: it is closed at its next state, in the thread
    that runs it, for a generator cannot be closed from another.

    Raises:
        Exception: whatever the stream raised.
    """
    states: Queue[Answer | Exception | None] = Queue()
    thread = Thread(target=_run, args=(open_stream, stop, states), daemon=True, name="qa-answer")
    thread.start()
    try:
        ended = False
        while not (ended or stop.is_set()):
            newest = None
            for item in _waiting(states):
                if isinstance(item, Exception):
                    raise item
                ended = ended or item is None
                newest = item or newest
            if newest is not None:
                yield newest
    finally:
        stop.set()


def _run(
    open_stream: Callable[[], Iterator[Answer]],
    stop: Event,
    states: Queue[Answer | Exception | None],
) -> None:
    try:
        with closing(_opened(open_stream)) as stream:
            for state in stream:
                states.put(state)
                if stop.is_set():
                    break
    except Exception as exc:  # handed to the reader, who decides
        states.put(exc)
    finally:
        states.put(None)


def _opened(open_stream: Callable[[], Iterator[Answer]]) -> Generator[Answer]:
    """The stream as a generator, which can be closed whatever kind of iterator it is."""
    yield from open_stream()


def _waiting(states: Queue[Answer | Exception | None]) -> Iterator[Answer | Exception | None]:
    """What the queue holds, after waiting a moment for the first."""
    try:
        yield states.get(timeout=_PATIENCE_S)
        while True:
            yield states.get_nowait()
    except Empty:
        return
