"""What visitors do again and again, and what they look for."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

QUESTION = "Which broadcaster revealed the arrival of Russian military instructors with Haftar?"
SLOW = "Which broadcaster revealed slowly the arrival of Russian instructors with Haftar?"


def box(page: Page) -> Locator:
    """Where questions are typed."""
    return page.locator("#qa-question textarea")


def ask(page: Page, question: str = QUESTION) -> None:
    """Type a question and send it."""
    box(page).fill(question)
    box(page).press("Enter")
    expect(page.locator(".turn").last.locator(".asked-text")).to_have_text(question)


def finished(page: Page, stage: str = "final") -> Locator:
    """The latest turn, once it has ended."""
    turn = page.locator(".turn").last
    expect(turn).to_have_attribute("data-stage", stage)
    expect(page.locator("[data-running]")).to_have_count(0)
    expect(turn.locator(".actions")).to_be_visible()
    return turn


def answered(page: Page, question: str = QUESTION) -> Locator:
    """Ask, and wait for the end."""
    ask(page, question)
    return finished(page)


def writing(page: Page) -> Locator:
    """The latest turn, while its answer is written."""
    turn = page.locator(".turn").last
    expect(turn).to_have_attribute("data-stage", "writing")
    return turn


def to_articles(page: Page) -> Locator:
    """The list of articles, which a phone has behind a tab."""
    tab = page.locator("#qa-tab-articles")
    if tab.is_visible():
        tab.click()
    expect(page.locator(".entry").first).to_be_visible()
    return page.locator("#qa-articles")


def to_talks(page: Page) -> Locator:
    """The list of conversations, which narrow screens have behind a button."""
    if page.evaluate("innerWidth") < 1200:
        page.locator("[data-do=toggle].tool").click()
    expect(page.locator("#qa-drawer")).to_be_visible()
    return page.locator("#qa-drawer")


def seen(locator: Locator) -> bool:
    """Whether its first and its last line are what stands at their places of the window."""
    return bool(
        locator.evaluate(
            """(element) => {
                const lines = [...element.getClientRects()];
                return [lines[0], lines[lines.length - 1]].every((line) => {
                    const [x, y] = [line.x + line.width / 2, line.y + line.height / 2];
                    const there = document.elementFromPoint(x, y);
                    return element.contains(there);
                });
            }"""
        )
    )


def overflows(locator: Locator) -> bool:
    """Whether its content is wider than it is."""
    return bool(locator.evaluate("e => e.scrollWidth > e.clientWidth + 1"))


def bounds(locator: Locator) -> tuple[float, float, float, float]:
    """Left, top, right and bottom in the window."""
    found = locator.bounding_box()
    assert found is not None
    return found["x"], found["y"], found["x"] + found["width"], found["y"] + found["height"]
