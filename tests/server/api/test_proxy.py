"""Page and API behind nginx, under a path of its own."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Response, expect, sync_playwright

from qa.server.http.root import UnderRoot
from tests.chromium import launch
from tests.server.api.conftest import BASE, Open
from tests.server.api.servers import ASKED
from tests.server.api.test_serving import program
from tests.server.api.test_worker import until
from tests.tab import Tab, seen

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")

CONFIGURATION = """
daemon off; pid {folder}/pid; error_log {folder}/log; {user}
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    server {{
        listen 127.0.0.1:{port};
        location /news/ {{
            proxy_pass {to};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
        }}
    }}
}}
"""


@contextmanager
def nginx(folder: Path, to: str) -> Iterator[str]:
    """The address of an nginx that passes on what is under /news/."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    user = "user root;" if os.getuid() == 0 else ""
    configuration = folder / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder, port=port, to=to, user=user))
    process = subprocess.Popen([str(NGINX), "-c", configuration, "-e", folder / "log"])
    try:
        address = f"http://127.0.0.1:{port}"
        until(lambda: listens(address))
        yield address
    finally:
        process.terminate()
        process.wait(10)


def listens(address: str) -> bool:
    """Whether somebody answers there."""
    try:
        return bool(httpx.get(address).status_code)
    except httpx.TransportError:
        return False


@pytest.fixture(params=["/", ""], ids=["taken off", "left on"])
def proxied(built: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a server behind an nginx that takes the path off, or does not."""
    if NGINX is None:
        pytest.skip("no nginx: run `make nginx`")
    with (
        program(built, QA_ROOT_PATH="/news") as running,
        nginx(tmp_path, f"{str(running.client.base_url).rstrip('/')}{request.param}") as address,
    ):
        yield address


def test_the_path_of_a_proxy_comes_off_once_if_it_is_there(open_api: Open):
    api = open_api(root_path="/news")
    client = TestClient(UnderRoot(api.app, "/news"), base_url=BASE, follow_redirects=False)
    for path in ("/healthz", "/news/healthz", "/news/v1/articles/pont", "/v1/articles/news%2Fx"):
        assert client.get(path).status_code == (404 if "%2F" in path else 200), path
    for path in ("/news/news/healthz", "/newshealthz", "/news-healthz"):
        assert client.get(path).status_code == 404, path
    assert client.get("/news").headers["location"] == "/news/"
    assert client.get("/openapi.json").json()["servers"] == [{"url": "/news"}]


def test_everything_works_under_a_path(proxied: str):
    with httpx.Client(base_url=f"{proxied}/news", timeout=30, follow_redirects=True) as client:
        assert str(client.get(f"{proxied}/news").url) == f"{proxied}/news/"
        page = client.get("/").text
        assert f'"root":"{proxied}/news"' in page
        assets = re.findall(r'(?:src|href)="(\./[^"]+)"', page)
        assert assets
        for asset in assets:
            assert client.get(asset).status_code == 200, asset
        with Tab(client).ask(ASKED) as messages:
            assert "Maëlle Tanguy" in seen([*messages][-1])

        answer = client.post("/v1/ask", json={"question": ASKED, "answerer": "extractive"})
        assert answer.json()["citations"]
        assert client.get("/docs").status_code == 200


def test_the_page_of_a_browser_never_leaves_the_path(proxied: str):
    answers: list[Response] = []
    with sync_playwright() as playwright, launch(playwright) as browser:
        page = browser.new_page()
        page.set_default_timeout(30_000)
        page.context.on("response", lambda answer: answers.append(answer))
        page.goto(f"{proxied}/news/")
        page.locator("#qa-question textarea").fill(ASKED)
        page.locator("#qa-question textarea").press("Enter")
        expect(page.locator('.turn[data-stage="final"]')).to_be_visible(timeout=30_000)
        page.locator(".share summary").click()
        page.locator("[data-do=share]").click()
        link = page.locator(".turn a[href*='share/']")
        with page.context.expect_page() as opened:
            link.click()
        shared = opened.value
        expect(shared.locator("body")).to_contain_text("Maëlle Tanguy")
        opens = shared.locator("a[href*='#article=']").first
        assert opens.evaluate("link => link.href").startswith(f"{proxied}/news/#article=")
        for kind in ("html", "md", "json"):
            kept = page.locator(f"a[href*='conversations/'][href*='.{kind}']").first
            address = kept.evaluate("link => link.href")
            assert address.startswith(f"{proxied}/news/conversations/")
            assert "Kervalec" in page.request.get(address).text()
        ours = (f"{proxied}/news/", "data:", "blob:")
        assert [a.url for a in answers if not (a.ok and a.url.startswith(ours))] == []
