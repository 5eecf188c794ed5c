"""Feeds: news feeds fetched into a folder, where each state is a file to be indexed like any other.

A feed shows its latest stories only. Its states are kept one beside the other, so that an archive
grows by itself; of a story that stands in several, the newest counts (see `build`). Asks a server
only for what is new (RFC 9110, If-None-Match and If-Modified-Since) and only what its robots.txt
allows (RFC 9309). Knows nothing about what is inside a feed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit
from urllib.robotparser import RobotFileParser

from qa import __version__
from qa.errors import SourceError

if TYPE_CHECKING:
    import httpx

AGENT = f"qa-news/{__version__}"
_PATIENCE_S = 30.0
_LARGEST = 20_000_000
_PAGE = re.compile(rb"\W*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+)?html\b", re.I)
_STATE = ".feed.json"  # hidden, so that it is not indexed


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of one feed.

    Attributes:
        url: of the feed.
        file: the new state; None when nothing has changed.
        problem: why it could not be fetched; None when it could.
    """

    url: str
    file: Path | None = None
    problem: str | None = None


def folder_of(index: Path) -> Path:
    """Where the feeds of an index are kept: beside its directory."""
    return index.with_name(f"{index.name}-feeds")


def fetch(urls: Sequence[str], folder: Path) -> list[Fetched]:
    """Fetch feeds, each into a folder of its own under `folder`.

    One that cannot be fetched stops none of the others.

    Raises:
        SourceError: a URL is none of http or https; nothing has been fetched then.
    """
    import httpx

    for url in urls:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SourceError(f"{url!r:.200} is no address of a feed; it begins with https://.")
    with httpx.Client(
        headers={"User-Agent": AGENT}, timeout=_PATIENCE_S, follow_redirects=True
    ) as client:
        return [_fetched(client, url, folder / _name(url)) for url in urls]


def _fetched(client: httpx.Client, url: str, folder: Path) -> Fetched:
    import httpx

    try:
        if not _allowed(client, url):
            return Fetched(url, problem="its robots.txt asks programs not to fetch it")
        known = _state(folder)
        headers = {
            header: known[name]
            for header, name in (("If-None-Match", "etag"), ("If-Modified-Since", "modified"))
            if known.get(name)
        }
        with client.stream("GET", url, headers=headers) as response:
            if response.status_code == httpx.codes.NOT_MODIFIED:
                return Fetched(url)
            response.raise_for_status()
            body = bytearray()
            for part in response.iter_bytes():
                body += part
                if len(body) > _LARGEST:
                    return Fetched(url, problem=f"it has more than {_LARGEST / 1e6:.0f} MB")
    except httpx.HTTPStatusError as exc:
        return Fetched(url, problem=f"the server answered {exc.response.status_code}")
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        return Fetched(url, problem=str(exc) or type(exc).__name__)
    except SourceError as exc:
        return Fetched(url, problem=str(exc))
    if _PAGE.match(body):  # kept, it would be told as a failure for ever
        return Fetched(
            url, problem="it is a web page and no feed; look for the feed's address there"
        )
    return Fetched(url, _kept(folder, bytes(body), response, known))


def _kept(
    folder: Path, body: bytes, response: httpx.Response, known: dict[str, str]
) -> Path | None:
    """The new state as a file, unless it is the last one again."""
    digest = hashlib.sha256(body).hexdigest()
    file = None
    folder.mkdir(parents=True, exist_ok=True)
    if digest != known.get("sha256"):
        kind = "json" if "json" in response.headers.get("content-type", "") else "xml"
        file = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}.{kind}"
        file.write_bytes(body)
    state = {
        "sha256": digest,
        "etag": response.headers.get("etag", ""),
        "modified": response.headers.get("last-modified", ""),
    }
    temporary = folder / f"{_STATE}.new"
    temporary.write_text(json.dumps(state, indent=2), encoding="utf-8")
    temporary.replace(folder / _STATE)
    return file


def _state(folder: Path) -> dict[str, str]:
    """What the server said of the last state; nothing before the first.

    Raises:
        SourceError: the note of it is damaged.
    """
    path = folder / _STATE
    if not path.exists():
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as exc:
        raise SourceError(f"{path} is damaged; delete it, and the feed is fetched anew.") from exc


def _allowed(client: httpx.Client, url: str) -> bool:
    """Whether robots.txt lets programs fetch it; a server without one allows everything."""
    import httpx

    response = client.get(urljoin(url, "/robots.txt"))
    if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        return False  # RFC 9309, 2.3.1.4: unreachable is to be read as closed
    if response.status_code != httpx.codes.OK:
        return True
    rules = RobotFileParser()
    rules.parse(response.text.splitlines())
    return rules.can_fetch(AGENT, url)


def _name(url: str) -> str:
    """A folder's name that says whose feed it is."""
    readable = re.sub(r"[^a-z0-9]+", "-", f"{urlsplit(url).hostname}{urlsplit(url).path}".lower())
    return f"{readable.strip('-')[:60]}-{hashlib.sha256(url.encode()).hexdigest()[:8]}"
