"""What goes wrong in a thread of the page is told to whoever waits for it."""

from __future__ import annotations

from collections.abc import Iterator

from qa.server.page.chats import Talk, Turn
from qa.types import Answer, Question
from tests.page import answer
from tests.server.api.test_worker import until


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
