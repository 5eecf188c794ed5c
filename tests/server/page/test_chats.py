"""Conversations and their threads: what is answered, stopped, followed and kept apart."""

from __future__ import annotations

import time
from collections.abc import Iterator
from threading import Event
from typing import Any

from qa.errors import AnswerError
from qa.server.page.chats import Tabs, Talk, Turn
from qa.types import Answer, Question
from tests.page import answer
from tests.server.api.test_worker import until


def done(text: str, said: str = "Said.", **more: Any) -> Turn:
    """A finished turn."""
    return Turn(text, answer=answer(said), running=False, **more)


def test_history_holds_answered_turns_only() -> None:
    stopped = Turn("D?", answer=answer("", stage="writing"), running=False)
    failed = Turn("B?", failure=AnswerError("no"), running=False)
    turns = [done("A?", "a"), failed, done("C?", "c"), stopped, Turn("E?", answer=answer("e"))]
    assert Talk(turns).history_before(5) == ("A?", "a", "C?", "c")
    assert Talk(turns).history_before(2) == ("A?", "a")


def test_what_failed_hands_on_what_it_was_to_replace() -> None:
    talk = Talk([done("Who?", id="first")])
    for _ in range(2):
        turn = Turn("Who?")
        assert talk.ask(turn, again=True)
        assert turn.instead_of == "first"
        talk.stop()
    assert talk.turns == [turn]


def test_an_answer_that_is_stopped_is_whole_or_gone() -> None:
    for stage, left in (("writing", ""), ("final", "So far.")):
        turn = Turn("Who?", answer=answer("So far.", stage=stage), started=True)
        Talk([turn]).stop()
        assert turn.answer
        assert (turn.answer.text, turn.running) == (left, False)


def test_stop_does_not_wait_for_a_silent_model_whose_stream_is_closed_at_its_next_word() -> None:
    spoke, closed = Event(), Event()

    def silent(question: Question) -> Iterator[Answer]:
        try:
            yield answer("first", stage="writing")
            spoke.wait(10)
            yield answer("second", stage="writing")
        finally:
            closed.set()

    talk, ended = Talk([Turn("Who?")]), Event()
    talk.answer_next(silent, lambda talk, turn: ended.set())
    for _ in talk.follow():
        if talk.turns[0].answer:
            talk.stop()
    assert talk.turns[0].state == "stopped"
    assert not closed.is_set()
    spoke.set()
    assert closed.wait(5)
    assert ended.wait(5)


def test_followers_see_the_last_state_and_may_miss_others() -> None:
    talk = Talk([Turn("Who?")])
    talk.answer_next(lambda q: iter([answer(str(n)) for n in range(50)]), lambda talk, turn: None)
    seen = list(talk.follow())
    assert len(seen) < 50
    assert talk.turns[0].answer == answer("49")


def test_followers_see_the_end_once_it_is_kept() -> None:
    """They once saw it before, and neither the list nor the rating, when keeping took time."""
    talk = Talk([Turn("Who?")])

    def keep(talk: Talk, turn: Turn) -> None:
        time.sleep(0.3)
        turn.id = "kept"

    talk.answer_next(lambda question: iter([answer()]), keep)
    assert list(talk.follow())
    assert talk.turns[0].id == "kept"


def test_tabs_are_by_owner_and_session_and_those_of_whoever_has_most_make_room() -> None:
    """505 calls of one once emptied everybody's."""
    tabs = Tabs()
    ann = tabs.of("ann", "session", "192.0.2.1")
    assert tabs.of("ann", "session") is ann
    assert tabs.of("bob", "session") is not ann
    assert tabs.of(None, "session") is not ann
    assert tabs.open_talk("ann", ann.talk.conversation) is ann.talk
    assert tabs.open_talk("bob", ann.talk.conversation) is None
    assert tabs.open_talk(None, ann.talk.conversation) is None
    first = tabs.of("0", "0", "192.0.2.2")
    for number in range(600):  # each with an id of its own, which a client can make up
        tabs.of(str(number), str(number), "192.0.2.2")
    assert tabs.of("ann", "session", "192.0.2.1") is ann
    assert tabs.of("0", "0", "192.0.2.2") is not first


class Panic(BaseException):
    """As a library written in Rust raises it: no Exception."""


def test_a_turn_that_panics_has_failed_and_the_next_one_is_answered() -> None:
    """The conversation once stayed busy for ever."""

    def stream(question: Question) -> Iterator[Answer]:
        if question.text == "Who?":
            raise Panic("range end index 7 out of range")
        yield answer("Said.", question=question)

    talk = Talk([Turn("Who?"), Turn("When?")])
    talk.answer_next(stream, lambda talk, turn: None)
    until(lambda: not talk.busy)
    assert [turn.state for turn in talk.turns] == ["failed", "final"]
    assert "Panic" in str(talk.turns[0].failure)
