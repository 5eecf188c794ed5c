"""The conversations that are open on the page, one a browser tab.

Kept in memory under Gradio's session hash, so that Stop and the language switch reach an answer
that is being written. Knows nothing about components or HTML.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from threading import Event, Lock

from qa.answer import Answer, Language
from qa.constraints import Constraints
from qa.conversations import Rating, new_id

# A tab whose connection broke goes on in its talk; this bounds those that never come back.
_MOST_TALKS = 500


@dataclass(slots=True)
class Turn:
    """A question and what became of it.

    Attributes:
        text: the question as typed.
        answer: its latest state, or None before the first.
        error: the sentence to show instead of an answer.
        stopped: whether the person stopped it.
        running: whether more is to come.
        constraints: what it asks of articles, where the person said so.
        suggestions: what could be asked next.
        id: under which it may be rated and shared; empty when it may not.
        conversation: the kept conversation that it is in; empty when it is in none.
        instead_of: the id of the kept turn that it replaces; empty when it replaces none.
        rating: what was said of it.
        token: of the link under which it is shared.
        stale: whether an article that it cites has changed since.
    """

    text: str
    answer: Answer | None = None
    error: str | None = None
    stopped: bool = False
    running: bool = True
    constraints: Constraints | None = None
    suggestions: tuple[str, ...] = ()
    id: str = ""
    conversation: str = ""
    instead_of: str = ""
    rating: Rating | None = None
    token: str | None = None
    stale: bool = False

    def end(self) -> None:
        """No more is to come; what is half written goes, for nobody has compared it with quotes."""
        half = self.answer is None or self.answer.stage != "final"
        self.stopped = half and self.error is None
        if half and self.answer is not None:
            self.answer = replace(self.answer, text="")
        self.running = False


@dataclass(slots=True)
class Talk:
    """One conversation: its turns, oldest first, and the language that its page speaks.

    At most one of them is being answered, however many events come at once.

    Attributes:
        conversation: the id under which it is kept.
        search: what the list of kept ones was searched for.
    """

    language: Language = "en"
    turns: list[Turn] = field(default_factory=list)
    stop: Event = field(default_factory=Event)
    conversation: str = field(default_factory=new_id)
    search: str = ""
    _changing: Lock = field(default_factory=Lock, repr=False, compare=False)

    @property
    def busy(self) -> bool:
        """Whether an answer is on its way."""
        return bool(self.turns) and self.turns[-1].running

    @property
    def history(self) -> tuple[str, ...]:
        """Answered turns, alternating question and answer, oldest first."""
        return tuple(
            text
            for turn in self.turns
            if turn.answer is not None and turn.answer.text
            for text in (turn.text, turn.answer.text)
        )

    def begin(self, text: str, *, again: bool = False) -> Turn | None:
        """Add a turn, with a stop sign of its own; None while another is being answered.

        Args:
            again: it replaces the latest one.
        """
        with self._changing:
            if self.busy:
                return None
            turn = Turn(text)
            if again and self.turns:
                before = self.turns.pop()
                # One that failed is not kept, and what it was to replace still is.
                turn.instead_of = before.id or before.instead_of
            self.stop = Event()
            self.turns.append(turn)
            return turn

    def open(self, conversation: str, turns: Iterable[Turn]) -> None:
        """Stop what is being written and go on with another conversation."""
        with self._changing:
            self.stop.set()
            self.turns = list(turns)
            self.conversation = conversation

    def clear(self) -> None:
        """Stop what is being written, forget all turns and begin another conversation."""
        self.open(new_id(), ())


class Talks:
    """Talks by session hash. Safe to share between threads."""

    def __init__(self) -> None:
        self._talks: OrderedDict[str, Talk] = OrderedDict()
        self._lock = Lock()

    def of(self, session: str | None) -> Talk:
        """The session's talk, new when there is none; the longest unused make room."""
        with self._lock:
            talk = self._talks.setdefault(session or "", Talk())
            self._talks.move_to_end(session or "")
            while len(self._talks) > _MOST_TALKS:
                self._talks.popitem(last=False)[1].clear()
            return talk

    def leave(self, session: str | None) -> None:
        """The tab is gone, or only its connection: its answer stops, its talk is the next to go."""
        with self._lock:
            talk = self._talks.get(session or "")
            if talk:
                self._talks.move_to_end(session or "", last=False)
                talk.stop.set()
