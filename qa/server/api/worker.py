"""Lanes: blocking work in threads, so many at a time, so many in line, the rest turned away.

There are two. What reads an index takes milliseconds, what a language model writes takes seconds;
each has its own lane, so that quotes never wait behind a model. Those who wait for the model stand
in the pipeline's own `queue`.

A thread cannot be stopped from outside: whoever leaves (a closed connection, a time limit) tells
the stream to stop, which it does at its next state, and its place is free again only then. The
threads are daemons, which anyio's are not, so that a silent service cannot keep a stopping server
from ending.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import aclosing, closing, suppress
from typing import TypeVar

from qa.errors import as_exception
from qa.server.api.errors import ApiError

T = TypeVar("T")


class Worker:
    """Runs blocking work for one event loop.

    Args:
        name: in the names of the threads.
        at_once: most threads.
        waiting: most calls that wait for one.
    """

    def __init__(self, name: str, *, at_once: int, waiting: int) -> None:
        self._name = name
        self._places = asyncio.Semaphore(at_once)
        self._most = at_once + waiting
        self._taken = 0

    async def call(self, work: Callable[[], T]) -> T:
        """What `work` returns. Raises as `stream`."""
        async with aclosing(self.stream(lambda: iter([work()]))) as results:
            return await anext(results)

    async def stream(self, open_stream: Callable[[], Iterator[T]]) -> AsyncGenerator[T]:
        """The items of an iterator that is opened, run and closed in one thread.

        Raises:
            ApiError: 503, too many are waiting.
            Exception: whatever the iterator raises.
        """
        if self._taken >= self._most:
            message = f"{self._most} requests are being answered or waiting; ask again in a moment."
            raise ApiError(503, "busy", message, {"Retry-After": "2"})
        self._taken += 1
        try:
            await self._places.acquire()
        except BaseException:
            self._taken -= 1
            raise
        loop, stop = asyncio.get_running_loop(), threading.Event()
        items: asyncio.Queue[tuple[T] | Exception | None] = asyncio.Queue()

        def tell(call: Callable[..., object], *args: object) -> None:
            with suppress(RuntimeError):  # the loop is closed: the server did not wait for this
                loop.call_soon_threadsafe(call, *args)

        def run() -> None:
            end: Exception | None = None
            try:
                with closing(_opened(open_stream)) as stream:
                    for item in stream:
                        tell(items.put_nowait, (item,))
                        if stop.is_set() or loop.is_closed():
                            break
            except BaseException as exc:  # handed to whoever reads the items
                end = as_exception(exc)
            tell(self._left)
            tell(items.put_nowait, end)

        context = contextvars.copy_context()
        thread = threading.Thread(
            target=context.run, args=(run,), daemon=True, name=f"qa-{self._name}"
        )
        try:
            thread.start()
        except BaseException:  # the system has no thread left
            self._left()
            raise
        try:
            while (item := await items.get()) is not None:
                if isinstance(item, Exception):
                    raise item
                yield item[0]
        finally:
            stop.set()

    async def drain(self, seconds: float) -> bool:
        """Wait until no thread is left, at most so long; whether none is."""
        deadline = time.monotonic() + seconds
        while self._taken and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        return not self._taken

    def _left(self) -> None:
        self._taken -= 1
        self._places.release()


def _opened(open_stream: Callable[[], Iterator[T]]) -> Generator[T]:
    """As a generator, which can be closed whatever kind of iterator it is."""
    yield from open_stream()
