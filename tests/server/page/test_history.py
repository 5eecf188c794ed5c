"""Kept conversations on the page: whose they are, and what can be done with them."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import cast

import gradio as gr
import pytest

from qa.assistant import Assistant
from qa.conversations.store import Conversations, Rating
from qa.errors import AnswerError, ConversationsUnusable
from qa.server.page.owners import COOKIE, Owners
from qa.server.page.page import Page
from qa.server.page.texts import ENGLISH, FRENCH
from qa.settings import Settings
from qa.types import Answer, Question
from tests.page import ASKED, Browser, Held, answer, open_page, stages, text_of
from tests.server.api.test_worker import until

WORDS, MOTS = ENGLISH.talks, FRENCH.talks


@pytest.fixture
def page(assistant: Assistant, kept: Conversations) -> Page:
    """A page that keeps."""
    return open_page(assistant, kept=kept)


@pytest.fixture
def ann(page: Page) -> Browser:
    """Somebody who has asked."""
    browser = Browser(page)
    browser.begin()
    browser.ask()
    return browser


def fail(question: Question) -> Iterator[Answer]:
    """A stream that breaks."""
    yield answer("half", stage="writing")
    raise AnswerError("the model went away")


def break_off(question: Question) -> Iterator[Answer]:
    """A stream that is stopped."""
    return iter([answer(stage="writing")])


# Kept


def test_a_conversation_is_there_after_a_restart(
    ann: Browser, assistant: Assistant, kept: Conversations
):
    ann.ask("And when?")
    before = ann.talk
    again = Browser(open_page(assistant, kept=kept), ann.cookie)
    again.begin()
    assert ASKED in again.listed
    again.do("open", id=before.conversation)
    assert stages(again.html) == ["final", "final"]
    assert ASKED in text_of(again["past"])
    for old, new in zip(before.turns, again.talk.turns, strict=True):
        assert old.answer
        assert new.answer
        assert new.answer.citations == old.answer.citations
        assert new.asked == old.asked
    assert again.talk.history_before(2) == before.history_before(2)
    again.ask("And who wants to close it to cars?")
    assert "3 questions" in again.listed


def test_another_browser_sees_and_changes_nothing(ann: Browser, kept: Conversations):
    ann.do("share", turn=ann.turn)
    token = ann.talk.turns[0].token or pytest.fail("it is not shared")
    bob = Browser(ann.page)
    bob.begin()
    assert WORDS.none in bob.listed
    bob.do("search", search="works")
    assert WORDS.none_found in bob.listed
    bob.do("open", id=ann.open)
    assert WORDS.gone in text_of(bob["notice"])
    assert ENGLISH.welcome in bob.says
    bob.do("rename", id=ann.open, title="Mine")
    bob.do("delete", id=ann.open)
    bob.do("delete-all")
    bob.do("revoke", token=token)
    bob.do("rate", turn=ann.turn, good="true")
    assert kept.ratings() == []
    assert kept.shared(token) is not None
    ann.do("search", search="")
    assert ASKED in ann.listed


def test_without_a_sound_cookie_nothing_is_kept(page: Page, kept: Conversations):
    for cookie in ("", "short", "x" * 44, "é" * 43, "x" * 42 + "\n"):
        nobody = Browser(page, cookie)
        nobody.ask()
        assert stages(nobody.html) == ["final"]
        assert 'data-do="rate"' not in nobody.html
        assert nobody.do("search") == [{"notice"}]
        assert nobody["talks"] == ""
    assert kept._rows("SELECT 1 FROM turn") == []


def test_with_logins_conversations_go_by_name(assistant: Assistant, kept: Conversations):
    logins = Settings(logins="ann:tulip, bob:rose").logins
    page = open_page(assistant, kept=kept, logins=logins)
    ann = Browser(page, login="ann")
    ann.ask()
    elsewhere, bob = Browser(page, login="ann"), Browser(page, ann.cookie, login="bob")
    nobody = Browser(page, ann.cookie)
    for browser, sees in ((elsewhere, ASKED), (bob, WORDS.none)):
        browser.begin()
        assert sees in browser.listed
    assert nobody.do("search") == [{"notice"}]


def test_a_cookie_cannot_pass_for_a_login():
    name = Owners(logins=True).of_event(cast("gr.Request", SimpleNamespace(username="ann")))
    for cookie in ("login:ann", "ann"):
        request = cast("gr.Request", SimpleNamespace(cookies={COOKIE: cookie}))
        assert Owners(logins=False).of_event(request) is None
    assert name == "login:ann"


def test_the_file_does_not_hold_the_cookie(ann: Browser, tmp_path: Path):
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert ASKED.encode() in content
    assert ann.cookie.encode() not in content


def test_a_stopped_or_failed_turn_is_not_kept(page: Page, monkeypatch: pytest.MonkeyPatch):
    ann = Browser(page)
    for stream in (fail, break_off):
        monkeypatch.setattr(page.assistant, "stream", stream)
        ann.ask()
    assert stages(ann.html) == ["failed", "stopped"]
    assert 'data-do="rate"' not in ann.html
    assert WORDS.none in ann.listed


def test_an_answer_whose_conversation_was_deleted_meanwhile_is_not_kept(
    page: Page, kept: Conversations, monkeypatch: pytest.MonkeyPatch
):
    held = Held()
    monkeypatch.setattr(page.assistant, "stream", held)
    ann = Browser(page)
    asking = ann.asking()
    while stages(ann.html) != ["writing"]:
        next(asking)
    ann.do("delete", id=ann.open)
    held.go(ASKED, "And when?")
    list(asking)
    assert ENGLISH.welcome in ann.says
    ann.ask("And when?")
    assert kept._rows("SELECT count(*) FROM turn") == [(1,)]
    assert "1 question" in ann.listed


def test_a_whole_answer_that_was_deleted_before_it_was_kept_is_not_kept(
    page: Page, kept: Conversations, monkeypatch: pytest.MonkeyPatch
):
    go = Event()

    def whole(question: Question) -> Iterator[Answer]:
        yield answer(question=question)
        assert go.wait(10)

    monkeypatch.setattr(page.assistant, "stream", whole)
    ann = Browser(page)
    asking = ann.asking()
    while stages(ann.html) != ["final"]:
        next(asking)
    ann.do("delete-all")
    go.set()
    until(lambda: "qa-answer" not in [thread.name for thread in threading.enumerate()])
    assert kept._rows("SELECT 1 FROM turn") == []


def test_a_turn_asked_again_is_kept_until_another_is_there(
    ann: Browser, monkeypatch: pytest.MonkeyPatch
):
    """It was once deleted first, and lost when the new answer was stopped or failed."""

    def kept() -> list[str]:
        again = Browser(ann.page, ann.cookie)
        again.do("open", id=conversation)
        return [turn.id for turn in again.talk.turns]

    first, conversation = ann.turn, ann.open
    for stream in (fail, break_off):
        with monkeypatch.context() as patched:
            patched.setattr(ann.page.assistant, "stream", stream)
            ann.do("again", place=0)
        ann.page.tabs._open.clear()  # as after a restart
        assert kept() == [first]
    ann.do("again", place=0)
    ann.page.tabs._open.clear()
    assert kept() == [ann.turn] != [first]
    assert "1 question" in ann.listed


def test_deleting_a_conversation_ends_the_link_of_what_was_asked_again(
    ann: Browser, kept: Conversations
):
    ann.do("share", turn=ann.turn)
    token = ann.talk.turns[0].token or pytest.fail("it is not shared")
    ann.do("again", place=0)
    assert kept.shared(token) is not None
    ann.do("delete", id=ann.open)
    assert kept.shared(token) is None


@pytest.mark.parametrize("error", [ConversationsUnusable("full"), KeyError(1), BaseException()])
def test_what_cannot_be_kept_is_answered_all_the_same_and_says_so(
    ann: Browser, kept: Conversations, monkeypatch: pytest.MonkeyPatch, error: BaseException
):
    """An error of another kind once left the turn running for ever."""

    def full(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(kept, "keep", full)
        ann.ask("And when?")
    assert stages(ann.html) == ["final", "final"]
    assert not ann.talk.busy
    assert WORDS.unkept in text_of(ann["latest"])
    assert 'data-do="rate"' not in ann["latest"]
    ann.ask("And where?")
    assert stages(ann.html) == ["final"] * 3
    assert WORDS.unkept not in text_of(ann["latest"])


def test_a_setting_keeps_only_what_is_rated_or_shared(assistant: Assistant, kept: Conversations):
    ann = Browser(open_page(assistant, kept=kept, keep="ratings"))
    ann.ask()
    assert kept._rows("SELECT 1 FROM turn") == []
    assert WORDS.not_kept in ann.listed
    assert "share-talk" not in ann.html
    ann.do("share", turn=ann.turn)
    assert ASKED in ann.listed
    assert kept._rows("SELECT count(*) FROM turn") == [(1,)]
    ann.do("revoke", token=ann.talk.turns[0].token)
    assert kept._rows("SELECT 1 FROM turn") == []


def test_a_setting_keeps_nothing(assistant: Assistant):
    ann = Browser(open_page(assistant))
    ann.begin()
    ann.ask()
    assert 'data-do="rate"' not in ann.html
    assert ann["talks"] == ""
    assert WORDS.conversations not in ann["head"]
    assert ann.do("search") == [{"notice"}]


# The list


def test_the_list_is_searched_renamed_pinned_and_emptied(ann: Browser):
    first = ann.open
    ann.do("new")
    ann.ask("Où le phare de Harwick a-t-il été vendu ?")
    assert ann.open != first
    ann.do("search", search="KERVALEC maelle")
    assert "Harwick" not in ann.listed
    assert ASKED in ann.listed
    ann.do("search", search="")
    ann.do("rename", id=first, title="Ponts & chaussées")
    ann.do("pin", id=first, pinned="true")
    assert "Ponts &amp; chaussées" in ann["talks"]
    assert text_of(ann["talks"]).index("Ponts") < text_of(ann["talks"]).index("Harwick")
    assert f"{WORDS.pinned}: " in ann.listed
    assert "past" not in ann.do("delete", id=first)[0]
    assert "Ponts" not in ann.listed
    ann.do("delete-all")
    assert ENGLISH.welcome in ann.says
    assert WORDS.none in ann.listed
    ann.ask()
    assert "1 question" in ann.listed


# Ratings and links


def test_a_rating_is_given_told_more_and_taken_back(ann: Browser, kept: Conversations):
    ann.do("rate", turn=ann.turn, good="true")
    assert ann["latest"].count('aria-pressed="true"') == 1
    assert 'textarea name="correction"' not in ann["latest"]
    ann.do("rate", turn=ann.turn, good="false")
    assert '<details class="say" open>' in ann["latest"]
    ann.do("comment", turn=ann.turn, correction=" Ida\u200b Brandt ", comment="No!")
    (rated,) = kept.ratings()
    assert rated.rating == Rating(False, "No!", "Ida Brandt")
    ann.do("rate", turn=ann.turn, good="false")
    assert kept.ratings() == []


def test_an_answer_is_right_or_unanswerable_not_both(ann: Browser, kept: Conversations):
    ann.do("rate", turn=ann.turn, good="false")
    ann.do("comment", turn=ann.turn, correction="Ida", unanswerable="on")
    assert WORDS.contradiction in text_of(ann["notice"])
    ann.do("comment", turn=ann.turn, unanswerable="on")
    assert kept.ratings()[0].rating == Rating(False, unanswerable=True)


def test_an_answer_and_a_whole_conversation_are_shared_and_not_any_more(
    ann: Browser, kept: Conversations
):
    def links(part: str) -> list[str]:
        return re.findall(r'data-copy-link="share/([^"]*)"', ann[part])

    ann.do("share", turn=ann.turn)
    (one,) = links("latest")
    assert links("talks") == [one]
    ann.do("share-talk", id=ann.open)
    whole = ann.talk.token or pytest.fail("it is not shared")
    assert set(links("latest")) == set(links("talks")) == {one, whole}
    assert WORDS.talk_shared in ann.says
    ann.ask("And when?")
    assert links("past") == [one]
    assert links("latest") == [whole]
    for token in (one, whole):
        shared = kept.shared(token)
        assert shared
        assert shared.whole is (token == whole)
        ann.do("revoke", token=token)
        assert kept.shared(token) is None
    assert links("past") == links("latest") == links("talks") == []


def test_a_file_that_fails_is_said_and_tells_nothing(
    ann: Browser, kept: Conversations, caplog: pytest.LogCaptureFixture
):
    """The page once told the file's path."""
    ann.do("speak", language="fr")
    kept.close()
    ann.do("search")
    assert MOTS.unusable in text_of(ann["notice"] + ann["talks"])
    ann.do("rename", id=ann.open, title="x")
    assert text_of(ann["notice"]) == MOTS.unusable
    assert "talks.sqlite" not in "".join(ann.shown.values())
    assert "talks.sqlite" in caplog.text
    ann.ask("Et quand ?")
    assert MOTS.unkept in text_of(ann["latest"])
