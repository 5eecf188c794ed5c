"""The page on a port: opened, announced, and taken down in order on Ctrl-C or SIGTERM.

Other routes may share the port. A stopping server takes nothing new and finishes answers and the
others' requests, within limits; tabs, which hold a connection open for ever, it does not wait for.
"""

from __future__ import annotations

import asyncio
import errno
import hmac
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING, Any, cast

import gradio as gr
import uvicorn
from fastapi import FastAPI
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from qa.conversations.store import Conversations
from qa.errors import SettingsError
from qa.server.http.root import UnderRoot
from qa.server.page.assets import looks
from qa.server.page.connections import Crowd, connections, most_connections
from qa.server.page.examples import Examples, first_questions
from qa.server.page.guard import PageGuard
from qa.server.page.owners import BrowserCookie, Owners
from qa.server.page.page import build_page
from qa.server.page.sharing import add_addresses
from qa.server.page.uploads import room
from qa.settings import Settings

if TYPE_CHECKING:
    from qa.assistant import Assistant

# How long a question waits for the reader when many ask at once, where the settings do not say.
_READ_PATIENCE_S = 0.5
# How long a stopping server waits for tabs.
_FAREWELL_S = 1
# Connections that the system keeps until the server takes them, all in one go.
_BACKLOG = 128

# Is given what is set when nothing new may be taken; returns how many requests to those routes are
# being answered, whenever it is asked.
AddRoutes = Callable[[FastAPI, "Assistant", Event], Callable[[], int]]


def serve(settings: Settings, *, add_routes: AddRoutes | None = None) -> None:
    """Open the assistant and serve its page until told to stop.

    Args:
        settings: index, models, host and port.
        add_routes: adds more to the same server, under paths of its own.

    Raises:
        QAError: there is no usable index, or the port is taken.
    """
    from qa.assistant import Assistant

    if settings.read_patience_s is None:
        settings = settings.model_copy(update={"read_patience_s": _READ_PATIENCE_S})
    with (
        closing(listen(settings.host, settings.port)) as port,
        Assistant.open(settings, wait_for_llm=False) as assistant,
    ):
        examples = first_questions(assistant, settings.corpus)
        launch(assistant, settings, examples=examples, add_routes=add_routes, port=port)


def launch(
    assistant: Assistant,
    settings: Settings,
    *,
    examples: Examples | None = None,
    add_routes: AddRoutes | None = None,
    port: socket.socket | None = None,
) -> None:
    """Serve the page of an open assistant until Ctrl-C or SIGTERM. Does not close it.

    Raises:
        SettingsError: the port is taken, or the host is not this machine's.
        ConversationsUnusable: conversations cannot be kept where they should be.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    keeps, logins = settings.keep != "nothing", bool(settings.passwords)
    conversations = Conversations.of(settings) if keeps else None
    visitors = Owners(logins=logins)
    page = build_page(assistant, examples or {}, conversations)
    stopping = Event()
    app.add_middleware(
        PageGuard,
        page=page,
        most_bytes=settings.max_body_bytes,
        most_sent=_most_sent(settings),
        room=lambda: room(settings, tuple(page.upload_file_set)),
        known=(lambda request: visitors.of_request(request) is not None) if logins else None,
        stopping=stopping,
    )
    if conversations is not None:
        app.add_middleware(BrowserCookie)
        add_addresses(app, conversations, visitors, assistant.article)
    others = add_routes(app, assistant, stopping) if add_routes is not None else lambda: 0
    app.add_middleware(UnderRoot, root=settings.root_path)
    app = mount_page(app, page, settings)
    with (
        closing(conversations) if conversations is not None else nullcontext(),
        closing(port or listen(settings.host, settings.port)) as listening,
    ):
        config = uvicorn.Config(
            app,
            log_config=None,
            backlog=_BACKLOG,
            log_level="warning",
            access_log=False,
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=_FAREWELL_S,
        )
        proxies = ProxyHeadersMiddleware(cast("Any", app), config.forwarded_allow_ips).trusted_hosts
        crowd = Crowd(most_connections(), settings.connections, proxies.__contains__)
        config.http = connections(crowd)
        announcement = f"Chat page: {address(listening)}"
        server = _Server(
            config,
            announcement,
            stopping,
            lambda: others() + assistant.running,
            settings.stop_timeout_s,
        )
        with _stopped_by_signals(server):
            server.run(sockets=[listening])


def mount_page(app: FastAPI, page: gr.Blocks, settings: Settings) -> FastAPI:
    """Put the page on an app, under every path that is not taken."""
    mounted: FastAPI = gr.mount_gradio_app(
        app,
        page,
        path="/",
        root_path=settings.root_path or None,
        auth=_auth(settings.passwords),
        footer_links=[],
        run_history=False,
        show_error=False,
        ssr_mode=False,
        # Gradio has an address for files whether or not the page takes any.
        max_file_size=_most_sent(settings),
        **looks(),
    )
    return mounted


def _most_sent(settings: Settings) -> int:
    """Most bytes in a file from the page; 0 when it takes none."""
    return settings.upload_bytes if settings.uploads else 0


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        SettingsError: with what to do about it.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OSError as exc:
        if exc.errno == errno.EADDRINUSE:
            advice = "stop the other program or set QA_PORT"
            raise SettingsError(f"port {port} is in use; {advice}.") from exc
        advice = "set QA_HOST and QA_PORT to an address of this machine"
        raise SettingsError(f"cannot listen on {host!r}, port {port}: {exc}; {advice}.") from exc


def address(listening: socket.socket) -> str:
    """The address to type into a browser on this machine."""
    host, port = listening.getsockname()[:2]
    # One that listens everywhere listens on this machine's own, of its kind.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  (not bound)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _auth(passwords: Mapping[str, str]) -> Callable[[str, str], bool] | None:
    """Whether a name and a password open the page; None when nobody is asked."""

    def known(name: str, password: str) -> bool:
        wanted = passwords.get(name, "")
        # Compared for a name that nobody has as well, so that it takes as long.
        return hmac.compare_digest(password.encode(), wanted.encode()) and name in passwords

    return known if passwords else None


class _Server(uvicorn.Server):
    """Says when it is up, finishes what runs, and leaves signals to us."""

    def __init__(
        self,
        config: uvicorn.Config,
        announcement: str,
        stopping: Event,
        running: Callable[[], int],
        stop_timeout_s: float,
    ) -> None:
        super().__init__(config)
        self._announcement = announcement
        self._stopping = stopping
        self._running = running
        self._stop_timeout_s = stop_timeout_s

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        sys.stdout.write(f"{self._announcement}\n")
        sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping.set()
        for server in self.servers:
            server.close()
        deadline = time.monotonic() + self._stop_timeout_s
        while self._running() and time.monotonic() < deadline and not self.force_exit:
            await asyncio.sleep(0.05)
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn's own handlers raise the signal again, before the assistant is closed.
        yield


@contextmanager
def _stopped_by_signals(server: uvicorn.Server) -> Iterator[None]:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        server.force_exit = server.should_exit  # a second one does not wait
        server.should_exit = True

    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, stop) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
