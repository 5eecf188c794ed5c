"""Which articles are asked: the chip and its form, and what was understood of a question."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from qa.server.page.texts import ENGLISH
from tests.server.browser.steps import QUESTION, answered, bounds, box, finished, overflows, seen

pytestmark = pytest.mark.browser


def opened(page: Page) -> Locator:
    """The form behind the chip."""
    chip = page.locator(".filter-chip")
    expect(chip).to_have_attribute("aria-expanded", "false")
    chip.click()
    expect(chip).to_have_attribute("aria-expanded", "true")
    form = page.locator("#qa-filter-form")
    expect(form).to_be_visible()
    return form


def test_an_error_stands_at_its_field_and_escape_closes_the_form(page: Page) -> None:
    form = opened(page)
    assert not overflows(form)
    assert bounds(form)[2] <= page.evaluate("innerWidth")
    since = form.get_by_label("Since")
    expect(since).to_be_focused()
    since.fill("soon")
    since.press("Tab")
    error = form.get_by_role("alert")
    expect(error).to_have_text("“soon” is not a date like 2017, 2017-01 or 2017-01-11.")
    expect(since).to_have_attribute("aria-describedby", str(error.get_attribute("id")))
    assert seen(error)
    assert abs(bounds(error)[0] - bounds(since)[0]) < 8
    page.keyboard.press("Escape")
    expect(form).to_be_hidden()
    expect(page.locator(".filter-chip")).to_be_focused()

    box(page).fill(QUESTION)
    box(page).press("Enter")
    expect(page.locator("#qa-notice")).to_contain_text("“soon” is not a date")
    expect(box(page)).to_have_value(QUESTION)
    expect(page.locator(".turn")).to_have_count(0)


def test_filters_narrow_the_answer_and_go_with_one_click(laptop: Page) -> None:
    form = opened(laptop)
    form.get_by_label("Since").fill("2017-01-16")
    form.get_by_label("Since").press("Tab")
    chip = laptop.locator(".filter-chip")
    expect(chip).to_contain_text("2017-01-16")
    laptop.mouse.click(300, 300)
    expect(form).to_be_hidden()
    turn = answered(laptop)
    expect(turn).not_to_contain_text("14 January 2017")
    laptop.get_by_role("button", name=ENGLISH.remove_filters).first.click()
    expect(chip).to_contain_text(ENGLISH.all_articles)
    expect(chip).not_to_have_attribute("data-on", "")


def test_filters_that_let_nothing_through_say_so_and_can_be_taken_away(page: Page) -> None:
    form = opened(page)
    form.get_by_label("Since").fill("2030")
    page.keyboard.press("Escape")
    turn = answered(page)
    expect(turn).to_contain_text("from 28 February 2011 to 16 November 2020")
    turn.get_by_role("button", name=ENGLISH.remove_filters).click()
    expect(turn.locator(".text")).to_contain_text("Russian military instructors")
    finished(page)
    expect(page.locator(".filter-chip")).to_contain_text(ENGLISH.all_articles)
    assert page.locator(".turn").count() == 1


def test_what_was_understood_is_changed_and_taken_away(laptop: Page) -> None:
    """And whatever is taken away, the page is never left with Stop and the turn never lost."""
    answered(laptop, "What was published in January 2017 about instructors with Haftar?")
    latest = laptop.locator("#qa-latest")
    chip = latest.locator(".chip", has_text="January 2017")
    chip.locator("summary").press("Enter")
    chip.get_by_label(ENGLISH.evidence.time).fill("2020 – 2020-06")
    chip.get_by_role("button", name="Ask again").click()
    changed = latest.locator(".chip", has_text="2020")
    expect(changed).to_contain_text("January 2020 – June 2020")
    finished(laptop)
    changed.locator(".remove").click()
    expect(latest.locator(".chip")).to_have_count(0)
    finished(laptop)
    expect(laptop.get_by_role("button", name="Send", exact=True)).to_be_visible()
    expect(laptop.get_by_role("button", name="Stop", exact=True)).to_be_hidden()
    expect(laptop.locator(".turn")).to_have_count(1)
    expect(box(laptop)).to_be_focused()


def test_over_the_keyboard_of_a_phone_the_conversation_keeps_its_room(phone: Page) -> None:
    answered(phone)
    phone.set_viewport_size({"width": 390, "height": 500})
    _, top, _, bottom = bounds(phone.locator("#qa-scroll"))
    assert bottom - top >= 150
    assert seen(box(phone))
    assert bounds(opened(phone))[1] >= 0
