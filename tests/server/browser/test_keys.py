"""By keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from qa.server.page.texts import ENGLISH
from tests.server.browser.steps import QUESTION, SLOW, answered, ask, box, finished, writing

pytestmark = pytest.mark.browser

FOCUSED = "document.activeElement"
# What is drawn around it: an outline, or for a box in a frame of its own the frame's colour.
FOCUS_IS_SEEN = """() => {
    const focused = document.activeElement;
    if (focused === document.body) return true;
    const drawn = (part) => {
        const style = part && getComputedStyle(part);
        return style && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    };
    const probe = document.createElement("i");
    probe.style.color = getComputedStyle(document.body).getPropertyValue("--accent").trim();
    document.body.append(probe);
    const colour = getComputedStyle(probe).color;
    probe.remove();
    const frame = focused.closest("#qa-ask");
    return drawn(focused) || drawn(focused.closest("label"))
        || Boolean(frame && getComputedStyle(frame).borderTopColor === colour);
}"""


def tab_to(page: Page, selector: str, key: str = "Tab") -> None:
    """Go on with the Tab key until something that fits is focused, and can be seen to be."""
    for _ in range(60):
        page.keyboard.press(key)
        assert page.evaluate(FOCUS_IS_SEEN), page.evaluate(f"{FOCUSED}.outerHTML.slice(0, 200)")
        if page.evaluate(f"(selector) => {FOCUSED}.matches(selector)", selector):
            return
    pytest.fail(f"{selector} is not reached")


def test_the_main_path(laptop: Page) -> None:
    """Ask, read a source and come back, copy, ask on with a suggestion, open an article."""
    expect(box(laptop)).to_be_focused()
    laptop.keyboard.type(QUESTION)
    laptop.keyboard.press("Enter")
    finished(laptop)
    expect(laptop.locator(".suggestions button").first).to_be_visible()
    tab_to(laptop, ".number", "Shift+Tab")
    laptop.keyboard.press("Enter")
    panel = laptop.locator("#qa-panel")
    expect(panel.locator("mark")).to_be_visible()
    expect(panel.locator("h2")).to_be_focused()
    tab_to(laptop, "[data-choose]")
    laptop.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(laptop.locator(".turn .number").first).to_be_focused()
    tab_to(laptop, ".actions [data-copy]")
    laptop.keyboard.press("Enter")
    laptop.wait_for_function(
        "navigator.clipboard.readText().then((text) => text.startsWith('Russian military'))"
    )
    tab_to(laptop, ".suggestions button")
    laptop.keyboard.press("Enter")
    expect(laptop.locator(".turn")).to_have_count(2)
    finished(laptop)
    expect(box(laptop)).to_be_focused()
    tab_to(laptop, ".filter-chip")
    laptop.keyboard.press("Enter")
    expect(laptop.get_by_label("Since")).to_be_focused()
    laptop.keyboard.press("Escape")
    tab_to(laptop, ".entry")
    laptop.keyboard.press("Enter")
    expect(panel.locator("h2")).to_be_focused()


def test_the_shortcuts(laptop: Page) -> None:
    answered(laptop)
    ask(laptop, SLOW)
    writing(laptop)
    laptop.keyboard.press("Escape")
    finished(laptop, "stopped")
    expect(box(laptop)).to_be_focused()
    laptop.keyboard.press("ArrowUp")
    edited = laptop.locator("#qa-latest .edit textarea")
    expect(edited).to_be_focused()
    expect(edited).to_have_value(SLOW)
    laptop.keyboard.press("Escape")
    expect(box(laptop)).to_be_focused()
    laptop.keyboard.press("ArrowUp")
    edited.fill(QUESTION)
    laptop.keyboard.press("Enter")
    expect(laptop.locator("#qa-latest .asked-text")).to_have_text(QUESTION)
    finished(laptop)
    expect(laptop.locator(".turn")).to_have_count(2)

    laptop.keyboard.press("Control+K")
    search = laptop.locator("#qa-drawer [name=search]")
    expect(search).to_be_focused()
    search.blur()
    laptop.keyboard.press("?")
    keys = laptop.get_by_role("dialog", name=ENGLISH.keys)
    expect(keys).to_contain_text(ENGLISH.key_search)
    laptop.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    laptop.keyboard.press("/")
    expect(box(laptop)).to_be_focused()
    expect(box(laptop)).to_have_value("")
    laptop.keyboard.press("Control+Shift+O")
    expect(laptop.locator(".welcome")).to_be_visible()


def test_the_tabs_of_a_phone(phone: Page) -> None:
    questions = phone.get_by_role("tab", name="Questions")
    expect(questions).to_have_attribute("aria-selected", "true")
    questions.press("ArrowRight")
    articles = phone.get_by_role("tab", name="Articles")
    expect(articles).to_be_focused()
    expect(articles).to_have_attribute("aria-selected", "true")
    expect(phone.locator("#qa-articles")).to_contain_text("46 articles")
    expect(phone.locator("#qa-chat")).to_be_hidden()
    articles.press("ArrowLeft")
    expect(box(phone)).to_be_visible()
    expect(phone.locator("#qa-articles")).to_be_hidden()
    phone.locator(".welcome").get_by_role("button", name=ENGLISH.see_them).tap()
    expect(phone.locator(".entry").first).to_be_visible()
