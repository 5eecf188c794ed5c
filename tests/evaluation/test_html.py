"""The report page: complete in itself, safe with any text, and usable in a browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from qa.evaluation import Row, html, report
from tests.evaluation.made import result, row

EVIL = "</script><script>alert('x')</script> & <b>\u2028"


QUOTE = {"n": 1, "article_id": "d1", "title": "Gold", "start": 0, "end": 4, "quote": "gold"}
HIT = {"chunk_id": "d1@0", "article_id": "d1", "title": "Gold", "score": 1.0, "rank": 1}


def rows() -> list[Row]:
    """Sixty questions with every outcome."""
    kinds = ["factoid", "why"]
    made = [
        row(
            f"q{n}",
            {"GoldInAnswer": float(n % 3 > 0), "R@5": float(n % 2), "F1": n / 60},
            kind=kinds[n % 2],
            lang="fr" if n % 2 else "en",
            question=f"Où est l'île numéro {n} ?" if n % 2 else f"Where is island {n}?",
            answer=f"It is in the golden gold of {n} [1].",
            confidence=0.5 + n / 130,
            citations=(QUOTE,),
            hits=(HIT,),
            timings_ms={"wall": 5.0 + n},
        )
        for n in range(56)
    ]
    others: dict[str, Any] = {"answerable": False, "kind": "unanswerable", "answers": ()}
    made += [
        row("told", abstained=True, confidence=0.2, **others),
        row("fooled", confidence=0.6, **others),
        row("silent", {"GoldInAnswer": 0.0}, abstained=True, confidence=0.1),
        row("broken", {"GoldInAnswer": 0.0}, error="RuntimeError: out of paper", confidence=0.0),
    ]
    return made


def test_the_page_needs_nothing_else_and_text_stays_text():
    evil = row(
        "evil", {"GoldInAnswer": 1.0}, question=EVIL, answer=EVIL, kind=EVIL, answers=(EVIL,)
    )

    page = html.html(result([*rows(), evil]))

    assert not re.findall(r"""(?:src|href)=|http""", page)
    assert page.count("<script") == page.count("</script>") == 1
    assert "<b>" not in page
    assert "<mark>&lt;/script&gt;&lt;script&gt;alert" in page


def test_the_page_has_the_figures_and_every_question():
    page = html.html(result(rows()))

    assert page.count("<details") == 60
    assert "<td>GoldInAnswer</td>\n<td>0.638</td>" in page
    shown = page[page.index("Where is island 4?") :]
    shown = re.sub(r"<(?!/?mark)[^>]*>|\s+", " ", shown[: shown.index("</details>")])
    for expected in (
        "(right, factoid, en)",
        "Answer It is in the golden <mark>gold</mark> of 4 [1].",
        "Quotes [1] Gold (gold): <mark>gold</mark>",
        "Articles found Gold (gold)",
        "q4: confidence 0.531, GoldInAnswer 1.000, R@5 0.000",
    ):
        assert expected in " ".join(shown.split())
    assert "<p>RuntimeError: out of paper</p>" in page


def test_verdicts():
    assert [report.verdict(each) for each in rows()[-4:]] == [
        "rightly abstained",
        "wrongly answered",
        "wrongly abstained",
        "failed",
    ]
    assert report.verdict(rows()[0]) == "wrong"
    assert report.verdict(rows()[1]) == "right"
    assert report.verdict(row("s", {"MRR@10": 0.5}, abstained=None)) == "found"
    assert report.verdict(row("s", {"MRR@10": 0.0}, abstained=None)) == "not found"
    assert report.verdict(row("s")) == "answered"
    assert report.verdict(row("s", {"AllVital": 1.0})) == "right"
    assert report.verdict(row("s", {"AllVital": 0.0})) == "wrong"


def test_gold_is_marked_as_whole_words():
    assert html.marked("golden Gold, 4,2  millions <", ["gold", "4,2 millions"]) == (
        "golden <mark>Gold</mark>, <mark>4,2  millions</mark> &lt;"
    )
    assert html.marked("gold >", []) == "gold &gt;"


def test_nuggets_and_errors_in_the_reports():
    found = result([row(f"q{n}", {"VitalRecall": n / 4, "WrongOnly": 1.0}) for n in range(5)])

    text = report.markdown(found)

    assert "## Errors (lower is better)" in text
    assert "| slice | VitalRecall | WrongOnly |" in text


def test_the_markdown_holds_figures_and_no_question():
    found = result(rows())

    text = report.markdown(found)

    assert "| GoldInAnswer | 0.638 |" in text
    assert "| kind=why |" in text
    assert "island" not in text
    assert "golden" not in text


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1280])
def test_in_a_browser(tmp_path: Path, width: int):
    """By keyboard alone: search, open the question, choose an outcome."""
    from playwright.sync_api import sync_playwright

    from tests.chromium import launch

    path = tmp_path / "report.html"
    path.write_text(html.html(result(rows())), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": width, "height": 800})
        problems: list[str] = []
        asked: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())

        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("#count").text_content() == "60 questions"
        page.locator("input").focus()
        page.keyboard.type("ile q11:")
        assert page.locator("#count").text_content() == "1 of 60 questions"
        for key in ("Tab", "Tab", "Enter"):
            page.keyboard.press(key)
        opened = page.locator("details[open]")
        assert opened.locator("mark").first.text_content() == "gold"
        assert "Gold (gold)" in (opened.text_content() or "")
        page.locator("input").fill("")
        page.locator("select").focus()
        page.keyboard.type("wrong (")
        assert page.locator("#count").text_content() == "19 of 60 questions"
        assert page.locator("details:visible").count() == 19
        assert problems == []
        assert asked == [path.as_uri()]
        browser.close()
