"""A tab of the page without a browser: Gradio's own protocol over HTTP."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx


class Tab:
    """A browser tab with a session of its own."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self.session = secrets.token_hex(6)
        config = client.get("/config").json()
        self.handlers = {item["api_name"]: item for item in config["dependencies"]}

    def call(self, name: str, *data: Any, **changed: Any) -> httpx.Response:
        """Join the queue for a handler; `changed` replaces fields of the body."""
        body = {
            "data": list(data),
            "fn_index": self.handlers[name]["id"],
            "session_hash": self.session,
            **changed,
        }
        headers = {"Content-Type": "application/json"}  # escaped, so that any string can be sent
        url = "/gradio_api/queue/join"
        return self._client.post(url, content=json.dumps(body), headers=headers)

    @contextmanager
    def ask(self, question: str, **told: Any) -> Iterator[Iterator[dict[str, Any]]]:
        """Ask what is typed, as the page's script tells it; gives the messages."""
        known = {"filters": {}, "talk": "", "language": "en", "characters": len(question)}
        joined = self.call("ask", question, json.dumps({**known, **told}))
        with self.messages(joined) as messages:
            yield messages

    @contextmanager
    def do(self, what: str, **more: Any) -> Iterator[Iterator[dict[str, Any]]]:
        """Click what has this `data-do`; gives the messages."""
        with self.messages(self.call("act", event_data={"do": what, **more})) as messages:
            yield messages

    @contextmanager
    def messages(self, joined: httpx.Response) -> Iterator[Iterator[dict[str, Any]]]:
        """What comes of a call that joined the queue, to its end."""
        assert joined.status_code == 200, joined.text
        told = {"session_hash": self.session}
        with self._client.stream("GET", "/gradio_api/queue/data", params=told) as stream:
            yield _read(stream)


def _read(stream: httpx.Response) -> Iterator[dict[str, Any]]:
    for line in stream.iter_lines():
        if line.startswith("data: "):
            message = json.loads(line.removeprefix("data: "))
            yield message
            if message["msg"] == "process_completed":
                return


def seen(message: dict[str, Any]) -> str:
    """All that a message shows."""
    return json.dumps(message, ensure_ascii=False)
