"""Connections that ask slowly, or nothing, shut nobody out."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from fastapi import FastAPI

from qa.server.page.connections import Crowd, connections
from tests.server.api.servers import served
from tests.server.api.test_worker import until


async def nothing(scope, receive, send) -> None:
    """An app that answers everything with nothing."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@contextmanager
def server(
    most: int = 1000, most_of_one: int = 1000, proxies: tuple[str, ...] = (), head_s: float = 60
) -> Iterator[httpx.URL]:
    """A server that answers everything with nothing."""
    app = FastAPI()
    app.mount("/", nothing)
    http = connections(Crowd(most, most_of_one, proxies.__contains__), head_s)
    with served(app, http=http) as address:
        yield httpx.URL(address)


def connected(address: httpx.URL, sent: bytes = b"", here: str = "127.0.0.1") -> socket.socket:
    """A connection from an address of this machine, on which this was sent."""
    connection = socket.create_connection(
        (address.host, address.port or 0), timeout=20, source_address=(here, 0)
    )
    connection.sendall(sent)
    return connection


def closed(connection: socket.socket) -> bool:
    """Whether the server has closed it."""
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


HALF = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
WHOLE = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@pytest.mark.parametrize("sent", [b"", HALF, WHOLE + HALF], ids=["nothing", "half", "second"])
def test_a_connection_without_a_whole_head_is_closed(sent: bytes):
    with server(head_s=0.5) as address, connected(address, sent) as slow:
        slow.settimeout(20)
        received = b""
        while piece := slow.recv(1000):
            received += piece
        assert received.count(b"HTTP/1.1 204") == sent.count(WHOLE)


def test_a_head_that_is_dripped_is_closed_as_well():
    """Each byte once put the end off."""
    with server(head_s=1) as address, connected(address, HALF) as slow:
        slow.settimeout(0.2)

        def gone() -> bool:
            try:
                slow.sendall(b"a")
                return slow.recv(1) == b""
            except TimeoutError:
                return False
            except OSError:
                return True

        until(gone)


def test_a_head_has_an_end():
    with server() as address, connected(address, HALF + b"a" * 200_000) as endless:
        assert endless.recv(100).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("proxies", [(), ("127.0.0.1",)], ids=["alone", "through a proxy"])
def test_fifty_slow_clients_leave_room_for_an_ordinary_one(proxies: tuple[str, ...]):
    """They are those of one address, or of one proxy, and more than there may be."""
    limits = (20, 1000) if proxies else (1000, 20)
    with server(*limits, proxies) as address, ExitStack() as stack:
        slow = [stack.enter_context(connected(address, HALF)) for _ in range(50)]
        until(lambda: sum(map(closed, slow)) >= 30)
        assert not any(map(closed, slow[-19:])), "the oldest make room"
        with httpx.Client(base_url=address, timeout=20) as client:
            for _ in range(3):
                assert client.get("/").status_code == 204


def test_the_limit_of_an_address_is_no_others():
    with server(most_of_one=2) as address, ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(connected(address, HALF))
        other = stack.enter_context(connected(address, here="127.0.0.2"))
        stack.enter_context(connected(address, HALF))
        other.sendall(WHOLE)
        assert other.recv(100).startswith(b"HTTP/1.1 204")


def test_who_is_answered_is_not_closed_for_another():
    body = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\n"

    begun = []

    async def read(scope, receive, send) -> None:
        begun.append(scope)
        while (await receive()).get("more_body"):
            pass
        await nothing(scope, receive, send)

    app = FastAPI()
    app.mount("/", read)
    http = connections(Crowd(1000, 2, lambda address: False))
    with served(app, http=http) as url, ExitStack() as stack:
        address = httpx.URL(url)
        working = [stack.enter_context(connected(address, body)) for _ in range(2)]
        until(lambda: len(begun) == 2)
        assert refused(address)
        for connection in working:
            connection.sendall(b"hello")
            assert connection.recv(100).startswith(b"HTTP/1.1 204")


def refused(address: httpx.URL) -> bool:
    """Whether a new connection is closed without an answer."""
    with connected(address) as late:
        try:
            late.sendall(WHOLE)
            return late.recv(100) == b""
        except OSError:
            return True
