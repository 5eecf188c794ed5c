"""Who may come in: names, origins, keys, rates, sizes; and what the log says of it."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import pytest
from fastapi.testclient import TestClient

from qa.assistant import Assistant
from qa.server.api import desk, logs
from qa.server.api.limits import Rate, exposed
from qa.server.http.client import client_of
from qa.settings import Settings
from tests.fakes import ARTICLE_COUNT
from tests.server.api.conftest import Open
from tests.server.api.servers import ASKED
from tests.server.api.test_refusals import error

KEY = "open-sesame"
QUESTION = {"question": ASKED, "k": 1}

# Keys


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": "Bearer"},
        {"X-API-Key": "open-sesam"},
        {"X-API-Key": "é".encode()},
        {"Authorization": KEY},
    ],
)
def test_without_the_key_only_the_health_is_told(open_api: Open, headers: Any):
    api = open_api(api_key=KEY)
    for method, path in (
        ("POST", "/v1/ask"),
        ("POST", "/v1/search"),
        ("POST", "/v1/chat/completions"),
        ("POST", "/mcp"),
        ("GET", "/v1/models"),
        ("GET", "/v1/articles/pont"),
        ("GET", "/v1/nothing"),
        ("GET", "/metrics"),
        ("GET", "/docs"),
        ("GET", "/openapi.json"),
    ):
        refused = api.request(method, path, headers=headers)
        assert "Bearer" in error(refused, 401, "unauthorized")
        assert refused.headers["www-authenticate"] == "Bearer"
        assert KEY not in refused.text
    assert api.get("/healthz", headers=headers).status_code == 200
    assert api.get("/readyz", headers=headers).status_code == 200


EVERY_SIGN = "".join(map(chr, range(0x21, 0x7F))) + " end"


@pytest.mark.parametrize("key", [KEY, EVERY_SIGN], ids=["usual", "every sign"])
def test_with_the_key_everything_is(open_api: Open, key: str):
    api = open_api(api_key=key)
    for headers in (
        {"Authorization": f"Bearer {key}"},
        {"authorization": f"bearer  {key}"},
        {"X-API-Key": key},
    ):
        assert api.post("/v1/search", json={"query": "q"}, headers=headers).status_code == 200


# Rates


def test_who_asks_too_often_is_told_when_to_come_back(open_api: Open):
    api = open_api(rate_per_minute=3)
    assert [api.get("/v1/models").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = api.post("/v1/ask", json=QUESTION)
    assert "ask again in 20 s" in error(refused, 429, "too_many_requests")
    assert refused.headers["retry-after"] == "20"
    assert api.get("/healthz").status_code == 200


def test_asking_whether_it_is_ready_costs_nothing(open_api: Open, monkeypatch: pytest.MonkeyPatch):
    """It has neither key nor rate, and once read the whole index each time."""
    usual, read = Assistant.ready, []

    def ready(self: Assistant) -> int:
        read.append(1)
        return usual(self)

    api = open_api()
    monkeypatch.setattr(Assistant, "ready", ready)
    monkeypatch.setattr(desk, "_COUNTED_S", 60.0)
    assert {api.get("/readyz").json()["articles"] for _ in range(20)} == {ARTICLE_COUNT}
    assert len(read) == 1
    monkeypatch.setattr(desk, "_COUNTED_S", 0.0)
    api.get("/readyz")
    assert len(read) == 2


def test_a_bucket_fills_up_again_and_each_client_has_its_own():
    now = 0.0
    rate = Rate(60, clock=lambda: now)
    assert [rate.take("a") for _ in range(61)] == [0.0] * 60 + [1.0]
    assert rate.take("b") == 0.0
    now = 0.4
    assert rate.take("a") == pytest.approx(0.6)
    now = 1.0
    assert rate.take("a") == 0.0
    now = 1000.0
    assert [rate.take("a") for _ in range(61)][-2:] == [0.0, 1.0]


def test_forgotten_clients_leave_no_trace_and_no_limit_is_none():
    rate = Rate(60, clock=lambda: 0.0)
    for number in range(20_000):
        rate.take(str(number))
    assert len(rate._buckets) <= 10_000
    assert {Rate(0).take("a") for _ in range(10_000)} == {0.0}


def test_an_ipv6_network_is_one_client():
    assert client_of("2001:db8::1") == client_of("2001:db8::ffff") != client_of("2001:db8:0:1::1")
    assert client_of("192.0.2.1") != client_of("192.0.2.2")
    assert client_of(None) == "unknown"


# Names and origins


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("127.0.0.1:7860", True),
        ("localhost", True),
        ("LOCALHOST:1", True),
        ("[::1]:7860", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("localhost:evil", False),
        ("[::1", False),
        ("", False),
    ],
)
def test_on_loopback_the_server_knows_its_own_names(api: TestClient, host: str, known: bool):
    answer = api.get("/v1/models", headers={"Host": host})
    if known:
        assert answer.status_code == 200
    else:
        assert "QA_ALLOWED_HOSTS" in error(answer, 421, "wrong_host")


@pytest.mark.parametrize(
    ("allowed", "host", "known"),
    [
        ((), "news.example", True),
        ((), "", False),
        (("News.example",), "news.example:80", True),
        (("News.example",), "127.0.0.1", False),
    ],
)
def test_names_may_be_set(open_api: Open, allowed: tuple[str, ...], host: str, known: bool):
    api = open_api(host="0.0.0.0", allowed_hosts=allowed)
    assert api.get("/v1/models", headers={"Host": host}).status_code == (200 if known else 421)


def test_pages_of_other_origins_are_kept_out(api: TestClient):
    for origin in ("https://evil.example", "null", "http://127.0.0.1.evil.example"):
        refused = api.post("/v1/ask", json=QUESTION, headers={"Origin": origin})
        assert "QA_CORS_ORIGINS" in error(refused, 403, "forbidden_origin")
        assert "access-control-allow-origin" not in refused.headers
    own = api.post("/v1/ask", json=QUESTION, headers={"Origin": "http://127.0.0.1"})
    assert own.status_code == 200
    asking = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    assert "access-control-allow-origin" not in api.options("/v1/ask", headers=asking).headers


def test_an_origin_may_be_let_in(open_api: Open):
    api = open_api(cors_origins=("https://news.example",), api_key=KEY)
    of_openai = "authorization,content-type,x-stainless-os,x-stainless-retry-count"
    of_mcp = "authorization,content-type,last-event-id,mcp-protocol-version,mcp-session-id"
    for path, sent in (("/v1/chat/completions", of_openai), ("/mcp", of_mcp)):
        asking = {
            "Origin": "https://news.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": sent,
        }
        allowed = api.options(path, headers=asking)
        assert allowed.status_code == 200
        assert allowed.headers["access-control-allow-headers"] == sent
    headers = {"Origin": "https://news.example", "Authorization": f"Bearer {KEY}"}
    answer = api.post("/v1/ask", json=QUESTION, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://news.example"
    assert "Mcp-Session-Id" in answer.headers["access-control-expose-headers"]
    asking["Origin"] = "https://evil.example"
    refused = api.options("/v1/ask", headers=asking)
    assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({}, None),
        ({"host": "::1"}, None),
        ({"host": "localhost"}, None),
        ({"host": "0.0.0.0"}, "the page (QA_LOGINS closes it) and the API (QA_API_KEY closes it)"),
        ({"host": "::", "api_key": KEY}, "can use the page (QA_LOGINS closes it)."),
        ({"host": "192.0.2.1", "logins": "a:b"}, "can use the API (QA_API_KEY closes it)."),
        ({"host": "0.0.0.0", "logins": "a:b", "api_key": KEY}, None),
    ],
)
def test_what_stands_open_is_said(changed: dict[str, Any], says: str | None):
    warning = exposed(Settings(**changed))
    assert warning is None if says is None else warning is not None and says in warning


# The log


def test_a_request_has_an_id_and_a_line(api: TestClient, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.INFO, "qa"):
        answer = api.post("/v1/ask", json=QUESTION, headers={"X-Request-ID": "mine-1"})
        forged = api.get("/v1/models", headers={"X-Request-ID": "a b\tc"})
        api.get("/healthz")
    assert answer.headers["x-request-id"] == "mine-1"
    assert len(forged.headers["x-request-id"]) == 16
    lines = [vars(record) for record in caplog.records if record.name == "qa.server.api.guard"]
    assert [(line["method"], line["route"], line["status"]) for line in lines] == [
        ("POST", "/v1/ask", 200),
        ("GET", "/v1/models", 200),
    ]
    assert "Kervalec" not in caplog.text


def test_lines_are_json_or_text():
    record = logging.LogRecord("qa.server.api", logging.INFO, __file__, 1, "a\nb %s", ("c",), None)
    vars(record).update(status=200)
    token = logs.request_id.set("mine")
    try:
        line = json.loads(logs.JsonLines().format(record))
        text = logs.TextLines().format(record)
        try:
            raise ValueError("why")
        except ValueError:
            record.exc_info = sys.exc_info()
        broken = logs.JsonLines().format(record)
    finally:
        logs.request_id.reset(token)
    assert {k: v for k, v in line.items() if k != "time"} == {
        "level": "info",
        "logger": "qa.server.api",
        "message": "a\nb c",
        "request_id": "mine",
        "status": 200,
    }
    assert line["time"].endswith("Z")
    assert text.endswith("info    a b c id=mine status=200")
    assert "\n" not in broken
    assert "ValueError: why" in json.loads(broken)["traceback"]
