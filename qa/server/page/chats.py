"""The conversations that are open on the page, and the threads that answer in them.

A question is answered behind the page: its thread runs to the end whether or not a tab looks on,
so that a reload, a closed tab or a lost network takes nothing away. A tab follows a conversation
by waiting for it to change. Knows nothing about components or HTML.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Condition, Thread
from typing import Literal
from weakref import WeakValueDictionary

from qa.conversations.store import Rating, new_id
from qa.documents.filters import Filters
from qa.errors import as_exception
from qa.types import Answer, Citation, Constraints, Language, Question

log = logging.getLogger(__name__)

State = Literal[
    "queued", "searching", "waiting", "quotes", "reading", "writing", "final", "stopped", "failed"
]

_MOST_TABS = 500
_MOST_QUEUED = 8
_PAUSE_S = 0.08  # between two redrawings, which cost more than the words are worth
_PATIENCE_S = 1.0  # a follower looks up this often, to notice that its tab is gone

# The states of an answer, from a thread of its own; Assistant.stream.
Stream = Callable[[Question], Iterator[Answer]]


@dataclass(eq=False, slots=True)
class Turn:
    """A question and what became of it.

    Attributes:
        filters: which articles it is asked of.
        constraints: what it asks of articles, where the person said so; None reads its words.
        answerer: "extractive" for quotes alone; None is that of the settings.
        history: what was said before it, as `Question.history`; None is all finished turns.
        answer: its latest state, or None before the first.
        found: the quotes that were shown before the answer was written.
        running: whether more is to come.
        started: whether its thread has begun; until then it waits for the turn before it.
        lost: whether a server that stopped took its answer away.
        id, token: under which it may be rated and shared, and is; empty when not.
        conversation: the kept conversation that it is in; empty when it is in none.
        instead_of: the id of the kept turn that it replaces; empty when it replaces none.
        stale: whether an article that it cites has changed since.
        unkept: whether keeping it was tried and failed.
    """

    text: str
    filters: Filters = field(default_factory=Filters)
    constraints: Constraints | None = None
    answerer: Literal["extractive"] | None = None
    asked: datetime = field(default_factory=lambda: datetime.now().astimezone())
    history: tuple[str, ...] | None = None
    answer: Answer | None = None
    found: tuple[Citation, ...] = ()
    failure: Exception | None = None
    running: bool = True
    started: bool = False
    lost: bool = False
    id: str = ""
    conversation: str = ""
    instead_of: str = ""
    rating: Rating | None = None
    token: str | None = None
    stale: bool = False
    unkept: bool = False

    @property
    def state(self) -> State:
        """The one word that the page's buttons, labels and colours go by."""
        if self.failure is not None:
            return "failed"
        if self.running and not self.started:
            return "queued"
        if not self.running and (self.answer is None or self.answer.stage != "final"):
            return "stopped"
        if self.answer is None:
            return "searching"
        return "quotes" if self.answer.stage == "evidence" else self.answer.stage


@dataclass(eq=False, slots=True, weakref_slot=True)
class Talk:
    """One conversation: its turns, oldest first, answered one after the other.

    Attributes:
        conversation, token: under which it is kept, and all of it is shared.
        version: grows with each change; followers wait for it.
    """

    turns: list[Turn] = field(default_factory=list)
    conversation: str = field(default_factory=new_id)
    token: str | None = None
    version: int = 0
    _changed: Condition = field(default_factory=Condition, repr=False)

    @property
    def busy(self) -> bool:
        """Whether an answer is on its way."""
        return any(turn.running for turn in self.turns)

    @property
    def unfinished(self) -> int:
        """The place of the first turn that runs; of the last one when none does."""
        running = (n for n, turn in enumerate(self.turns) if turn.running)
        return next(running, max(0, len(self.turns) - 1))

    def history_before(self, place: int) -> tuple[str, ...]:
        """Answered turns, alternating question and answer, oldest first."""
        return tuple(
            text
            for turn in self.turns[:place]
            if turn.answer is not None and turn.answer.text and not turn.running
            for text in (turn.text, turn.answer.text)
        )

    def ask(self, turn: Turn, *, again: bool = False) -> bool:
        """Put a turn at the end; False when too many wait already.

        Args:
            turn: it begins with `answer_next`.
            again: it replaces the latest one, which must be finished.
        """
        with self._changed:
            if sum(other.running for other in self.turns) >= _MOST_QUEUED:
                return False
            if again and self.turns and not self.busy:
                before = self.turns.pop()
                # One that failed is not kept, and what it was to replace still is.
                turn.instead_of = before.id or before.instead_of
            self.turns.append(turn)
            self._tell()
            return True

    def answer_next(self, stream: Stream, ended: Callable[[Talk, Turn], None]) -> None:
        """Begin the next turn that waits, in a thread, unless another is being answered.

        Args:
            stream: the states of an answer.
            ended: called when a turn's answer is complete, before the turn is marked as finished,
                so that whoever follows it sees what the call did; it must not raise.
        """
        with self._changed:
            if any(turn.running and turn.started for turn in self.turns):
                return
            turn = next((turn for turn in self.turns if turn.running), None)
            if turn is None:
                return
            turn.started = True
            self._tell()
        run = (turn, stream, ended)
        Thread(target=self._run, args=run, daemon=True, name="qa-answer").start()

    def _run(self, turn: Turn, stream: Stream, ended: Callable[[Talk, Turn], None]) -> None:
        started = time.perf_counter()
        history = turn.history
        if history is None:
            history = self.history_before(self.turns.index(turn) if turn in self.turns else 0)
        question = Question(
            turn.text,
            history,
            turn.filters,
            answerer=turn.answerer,
            constraints=turn.constraints,
        )
        try:
            with closing(_opened(stream, question)) as states:
                for state in states:
                    with self._changed:
                        if not turn.running:
                            break
                        turn.answer = state
                        if state.stage == "evidence":
                            turn.found = state.citations
                        self._tell()
        except BaseException as exc:  # the page says so, in its language
            log.exception("answering failed")
            turn.failure = as_exception(exc) if turn.running else None
        ended(self, turn)
        with self._changed:
            _end(turn)
            self._tell()
        _log(turn, time.perf_counter() - started)
        self.answer_next(stream, ended)

    def stop(self, *, waiting: bool = False) -> None:
        """End what is being answered now; the model notices at its next word.

        Args:
            waiting: also what waits for it.
        """
        with self._changed:
            running = [turn for turn in self.turns if turn.running]
            for turn in running if waiting else running[:1]:
                _end(turn)
            self._tell()

    def begin_anew(self) -> None:
        """It was deleted: an empty one takes its place, in every tab."""
        with self._changed:
            self.turns, self.conversation, self.token = [], new_id(), None
            self._tell()

    def _tell(self) -> None:
        self.version += 1
        self._changed.notify_all()

    def follow(self) -> Iterator[int]:
        """The version now, after each change and now and then, as long as answers are to come."""
        seen = -1
        while True:
            with self._changed:
                if self.version == seen and self.busy:
                    self._changed.wait(_PATIENCE_S)
                version, busy = self.version, self.busy
            seen = version
            yield version
            if not busy:
                return
            time.sleep(_PAUSE_S)


def _end(turn: Turn) -> None:
    """No more is to come; what is half written goes, for nobody has compared it with quotes."""
    turn.running = False
    if turn.answer is not None and turn.answer.stage != "final":
        turn.answer = replace(turn.answer, text="")


def _opened(stream: Stream, question: Question) -> Generator[Answer]:
    """The stream as a generator, which can be closed whatever kind of iterator it is."""
    yield from stream(question)


def _log(turn: Turn, seconds: float) -> None:
    """What became of a question, in a line that does not say what was asked."""
    answer = turn.answer
    fields = {
        "outcome": turn.state,
        "answerer": answer.answerer if answer else None,
        "abstained": answer.abstained if answer else None,
        "ms": round(seconds * 1000, 1),
        "request_id": secrets.token_hex(8),
    }
    log.info("answer", extra=fields)


@dataclass(eq=False, slots=True)
class Tab:
    """A browser tab: its language, and the conversation it shows.

    Attributes:
        search: what the list of kept conversations was searched for.
        known: whether it has told which conversation it shows.
        source: whom to hold to account for it.
    """

    language: Language = "en"
    talk: Talk = field(default_factory=Talk)
    search: str = ""
    known: bool = False
    source: str = ""

    @property
    def turns(self) -> list[Turn]:
        """Those of the conversation."""
        return self.talk.turns


class Tabs:
    """Tabs by owner and session; a conversation that is open is found by its owner and its id.

    Safe to share between threads: CPython's dictionaries are, and each step is one.
    """

    def __init__(self) -> None:
        self._tabs: OrderedDict[tuple[str, str], Tab] = OrderedDict()
        self._open: WeakValueDictionary[tuple[str, str], Talk] = WeakValueDictionary()

    def of(self, owner: str | None, session: str | None, source: str = "") -> Tab:
        """The tab, new when there is none. What another owner has under its session is another.

        Where there are too many, the longest unused of the source that has most makes room, so
        that nobody's tabs go because somebody else opens many.
        """
        key = (owner or "", session or "")
        tab = self._tabs.setdefault(key, Tab(source=source))
        self._tabs.move_to_end(key)
        while len(self._tabs) > _MOST_TABS:
            tabs = list(self._tabs.items())
            ((most, _),) = Counter(other.source for _, other in tabs).most_common(1)
            self._tabs.pop(next(key for key, other in tabs if other.source == most), None)
        if owner:
            self._open[owner, tab.talk.conversation] = tab.talk
        return tab

    def open_talk(self, owner: str | None, conversation: str) -> Talk | None:
        """The conversation as another tab of the same owner has it, or had it."""
        return self._open.get((owner, conversation)) if owner else None
