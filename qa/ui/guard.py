"""What of Gradio's server the page uses, and nothing else: addresses, sizes, calls that make sense.

Gradio serves more than a page needs: uploads without an end, an address that fetches any other, a
proxy, editing tools; and it takes a call that fits no handler for a bug of its own. Plain ASGI, in
front of it. Who may come is not decided here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from threading import Event
from typing import Any

import gradio as gr
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.bodies import BodyTooLargeError, answer_unread, read_body, replay

_GRADIO = "/gradio_api/"
# Under it, what the page's own scripts ask for.
_CALLS = ("queue/join", "run/")
_SERVER_FUNCTIONS = "component_server"
_UPLOADS = ("upload", "upload_progress")
_UPLOAD = f"{_GRADIO}upload"
_USED = (
    "app_id cancel heartbeat/ info login_check queue/data reset startup-events theme.css token user"
).split()
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

_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "array": list,
    "object": dict,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}


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
        stopping: once set, no call is taken any more.
    """

    def __init__(
        self, app: ASGIApp, page: gr.Blocks, most_bytes: int, most_sent: int, stopping: Event
    ) -> None:
        self._app = app
        self._page = page
        self._most_bytes = most_bytes
        self._most_sent = most_sent
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = _shielding(send)
        try:
            path = _plain(scope["path"])
            self._find(path)
            if scope["method"] == "POST":
                if self._stopping.is_set():
                    raise _Refused(503, "The server is stopping; ask again in a moment.")
                if path == _UPLOAD:
                    self._check_file(Headers(scope=scope))
                    await self._app(scope, receive, send)
                    return
                body = await self._body(scope, receive)
                if body is None:
                    return
                self._check(path, body)
                receive = replay(body, receive)
                send = self._blaming(path, body, send)
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

    def _check_file(self, headers: Headers) -> None:
        """Raise unless a file may be of this length, which is read as it comes."""
        declared = headers.get("content-length", "")
        if not declared.isdigit():
            raise _Refused(411, "A file comes with its length.")
        if int(declared) > self._most_sent + _AROUND_FILE:
            raise _Refused(413, f"A file may have {self._most_sent} bytes at most.")

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        """The body; None when the browser went away before its end."""
        try:
            return await read_body(scope, receive, self._most_bytes, _BODY_S)
        except BodyTooLargeError:
            raise _Refused(413, f"A call may have {self._most_bytes} bytes at most.") from None
        except TimeoutError:
            raise _Refused(408, "The call did not arrive in time.") from None

    def _check(self, path: str, body: bytes) -> None:
        """Raise unless a call fits its handler."""
        rest = path.removeprefix(_GRADIO)
        if rest == path:  # the login form, which is no JSON
            return
        call = _read(body)
        if rest.startswith((*_CALLS, _SERVER_FUNCTIONS)):
            _check_session(call)
        if rest.startswith(_CALLS):
            handler = self._page.fns.get(_index(call.get("fn_index")))
            if handler is None:
                raise _Refused(404, "The page has no such handler; load it again.")
            data = call.get("data")
            if not isinstance(data, list) or len(data) != len(handler.inputs):
                raise _Refused(422, f"The handler takes {len(handler.inputs)} values.")
            for number, (value, block) in enumerate(zip(data, handler.inputs, strict=True)):
                # A component that is empty at first may be so again.
                if not (
                    value is None is getattr(block, "value", "") or _fits(value, _schema(block))
                ):
                    raise _Refused(422, f"Value {number} is of another type.")
        elif rest == _SERVER_FUNCTIONS:
            asked = self._page.blocks.get(_index(call.get("component_id")))
            fn = getattr(asked, str(call.get("fn_name")), None)
            if not getattr(fn, "_is_server_fn", False):
                raise _Refused(404, "The page has no such function; load it again.")
            if not isinstance(call.get("data"), dict):
                raise _Refused(422, "The function takes an object.")

    def _blaming(self, path: str, body: bytes, send: Send) -> Send:
        """Says 422 where a handler failed over a value that its component does not offer.

        The page's choices grow with its articles, so that they cannot be checked before.
        """
        if not path.startswith(f"{_GRADIO}run/"):
            return send
        call = _read(body)
        inputs = self._page.fns[_index(call["fn_index"])].inputs
        offered = all(
            _offered(value, _schema(block))
            for value, block in zip(call["data"], inputs, strict=True)
        )

        async def send_blaming(message: Message) -> None:
            if (
                message["type"] == "http.response.start"
                and message["status"] >= 500
                and not offered
            ):
                message = {**message, "status": 422}
            await send(message)

        return send_blaming


def _shielding(send: Send) -> Send:
    async def send_shielding(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)  # a page without scripts forbids more
        await send(message)

    return send_shielding


def _plain(path: str) -> str:
    return path.rstrip("/") or "/"


def _read(body: bytes) -> dict[str, Any]:
    try:
        call = json.loads(body)
    except (ValueError, RecursionError):
        raise _Refused(400, "The call is no JSON.") from None
    if not isinstance(call, dict):
        raise _Refused(422, "The call is no JSON object.")
    return call


def _check_session(call: Mapping[str, Any]) -> None:
    session = call.get("session_hash")
    if not (isinstance(session, str) and 0 < len(session) <= _LONGEST_SESSION):
        raise _Refused(422, "The call names no session.")


def _index(value: Any) -> int:
    """A number as an index; -1, which is nobody's, for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


def _schema(block: Any) -> Mapping[str, Any]:
    """What the component takes; nothing is known of one that does not say."""
    try:
        schema = block.api_info()
    except NotImplementedError:
        return {}
    return schema if isinstance(schema, dict) else {}


def _fits(value: Any, schema: Mapping[str, Any]) -> bool:
    wanted = _TYPES.get(str(schema.get("type")))
    if wanted is None:
        return True
    if isinstance(value, bool) and wanted is not bool:
        return False
    if not isinstance(value, wanted):
        return False
    items = schema.get("items")
    if isinstance(value, list) and isinstance(items, dict):
        return all(_fits(item, items) for item in value)
    return True


def _offered(value: Any, schema: Mapping[str, Any]) -> bool:
    items = schema.get("items")
    if isinstance(value, list) and isinstance(items, dict):
        return all(_offered(item, items) for item in value)
    return "enum" not in schema or value in schema["enum"]
