"""Files that are added on the page."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from qa.server.page.texts import ENGLISH
from tests.server.browser.steps import answered, to_articles

pytestmark = pytest.mark.browser

NEWS = "date 2022-05-03 Otters came back to the river Orm on Tuesday, said Ida Brandt.\n"
WORDS = ENGLISH.articles
DROP = """(text) => {
    const dropped = new DataTransfer();
    dropped.items.add(new File([text], "otters.txt", { type: "text/plain" }));
    for (const kind of ["dragover", "drop"]) {
        const told = { bubbles: true, cancelable: true, dataTransfer: dropped };
        document.querySelector("#qa-scroll").dispatchEvent(new DragEvent(kind, told));
    }
}"""


def test_a_dropped_file_is_listed_mended_asked_and_removed(page: Page) -> None:
    expect(page.locator("#qa-articles .shelf")).to_have_count(1)
    page.evaluate(DROP, NEWS)
    state = page.locator(".add-state")
    expect(state).to_contain_text("Done. Articles added: 1", timeout=30_000)
    read = state.locator(".read li")
    expect(read).to_contain_text("otters")
    expect(read).to_contain_text("English")
    read.get_by_role("button").click()
    panel = page.locator("#qa-panel")
    mend = panel.locator(".mend")
    mend.get_by_label(WORDS.title).fill("Otters of the Orm")
    mend.get_by_label(WORDS.date).fill("soon")
    mend.get_by_role("button", name=ENGLISH.talks.save).click()
    expect(mend.get_by_role("alert")).to_contain_text("“soon” is not a date")
    mend.get_by_label(WORDS.date).fill("2022-05-04")
    mend.get_by_role("button", name=ENGLISH.talks.save).click()
    expect(panel.locator("h2")).to_have_text("Otters of the Orm")
    expect(panel).to_contain_text("4 May 2022")
    panel.get_by_role("button", name=ENGLISH.close).click()
    entry = to_articles(page).locator(".entry", has_text="Otters of the Orm")
    expect(entry).to_contain_text(WORDS.yours)

    if page.locator("#qa-tab-ask").is_visible():
        page.locator("#qa-tab-ask").click()
    turn = answered(page, "Who said that otters came back to the river Orm?")
    expect(turn.locator(".text")).to_contain_text("Ida Brandt")

    to_articles(page)
    entry.click()
    panel.locator(".sure summary").click()
    expect(panel).to_contain_text(WORDS.remove_warning)
    panel.get_by_role("button", name=WORDS.remove_surely).click()
    expect(panel).to_be_hidden()
    expect(page.locator(".entry").first).to_be_visible()
    expect(entry).to_have_count(0)


def test_what_is_not_taken_is_said_with_its_reason(laptop: Page, tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_bytes(b"\0\1\2")
    (tmp_path / "program.exe").write_bytes(b"MZ")
    (tmp_path / "big.txt").write_text("x" * 200_000, encoding="utf-8")
    shelf = to_articles(laptop)
    shelf.locator(".add summary").click()
    chosen = shelf.locator(".add input")
    chosen.set_input_files(sorted(tmp_path.iterdir()))
    state = shelf.locator(".add-state")
    expect(state).to_contain_text("bad.txt: it holds binary data", timeout=30_000)
    expect(state).to_contain_text("program.exe: files of this type are not taken")
    expect(state).to_contain_text("big.txt: the file has 0.2 MB, more than the 0.1 MB allowed")
    expect(chosen).to_be_enabled()
