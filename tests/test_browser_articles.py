"""The Articles tab, files added there, and what was understood changed, in Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser_server import CORPUS
from tests.test_browser import QUESTION, Visit, ask, chromium, finished, in_view, serving

__all__ = ["chromium"]

pytestmark = pytest.mark.browser

NEWS = "date 2022-05-03 Otters came back to the river Orm on Tuesday, said Ida Brandt.\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a page that takes files."""
    directory = tmp_path_factory.mktemp("articles")
    with serving(
        directory, str(directory / "index"), str(CORPUS), str(directory / "uploads")
    ) as address:
        yield address


@pytest.fixture
def visit(chromium: Browser, server: str) -> Iterator[Visit]:
    """A visit during which nothing but this machine is asked and nothing breaks."""
    visit = Visit(chromium, server)
    yield visit
    visit.close()
    assert visit.hosts == {"127.0.0.1"}
    assert visit.broken == []


def to_articles(page: Page) -> None:
    """Choose the tab."""
    page.get_by_role("tab", name="Articles").click()
    expect(page.locator(".qa-entry").first).to_be_visible()


def test_the_tabs_are_worked_by_keyboard_and_speak_both_languages(visit: Visit) -> None:
    page = visit.open()
    questions = page.get_by_role("tab", name="Questions")
    expect(questions).to_have_attribute("aria-selected", "true")
    questions.press("ArrowRight")
    articles = page.get_by_role("tab", name="Articles")
    expect(articles).to_be_focused()
    expect(articles).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("tabpanel", name="Articles")).to_contain_text("46 articles")
    expect(page.locator("#qa-chat")).to_be_hidden()
    page.get_by_label("FR", exact=True).check(force=True)
    expect(page.get_by_label("Mots du titre")).to_be_visible()
    expect(articles).to_have_attribute("aria-selected", "true")
    articles.press("ArrowLeft")
    expect(page.get_by_label("Votre question")).to_be_visible()
    expect(page.locator("#qa-articles")).to_be_hidden()


def test_articles_are_filtered_turned_and_opened(visit: Visit) -> None:
    page = visit.open()
    to_articles(page)
    expect(page.locator(".qa-entry")).to_have_count(20)
    page.get_by_role("button", name="Older").click()
    expect(page.locator(".qa-count")).to_have_text(re.compile(r"^4\d articles, 21 to 40$"))
    expect(page.locator(".qa-entry").first).to_be_focused()

    form = page.get_by_role("search", name="Search the articles")
    form.get_by_label("Words of the title").fill("RUSSIAN instructor")
    page.keyboard.press("Enter")
    expect(page.locator(".qa-count")).to_have_text("1 article")
    entry = page.locator(".qa-entry")
    entry.click()
    panel = page.locator("#qa-panel")
    expect(panel.locator("h2")).to_be_focused()
    expect(panel.locator("h2")).to_have_text(entry.locator(".qa-card-title").inner_text())
    expect(panel.locator("mark")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(entry).to_be_focused()

    form.get_by_role("button", name="Show all").click()
    expect(page.locator(".qa-entry")).to_have_count(20)
    form.get_by_label("Language").select_option("fr")
    expect(page.locator(".qa-count")).to_have_text("23 articles, 1 to 20")
    form.get_by_label("Since").fill("soon")
    form.get_by_label("Since").blur()
    expect(page.locator("#qa-articles [role=alert]")).to_contain_text("“soon” is not a date")


def test_on_a_phone_an_article_of_the_list_lies_over_the_page(visit: Visit) -> None:
    page = visit.open(width=360, height=780, locale="fr-FR")
    to_articles(page)
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) <= 0
    page.locator(".qa-entry").nth(1).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("h2")).to_be_focused()
    assert page.evaluate("document.getElementById('qa-articles').inert")
    dialog.get_by_role("button", name="Fermer").click()
    expect(page.locator(".qa-entry").nth(1)).to_be_focused()


def test_dark_is_chosen_kept_and_taken_back(visit: Visit) -> None:
    page = visit.open(scheme="light")
    switch = page.get_by_role("button", name="Dark theme")
    expect(switch).to_have_attribute("aria-pressed", "false")
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "true")
    expect(page.locator("body")).to_have_class(re.compile(r"\bdark\b"))
    page.reload()
    expect(switch).to_have_attribute("aria-pressed", "true")
    expect(page.locator("body")).to_have_class(re.compile(r"\bdark\b"))
    switch.click()
    expect(page.locator("body")).not_to_have_class(re.compile(r"\bdark\b"))


def test_files_are_added_refused_with_reasons_and_can_be_asked_about(
    visit: Visit, tmp_path: Path
) -> None:
    page = visit.open()
    to_articles(page)
    (tmp_path / "<b>otters<b>.txt").write_text(NEWS, encoding="utf-8")
    (tmp_path / "bad.txt").write_bytes(b"\0\1\2")
    (tmp_path / "program.exe").write_bytes(b"MZ")
    (tmp_path / "big.txt").write_text("x" * 200_000, encoding="utf-8")
    page.locator(".qa-add summary").click()
    page.get_by_label("Files to add").set_input_files(sorted(tmp_path.iterdir()))
    state = page.locator(".qa-add-state")
    expect(state).to_contain_text("Done: 1 articles added", timeout=20_000)
    expect(state).to_contain_text("bad.txt: it holds binary data")
    expect(state).to_contain_text("program.exe: files of this type are not taken")
    expect(state).to_contain_text("big.txt: the file has 0.2 MB, more than the 0.1 MB allowed")
    expect(page.locator(".qa-contents")).to_contain_text("47 articles")
    expect(page.get_by_label("Files to add")).to_be_enabled()
    page.get_by_label("Files to add").set_input_files(tmp_path / "<b>otters<b>.txt")
    expect(state).to_contain_text("1 already there", timeout=20_000)

    page.get_by_role("tab", name="Questions").click()
    ask(page, "Who said that otters came back to the river Orm?")
    finished(page)
    expect(page.locator("#qa-latest .qa-text")).to_contain_text("Ida Brandt")


def test_what_was_understood_is_taken_away_and_changed(visit: Visit) -> None:
    page = visit.open()
    ask(page, "What was published in January 2017 about instructors with Haftar?")
    finished(page)
    latest = page.locator("#qa-latest")
    chip = latest.locator(".qa-chip", has_text="January 2017")
    chip.locator("summary").press("Enter")
    chip.get_by_label("Since").fill("2020")
    chip.get_by_label("Until").fill("2020-06")
    chip.get_by_role("button", name="Ask again").click()
    changed = latest.locator(".qa-chip", has_text="1 January 2020 – 30 June 2020")
    expect(changed).to_be_visible()
    finished(page)
    expect(page.locator(".qa-turn")).to_have_count(1)
    latest.get_by_role("button", name="Remove: 1 January 2020 – 30 June 2020").click()
    expect(latest.locator(".qa-chip")).to_have_count(0)
    finished(page)
    expect(page.get_by_label("Your question")).to_be_focused()


def test_a_filter_is_taken_away_under_the_answer(visit: Visit) -> None:
    page = visit.open()
    page.locator("#qa-filters > button").click()
    page.get_by_label("Since").fill("2017-01-16")
    ask(page, QUESTION)
    finished(page)
    page.locator("#qa-latest").get_by_role("button", name=re.compile("^Remove: since")).click()
    expect(page.locator("#qa-latest .qa-chip")).to_have_count(0)
    finished(page)
    expect(page.locator("#qa-filters").get_by_label("Since")).to_have_value("")
    expect(page.locator("#qa-in-force")).not_to_contain_text("since")


def test_a_follow_up_understood_wrongly_is_put_right(visit: Visit) -> None:
    page = visit.open()
    ask(page, QUESTION)
    finished(page)
    ask(page, "And in which cities?")
    expect(page.locator("#qa-past .qa-turn")).to_have_count(1)
    finished(page)
    page.locator("#qa-latest").get_by_text("Change the question").click()
    page.locator("#qa-latest").get_by_label("Question", exact=True).fill("Where is Tobruk?")
    page.keyboard.press("Enter")
    expect(page.locator("#qa-latest .qa-asked-text")).to_have_text("Where is Tobruk?")
    finished(page)
    expect(page.locator(".qa-turn")).to_have_count(2)


def test_why_these_passages_is_a_table_that_opens_articles(visit: Visit) -> None:
    page = visit.open()
    ask(page, QUESTION)
    finished(page)
    why = page.locator("#qa-latest .qa-why")
    table = why.get_by_role("table")
    expect(table).to_be_hidden()
    why.locator("summary").press("Enter")
    expect(table).to_be_visible()
    expect(table.get_by_role("columnheader", name="Rank by meaning")).to_be_visible()
    expect(table.locator("tbody tr")).to_have_count(10)
    expect(table.locator("tbody tr").first).to_contain_text("[1]")
    table.get_by_role("button").first.click()
    expect(page.locator("#qa-panel mark")).to_be_visible()
    assert in_view(page, "#qa-panel mark")


def test_a_suggestion_is_asked_with_one_click(visit: Visit) -> None:
    page = visit.open()
    ask(page, QUESTION)
    finished(page)
    suggestion = page.locator("#qa-next .qa-suggestion").first
    text = suggestion.inner_text()
    suggestion.click()
    expect(page.locator("#qa-latest .qa-asked-text")).to_have_text(text)
    finished(page)
    expect(page.locator("#qa-past .qa-turn")).to_have_count(1)
