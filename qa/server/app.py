"""The server as a program: its log, its warnings, page and API on one port."""

from __future__ import annotations

import logging

from qa.server.api import logs
from qa.server.api.limits import exposed
from qa.settings import Settings

logger = logging.getLogger(__name__)


def serve(settings: Settings) -> None:
    """Serve the chat page and the API until told to stop.

    Raises:
        QAError: there is no usable index, or the port is taken.
    """
    from qa.server import page
    from qa.server.api.app import add_routes

    logs.configure(settings.log_format)
    warning = exposed(settings)
    if warning:
        logger.warning("%s", warning)
    page.serve(settings, add_routes=add_routes)


def serve_tools(settings: Settings) -> None:
    """Serve the tools of the Model Context Protocol over standard input and output.

    Raises:
        QAError: there is no usable index.
    """
    import anyio

    from qa.assistant import Assistant
    from qa.server.api.desk import Desk
    from qa.server.api.mcp import server
    from qa.server.api.metrics import Metrics

    logs.configure(settings.log_format)
    with Assistant.open(settings, wait_for_llm=False) as assistant:
        anyio.run(server(Desk(assistant, Metrics())).run_stdio_async)
