"""Debian's Firefox, or the one that FIREFOX names, driven by what it has inside: Marionette.

Playwright drives only a Firefox of its own, and geckodriver is in neither PyPI nor Debian.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

_PATIENCE_S = 30.0
_SETTINGS = {
    "marionette.port": 0,  # any free one, which it writes into its profile
    "intl.accept_languages": "en-US",
    "network.connectivity-service.enabled": False,
    "network.captive-portal-service.enabled": False,
}

T = TypeVar("T")


def found() -> str | None:
    """Where it is."""
    names = (os.environ.get("FIREFOX"), "firefox-esr", "firefox")
    return next((path for name in names if name and (path := shutil.which(name))), None)


def until(look: Callable[[], T]) -> T:
    """What a look gives, as soon as that is anything."""
    deadline = time.monotonic() + _PATIENCE_S
    while not (seen := look()):
        assert time.monotonic() < deadline, "this did not come"
        time.sleep(0.05)
    return seen


class Firefox:
    """A headless window of a laptop, with a profile of its own."""

    def __init__(self, path: str, profile: Path) -> None:
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in _SETTINGS.items()]
        (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
        self._process = subprocess.Popen(
            [path, "--headless", "--marionette", "--no-remote", "--profile", str(profile)],
            env={**os.environ, "MOZ_HEADLESS_WIDTH": "1366", "MOZ_HEADLESS_HEIGHT": "768"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        port = profile / "MarionetteActivePort"
        self._socket = socket.create_connection(
            ("127.0.0.1", int(until(lambda: port.exists() and port.read_text())))
        )
        self._answers = self._socket.makefile("rb")
        self._asked = 0
        self._read()  # who it is
        self.call("WebDriver:NewSession")

    def call(self, command: str, **told: Any) -> Any:
        """Do something."""
        self._asked += 1
        message = json.dumps([0, self._asked, command, told]).encode()
        self._socket.sendall(b"%d:%s" % (len(message), message))
        _, _, error, result = self._read()
        assert error is None, error["message"]
        return result

    def _read(self) -> Any:
        size = b""
        while (byte := self._answers.read(1)) != b":":
            assert byte, "Firefox is gone"
            size += byte
        return json.loads(self._answers.read(int(size)))

    def run(self, script: str) -> Any:
        """What an expression gives in the page."""
        return self.call("WebDriver:ExecuteScript", script=f"return {script}", args=[])["value"]

    def sees(self, selector: str, text: str = "") -> None:
        """Wait for something to be shown, with a text in it."""
        every = f"[...document.querySelectorAll({json.dumps(selector)})]"
        shown = f"e.checkVisibility() && e.textContent.includes({json.dumps(text)})"
        until(lambda: self.run(f"{every}.some((e) => {shown})"))

    def click(self, selector: str) -> None:
        """With the mouse, where it is."""
        self.call("WebDriver:ElementClick", id=self._element(selector))

    def type(self, selector: str, text: str) -> None:
        """Key by key; `\\ue007` is Enter."""
        self.call("WebDriver:ElementSendKeys", id=self._element(selector), text=text)

    def _element(self, selector: str) -> str:
        told = {"using": "css selector", "value": selector}
        value = self.call("WebDriver:FindElement", **told)["value"]
        return str(next(iter(value.values())))

    def close(self) -> None:
        """End it."""
        self._answers.close()
        self._socket.close()
        self._process.terminate()
        self._process.wait(timeout=20)
