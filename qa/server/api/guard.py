"""What stands around the routes, outermost first.

    Door      on a server that has other pages too: takes what is for the API, passes on the rest
              when its name is right and no page of another origin asks
    Envelope  the request's id, its line in the log, its counts, its trace, and an answer even to
              a bug
    Guard     name, origin, key, rate, size: who may come in, as long as the server does not stop

Plain ASGI, so that a stream passes through as it comes.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from threading import Event

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.server.api import limits
from qa.server.api.errors import ApiError, internal
from qa.server.api.logs import id_for, request_id
from qa.server.api.metrics import Metrics
from qa.server.http.body import BodyTooLargeError, answer_unread, read_body, replay
from qa.server.http.client import named
from qa.settings import Settings
from qa.telemetry import Telemetry

logger = logging.getLogger(__name__)

PATHS = ("/v1", "/mcp", "/docs", "/openapi.json", "/metrics", "/healthz", "/readyz")
HEALTH = ("/healthz", "/readyz")

# Asked for by machines, all day long.
_QUIET = (*HEALTH, "/metrics")
_UNTOLD = Telemetry.off()

_LOGINS_PER_MINUTE = 20

# Nobody is left to read it; as nginx counts a client that went away.
GONE = 499


class Door:
    """Sends the API's paths to the API and all others onwards."""

    def __init__(self, app: ASGIApp, api: ASGIApp, settings: Settings) -> None:
        self._page = app
        self._api = api
        self._settings = settings
        self._logins = limits.Rate(_LOGINS_PER_MINUTE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._page(scope, receive, send)
        elif _is_ours(scope["path"]):
            await self._api(scope, receive, send)
        else:
            try:
                headers = Headers(scope=scope)
                limits.check_host(headers, self._settings)
                # Gradio lets in, with its cookies, every origin that comes this far.
                limits.check_origin(headers, (), "A proxy before the server must pass on Host.")
                if scope["method"] == "POST" and scope["path"].strip("/") == "login":
                    self._logins.check(scope)
            except ApiError as exc:
                await exc.response()(scope, receive, send)
            else:
                await self._page(scope, receive, send)


class Envelope:
    """Gives a request its id, and tells what became of it."""

    def __init__(self, app: ASGIApp, metrics: Metrics, telemetry: Telemetry) -> None:
        self._app = app
        self._metrics = metrics
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        telemetry = _UNTOLD if scope["path"] in _QUIET else self._telemetry
        with telemetry.request(scope["method"], Headers(scope=scope)) as traced:
            await self._carry(scope, receive, send, traced)

    async def _carry(
        self, scope: Scope, receive: Receive, send: Send, traced: Callable[[str, int, str], None]
    ) -> None:
        id = id_for(Headers(scope=scope).get("x-request-id"))
        status: int | None = None

        async def send_stamped(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = id
                headers["X-Content-Type-Options"] = "nosniff"
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        token = request_id.set(id)
        started = time.perf_counter()
        self._metrics.began()
        try:
            await self._app(scope, receive, send_stamped)
        except asyncio.CancelledError:
            logger.warning("cut off: the server stops")
            if status is None:
                message = "the server is stopping; ask again in a moment."
                await ApiError(503, "busy", message).response()(scope, receive, send_stamped)
        except Exception:
            logger.exception("a bug")
            if status is None:
                await internal(id).response()(scope, receive, send_stamped)
        finally:
            spent = time.perf_counter() - started
            route, told = _route(scope), status or GONE
            self._metrics.ended(route, told, spent)
            traced(route, told, id)
            fields = {
                "method": scope["method"],
                "route": route,
                "status": told,
                "ms": round(spent * 1000, 1),
                "client": named((scope.get("client") or (None,))[0]),
            }
            level = logging.DEBUG if route in _QUIET else logging.INFO
            logger.log(level, "request", extra=fields)
            request_id.reset(token)


class Guard:
    """Lets a request in, with its whole body, or answers why not."""

    def __init__(self, app: ASGIApp, settings: Settings, stopping: Event) -> None:
        self._app = app
        self._settings = settings
        self._stopping = stopping
        self._rate = limits.Rate(settings.rate_per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._check(scope, Headers(scope=scope))
            body = await self._body(scope, receive)
        except ApiError as exc:
            if exc.status == 413:
                await answer_unread(exc.response(), scope, receive, send)
            else:
                await exc.response()(scope, receive, send)
        else:
            if body is not None:
                await self._app(scope, replay(body, receive), send)

    def _check(self, scope: Scope, headers: Headers) -> None:
        settings = self._settings
        if self._stopping.is_set() and scope["path"] != "/healthz":
            message = "the server is stopping; ask again in a moment."
            raise ApiError(503, "busy", message, {"Retry-After": "2", "Connection": "close"})
        if scope["path"] in HEALTH:
            return
        limits.check_host(headers, settings)
        limits.check_origin(headers, settings.cors_origins, "Name it in QA_CORS_ORIGINS.")
        self._rate.check(scope)
        limits.check_key(headers, settings)

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        """The body; None when the client went away before its end."""
        most = self._settings.max_body_bytes
        try:
            return await read_body(scope, receive, most, self._settings.request_timeout_s)
        except BodyTooLargeError:
            advice = "Send a shorter question or history."
            message = f"the body may have {most} bytes at most. {advice}"
            raise ApiError(413, "too_large", message) from None
        except TimeoutError:
            raise ApiError(408, "timeout", "the body did not arrive in time.") from None


def _is_ours(path: str) -> bool:
    return path.startswith(tuple(f"{ours}/" for ours in PATHS)) or path in PATHS


def _route(scope: Scope) -> str:
    """The route's own path, never what a client wrote into it."""
    if scope["path"] in PATHS:
        return str(scope["path"])
    return str(getattr(scope.get("route"), "path", "other"))
