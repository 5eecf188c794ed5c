"""The main path in Firefox, for what Chromium alone would forgive."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.browser.conftest import Served
from tests.server.browser.firefox import Firefox, found, until
from tests.server.browser.steps import SLOW

pytestmark = pytest.mark.browser

SEEN = """((mark) => {
    const line = mark.getClientRects()[0];
    return mark.contains(document.elementFromPoint(line.x + line.width / 2, line.y + 5));
})(document.querySelector("#qa-panel mark"))"""


@pytest.fixture
def firefox(tmp_path: Path) -> Iterator[Firefox]:
    """The browser; CI must have one."""
    path = found()
    if path is None:
        assert not os.environ.get("CI"), "no Firefox: run `make firefox`"
        pytest.skip("no Firefox: run `make firefox`, or set FIREFOX to the path of one")
    firefox = Firefox(path, tmp_path)
    yield firefox
    firefox.close()


def test_the_main_path(firefox: Firefox, served: Served) -> None:
    """Ask, see quotes and answer, open a source, go back, load again, edit the question."""
    firefox.call("WebDriver:Navigate", url=served.address)
    firefox.sees(".welcome", "46 articles")
    until(lambda: firefox.run("!document.querySelector('#qa-model p')"))
    firefox.run("window.addEventListener('error', (e) => (window.broken = e.message))")
    firefox.type("#qa-question textarea", f"{SLOW}\ue007")
    firefox.sees("[data-running] blockquote", "Russian military instructors")
    firefox.sees("[data-stage=writing] .draft")
    firefox.sees("[data-stage=final] .checked")
    firefox.sees(".suggestions button")
    firefox.click(".text .number")
    firefox.sees("#qa-panel mark.current", "Russian military instructors")
    assert firefox.run(SEEN)
    assert "article=" in firefox.run("location.hash")
    firefox.call("WebDriver:Back")
    until(lambda: firefox.run("!document.querySelector('#qa-panel mark')"))
    assert firefox.run("document.activeElement.className") == "number"
    assert firefox.run("window.broken || ''") == ""
    firefox.call("WebDriver:Refresh")
    firefox.sees(".asked-text", SLOW)
    firefox.sees("[data-stage=final] .checked")
    firefox.click(".edit summary")
    firefox.sees(".edit textarea")
    firefox.type(".edit textarea", " Where?\ue007")
    firefox.sees(".asked-text", f"{SLOW} Where?")
    firefox.sees("[data-stage=final] .actions")
    assert not firefox.run("document.documentElement.scrollWidth > innerWidth")
