"""Keeping: the page's turns on disk, and what a visitor does with them.

Stands between the conversations of open tabs (`talks`) and the file (`qa.conversations`), and is
the only part of the page that knows whose they are. What comes from the browser is checked here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from qa.article import Article, clean_text
from qa.conversations import Conversations, KeptTurn, Rating, new_id
from qa.errors import ConversationsUnusable
from qa.kept import from_document, to_document
from qa.settings import Settings
from qa.ui import archive
from qa.ui.talks import Talk, Turn
from qa.ui.texts import TEXTS
from qa.ui.visitors import Visitors

log = logging.getLogger(__name__)

_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What has to be shown after something was done.

    Attributes:
        drawer: the list anew, as HTML; None leaves it.
        talk: whether the conversation has changed.
        notice: a sentence about what could not be done.
    """

    drawer: str | None = None
    talk: bool = False
    notice: str = ""


class Keeping:
    """Keeps turns for whoever asked them.

    Args:
        conversations: the file; None keeps nothing, and the page then offers nothing of it.
        settings: whether whole conversations are kept, and whether people log in.
        find: an article by its id.
    """

    def __init__(
        self,
        conversations: Conversations | None,
        settings: Settings,
        find: Callable[[str], Article | None],
    ) -> None:
        self._conversations = conversations
        self._whole = settings.keep == "conversations"
        self._visitors = Visitors(logins=bool(settings.passwords))
        self._find = find

    @property
    def offered(self) -> bool:
        """Whether there is anything to keep in."""
        return self._conversations is not None

    def empty_drawer(self, talk: Talk) -> str:
        """The list before it is asked for."""
        return archive.drawer(TEXTS[talk.language], kept=self._whole) if self.offered else ""

    def keep(self, request: gr.Request, talk: Talk, turn: Turn) -> bool:
        """Keep a turn that has its final answer; False when that was tried and failed.

        A turn that has left its talk meanwhile is not kept: it was cleared, or deleted.
        """
        owner = self._visitors.of_event(request)
        if self._conversations is None or owner is None:
            return True
        if turn.answer is None or turn.error is not None or turn.stopped:
            return True
        if not any(still is turn for still in talk.turns):
            return True
        turn.id, turn.conversation = new_id(), talk.conversation if self._whole else ""
        if not self._whole:
            return True
        try:
            self._conversations.keep(
                owner, turn.conversation, _kept(turn), instead_of=turn.instead_of
            )
        except ConversationsUnusable:
            log.exception("a turn is not kept")
            turn.id = turn.conversation = ""
            return False
        return True

    def act(self, request: gr.Request, talk: Talk, wanted: Any) -> Outcome:
        """Do what a button of `archive` says; what makes no sense does nothing."""
        conversations, owner = self._conversations, self._visitors.of_event(request)
        if conversations is None or owner is None or not isinstance(wanted, dict):
            return Outcome()
        visitor = _Visitor(conversations, owner, talk, self._find, whole=self._whole)
        try:
            return visitor.do(wanted)
        except ConversationsUnusable:
            log.exception("%r failed", wanted.get("do"))
            return Outcome(notice=TEXTS[talk.language].talks.unusable)


@dataclass(frozen=True, slots=True)
class _Visitor:
    """One person in one tab, who does something."""

    conversations: Conversations
    owner: str
    talk: Talk
    find: Callable[[str], Article | None]
    whole: bool

    def do(self, wanted: Mapping[str, Any]) -> Outcome:
        id = _text(wanted, "id")
        match wanted.get("do"):
            case "search":
                self.talk.search = _text(wanted, "search")[:200]
            case "open":
                return self._open(id)
            case "rename":
                self.conversations.rename(self.owner, id, _text(wanted, "title"))
            case "delete":
                self.conversations.delete(self.owner, id)
                return self._forgotten(id == self.talk.conversation)
            case "delete-all":
                self.conversations.delete_all(self.owner)
                return self._forgotten(True)
            case "revoke":
                return self._revoke(_text(wanted, "token"))
            case "rate" | "comment" | "share":
                return self._about_turn(wanted)
            case _:
                return Outcome()
        return Outcome(self._drawer())

    def _drawer(self) -> str:
        talk = self.talk
        return archive.drawer(
            TEXTS[talk.language],
            self.conversations.find(self.owner, talk.search, archive.MOST_LISTED),
            self.conversations.links(self.owner),
            search=talk.search,
            current=talk.conversation,
            kept=self.whole,
        )

    def _open(self, id: str) -> Outcome:
        found = self.conversations.read(self.owner, id)
        if found is None:
            return Outcome(self._drawer(), notice=TEXTS[self.talk.language].talks.gone)
        conversation, turns = found
        restored = [self._restored(turn, conversation.id) for turn in turns]
        self.talk.open(conversation.id, restored)
        return Outcome(talk=True)

    def _restored(self, kept: KeptTurn, conversation: str) -> Turn:
        restored = from_document(kept.document, self.find)
        return Turn(
            kept.question,
            restored.answer,
            running=False,
            constraints=restored.answer.question.constraints,
            id=kept.id,
            conversation=conversation,
            rating=kept.rating,
            token=kept.token,
            stale=restored.stale,
        )

    def _forgotten(self, open_one: bool) -> Outcome:
        if open_one:
            self.talk.clear()
        return Outcome(self._drawer(), talk=open_one)

    def _revoke(self, token: str) -> Outcome:
        self.conversations.revoke(self.owner, token)
        for turn in self.talk.turns:
            if turn.token == token:
                turn.token = None
        return Outcome(self._drawer(), talk=True)

    def _about_turn(self, wanted: Mapping[str, Any]) -> Outcome:
        turn = next((t for t in self.talk.turns if t.id and t.id == wanted.get("turn")), None)
        if turn is None:
            return Outcome()
        if wanted["do"] == "share":
            turn.token = self.conversations.share(self.owner, _kept(turn))
            return Outcome(talk=True)
        if wanted["do"] == "rate":
            good = wanted.get("good") == "true"
            # Pressed again, it is taken back.
            again = turn.rating is not None and turn.rating.good == good
            rating = None if again else Rating(good)
        else:
            rating = _said(turn, wanted)
            if rating is not None and rating.correction and rating.unanswerable:
                return Outcome(notice=TEXTS[self.talk.language].talks.contradiction)
        self.conversations.rate(self.owner, _kept(turn), rating)
        turn.rating = rating
        return Outcome(talk=True)


def _said(turn: Turn, wanted: Mapping[str, Any]) -> Rating | None:
    """The rating with what was written to it; a good answer needs no correction."""
    if turn.rating is None:
        return None
    good = turn.rating.good
    return Rating(
        good,
        comment=_text(wanted, "comment"),
        correction="" if good else _text(wanted, "correction"),
        unanswerable=not good and "unanswerable" in wanted,
    )


def _kept(turn: Turn) -> KeptTurn:
    assert turn.answer is not None
    return KeptTurn(turn.id, to_document(turn.answer))


def _text(wanted: Mapping[str, Any], name: str) -> str:
    value = wanted.get(name)
    return clean_text(value[:_LONGEST]) if isinstance(value, str) else ""
