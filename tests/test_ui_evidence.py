"""What was understood and changed, why a passage was found: without a browser."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
import pytest

from qa.answer import Answer, Citation, HitReading, Question
from qa.assistant import Assistant, LanguageModel
from qa.chunks import Span
from qa.constraints import Constraints, Outlet
from qa.filters import Filters
from qa.index import LiveIndex
from qa.retrieval import HybridRetriever
from qa.settings import Settings
from qa.temporal import TimeExpression
from qa.ui.chips import chips_read
from qa.ui.page import Page
from qa.ui.render import conversation
from qa.ui.talks import Turn
from qa.ui.texts import ENGLISH, FRENCH, TEXTS, Texts
from qa.ui.understood import source_list, understood
from qa.ui.why import why
from tests.fakes import hit
from tests.test_ui import TAB, open_page
from tests.test_ui_render import ARTICLE, EVIL, QUOTE, Markup, answer, text_of

JANUARY = TimeExpression(Span(0, 7), date(2017, 1, 1), date(2017, 1, 31))
SINCE = TimeExpression(Span(9, 14), date(2015, 1, 1), None)
SOURCES = ("RFI", "BBC News", "BBC Sport")
READ = Constraints(
    articles=(JANUARY,),
    events=(SINCE, JANUARY),
    outlets=(Outlet(Span(20, 23), ("BBC News", "BBC Sport"), cued=False, written="BBC"),),
)
ONLY = Filters.parse("2016", "2018", ["RFI"], "fr")


def asked(filters: Filters = ONLY, read: Constraints = READ) -> Answer:
    """An answer to a question with these filters, in which this was read."""
    question = Question("And when?", filters=filters, standalone="When was Haftar there?")
    return answer(question=question, constraints=read)


@pytest.mark.parametrize("texts", TEXTS.values(), ids=TEXTS)
def test_chips_can_be_changed_under_the_latest_answer_only(texts: Texts) -> None:
    turns = [Turn("And when?", asked(), running=False)]
    assert conversation(turns, texts).count("<form") == 0
    latest = conversation(turns, texts, latest=True)
    assert latest.count("<form") == 9
    assert latest.count("qa-remove") == 8
    running = [Turn("And when?", asked(), running=True)]
    assert conversation(running, texts, latest=True).count("<form") == 0


@pytest.mark.parametrize("texts", TEXTS.values(), ids=TEXTS)
def test_nothing_but_our_own_markup_is_active(texts: Texts) -> None:
    read = replace(READ, outlets=(Outlet(Span(0, 1), (EVIL,), cued=True, written="e"),))
    found = answer(
        question=Question(EVIL, filters=Filters(sources=(EVIL,)), standalone=f"{EVIL} again"),
        constraints=read,
        hits=(hit(ARTICLE),),
    )
    html = understood(found, texts, editable=True) + why(found, texts) + source_list([EVIL])
    markup = Markup(html)
    assert markup.elements <= set(
        "div p q span details summary form label input button datalist option "
        "table caption thead tbody tr th td".split()
    )
    assert {name for name in markup.attributes if not name.startswith(("data-", "aria-"))} <= set(
        "class id lang role title type tabindex name autocomplete maxlength value list "
        "scope".split()
    )
    assert EVIL in text_of(html)


def test_the_table_has_the_ranks_and_values_of_each_hit() -> None:
    one = replace(
        hit(ARTICLE, 0.834),
        ranks={"lexical": 2},
        signals={"dense": 0.5, "coverage": 1.0},
    )
    found = answer(citations=(Citation(3, ARTICLE, QUOTE),), hits=(one,), confidence=0.456)
    html = why(found, FRENCH)
    assert "Confiance : 0,46." in text_of(html)
    words = TEXTS["fr"].evidence
    heads = [text_of(head) for head in re.findall(r'<th scope="col">.*?</th>', html)]
    cells = [text_of(cell) for cell in re.findall(r"<td>.*?</td>", html)]
    assert heads[0] == words.place
    assert "<caption>" in html
    assert '<th scope="row"' in html
    row = dict(zip([heads[0], *heads[2:]], cells, strict=True))
    assert row[words.place] == "1"
    assert row[words.quoted] == "[3]"
    assert row[words.score] == "0,83"
    assert row[words.ranks["dense"]] == "–"
    assert row[words.ranks["lexical"]] == "2"
    assert row[words.signals["dense"]] == "0,50"
    assert row[words.signals["adjacency"]] == "–"
    assert row[words.reading["answerable"]] == "–"
    assert why(answer(), FRENCH) == ""


@pytest.mark.parametrize("texts", [FRENCH, ENGLISH])
def test_the_table_says_what_the_reader_makes_of_a_hit(texts: Texts) -> None:
    reading = HitReading(QUOTE, score=2.0, answerable=0.87, relevance=0.34)
    html = why(
        answer(hits=(replace(hit(ARTICLE), signals={"dense": 0.5}, reading=reading),)), texts
    )
    words = texts.evidence
    heads = [text_of(head) for head in re.findall(r'<th scope="col">.*?</th>', html)]
    cells = [text_of(cell) for cell in re.findall(r"<td>.*?</td>", html)]
    assert heads[-2:] == list(words.reading.values())
    assert cells[-2:] == [words.number(0.87), words.number(0.34)]


# The page's events


@pytest.fixture
def page(settings: Settings, live: LiveIndex, retriever: HybridRetriever) -> Page:
    """Over the articles of `fakes`, without a language model."""
    model = LanguageModel(settings, fetch=False)
    return open_page(Assistant(settings, live, retriever, model), {})


def otherwise(
    page: Page, since: str = "", until: str = "", of: str = "", **said: Any
) -> list[dict[Any, Any]]:
    """The updates that a change brings, with these filters in the boxes."""
    event = cast("gr.EventData", SimpleNamespace(_data=said))
    return list(page.ask_otherwise(since, until, [], of, TAB, event))


def latest(page: Page) -> Answer:
    """The latest answer."""
    (turn,) = page.talks.of("a tab").turns
    assert turn.answer is not None
    return turn.answer


def test_a_chip_taken_away_asks_again_without_it(page: Page) -> None:
    question = "What did the Harbour Post report about Kervalec in March 2019?"
    list(page.ask(question, "", "", [], "", TAB))
    labels = [chip.label for chip in chips_read(latest(page).constraints, ENGLISH)]
    assert labels == ["The Harbour Post", "March 2019"]
    updates = otherwise(page, row="first", n=0, remove=True)
    assert 'data-stage="final"' in updates[-1][page.latest]
    assert latest(page).constraints.sources == ()
    assert latest(page).question.text == question
    assert [c.label for c in chips_read(latest(page).constraints, ENGLISH)] == ["March 2019"]
    list(page.ask_again("", "", [], "", TAB))
    assert latest(page).constraints.sources == ()


def test_a_filter_chip_changes_the_boxes_too(page: Page) -> None:
    list(page.ask("Who led the works on the bridge of Kervalec?", "2019", "", [], "fr", TAB))
    updates = otherwise(page, "2019", of="fr", row="only", n=1, remove=True)
    assert updates[0][page.of_language] == ""
    assert updates[0][page.since] == "2019-01-01"
    assert updates[0][page.filters]["label"] == "Filters (1)"
    assert latest(page).question.filters == Filters.parse("2019")


def test_a_wrong_change_loses_nothing(page: Page) -> None:
    list(page.ask("Who led the works on the bridge of Kervalec?", "2019", "", [], "", TAB))
    before = latest(page)
    (update,) = otherwise(page, "2019", row="only", n=0, value="soon")
    assert "“soon” is not a date" in update[page.notice]
    assert otherwise(page, row="only", n=7, remove=True) == [{page.notice: ""}]
    assert latest(page) is before


def test_a_rewritten_question_is_changed_and_asked_alone(page: Page) -> None:
    list(page.ask("Who led the works on the bridge of Kervalec?", "", "", [], "", TAB))
    list(page.ask("And when?", "", "", [], "", TAB))
    otherwise(page, row="question", n=0, value="When did the strike at Sandmouth end?")
    turns = page.talks.of("a tab").turns
    assert [turn.text for turn in turns] == [
        "Who led the works on the bridge of Kervalec?",
        "When did the strike at Sandmouth end?",
    ]
    assert turns[-1].answer is not None
    assert turns[-1].answer.question.history == ()


def test_nothing_is_changed_before_anything_was_asked(page: Page) -> None:
    assert otherwise(page, row="only", n=0, remove=True) == [{page.notice: ""}]
    assert otherwise(page) == [{page.notice: ""}]
