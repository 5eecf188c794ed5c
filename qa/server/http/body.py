"""The body of an HTTP request, read within a size and a time before anything looks at it.

For the guards before the API and before the page. Plain ASGI.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

# A client that still sends a body nobody reads has so long to notice the answer.
_LINGER_S = 3.0


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


def read_json(body: bytes | str) -> Any:
    """The value of JSON from a browser, without the halves of characters that its texts may hold.

    JSON can name half of a surrogate pair, as is left of an emoji cut in two, and UTF-8 cannot
    write it: whoever printed, hashed or kept such a text would fail.

    Raises:
        ValueError: it is no JSON.
        RecursionError: it is too deep.
    """
    text = json.dumps(json.loads(body), ensure_ascii=False)
    return json.loads(text.encode(errors="ignore"))


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


async def answer_unread(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request whose body is not read, and close its connection.

    Closed at once, with bytes still on their way, the connection would be reset, and the answer
    lost with it. So what still comes is forgotten for a while: most clients read the answer then.
    """
    response.headers["Connection"] = "close"

    async def send_unended(message: Message) -> None:
        last = message["type"] == "http.response.body"
        await send({**message, "more_body": True} if last else message)

    await response(scope, receive, send_unended)
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    break
    await send({"type": "http.response.body", "body": b""})
