"""The API as an app: its routes and what stands around them.

`build` makes it over an open assistant; `add_routes` puts it on a server that has other pages too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.resources import files
from threading import Event

import jinja2
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from starlette.middleware.cors import CORSMiddleware

import qa
from qa.assistant import Assistant
from qa.server.api import errors, mcp, routes
from qa.server.api.desk import Desk
from qa.server.api.guard import Door, Envelope, Guard
from qa.server.api.metrics import Metrics

_DESCRIPTION = (
    "Answers questions about news from the articles it is given, in French and English, and shows "
    'the exact sentence each answer rests on. Every error is `{"error": {"type", "message"}}`.'
)
# FastAPI's own page at /docs loads scripts from a content network; ours has none.
_DOCS_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Referrer-Policy": "no-referrer",
}


def build(assistant: Assistant, stopping: Event | None = None) -> FastAPI:
    """The API over an open assistant. `app.state.metrics` knows how many requests run.

    Args:
        assistant: is not closed here.
        stopping: once set, nothing new is taken.
    """
    settings = assistant.settings
    metrics = Metrics()
    desk = Desk(assistant, metrics)
    tools = mcp.server(desk)
    tool_routes = mcp.over_http(tools, settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with tools.session_manager.run():
            yield
        await desk.drain()

    app = FastAPI(
        title="qa",
        version=qa.__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        servers=[{"url": settings.root_path}] if settings.root_path else None,
        lifespan=lifespan,
        exception_handlers=dict.fromkeys(errors.KNOWN, errors.handle),
    )
    app.state.metrics = metrics
    for router in (routes.answering, routes.openai_compatible, routes.operating):
        app.include_router(router(desk))
    app.router.routes.extend(tool_routes)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        template = files("qa.server.api").joinpath("docs.html").read_text(encoding="utf-8")
        page = jinja2.Environment(autoescape=True).from_string(template).render(app.openapi())
        return HTMLResponse(page, headers=_DOCS_HEADERS)

    # The last added stands outermost.
    app.add_middleware(Guard, settings=settings, stopping=stopping or Event())
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["*"],  # OpenAI's client sends a dozen of its own, and MCP's some
            expose_headers=["X-Request-ID", "Retry-After", "Mcp-Session-Id"],
        )
    app.add_middleware(Envelope, metrics=metrics, telemetry=assistant.telemetry)
    return app


def add_routes(app: FastAPI, assistant: Assistant, stopping: Event) -> Callable[[], int]:
    """Put the API on a server, beside whatever it serves. Once `stopping`, nothing new is taken.

    Returns:
        How many of the API's requests are being answered just now.
    """
    api = build(assistant, stopping)
    app.add_middleware(Door, api=api, settings=assistant.settings)
    outer = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with outer(app), api.router.lifespan_context(api):
            yield

    app.router.lifespan_context = lifespan
    return lambda: api.state.metrics.running
