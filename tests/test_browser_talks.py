"""Kept conversations, ratings and links in Chromium, in both languages, by mouse and keyboard."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from qa.ui.texts import TEXTS
from tests.test_browser import (  # noqa: F401 (fixtures)
    QUESTION,
    Visit,
    ask,
    chromium,
    finished,
    server,
    serving,
)

pytestmark = pytest.mark.browser

ENGLISH, FRENCH = TEXTS["en"].talks, TEXTS["fr"].talks


@pytest.fixture
def visit(chromium: Browser, server: str) -> Iterator[Visit]:  # noqa: F811
    """A visit during which nobody else is asked and nothing breaks."""
    visit = Visit(chromium, server)
    yield visit
    visit.close()
    assert visit.hosts == {"127.0.0.1"}
    assert visit.broken == []


def asked(page: Page, question: str = QUESTION) -> None:
    """Ask, and wait until the answer is kept."""
    ask(page, question)
    expect(page.locator("#qa-latest .qa-asked-text")).to_have_text(question, timeout=20_000)
    # They come with the end of the answer; a machine that does other work is no failure.
    expect(page.locator("#qa-latest .qa-actions")).to_be_visible(timeout=20_000)
    finished(page)


def reloaded(page: Page) -> None:
    """Load the page again, and wait until it is there."""
    page.reload()
    expect(page.locator(".qa-open-talks")).to_be_visible(timeout=20_000)


def restored(page: Page) -> None:
    """Load the page again, and wait for the conversation that it had."""
    reloaded(page)
    asked = page.locator("#qa-latest .qa-asked-text")
    expect(asked).to_have_text(QUESTION, timeout=20_000)


def listed(page: Page) -> None:
    """Open the list of conversations."""
    page.locator(".qa-open-talks").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def test_a_conversation_is_there_after_a_reload_and_its_citations_open(visit: Visit) -> None:
    page = visit.open()
    asked(page)
    quote = page.locator("#qa-latest .qa-card-quote").first.inner_text()
    restored(page)
    page.locator("#qa-latest .qa-number").first.click()
    expect(page.locator("#qa-panel mark")).to_have_text(quote)

    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".qa-turn")).to_have_count(0)
    reloaded(page)
    expect(page.locator("#qa-examples button").first).to_be_visible(timeout=20_000)
    expect(page.locator(".qa-turn")).to_have_count(0)
    listed(page)
    page.locator(".qa-talk").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator("#qa-latest .qa-asked-text")).to_have_text(QUESTION)
    expect(page.get_by_label("Your question")).to_be_focused()
    asked(page, "And in which cities?")
    expect(page.locator("#qa-past .qa-turn")).to_have_count(1)
    understood = f"{QUESTION} And in which cities?"
    expect(page.locator("#qa-latest .qa-understood q")).to_have_text(understood)


def test_another_browser_sees_nothing(visit: Visit, server: str) -> None:  # noqa: F811
    page = visit.open()
    asked(page)
    talk = page.locator("#qa-latest .qa-actions").get_attribute("data-talk")
    other = visit.open()
    # As if its tab had had the conversation before.
    other.add_init_script(f"sessionStorage.setItem('qa-talk', {json.dumps(talk)})")
    reloaded(other)
    expect(other.locator("#qa-examples button").first).to_be_visible(timeout=20_000)
    expect(other.locator(".qa-turn")).to_have_count(0)
    listed(other)
    expect(other.locator("#qa-drawer .qa-none")).to_have_text(ENGLISH.none)
    address = f"{server}/conversations/{talk}.json"
    assert other.request.get(address).status == 404
    assert page.request.get(address).status == 200
    cookies = page.evaluate("document.cookie")
    assert "qa-browser" not in cookies


def test_the_list_is_searched_renamed_and_emptied_by_keyboard(visit: Visit) -> None:
    page = visit.open(locale="fr-FR")
    question = "Où les instructeurs russes sont-ils attendus ?"
    asked(page, question)
    page.get_by_role("button", name="Nouvelle conversation").click()
    asked(page, "Quelle flèche de cathédrale a brûlé à Paris ?")
    button = page.get_by_role("button", name="Conversations")
    button.press("Enter")
    drawer = page.get_by_role("dialog", name="Conversations")
    expect(drawer.get_by_role("heading", name="Conversations")).to_be_focused()
    expect(drawer.locator(".qa-talk")).to_have_count(2)
    page.keyboard.press("Tab")
    expect(drawer.get_by_role("button", name="Fermer")).to_be_focused()
    page.keyboard.press("Tab")
    search = drawer.get_by_label(FRENCH.search)
    expect(search).to_be_focused()
    page.keyboard.type("CATHEDRALE flech")
    expect(drawer.locator(".qa-talk")).to_have_count(1)
    expect(drawer.locator(".qa-talk")).to_contain_text("Quelle flèche")
    expect(search).to_be_focused()
    expect(search).to_have_value("CATHEDRALE flech")
    search.fill("introuvable")
    expect(drawer).to_contain_text(FRENCH.none_found)
    search.fill("")
    expect(drawer.locator(".qa-talk")).to_have_count(2)

    older = drawer.locator("li").filter(has_text=question)
    older.locator(".qa-more > summary").press("Enter")
    older.get_by_label(FRENCH.new_title).fill("Les instructeurs")
    page.keyboard.press("Enter")
    renamed = drawer.locator("li").filter(has_text="Les instructeurs")
    expect(renamed.locator(".qa-talk-title")).to_have_text("Les instructeurs")
    if not renamed.locator(".qa-sure > summary").is_visible():
        renamed.locator(".qa-more > summary").press("Enter")
    renamed.locator(".qa-sure > summary").press("Enter")
    expect(renamed).to_contain_text(FRENCH.delete_warning)
    renamed.get_by_role("button", name=FRENCH.delete_surely).press("Enter")
    expect(drawer.locator(".qa-talk")).to_have_count(1)
    expect(drawer.get_by_role("heading", name="Conversations")).to_be_focused()

    drawer.locator(".qa-sure > summary", has_text=FRENCH.delete_all).press("Enter")
    drawer.get_by_role("button", name=FRENCH.delete_all_surely).press("Enter")
    expect(drawer).to_contain_text(FRENCH.none)
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(button).to_be_focused()
    expect(page.locator(".qa-turn")).to_have_count(0)


def test_a_conversation_is_exported_as_markdown_and_as_json(visit: Visit) -> None:
    page = visit.open()
    asked(page)
    listed(page)
    page.locator(".qa-more > summary").first.click()
    with page.expect_download() as markdown:
        page.get_by_role("link", name="Export as Markdown").click()
    text = Path(markdown.value.path()).read_text(encoding="utf-8")
    assert markdown.value.suggested_filename.endswith(".md")
    assert f"## {QUESTION}" in text
    assert "> Russian military instructors" in text
    with page.expect_download() as exported:
        page.get_by_role("link", name="Export as JSON").click()
    document = json.loads(Path(exported.value.path()).read_text(encoding="utf-8"))
    citation = document["turns"][0]["citations"][0]
    assert citation["quote"].startswith("Russian military instructors")
    assert citation["end"] - citation["start"] == len(citation["quote"])


@pytest.mark.parametrize("allowed", [True, False])
def test_an_answer_is_shared_copied_and_revoked(visit: Visit, allowed: bool) -> None:
    page = visit.open()
    if allowed:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    else:  # as on a page without TLS
        page.evaluate("() => Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    asked(page)
    bar = page.locator("#qa-latest .qa-bar")
    share = bar.get_by_role("button", name="Share", exact=True)
    share.press("Enter")
    copy = bar.get_by_role("button", name="Copy the link")
    expect(copy).to_be_focused()
    copy.press("Enter")
    expect(bar.get_by_role("status")).to_have_text(ENGLISH.copied)
    expect(copy).to_be_focused()
    link = page.url.rstrip("/") + str(bar.get_by_role("link").get_attribute("href"))
    if allowed:
        assert page.evaluate("navigator.clipboard.readText()") == link

    reader = visit.open()
    reader.goto(link)
    expect(reader.get_by_role("heading", name=QUESTION)).to_be_visible()
    expect(reader.locator("blockquote")).to_contain_text("Russian military instructors")
    expect(reader.locator("html")).to_have_attribute("lang", "en")
    assert reader.locator("script, img, form, button").count() == 0
    assert reader.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") != "none"
    bar.get_by_role("button", name="Stop sharing").click()
    expect(share).to_be_visible()
    assert reader.request.get(link).status == 404


def test_an_answer_is_rated_and_corrected(visit: Visit) -> None:
    page = visit.open(locale="fr-FR")
    asked(page)
    latest = page.locator("#qa-latest")
    latest.get_by_role("button", name="Utile", exact=True).press("Enter")
    up = latest.get_by_role("button", name="Utile", exact=True)
    expect(up).to_have_attribute("aria-pressed", "true")
    expect(up).to_be_focused()
    expect(latest).to_contain_text(FRENCH.thanks)
    down = latest.get_by_role("button", name="Pas utile")
    down.press("Enter")
    expect(down).to_have_attribute("aria-pressed", "true")
    expect(up).to_have_attribute("aria-pressed", "false")
    correction = latest.get_by_label(FRENCH.correction)
    correction.fill("Le maréchal")
    latest.get_by_label(FRENCH.unanswerable).check()
    latest.get_by_role("button", name="Enregistrer").press("Enter")
    expect(page.locator("#qa-notice [role=alert]")).to_have_text(FRENCH.contradiction)
    expect(correction).to_have_value("Le maréchal")
    latest.get_by_label(FRENCH.unanswerable).uncheck()
    latest.get_by_role("button", name="Enregistrer").press("Enter")
    expect(latest.locator(".qa-say > summary")).to_have_text(FRENCH.said)
    restored(page)
    expect(latest.get_by_role("button", name="Pas utile")).to_have_attribute("aria-pressed", "true")
    latest.locator(".qa-say > summary").click()
    expect(correction).to_have_value("Le maréchal")


@pytest.mark.parametrize("width", [390, 360])
def test_on_a_phone_the_list_fills_the_page(visit: Visit, width: int) -> None:
    page = visit.open(width=width, height=780, locale="fr-FR")
    asked(page)
    listed(page)
    page.locator(".qa-more > summary").first.click()
    drawer = page.get_by_role("dialog")
    box = drawer.bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, width)
    overflow = "e => e.scrollWidth - e.clientWidth"
    assert drawer.evaluate(overflow) <= 0
    assert page.evaluate("document.getElementById('qa-main').inert")
    drawer.get_by_role("button", name="Fermer").click()
    expect(drawer).to_be_hidden()
    page.locator("#qa-latest [data-do=share]").click()
    expect(page.locator("#qa-latest [data-do=copy]")).to_be_visible()
    assert page.locator("#qa-scroll").evaluate(overflow) <= 0


def test_a_conversation_is_there_after_a_restart(
    chromium: Browser,  # noqa: F811
    tmp_path: Path,
) -> None:
    context = chromium.new_context(locale="en-US")
    context.set_default_timeout(15_000)
    page = context.new_page()
    with serving(tmp_path, str(tmp_path / "index")) as address:
        page.goto(address)
        expect(page.locator("#qa-examples button").first).to_be_visible(timeout=20_000)
        asked(page)
    with serving(tmp_path, str(tmp_path / "index")) as address:
        page.goto(address)
        listed(page)
        page.locator(".qa-talk").click()
        expect(page.locator("#qa-latest .qa-asked-text")).to_have_text(QUESTION)
        page.locator("#qa-latest .qa-card").first.click()
        expect(page.locator("#qa-panel mark")).to_be_visible()
    context.close()
    assert re.search(r"index-conversations\.sqlite", " ".join(p.name for p in tmp_path.iterdir()))
