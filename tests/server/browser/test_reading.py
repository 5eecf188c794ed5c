"""Articles: the one that is open, with its quotes, and the list of all."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.server.browser.conftest import Served, Size, Visit
from tests.server.browser.server import LONG, SECOND
from tests.server.browser.steps import answered, bounds, finished, seen, to_articles

pytestmark = pytest.mark.browser

TOP = "(e) => e.scrollTop"
AT_END = "(e) => e.scrollTop + e.clientHeight >= e.scrollHeight - 2"
SEES_ITS_LAST_WORD = """(e) => {
    const range = document.createRange();
    range.setStart(e.lastChild, e.lastChild.length - 5);
    range.setEnd(e.lastChild, e.lastChild.length);
    const { x, y, width, height } = range.getBoundingClientRect();
    return document.elementFromPoint(x + width / 2, y + height / 2) === e;
}"""


def scroll_by(page: Page, area: Locator, way: str) -> None:
    """A good deal down, by wheel, finger or key."""
    left, top, right, bottom = bounds(area)
    x, y = (left + right) / 2, (top + bottom) / 2
    before = area.evaluate(TOP)
    if way == "wheel":
        page.mouse.move(x, y)
        page.mouse.wheel(0, 600)
    elif way == "finger":
        send = page.context.new_cdp_session(page).send
        for n in range(20):
            kind, at = "touchMove" if n else "touchStart", {"x": x, "y": y + 200 - 20 * n}
            send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [at]})
        send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    else:
        page.keyboard.press("PageDown")
    page.wait_for_function(
        "([e, before]) => e.scrollTop > before + 200", arg=[area.element_handle(), before]
    )


def opened_far_down(visit: Visit, size: Size, many: Served) -> tuple[Page, Locator]:
    """The long article at the later of its quotes."""
    page = visit.open(size, served=many)
    turn = answered(page, "Who painted the lighthouse of Orm red in 1953?")
    turn.locator(".quoted", has_text="Ole Quill").locator(".number").click()
    panel = page.locator("#qa-panel")
    expect(panel.locator("mark.current")).to_contain_text(SECOND)
    return page, panel


def test_a_quote_far_down_is_in_view_and_the_last_line_can_be_reached(
    visit: Visit, size: Size, many: Served
) -> None:
    page, panel = opened_far_down(visit, size, many)
    assert seen(panel.locator("mark.current"))
    expect(panel.locator("h2")).to_be_focused()
    for way in ("wheel", "key") if size == "laptop" else ("finger", "key"):
        panel.evaluate("e => (e.scrollTop = 0)")
        scroll_by(page, panel, way)
    page.keyboard.press("End")
    page.wait_for_function(AT_END, arg=panel.element_handle())
    assert panel.locator(".article-text").evaluate(SEES_ITS_LAST_WORD)


def test_the_quotes_of_an_article_are_gone_through(visit: Visit, many: Served) -> None:
    """All that the answer quotes of it is marked, not only what was clicked."""
    page, panel = opened_far_down(visit, "laptop", many)
    numbers = page.locator(".card", has_text=LONG).locator(".card-n").count()
    count = panel.locator("mark").count()
    assert count >= numbers > 1
    expect(panel.locator(".step")).to_have_text(f"Quote {count} of {count}")
    panel.get_by_role("button", name="Next quote").click()
    panel.get_by_role("button", name="Previous quote").click()
    panel.get_by_role("button", name="Previous quote").click()
    expect(panel.locator("mark.current")).not_to_contain_text(SECOND)
    assert seen(panel.locator("mark.current"))


def test_back_closes_an_article_and_an_address_opens_it(visit: Visit, size: Size) -> None:
    page = visit.open(size)
    turn = answered(page)
    number = turn.locator(".number").first
    number.click()
    panel = page.locator("#qa-panel")
    expect(panel.locator("mark")).to_be_visible()
    address = page.url
    assert "article=" in address
    page.go_back()
    expect(panel).to_be_hidden()
    expect(number).to_be_focused()
    assert "article=" not in page.url
    number.press("Enter")
    expect(panel.locator("mark")).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(number).to_be_focused()

    other = visit.tab(address.partition("127.0.0.1")[2].partition("/")[2].join(["/", ""]))
    expect(other.locator("#qa-panel mark")).to_be_visible()
    assert seen(other.locator("#qa-panel mark"))
    finished(other)
    other.locator("#qa-panel").get_by_role("button", name="Close").click()
    expect(other.locator("#qa-panel")).to_be_hidden()


def test_on_a_phone_an_article_lies_over_the_page(phone: Page) -> None:
    turn = answered(phone)
    turn.locator(".number").first.tap()
    panel = phone.get_by_role("dialog")
    expect(panel.locator("h2")).to_be_focused()
    assert bounds(panel) == (0, 0, 390, 844)
    assert seen(panel.locator("mark"))
    assert phone.evaluate("document.getElementById('qa-chat').inert")
    panel.get_by_role("button", name="Close").tap()
    expect(panel).to_be_hidden()
    assert not phone.evaluate("document.getElementById('qa-chat').inert")


def test_the_list_of_thousands_is_scrolled_turned_and_tabbed_through(
    visit: Visit, size: Size, many: Served
) -> None:
    page = visit.open(size, served=many)
    expect(page.locator(".welcome .about")).to_contain_text("5000 articles")
    shelf = to_articles(page)
    expect(shelf.locator(".count").first).to_have_text("5000 articles, 1 to 30")
    scroll_by(page, shelf, "wheel" if size == "laptop" else "finger")
    shelf.get_by_role("button", name="Older").click()
    expect(shelf.locator(".count").first).to_have_text("5000 articles, 31 to 60")
    entries = shelf.locator(".entry")
    expect(entries.first).to_be_focused()
    assert seen(entries.first)
    for _ in range(64):
        page.keyboard.press("Tab")
    tops = "['qa-page', 'qa-main', 'qa-side'].map((id) => document.getElementById(id).scrollTop)"
    assert page.evaluate(f"[scrollY, {tops}].flat()") == [0, 0, 0, 0]
    assert bounds(page.locator("#qa-head"))[1] == 0
    last = entries.last
    last.focus()
    assert seen(last)


def test_the_list_finds_words_of_the_text(visit: Visit, size: Size, many: Served) -> None:
    page = visit.open(size, served=many)
    shelf = to_articles(page)
    words = shelf.get_by_role("searchbox")
    words.fill("tale keeper")
    expect(shelf.locator(".count").first).to_have_text("1 article")
    entry = shelf.locator(".entry")
    expect(entry).to_contain_text(LONG)
    entry.click()
    expect(page.locator("#qa-panel h2")).to_have_text(LONG)
    page.keyboard.press("Escape")
    expect(entry).to_be_focused()
    words.fill("nothinglikethis")
    expect(shelf.locator(".count").first).to_contain_text("No article fits")
    words.fill("")
    shelf.get_by_label("Order").select_option("oldest")
    expect(entry.first).to_contain_text("January 2000")


def test_one_article_alone_can_be_asked(laptop: Page) -> None:
    shelf = to_articles(laptop)
    shelf.locator(".entry", has_text="black hole").click()
    laptop.locator("#qa-panel").get_by_role("button", name="Ask only this article").click()
    expect(laptop.locator(".filter-chip")).to_contain_text("1 article chosen")
    turn = answered(laptop, "What did astronomers show?")
    expect(turn.locator(".card .link").first).to_contain_text("black hole")
    expect(turn.locator(".card")).to_have_count(1)


def test_dark_is_chosen_kept_and_taken_back(laptop: Page) -> None:
    switch = laptop.get_by_role("button", name="Dark theme")
    expect(switch).to_have_attribute("aria-pressed", "false")
    switch.click()
    expect(laptop.locator("body")).to_have_class(re.compile(r"\bdark\b"))
    laptop.reload()
    expect(switch).to_have_attribute("aria-pressed", "true")
    ground = laptop.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(int(part) for part in re.findall(r"\d+", ground)[:3]) < 60
    switch.click()
    expect(laptop.locator("body")).not_to_have_class(re.compile(r"\bdark\b"))
