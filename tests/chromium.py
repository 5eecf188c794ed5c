"""The browser of the browser tests: the Chromium that CHROMIUM names, else the system's."""

from __future__ import annotations

import os
import shutil

from playwright.sync_api import Browser, Playwright

_SWITCHES = """
    --headless --no-sandbox --disable-gpu --disable-quic --no-first-run
    --disable-background-networking --disable-component-update --disable-sync
""".split()


def launch(playwright: Playwright) -> Browser:
    """A headless browser that asks nobody for anything."""
    names = (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if name and (found := shutil.which(name))), None)
    assert path, "no Chromium: run `make chromium`, or set CHROMIUM to the path of one"
    return playwright.chromium.launch(executable_path=path, args=_SWITCHES)
