"""What one visitor may take of the page: tabs, and room for files."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from qa.assistant import Assistant
from qa.server.page.chats import Tabs
from qa.server.page.texts import ENGLISH
from qa.server.page.uploads import Sent, Uploads, room
from qa.settings import Settings
from tests.server.api.test_worker import until


def test_a_visitor_s_many_tabs_cost_nobody_else_theirs() -> None:
    """505 calls of one once emptied everybody's."""
    tabs = Tabs()
    ann = tabs.of("ann", "session", "192.0.2.1")
    first = tabs.of("0", "0", "192.0.2.2")
    for number in range(600):  # each with an id of its own, which a client can make up
        tabs.of(str(number), str(number), "192.0.2.2")
    assert tabs.of("ann", "session", "192.0.2.1") is ann
    assert tabs.of("0", "0", "192.0.2.2") is not first


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Room for 3,000 bytes of files."""
    return Settings(uploads=tmp_path / "kept", upload_total_bytes=3000)


def taking(settings: Settings, *sent: Path) -> Uploads:
    """Takes these files; the index is never written."""
    assistant = SimpleNamespace(settings=settings, add=lambda *_: pytest.fail("it is no news"))
    return Uploads(cast("Assistant", assistant), lambda: list(map(str, sent)))


def test_what_is_kept_and_what_was_sent_share_their_room(
    settings: Settings, tmp_path: Path
) -> None:
    assert room(settings, ()) == 3000
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/a.txt").write_bytes(b"a" * 1000)
    sent = tmp_path / "b.txt"
    sent.write_bytes(b"b" * 1500)
    assert room(settings, [str(sent), str(tmp_path / "gone")]) == 500


def test_a_file_without_room_is_refused_in_words_before_it_is_sent(settings: Settings) -> None:
    words = ENGLISH.articles
    uploads = taking(settings)
    assert uploads.refusal("a.txt", 3000, words) is None
    assert uploads.refusal("a.txt", 3001, words) == words.no_room


def test_files_that_wait_for_their_turn_are_not_taken_for_forgotten(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gradio removes what was sent and has not changed for some minutes."""
    monkeypatch.setattr("qa.server.page.uploads._MARK_S", 0.01)
    sent = tmp_path / "a.exe"
    uploads = taking(settings, sent)
    sent.write_bytes(b"a")
    before = sent.stat().st_ctime_ns
    with uploads._in_turn(()):
        name = uploads.start([Sent("a.exe", sent)], ENGLISH.articles)
        until(lambda: sent.stat().st_ctime_ns != before)
    job = uploads.job(name)
    assert job
    until(lambda: job.stage == "done")
    assert not sent.exists()
