"""The page without a browser: its conversations, its events, its port."""

from __future__ import annotations

import gc
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from qa.assistant import Assistant
from qa.conversations.store import Conversations
from qa.documents.filters import Filters
from qa.errors import AnswerError, IndexMissing, ModelError, SettingsError
from qa.index.live import LiveIndex
from qa.models.loading import LLMState, LLMStatus
from qa.search.retriever import HybridRetriever
from qa.server.page.examples import folder_of
from qa.server.page.page import Page
from qa.server.page.server import address, listen
from qa.server.page.texts import ENGLISH, FRENCH
from qa.settings import Settings
from qa.types import Answer, Constraints, Question
from tests import ROOT
from tests.fakes import Scripted
from tests.page import ASKED, Browser, Held, answer, open_page, stages, text_of
from tests.server.api.servers import Given
from tests.server.api.test_worker import until

# Asking


@pytest.fixture
def page(assistant: Assistant, kept: Conversations) -> Page:
    """Over the articles of `fakes`; it keeps conversations."""
    return open_page(assistant, {"fr": ["Qui ?"], "en": ["Who?", "Why?"]}, kept)


@pytest.fixture
def held(page: Page, monkeypatch: pytest.MonkeyPatch) -> Held:
    """Answers in its place."""
    stream = Held()
    monkeypatch.setattr(page.assistant, "stream", stream)
    return stream


@pytest.fixture
def ann(page: Page) -> Browser:
    """Somebody who has loaded it."""
    browser = Browser(page)
    browser.begin()
    return browser


def until_half(browser: Browser, asking: Iterator[set[str]]) -> None:
    """Follow until half of the latest answer is there."""
    while "Half of" not in browser.html:
        next(asking)


def answers(browser: Browser) -> list[Answer]:
    """Of all turns."""
    return [turn.answer or pytest.fail(turn.text) for turn in browser.talk.turns]


def test_a_question_is_answered_and_the_box_emptied(ann: Browser) -> None:
    asking = ann.asking(f" {ASKED} ")
    assert "box" in next(asking)
    assert ann["box"] == ""
    assert all("box" not in parts for parts in asking)
    assert stages(ann.html) == ["final"]
    assert "Maëlle Tanguy" in ann.says
    assert ASKED in ann.listed


def test_the_evidence_comes_before_the_words(
    settings: Settings, live: LiveIndex, retriever: HybridRetriever
) -> None:
    model = Given(settings, Scripted(reply="Maëlle Tanguy led the works.", pause_s=0.15))
    ann = Browser(open_page(Assistant(settings, live, retriever, model)))
    shown = [ann["latest"] for _ in ann.asking()]
    in_order = dict.fromkeys(stage for html in shown for stage in stages(html))
    assert list(in_order) == ["searching", "quotes", "writing", "final"]
    (quotes, draft) = (next(h for h in shown if stages(h) == [s]) for s in ("quotes", "writing"))
    assert "<blockquote" in quotes
    assert 'class="text' not in quotes
    assert ENGLISH.draft in text_of(draft)
    assert 'class="number"' not in draft
    assert "Maëlle Tanguy led the works [1]." in ann.says
    assert 'class="number"' in ann.html
    assert ENGLISH.compared in ann.says
    model._given = Scripted(reply="Not asked.")
    ann.do("again", place=0, quotes="true")
    assert answers(ann)[0].answerer == "extractive"
    assert ENGLISH.compared not in ann.says


def test_what_cannot_be_asked_loses_nothing(ann: Browser) -> None:
    """The text stays in the box; retry once took the turn away before it looked at the filters."""
    ann.ask()
    before, most = ann.talk.turns[:], ann.page.assistant.settings.max_question_chars
    ann.language = "fr"
    assert ann.ask("  ") == [{"notice", "filters"}]
    assert ann["notice"] == ""
    long = "q" * (most + 1)
    for parts in (ann.ask(long), ann.do("ask", text=long), ann.do("edit", place=0, text=long)):
        assert [each - {"filters"} for each in parts] == [{"notice"}]
        assert "2001 caractères ; 2000 sont permis" in text_of(ann["notice"])
    ann.ask("the beginning", characters=70_000)
    assert "70000 caractères" in text_of(ann["notice"])
    ann.filters = {"since": "demain"}
    ann.ask("And when?")
    assert ann["box"] == "And when?"
    assert "« demain » n’est pas une date" in text_of(ann["filters"])
    for what in ("again", "edit", "ask"):
        ann.shown["notice"] = ""
        assert ann.do(what, place=0, text="And when?") == [{"notice"}]
        assert "« demain » n’est pas une date" in text_of(ann["notice"])
    assert ann.talk.turns == before


def test_what_is_asked_while_an_answer_is_written_is_answered_after_it(
    ann: Browser, held: Held
) -> None:
    first = ann.asking("First?")
    until_half(ann, first)
    (parts,) = ann.ask("Second?")
    assert "box" in parts
    assert ann["box"] == ""
    assert stages(ann.html) == ["writing", "queued"]
    assert ENGLISH.queued in ann.says
    ann.do("ask", text="Third?")
    assert [question.text for question in held.asked] == ["First?"]
    held.go("First?", "Second?", "Third?")
    list(first)
    assert stages(ann.html) == ["final"] * 3
    assert held.asked[2].history == (
        *("First?", "All of First? [1]"),
        *("Second?", "All of Second? [1]"),
    )


def test_stop_ends_the_first_at_once_and_the_next_goes_on(ann: Browser, held: Held) -> None:
    """Though the model that is stopped says nothing more."""
    first = ann.asking("First?")
    until_half(ann, first)
    ann.ask("Second?")
    ann.stop()
    until(lambda: len(held.asked) == 2)
    held.go("Second?")
    list(first)
    assert stages(ann.html) == ["stopped", "final"]
    assert ENGLISH.stopped in ann.says
    assert "Half of" not in ann.says
    assert "The quoted sentence" in ann["past"]
    held.go("First?")
    ann.do("again", place=0)
    assert [turn.text for turn in ann.talk.turns] == ["First?", "Second?", "First?"]
    assert held.asked[-1].history == ()


def test_too_many_that_wait_are_refused_and_stay_in_the_box(ann: Browser, held: Held) -> None:
    first = ann.asking("0?")
    until_half(ann, first)
    for number in range(1, 8):
        ann.ask(f"{number}?")
    ann.ask("One more?")
    assert ann["box"] == "One more?"
    assert text_of(ann["notice"]) == ENGLISH.too_many_waiting
    held.go(*(f"{number}?" for number in range(8)))
    list(first)
    assert stages(ann.html) == ["final"] * 8


def test_a_follow_up_has_its_history(ann: Browser) -> None:
    ann.ask()
    ann.ask("And when?")
    assert f"{ENGLISH.shared.continues} “{ASKED}”" in ann.says


def test_asked_again_the_latest_is_replaced_with_the_filters_now_in_force(ann: Browser) -> None:
    ann.ask()
    ann.filters = {"language": "fr"}
    assert all("box" not in parts for parts in ann.do("again", place=0))
    (only,) = answers(ann)
    assert {citation.article.language for citation in only.citations} == {"fr"}


def test_an_edited_question_is_asked_with_what_was_said_before_it(ann: Browser, held: Held) -> None:
    held.go("A?", "B?", "C?", "D?")
    ann.ask("A?")
    ann.ask("B?")
    ann.do("edit", place=1, text="C?")
    assert [turn.text for turn in ann.talk.turns] == ["A?", "C?"]
    assert held.asked[-1].history[::2] == ("A?",)
    ann.do("edit", place=0, text="D?")
    assert [turn.text for turn in ann.talk.turns] == ["A?", "C?", "D?"]
    assert held.asked[-1].history == ()


def test_filters_that_let_nothing_through_are_said_and_removed(ann: Browser) -> None:
    ann.filters = {"since": "2030"}
    ann.do("filters")
    ann.ask()
    assert "all of them together go from 14 March 2019 to 2 November 2021" in ann.says
    assert "2030 – …" in text_of(ann["filters"])
    ann.do("unfilter", place=0)
    assert [turn.filters for turn in ann.talk.turns] == [Filters()]
    assert "all of them together" not in ann.says
    assert ENGLISH.all_articles in text_of(ann["filters"])
    assert ann.do("unfilter") == [{"filters"}]


def test_an_error_is_said_and_the_question_kept(
    ann: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ann.language = "fr"
    for error, says in (
        (AnswerError, FRENCH.no_model),
        (ModelError, FRENCH.no_model),
        (IndexMissing, FRENCH.no_index),
        (SettingsError, FRENCH.failed),
        (RuntimeError, FRENCH.failed),
    ):

        def broken(question: Question, error: type[Exception] = error) -> Iterator[Answer]:
            yield answer("Half of", stage="writing")
            raise error("secret detail")

        with monkeypatch.context() as patched:
            patched.setattr(ann.page.assistant, "stream", broken)
            caplog.clear()
            ann.do("edit", place=0, text=ASKED)
        assert stages(ann.html) == ["failed"]
        assert says in ann.says
        assert "Half of" not in ann.says
        assert "secret" not in ann.html
        assert "secret detail" in caplog.text
    assert 'data-do="again" data-place="0"' in ann.html
    ann.do("again", place=0)
    assert stages(ann.html) == ["final"]


def test_a_new_conversation_while_an_answer_is_written_is_empty(ann: Browser, held: Held) -> None:
    first = ann.asking("First?")
    until_half(ann, first)
    old = ann.open
    ann.do("new")
    assert list(first) == []
    assert ENGLISH.welcome in ann.says
    assert ann["latest"] == ""
    held.go("First?")
    ann.do("open", id=old)
    assert "All of First?" in ann.says


def test_switching_language_keeps_the_conversation_and_the_filters(ann: Browser) -> None:
    ann.ask()
    ann.ask("And when?")
    ann.filters = {"since": "2017", "language": "en"}
    ann.do("speak", language="fr")
    assert ASKED in text_of(ann["past"])
    assert FRENCH.shared.continues in text_of(ann["latest"])
    assert (ann["send"], ann["stop"]) == (FRENCH.send, FRENCH.stop)
    assert FRENCH.clear in ann["head"]
    assert FRENCH.talks.conversations in ann.listed
    assert "2017 – …, anglais" in text_of(ann["filters"])


def test_the_welcome_has_examples_in_its_language_and_what_there_is(ann: Browser) -> None:
    french = Browser(ann.page)
    french.language = "fr-CA"
    french.begin()
    for browser, examples in ((ann, ["Who?", "Why?"]), (french, ["Qui ?"])):
        assert re.findall(r'data-do="ask" data-text="(.*?)"', browser.html) == examples
    assert "6 articles · from 14 March 2019 to 2 November 2021 · 2 outlets" in ann.says
    ann.do("ask", text="Who?")
    assert [turn.text for turn in ann.talk.turns] == ["Who?"]


def test_what_makes_no_sense_asks_nothing(ann: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradio empties every output, the box among them, when there is no update at all."""
    ann.ask()
    before, listed = ann.talk.turns[:], ann.listed
    nonsense: tuple[Any, ...] = (
        *(None, [], "ask", {"do": ["ask"]}, {"do": "ask", "text": None}),
        {"do": "edit", "place": "0", "text": " "},
        {"do": "change", "row": ["only"], "n": {}, "value": 3},
        *({"do": "open", "id": id} for id in ({"$ne": ""}, ["x"])),
        *({"do": "rate", "turn": turn} for turn in ({"$ne": 1}, "", ["x"])),
        {"do": "comment", "turn": None, "comment": 3},
        {"do": "rename", "id": "\ud800", "title": "\ud800"},
        *({"do": "revoke", "token": None}, {"do": "pin", "id": {}, "pinned": []}),
        {"do": "filters", "filters": [1]},
        {"do": "speak", "language": 7},
    )
    for sent in nonsense:
        monkeypatch.setattr(ann, "_told", lambda sent=sent, **_: sent)
        assert ann.do(""), sent
    for text in ("[1", "[" * 100_000, '"x"', ""):
        assert list(ann.page.ask("", text, ann.tab))
        assert list(ann.page.begin(text, ann.tab))
    assert ann.talk.turns == before
    assert ann.listed == listed


def test_the_model_is_watched_until_nothing_changes_any_more(
    ann: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, seen = ann.page, []
    states: tuple[LLMState, ...] = ("fetching", "loading", "ready")
    for state in states:
        status = LLMStatus(state, "small", 0.5, "")
        monkeypatch.setattr(page.assistant, "llm_status", lambda status=status: status)
        watched = page.watch_model(ann.tab)
        seen.append((watched[page.timer].active, "50 %" in watched[page.model]))
    assert seen == [(True, True), (True, False), (False, False)]


# What was understood


def test_the_last_chip_taken_away_asks_again_without_it(ann: Browser) -> None:
    question = "What did the Harbour Post report about Kervalec in March 2019?"
    ann.ask(question)
    for chips in (["The Harbour Post", "March 2019"], ["March 2019"], []):
        said = re.findall(r"<summary title=\"Change: [^\"]*\">(.*?)<", ann["latest"])
        assert said == chips
        if chips:
            ann.do("change", row="first", n=0, remove="true")
    (only,) = answers(ann)
    assert only.question.text == question
    assert only.question.constraints == only.constraints == Constraints()
    ann.do("again", place=0)
    assert answers(ann)[0].constraints == Constraints()


def test_a_filter_s_chip_changes_the_form_too_and_a_wrong_change_loses_nothing(
    ann: Browser,
) -> None:
    ann.filters = {"since": "2019", "language": "fr"}
    ann.ask()
    before = answers(ann)
    ann.do("change", row="only", n=0, value="soon")
    assert "“soon” is not a date" in text_of(ann["notice"])
    assert ann.do("change", row="only", n=7, remove="true") == [{"notice"}]
    assert answers(ann) == before
    ann.do("change", row="only", n=1, remove="true")
    assert 'value="2019-01-01"' in ann["filters"]
    assert 'value="fr" selected' not in ann["filters"]
    assert [turn.filters for turn in ann.talk.turns] == [Filters.parse("2019")]


def test_the_form_has_its_errors_beside_the_boxes_and_the_chosen_articles(ann: Browser) -> None:
    ann.filters = {"since": "soon", "until": "later", "articles": ["lynx", "gone"]}
    ann.do("filters")
    form = ann["filters"]
    for name, value in (("since", "soon"), ("until", "later")):
        assert f'aria-describedby="qa-{name}-error"' in form
        error = re.search(rf'id="qa-{name}-error" role="alert">([^<]*)', form)
        assert error
        assert f"“{value}” is not a date" in error[1]
    assert re.findall(r'name="articles" value="([^"]*)" checked', form) == ["lynx"]
    assert ENGLISH.articles.one_chosen in text_of(form)
    ann.filters = {"articles": ["pont"], "sources": ["Le Courrier"]}
    ann.ask()
    assert {c.article.id for c in answers(ann)[0].citations} == {"pont"}
    ann.do("filters")
    assert 'value="Le Courrier" checked' in ann["filters"]
    assert f"{ENGLISH.articles.one_chosen}, Le Courrier" in text_of(ann["filters"])


# Coming back


def test_a_reload_in_the_middle_of_an_answer_finds_it_and_its_end(ann: Browser, held: Held) -> None:
    asking: Any = ann.asking()
    until_half(ann, asking)
    ann.page.leave(ann.tab)
    asking.close()
    ann.load()
    beginning = ann.beginning(asked=ASKED)
    next(beginning)
    assert stages(ann.html) == ["writing"]
    assert "Half of" in ann.says
    ann.ask("And when?")
    held.go(ASKED, "And when?")
    list(beginning)
    assert stages(ann.html) == ["final", "final"]
    assert [question.text for question in held.asked] == [ASKED, "And when?"]
    ann.ask(ASKED)
    assert "3 questions" in ann.listed


def test_where_nothing_is_kept_a_closed_tab_s_answers_stop(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, held = open_page(assistant), Held()
    monkeypatch.setattr(page.assistant, "stream", held)
    ann = Browser(page)
    asking = ann.asking()
    until_half(ann, asking)
    ann.ask("And when?")
    page.leave(ann.tab)
    held.go(ASKED, "And when?")
    list(asking)
    assert stages(ann.html) == ["stopped", "stopped"]
    assert [question.text for question in held.asked] == [ASKED]


def test_where_nothing_is_kept_a_reload_finds_the_conversation(
    assistant: Assistant,
) -> None:
    ann = Browser(open_page(assistant))
    ann.ask()
    ann.page.leave(ann.tab)
    gc.collect()
    ann.ask("And when?")
    ann.page.leave(ann.tab)
    gc.collect()
    ann.load()
    ann.begin()
    assert [turn.text for turn in ann.talk.turns] == [ASKED, "And when?"]


@pytest.mark.parametrize("before", [True, False])
def test_after_a_restart_what_was_asked_is_shown_as_lost_and_can_be_asked_again(
    ann: Browser, assistant: Assistant, kept: Conversations, before: bool
) -> None:
    if before:
        ann.ask()
    else:
        ann.open = "abcdefghijkl"
    ann.load(open_page(assistant, kept=kept))
    ann.begin(asked="And when?")
    assert stages(ann.html) == ["final"] * before + ["stopped"]
    assert ENGLISH.lost_answer in ann.says
    assert ann["notice"] == ""
    ann.load()
    ann.begin(asked="And when?")
    assert ann.html.count(escape(ENGLISH.lost_answer)) == 1
    assert f'data-do="again" data-place="{int(before)}"' in ann["latest"]
    ann.do("again", place=int(before))
    assert stages(ann.html) == ["final"] * (1 + before)
    assert (ASKED in answers(ann)[-1].question.standalone) is before


def test_after_a_restart_a_tab_that_was_not_loaded_again_goes_on(
    ann: Browser, assistant: Assistant, kept: Conversations
) -> None:
    ann.ask()
    ann.page = open_page(assistant, kept=kept)
    ann.ask("And when?")
    assert [turn.text for turn in ann.talk.turns] == [ASKED, "And when?"]
    assert "2 questions" in ann.listed
    turn = ann.turn
    ann.page = open_page(assistant, kept=kept)
    ann.do("rate", turn=turn, good="true")
    assert ENGLISH.talks.thanks in ann.says


def test_another_owner_under_the_same_session_hash_is_another_tab(ann: Browser, held: Held) -> None:
    asking = ann.asking()
    until_half(ann, asking)
    bob = Browser(ann.page)
    bob.tab.session_hash = ann.tab.session_hash
    bob.open = ann.open
    bob.begin()
    assert ENGLISH.welcome in bob.says
    assert ENGLISH.talks.gone in bob["notice"]
    bob.stop()
    held.go(ASKED)
    list(asking)
    assert stages(ann.html) == ["final"]


# The port


def test_the_folder_of_the_articles_is_known(assistant: Assistant, article_folder: Path) -> None:
    assert folder_of(assistant) == article_folder


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "::1", "127.0.0.1"])
def test_the_address_that_is_printed_answers(host: str) -> None:
    with listen(host, 0) as listening:
        there = urlsplit(address(listening))
        with socket.create_connection((str(there.hostname), there.port or 0), timeout=10):
            pass


def test_a_port_in_use_is_said_with_what_to_do() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        assert address(taken) == f"http://127.0.0.1:{port}"
        with pytest.raises(SettingsError, match=f"port {port} is in use; .*QA_PORT"):
            listen("127.0.0.1", port)


def test_an_address_of_another_machine_is_said_with_what_to_do() -> None:
    with pytest.raises(SettingsError, match=r"192\.0\.2\.1.*QA_HOST"):
        listen("192.0.2.1", 0)


def test_app_says_an_error_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = subprocess.run(
            [sys.executable, "app.py"],
            cwd=ROOT,
            env={**os.environ, "QA_PORT": str(port), "QA_LLM": "none"},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert run.returncode == 1
    assert run.stdout == ""
    advice = "stop the other program or set QA_PORT"
    assert run.stderr == f"error: port {port} is in use; {advice}.\n"
