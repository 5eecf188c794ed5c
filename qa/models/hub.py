"""The model hub as a mirror: one file over HTTP, continued where it stopped.

The hub is asked first, briefly, whether it has the file. Behind many firewalls a connection is
neither accepted nor refused, so silence counts as "no" after three seconds.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from pathlib import Path

import httpx

from qa.models.catalogue import CatalogueEntry
from qa.models.progress import INTERVAL_S, Progress, complete, length

log = logging.getLogger(__name__)

PROBE_S = 3.0
STALL_S = 20.0
TRIES = 3
_BLOCK = 1 << 18
# Compressed transfer would make the server's byte ranges differ from the file's.
_HEADERS = {"Accept-Encoding": "identity"}


def probe(entry: CatalogueEntry, hub: str) -> str | None:
    """None when the hub offers the file; otherwise why not, in words."""
    if entry.hub is None:
        return "it is not on the hub in this form"
    url = entry.hub.url(hub)
    answer: queue.Queue[str | None] = queue.Queue()
    # In a thread, because looking up a host's name cannot be given a time limit.
    threading.Thread(
        target=lambda: answer.put(_ask(url, entry.size)), name="hub-probe", daemon=True
    ).start()
    try:
        return answer.get(timeout=PROBE_S)
    except queue.Empty:
        return f"{hub} did not answer within {PROBE_S:.0f} s"


def download(entry: CatalogueEntry, hub: str, draft: Path, progress: Progress) -> str | None:
    """Append to `draft` what it lacks. None when it is complete; otherwise why not, in words."""
    assert entry.hub is not None
    url = entry.hub.url(hub)
    trouble: str | None = None
    for attempt in range(TRIES):
        if attempt:
            log.info("asking the hub again for %s: %s", entry.name, trouble)
            time.sleep(attempt)
        try:
            _append(entry, url, draft, progress)
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            trouble = f"{url}: {_words(exc)}"
            continue
        if complete(entry, draft):
            return None
        trouble = f"{url} ended after {length(draft)} of {entry.size} bytes"
    return trouble


def _append(entry: CatalogueEntry, url: str, draft: Path, progress: Progress) -> None:
    have = length(draft)
    headers = _HEADERS | ({"Range": f"bytes={have}-"} if have else {})
    with httpx.stream(
        "GET", url, headers=headers, follow_redirects=True, timeout=STALL_S
    ) as response:
        response.raise_for_status()
        resumed = response.status_code == httpx.codes.PARTIAL_CONTENT
        with draft.open("ab" if resumed else "wb") as file:
            told = 0.0
            for block in response.iter_bytes(_BLOCK):
                file.write(block)
                if time.monotonic() - told >= INTERVAL_S:
                    told = time.monotonic()
                    progress(file.tell(), entry.size, f"{entry.name}: from the model hub")


def _ask(url: str, size: int) -> str | None:
    try:
        answer = httpx.head(url, headers=_HEADERS, follow_redirects=True, timeout=PROBE_S)
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        return f"{url}: {_words(exc)}"
    if answer.status_code != httpx.codes.OK:
        return f"{url} answered {answer.status_code}"
    offered = answer.headers.get("Content-Length")
    if offered is not None and offered != str(size):  # a log-in page of the network, mostly
        return f"{url} offers {offered} bytes instead of {size}"
    return None


def _words(exc: Exception) -> str:
    return str(exc) or type(exc).__name__
