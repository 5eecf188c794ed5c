"""Hostile articles and questions in Chromium: nothing runs, nothing is drawn, nobody else is asked.

What HTTP alone can show is in api/test_hostile.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import hostile
from tests.server.browser.conftest import Served, Visit
from tests.server.browser.steps import answered, box, to_articles

pytestmark = pytest.mark.browser

# Elements that only a payload can have made; the page's own forms have a class or say what they do.
FOREIGN = ", ".join(
    f"#qa-page {name}"
    for name in (
        *"script iframe img[src=x] svg[onload] math base meta link style".split(),
        "form:not([class], [id], [role], [data-do], [method=dialog])",
    )
)


@pytest.fixture(scope="module")
def harwick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A page over the hostile articles."""
    folder = tmp_path_factory.mktemp("hostile")
    served = Served(folder, "--corpus", str(hostile.write_articles(folder / "news")))
    served.start()
    yield served
    served.stop()


def unharmed(page: Page) -> None:
    """No payload has run, and none has become an element or an address."""
    assert page.evaluate("window.hacked") is None
    assert page.locator(FOREIGN).evaluate_all("found => found.map(e => e.outerHTML)") == []
    handlers = """() => [...document.querySelectorAll('#qa-page *')].flatMap(element =>
        [...element.attributes].filter(a => a.name.startsWith('on') && a.value.includes('hacked')
            || /^(href|src|action)$/.test(a.name)
            && /^\\s*(javascript|data:text|vbscript)/i.test(a.value)
        ).map(a => `${a.name}=${a.value}`))"""
    assert page.evaluate(handlers) == []
    assert page.url.startswith("http://127.0.0.1:")
    expect(page.locator("#qa-question")).to_be_visible()


def test_articles_are_text_in_answers_cards_list_and_panel(visit: Visit, harwick: Served) -> None:
    page = visit.open(served=harwick)
    unharmed(page)
    opened: set[str] = set()
    panel = page.locator("#qa-panel")
    for number in range(0, len(hostile.PAYLOADS), 4):
        turn = answered(page, f"Why was the lighthouse of Harwick repaired in {1900 + number}?")
        for title in turn.locator(".card .link").all():
            title.click()
            expect(title).to_have_attribute("aria-current", "true")
            expect(panel.locator("mark").first).to_be_visible()
            opened.add(panel.locator("h2").inner_text())
            for link in panel.locator("a").all():
                assert str(link.get_attribute("href")).startswith("https://evil.example/")
        unharmed(page)
        page.keyboard.press("Escape")
    assert len(opened) > 3
    assert any("<" in title for title in opened)
    expect(to_articles(page)).to_contain_text("<")
    unharmed(page)


def test_questions_are_text_and_so_are_examples_filters_and_addresses(
    visit: Visit, harwick: Served
) -> None:
    page = visit.open(served=harwick)
    expect(page.locator(".examples button").first).to_contain_text(hostile.PAYLOADS[0])
    for start in range(4):
        payloads = " ".join(hostile.PAYLOADS[start::4])
        answered(page, f"{payloads} {hostile.QUESTION}")
        unharmed(page)
    expect(page.locator("#qa-drawer .talk .card-title")).to_contain_text("<script>")
    page.locator(".filter-chip").click()
    page.get_by_label("Since").fill("<img src=x onerror=window.hacked=30>")
    page.get_by_label("Since").press("Tab")
    expect(page.locator("#qa-filter-form .field-error")).to_contain_text("<img src=x")
    unharmed(page)
    addresses = ("javascript:alert(1)", "<script>window.hacked=40</script>", "../../etc/passwd")
    for payload in addresses:
        address = f"?q={payload}&__theme={payload}#article={payload}&spans={payload}&at={payload}"
        page.goto(f"{harwick.address}/{address}")
        expect(box(page)).to_be_visible()
        expect(page.locator("#qa-panel")).to_contain_text("not there any more")
        unharmed(page)


def test_the_articles_of_the_test_are_attacks(tmp_path: Path) -> None:
    """Shown as markup they are seen, or the tests above would see nothing."""
    assert len(list(hostile.write_articles(tmp_path).glob("*.txt"))) == len(hostile.PAYLOADS)
    wrong = [payload for payload in hostile.PAYLOADS if hostile.Markup(f"<p>{payload}</p>").wrong]
    assert len(wrong) >= 12
