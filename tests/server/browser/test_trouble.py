"""No network, and a server that dies: what was there stays, and what went wrong is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from qa.server.page.texts import ENGLISH, TEXTS
from tests.server.browser.conftest import Served, Size, Visit
from tests.server.browser.steps import (
    QUESTION,
    SLOW,
    answered,
    ask,
    bounds,
    box,
    finished,
    seen,
    to_articles,
    writing,
)

pytestmark = pytest.mark.browser


def test_without_a_network_articles_and_list_say_so(visit: Visit, size: Size) -> None:
    visit.expects_trouble = True
    page = visit.open(size)
    turn = answered(page)
    lost = page.locator("#qa-head .lost")
    expect(lost).to_be_hidden()
    page.context.set_offline(True)
    expect(lost).to_have_text(ENGLISH.connection_lost)
    expect(page.locator(".toast-wrap")).to_be_hidden()  # Gradio's box would lie over buttons
    left, _, right, _ = bounds(lost)
    assert (left, round(right)) == (0, page.evaluate("innerWidth"))
    number = turn.locator(".number").first
    number.click()
    panel = page.locator("#qa-panel")
    expect(panel.get_by_role("alert")).to_have_text(ENGLISH.unreachable)
    assert seen(panel.get_by_role("alert"))
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_be_hidden()
    expect(number).to_be_focused()
    shelf = to_articles(page)
    shelf.get_by_role("searchbox").fill("Haftar")
    expect(shelf.get_by_role("alert").first).to_have_text(ENGLISH.articles.unreachable)
    page.context.set_offline(False)
    expect(lost).to_be_hidden()
    shelf.get_by_role("searchbox").fill("black hole")
    expect(shelf.locator(".count").first).to_have_text("1 article")


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Served]:
    """A server of its own, to be killed."""
    served = Served(tmp_path, "--looks", "6")
    served.start()
    yield served
    served.stop()


def test_a_server_that_is_killed_amid_an_answer_and_starts_again(
    visit: Visit, mortal: Served
) -> None:
    visit.expects_trouble = True
    words = TEXTS["fr"]
    visit.as_person("laptop", "fr-FR")
    page = visit.tab(served=mortal)
    model = page.locator("#qa-model")
    expect(model).to_contain_text("quoting")  # the language model is being fetched
    turn = answered(page)
    expect(turn.locator(".checked")).to_have_count(0)
    expect(turn.locator(".quoted").first).to_contain_text("Russian military instructors")
    expect(model).to_have_text("")

    ask(page, SLOW)
    writing(page)
    box(page).fill("à garder")
    mortal.kill()
    lost = page.locator("#qa-head .lost")
    expect(lost).to_have_text(words.connection_lost)
    expect(lost).to_be_in_viewport(ratio=0.99)
    expect(page.locator(".turn")).to_have_count(2)
    mortal.start()
    expect(lost).to_be_hidden()
    turn = finished(page, "stopped")
    expect(page.locator(".asked-text")).to_have_text([QUESTION, SLOW])
    expect(turn).to_contain_text(words.lost_answer)
    expect(box(page)).to_have_value("à garder")
    turn.get_by_role("button", name=words.retry).click()
    turn = finished(page)
    expect(turn.locator(".asked-text")).to_have_text(SLOW)
    expect(page.locator(".turn")).to_have_count(2)
