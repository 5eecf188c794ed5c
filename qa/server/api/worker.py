"""Lanes: blocking work in threads, so many at a time, so many in line, the rest turned away.

There are two. What reads an index takes milliseconds, what a language model writes takes seconds;
each has its own lane, so that quotes never wait behind a model. Those who wait for the model stand
in the pipeline's own `queue`.

A thread cannot be stopped from outside: whoever leaves (a closed connection, a time limit) tells
the stream to stop, which it does at its next state, and its place is free again only then. The
threads are daemons, so that a silent service cannot keep a stopping server from ending.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import aclosing, closing
from typing import Generic, TypeVar

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
        self._at_once = at_once
        self._places = asyncio.Semaphore(at_once)
        self._most = at_once + waiting
        self._taken = 0
        self._running = 0

    async def call(self, work: Callable[[], T]) -> T:
        """What `work` returns.

        Raises:
            ApiError: 503, too many are waiting.
            Exception: whatever `work` raises.
        """
        async with aclosing(self.stream(lambda: iter([work()]))) as results:
            return await anext(results)

    async def stream(self, open_stream: Callable[[], Iterator[T]]) -> AsyncGenerator[T]:
        """The items of an iterator that is opened, run and closed in one thread.

        Raises:
            ApiError: 503, too many are waiting.
            Exception: whatever the iterator raises.
        """
        run = _Run(asyncio.get_running_loop(), open_stream)
        if self._taken >= self._most:
            message = f"{self._most} requests are being answered or waiting; ask again in a moment."
            raise ApiError(503, "busy", message, {"Retry-After": "2"})
        self._taken += 1
        try:
            await self._places.acquire()
        except BaseException:
            self._taken -= 1
            raise
        self._running += 1
        thread = threading.Thread(
            target=contextvars.copy_context().run,
            args=(run, self._left),
            daemon=True,
            name=f"qa-{self._name}",
        )
        try:
            thread.start()
        except BaseException:  # the system has no thread left
            self._left()
            raise
        try:
            async with aclosing(run.items()) as items:
                async for item in items:
                    yield item
        finally:
            run.stop.set()

    async def drain(self, seconds: float) -> bool:
        """Wait until no thread is left, at most so long; whether none is."""
        deadline = time.monotonic() + seconds
        while self._running and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        return not self._running

    def _left(self) -> None:
        self._running -= 1
        self._taken -= 1
        self._places.release()


class _Run(Generic[T]):
    """One iterator on its way through a thread."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, open_stream: Callable[[], Iterator[T]]
    ) -> None:
        self._loop = loop
        self._open = open_stream
        self._items: asyncio.Queue[tuple[T] | Exception | None] = asyncio.Queue()
        self.stop = threading.Event()

    def __call__(self, left: Callable[[], None]) -> None:
        """In the thread."""
        end: Exception | None = None
        try:
            with closing(self._opened()) as stream:
                for item in stream:
                    self._put((item,))
                    if self.stop.is_set():
                        break
        except BaseException as exc:  # handed to whoever reads the items
            end = as_exception(exc)
        self._tell(left)
        self._tell(lambda: self._items.put_nowait(end))

    async def items(self) -> AsyncGenerator[T]:
        """In the event loop."""
        while (item := await self._items.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item[0]

    def _opened(self) -> Generator[T]:
        """As a generator, which can be closed whatever kind of iterator it is."""
        yield from self._open()

    def _put(self, item: tuple[T]) -> None:
        self._tell(lambda: self._items.put_nowait(item))

    def _tell(self, call: Callable[[], object]) -> None:
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:  # the loop is closed: the server has stopped without waiting
            self.stop.set()
