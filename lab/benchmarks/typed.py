"""How long the first word takes on the page, for somebody who types.

    qa serve --port 7861 --index DIR
    python -m lab.benchmarks.typed http://127.0.0.1:7861 QUESTIONS.jsonl [--questions 30] [--wpm 40]

Types each question into the page of a running server, a letter at a time, five letters and spaces
to a word, sends it, and looks ten times a second at what is shown: the quotes, the first word that
the language model writes, the whole answer. A question with a `history` is left out. Each is asked
in a conversation of its own; with --follow-ups, "Why?" or "Pourquoi ?" and the like are asked after
it. Only answers that the model wrote count. Needs Chromium (CHROMIUM, or /usr/bin/chromium).
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from lab import median_p95, rows

_LOOK_S = 0.1
_MOST_S = 120
_LETTERS = 5
_FOLLOW_UPS = {"fr": "Et que s'est-il passé ensuite ?", "en": "And what happened after that?"}
_STATE = """() => {
  const turn = [...document.querySelectorAll("#qa-scroll .turn")].pop();
  return turn ? [turn.dataset.stage, turn.querySelectorAll(".source, .sources li").length,
    document.querySelectorAll("#qa-scroll .turn").length] : ["", 0, 0];
}"""


def ask(page: Page, text: str, letter_s: float, turns: int) -> dict[str, float]:
    """Seconds from sending to the `quotes`, the first `word` of the model and the `whole` answer.

    `word` is missing where the model wrote nothing.
    """
    box = page.locator("#qa-question textarea")
    box.press_sequentially(text, delay=letter_s * 1000, timeout=0)
    sent = time.perf_counter()
    box.press("Enter")
    seen: dict[str, float] = {}
    while time.perf_counter() - sent < _MOST_S:
        stage, quotes, shown = page.evaluate(_STATE)
        if shown > turns:
            now = time.perf_counter() - sent
            if quotes:
                seen.setdefault("quotes", now)
            if stage == "writing":
                seen.setdefault("word", now)
            if stage in ("final", "failed", "stopped"):
                return {**seen, "whole": now}
        time.sleep(_LOOK_S)
    raise TimeoutError(f"no answer within {_MOST_S} s: {text}")


def line(name: str, values: Sequence[float]) -> str:
    """Median and 95th percentile of some seconds."""
    if len(values) < 2:
        return f"{name:24} too few values"
    median, p95 = median_p95(values)
    return f"{name:24}{median:8.2f}{p95:8.2f}   n = {len(values)}"


def drawn(path: Path, most: int) -> list[dict[str, Any]]:
    """Questions without a history, drawn by seed."""
    alone = [row for row in rows(path) if not row.get("history")]
    return random.Random(1).sample(alone, min(most, len(alone)))


def main() -> None:
    """One table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url")
    parser.add_argument("questions_file", type=Path)
    parser.add_argument("--questions", type=int, default=30)
    parser.add_argument("--wpm", type=float, default=40.0, help="words a minute")
    parser.add_argument("--follow-ups", action="store_true")
    arguments = parser.parse_args()
    letter_s = 60 / arguments.wpm / _LETTERS
    first: list[dict[str, float]] = []
    later: list[dict[str, float]] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        for row in drawn(arguments.questions_file, arguments.questions):
            page = browser.new_page()
            page.goto(arguments.url)
            page.wait_for_selector("#qa-question textarea")
            page.wait_for_selector("#qa-past .welcome")
            first.append(ask(page, row["question"], letter_s, 0))
            print(f"{row['question'][:60]:62}", first[-1], flush=True)
            if arguments.follow_ups:
                language = "fr" if row.get("lang") == "fr" else "en"
                later.append(ask(page, _FOLLOW_UPS[language], letter_s, 1))
                print(f"  {_FOLLOW_UPS[language][:58]:60}", later[-1], flush=True)
            page.close()
        browser.close()
    print(f"\n{'seconds after sending':24}{'median':>8}{'p95':>8}")
    for name, asked in (("", first), ("follow-up: ", later)):
        if not asked:
            continue
        written = [seen for seen in asked if "word" in seen]
        print(line(f"{name}quotes", [seen["quotes"] for seen in asked if "quotes" in seen]))
        print(line(f"{name}first word", [seen["word"] for seen in written]))
        print(line(f"{name}whole, written", [seen["whole"] for seen in written]))
        print(line(f"{name}whole, all", [seen["whole"] for seen in asked]))


if __name__ == "__main__":
    main()
