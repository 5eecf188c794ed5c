"""History: the page's turns on disk, and what a visitor does with them.

Stands between the conversations of open tabs (`chats`) and the file (`conversations`), and is
the only part of the page that knows whose they are. What comes from the browser is checked here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from qa.conversations.answer_json import from_document, to_document
from qa.conversations.store import Conversation, Conversations, KeptTurn, Rating, new_id
from qa.documents.article import Article, PartialDate, clean_text
from qa.errors import ConversationsUnusable
from qa.server.page import render
from qa.server.page.chats import Tab, Tabs, Talk, Turn
from qa.server.page.owners import Owners
from qa.server.page.templating import html
from qa.server.page.texts import TEXTS, Texts
from qa.settings import Settings

log = logging.getLogger(__name__)

_LONGEST = 2000
_MOST_LISTED = 100


@dataclass(frozen=True, slots=True)
class Outcome:
    """What has to be shown after something was done."""

    listed: bool = False  # whether the list of conversations has changed
    talk: bool = False  # whether the conversation has changed
    notice: str = ""  # what could not be done


class History:
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
        self._owners = Owners(logins=bool(settings.passwords))
        self._find = find
        self.offered = conversations is not None
        self.whole = self.offered and settings.keep == "conversations"

    def owner(self, request: gr.Request) -> str | None:
        """Whose tab it is; None when nobody can say."""
        return self._owners.of_event(request)

    def source(self, request: gr.Request) -> str:
        """Whom to hold to account for it."""
        return self._owners.source_of_event(request)

    def keeper(self, owner: str | None) -> Callable[[Talk, Turn], None]:
        """Keeps each turn of a conversation when it ends; never raises."""

        def keep(talk: Talk, turn: Turn) -> None:
            try:
                self._keep(owner, talk, turn)
            except BaseException:  # the turn must end, whatever it is
                log.exception("a turn is not kept")
                turn.id = turn.conversation = ""
                turn.unkept = True

        return keep

    def _keep(self, owner: str | None, talk: Talk, turn: Turn) -> None:
        """Keep a turn that has its final answer and was not cleared or deleted meanwhile."""
        kept = self._conversations is not None and owner is not None and turn in talk.turns
        if self._conversations is None or owner is None or not kept or turn.state != "final":
            return
        turn.id, turn.conversation = new_id(), talk.conversation if self.whole else ""
        if self.whole:
            self._conversations.keep(
                owner, turn.conversation, _as_kept(turn), instead_of=turn.instead_of
            )

    def list(self, request: gr.Request, tab: Tab) -> str:
        """The list of conversations; empty where nothing is kept."""
        conversations, owner = self._conversations, self.owner(request)
        if conversations is None or owner is None:
            return ""
        texts = TEXTS[tab.language]
        try:
            listed = conversations.find(owner, tab.search, _MOST_LISTED) if self.whole else []
            links = conversations.links(owner)
        except ConversationsUnusable:
            log.exception("conversations cannot be listed")
            return render.notice(texts.talks.unusable)
        return html(
            "talks",
            texts,
            listed=listed,
            links=links,
            search=tab.search,
            current=tab.talk.conversation,
            whole=self.whole,
            most=_MOST_LISTED,
            facts=lambda talk: _facts(talk, texts),
        )

    def open(self, request: gr.Request, tab: Tab, tabs: Tabs, conversation: str) -> Outcome:
        """Show a conversation: as another tab has it, with what is being answered, else as kept."""
        conversations, owner = self._conversations, self.owner(request)
        if owner is None or not conversation or conversation == tab.talk.conversation:
            return Outcome(talk=True)
        talk = tabs.open_talk(owner, conversation)
        if talk is not None:
            tab.talk = talk
            return Outcome(listed=True, talk=True)
        if conversations is None:
            return Outcome()
        visitor = _Visitor(conversations, owner, tab, self._find)
        return self._done(tab, lambda: visitor.open(conversation))

    def act(self, request: gr.Request, tab: Tab, tabs: Tabs, wanted: Mapping[str, Any]) -> Outcome:
        """Do what a button says; what makes no sense does nothing."""
        conversations, owner = self._conversations, self.owner(request)
        if conversations is None or owner is None:
            return Outcome()
        if wanted.get("do") == "open":
            return self.open(request, tab, tabs, _text(wanted, "id"))
        visitor = _Visitor(conversations, owner, tab, self._find)
        return self._done(tab, lambda: visitor.do(wanted))

    def _done(self, tab: Tab, do: Callable[[], Outcome]) -> Outcome:
        try:
            return do()
        except ConversationsUnusable:
            log.exception("a kept conversation cannot be reached")
            return Outcome(notice=TEXTS[tab.language].talks.unusable)


@dataclass(frozen=True, slots=True)
class _Visitor:
    """One person in one tab, who does something."""

    conversations: Conversations
    owner: str
    tab: Tab
    find: Callable[[str], Article | None]

    def do(self, wanted: Mapping[str, Any]) -> Outcome:
        id = _text(wanted, "id")
        match wanted.get("do"):
            case "search":
                self.tab.search = _text(wanted, "search")[:200]
            case "rename":
                self.conversations.rename(self.owner, id, _text(wanted, "title"))
            case "pin":
                self.conversations.pin(self.owner, id, wanted.get("pinned") == "true")
            case "delete":
                self.conversations.delete(self.owner, id)
                return self._forgotten(id == self.tab.talk.conversation)
            case "delete-all":
                self.conversations.delete_all(self.owner)
                return self._forgotten(True)
            case "share-talk":
                token = self.conversations.share_conversation(self.owner, id)
                if id == self.tab.talk.conversation:
                    self.tab.talk.token = token
                    return Outcome(listed=True, talk=True)
            case "revoke":
                return self._revoke(_text(wanted, "token"))
            case "rate" | "comment" | "share":
                return self._about_turn(wanted)
            case _:
                return Outcome()
        return Outcome(listed=True)

    def open(self, id: str) -> Outcome:
        found = self.conversations.read(self.owner, id)
        if found is None:
            return Outcome(listed=True, notice=TEXTS[self.tab.language].talks.gone)
        conversation, turns = found
        restored = [self._restored(turn, conversation.id) for turn in turns]
        self.tab.talk = Talk(restored, conversation.id, conversation.token)
        return Outcome(listed=True, talk=True)

    def _restored(self, kept: KeptTurn, conversation: str) -> Turn:
        restored = from_document(kept.document, self.find)
        question = restored.answer.question
        return Turn(
            kept.question,
            question.filters,
            question.constraints,
            asked=kept.asked.astimezone(),
            answer=restored.answer,
            running=False,
            id=kept.id,
            conversation=conversation,
            rating=kept.rating,
            token=kept.token,
            stale=restored.stale,
        )

    def _forgotten(self, open_one: bool) -> Outcome:
        if open_one:
            # Other tabs show the same conversation, which is no more.
            self.tab.talk.stop()
            self.tab.talk.begin_anew()
        return Outcome(listed=True, talk=open_one)

    def _revoke(self, token: str) -> Outcome:
        self.conversations.revoke(self.owner, token)
        if self.tab.talk.token == token:
            self.tab.talk.token = None
        for turn in self.tab.turns:
            if turn.token == token:
                turn.token = None
        return Outcome(listed=True, talk=True)

    def _about_turn(self, wanted: Mapping[str, Any]) -> Outcome:
        turn = next((t for t in self.tab.turns if t.id and t.id == wanted.get("turn")), None)
        if turn is None:
            return Outcome()
        if wanted["do"] == "share":
            turn.token = self.conversations.share(self.owner, _as_kept(turn))
            return Outcome(listed=True, talk=True)
        if wanted["do"] == "rate":
            good = wanted.get("good") == "true"
            # Pressed again, it is taken back.
            again = turn.rating is not None and turn.rating.good == good
            rating = None if again else Rating(good)
        else:
            rating = _rating(turn, wanted)
            if rating is not None and rating.correction and rating.unanswerable:
                return Outcome(notice=TEXTS[self.tab.language].talks.contradiction)
        self.conversations.rate(self.owner, _as_kept(turn), rating)
        turn.rating = rating
        return Outcome(talk=True)


def _facts(talk: Conversation, texts: Texts) -> str:
    """When a conversation was last changed, and how long it is."""
    changed = talk.changed.astimezone()
    n = talk.turns
    day, time = texts.day(PartialDate.of(changed)), f"{changed:%H:%M}"
    asked = texts.talks.question if n == 1 else texts.talks.questions.format(n=n)
    return f"{day}, {time} · {asked}"


def _rating(turn: Turn, wanted: Mapping[str, Any]) -> Rating | None:
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


def _as_kept(turn: Turn) -> KeptTurn:
    assert turn.answer is not None
    return KeptTurn(turn.id, to_document(turn.answer), turn.asked)


def _text(wanted: Mapping[str, Any], name: str) -> str:
    value = wanted.get(name)
    return clean_text(value[:_LONGEST]) if isinstance(value, str) else ""
