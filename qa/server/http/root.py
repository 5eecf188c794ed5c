"""Where a proxy serves page and API under a path of its own, such as `/news`.

Everything behind this knows its addresses without that path, whether or not the proxy took it off.
"""

from __future__ import annotations

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class UnderRoot:
    """Takes the path off each request's address. Plain ASGI.

    Args:
        app: whatever is served.
        root: the path, as `/news`; empty where there is none.
    """

    def __init__(self, app: ASGIApp, root: str) -> None:
        self._app = app
        self._root = root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if self._root and path == self._root:
            # What the page asks for counts from its own address.
            await RedirectResponse(f"{self._root}/")(scope, receive, send)
            return
        if self._root and path.startswith(f"{self._root}/"):
            raw = scope["raw_path"].removeprefix(self._root.encode())
            scope = {**scope, "path": path.removeprefix(self._root), "raw_path": raw}
        await self._app(scope, receive, send)
