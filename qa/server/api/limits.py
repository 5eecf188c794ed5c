"""Who may come in, and how often: names, origins, keys, rates. `guard` asks."""

from __future__ import annotations

import hmac
import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from qa.server.api.errors import ApiError
from qa.server.http.client import client_of
from qa.settings import Settings

_MOST_CLIENTS = 10_000


class Rate:
    """A bucket for each client: it holds a minute's requests and fills up again evenly.

    The clients that have been quiet longest are forgotten when there are too many.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def check(self, scope: Scope) -> None:
        """Count a request.

        Raises:
            ApiError: 429, its client asks too often.
        """
        wait = self.take(client_of((scope.get("client") or (None,))[0]))
        if wait:
            seconds = str(max(1, math.ceil(wait)))
            message = f"too many requests; ask again in {seconds} s."
            raise ApiError(429, "too_many_requests", message, {"Retry-After": seconds})

    def take(self, client: str) -> float:
        """The seconds that its request has to wait; 0 when it may come now, and counts."""
        if not self._per_minute:
            return 0.0
        per_second = self._per_minute / 60
        now = self._clock()
        left, seen = self._buckets.pop(client, (float(self._per_minute), now))
        left = min(self._per_minute, left + (now - seen) * per_second)
        allowed = left >= 1
        self._buckets[client] = (left - 1 if allowed else left, now)
        if len(self._buckets) > _MOST_CLIENTS:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - left) / per_second


def check_key(headers: Headers, settings: Settings) -> None:
    """Where there is a key, it is sent as `Authorization: Bearer KEY` or `X-API-Key: KEY`.

    Takes as long for a wrong key as for the right one.

    Raises:
        ApiError: 401.
    """
    if settings.api_key is None:
        return
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    given = bearer.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
    wanted = settings.api_key.get_secret_value()
    if not hmac.compare_digest(given.encode(), wanted.encode()):
        message = "send the server's key, as `Authorization: Bearer KEY`."
        raise ApiError(401, "unauthorized", message, {"WWW-Authenticate": "Bearer"})


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server bound to `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_host(headers: Headers, settings: Settings) -> None:
    """The server must be addressed by a name of its own.

    A page of another site that makes its name point to this machine (DNS rebinding) is told by
    the name it still uses.

    Raises:
        ApiError: 421.
    """
    try:
        address = urlsplit(f"//{headers.get('host', '')}")
        name, _ = address.hostname, address.port  # of which [ and :x have none
    except ValueError:
        name = None
    if settings.allowed_hosts:
        known = name in {host.lower() for host in settings.allowed_hosts}
    elif is_loopback(settings.host):
        known = name is not None and (name == settings.host.lower() or is_loopback(name))
    else:
        known = bool(name)
    if not known:
        message = "the server is not known by this name. Name it in QA_ALLOWED_HOSTS."
        raise ApiError(421, "wrong_host", message)


def check_origin(headers: Headers, allowed: Collection[str], advice: str) -> None:
    """No web page may ask, or one of this server, or one of an allowed origin; `*` allows all.

    Raises:
        ApiError: 403, with the advice.
    """
    origin, host = headers.get("origin"), headers.get("host")
    own = (None, f"http://{host}", f"https://{host}")
    if not (origin in own or origin in allowed or "*" in allowed):
        message = f"pages of this origin may not come here. {advice}"
        raise ApiError(403, "forbidden_origin", message)


def exposed(settings: Settings) -> str | None:
    """What anybody on the network can reach, in words; None when nothing is left open."""
    if is_loopback(settings.host):
        return None
    doors = {
        "the page (QA_LOGINS closes it)": settings.logins,
        "the API (QA_API_KEY closes it)": settings.api_key,
    }
    left = " and ".join(door for door, closed in doors.items() if closed is None)
    reach = f"listening on {settings.host}: whoever reaches this machine can use {left}."
    return reach if left else None
