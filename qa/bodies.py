"""The body of an HTTP request, read within a size and a time before anything looks at it.

For the guards before the API and before the page. Plain ASGI.
"""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope


class BodyTooLargeError(Exception):
    """It has more bytes than it may have; what is left of it has not been read."""


async def read_body(scope: Scope, receive: Receive, most: int, seconds: float) -> bytes | None:
    """The whole body; None when the client went away before its end.

    Args:
        scope, receive: of the request.
        most: bytes.
        seconds: within which it must have come.
    Raises:
        BodyTooLargeError: it is longer, or says so.
        TimeoutError: it took longer.
    """
    declared = Headers(scope=scope).get("content-length", "0")
    if declared.isdigit() and int(declared) > most:
        raise BodyTooLargeError
    body = bytearray()
    async with asyncio.timeout(seconds):
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if len(body) > most:
                raise BodyTooLargeError
            if not message.get("more_body", False):
                return bytes(body)


def replay(body: bytes, receive: Receive) -> Receive:
    """The body in one piece, then whatever comes, which can only be that the client left."""
    sent = False

    async def replayed() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
