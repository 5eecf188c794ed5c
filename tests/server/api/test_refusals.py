"""What must be refused is: clearly, without running anything and without telling of the inside."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from qa.assistant import Assistant
from qa.errors import AnswerError, IndexLocked, IndexUnusable, ModelError, SettingsError
from tests.server.api.conftest import Open
from tests.server.api.servers import ASKED

JSON = {"Content-Type": "application/json"}


def error(response: Any, status: int, type: str) -> str:
    """The message of an error of this form."""
    assert response.status_code == status, response.text
    assert list(response.json()) == ["error"]
    assert response.json()["error"]["type"] == type
    message: str = response.json()["error"]["message"]
    assert message.endswith(".")
    for inside in ("Traceback", 'File "', "/qa/", "site-packages", "pydantic"):
        assert inside not in response.text
    return message


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "body.question: Field required"),
        ({"question": ""}, "no visible character"),
        ({"question": " \u200b\n"}, "no visible character"),
        ({"question": "\u0000"}, r"U+0000"),
        ({"question": "who\u0000; rm -rf /"}, "U+0000"),
        ({"question": "\u202egnirts"}, "U+202E"),
        ({"question": "\u2066a\u2069"}, "U+2066"),
        ({"question": "\x1b[2J"}, "U+001B"),
        ({"question": 3}, "body.question: Input should be a valid string"),
        ({"question": ["a"]}, "body.question"),
        ({"question": {"$ne": None}}, "body.question"),
        ({"question": None}, "body.question"),
        ({"question": "q" * 2001}, "2001 characters; 2000 are allowed"),
        ({"question": "q", "history": ["a" * 20_001]}, "20001 characters; 20000 are allowed"),
        ({"question": "q", "history": ["a"] * 201}, "body.history"),
        ({"question": "q", "history": "a"}, "body.history: Input should be a valid list"),
        ({"question": "q", "history": ["a\u0000"]}, "body.history.0"),
        ({"question": "q", "since": "yesterday"}, "body.since: is no date like 2017"),
        ({"question": "q", "since": "2020-13"}, "body.since"),
        ({"question": "q", "since": "2021", "until": "2020"}, "swap the two dates"),
        ({"question": "q", "language": "' OR 1=1"}, "body.language"),
        ({"question": "q", "sources": ["a\u0000"]}, "body.sources.0"),
        ({"question": "q", "sources": ["a" * 201]}, "body.sources.0"),
        ({"question": "q", "k": 0}, "body.k"),
        ({"question": "q", "k": 10**30}, "body.k"),
        ({"question": "q", "k": True}, "body.k"),
        ({"question": "q", "k": "3"}, "body.k"),
        ({"question": "q", "answerer": "magic"}, "'auto', 'extractive' or 'generative'"),
        ({"question": "q", "debug": True}, "body.debug: Extra inputs are not permitted"),
        ({"question": "q", "__proto__": {}}, "body.__proto__"),
        ([], "JSON object"),
        ("q", "JSON object"),
        (None, "JSON object"),
    ],
)
def test_a_question_that_makes_no_sense(api: TestClient, body: object, says: str):
    refused = api.post("/v1/ask", content=json.dumps(body), headers=JSON)
    assert says in error(refused, 422, "invalid")


@pytest.mark.parametrize(
    ("content", "status", "type"),
    [
        (b"", 422, "invalid"),
        (b"{", 400, "bad_request"),
        (b"\xff\xfe", 400, "bad_request"),
        (b'{"question": "\xff"}', 400, "bad_request"),
        (b'{"question": "\\ud800"}', 422, "invalid"),
        (b'{"question": "q", "k": NaN}', 422, "invalid"),
        (b'{"question": "q", "k": ' + b"9" * 5000 + b"}", 400, "bad_request"),
        (b"[" * 100_000, 400, "bad_request"),
        (b'{"question":' * 10_000, 400, "bad_request"),
        (b'{"question": ' + b"[" * 900 + b"]" * 900 + b"}", 422, "invalid"),
        (b"x" * 300_000, 413, "too_large"),
    ],
    ids=range(11),
)
def test_a_body_that_is_no_question(api: TestClient, content: bytes, status: int, type: str):
    error(api.post("/v1/ask", content=content, headers=JSON), status, type)


def test_a_body_of_another_type_is_not_read(api: TestClient):
    """As a page of another site could send without asking first."""
    refused = api.post("/v1/ask", content=json.dumps({"question": ASKED}))
    assert "Content-Type: application/json" in error(refused, 422, "invalid")


def test_a_body_that_does_not_say_its_size_is_measured(api: TestClient):
    def pieces() -> Iterator[bytes]:
        for _ in range(300):
            yield b" " * 1024

    assert "262144 bytes" in error(api.post("/v1/ask", content=pieces()), 413, "too_large")


@pytest.mark.parametrize(
    "id",
    [
        "..%2f..%2fetc%2fpasswd",
        "....//....//etc/passwd",
        "%2e%2e/%2e%2e/manifest.json",
        "..%5c..%5cwindows",
        "%00",
        "pont%00.txt",
        "' OR '1'='1",
        "%ff%fe",
        "%e2%80%ae",
        "<script>alert(1)</script>",
        "a" * 500,
        "pont/",
        "PONT",
    ],
)
def test_an_id_finds_an_article_or_nothing(api: TestClient, id: str):
    error(api.get(f"/v1/articles/{id}"), 404, "not_found")


def test_an_id_has_a_length(api: TestClient):
    assert "path.id" in error(api.get(f"/v1/articles/{'a' * 501}"), 422, "invalid")


def test_a_script_in_a_question_is_text_in_json(api: TestClient):
    payload = "<script>alert(1)</script> Kervalec {{7*7}} ${7*7} $(id) '; DROP TABLE articles;--"
    answer = api.post("/v1/ask", json={"question": payload})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json()["question"] == payload
    assert api.get("/readyz").json()["articles"] == 6


def test_the_wrong_method_names_the_right_one(api: TestClient):
    refused = api.get("/v1/ask")
    assert "Allow" in error(refused, 405, "method_not_allowed")
    assert refused.headers["allow"] == "POST"
    assert "/docs" in error(api.get("/v1/nothing"), 404, "not_found")
    assert error(api.get("/mcp"), 405, "method_not_allowed")


@pytest.mark.parametrize(
    ("failure", "status", "type", "says"),
    [
        (RuntimeError, 500, "internal", "'mine'"),
        *(
            (failure, 503, "unavailable", "again later")
            for failure in (AnswerError, IndexUnusable, IndexLocked, ModelError, SettingsError)
        ),
    ],
)
def test_what_who_asks_cannot_mend_is_logged_and_not_told(
    open_api: Open,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    failure: type[Exception],
    status: int,
    type: str,
    says: str,
):
    """A path, a process, what a model service said: the message once held all of it."""

    def broken(*_: object, **__: object) -> None:
        raise failure("secret at /home/somebody")

    api = open_api()
    for name in ("stream", "search", "article"):
        monkeypatch.setattr(Assistant, name, broken)
    chat = {"model": "qa-auto", "messages": [{"role": "user", "content": ASKED}]}
    for method, path, body in (
        ("POST", "/v1/ask", {"question": ASKED}),
        ("POST", "/v1/ask", {"question": ASKED, "stream": True}),
        ("POST", "/v1/search", {"query": ASKED}),
        ("GET", "/v1/articles/pont", None),
        ("POST", "/v1/chat/completions", chat),
        ("POST", "/v1/chat/completions", {**chat, "stream": True}),
    ):
        caplog.clear()
        with caplog.at_level(logging.ERROR):
            broke = api.request(method, path, json=body, headers={"X-Request-ID": "mine"})
        assert says in error(broke, status, type)
        assert "secret" not in broke.text
        assert "secret at /home/somebody" in caplog.text


def test_a_bug_after_the_first_event_is_an_event(
    open_api: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    usual = Assistant.stream

    def broken(self: Assistant, *args: Any, **kwargs: Any) -> Any:
        yield next(iter(usual(self, *args, **kwargs)))
        raise RuntimeError("secret at /home/somebody")

    monkeypatch.setattr(Assistant, "stream", broken)
    said = open_api().post("/v1/ask", json={"question": ASKED, "stream": True})
    *_, last = said.text.strip().split("\n\n")
    assert last.startswith('event: error\ndata: {"error": {"type": "internal"')
    assert "secret" not in said.text
    assert "secret at /home/somebody" in caplog.text
