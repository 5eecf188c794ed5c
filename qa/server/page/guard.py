"""What of Gradio's server the page uses, and nothing else: addresses, sizes, calls that make sense.

Gradio serves more than a page needs: uploads without an end, an address that fetches any other, a
proxy, editing tools; it takes a call that fits no handler for a bug of its own, lets who is not
logged in end another's answer, and logs people out when any page says so. Plain ASGI, in front of
it. Names and passwords are Gradio's affair.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import gradio as gr
from gradio.server_messages import UnexpectedErrorMessage
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.server.http.body import BodyTooLargeError, answer_unread, read_body, read_json, replay

_GRADIO = "/gradio_api/"
# Under it, what the page's own scripts ask for.
_CALLS = ("queue/join", "run/")
_SERVER_FUNCTIONS = "component_server"
_UPLOADS = ("upload", "upload_progress")
_UPLOAD = f"{_GRADIO}upload"
_USED = (
    "app_id cancel heartbeat/ info login_check queue/data reset startup-events theme.css token user"
).split()
# Of these, what the login form asks for; all else is for who is logged in.
_OPEN = ("app_id", "login_check", "theme.css", "token", "user")
# Whatever slips in, the browser asks no other server, and no other site frames the page.
_HEADERS = {
    "Content-Security-Policy": "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
# Beside it, what no page uses.
_UNUSED = ("/monitoring", "/svelte", "/pwa_icon", "/gradio_api")

# A file comes with its name and the marks that part it from the next.
_AROUND_FILE = 16_384
_BODY_S = 30.0
# Refusals of a body before its end.
_UNREAD = (411, 413, 507)
_LONGEST_SESSION = 64


class _Refused(Exception):
    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class PageGuard:
    """Lets through what the page may ask of Gradio.

    Args:
        app: Gradio, and whatever else there is.
        page: whose calls make sense.
        most_bytes: in the body of a call.
        most_sent: in a file that people add, each in a call of its own; 0 takes none.
        room: how many bytes more may be sent in all.
        known: whether whoever asks is logged in; None where nobody needs to be.
        stopping: once set, no call is taken any more.
    """

    def __init__(
        self,
        app: ASGIApp,
        page: gr.Blocks,
        most_bytes: int,
        most_sent: int,
        room: Callable[[], int],
        known: Callable[[Request], bool] | None,
        stopping: Event,
    ) -> None:
        self._app = app
        self._page = page
        self._most_bytes = most_bytes
        self._most_sent = most_sent
        self._room = room
        self._coming = 0
        self._known = known
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = _shielding(send)
        try:
            path = _plain(scope["path"])
            self._find(path)
            self._check_visitor(Request(scope), path)
            if path == f"{_GRADIO}queue/data" and not self._expects(Request(scope)):
                await _no_session()(scope, receive, send)
                return
            if scope["method"] == "POST":
                if self._stopping.is_set():
                    raise _Refused(503, "The server is stopping; ask again in a moment.")
                if path == _UPLOAD:
                    await self._take_file(scope, receive, send)
                    return
                body = await self._body(scope, receive)
                if body is None:
                    return
                receive = replay(self._checked(path, body), receive)
        except _Refused as exc:
            headers = {"Connection": "close"} if exc.status in (408, 503) else None
            answer = JSONResponse({"detail": exc.detail}, exc.status, headers)
            if exc.status in _UNREAD:
                await answer_unread(answer, scope, receive, send)
            else:
                await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _find(self, path: str) -> None:
        """Raise unless the page uses this address."""
        if path.startswith(_GRADIO):
            rest = path.removeprefix(_GRADIO)
            used = (*_USED, *_CALLS, _SERVER_FUNCTIONS, *(_UPLOADS if self._most_sent else ()))
            found = any(
                # An address that goes on after its name says so by its last character.
                rest.startswith(name) if name.endswith("/") else rest == name
                for name in used
            )
        else:
            found = not any(path == name or path.startswith(f"{name}/") for name in _UNUSED)
        if not found:
            raise _Refused(404, "There is nothing at this address.")

    def _check_visitor(self, request: Request, path: str) -> None:
        """Raise where it takes a login, and where another site's page asks to be logged out."""
        if path == "/logout" and not _of_own_will(request.headers):
            raise _Refused(403, "Another site's page asks to log you out. Open /logout yourself.")
        rest = path.removeprefix(_GRADIO)
        if self._known is None or rest == path or rest in _OPEN:
            return
        if not self._known(request):
            raise _Refused(401, "Log in first.")

    def _expects(self, request: Request) -> bool:
        """Whether a session that wants to hear of its calls has made any."""
        session = request.query_params.get("session_hash")
        return session in self._page._queue.pending_messages_per_session

    async def _take_file(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a file on, which is read as it comes, if there may be one of this length."""
        declared = Headers(scope=scope).get("content-length", "")
        if not declared.isdigit():
            raise _Refused(411, "A file comes with its length.")
        size = int(declared)
        if size > self._most_sent + _AROUND_FILE:
            raise _Refused(413, f"A file may have {self._most_sent} bytes at most.")
        if size > await asyncio.to_thread(self._room) - self._coming:
            raise _Refused(507, "There is no room left for files.")
        self._coming += size
        try:
            await self._app(scope, receive, send)
        finally:
            self._coming -= size

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        """The body; None when the browser went away before its end."""
        try:
            return await read_body(scope, receive, self._most_bytes, _BODY_S)
        except BodyTooLargeError:
            raise _Refused(413, f"A call may have {self._most_bytes} bytes at most.") from None
        except TimeoutError:
            raise _Refused(408, "The call did not arrive in time.") from None

    def _checked(self, path: str, body: bytes) -> bytes:
        """The body of a call that the page's scripts could have made."""
        rest = path.removeprefix(_GRADIO)
        if rest == path:  # the login form, which is no JSON
            return body
        try:
            call = read_json(body)
        except (ValueError, RecursionError):
            raise _Refused(400, "The call is no JSON.") from None
        if not isinstance(call, dict) or not self._makes_sense(rest, call):
            raise _Refused(422, "The page makes no such call; load it again.")
        return json.dumps(call).encode()

    def _makes_sense(self, rest: str, call: Mapping[str, Any]) -> bool:
        """Whether a handler or a function of the page is called, in a session, with its values."""
        session, data = call.get("session_hash"), call.get("data")
        if rest.startswith(_CALLS):
            handler = self._page.fns.get(_index(call.get("fn_index")))
            fits = (
                handler is not None
                and isinstance(data, list)
                and len(data) == len(handler.inputs)
                and all(isinstance(value, str | None) for value in data)
            )
        elif rest == _SERVER_FUNCTIONS:
            block = self._page.blocks.get(_index(call.get("component_id")))
            function = getattr(block, str(call.get("fn_name")), None)
            fits = getattr(function, "_is_server_fn", False) and isinstance(data, dict)
        else:
            return True
        return fits and isinstance(session, str) and 0 < len(session) <= _LONGEST_SESSION


def _shielding(send: Send) -> Send:
    async def send_shielding(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)  # a page without scripts forbids more
            if headers.get("content-type", "").startswith("text/event-stream"):
                headers["X-Accel-Buffering"] = "no"  # else a proxy may hold an answer back
        await send(message)

    return send_shielding


def _no_session() -> Response:
    """What Gradio says of a session without calls, but for its traceback in the log."""
    message = UnexpectedErrorMessage(message="404: Not Found", session_not_found=True)
    return Response(f"data: {message.model_dump_json()}\n\n", media_type="text/event-stream")


def _of_own_will(headers: Headers) -> bool:
    """Whether a person opens an address, or a page of this server does.

    Browsers say so of addresses that are local or have TLS; of others, all that there is is where
    they come from, if they say that.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    referer = headers.get("referer")
    return referer is None or urlsplit(referer).netloc == headers.get("host")


def _plain(path: str) -> str:
    return path.rstrip("/") or "/"


def _index(value: Any) -> int:
    """A number as an index; -1, which is nobody's, for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else -1
