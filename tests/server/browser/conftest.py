"""Servers, the browser, and tabs of it, for the tests of the page.

One server over the 46 articles of the corpus and one over 5,000, for all tests; a tab is of a
laptop or of a phone. No request may leave the machine, and nothing may break, unless a test says
that it breaks something.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from tests import ROOT
from tests.chromium import launch
from tests.server.browser import server as program

Size: TypeAlias = Literal["laptop", "phone"]
# By size, locale and colour scheme.
Contexts: TypeAlias = dict[tuple[str, ...], list[BrowserContext]]

SIZES: dict[str, dict[str, Any]] = {
    "laptop": {"viewport": {"width": 1366, "height": 768}},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
}
MANY = 5000
_PATIENCE_MS = 15_000  # a busy machine is no failure
# What Gradio notes when its stream is cut, as by a reload.
_CUT = re.compile("AbortError|Connection errored out")


class Served:
    """The page as a program of its own, on a port that it keeps; `arguments` as it takes them."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        self._log = folder / "log"
        command = [sys.executable, "-m", "tests.server.browser.server", str(folder / "index")]
        self._command = [*command, "--port", str(port), *arguments]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Returns once it listens."""
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line.strip() != f"Chat page: {self.address}":
            self.kill()
            pytest.fail(self._log.read_text())

    def kill(self) -> None:
        """End it without a word."""
        assert self._process is not None
        self._process.kill()
        self._end()

    def stop(self) -> None:
        """End it as an operator does; it must not complain."""
        if self._process is None:
            return
        self._process.terminate()
        assert self._end() == 0, self._log.read_text()

    def _end(self) -> int:
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.stdout.close()
        process, self._process = self._process, None
        return process.wait(timeout=20)


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server over 46 articles that takes files."""
    folder = tmp_path_factory.mktemp("page")
    yield from _running(Served(folder, "--uploads", str(folder / "uploads")))


@pytest.fixture(scope="package")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server over 5,000 articles, one of them long."""
    folder = tmp_path_factory.mktemp("many")
    more = program.write_articles(folder / "articles", MANY - 46)
    yield from _running(Served(folder, "--corpus", str(program.CORPUS), str(more)))


def _running(served: Served) -> Iterator[Served]:
    served.start()
    yield served
    served.stop()


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The browser."""
    expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def free() -> Contexts:
    """Browsers that nobody uses now: what was fetched stays in them, which is quicker."""
    return {}


class Visit:
    """Somebody's browser: tabs that share cookies, and what went wrong in them.

    Attributes:
        expects_trouble: errors on the console are no failure.
    """

    def __init__(self, browser: Browser, free: Contexts, served: Served) -> None:
        self._browser = browser
        self._free = free
        self._served = served
        self._used: list[tuple[tuple[str, ...], BrowserContext]] = []
        self._hosts: set[str | None] = set()
        self._broken: list[str] = []
        self.expects_trouble = False

    def as_person(
        self,
        size: Size = "laptop",
        locale: str = "en-US",
        scheme: Literal["light", "dark"] = "light",
    ) -> None:
        """Somebody else than before; `tab` is theirs from now on."""
        free = self._free.setdefault((size, locale, scheme), [])
        if free:
            context = free.pop()
        else:
            context = self._browser.new_context(locale=locale, color_scheme=scheme, **SIZES[size])
            context.set_default_timeout(_PATIENCE_MS)
            context.grant_permissions(["clipboard-read", "clipboard-write"])
        context.on("page", self._watch)
        self._used.append(((size, locale, scheme), context))

    def tab(self, path: str = "/", served: Served | None = None, *, script: str = "") -> Page:
        """Another tab, with a script that runs first; nothing more is waited for."""
        page = self._used[-1][1].new_page()
        page.add_init_script(script)
        page.goto((served or self._served).address + path)
        return page

    def open(
        self,
        size: Size = "laptop",
        locale: str = "en-US",
        scheme: Literal["light", "dark"] = "light",
        *,
        served: Served | None = None,
        script: str = "",
    ) -> Page:
        """The page as its first visitor sees it, ready to be asked."""
        self.as_person(size, locale, scheme)
        page = self.tab(served=served, script=script)
        expect(page.locator(".welcome")).to_be_visible()
        expect(page.locator("html")).to_have_attribute("lang", locale[:2])
        expect(page.locator("#qa-model p")).to_have_count(0)
        return page

    def _watch(self, page: Page) -> None:
        page.on("request", lambda request: self._asked(request.url))
        page.on("pageerror", lambda error: self._broken.append(str(error)))
        page.on("dialog", lambda dialog: self._broken.append(f"dialog: {dialog.message}"))
        page.on("console", self._said)

    def _said(self, said: ConsoleMessage) -> None:
        if said.type == "error" and not _CUT.search(said.text):
            self._broken.append(said.text)

    def _asked(self, url: str) -> None:
        if urlsplit(url).scheme not in ("data", "blob"):
            self._hosts.add(urlsplit(url).hostname)

    def end(self) -> None:
        """Everybody goes, and leaves nothing; nobody else was asked, and nothing broke."""
        for kind, context in self._used:
            context.set_offline(False)
            for page in context.pages:
                page.evaluate("localStorage.clear()")
                page.close()
            context.clear_cookies()
            context.remove_listener("page", self._watch)
            self._free[kind].append(context)
        assert self._hosts <= {"127.0.0.1"}
        assert self.expects_trouble or self._broken == []


@pytest.fixture
def visit(chromium: Browser, free: Contexts, served: Served) -> Iterator[Visit]:
    """A visit during which nothing but this machine is asked and nothing breaks."""
    visit = Visit(chromium, free, served)
    yield visit
    visit.end()


@pytest.fixture(params=list(SIZES))
def size(request: pytest.FixtureRequest) -> Size:
    """Of the screen: both, one after the other."""
    size: Size = request.param
    return size


@pytest.fixture
def page(visit: Visit, size: Size) -> Page:
    """The page over 46 articles, on the screen of that size."""
    return visit.open(size)


@pytest.fixture
def laptop(visit: Visit) -> Page:
    """The page over 46 articles on a laptop."""
    return visit.open("laptop")


@pytest.fixture
def phone(visit: Visit) -> Page:
    """The page over 46 articles on a phone."""
    return visit.open("phone")
