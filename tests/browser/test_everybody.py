"""Whether everybody can use the page, and whether it keeps to itself: axe-core and requests."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.axe import grave
from tests.browser_server import CORPUS
from tests.test_browser import QUESTION, Visit, ask, chromium, finished, serving

__all__ = ["chromium"]

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a page with all that it can have."""
    directory = tmp_path_factory.mktemp("axe")
    with serving(
        directory, str(directory / "index"), str(CORPUS), str(directory / "uploads")
    ) as address:
        yield address


@pytest.fixture
def visit(chromium: Browser, server: str) -> Iterator[Visit]:
    """A visit during which nothing but this machine is asked and nothing breaks."""
    visit = Visit(chromium, server)
    yield visit
    visit.close()
    assert visit.hosts == {"127.0.0.1"}
    assert visit.broken == []


def test_axe_finds_what_is_wrong(visit: Visit) -> None:
    """Else an empty list would say nothing."""
    page = visit.open()
    page.evaluate("document.querySelector('.qa-welcome').innerHTML += '<button></button>'")
    (found,) = grave(page)
    assert found.startswith("button-name: <button>")


@pytest.mark.parametrize(
    ("width", "locale", "scheme"),
    [
        (1280, "fr-FR", "light"),
        (1280, "en-US", "dark"),
        (360, "fr-FR", "dark"),
        (360, "en-US", "light"),
    ],
)
def test_nothing_grave_is_found(
    visit: Visit, width: int, locale: str, scheme: Literal["light", "dark"]
) -> None:
    page = visit.open(width=width, height=800, locale=locale, scheme=scheme)
    assert grave(page) == []
    page.locator("#qa-filters > button").click()
    ask(page, f"{QUESTION} What was published in January 2017?")
    finished(page)
    expect(page.locator("#qa-next .qa-suggestion").first).to_be_visible()
    for hidden in ("#qa-latest .qa-why summary", "#qa-latest .qa-chip summary"):
        page.locator(hidden).first.click()
    assert grave(page) == []
    page.locator("#qa-latest .qa-card").first.click()
    expect(page.locator("#qa-panel mark")).to_be_visible()
    assert grave(page) == []
    page.keyboard.press("Escape")
    to_articles(page)
    page.locator(".qa-add summary").click()
    assert grave(page) == []
    page.locator(".qa-entry").first.click()
    expect(page.locator("#qa-panel h2")).to_be_focused()
    assert grave(page) == []


def to_articles(page: Page) -> None:
    """Choose the tab."""
    page.get_by_role("tab", name="Articles").click()
    expect(page.locator(".qa-entry").first).to_be_visible()


def test_what_is_focused_is_seen(visit: Visit) -> None:
    """By going through the page with the Tab key: each stop is drawn otherwise than before."""
    page = visit.open()
    ask(page, QUESTION)
    finished(page)
    page.evaluate("document.activeElement.blur()")
    unseen = []
    stops: list[str] = []
    for _ in range(30):
        page.keyboard.press("Tab")
        stop, seen = page.evaluate(_FOCUS)
        stops.append(stop)
        if not seen:
            unseen.append(stop)
    assert len(set(stops)) > 10
    assert unseen == []


# An outline, or for a box in a frame of its own the frame's colour.
_FOCUS = """() => {
    const focused = document.activeElement;
    if (focused === document.body) return ["body", true];
    const drawn = (part) => {
        const style = getComputedStyle(part);
        return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    };
    const accent = getComputedStyle(document.body).getPropertyValue("--accent").trim();
    const probe = document.createElement("i");
    probe.style.color = accent;
    document.body.append(probe);
    const colour = getComputedStyle(probe).color;
    probe.remove();
    const frame = focused.closest("#qa-ask");
    const seen = drawn(focused) || (focused.closest("label") && drawn(focused.closest("label")))
        || (frame && getComputedStyle(frame).borderTopColor === colour);
    return [focused.outerHTML.slice(0, 120), Boolean(seen)];
}"""


def test_the_page_is_there_within_two_seconds_and_asks_this_machine_only(
    chromium: Browser, server: str
) -> None:
    """Each visit has an empty cache; the address names every request, whatever its kind."""
    asked: list[str] = []
    spent = min(_first_load(chromium, server, asked) for _ in range(5))
    assert len(asked) > 50
    elsewhere = [url for url in asked if not url.startswith((f"{server}/", "data:", "blob:"))]
    assert elsewhere == []
    # Where more wants to run than there are cores, the time says nothing about the page.
    if os.getloadavg()[0] < (os.cpu_count() or 1):
        assert spent < 2.0


def _first_load(chromium: Browser, server: str, asked: list[str]) -> float:
    """Seconds until a question can be typed and the examples are there; notes all requests."""
    context = chromium.new_context(locale="en-US")
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    started = time.monotonic()
    page.goto(server)
    page.get_by_label("Your question").wait_for()
    page.locator("#qa-examples button").first.wait_for()
    spent = time.monotonic() - started
    to_articles(page)
    context.close()
    return spent


def test_every_address_in_the_page_s_own_files_is_of_this_machine() -> None:
    """Style sheets and scripts of ours name no other machine."""
    own = Path(__file__).parent.parent / "qa" / "ui"
    texts = {p.name: p.read_text("utf-8") for kind in ("js", "css") for p in own.rglob(f"*.{kind}")}
    assert len(texts) > 8
    for name, text in texts.items():
        assert "http://" not in text.replace("http://www.w3.org/2000/svg", ""), name
        assert "https://" not in text, name
        assert "@import" not in text, name
