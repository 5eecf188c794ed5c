"""Kept conversations on the page: whose they are, and what can be done with them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
import pytest

from qa.answer import Answer, Question
from qa.assistant import Assistant, LanguageModel
from qa.conversations import Conversations, Rating
from qa.errors import AnswerError, ConversationsUnusable
from qa.index import LiveIndex
from qa.retrieval import HybridRetriever
from qa.settings import Settings
from qa.ui.page import Page
from qa.ui.texts import ENGLISH, FRENCH
from qa.ui.visitors import COOKIE, Visitors
from tests.hostile import PAYLOADS
from tests.test_ui_render import Markup, answer, text_of

WORDS, MOTS = ENGLISH.talks, FRENCH.talks

ASKED = "Who led the works on the bridge of Kervalec?"


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Conversations]:
    """The file, open."""
    conversations = Conversations.open(tmp_path / "talks.sqlite")
    yield conversations
    conversations.close()


@pytest.fixture
def assistant(settings: Settings, live: LiveIndex, retriever: HybridRetriever) -> Assistant:
    """Over the articles of `fakes`, without a language model."""
    return Assistant(settings, live, retriever, LanguageModel(settings, fetch=False))


def open_page(assistant: Assistant, kept: Conversations | None, **changed: Any) -> Page:
    """A page, made in an event loop (see test_ui)."""
    assistant.settings = assistant.settings.model_copy(update=changed)

    async def make() -> Page:
        return Page(assistant, {}, kept)

    return asyncio.run(make())


class Browser:
    """A browser with its cookie, in a tab of one page."""

    def __init__(self, page: Page, cookie: str | None = None, login: str | None = None) -> None:
        self.page = page
        self.cookie = cookie or secrets.token_urlsafe(32)
        self.login = login
        self.reload()

    def reload(self) -> None:
        """A tab of its own."""
        given = SimpleNamespace(
            session_hash=secrets.token_hex(6), cookies={COOKIE: self.cookie}, username=self.login
        )
        self.tab = cast("gr.Request", given)

    def ask(self, text: str = ASKED) -> dict[Any, Any]:
        """The last updates."""
        last: dict[Any, Any] = list(self.page.ask(text, "", "", [], "", self.tab))[-1]
        return last

    def do(self, what: object, **more: object) -> dict[Any, Any]:
        """Press a button of the list or of an answer."""
        event = cast("gr.EventData", SimpleNamespace(_data={"do": what, **more}))
        return self.page.act(self.tab, event)

    @property
    def talk(self) -> Any:
        """What is open."""
        return self.page.talks.of(self.tab.session_hash)

    @property
    def turn(self) -> str:
        """The latest turn's id."""
        return str(self.talk.turns[-1].id)

    def listed(self, search: str = "") -> str:
        """The list's text."""
        return text_of(self.do("search", search=search)[self.page.archive])


@pytest.fixture
def page(assistant: Assistant, kept: Conversations) -> Page:
    """A page that keeps."""
    return open_page(assistant, kept)


# Kept


def test_a_conversation_is_there_after_a_reload_and_a_restart(
    page: Page, assistant: Assistant, kept: Conversations
):
    ann = Browser(page)
    ann.ask()
    ann.ask("And when?")
    conversation, shown = ann.talk.conversation, ann.talk.turns
    again = Browser(open_page(assistant, kept), ann.cookie)
    assert "Who led the works" in again.listed()
    updates = again.do("open", id=conversation)
    assert ASKED in text_of(updates[again.page.past])
    assert "And when?" in updates[again.page.latest]
    for old, new in zip(shown, again.talk.turns, strict=True):
        assert new.answer.citations == old.answer.citations
        for citation in new.answer.citations:
            span = {"start": citation.span.start, "end": citation.span.end}
            panel = again.page.show_article({"id": citation.article.id, **span, "language": "en"})
            assert "<mark" in panel
    assert again.talk.history == ann.talk.history
    again.ask("And who wants to close it to cars?")
    assert "3 questions" in again.listed()


def test_another_browser_sees_and_changes_nothing(page: Page, kept: Conversations):
    ann, bob = Browser(page), Browser(page)
    ann.ask()
    ann.do("share", turn=ann.turn)
    conversation, token = ann.talk.conversation, ann.talk.turns[0].token
    assert WORDS.none in bob.listed()
    assert WORDS.none_found in bob.listed("works")
    opened = bob.do("open", id=conversation)
    assert page.latest not in opened
    assert WORDS.gone in text_of(opened[page.notice])
    bob.do("rename", id=conversation, title="Mine")
    bob.do("delete", id=conversation)
    bob.do("delete-all")
    bob.do("revoke", token=token)
    bob.do("rate", turn=ann.turn, good="true")
    assert kept.ratings() == []
    assert kept.shared(token) is not None
    assert "Who led the works" in ann.listed()


@pytest.mark.parametrize("cookie", ["", "short", "x" * 44, "é" * 43, "x" * 42 + "\n"])
def test_without_a_sound_cookie_nothing_is_kept(page: Page, kept: Conversations, cookie: str):
    nobody = Browser(page)
    nobody.tab = cast("gr.Request", SimpleNamespace(session_hash="x", cookies={COOKIE: cookie}))
    updates = nobody.ask()
    assert "qa-actions" not in updates[page.latest]
    assert kept._rows("SELECT 1 FROM turn") == []
    assert nobody.do("search") == {page.notice: ""}


def test_with_logins_conversations_go_by_name(assistant: Assistant, kept: Conversations):
    page = open_page(assistant, kept, logins=Settings(logins="ann:tulip, bob:rose").logins)
    ann = Browser(page, login="ann")
    ann.ask()
    elsewhere, bob = Browser(page, login="ann"), Browser(page, ann.cookie, login="bob")
    nobody = Browser(page, ann.cookie)
    assert "Who led the works" in elsewhere.listed()
    assert WORDS.none in bob.listed()
    assert nobody.do("search") == {page.notice: ""}


def test_a_cookie_cannot_pass_for_a_login(page: Page):
    name = Visitors(logins=True).of_event(cast("gr.Request", SimpleNamespace(username="ann")))
    for cookie in ("login:ann", "ann"):
        request = cast("gr.Request", SimpleNamespace(cookies={COOKIE: cookie}))
        assert Visitors(logins=False).of_event(request) is None
    assert name == "login:ann"


def test_the_file_does_not_hold_the_cookie(page: Page, kept: Conversations, tmp_path: Path):
    ann = Browser(page)
    ann.ask()
    assert ann.cookie.encode() not in b"".join(p.read_bytes() for p in tmp_path.iterdir())


def test_a_stopped_or_failed_turn_is_not_kept(
    page: Page, kept: Conversations, monkeypatch: pytest.MonkeyPatch
):
    ann = Browser(page)

    def broken(question: Question) -> Iterator[Answer]:
        yield answer("half", stage="writing")
        raise AnswerError("the model went away")

    monkeypatch.setattr(page.assistant, "stream", broken)
    assert "qa-actions" not in ann.ask()[page.latest]
    monkeypatch.setattr(page.assistant, "stream", lambda q: iter([answer(stage="writing")]))
    assert "qa-actions" not in ann.ask()[page.latest]
    assert WORDS.none in ann.listed()


def test_an_answer_that_was_cleared_meanwhile_is_not_kept(page: Page):
    ann = Browser(page)
    updates = page.ask(ASKED, "", "", [], "", ann.tab)
    next(updates)
    next(updates)
    page.forget(ann.tab)
    list(updates)
    assert WORDS.none in ann.listed()


def test_a_turn_asked_again_replaces_the_one_before(page: Page):
    ann = Browser(page)
    ann.ask()
    first = ann.turn
    list(page.ask_again("", "", [], "", ann.tab))
    assert ann.turn != first
    assert "1 question" in ann.listed()


def test_a_turn_asked_again_is_kept_until_another_is_there(
    page: Page, monkeypatch: pytest.MonkeyPatch
):
    """It was once deleted first, and lost when the new answer was stopped or failed."""
    ann = Browser(page)
    ann.ask()
    conversation = ann.talk.conversation

    def kept() -> list[str]:
        again = Browser(page, ann.cookie)
        again.do("open", id=conversation)
        return [turn.id for turn in again.talk.turns]

    def fail(question: Question) -> Iterator[Answer]:
        raise AnswerError("the model went away")

    def stop(question: Question) -> Iterator[Answer]:
        return iter([answer(stage="writing")])

    first = ann.turn
    for broken in (fail, stop):
        with monkeypatch.context() as patched:
            patched.setattr(page.assistant, "stream", broken)
            list(page.ask_again("", "", [], "", ann.tab))
        assert kept() == [first]
    list(page.ask_again("", "", [], "", ann.tab))
    assert kept() == [ann.turn] != [first]
    assert "1 question" in ann.listed()


def test_deleting_a_conversation_ends_the_link_of_what_was_asked_again(
    page: Page, kept: Conversations
):
    ann = Browser(page)
    ann.ask()
    ann.do("share", turn=ann.turn)
    token = ann.talk.turns[0].token
    list(page.ask_again("", "", [], "", ann.tab))
    assert kept.shared(token) is not None
    ann.do("delete", id=ann.talk.conversation)
    assert kept.shared(token) is None


def test_what_cannot_be_kept_is_said_and_answered_all_the_same(
    page: Page, kept: Conversations, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object, **__: object) -> None:
        raise ConversationsUnusable("disk full")

    monkeypatch.setattr(kept, "keep", full)
    updates = Browser(page).ask()
    assert "Maëlle Tanguy" in text_of(updates[page.latest])
    assert WORDS.unkept in text_of(updates[page.notice])
    assert "qa-actions" not in updates[page.latest]


def test_a_setting_keeps_only_what_is_rated_or_shared(assistant: Assistant, kept: Conversations):
    page = open_page(assistant, kept, keep="ratings")
    ann = Browser(page)
    ann.ask()
    assert kept._rows("SELECT 1 FROM turn") == []
    assert WORDS.not_kept in ann.listed()
    ann.do("share", turn=ann.turn)
    assert "Who led the works" in ann.listed()
    assert kept._rows("SELECT count(*) FROM turn") == [(1,)]
    ann.do("revoke", token=ann.talk.turns[0].token)
    assert kept._rows("SELECT 1 FROM turn") == []


def test_a_setting_keeps_nothing(assistant: Assistant):
    page = open_page(assistant, None)
    ann = Browser(page)
    assert "qa-actions" not in ann.ask()[page.latest]
    assert page.speak("en", "", "", [], "", ann.tab)[page.archive] == ""
    assert ann.do("search") == {page.notice: ""}


# The list


def test_the_list_is_searched_renamed_and_emptied(page: Page):
    ann = Browser(page)
    ann.ask()
    first = ann.talk.conversation
    page.forget(ann.tab)
    assert ann.talk.conversation != first
    ann.ask("Où le phare de Harwick a-t-il été vendu ?")
    assert "Harwick" not in ann.listed("KERVALEC maelle")
    assert "Who led" in ann.listed("KERVALEC maelle")
    renamed = ann.do("rename", id=first, title="Ponts & chaussées")
    assert "Ponts &amp; chaussées" in renamed[page.archive]
    deleted = ann.do("delete", id=first)
    assert page.latest not in deleted
    assert "Ponts" not in ann.listed()
    emptied = ann.do("delete-all")
    assert ENGLISH.welcome in emptied[page.past]
    assert ann.talk.turns == []
    assert WORDS.none in ann.listed()


def test_deleting_the_open_conversation_clears_the_page(page: Page):
    ann = Browser(page)
    ann.ask()
    updates = ann.do("delete", id=ann.talk.conversation)
    assert ENGLISH.welcome in updates[page.past]
    ann.ask()
    assert "1 question" in ann.listed()


def test_a_tab_that_is_loaded_again_goes_on_with_its_conversation(page: Page):
    ann = Browser(page)
    ann.ask()
    conversation = ann.talk.conversation
    ann.reload()
    assert ASKED in text_of(page.resume(conversation, ann.tab)[page.latest])
    assert ann.talk.conversation == conversation
    for other in ("gone", ""):
        ann.reload()
        assert page.resume(other, ann.tab) == {page.notice: ""}
    assert page.resume(conversation, Browser(page).tab) == {page.notice: ""}


def test_a_question_asked_before_the_conversation_has_come_is_not_lost(page: Page):
    ann = Browser(page)
    ann.ask()
    conversation = ann.talk.conversation
    ann.reload()
    ann.ask("And when?")
    assert page.resume(conversation, ann.tab) == {page.notice: ""}
    assert [turn.text for turn in ann.talk.turns] == ["And when?"]


@pytest.mark.parametrize(
    "wanted",
    [
        None,
        [],
        "open",
        {},
        {"do": 3},
        {"do": "open", "id": ["x"]},
        {"do": "rate", "turn": {"$ne": 1}},
        {"do": "rate", "turn": ""},
        {"do": "comment", "turn": None, "comment": 3},
        {"do": "search", "search": "x" * 10_000},
        {"do": "rename", "id": "\ud800", "title": "\ud800"},
        {"do": "revoke", "token": None},
    ],
)
def test_what_makes_no_sense_does_nothing(page: Page, wanted: Any):
    ann = Browser(page)
    ann.ask()
    before = text_of(ann.do("search", search="")[page.archive])
    page.act(ann.tab, cast("gr.EventData", SimpleNamespace(_data=wanted)))
    assert text_of(ann.do("search", search="")[page.archive]) == before


def test_titles_are_text(page: Page, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(page.assistant, "stream", lambda q: iter([answer(q.text, question=q)]))
    lists = []
    for title in ("plain", *PAYLOADS):
        ann = Browser(page)
        ann.ask(f"{title} who?")
        ann.do("rename", id=ann.talk.conversation, title=title)
        ann.do("share", turn=ann.turn)
        lists.append(ann.do("search")[page.archive])
    assert {_markup(html) for html in lists} == {_markup(lists[0])}


# Ratings


def test_a_rating_is_given_told_more_and_taken_back(page: Page, kept: Conversations):
    ann = Browser(page)
    ann.ask()
    up = ann.do("rate", turn=ann.turn, good="true")[page.latest]
    assert up.count('aria-pressed="true"') == 1
    assert 'textarea name="correction"' not in up
    down = ann.do("rate", turn=ann.turn, good="false")[page.latest]
    assert '<details class="qa-say" open>' in down
    ann.do("comment", turn=ann.turn, correction=" Ida\u200b Brandt ", comment="No!")
    (rated,) = kept.ratings()
    assert rated.rating == Rating(False, "No!", "Ida Brandt")
    ann.do("rate", turn=ann.turn, good="false")
    assert kept.ratings() == []


def test_an_answer_is_right_or_unanswerable_not_both(page: Page, kept: Conversations):
    ann = Browser(page)
    ann.ask()
    ann.do("rate", turn=ann.turn, good="false")
    both = ann.do("comment", turn=ann.turn, correction="Ida", unanswerable="on")
    assert WORDS.contradiction in text_of(both[page.notice])
    ann.do("comment", turn=ann.turn, unanswerable="on")
    assert kept.ratings()[0].rating == Rating(False, unanswerable=True)


def test_a_file_that_fails_is_said_and_tells_nothing(
    page: Page, kept: Conversations, caplog: pytest.LogCaptureFixture
):
    """The page once told the file's path."""
    ann = Browser(page)
    ann.ask()
    page.speak("fr", "", "", [], "", ann.tab)
    kept.close()
    updates = ann.do("search")
    assert text_of(updates[page.notice]) == MOTS.unusable
    assert "talks.sqlite" in caplog.text


def test_an_abstention_is_restored_with_its_nearest_quotes(
    page: Page, monkeypatch: pytest.MonkeyPatch
):
    found = answer("Not found. The nearest: [1]", abstained=True)
    monkeypatch.setattr(page.assistant, "stream", lambda q: iter([replace(found, question=q)]))
    ann = Browser(page)
    ann.ask()
    conversation = ann.talk.conversation
    ann.reload()
    restored = text_of(ann.do("open", id=conversation)[page.latest])
    assert restored.index("Not found.") < restored.index(ENGLISH.nearest)
    assert restored.index(ENGLISH.nearest) < restored.index(found.citations[0].quote)


def _markup(html: str) -> tuple[frozenset[str], frozenset[str]]:
    """The names of the elements and the attributes."""
    seen = Markup(html)
    return frozenset(seen.elements), frozenset(seen.attributes)
