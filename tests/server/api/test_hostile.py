"""A server attacked over HTTP, page and API: nothing runs or leaks, and every refusal is clear.

The server is a process of its own, as `qa serve` is, over articles that attack whoever shows them.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from qa.index.build import index_paths
from qa.settings import Settings
from tests import hostile
from tests.fakes import BagOfWords
from tests.server.api.test_serving import Program, program
from tests.tab import Tab

JSON = {"Content-Type": "application/json"}
KEY = "open-sesame"
MOST = 4096


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of the hostile articles."""
    folder = tmp_path_factory.mktemp("hostile")
    directory = folder / "index"
    index_paths([hostile.write_articles(folder / "news")], Settings(index=directory), BagOfWords())
    return directory


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where Gradio would put what is uploaded."""
    return tmp_path_factory.mktemp("gradio")


@pytest.fixture(scope="module")
def server(index: Path, temporary: Path) -> Iterator[Program]:
    """An open server; whatever is sent to it, no bug shows in its log."""
    settings = {"QA_RATE_PER_MINUTE": "0", "QA_MAX_BODY_BYTES": str(MOST)}
    with program(index, GRADIO_TEMP_DIR=str(temporary), **settings) as running:
        yield running
    log = "".join(running.log)
    for bug in ("Exception in ASGI application", "a bug", "answering failed"):
        assert bug not in log, log[log.index(bug) :][:3000]


@pytest.fixture(scope="module")
def closed(index: Path) -> Iterator[Program]:
    """A server with a key and logins."""
    settings = {"QA_API_KEY": KEY, "QA_LOGINS": "ann:tulip", "QA_RATE_PER_MINUTE": "0"}
    with program(index, **settings) as running:
        yield running
    assert "Traceback" not in "".join(running.log)


def refused(answer: httpx.Response, *statuses: int) -> None:
    """It is a clear no, and the client's fault, in JSON, and tells nothing of the inside."""
    assert answer.status_code in (statuses or range(400, 500)), answer.text
    leaks_nothing(answer)
    if answer.url.path != "/mcp":  # the library has words of its own, and no type for them
        assert answer.headers["content-type"].startswith("application/json"), answer.text
        assert answer.json()


def leaks_nothing(answer: httpx.Response) -> None:
    """No file of this machine, no path of it, no traceback."""
    for inside in ("root:", "Traceback", "site-packages", "embedder_fingerprint", str(Path.home())):
        assert inside not in answer.text


# Paths

UP = ["../" * 8, "..%2f" * 8, "%2e%2e/" * 8, "..\\" * 8, "....//" * 8, "%252e%252e/" * 8, "/"]
DOORS = [
    "/v1/articles/{}",
    "/gradio_api/file={}",
    "/gradio_api/file/{}",
    "/file={}",
    "/static/{}",
    "/assets/{}",
    "/svelte/{}",
    "/gradio_api/custom_component/1/client/component/{}",
    "/gradio_api/proxy={}",
    "/gradio_api/stream/a/b/1/{}",
    "/docs/{}",
    "/{}",
]


def raw(client: httpx.Client, path: str) -> httpx.Response:
    """A GET whose path is sent as it stands, with its dots."""
    url = client.base_url.copy_with(raw_path=path.encode())
    return client.send(client.build_request("GET", url))


@pytest.mark.parametrize("door", DOORS)
def test_no_address_leads_out_of_what_is_served(server: Program, index: Path, door: str):
    """Nor to another server: Gradio's address for files takes a URL and sends what it finds."""
    for up in UP:
        for target in ("etc/passwd", f"{index}/manifest.json".lstrip("/"), "qa.toml"):
            answer = raw(server.client, door.format(up + target))
            leaks_nothing(answer)
            assert answer.status_code >= 400 or "<title>qa</title>" in answer.text, answer.text
            assert answer.status_code < 500, answer.text
    elsewhere = ("http://127.0.0.1:1/", "https://public.example/x", "HTTPS://public.example/")
    for whole in (f"{index}/manifest.json", *elsewhere, "file:///etc/passwd", "%00"):
        refused(raw(server.client, door.format(whole)))


def test_what_gradio_serves_and_the_page_does_not_use_is_not_there(
    server: Program, temporary: Path
):
    client = server.client
    files = {"files": ("../../x.html", b"<script>alert(1)</script>", "text/html")}
    refused(client.post("/gradio_api/upload", files=files), 404)
    assert not list(temporary.rglob("*.html"))
    for path in (
        "/monitoring",
        "/monitoring/summary",
        "/gradio_api/openapi.json",
        "/gradio_api/deep_link?session_hash=a",
        "/gradio_api/dev/reload",
        "/gradio_api/profiling/traces",
        "/gradio_api/vibe-code/",
        "/gradio_api/run-history/records",
        "/gradio_api/file=x",
        "/gradio_api/proxy=http://127.0.0.1:1/x",
        "/gradio_api/call/ask/1",
    ):
        refused(client.get(path), 404)
    for path in (
        "vibe-edit/",
        "call/ask",
        "call/v2/ask",
        "api/ask",
        "process_recording",
        "stream/1",
    ):
        refused(client.post(f"/gradio_api/{path}", json={"data": []}), 404)


def test_files_are_taken_only_with_a_length_and_up_to_the_limit(index: Path, tmp_path: Path):
    settings = {"QA_UPLOADS": str(tmp_path / "kept"), "QA_UPLOAD_BYTES": "2000"}
    taken = {"GRADIO_TEMP_DIR": str(tmp_path / "sent"), "QA_MAX_BODY_BYTES": str(MOST)}
    with program(index, **settings, **taken) as running:
        client = running.client

        def send(content: bytes, name: str = "../../x.txt") -> httpx.Response:
            return client.post("/gradio_api/upload", files={"files": (name, content)})

        assert send(b"a" * 1999).status_code == 200
        assert send(b"a" * 2001).status_code == 413  # Gradio's own no
        refused(send(b"a" * 50_000), 413)
        in_pieces = iter([b"--x\r\n", b"a" * 100])
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        refused(client.post("/gradio_api/upload", content=in_pieces, headers=kind), 411)
        answer = client.post("/gradio_api/upload", content=b"nonsense", headers=kind)
        assert answer.status_code == 400  # so is this
        kept = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert kept
        assert all((tmp_path / "sent") in path.parents for path in kept)
        config = client.get("/config").json()
        (shelf,) = [
            c["id"] for c in config["components"] if c["props"].get("elem_id") == "qa-articles"
        ]
        call = {"component_id": shelf, "session_hash": "x"}
        for path in ("/etc/passwd", f"{index}/manifest.json", "..", "\x00", 7, None):
            files = {"files": [{"name": "x.txt", "path": path}], "language": "en"}
            begun = client.post(
                "/gradio_api/component_server", json={**call, "fn_name": "add_files", "data": files}
            )
            data = {"job": begun.json()["job"], "language": "en"}
            asking = {**call, "fn_name": "added_files", "data": data}
            deadline = time.monotonic() + 30
            while not (told := client.post("/gradio_api/component_server", json=asking).json())[
                "done"
            ]:
                assert time.monotonic() < deadline
                time.sleep(0.1)
            assert "x.txt" in told["html"]
            assert "passwd" not in told["html"]
        assert not (tmp_path / "kept").exists()
    assert "Traceback" not in "".join(running.log)


# Bodies

POSTS = [
    "/v1/ask",
    "/v1/search",
    "/v1/chat/completions",
    "/mcp",
    "/gradio_api/queue/join",
    "/gradio_api/run/predict",
    "/gradio_api/component_server",
    "/gradio_api/cancel",
    "/gradio_api/reset",
    "/login",
]
MALFORMED = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"q"',
    b"\xff\xfe\x00",
    b'{"question": "\xff"}',
    b"[" * 2000,
    b'{"data":' * 400,
    b'{"__proto__": {"x": 1}}',
    b'{"data": [], "fn_index": 99999, "session_hash": "x"}',
    b'{"data": {"path": "/etc/passwd"}, "fn_index": 0, "session_hash": "x"}',
    b'{"data": ["a"], "fn_index": 0, "session_hash": "x"}',
    b'{"data": [1, {}], "fn_index": 0, "session_hash": "x"}',
    b'{"data": ["a", {"path": "/etc/passwd"}], "fn_index": 0, "session_hash": "x"}',
    b'{"data": ["a", "{}", "", [], ""], "fn_index": 0, "session_hash": "x"}',
    b'{"data": ["a", "{}"], "fn_index": true, "session_hash": "x"}',
    b'{"data": ["a", "{}"], "fn_index": 0, "session_hash": {"a": 1}}',
    b'{"data": {}, "component_id": 99999, "fn_name": "show_article", "session_hash": "x"}',
    b'{"data": {}, "component_id": 1, "fn_name": "__init__", "session_hash": "x"}',
    b'{"data": {}, "component_id": "1; rm", "fn_name": "show_article", "session_hash": "x"}',
    b"a=b&c=d",
]


@pytest.mark.parametrize("path", POSTS)
def test_a_malformed_body_is_refused_clearly(server: Program, path: str):
    for content in MALFORMED:
        for headers in (JSON, {"Content-Type": "text/plain"}, {}):
            refused(server.client.post(path, content=content, headers=headers))


@pytest.mark.parametrize("path", POSTS)
def test_an_oversized_body_is_refused_unread(server: Program, path: str):
    content = json.dumps({"data": ["x" * MOST]}).encode()
    statuses = (413, 429) if path == "/login" else (413,)  # logins have a rate
    refused(server.client.post(path, content=content, headers=JSON), *statuses)
    in_pieces = iter([content[:1000], content[1000:], b"x" * 10])
    refused(server.client.post(path, content=in_pieces, headers=JSON), *statuses)


@pytest.mark.parametrize("path", ["/v1/ask", "/gradio_api/queue/join"])
def test_the_refusal_of_a_long_body_arrives(server: Program, path: str):
    """Closed with bytes on their way, the connection was reset, and the answer lost with it."""
    host, port = server.client.base_url.host, server.client.base_url.port
    size = 5_000_000
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {size}\r\n\r\n"
    for _ in range(3):
        with socket.create_connection((host, port), timeout=20) as connection:
            connection.sendall(head.encode() + b"x" * size)
            answer = b""
            while piece := connection.recv(10_000):
                answer += piece
        assert answer.startswith(b"HTTP/1.1 413")
        assert answer.endswith(b"}")


def test_what_the_page_would_not_send_is_answered_all_the_same(server: Program):
    """Whatever the texts and the clicks of a tab hold, it is asked or nothing is done."""
    for sent in ("[" * 2000, "null", '{"filters": {"since": [1]}, "language": {}, "talk": 3}'):
        tab = Tab(server.client)
        joined = tab.call("ask", "Who was paid?\ud800", sent)
        with tab.messages(joined) as messages:
            assert [*messages][-1]["success"]
    clicks: list[Any] = [None, 7, {"do": {}}]
    for data in [*clicks, {"do": "ask", "text": "\ud800", "talk": "\ud800"}]:
        tab = Tab(server.client)
        with tab.messages(tab.call("act", event_data=data)) as messages:
            assert [*messages][-1]["success"]


def test_a_body_that_is_none_of_the_declared_length(server: Program):
    """Raw bytes, as no client library sends them."""
    host, port = server.client.base_url.host, server.client.base_url.port
    for request in (
        b"POST /v1/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1e9\r\n\r\n",
        b"POST /v1/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /v1/ask\x00 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"nonsense\r\n\r\n",
    ):
        with socket.create_connection((host, port), timeout=5) as connection:
            connection.sendall(request)
            assert connection.recv(200).startswith(b"HTTP/1.1 4"), request
    assert server.client.get("/healthz").status_code == 200


# Who may come in


def test_without_key_and_login_nothing_but_the_health_is_told(closed: Program):
    """What else is no key of the API is in test_guard."""
    client = closed.client
    for headers in ({}, {"Authorization": f"Bearer {KEY.upper()}"}, {"Cookie": f"api_key={KEY}"}):
        refused(client.get(f"/v1/models?api_key={KEY}&key={KEY}", headers=headers), 401)
    for path in ("/config", "/gradio_api/info"):
        refused(client.get(path, headers={"Authorization": f"Bearer {KEY}"}), 401)
    call = {"data": ["Who?", "{}"], "fn_index": 0, "session_hash": "x"}
    for path in ("queue/join", "run/predict", "component_server"):
        refused(client.post(f"/gradio_api/{path}", json=call), 401)
    assert "Harwick" not in client.get("/").text
    assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200


def test_pages_of_other_origins_may_neither_ask_nor_read(server: Program):
    """Gradio lets any origin in, with its cookies, unless the server is called localhost."""
    for origin in ("https://evil.example", "null", "http://127.0.0.1.evil.example"):
        headers = {"Origin": origin}
        for answer in (
            server.client.get("/config", headers=headers),
            server.client.get("/", headers=headers),
            server.client.post("/gradio_api/queue/join", json={}, headers=headers),
            server.client.post("/v1/ask", json={"question": "Who?"}, headers=headers),
            server.client.options("/v1/ask", headers=headers),
        ):
            refused(answer, 403)
            assert "access-control-allow-origin" not in answer.headers
    rebound = server.client.get("/config", headers={"Host": "evil.example"})
    refused(rebound, 421)


def test_an_origin_that_may_call_the_api_may_not_use_the_page(index: Path):
    """Gradio would answer it with the cookies of whoever is logged in."""
    for origins in ("https://news.example", "*"):
        with program(index, QA_CORS_ORIGINS=origins) as running:
            headers = {"Origin": "https://news.example"}
            asked = running.client.post("/v1/search", json={"query": "Who?"}, headers=headers)
            assert asked.status_code == 200
            for answer in (
                running.client.get("/config", headers=headers),
                running.client.post("/gradio_api/queue/join", json={}, headers=headers),
                running.client.options(
                    "/config", headers={**headers, "Access-Control-Request-Method": "GET"}
                ),
            ):
                refused(answer, 403)
                assert "access-control-allow-origin" not in answer.headers
            own = {"Origin": str(running.client.base_url).rstrip("/")}
            assert running.client.get("/config", headers=own).status_code == 200


# What is shown


def test_answers_of_the_api_are_data_and_not_pages(server: Program):
    for payload in hostile.PAYLOADS:
        body = {"question": f"{hostile.QUESTION} {payload}", "history": [payload, payload]}
        answer = server.client.post("/v1/ask", json={**body, "answerer": "extractive"})
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        cited = answer.json()["citations"]
        for citation in cited:
            id = citation["article_id"]
            article = server.client.get(f"/v1/articles/{quote(id, safe='')}")
            text = article.json()["text"]
            assert text[citation["start"] : citation["end"]] == citation["quote"]
    assert "default-src" in server.client.get("/docs").headers["content-security-policy"]


def test_what_the_page_shows_of_articles_and_questions_is_text(server: Program):
    shown: list[str] = []
    for payload in hostile.PAYLOADS:
        tab = Tab(server.client)
        with tab.ask(f"{hostile.QUESTION} {payload}") as messages:
            shown += [text for message in messages for text in pieces(message)]
    assert any("hacked=1&lt;" in text for text in shown), "the payloads were not shown"
    for text in shown:
        assert hostile.Markup(text).wrong == [], text


def test_an_article_is_opened_as_text_by_its_own_id_only(server: Program, index: Path):
    config = server.client.get("/config").json()
    names = {c["props"].get("elem_id"): c["id"] for c in config["components"]}
    panel = names["qa-articles"]
    call = {"component_id": panel, "fn_name": "show_article", "session_hash": "x"}
    ids: list[Any] = [f"{number}{payload}" for number, payload in enumerate(hostile.PAYLOADS)]
    ids += ["../../manifest.json", f"{index}/manifest.json", None, 7, ["a"], {"a": "b"}, "\x00"]
    opened = 0
    for id in ids:
        data = {"id": id, "spans": "0-9", "pointed": "<script>", "language": "<script>"}
        answer = server.client.post("/gradio_api/component_server", json={**call, "data": data})
        assert answer.status_code == 200, answer.text
        leaks_nothing(answer)
        assert hostile.Markup(answer.json()).wrong == []
        opened += "repaired the lighthouse" in answer.text
    assert opened == len(hostile.PAYLOADS)


def test_the_page_tells_nothing_of_the_machine_and_forbids_what_it_does_not_need(
    server: Program, index: Path
):
    for path in ("/", "/config", "/theme.css", "/manifest.json", "/gradio_api/info"):
        answer = server.client.get(path)
        assert answer.status_code == 200
        leaks_nothing(answer)
        assert str(index) not in answer.text
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"


def pieces(value: Any) -> Iterator[str]:
    """Every string in a piece of JSON that could be HTML."""
    if isinstance(value, str):
        if "<" in value:
            yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from pieces(each)
    elif isinstance(value, list):
        for each in value:
            yield from pieces(each)
