"""A server with one news feed, on the loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FEED = b"<rss version='2.0'><channel><title>Le Quai</title></channel></rss>"


@dataclass
class Site:
    """A server with one feed; what it was asked is in `asked`, path and headers."""

    url: str = ""
    body: bytes = FEED
    status: int = 200
    robots: tuple[int, str] = (404, "")
    kind: str = "application/rss+xml"
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@contextmanager
def serving() -> Iterator[Site]:
    """The server, until the block ends."""
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append((self.path, dict(self.headers)))
            etag = f'"{hash(site.body)}"'
            status, body = site.status, site.body
            if self.path == "/robots.txt":
                status, body = site.robots[0], site.robots[1].encode()
            elif self.headers.get("If-None-Match") == etag:
                status, body = 304, b""
            self.send_response(status)
            self.send_header("Content-Type", site.kind)
            self.send_header("ETag", etag)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    site.url = f"http://127.0.0.1:{server.server_address[1]}/feed"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
