"""Page and API as one program on one port: `qa serve` but for the models."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests import ROOT
from tests.server.api.servers import ASKED
from tests.server.api.test_refusals import error
from tests.server.api.test_routes import events
from tests.server.api.test_worker import until
from tests.tab import Tab, seen

SLOWLY = f"{ASKED} slowly"


@dataclass
class Program:
    """A running server."""

    process: subprocess.Popen[str]
    client: httpx.Client
    log: list[str] = field(default_factory=list)

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@contextmanager
def program(index: Path, **settings: str) -> Iterator[Program]:
    """The server, once it says that it is up."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.server.api.program", "serve", str(index)],
        cwd=ROOT,
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stderr
    log: list[str] = []
    reading = threading.Thread(target=lambda: log.extend(process.stderr or ()), daemon=True)
    reading.start()
    with process.stdout, process.stderr:
        try:
            line = process.stdout.readline()
            assert line.startswith("Chat page: "), log
            address = line.removeprefix("Chat page: ").strip()
            with httpx.Client(base_url=address, timeout=30) as client:
                running = Program(process, client, log)
                until_ready(client)
                yield running
        finally:
            process.terminate()
            process.wait(20)
            reading.join(5)


def until_ready(client: httpx.Client) -> None:
    """Until the language model has joined."""
    until(lambda: client.get("/readyz").json()["llm"]["state"] == "ready", 20)


def until_running(client: httpx.Client, number: int) -> None:
    """Until so many requests are being answered, beside the one that asks."""
    line = f"qa_requests_running {number + 1}.0"
    until(lambda: line in client.get("/metrics").text.splitlines())


def test_page_and_api_share_a_port_and_stop_in_order(built: Path):
    with program(built, QA_LOG_FORMAT="json") as running, ThreadPoolExecutor() as pool:
        client = running.client
        page = client.get("/")
        assert page.headers["content-type"].startswith("text/html")
        assert "gradio" in page.text
        asked = client.post("/v1/ask", json={"question": ASKED}, headers={"X-Request-ID": "one"})
        assert asked.json()["answerer"] == "generative"
        assert "allow" in client.get("/v1/ask").headers
        rebound = client.get("/", headers={"Host": "evil.example"})
        error(rebound, 421, "wrong_host")

        body = {"question": SLOWLY, "stream": True}
        slow = pool.submit(client.post, "/v1/ask", json={"question": SLOWLY})
        streamed = pool.submit(client.post, "/v1/ask", json=body)
        until_running(client, 2)
        assert running.stop() == 0
        assert slow.result().json()["answerer"] == "generative"
        assert events(streamed.result().text)[-1][0] == "final"
    lines = [json.loads(line) for line in running.log]
    told = [line for line in lines if line["message"] == "request" and line["status"] == 200]
    assert [line["route"] for line in told] == ["/v1/ask"] * 3
    assert told[0]["request_id"] == "one"
    assert "Kervalec" not in "".join(running.log)


def test_a_stopping_server_finishes_the_page_s_answer_and_takes_nothing_new(built: Path):
    """A connection that is kept open could once ask on until the time was over."""
    with program(built, QA_LOG_FORMAT="json") as running, ExitStack() as stack:
        base = running.client.base_url
        clients = [stack.enter_context(httpx.Client(base_url=base, timeout=30)) for _ in range(3)]
        kept, ready, alive = clients
        answer = stack.enter_context(Tab(running.client).ask(SLOWLY))
        next(message for message in answer if "writing" in seen(message))
        for client in clients:
            client.get("/healthz")
        running.process.send_signal(signal.SIGTERM)
        until(lambda: ready.get("/readyz").status_code == 503)
        assert alive.get("/healthz").status_code == 200
        late = kept.post("/v1/ask", json={"question": ASKED, "answerer": "extractive"})
        assert "stopping" in error(late, 503, "busy")
        assert late.headers["connection"] == "close"
        *_, last = answer
        assert last["success"]
        assert "final" in seen(last)
        assert running.process.wait(20) == 0
    lines = [json.loads(line) for line in running.log]
    (told,) = [line for line in lines if line["message"] == "answer"]
    assert (told["answerer"], told["abstained"], told["outcome"]) == ("generative", False, "final")
    assert told["request_id"]
    assert "Kervalec" not in "".join(running.log)


def test_ten_people_at_once_have_their_quotes_at_once_and_see_their_place(built: Path):
    """Two are answered by the language model; nobody else's quotes wait for it, on page or API."""
    with program(built) as running, ExitStack() as stack:
        client = running.client
        tabs = []  # an iterator that nobody has any more closes its connection
        for _ in range(2):
            answer = stack.enter_context(Tab(client).ask(f"{ASKED} very slowly"))
            tabs.append(answer)
            next(message for message in answer if "writing" in seen(message))
        started = time.monotonic()
        for place in range(1, 9):
            answer = stack.enter_context(Tab(client).ask(ASKED))
            tabs.append(answer)
            shown = next(message for message in answer if "place in line" in seen(message))
            assert f"place in line: {place}" in seen(shown)
        greeted = stack.enter_context(Tab(client).ask("Hello!"))
        assert [*greeted][-1]["success"]
        quoted = client.post("/v1/ask", json={"question": ASKED, "answerer": "extractive"})
        assert quoted.json()["answerer"] == "extractive"
        assert time.monotonic() - started < 8, "somebody waited for the two"


def test_an_open_server_says_so_asks_who_comes_and_does_not_wait_for_ever(built: Path):
    settings = {"QA_HOST": "0.0.0.0", "QA_LOGINS": "ann:tulip", "QA_STOP_TIMEOUT_S": "0.3"}
    with program(built, **settings) as running, ThreadPoolExecutor() as pool:
        client = running.client
        assert client.get("/config").status_code == 401
        call = {"data": [ASKED, "{}"], "fn_index": 0, "session_hash": "x"}
        assert client.post("/gradio_api/queue/join", json=call).status_code == 401
        for name, password in (("ann", "rose"), ("bob", "tulip"), ("bob", "")):
            wrong = client.post("/login", data={"username": name, "password": password})
            assert wrong.status_code in (400, 422)
        right = client.post("/login", data={"username": "ann", "password": "tulip"})
        assert right.json() == {"success": True}
        assert client.get("/config").status_code == 200
        statuses = {client.post("/login", data={"username": "a"}).status_code for _ in range(20)}
        assert 429 in statuses

        slow = pool.submit(client.post, "/v1/ask", json={"question": f"{ASKED} very slowly"})
        until_running(client, 1)
        started = time.monotonic()
        assert running.stop() == 0
        assert time.monotonic() - started < 8
        assert slow.exception() or slow.result().status_code >= 500
    log = "".join(running.log)
    assert "whoever reaches this machine can use the API (QA_API_KEY closes it)." in log
    assert "Traceback" not in log
