"""Server-sent events, and stopping when whoever asked is gone."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import aclosing, suppress
from typing import Any, TypeVar

from fastapi.sse import EventSourceResponse, format_sse_event
from starlette.requests import Request

from qa.server.api.errors import KNOWN, ApiError, body, internal, of
from qa.server.api.guard import GONE
from qa.server.api.logs import request_id
from qa.types import Answer

logger = logging.getLogger(__name__)
T = TypeVar("T")

# Proxies close a connection that is silent for longer, often after 30 s.
_SILENCE_S = 15.0


async def unless_gone(request: Request, work: Awaitable[T]) -> T:
    """What `work` returns; it is cancelled when the client closes the connection.

    Raises:
        ApiError: the client is gone; nobody reads this.
        Exception: whatever `work` raises.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ApiError(GONE, "gone", "the client closed the connection.")
    finally:
        for task in (working, leaving):
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def respond(request: Request, events: AsyncGenerator[bytes]) -> EventSourceResponse:
    """A response of events; what fails before the first one is an ordinary error.

    Raises:
        ApiError: the client is gone before the first; nobody reads this.
        Exception: whatever `events` raises before its first.
    """
    first = await unless_gone(request, anext(events))
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return EventSourceResponse(_following(first, events), headers=headers)


async def _following(first: bytes, events: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    async with aclosing(events):
        yield first
        waiting: asyncio.Future[bytes | None] | None = None
        try:
            while True:
                waiting = waiting or asyncio.ensure_future(anext(events, None))
                done, _ = await asyncio.wait((waiting,), timeout=_SILENCE_S)
                if not done:
                    yield b": still here\n\n"
                    continue
                event = waiting.result()
                waiting = None
                if event is None:
                    return
                yield event
        finally:
            if waiting is not None:
                waiting.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await waiting


async def of_answer(states: AsyncGenerator[Answer]) -> AsyncGenerator[bytes]:
    """`evidence`, `waiting`, `reading`, `text` as it grows, `final`; `error` for what cannot."""
    async with aclosing(states):
        last: tuple[str, Any] | None = None
        try:
            async for state in states:
                name: str = state.stage
                match name:
                    case "writing":
                        name, data = "text", dict[str, Any](text=state.text)
                    case "waiting":
                        data = {"place": state.place}
                    case "reading":
                        data = {"progress": round(state.progress, 3)}
                    case _:
                        data = state.to_json()
                if (name, data) != last:
                    yield event(data, name)
                last = (name, data)
        except Exception as exc:
            if last is None:
                raise
            yield event(failure(exc), "error")


def event(data: object, name: str | None = None) -> bytes:
    """One event."""
    return format_sse_event(data_str=json.dumps(data, ensure_ascii=False), event=name)


def failure(exc: Exception) -> dict[str, Any]:
    """The JSON of an error that comes when the answer has begun; a bug is logged."""
    if not isinstance(exc, KNOWN):
        logger.error("a bug", exc_info=exc)
        exc = internal(request_id.get() or "")
    told = of(exc)
    return body(told.type, told.message)
