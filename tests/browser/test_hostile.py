"""Hostile articles and questions in Chromium: nothing runs, nothing is drawn, nobody else is asked.

What HTTP alone can show is in api/test_hostile.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import hostile
from tests.test_browser import Visit, ask, chromium, finished, serving  # noqa: F401 (a fixture)

pytestmark = pytest.mark.browser

# Elements that only a payload can have made; the page's own forms have a class or say what they do.
FOREIGN = ", ".join(
    f"#qa-page {name}"
    for name in (
        *"script iframe img[src=x] svg[onload] math base meta link style".split(),
        "form:not([class^=qa-], [data-do])",
    )
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a page over the hostile articles."""
    directory = tmp_path_factory.mktemp("hostile")
    news = hostile.write_articles(directory / "news")
    with serving(directory, str(directory / "index"), str(news)) as address:
        yield address


@pytest.fixture
def visit(chromium: Browser, server: str) -> Iterator[Visit]:  # noqa: F811
    """A visit during which nobody else is asked, nothing breaks and no dialog opens."""
    visit = Visit(chromium, server)
    yield visit
    visit.close()
    assert visit.hosts == {"127.0.0.1"}
    assert visit.broken == []


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


def test_articles_are_text_in_answers_cards_and_the_panel(visit: Visit) -> None:
    page = visit.open()
    unharmed(page)
    opened: set[str] = set()
    for number in range(0, len(hostile.PAYLOADS), 3):
        ask(page, f"Why was the lighthouse of Harwick repaired in {1900 + number}?")
        expect(page.locator("#qa-latest .qa-asked-text")).to_contain_text(str(1900 + number))
        finished(page)
        for card in page.locator("#qa-latest .qa-card").all():
            card.click()
            panel = page.locator("#qa-panel")
            expect(panel.locator("mark")).to_be_visible()
            opened.add(panel.locator("h2").inner_text())
            for link in panel.locator("a").all():
                assert str(link.get_attribute("href")).startswith("https://evil.example/")
        unharmed(page)
    assert len(opened) > 3
    assert any("<script>window.hacked=1</script>" in title or "<" in title for title in opened)


def test_questions_are_text_and_so_are_examples_and_outlets(visit: Visit) -> None:
    page = visit.open()
    expect(page.locator("#qa-examples button").first).to_contain_text(hostile.PAYLOADS[0])
    for payload in hostile.PAYLOADS:
        ask(page, f"{payload} {hostile.QUESTION}")
        asked = page.locator("#qa-latest .qa-asked-text")
        expect(asked).to_have_text(f"{payload} {hostile.QUESTION}")
        finished(page)
        unharmed(page)
    page.locator("#qa-filters > button").click()
    page.get_by_role("combobox", name="Source").click()
    expect(page.get_by_role("option").first).to_be_visible()
    unharmed(page)
    page.get_by_role("option").first.click()
    page.get_by_label("Since").fill("<img src=x onerror=window.hacked=30>")
    page.get_by_label("Since").blur()
    expect(page.locator("#qa-notice [role=alert]")).to_contain_text("<img src=x")
    unharmed(page)


def test_an_address_can_make_the_page_neither_run_nor_show_anything(
    visit: Visit, server: str
) -> None:
    page = visit.open()
    for payload in ("javascript:alert(1)", "<script>window.hacked=40</script>", "../../etc/passwd"):
        for place in ("?q=", "?__theme=", "?view=", "#"):
            page.goto(f"{server}/{place}{payload}")
            expect(page.locator("#qa-question")).to_be_visible()
            unharmed(page)


def test_the_articles_of_the_test_are_attacks(tmp_path: Path) -> None:
    """Shown as markup they are seen, or the tests above would see nothing."""
    assert len(list(hostile.write_articles(tmp_path).glob("*.txt"))) == len(hostile.PAYLOADS)
    wrong = [payload for payload in hostile.PAYLOADS if hostile.Markup(f"<p>{payload}</p>").wrong]
    assert len(wrong) >= 12
