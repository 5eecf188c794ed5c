"""docs/api.md: every command and program in it runs, and prints what stands there."""

from __future__ import annotations

import re
from pathlib import Path

from qa.settings import Settings
from tests.server.api.transcripts import PAGE, again, server


def test_the_transcripts_are_what_happens(tmp_path: Path):
    """Else run `python -m tests.server.api.transcripts` and look at what changed."""
    page = PAGE.read_text(encoding="utf-8")
    with server(tmp_path) as address:
        assert again(page, address) == page


def test_every_route_and_every_setting_of_the_server_is_told(api):
    page = PAGE.read_text(encoding="utf-8")
    for path in api.get("/openapi.json").json()["paths"]:
        assert f"`{path.replace(':path', '')}`" in page or path in page, path
    told = set(re.findall(r"`QA_([A-Z_]+)`", page))
    fields = list(Settings.model_fields)
    server_settings = fields[fields.index("host") :]
    assert {name.upper() for name in server_settings} <= told
    assert {name.lower() for name in told} <= set(fields)
