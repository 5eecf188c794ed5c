"""The doors for other programs: HTTP with JSON and events, OpenAI's protocol, and MCP.

    app         the routes and what stands around them, as one app; the page at /docs
    routes      the routes
    schemas     what goes in and comes out
    desk        every door's questions: checked, by the right worker, within their time
    worker      blocking work in threads; quotes never wait behind a language model
    streaming   server-sent events, and stopping when whoever asked is gone
    openai      answers as chat completions; `chat` is what goes into them, `titles` what chat
                programs ask beside it
    mcp         answers as tools of the Model Context Protocol
    guard       around the routes: names, keys, rates and sizes; ids, logs and counts
    limits      the rules that the guard asks
    errors      what went wrong, as JSON
    metrics     counts and times for Prometheus
    logs        the server's log

No request leaves the machine.
"""

from __future__ import annotations

from qa.server.api.app import add_routes, build

__all__ = ["add_routes", "build"]
