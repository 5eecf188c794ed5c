"""Owners: whose conversations a request may see.

Where the settings name logins, it is the login's name. Elsewhere it is a random id in a cookie
that no script reads and no other site sends; only its hash is kept, so that the file of
conversations opens nobody's. A request without either has nobody's conversations.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import Any

import gradio as gr
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.server.http.client import client_of

COOKIE = "qa-browser"
_ID = re.compile(r"[\w-]{43}", re.ASCII)
_YEAR_S = 365 * 24 * 3600


class Owners:
    """Tells who asks.

    Args:
        logins: whether people log in.
    """

    def __init__(self, *, logins: bool) -> None:
        self.logins = logins

    def of_event(self, request: gr.Request) -> str | None:
        """The owner for an event of the page."""
        if self.logins:
            return _login(getattr(request, "username", None))
        return _browser(getattr(request, "cookies", {}))

    def source_of_event(self, request: gr.Request) -> str:
        """Whom to hold to account for an event: the login, else the address.

        Ids in cookies are for whoever wants many.
        """
        login = self.of_event(request) if self.logins else None
        client = getattr(request, "client", None)
        return login or client_of(client.host if client else None)

    def of_request(self, request: Request) -> str | None:
        """The owner for an address of the same server."""
        if self.logins:
            return _login(_logged_in(request))
        return _browser(request.cookies)


def _login(name: str | None) -> str | None:
    return f"login:{name}" if name else None


def _browser(cookies: Any) -> str | None:
    id = cookies.get(COOKIE)
    if not isinstance(id, str) or not _ID.fullmatch(id):
        return None
    return f"browser:{hashlib.sha256(id.encode()).hexdigest()}"


def _logged_in(request: Request) -> str | None:
    """The name that Gradio knows for a request, as its own routes tell it."""
    mounted = (route.app for route in request.app.routes if isinstance(route, Mount))
    page: Any = next(app for app in mounted if isinstance(app, gr.routes.App))
    names = (f"access-token-{page.cookie_id}", f"access-token-unsecure-{page.cookie_id}")
    tokens: Mapping[str, str] = page.tokens
    known = (tokens.get(request.cookies.get(name, "")) for name in names)
    return next((name for name in known if name), None)


class BrowserCookie:
    """Gives a browser its id when it opens the page, and a year more each time it does."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] != "/":
            await self._app(scope, receive, send)
            return
        given = Request(scope).cookies.get(COOKIE, "")
        id = given if _ID.fullmatch(given) else secrets.token_urlsafe(32)

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                cookie = _cookie(id, secure=scope["scheme"] == "https")
                MutableHeaders(scope=message).append("Set-Cookie", cookie)
            await send(message)

        await self._app(scope, receive, send_with_cookie)


def _cookie(id: str, *, secure: bool) -> str:
    response = Response()
    # Lax, not strict: whoever comes by a link from elsewhere is still the same browser.
    flags: dict[str, Any] = {"httponly": True, "samesite": "lax", "secure": secure}
    response.set_cookie(COOKIE, id, max_age=_YEAR_S, **flags)
    return response.headers["set-cookie"]
