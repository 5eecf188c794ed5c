"""Side by side: quotes never wait behind a model, and who leaves stops what ran for him."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from qa.search.retriever import HybridRetriever
from qa.server.api import desk
from qa.server.api.errors import ApiError
from qa.server.api.worker import Worker
from tests.fakes import Scripted
from tests.server.api.conftest import Open, Serve
from tests.server.api.servers import ASKED
from tests.server.api.test_refusals import error
from tests.server.api.test_routes import events

LONG = "word " * 2000


def until(true: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for it, and fail when it does not come."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


async def settled() -> None:
    """Until each task has come as far as it can without a thread."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_what_work_returns_or_raises_comes_back():
    async def both() -> None:
        lane = Worker("test", at_once=1, waiting=1)
        assert await lane.call(lambda: threading.current_thread().name) == "qa-test"
        with pytest.raises(ZeroDivisionError):
            await lane.call(lambda: 1 // 0)
        assert [n async for n in lane.stream(lambda: iter(range(3)))] == [0, 1, 2]
        assert await lane.drain(1)

    asyncio.run(both())


def test_a_lane_has_an_end():
    async def crowd() -> None:
        lane = Worker("test", at_once=1, waiting=1)
        go = threading.Event()
        running = [asyncio.create_task(lane.call(go.wait)) for _ in range(2)]
        await settled()
        with pytest.raises(ApiError, match="2 requests") as raised:
            await lane.call(lambda: None)
        assert (raised.value.status, raised.value.headers) == (503, {"Retry-After": "2"})
        running[1].cancel()  # who leaves the line makes room in it
        await settled()
        running.append(asyncio.create_task(lane.call(lambda: True)))
        assert not await lane.drain(0.05)
        go.set()
        assert [await running[0], await running[2]] == [True, True]

    asyncio.run(crowd())


def test_a_place_is_free_only_when_its_thread_has_ended():
    """Else slow work that nobody waits for any more would pile up."""

    async def leave() -> None:
        lane = Worker("test", at_once=1, waiting=0)
        go, closed = threading.Event(), threading.Event()

        def slow() -> Iterator[int]:
            try:
                yield 1
                go.wait(10)
                yield 2
            finally:
                closed.set()

        stream = lane.stream(slow)
        assert await anext(stream) == 1
        await stream.aclose()
        with pytest.raises(ApiError):
            await lane.call(lambda: None)
        go.set()
        assert await lane.drain(5)
        assert closed.is_set()
        assert await lane.call(lambda: 3) == 3

    asyncio.run(leave())


class Panic(BaseException):
    """As a library written in Rust raises it: no Exception."""


def panic(*_: object, **__: object) -> None:
    """What a damaged index does to a search."""
    raise Panic("range end index 7 out of range")


def test_a_thread_that_cannot_be_started_takes_no_place(monkeypatch: pytest.MonkeyPatch):
    async def starve() -> None:
        lane = Worker("test", at_once=1, waiting=0)
        with monkeypatch.context() as patched:

            def fail(_: threading.Thread) -> None:
                raise RuntimeError("can't start new thread")

            patched.setattr(threading.Thread, "start", fail)
            with pytest.raises(RuntimeError, match="new thread"):
                await lane.call(lambda: 3)
        assert await lane.call(lambda: 3) == 3

    asyncio.run(starve())


def test_requests_that_panic_leave_the_others_their_places(
    open_api: Open, monkeypatch: pytest.MonkeyPatch
):
    """Four of them once locked the API for good."""
    api = open_api(request_timeout_s=10)
    with monkeypatch.context() as patched:
        patched.setattr(HybridRetriever, "find", panic)
        for _ in range(6):
            error(api.post("/v1/ask", json={"question": ASKED}), 500, "internal")
    assert api.post("/v1/ask", json={"question": ASKED}).status_code == 200


def test_a_stream_that_is_left_before_its_first_event_gives_its_place_back(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(desk, "_QUICK", 1)
    monkeypatch.setattr(desk, "_WAITING", 1)
    go = threading.Event()
    found = HybridRetriever.find

    def wait(*args: Any, **kwargs: Any) -> Any:
        assert go.wait(20)
        return found(*args, **kwargs)

    monkeypatch.setattr(HybridRetriever, "find", wait)
    body = {"question": ASKED, "stream": True}
    with ThreadPoolExecutor(1) as pool, httpx.Client(base_url=serve(), timeout=30) as client:
        first = pool.submit(client.post, "/v1/ask", json=body)
        running = "qa_requests_running {}.0"  # beside the one that asks
        until(lambda: running.format(2) in client.get("/metrics").text)
        for _ in range(3):
            with pytest.raises(httpx.ReadTimeout):
                client.post("/v1/ask", json=body, timeout=0.5)
            until(lambda: running.format(2) in client.get("/metrics").text)
        go.set()
        assert events(first.result().text)[-1][0] == "final"


def test_quotes_do_not_wait_behind_a_language_model(serve: Serve):
    model = Scripted(reply=LONG, pause_s=0.01)
    address = serve(model)
    with ThreadPoolExecutor(6) as pool, httpx.Client(base_url=address, timeout=30) as client:
        for _ in range(6):
            pool.submit(client.post, "/v1/ask", json={"question": ASKED}, timeout=6)
        until(lambda: len(model.asked) == 2)
        quoted = client.post("/v1/ask", json={"question": ASKED, "answerer": "extractive"})
        assert quoted.json()["answerer"] == "extractive"
        assert client.get("/v1/articles/pont").status_code == 200
        # Both places of the model are still taken, and four wait for them.
        assert (len(model.asked), model.closed) == (2, False)


def test_who_waits_for_the_model_has_the_quotes_and_knows_the_place(serve: Serve):
    model = Scripted(reply=LONG, pause_s=0.01)
    asked = {"question": ASKED, "stream": True}
    with ThreadPoolExecutor(3) as pool, httpx.Client(base_url=serve(model), timeout=30) as client:
        for number in (1, 2):
            pool.submit(client.post, "/v1/ask", json={"question": ASKED}, timeout=3)
            until(lambda number=number: len(model.asked) == number)  # type: ignore[misc]
        with client.stream("POST", "/v1/ask", json=asked) as answer:
            lines = answer.iter_lines()
            assert next(lines) == "event: evidence"
            assert json.loads(next(lines).removeprefix("data: "))["citations"]
            assert [next(lines) for _ in range(3)][1:] == ["event: waiting", 'data: {"place": 1}']
            # The others give up, and it is this one's turn.
            following = next(line for line in lines if line.startswith("event: "))
            assert following == "event: text"


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("path", ["/v1/ask", "/v1/chat/completions"])
def test_closing_the_connection_stops_the_model(serve: Serve, path: str, stream: bool):
    model = Scripted(reply=LONG, pause_s=0.02)
    message = {"role": "user", "content": ASKED}
    bodies = {
        "/v1/ask": {"question": ASKED, "stream": stream},
        "/v1/chat/completions": {"model": "qa-auto", "messages": [message], "stream": stream},
    }
    with httpx.Client(base_url=serve(model)) as client:
        if stream:
            with client.stream("POST", path, json=bodies[path]) as answer:
                lines = answer.iter_lines()  # which closes the connection when it is forgotten
                assert next(lines)
                until(lambda: len(model.said) > 3)
        else:
            with pytest.raises(httpx.ReadTimeout):
                client.post(path, json=bodies[path], timeout=1)
            assert model.said
    until(lambda: model.closed)
    assert len(model.said) < 1000


def test_what_takes_too_long_is_told(open_api: Open):
    model = Scripted(reply=LONG, pause_s=0.02)
    api = open_api(model, request_timeout_s=2)
    started = time.monotonic()
    assert "2 s" in error(api.post("/v1/ask", json={"question": ASKED}), 504, "timeout")
    said = api.post("/v1/ask", json={"question": ASKED, "stream": True})
    assert time.monotonic() - started < 15
    name, data = events(said.text)[-1]
    assert (name, data["error"]["type"]) == ("error", "timeout")
    until(lambda: model.closed)
