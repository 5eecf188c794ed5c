"""Whether everybody can use the page, and whether it keeps to itself."""

from __future__ import annotations

import os
import time
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import ROOT
from tests.server.browser.conftest import Served, Size, Visit
from tests.server.browser.steps import QUESTION, answered, box, to_articles, to_talks

pytestmark = pytest.mark.browser

# What can be pressed and is seen, with the smaller of its sides; a text's own links are exempt,
# a box is as large as its label, and a number has room around it.
TARGETS = """() => [...document.querySelectorAll(
    "#qa-page :is(button, a, summary, select, textarea, input:not([type=file]))"
)].filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest("[inert]")
    && !e.matches(".link, .where a, .number")
).map((e) => {
    const { width, height } = (e.closest("label") ?? e).getBoundingClientRect();
    return [Math.round(Math.min(width, height)), e.outerHTML.slice(0, 120)];
}).filter(([side]) => side > 0 && side < 44)"""


# axe-core comes with axe-playwright-python; only its file is used.
AXE = """async () => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    return violations.flatMap(({ id, nodes }) =>
        nodes.map((node) => `${id}: ${node.html} (${node.failureSummary})`));
}"""


def findings(page: Page) -> list[str]:
    """Each finding of axe-core: its rule, and where it is."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))
    found: list[str] = page.evaluate(AXE)
    return found


def test_axe_finds_what_is_wrong(laptop: Page) -> None:
    """Else an empty list would say nothing."""
    laptop.evaluate("document.querySelector('.welcome').innerHTML += '<button></button>'")
    assert any(found.startswith("button-name: <button>") for found in findings(laptop))


@pytest.mark.parametrize(
    "kind", ["laptop fr light", "laptop en dark", "phone fr dark", "phone en light"]
)
def test_axe_finds_nothing(visit: Visit, kind: str) -> None:
    size, language, scheme = kind.split()
    page = visit.open(size, f"{language}-FR", scheme)  # type: ignore[arg-type]
    assert findings(page) == []
    turn = answered(page, f"{QUESTION} What was published in January 2017?")
    expect(page.locator(".suggestions button").first).to_be_visible()
    for hidden in (".why > summary", ".share > summary", ".edit > summary", ".chip summary"):
        turn.locator(hidden).first.click()
    turn.locator("[data-do=rate][data-good=false]").click()
    expect(turn.locator(".say form")).to_be_visible()
    assert findings(page) == []
    page.locator(".filter-chip").click()
    page.locator("#qa-filter-form [name=since]").fill("soon")
    page.keyboard.press("Tab")
    expect(page.locator("#qa-filter-form .field-error")).to_be_visible()
    assert findings(page) == []
    page.keyboard.press("Escape")
    turn.locator(".number").first.click()
    expect(page.locator("#qa-panel mark").first).to_be_visible()
    assert findings(page) == []
    page.keyboard.press("Escape")
    to_articles(page)
    page.locator(".add summary").click()
    assert findings(page) == []
    to_talks(page).locator(".more > summary").first.click()
    assert findings(page) == []


def test_what_is_pressed_with_a_finger_is_large_enough(phone: Page) -> None:
    assert phone.evaluate(TARGETS) == []
    turn = answered(phone, f"{QUESTION} What was published in January 2017?")
    expect(phone.locator(".suggestions button").first).to_be_visible()
    for hidden in (".share > summary", ".why > summary", ".edit > summary", ".chip summary"):
        turn.locator(hidden).tap()
    assert phone.evaluate(TARGETS) == []
    number = turn.locator(".number").first
    number.scroll_into_view_if_needed()
    for away in (-20, 20):
        assert number.evaluate(
            """(e, away) => {
                const { x, y, width, height } = e.getBoundingClientRect();
                return document.elementFromPoint(x + width / 2, y + height / 2 + away) === e;
            }""",
            away,
        )
    number.tap()
    expect(phone.locator("#qa-panel mark").first).to_be_visible()
    assert phone.evaluate(TARGETS) == []
    phone.locator("#qa-panel [data-close]").tap()
    phone.locator(".filter-chip").tap()
    assert phone.evaluate(TARGETS) == []
    phone.keyboard.press("Escape")
    to_talks(phone).locator(".more > summary").first.tap()
    assert phone.evaluate(TARGETS) == []
    phone.locator("#qa-drawer [data-do=toggle]").tap()
    to_articles(phone)
    assert phone.evaluate(TARGETS) == []


def test_nothing_is_wider_than_the_window(visit: Visit, size: Size) -> None:
    """The narrowest phones included."""
    page = visit.open(size)
    if size == "phone":
        page.set_viewport_size({"width": 360, "height": 740})
    answered(page)
    wider = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(wider)
    head = page.locator("#qa-head")
    assert head.evaluate("e => e.scrollWidth <= e.clientWidth")
    to_articles(page)
    assert page.locator("#qa-articles").evaluate("e => e.scrollWidth <= e.clientWidth")


def test_the_page_is_there_within_two_seconds_and_asks_this_machine_only(
    chromium: Browser, served: Served
) -> None:
    """Each visit has an empty cache; the address names every request, whatever its kind."""
    asked: list[str] = []
    spent = min(_first_load(chromium, served, asked) for _ in range(2))
    assert len(asked) > 50
    elsewhere = [url for url in asked if not url.startswith((served.address, "data:", "blob:"))]
    assert elsewhere == []
    # Where more wants to run than there are cores, the time says nothing about the page.
    if os.getloadavg()[0] < (os.cpu_count() or 1):
        assert spent < 2.0


def _first_load(chromium: Browser, served: Served, asked: list[str]) -> float:
    """Seconds until a question can be typed and the examples are there; notes all requests."""
    context = chromium.new_context(locale="en-US")
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    started = time.monotonic()
    page.goto(served.address)
    box(page).wait_for()
    page.locator(".examples button").first.wait_for()
    spent = time.monotonic() - started
    context.close()
    return spent


def test_every_address_in_the_page_s_own_files_is_of_this_machine() -> None:
    """Style sheets, scripts and templates of ours name no other machine."""
    kinds = ("js", "css", "html")
    ours = [
        path for kind in kinds for path in Path(ROOT, "qa", "server", "page").rglob(f"*.{kind}")
    ]
    assert len(ours) > 20
    for path in ours:
        text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not any(mark in text for mark in ("http://", "https://", "@import")), path
