"""Who may come in, and how often: names, origins, keys, rates, sizes. Pure rules, no HTTP.

Knows nothing about requests: `guard` asks, and answers for it.
"""

from __future__ import annotations

import hmac
import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from urllib.parse import urlsplit

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

    def take(self, client: str) -> float:
        """Count a request. The seconds to wait before it may come; 0 when it may come now."""
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


def retry_after(seconds: float) -> str:
    """The value of the header: whole seconds, at least one."""
    return str(max(1, math.ceil(seconds)))


def right_key(wanted: str, authorization: str | None, x_api_key: str | None) -> bool:
    """Whether a request carries the key, as `Authorization: Bearer KEY` or `X-API-Key: KEY`.

    Takes as long for a wrong key as for the right one.
    """
    scheme, _, bearer = (authorization or "").partition(" ")
    given = bearer.strip() if scheme.lower() == "bearer" else (x_api_key or "")
    return hmac.compare_digest(given.encode(), wanted.encode())


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server bound to `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def known_host(header: str | None, settings: Settings) -> bool:
    """Whether the server is addressed by a name of its own.

    A page of another site that makes its name point to this machine (DNS rebinding) is told by
    the name it still uses.
    """
    name = urlsplit(f"//{header or ''}").hostname if _sane(header) else None
    if settings.allowed_hosts:
        return name in {host.lower() for host in settings.allowed_hosts}
    if not is_loopback(settings.host):
        return bool(name)
    return name is not None and (name == settings.host.lower() or is_loopback(name))


def known_origin(origin: str | None, host: str | None, settings: Settings) -> bool:
    """Whether no web page asks, or one of this server, or one that the settings name."""
    if origin in settings.cors_origins or "*" in settings.cors_origins:
        return True
    return own_origin(origin, host)


def own_origin(origin: str | None, host: str | None) -> bool:
    """Whether no web page asks, or one of this server."""
    return origin is None or origin in (f"http://{host}", f"https://{host}")


def _sane(header: str | None) -> bool:
    try:
        urlsplit(f"//{header or ''}").port  # noqa: B018  (raises ValueError for [ or :x)
    except ValueError:
        return False
    return bool(header)


def exposed(settings: Settings) -> str | None:
    """What anybody on the network can reach, in words; None when nothing is left open."""
    if is_loopback(settings.host):
        return None
    open_doors = [
        door
        for door, closed in (
            ("the page (QA_LOGINS closes it)", settings.logins),
            ("the API (QA_API_KEY closes it)", settings.api_key),
        )
        if closed is None
    ]
    if not open_doors:
        return None
    return (
        f"listening on {settings.host}: whoever reaches this machine can use "
        f"{' and '.join(open_doors)}."
    )
