"""Progress as a person reads it."""

from __future__ import annotations

import pytest

from qa.answering import extractive
from qa.cli.terminal import Pace, indexing_bar, say, show
from qa.index.build import Step
from tests.fakes import hit
from tests.page import ARTICLE, QUOTE, answer


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_rates_and_the_time_left():
    clock = Clock()
    pace = Pace(clock)
    assert pace(Step(3, 1200, 0, 1, 1)) == "3 articles"
    clock.now = 10
    assert pace(Step(60, 1200, 300, 1, 1)) == (
        "60 of ~1,200 articles, 6.0/s, 30.0 chunks/s, 3 min left"
    )
    clock.now = 195
    assert pace(Step(1170, 1200, 5850, 1, 1)).endswith(", 5 s left")
    assert pace(Step(1200, 1200, 6000, 1, 1)).endswith("chunks/s")


def test_articles_that_had_not_changed_do_not_promise_a_quick_end():
    clock = Clock()
    pace = Pace(clock)
    for clock.now in range(1, 4):
        pace(Step(int(clock.now) * 1000, 10_000, 0, 1, 1))
    for second in range(4, 120):
        clock.now = second
        said = pace(Step(3000 + (second - 3) * 2, 10_000, (second - 3) * 10, 1, 1))
    assert " 2.0/s," in said
    assert said.endswith(", 56 min left")


def test_nothing_is_promised_when_there_are_more_than_were_counted():
    clock = Clock()
    pace = Pace(clock)
    clock.now = 100
    assert "left" not in pace(Step(500, 3, 900, 3, 3))
    assert pace(Step(500, 100_000, 900, 3, 3)).endswith(", 5 h 32 min left")


def test_each_quote_is_printed_once(capsys: pytest.CaptureFixture[str]):
    said = answer()
    quote = extractive.shown(QUOTE.of(ARTICLE.text))
    for text in (said.text, extractive.more(said.text, said.citations, "en")):
        show(answer(text))
        assert capsys.readouterr().out.count(quote) == 1
    show(answer(extractive.write(said.citations, "en"), answerer="extractive"))
    assert capsys.readouterr().out.count(quote) == 1


def test_an_abstention_prints_the_nearest_quotes_or_else_articles(
    capsys: pytest.CaptureFixture[str],
):
    found = answer("Not found. The nearest: [1]", abstained=True, hits=(hit(ARTICLE),))
    show(found)
    near = capsys.readouterr().out
    assert extractive.shown(QUOTE.of(ARTICLE.text)) in near
    assert "    nearest: " not in near
    show(answer("The articles do not say.", abstained=True, hits=found.hits, citations=()))
    assert capsys.readouterr().out.count("    nearest: Title") == 1


def test_elsewhere_than_on_a_terminal_it_is_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str],
):
    with indexing_bar() as progress:
        for n in range(1, 5):
            progress(Step(n, 4, n, 1, 1))
    assert capsys.readouterr().err == "indexing: 25% 1 articles\n"


def test_a_file_s_name_can_neither_command_the_terminal_nor_forge_a_line(
    capsys: pytest.CaptureFixture[str],
):
    say("not read: \x1b]0;title\x07a\nnot read: \u2028b\udcff « l’été\u00a0».txt: empty")
    assert capsys.readouterr().err == (
        "not read: \\x1b]0;title\\x07a\\nnot read: \\u2028b\\udcff « l’été\u00a0».txt: empty\n"
    )
