"""The page's own addresses: who may call them, what they take, and what they say."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.server.api.servers import ASKED
from tests.server.api.test_hostile import refused
from tests.server.api.test_serving import Program, program
from tests.tab import Tab, seen


@pytest.fixture(scope="module")
def closed(built: Path) -> Iterator[Program]:
    """A server with logins."""
    with program(built, QA_LOGINS="ann:tulip,bob:rose") as running:
        yield running
    assert "Traceback" not in "".join(running.log)


@contextmanager
def logged_in(server: Program, name: str, password: str) -> Iterator[httpx.Client]:
    """Somebody's browser."""
    with httpx.Client(base_url=server.client.base_url, timeout=30) as client:
        answer = client.post("/login", data={"username": name, "password": password})
        assert answer.json() == {"success": True}
        yield client


# With logins


def test_no_call_is_answered_to_who_is_not_logged_in(closed: Program):
    """Opening and closing a heartbeat once stopped another's answer."""
    with httpx.Client(base_url=closed.client.base_url, timeout=30) as stranger:
        for path in ("heartbeat/abc", "queue/data?session_hash=abc", "info", "startup-events"):
            with stranger.stream("GET", f"/gradio_api/{path}") as answer:  # some have no end
                assert answer.status_code == 401
        cancel = {"session_hash": "abc", "fn_index": 0, "event_id": "e"}
        reset = {"event_id": "e"}
        call = {"component_id": 1, "fn_name": "show_list", "data": {}, "session_hash": "abc"}
        for path, body in (
            ("cancel", cancel),
            ("reset", reset),
            ("component_server", call),
            ("queue/join", {"data": [], "fn_index": 0, "session_hash": "abc"}),
        ):
            refused(stranger.post(f"/gradio_api/{path}", json=body), 401)
        for path in ("login_check", "token", "user", "app_id", "theme.css"):
            status = 401 if path == "login_check" else 200
            assert stranger.get(f"/gradio_api/{path}").status_code == status
        assert stranger.get("/").status_code == 200  # the form


def test_who_is_logged_in_is_answered(closed: Program):
    with logged_in(closed, "ann", "tulip") as ann:
        with ann.stream("GET", "/gradio_api/heartbeat/abc") as beating:
            assert next(beating.iter_lines()) == "data: ALIVE"
        assert ann.post("/gradio_api/reset", json={"event_id": "e"}).status_code == 200
        with Tab(ann).ask(ASKED) as messages:
            assert "Kervalec" in seen([*messages][-1])


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Referer": "https://evil.example/"}, False),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Referer": "SERVER"}, True),
    ],
)
def test_people_log_themselves_out_and_no_page_of_another_site_does(
    closed: Program, headers: dict[str, str], own: bool
):
    with logged_in(closed, "ann", "tulip") as ann:
        sent = {name: text.replace("SERVER", str(ann.base_url)) for name, text in headers.items()}
        assert ann.get("/logout", headers=sent).status_code == (302 if own else 403)
        assert ann.get("/config").status_code == (401 if own else 200)


# What the browser says


@pytest.fixture(scope="module")
def server(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """An open server that takes files; no bug shows in its log."""
    folder = tmp_path_factory.mktemp("files")
    settings = {"QA_UPLOADS": str(folder / "kept"), "GRADIO_TEMP_DIR": str(folder / "sent")}
    with program(built, QA_UPLOAD_TOTAL_BYTES="20000", **settings) as running:
        yield running
    assert "Traceback" not in "".join(running.log)


def test_a_cut_emoji_spoils_neither_the_question_nor_the_tab(server: Program):
    """Half of a surrogate pair once made each later question of the tab fail."""
    tab = Tab(server.client)
    for question in (f"{ASKED} \ud83d", f"\udd25 {ASKED}", ASKED):
        with tab.ask(question, language="\ud83d", filters={"since": "\ud83d"}) as messages:
            *_, last = messages
            assert last["success"], last
        with tab.ask(question) as messages:
            *_, last = messages
            assert last["success"], last
            assert "Maëlle Tanguy" in seen(last)
    with tab.do("search", search="\ud83d pont") as messages:
        assert [*messages][-1]["success"]


def test_a_session_without_calls_is_told_so_and_leaves_no_traceback(server: Program):
    for session in ("unknown", ""):
        told = server.client.get("/gradio_api/queue/data", params={"session_hash": session})
        assert told.headers["content-type"].startswith("text/event-stream")
        assert told.headers["x-accel-buffering"] == "no"  # else nginx holds answers back
        message = json.loads(told.text.removeprefix("data: "))
        assert (message["msg"], message["session_not_found"]) == ("unexpected_error", True)


def test_files_are_sent_only_while_there_is_room_for_them(server: Program):
    """120 MB once came in a second, and stayed for hours."""
    statuses = []
    for number in range(4):
        content = bytes([97 + number]) * 6000
        files = {"files": (f"{number}.txt", content)}
        statuses.append(server.client.post("/gradio_api/upload", files=files).status_code)
        time.sleep(0.2)  # Gradio moves it when it has answered
    assert statuses == [200, 200, 200, 507]
