"""The page in Chromium, as a person meets it. No request may leave the machine.

One server for all tests (`browser_server`: the real page over stand-ins for the models).
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from qa.ui.texts import ENGLISH
from tests.chromium import launch

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parent.parent
QUESTION = "Which broadcaster revealed the arrival of Russian military instructors with Haftar?"


@contextmanager
def serving(directory: Path, *arguments: str) -> Iterator[str]:
    """The address of the page as a program of its own, which must end without complaint."""
    command = [sys.executable, "-m", "tests.browser_server", *arguments]
    with (directory / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None
    with process.stdout:
        try:
            line = process.stdout.readline()
            assert line.startswith("Chat page: "), (directory / "log").read_text()
            yield line.removeprefix("Chat page: ").strip()
        finally:
            process.terminate()
            code = process.wait(timeout=20)
    assert code == 0, (directory / "log").read_text()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the page."""
    directory = tmp_path_factory.mktemp("browser")
    with serving(directory, str(directory / "index")) as address:
        yield address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser, which may take its time: a busy machine is no failure."""
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


class Visit:
    """A tab of its own, and what went wrong in it."""

    def __init__(self, browser: Browser, address: str) -> None:
        self._browser = browser
        self._address = address
        self.hosts: set[str | None] = set()
        self.broken: list[str] = []

    def open(
        self,
        *,
        width: int = 1280,
        height: int = 800,
        locale: str = "en-US",
        scheme: Literal["light", "dark"] = "light",
        wait_for_llm: bool = True,
    ) -> Page:
        """The page, ready to be asked."""
        context = self._browser.new_context(
            viewport={"width": width, "height": height}, locale=locale, color_scheme=scheme
        )
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.on("request", lambda request: self._asked(request.url))
        page.on("pageerror", lambda error: self.broken.append(str(error)))
        page.on(
            "console",
            lambda said: self.broken.append(said.text) if said.type == "error" else None,
        )
        page.on("dialog", lambda dialog: self.broken.append(f"dialog: {dialog.message}"))
        page.goto(self._address)
        expect(page.locator("#qa-examples button").first).to_be_visible(timeout=20_000)
        expect(page.locator("html")).to_have_attribute("lang", locale[:2])
        if wait_for_llm:
            expect(page.locator("#qa-model p")).to_have_count(0, timeout=20_000)
        return page

    def _asked(self, url: str) -> None:
        if urlsplit(url).scheme not in ("data", "blob"):
            self.hosts.add(urlsplit(url).hostname)

    def close(self) -> None:
        """Close every tab."""
        for context in self._browser.contexts:
            context.close()


@pytest.fixture
def visit(chromium: Browser, server: str) -> Iterator[Visit]:
    """A visit during which nothing but this machine is asked and nothing breaks."""
    visit = Visit(chromium, server)
    yield visit
    visit.close()
    assert visit.hosts == {"127.0.0.1"}
    assert visit.broken == []


def ask(page: Page, question: str) -> None:
    """Type a question and send it."""
    page.get_by_label(re.compile("Your question|Votre question")).fill(question)
    page.keyboard.press("Enter")


def finished(page: Page, stage: str = "final") -> None:
    """Wait for the end of the latest answer."""
    expect(page.locator(f'#qa-latest [data-stage="{stage}"]')).to_be_visible()


def in_view(page: Page, selector: str) -> bool:
    """Whether the middle of an element is what a person sees at its place."""
    return bool(
        page.evaluate(
            """(selector) => {
                const element = document.querySelector(selector);
                const box = element.getClientRects()[0];
                const seen = document.elementFromPoint(box.x + box.width / 2, box.y + 2);
                return element.contains(seen);
            }""",
            selector,
        )
    )


def test_answers_quote_while_the_language_model_is_fetched(visit: Visit) -> None:
    """The first test, for the server fetches its model once."""
    page = visit.open(wait_for_llm=False)
    line = page.locator("#qa-model")
    expect(line).to_contain_text(re.compile(r"Fetching the language model quoting: \d+ %"))
    ask(page, QUESTION)
    finished(page)
    expect(page.locator("#qa-latest .qa-text")).to_contain_text("[1]")
    expect(line).to_have_text("", timeout=20_000)


def test_ask_see_the_evidence_open_it_follow_up_and_switch_language(visit: Visit) -> None:
    page = visit.open()
    started = time.monotonic()
    ask(page, QUESTION)
    unfinished = page.locator('#qa-latest [data-stage]:not([data-stage="final"])')
    unfinished.locator(".qa-card-quote").first.wait_for()
    waited = time.monotonic() - started
    expect(unfinished.locator(".qa-card-quote strong").first).to_have_text("Khalifa")
    assert waited < 3  # half a second on an idle laptop; this machine may be doing other work
    draft = page.locator('#qa-latest [data-stage="writing"]')
    expect(draft.locator(".qa-doing")).to_have_text(ENGLISH.draft)
    expect(draft.locator(".qa-draft")).to_be_visible()
    expect(draft.locator(".qa-number")).to_have_count(0)
    finished(page)
    expect(page.get_by_label("Your question")).to_have_value("")
    answer = page.locator("#qa-latest .qa-text")
    expect(answer).to_contain_text("Russian military instructors are expected")
    expect(page.locator("#qa-latest .qa-draft")).to_have_count(0)

    number = answer.get_by_role("button", name=re.compile("^Source 1: Russian instructors"))
    number.click()
    panel = page.locator("#qa-panel")
    quote = page.locator("#qa-latest .qa-card-quote").first.inner_text()
    expect(panel.locator("mark")).to_have_text(quote)
    expect(panel.locator("h2")).to_be_focused()
    expect(panel).to_contain_text("14 January 2017")
    assert in_view(page, "#qa-panel mark")
    page.keyboard.press("Escape")
    expect(panel.locator("mark")).to_have_count(0)
    expect(number).to_be_focused()

    ask(page, "And in which cities?")
    expect(page.locator("#qa-past .qa-turn")).to_have_count(1)
    finished(page)
    understood = f"{QUESTION} And in which cities?"
    expect(page.locator("#qa-latest .qa-understood q")).to_have_text(understood)

    page.locator("#qa-latest .qa-card").first.click()
    expect(panel.locator("mark")).to_be_visible()
    page.get_by_label("FR", exact=True).check(force=True)
    expect(page.locator("#qa-latest .qa-understood")).to_contain_text("Compris comme")
    expect(page.locator("#qa-past .qa-turn")).to_have_count(1)
    expect(page.get_by_role("button", name="Envoyer")).to_be_visible()
    expect(panel).to_contain_text(re.compile("· (français|anglais)"))
    expect(panel.locator("mark")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    page.reload()
    expect(page.get_by_role("button", name="Envoyer")).to_be_visible()


def test_an_example_is_asked_by_keyboard_in_the_language_of_the_browser(visit: Visit) -> None:
    page = visit.open(locale="fr-FR", scheme="dark")
    page.get_by_label("Votre question").fill("à garder")
    example = page.locator("#qa-examples button").first
    text = example.inner_text()
    example.press("Enter")
    expect(page.locator("#qa-latest .qa-asked-text")).to_have_text(text)
    finished(page)
    expect(page.locator("#qa-examples")).to_be_hidden()
    expect(page.get_by_label("Votre question")).to_have_value("à garder")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(int(part) for part in re.findall(r"\d+", dark)[:3]) < 60


def test_stop_keeps_the_quotes_and_no_draft_then_retry_and_clear(visit: Visit) -> None:
    page = visit.open()
    ask(page, "Who revealed slowly the arrival of Russian military instructors with Haftar?")
    expect(page.locator('#qa-latest [data-stage="writing"] .qa-text')).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    finished(page, "stopped")
    expect(page.locator("#qa-latest")).to_contain_text("The answer was stopped.")
    expect(page.locator("#qa-latest .qa-text")).to_have_count(0)
    expect(page.locator("#qa-latest .qa-card").first).to_be_visible()

    page.get_by_role("button", name="Retry").click()
    expect(page.locator('#qa-latest [data-stage="writing"] .qa-text')).to_be_visible()
    expect(page.locator("#qa-past .qa-turn")).to_have_count(0)
    ask(page, "Too early?")
    page.wait_for_timeout(500)
    expect(page.get_by_label("Your question")).to_have_value("Too early?")
    expect(page.locator(".qa-turn")).to_have_count(1)
    expect(page.locator(".toast-body")).to_have_count(0)
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".qa-turn")).to_have_count(0)
    expect(page.get_by_role("heading", name="Ask the articles")).to_be_visible()
    expect(page.get_by_role("button", name="Send")).to_be_visible()


def test_filters_narrow_the_answer_and_a_wrong_one_is_said_in_words(visit: Visit) -> None:
    page = visit.open()
    label = page.locator("#qa-filters > button")
    expect(label).to_have_attribute("aria-expanded", "false")
    label.click()
    expect(label).to_have_attribute("aria-expanded", "true")
    page.get_by_label("Since").fill("soon")
    ask(page, QUESTION)
    alert = page.locator("#qa-notice [role=alert]")
    expect(alert).to_have_text("“soon” is not a date like 2017, 2017-01 or 2017-01-11.")
    expect(page.get_by_label("Your question")).to_have_value(QUESTION)
    expect(page.locator(".qa-turn")).to_have_count(0)

    page.get_by_label("Since").fill("2017-01-16")
    page.get_by_label("Since").blur()
    expect(alert).to_have_count(0)
    expect(label).to_contain_text("Filters (1)")
    expect(page.locator("#qa-in-force")).to_contain_text("since 16 January 2017")
    page.get_by_role("button", name="Send").click()
    finished(page)
    expect(page.locator("#qa-latest .qa-scope")).to_contain_text("since 16 January 2017")
    expect(page.locator("#qa-latest")).not_to_contain_text("14 January 2017")

    page.get_by_role("button", name="Remove the filters").click()
    expect(page.locator("#qa-in-force")).not_to_contain_text("since")
    expect(page.locator("#qa-filters").get_by_label("Since")).to_have_value("")


def test_html_in_a_question_is_inert_and_an_error_is_said_in_words(visit: Visit) -> None:
    page = visit.open()
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script> ${alert(3)} {{7*7}} break"
    evil = f"{QUESTION} {evil}"
    ask(page, evil)
    expect(page.locator("#qa-latest .qa-asked-text")).to_have_text(evil)
    expect(page.locator("#qa-latest [aria-busy=false]")).to_be_visible()
    expect(page.locator("#qa-latest").locator("img, script")).to_have_count(0)
    expect(page.locator("#qa-latest [role=alert]")).to_have_text(ENGLISH.failed)
    expect(page.get_by_role("button", name="Retry")).to_be_visible()


@pytest.mark.parametrize("width", [390, 360])
def test_on_a_phone_the_article_lies_over_the_page(visit: Visit, width: int) -> None:
    page = visit.open(width=width, height=780)
    ask(page, QUESTION)
    finished(page)
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) <= 0
    card = page.locator("#qa-latest .qa-card").first
    card.click()
    panel = page.get_by_role("dialog")
    expect(panel.locator("mark")).to_be_visible()
    expect(panel.locator("h2")).to_be_focused()
    box = panel.bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, width, 780)
    assert in_view(page, "#qa-panel mark")
    assert page.evaluate("document.getElementById('qa-chat').inert")
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_be_hidden()
    expect(card).to_be_focused()
    assert not page.evaluate("document.getElementById('qa-chat').inert")
    card.press("Enter")
    expect(panel.locator("mark")).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
