"""The model hub: what a repository holds, and one file over HTTP, continued where it stopped.

Behind many firewalls a connection is neither accepted nor refused, so silence counts as "no" after
three seconds.

A log-in of the user's (`HF_TOKEN`, `hf auth login`) is found by the hub's own library. That does
not download here, because its HTTP client is one for the whole process, which `offline` keeps away
from the network, and because it does not compare sums.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import httpx

from qa.errors import ModelError
from qa.models.hub_model import HubModel, Part, Release

log = logging.getLogger(__name__)

_TIMEOUT = httpx.Timeout(20.0, connect=3.0)
_BLOCK = 1 << 18


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
            headers=_headers(),
            follow_redirects=True,
            timeout=_TIMEOUT,
        )
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        raise ModelError(
            f"the model hub does not answer ({url}: {_words(exc)}). Check the network and the "
            "setting `hub`, or set `llm` to a model of `qa models list`, which PyPI has too."
        ) from exc
    if answer.status_code in (401, 403, 404):  # 401 without a log-in: it does not say which exist
        raise ModelError(
            f"there is no repository {model.repo} at {hub}, or it is private. Check its name; if "
            "it is yours, set HF_TOKEN."
        )
    if answer.status_code != httpx.codes.OK:
        raise ModelError(f"{url} answered {answer.status_code}. Try again later.")
    try:
        return model.choose(answer.json())
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise ModelError(
            f"{url} did not answer as a model hub does: a log-in page of the network, or another "
            "server. Check the network and the setting `hub`."
        ) from exc


def download(
    release: Release, part: Part, hub: str, draft: Path, tell: Callable[[int], None]
) -> str | None:
    """Append to `draft` what it lacks. None when it is complete; otherwise why not, in words.

    Asks again as long as each time brings something.

    Args:
        release: of the file.
        part: the file.
        hub: its address, for example https://huggingface.co.
        draft: where it is being put together.
        tell: told now and then how many bytes are there.
    """
    hub = hub.rstrip("/")
    url = f"{hub}/{release.repo}/resolve/{release.revision}/{part.path}"
    while True:
        before = length(draft)
        try:
            trouble = _append(url, part.size, draft, tell)
        except httpx.HTTPStatusError as exc:
            if exc.response.status_code not in (401, 403):
                return f"{url} {_words(exc)}; try again later"
            return (
                f"{release.repo} is gated: accept its conditions at {hub}/{release.repo} with an "
                "account of yours, then set HF_TOKEN to a token of it"
            )
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            trouble = f"{url}: {_words(exc)}; check the network"
        if trouble is None or length(draft) <= before:
            return trouble
        log.info("asking the hub again: %s", trouble)


def length(path: Path) -> int:
    """Bytes in a file; 0 when there is none."""
    return path.stat().st_size if path.is_file() else 0


def _append(url: str, size: int, draft: Path, tell: Callable[[int], None]) -> str | None:
    have = length(draft)
    headers = _headers() | ({"Range": f"bytes={have}-"} if have else {})
    with httpx.stream(
        "GET", url, headers=headers, follow_redirects=True, timeout=_TIMEOUT
    ) as response:
        response.raise_for_status()
        resumed = response.status_code == httpx.codes.PARTIAL_CONTENT
        start = have if resumed else 0
        offered = start + int(response.headers.get("Content-Length", size - start))
        if offered != size:  # a log-in page of the network, mostly
            return f"{url} offers {offered} bytes instead of {size}; check the network"
        with draft.open("ab" if resumed else "wb") as file:
            for block in response.iter_bytes(_BLOCK):
                file.write(block)
                tell(file.tell())
    return None


def _headers() -> dict[str, str]:
    from huggingface_hub import get_token

    # Compressed transfer would make the server's byte ranges differ from the file's.
    headers, token = {"Accept-Encoding": "identity"}, get_token()
    return headers | ({"Authorization": f"Bearer {token}"} if token else {})


def _words(exc: Exception) -> str:
    if isinstance(exc, httpx.HTTPStatusError):
        return f"answered {exc.response.status_code}"
    return str(exc) or type(exc).__name__
