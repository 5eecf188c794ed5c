"""The page at /docs: the OpenAPI document made readable, with nothing fetched from anywhere.

FastAPI's own page loads scripts from a content network; this one needs no network and no script.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import jinja2

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Referrer-Policy": "no-referrer",
}


def render(document: Mapping[str, Any]) -> str:
    """HTML for an OpenAPI document as FastAPI makes it."""
    template = files("qa.server.api").joinpath("docs.html").read_text(encoding="utf-8")
    return jinja2.Environment(autoescape=True).from_string(template).render(document)
