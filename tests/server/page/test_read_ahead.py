"""Reading ahead: what is typed is read, one at a time, and never beside an answer."""

from __future__ import annotations

import queue
from collections.abc import Callable, Generator, Iterator
from threading import Event

import pytest

from qa.errors import AnswerError
from qa.server.page import read_ahead as module
from qa.server.page.read_ahead import ReadAhead
from qa.types import Question

ALICE, BOB = object(), object()
TEXT = "Who led the works on the bridge?"
WHOLE = Question(f"{TEXT} ")


class Model:
    """Reads whatever it is given, part by part, as long as it is not told to end."""

    def __init__(self) -> None:
        self.begun: queue.Queue[str] = queue.Queue()
        self.closed: queue.Queue[str] = queue.Queue()
        self.end = Event()
        self.failure: Exception | None = None
        self.readers: list[ReadAhead] = []

    def read(self, question: Question) -> Generator[None]:
        self.begun.put(question.text)
        if self.failure is not None:
            raise self.failure
        try:
            while not self.end.wait(0.001):
                yield
        finally:
            self.closed.put(question.text)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[Model]:
    """Owners may think for as long as a busy machine needs."""
    monkeypatch.setattr(module, "_PAUSE_S", 0.01)
    monkeypatch.setattr(module, "_PATIENCE_S", 60.0)
    model = Model()
    yield model
    model.end.set()
    for reader in model.readers:
        reader.stop()


def reading(model: Model, idle: Callable[[], bool] = lambda: True) -> ReadAhead:
    model.readers.append(ReadAhead(model.read, idle))
    return model.readers[-1]


def test_what_is_typed_is_read(model: Model):
    reading(model).typed(ALICE, WHOLE)
    assert model.begun.get(timeout=5) == TEXT
    model.end.set()
    assert model.closed.get(timeout=5) == TEXT


def test_more_that_is_typed_takes_its_place(model: Model):
    ahead = reading(model)
    ahead.typed(ALICE, WHOLE)
    model.begun.get(timeout=5)
    more = Question(WHOLE.text + "Tell me ")
    ahead.typed(ALICE, more)
    assert model.closed.get(timeout=5) == TEXT
    assert model.begun.get(timeout=5) == f"{TEXT} Tell me"
    model.end.set()


def test_half_a_word_waits_for_a_pause(model: Model):
    reading(model).typed(ALICE, Question("Who led the wor"))
    assert model.begun.get(timeout=5) == "Who led the"
    assert model.begun.get(timeout=5) == "Who led the wor"
    model.end.set()


def test_without_a_pause_half_a_word_changes_nothing(model: Model, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_PAUSE_S", 60.0)
    ahead = reading(model)
    ahead.typed(ALICE, Question("Who led the wor"))
    assert model.begun.get(timeout=5) == "Who led the"
    ahead.typed(ALICE, Question("Who led the works"))
    with pytest.raises(queue.Empty):
        model.closed.get(timeout=0.2)
    ahead.typed(ALICE, WHOLE)
    assert model.closed.get(timeout=5) == "Who led the"
    ahead.stop()


def test_a_question_stops_it(model: Model):
    ahead = reading(model)
    ahead.typed(ALICE, WHOLE)
    model.begun.get(timeout=5)
    ahead.stop()
    assert model.closed.get(timeout=5) == TEXT
    assert model.begun.empty()


def test_another_owner_waits(model: Model):
    ahead = reading(model)
    ahead.typed(ALICE, WHOLE)
    model.begun.get(timeout=5)
    ahead.typed(BOB, Question("What did the mayor say about it? "))
    assert model.closed.empty()
    model.end.set()
    assert model.closed.get(timeout=5) == TEXT
    assert model.begun.empty()


@pytest.mark.parametrize("text", ["", "Who ", "       a      "])
def test_too_little_says_nothing(model: Model, text: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_PATIENCE_S", 0.05)
    ahead = reading(model)
    ahead.typed(ALICE, Question(text))
    with ahead._changed:
        assert ahead._changed.wait_for(lambda: ahead._owner is None, 5)
    assert model.begun.empty()


def test_answers_go_first(model: Model):
    ahead = reading(model, idle=lambda: False)
    ahead.typed(ALICE, WHOLE)
    assert ahead._owner is None


def test_it_works_again_after_a_failure(model: Model, caplog: pytest.LogCaptureFixture):
    model.failure = AnswerError("no room")
    ahead = reading(model)
    ahead.typed(ALICE, WHOLE)
    model.begun.get(timeout=5)
    with ahead._changed:
        assert ahead._changed.wait_for(lambda: ahead._owner is None, 5)
    model.failure = None
    model.end.set()
    ahead.typed(BOB, WHOLE)
    assert model.begun.get(timeout=5) == TEXT
    assert "no room" in caplog.text
    assert TEXT not in caplog.text
