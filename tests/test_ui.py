"""The page without a browser: its conversations, its events, its port."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from html import unescape
from pathlib import Path
from threading import Barrier, Event
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
import pytest
from langchain_core.language_models import BaseChatModel

from qa.answer import Answer, Question
from qa.assistant import Assistant, LanguageModel, LLMState, LLMStatus
from qa.errors import AnswerError, IndexMissing, ModelError, SettingsError
from qa.filters import Filters
from qa.index import LiveIndex
from qa.retrieval import HybridRetriever
from qa.settings import Settings
from qa.ui.examples import Examples, folder_of
from qa.ui.filtering import Typed
from qa.ui.following import follow
from qa.ui.page import Page
from qa.ui.server import address, listen
from qa.ui.talks import Talk, Talks, Turn
from qa.ui.texts import ENGLISH, FRENCH, Texts
from tests.fakes import Scripted
from tests.test_ui_render import answer, text_of

ROOT = Path(__file__).parent.parent

# Conversations


def test_history_holds_answered_turns_only() -> None:
    talk = Talk(turns=[Turn("A?", answer("a")), Turn("B?", error="no"), Turn("C?", answer("c"))])
    assert talk.history == ("A?", "a", "C?", "c")


def test_a_left_or_crowded_out_talk_is_stopped() -> None:
    talks = Talks()
    first = talks.of("first")
    first.begin("Who?")
    assert talks.of("first") is first
    for number in range(500):
        talks.of(str(number))
    assert first.stop.is_set()
    assert talks.of("first") is not first
    last = talks.of("last")
    talks.leave("last")
    assert last.stop.is_set()


def test_a_tab_whose_connection_broke_goes_on_in_its_talk_while_there_is_room() -> None:
    talks = Talks()
    old, left = talks.of("old"), talks.of("left")
    left.language = "fr"
    left.begin("Who?")
    talks.leave("left")
    assert talks.of("left") is left
    assert [turn.text for turn in left.turns] == ["Who?"]
    talks.leave("left")
    for number in range(499):
        talks.of(str(number))
    assert talks.of("old") is old
    assert talks.of("left") is not left
    talks.leave("nobody")


def test_only_one_of_two_questions_at_once_is_taken() -> None:
    class Slow(list[Turn]):
        def append(self, turn: Turn) -> None:
            time.sleep(0.05)
            super().append(turn)

    talk = Talk(turns=Slow())
    with ThreadPoolExecutor() as pool:
        taken = list(pool.map(talk.begin, ["A?", "B?", "C?"]))
    assert [turn for turn in taken if turn] == talk.turns
    assert len(talk.turns) == 1


def test_what_failed_hands_on_what_it_was_to_replace() -> None:
    talk = Talk(turns=[Turn("Who?", answer("a"), running=False, id="first")])
    for _ in range(2):
        turn = talk.begin("Who?", again=True)
        assert turn is not None
        assert turn.instead_of == "first"
        turn.end()
        assert turn.stopped
    assert len(talk.turns) == 1


def test_what_is_half_written_is_gone_at_the_end() -> None:
    for error in (None, "no"):
        turn = Turn("Who?", answer("Half", stage="writing"), error=error)
        turn.end()
        assert turn.answer is not None
        assert (turn.answer.text, turn.stopped) == ("", error is None)
        assert Talk(turns=[turn]).history == ()
    whole = Turn("Who?", answer("Whole"))
    whole.end()
    assert (whole.answer, whole.stopped) == (answer("Whole"), False)


# Following


def test_following_gives_the_last_state_and_may_skip_others() -> None:
    states = [answer(str(n)) for n in range(50)]
    assert list(follow(lambda: iter(states), Event()))[-1] is states[-1]


def test_following_raises_what_the_stream_raised() -> None:
    def broken() -> Iterator[Answer]:
        yield answer("so far")
        raise AnswerError("the model went away")

    with pytest.raises(AnswerError, match="went away"):
        list(follow(broken, Event()))


def test_stop_does_not_wait_for_a_silent_model_and_closes_its_stream() -> None:
    stop, spoke, closed = Event(), Event(), Event()

    def silent() -> Iterator[Answer]:
        try:
            yield answer("first")
            spoke.wait(10)
            yield answer("second")
        finally:
            closed.set()

    started = time.monotonic()
    for _ in follow(silent, stop):
        stop.set()
    assert time.monotonic() - started < 1
    assert not closed.is_set()
    spoke.set()
    assert closed.wait(5)


# The page's events


class Ready(LanguageModel):
    """A language model that is there."""

    def __init__(self, settings: Settings, model: BaseChatModel) -> None:
        super().__init__(settings, fetch=False)
        self._given = model

    def get(self) -> BaseChatModel:
        """The model."""
        return self._given


@pytest.fixture
def assistant(settings: Settings, live: LiveIndex, retriever: HybridRetriever) -> Assistant:
    """Over the articles of `fakes`, without a language model."""
    return Assistant(settings, live, retriever, LanguageModel(settings, fetch=False))


def open_page(assistant: Assistant, examples: Examples) -> Page:
    """A page, made in an event loop: without one, Gradio opens its own and leaves it open."""

    async def make() -> Page:
        return Page(assistant, examples)

    return asyncio.run(make())


@pytest.fixture
def page(assistant: Assistant) -> Page:
    """Its page."""
    return open_page(assistant, {"fr": ["Qui ?"], "en": ["Who?", "Why?"]})


TAB = cast("gr.Request", SimpleNamespace(session_hash="a tab"))
ALL: tuple[str, str, list[str], str] = ("", "", [], "")


def ask(page: Page, text: str) -> list[dict[Any, Any]]:
    """The updates that a question brings."""
    return list(page.ask(text, *ALL, TAB))


def test_a_question_is_answered_and_the_box_emptied(page: Page) -> None:
    updates = ask(page, " Who led the works on the bridge of Kervalec? ")
    assert updates[0][page.box] == ""
    assert updates[0][page.stop]["visible"] is True
    assert 'data-stage="searching"' in updates[0][page.latest]
    assert 'data-stage="final"' in updates[-1][page.latest]
    assert "Maëlle Tanguy" in text_of(updates[-1][page.latest])
    assert updates[-1][page.send]["visible"] is True
    assert all(page.box not in later for later in updates[1:])


def test_the_evidence_comes_before_the_words(
    settings: Settings, live: LiveIndex, retriever: HybridRetriever
) -> None:
    model = Ready(settings, Scripted(reply="Maëlle Tanguy led the works.", pause_s=0.15))
    page = open_page(Assistant(settings, live, retriever, model), {})
    shown = [u[page.latest] for u in ask(page, "Who led the works on the bridge of Kervalec?")]
    stages = [match[1] for html in shown if (match := re.search(r'data-stage="(\w+)"', html))]
    assert list(dict.fromkeys(stages)) == ["searching", "evidence", "writing", "final"]
    evidence = shown[stages.index("evidence")]
    assert "qa-card-quote" in evidence
    assert "qa-text" not in evidence
    draft, final = shown[stages.index("writing")], shown[-1]
    assert ENGLISH.draft in text_of(draft)
    assert "qa-draft" in draft
    assert "qa-number" not in draft
    assert "Maëlle Tanguy led the works [1]." in text_of(final)
    assert "qa-draft" not in final


def test_a_wrong_filter_loses_nothing(page: Page) -> None:
    """Retry once took the turn away before it looked at the filters."""
    ask(page, "Who led the works on the bridge of Kervalec?")
    asked = page.ask("And when?", "soon", "", [], "", TAB)
    asked_again = page.ask_again("soon", "", [], "", TAB)
    for updates in (asked, asked_again):
        (update,) = updates
        assert set(update) == {page.notice, page.filters}
        assert "“soon” is not a date" in update[page.notice]
    assert [turn.text for turn in page.talks.of("a tab").turns] == [
        "Who led the works on the bridge of Kervalec?"
    ]


def test_retry_asks_again_with_the_filters_now_in_force(page: Page) -> None:
    ask(page, "Who led the works on the bridge of Kervalec?")
    updates = list(page.ask_again("", "", [], "fr", TAB))
    assert all(page.box not in update for update in updates)
    (turn,) = page.talks.of("a tab").turns
    assert turn.answer is not None
    assert {c.article.language for c in turn.answer.citations} == {"fr"}


def test_an_empty_question_and_one_too_many_are_not_asked(page: Page) -> None:
    """Gradio empties every output, the box among them, when there is no update at all."""
    assert ask(page, "  ") == [{page.notice: ""}]
    page.talks.of("a tab").begin("Still being answered?")
    assert ask(page, "Who?") == [{page.notice: ""}]


def test_a_broken_connection_forgets_neither_the_conversation_nor_the_language(page: Page) -> None:
    page.speak("fr", *ALL, TAB)
    ask(page, "Who led the works on the bridge of Kervalec?")
    talk = page.talks.of("a tab")
    conversation = talk.conversation
    page.leave(TAB)
    updates = ask(page, "And when?")
    assert "Who led the works" in updates[0][page.past]
    assert FRENCH.sources in text_of(updates[-1][page.latest])
    assert page.talks.of("a tab").conversation == conversation


def test_of_two_questions_at_once_one_is_asked(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both were once found to be the only one, and answered in one conversation."""
    both = Barrier(2)
    usual = Typed.filters

    def slowly(typed: Typed, texts: Texts) -> Filters:
        both.wait(10)
        return usual(typed, texts)

    monkeypatch.setattr(Typed, "filters", slowly)
    with ThreadPoolExecutor() as pool:
        first, second = pool.map(partial(ask, page), ["Who led the works?", "And when?"])
    (turn,) = page.talks.of("a tab").turns
    refused = [{page.notice: ""}]
    assert (first == refused) != (second == refused)
    assert turn.answer is not None
    assert turn.answer.stage == "final"


def test_a_question_that_is_too_long_is_not_asked_and_stays_in_the_box(page: Page) -> None:
    """The box does not take it, but a program that calls the page could send it."""
    most = page.assistant.settings.max_question_chars
    assert page.box.max_length == most
    page.speak("fr", *ALL, TAB)
    long = "q" * (most + 1)
    example = page.ask_example(long, *ALL, TAB)
    proposed = page.ask_otherwise(
        *ALL, TAB, cast("gr.EventData", SimpleNamespace(_data={"ask": long}))
    )
    for updates in (page.ask(long, *ALL, TAB), example, proposed):
        (update,) = updates
        assert set(update) == {page.notice}
        assert "2001 caractères ; 2000 sont permis" in text_of(update[page.notice])
    assert page.talks.of("a tab").turns == []


def test_a_follow_up_has_its_history(page: Page) -> None:
    ask(page, "Who led the works on the bridge of Kervalec?")
    updates = ask(page, "And when?")
    carried = "Understood as: Who led the works on the bridge of Kervalec? And when?"
    assert carried in text_of(updates[-1][page.latest])
    assert "Who led the works" in updates[0][page.past]


def test_clear_while_an_answer_is_written_leaves_an_empty_page(page: Page) -> None:
    updates = page.ask("Who led the works on the bridge of Kervalec?", *ALL, TAB)
    next(updates)
    cleared = page.forget(TAB)
    assert ENGLISH.welcome in cleared[page.past]
    assert cleared[page.latest] == ""
    assert list(updates)[-1][page.latest] == ""


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (AnswerError("secret detail"), FRENCH.no_model),
        (ModelError("secret detail"), FRENCH.no_model),
        (IndexMissing("secret detail"), FRENCH.no_index),
        (SettingsError("secret detail"), FRENCH.failed),
        (RuntimeError("secret detail"), FRENCH.failed),
    ],
)
def test_an_error_is_said_and_the_question_kept(
    page: Page,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    says: str,
) -> None:
    def broken(question: Question) -> Iterator[Answer]:
        raise error

    monkeypatch.setattr(page.assistant, "stream", broken)
    page.speak("fr", *ALL, TAB)
    last = ask(page, "Who?")[-1]
    assert says in text_of(last[page.latest])
    assert "secret" not in last[page.latest]
    assert last[page.retry]["visible"] is True
    assert page.talks.of("a tab").turns[0].text == "Who?"
    assert "secret detail" in caplog.text


def test_switching_language_keeps_the_conversation_and_the_filters(page: Page) -> None:
    ask(page, "Who led the works on the bridge of Kervalec?")
    ask(page, "And when?")
    spoken = page.speak("fr", "2017", "", [], "", TAB)
    assert "Who led the works" in spoken[page.past]
    assert "And when?" in spoken[page.latest]
    assert "Compris comme" in spoken[page.latest]
    assert spoken[page.filters]["label"] == "Filtres (1)"
    assert "depuis le 1er janvier 2017" in text_of(spoken[page.scope])
    assert page.since in spoken
    assert "value" not in spoken[page.since]


def test_examples_follow_the_language(page: Page) -> None:
    english = page.speak("en", *ALL, TAB)
    french = page.speak("fr", *ALL, TAB)
    shown = [
        [spoken[button]["value"] for button in page.example_buttons if spoken[button]["visible"]]
        for spoken in (english, french)
    ]
    assert shown == [["Who?", "Why?"], ["Qui ?"]]


def test_the_panel_shows_the_article_with_its_quote(page: Page) -> None:
    answered = ask(page, "Who led the works on the bridge of Kervalec?")
    assert answered
    found = page.talks.of("a tab").turns[0].answer
    assert found is not None
    citation = found.citations[0]
    asked = {"id": citation.article.id, "start": citation.span.start, "end": citation.span.end}
    html = page.show_article({**asked, "language": "en"})
    assert f'<mark tabindex="-1">{citation.quote}</mark>' in unescape(html)
    assert text_of(html).endswith(citation.article.text)
    start = citation.span.start
    words = {"answer_start": start, "answer_end": start + 4, "language": "en"}
    html = page.show_article({**asked, **words})
    assert f'<mark tabindex="-1"><strong class="qa-pointed">{citation.quote[:4]}<' in unescape(html)
    assert "<strong" not in page.show_article({**asked, **words, "answer_start": "0"})
    assert FRENCH.article_gone in page.show_article({"id": "no such", "language": "fr"})
    assert ENGLISH.panel_empty in page.show_article({"id": None, "language": "en"})
    assert "<mark" not in page.show_article({**asked, "start": "0", "end": None})


def test_the_model_is_watched_until_nothing_changes_any_more(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    states: tuple[LLMState, ...] = ("fetching", "loading", "ready")
    for state in states:
        status = LLMStatus(state, "small", 0.5, "")
        monkeypatch.setattr(page.assistant, "llm_status", lambda status=status: status)
        watched = page.watch_model(TAB)
        seen.append((watched[page.timer].active, "50 %" in watched[page.model]))
    assert seen == [(True, True), (True, False), (False, False)]


def test_the_folder_of_the_articles_is_known(assistant: Assistant, article_folder: Path) -> None:
    assert folder_of(assistant) == article_folder


# The port


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
