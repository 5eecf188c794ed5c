"""A question and its answer: how it comes, what can be done with it, and how it stands."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from qa.server.page.texts import ENGLISH
from tests.server.browser.conftest import Served, Size, Visit
from tests.server.browser.server import LONG
from tests.server.browser.steps import (
    QUESTION,
    SLOW,
    answered,
    ask,
    bounds,
    box,
    finished,
    overflows,
    seen,
    writing,
)

pytestmark = pytest.mark.browser

FRENCH = "Où les instructeurs russes sont-ils attendus ?"
SELECT_ALL = "(e) => { getSelection().selectAllChildren(e); return String(getSelection()); }"
# How far things move without being asked to, since the page was made.
WATCH_SHIFTS = """
    window.moved = 0;
    new PerformanceObserver((list) => {
        for (const shift of list.getEntries()) {
            if (!shift.hadRecentInput) window.moved += shift.value;
        }
    }).observe({ type: "layout-shift", buffered: true });
"""


def test_the_first_screen_says_what_is_there(page: Page) -> None:
    welcome = page.locator(".welcome")
    expect(welcome).to_contain_text(re.compile("46 articles · from 28 February 2011 to 16 Nov"))
    expect(welcome.get_by_role("heading", name="For example")).to_be_visible()
    assert page.title() == "qa"
    example = welcome.locator(".examples button").first
    assert seen(example)
    text = str(example.get_attribute("data-text"))
    example.click()
    turn = finished(page)
    expect(turn.locator(".asked-text")).to_have_text(text)
    expect(welcome).to_have_count(0)
    assert page.title() == f"{text} – qa"
    expect(box(page)).to_be_focused()


def test_an_example_leaves_what_is_typed_and_speaks_the_browser_s_language(visit: Visit) -> None:
    page = visit.open(locale="fr-FR", scheme="dark")
    box(page).fill("à garder")
    page.locator(".examples button").first.press("Enter")
    turn = finished(page)
    expect(box(page)).to_have_value("à garder")
    expect(turn.get_by_role("button", name="Copier la réponse")).to_be_visible()
    page.get_by_role("button", name="EN", exact=True).click()
    expect(turn.get_by_role("button", name="Copy the answer")).to_be_visible()
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_visible()


def test_quotes_come_first_then_a_marked_draft_then_what_was_compared(laptop: Page) -> None:
    ask(laptop, SLOW)
    turn = writing(laptop)
    expect(turn.locator(".card blockquote").first).to_contain_text("Russian military instructors")
    expect(turn.locator(".doing")).to_have_text(ENGLISH.draft)
    draft = turn.locator(".draft")
    expect(draft).to_be_visible()
    expect(draft.locator(".number")).to_have_count(0)
    turn = finished(laptop)
    expect(turn.locator(".draft")).to_have_count(0)
    expect(turn.locator(".checked")).to_contain_text(ENGLISH.compared)
    expect(turn.locator(".text .number").first).to_have_text("[1]")


def test_little_moves_while_an_answer_comes(visit: Visit, size: Size) -> None:
    """Once the question stands there: what moves before is what was asked for by sending it."""
    page = visit.open(size, script=WATCH_SHIFTS)
    for question in (QUESTION, "Who replaced the commander of the oil ports?"):
        ask(page, question)
        page.evaluate("window.moved = 0")
        turn = finished(page)
        expect(page.locator(".suggestions button").first).to_be_visible()
        assert page.evaluate("window.moved") < 0.1
        assert seen(turn.locator(".asked-text"))
        assert seen(turn.locator(".text > *").first)


def test_suggestions_are_whole_and_asked_with_one_click(page: Page, size: Size) -> None:
    answered(page)
    buttons = page.locator(".suggestions button")
    expect(buttons.first).to_be_visible()
    width = 1366 if size == "laptop" else 390
    for button in buttons.all():
        button.scroll_into_view_if_needed()
        assert not overflows(button)
        left, _, right, _ = bounds(button)
        assert left >= 0
        assert right <= width
    text = buttons.first.inner_text()
    buttons.first.click()
    expect(page.locator("#qa-latest .asked-text")).to_have_text(text)
    finished(page)
    expect(page.locator("#qa-past .turn")).to_have_count(1)


def test_one_card_an_article_numbered_as_the_text_is(visit: Visit, many: Served) -> None:
    page = visit.open(served=many)
    turn = answered(page, "Who painted the lighthouse of Orm twice?")
    cited = turn.locator(".text .number").all_inner_texts()
    assert cited
    titles = turn.locator(".card .link").all_inner_texts()
    assert len(set(titles)) == len(titles)
    numbers = [f"[{n}]" for n in turn.locator(".card .card-n").all_inner_texts()]
    assert sorted(numbers) == sorted(set(cited))
    assert LONG in titles


def test_a_quote_in_the_other_language_says_so_and_quotes_alone_can_be_had(laptop: Page) -> None:
    turn = answered(laptop)
    expect(turn.locator(".card[lang=fr] .tag").first).to_have_text("in French")
    expect(turn.locator(".card[lang=en]").first).to_be_visible()
    expect(turn.locator(".card[lang=en] .tag")).to_have_count(0)
    turn.get_by_role("button", name=ENGLISH.quotes_only).click()
    quotes = laptop.locator("#qa-latest .quoted")
    expect(quotes.filter(has=laptop.locator("p[lang=fr]")).first).to_contain_text("in French")
    expect(quotes.filter(has=laptop.locator("p[lang=en]")).locator(".tag")).to_have_count(0)
    expect(laptop.locator("#qa-latest .checked")).to_have_count(0)
    expect(laptop.locator(".turn")).to_have_count(1)


def test_why_these_passages_fits_its_box(page: Page) -> None:
    turn = answered(page)
    why = turn.locator(".why")
    why.locator("summary").first.press("Enter")
    why.get_by_text(ENGLISH.evidence.numbers).first.press("Enter")
    expect(why.locator("dl").first).to_be_visible()
    assert not overflows(why)
    assert not overflows(page.locator("#qa-scroll"))
    right = bounds(why)[2]
    assert all(bounds(part)[2] <= right + 1 for part in why.locator("li > *").all())
    why.locator("[data-article]").first.click()
    expect(page.locator("#qa-panel mark").first).to_be_visible()


def test_answer_quote_and_references_are_copied(laptop: Page) -> None:
    turn = answered(laptop)
    quote = turn.locator(".card blockquote").first.inner_text()
    copied = "navigator.clipboard.readText()"
    for name, told in (
        (ENGLISH.copy_answer, "Russian military instructors are expected"),
        (ENGLISH.copy_references, "qa samples"),
        (ENGLISH.copy_quote, quote),
    ):
        turn.get_by_role("button", name=name).first.click()
        expect(laptop.locator(".tip:not([hidden])")).to_have_text(ENGLISH.talks.copied)
        laptop.wait_for_function(
            f"(told) => {copied}.then((text) => text.includes(told))", arg=told
        )
    assert "Russian instructors expected within days" in laptop.evaluate(copied)


def test_a_quote_is_selected_without_opening_its_article(laptop: Page) -> None:
    turn = answered(laptop)
    quote = turn.locator(".card blockquote").first
    left, top, right, bottom = bounds(quote)
    laptop.mouse.move(left + 1, top + 12)
    laptop.mouse.down()
    laptop.mouse.move(right - 3, bottom - 12, steps=5)
    laptop.mouse.up()
    selected = laptop.evaluate("String(getSelection())")
    assert selected.startswith("“Russian military instructors")
    expect(laptop.locator("#qa-panel")).to_be_hidden()
    assert quote.evaluate(SELECT_ALL).endswith("eastern Libya.”")
    laptop.evaluate("getSelection().empty()")
    quote.click()
    expect(laptop.locator("#qa-panel mark")).to_be_visible()


def test_a_number_shows_its_quote_when_pointed_at_or_focused(laptop: Page) -> None:
    turn = answered(laptop)
    tip = laptop.get_by_role("tooltip")
    turn.locator(".number").first.hover()
    expect(tip).to_contain_text("Russian military instructors are expected")
    laptop.mouse.move(0, 0)
    expect(tip).to_be_hidden()
    turn.locator(".number").first.focus()
    expect(tip).to_contain_text("14 January 2017")
    left, top, right, bottom = bounds(tip)
    assert (left >= 0, top >= 0, right <= 1366, bottom <= 768) == (True,) * 4


def test_a_long_question_is_folded_and_its_answer_in_view(page: Page) -> None:
    long = "\n".join([QUESTION] + [f"Line {n} of what I want to know." for n in range(30)])
    answered(page)
    box(page).fill(long)
    box(page).press("Enter")
    expect(page.locator("#qa-past .turn")).to_have_count(1)
    turn = finished(page)
    text = turn.locator(".asked-text")
    folded = bounds(text)
    assert folded[3] - folded[1] < 200
    assert seen(turn.locator(".text"))
    turn.locator(".long summary").click()
    unfolded = bounds(text)
    assert unfolded[3] - unfolded[1] > 400


@pytest.mark.parametrize("length", [5_000, 70_000])
def test_a_long_paste_stays_whole_and_is_refused_with_its_length(laptop: Page, length: int) -> None:
    box(laptop).focus()
    laptop.evaluate("(n) => navigator.clipboard.writeText('x'.repeat(n))", length)
    laptop.keyboard.press("Control+V")
    laptop.keyboard.press("Enter")
    expect(laptop.locator("#qa-notice")).to_contain_text(f"has {length} characters")
    assert len(box(laptop).input_value()) == length
    expect(laptop.locator(".turn")).to_have_count(0)
    expect(laptop.get_by_role("button", name="Send", exact=True)).to_be_visible()


def test_stop_keeps_the_sources_and_says_why_the_draft_went(page: Page) -> None:
    ask(page, SLOW)
    expect(writing(page).locator(".draft")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    turn = finished(page, "stopped")
    expect(turn).to_contain_text(ENGLISH.stopped)
    expect(turn.locator(".text")).to_have_count(0)
    expect(turn.locator(".card").first).to_be_visible()
    page.reload()
    turn = finished(page, "stopped")
    expect(turn.locator(".card").first).to_be_visible()
    turn.get_by_role("button", name=ENGLISH.retry).click()
    writing(page)
    expect(page.locator(".turn")).to_have_count(1)


def test_what_is_asked_meanwhile_waits_its_turn(laptop: Page) -> None:
    ask(laptop, SLOW)
    writing(laptop)
    ask(laptop, FRENCH)
    expect(laptop.locator('[data-stage="queued"]')).to_contain_text(ENGLISH.queued)
    expect(box(laptop)).to_have_value("")
    laptop.keyboard.press("Escape")
    expect(laptop.locator(".turn").first).to_have_attribute("data-stage", "stopped")
    turn = finished(laptop)
    expect(turn.locator(".asked-text")).to_have_text(FRENCH)


def test_a_follow_up_says_what_it_follows_and_can_be_edited(laptop: Page) -> None:
    answered(laptop)
    turn = answered(laptop, "And in which cities?")
    expect(turn.locator(".understood")).to_contain_text("Following on from: “Which broadcaster")
    turn.locator(".edit summary").click()
    turn.locator(".edit textarea").fill("Where is Tobruk?")
    turn.locator(".edit textarea").press("Enter")
    expect(laptop.locator("#qa-latest .asked-text")).to_have_text("Where is Tobruk?")
    finished(laptop)
    expect(laptop.locator(".turn")).to_have_count(2)
