"""What stays: conversations, drafts and filters, ratings, links, whoever closes or loads again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from qa.server.page.texts import TEXTS
from tests.server.browser.conftest import Visit
from tests.server.browser.steps import (
    QUESTION,
    SLOW,
    answered,
    ask,
    bounds,
    box,
    finished,
    overflows,
    to_talks,
    writing,
)

pytestmark = pytest.mark.browser

ENGLISH, FRENCH = TEXTS["en"].talks, TEXTS["fr"].talks


def test_a_reload_amid_an_answer_loses_nothing(laptop: Page) -> None:
    laptop.locator(".filter-chip").click()
    laptop.get_by_label("Since").fill("2011")
    laptop.keyboard.press("Escape")
    ask(laptop, SLOW)
    writing(laptop)
    box(laptop).fill("What I type next")
    laptop.reload()
    expect(laptop.locator("#qa-latest .asked-text")).to_have_text(SLOW)
    expect(box(laptop)).to_have_value("What I type next")
    turn = finished(laptop)
    expect(turn.locator(".text")).to_contain_text("Russian military instructors")
    expect(laptop.locator(".filter-chip")).to_contain_text("2011")


def test_an_answer_is_finished_behind_a_closed_tab(visit: Visit, laptop: Page) -> None:
    ask(laptop, SLOW)
    writing(laptop)
    laptop.close()
    page = visit.tab()
    for _ in range(30):
        expect(page.locator("#qa-drawer")).to_be_visible()
        if page.locator(".talk").count():
            break
        page.wait_for_timeout(500)
        page.reload()
    page.locator(".talk").click()
    turn = finished(page)
    expect(turn.locator(".asked-text")).to_have_text(SLOW)
    expect(turn.locator(".text")).to_contain_text("Russian military instructors")


def test_a_conversation_has_an_address_and_two_tabs_show_it(visit: Visit, laptop: Page) -> None:
    answered(laptop)
    laptop.wait_for_url("**talk=*")
    other = visit.tab(f"/#{laptop.url.partition('#')[2]}")
    expect(other.locator("#qa-latest .asked-text")).to_have_text(QUESTION)
    assert other.title() == laptop.title() == f"{QUESTION} – qa"
    answered(other, "And in which cities?")
    laptop.reload()
    expect(laptop.locator(".turn")).to_have_count(2)


def test_new_conversation_closes_the_article_and_is_ready_to_type(page: Page) -> None:
    turn = answered(page)
    if page.viewport_size == {"width": 1366, "height": 768}:
        turn.locator(".number").first.click()
        expect(page.locator("#qa-panel mark").first).to_be_visible()
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".turn")).to_have_count(0)
    expect(page.locator("#qa-panel")).to_be_hidden()
    expect(box(page)).to_be_focused()
    page.reload()
    expect(page.locator(".welcome")).to_be_visible()
    expect(page.locator(".turn")).to_have_count(0)
    to_talks(page).locator(".talk").click()
    expect(page.locator("#qa-latest .asked-text")).to_have_text(QUESTION)
    expect(box(page)).to_be_focused()


def test_the_list_is_searched_renamed_pinned_and_emptied_by_keyboard(visit: Visit) -> None:
    page = visit.open(locale="fr-FR")
    older = "Où les instructeurs russes sont-ils attendus ?"
    answered(page, older)
    page.get_by_role("button", name="Nouvelle conversation").press("Enter")
    answered(page, "Quelle flèche de cathédrale a brûlé à Paris ?")
    drawer = to_talks(page)
    talks = drawer.locator(".talk")
    expect(talks).to_have_count(2)
    page.keyboard.press("Control+K")
    search = drawer.get_by_label(FRENCH.search)
    expect(search).to_be_focused()
    page.keyboard.type("CATHEDRALE flech")
    expect(talks).to_have_count(1)
    expect(talks).to_contain_text("Quelle flèche")
    expect(search).to_be_focused()
    search.fill("introuvable")
    expect(drawer).to_contain_text(FRENCH.none_found)
    search.fill("")
    expect(talks).to_have_count(2)

    entry = drawer.locator(".talks > li").filter(has_text=older)
    entry.locator(".more > summary").press("Enter")
    entry.get_by_role("button", name=FRENCH.pin, exact=True).press("Enter")
    expect(talks.first).to_contain_text(older)
    entry.locator(".more > summary").press("Enter")
    entry.get_by_label(FRENCH.new_title).fill("Les instructeurs")
    page.keyboard.press("Enter")
    renamed = drawer.locator(".talks > li").filter(has_text="Les instructeurs")
    expect(renamed.locator(".card-title")).to_contain_text("Les instructeurs")
    renamed.locator(".more > summary").press("Enter")
    renamed.locator(".sure > summary", has_text=FRENCH.delete).press("Enter")
    expect(renamed).to_contain_text(FRENCH.delete_warning)
    renamed.get_by_role("button", name=FRENCH.delete_surely).press("Enter")
    expect(talks).to_have_count(1)
    expect(drawer.get_by_role("heading", name="Conversations")).to_be_focused()

    drawer.locator(".sure > summary", has_text=FRENCH.delete_all).press("Enter")
    drawer.get_by_role("button", name=FRENCH.delete_all_surely).press("Enter")
    expect(drawer).to_contain_text(FRENCH.none)
    expect(page.locator(".turn")).to_have_count(0)


def test_a_conversation_is_exported_and_has_a_page_to_print(laptop: Page) -> None:
    answered(laptop)
    entry = to_talks(laptop).locator(".talks > li")
    entry.locator(".more > summary").click()
    with laptop.expect_download() as markdown:
        entry.get_by_role("link", name=ENGLISH.export_markdown).click()
    text = Path(markdown.value.path()).read_text(encoding="utf-8")
    assert markdown.value.suggested_filename.endswith(".md")
    assert f"## {QUESTION}" in text
    assert "Russian military instructors are expected" in text
    with laptop.expect_download() as exported:
        entry.get_by_role("link", name=ENGLISH.export_json).click()
    document = json.loads(Path(exported.value.path()).read_text(encoding="utf-8"))
    citation = document["turns"][0]["citations"][0]
    assert citation["end"] - citation["start"] == len(citation["quote"])
    with laptop.expect_popup() as printed:
        entry.get_by_role("link", name=ENGLISH.print).click()
    expect(printed.value.locator("body")).to_contain_text(QUESTION)


def test_sharing_says_first_who_reads_then_copies_an_address_until_it_is_stopped(
    visit: Visit, laptop: Page
) -> None:
    answered(laptop)
    bar = laptop.locator("#qa-latest .actions")
    bar.locator(".share summary").press("Enter")
    expect(bar).to_contain_text(ENGLISH.who_reads)
    expect(bar.get_by_role("link", name=ENGLISH.shared_page)).to_have_count(0)
    bar.get_by_role("button", name=ENGLISH.share_talk).press("Enter")
    shown = bar.get_by_role("link", name=ENGLISH.shared_page)
    expect(shown).to_be_visible()
    link = laptop.evaluate(
        "(path) => new URL(path, location.href).href", shown.get_attribute("href")
    )
    laptop.wait_for_function(
        "(link) => navigator.clipboard.readText().then((text) => text === link)", arg=link
    )

    reader = visit.open()
    reader.goto(link)
    expect(reader.get_by_role("heading", name=QUESTION).first).to_be_visible()
    expect(reader.locator("blockquote").first).to_contain_text("Russian military instructors")
    assert reader.locator("script, img, form, button").count() == 0
    bar.get_by_role("button", name=ENGLISH.revoke).click()
    expect(shown).to_have_count(0)
    assert reader.request.get(link).status == 404


def test_one_answer_is_shared_where_the_clipboard_is_closed(laptop: Page) -> None:
    """As on a page of another machine, without TLS."""
    laptop.evaluate("() => Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    answered(laptop)
    bar = laptop.locator("#qa-latest .bar").first
    bar.locator(".share summary").click()
    bar.get_by_role("button", name=ENGLISH.share_answer).click()
    expect(bar.get_by_role("link", name=ENGLISH.shared_page)).to_be_visible()
    bar.get_by_role("button", name=ENGLISH.copy).click()
    expect(laptop.locator(".tip:not([hidden])")).to_have_text(ENGLISH.copied)


def test_an_answer_is_rated_and_corrected(visit: Visit) -> None:
    page = visit.open(locale="fr-FR")
    answered(page)
    latest = page.locator("#qa-latest")
    up = latest.get_by_role("button", name="Utile", exact=True)
    up.press("Enter")
    expect(up).to_have_attribute("aria-pressed", "true")
    expect(latest).to_contain_text(FRENCH.thanks)
    down = latest.get_by_role("button", name="Pas utile")
    down.press("Enter")
    expect(down).to_have_attribute("aria-pressed", "true")
    expect(up).to_have_attribute("aria-pressed", "false")
    correction = latest.get_by_label(FRENCH.correction)
    correction.fill("Le maréchal")
    latest.get_by_label(FRENCH.unanswerable).check()
    save = latest.get_by_role("button", name="Enregistrer")
    save.press("Enter")
    expect(page.locator("#qa-notice [role=alert]")).to_have_text(FRENCH.contradiction)
    expect(correction).to_have_value("Le maréchal")
    latest.get_by_label(FRENCH.unanswerable).uncheck()
    save.press("Enter")
    expect(latest.locator(".say > summary")).to_have_text(FRENCH.said)
    page.reload()
    expect(down).to_have_attribute("aria-pressed", "true")
    latest.locator(".say > summary").click()
    expect(correction).to_have_value("Le maréchal")


def test_on_a_phone_the_list_lies_over_the_page(phone: Page) -> None:
    answered(phone)
    drawer = to_talks(phone)
    drawer.locator(".more > summary").first.tap()
    assert not overflows(drawer)
    assert bounds(drawer)[2] <= 390
    assert phone.evaluate("document.getElementById('qa-chat').inert")
    drawer.get_by_role("button", name="Close").tap()
    expect(drawer).to_be_hidden()
    assert not phone.evaluate("document.getElementById('qa-chat').inert")


def test_a_click_beside_the_list_closes_it(laptop: Page) -> None:
    laptop.set_viewport_size({"width": 1000, "height": 700})
    drawer = to_talks(laptop)
    laptop.mouse.click(800, 300)
    expect(drawer).to_be_hidden()
    expect(laptop.locator(".turn")).to_have_count(0)
