"""Connections: as many as the process can hold, and none that stays without asking.

uvicorn alone keeps a connection that never says what it wants, and takes more of them than the
process has descriptors, which shuts everybody out. Here a request's head has to come within some
seconds, and where there are too many connections, of one address or in all, the one that has gone
longest without a request makes room. Only where all of them are being answered is a new one
refused. What a head may hold is limited by h11 (16 kB).
"""

from __future__ import annotations

import asyncio
import logging
import resource
import time
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from qa.server.http.client import client_of

log = logging.getLogger(__name__)

HEAD_S = 10.0
# Left for the index, the models, files that are sent, and what else the process opens.
_OTHER_FILES = 200
_FEWEST, _MOST = 32, 1000
_TOLD_EVERY_S = 60.0


def most_connections() -> int:
    """How many the process can hold, by its limit of open files."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return _MOST
    return max(_FEWEST, min(_MOST, files - _OTHER_FILES))


class Crowd:
    """The open connections of a server.

    Args:
        most: in all.
        most_of_one: of one address, unless it is a proxy's, which brings many people's.
        is_proxy: whether an address is one whose word on the client's is taken.
    """

    def __init__(self, most: int, most_of_one: int, is_proxy: Callable[[str], bool]) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._is_proxy = is_proxy
        self._open: dict[Connection, str] = {}
        self._closed = 0
        self._told = float("-inf")

    def enter(self, connection: Connection) -> None:
        """Count a new one, and close as many as are too many; maybe itself."""
        host = (connection.client or ("",))[0]
        address = client_of(host)
        self._open[connection] = address
        of_one = [other for other, of in self._open.items() if of == address]
        if not self._is_proxy(host) and len(of_one) > self._most_of_one:
            self._make_room(of_one, connection)
        elif len(self._open) > self._most:
            self._make_room(list(self._open), connection)

    def leave(self, connection: Connection) -> None:
        """It is closed."""
        self._open.pop(connection, None)

    def tell(self, closed: int, why: str) -> None:
        """Log how many were closed, once a minute at most."""
        self._closed += closed
        if time.monotonic() - self._told >= _TOLD_EVERY_S:
            self._told = time.monotonic()
            log.warning("%d connections closed: %s", self._closed, why)
            self._closed = 0

    def _make_room(self, among: list[Connection], new: Connection) -> None:
        idle = [other for other in among if other.idle and other is not new]
        gone = min(idle, key=lambda other: other.since, default=new)
        self.leave(gone)
        gone.end()
        self.tell(1, "too many are open")


class Connection(H11Protocol):
    """A connection that is closed unless a whole head comes in time.

    Attributes:
        since: when it was opened, or its latest answer ended.
    """

    crowd: Crowd
    head_s = HEAD_S

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()
        self.crowd.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._late.cancel()
        self.crowd.leave(self)
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        self._late.cancel()
        self._await_head()
        super().on_response_complete()

    @property
    def idle(self) -> bool:
        """Whether no request is being read or answered, but for an unfinished head."""
        return self.cycle is None or self.cycle.response_complete

    def end(self) -> None:
        """Close it without a word, for it has asked nothing."""
        self.transport.close()

    def _await_head(self) -> None:
        self.since = time.monotonic()
        self._late = self.loop.call_later(self.head_s, self._too_late)

    def _too_late(self) -> None:
        if self.idle:
            self.end()
            self.crowd.tell(1, "no whole request came in time")


def connections(crowd: Crowd, head_s: float = HEAD_S) -> type[Connection]:
    """What uvicorn is to make of each connection."""
    made: dict[str, Any] = {"crowd": crowd, "head_s": head_s}
    return type("Connection", (Connection,), made)
