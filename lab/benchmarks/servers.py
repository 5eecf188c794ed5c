"""Several apps on one archive: readers, a writer beside them, and parts that are killed.

    python -m lab.benchmarks.servers BACKUP [--apps 2] [--seconds 600] [--readers 50] [--pause 5]
        [--every 5] [--kill]

BACKUP is what `qa backup` has written. It is put into a PostgreSQL of the script's own, its vectors
on a Chroma server, and served by so many apps behind nginx, which is told what compose.yaml tells
it; `--apps 0` is one app on an index of its own, without these three. Readers ask the shipped
questions with pauses. Every few seconds a writer changes one article, a bulletin with a number that
stands in its title and in two of its sentences; one question in ten asks for it. An answer is stale
when its number was replaced more than 2 seconds before the question, and mixed when its numbers
differ. With `--kill` each part is killed in turn, and started again 5 seconds later.

Needs Linux, nginx and PostgreSQL. Everything listens on the loopback interface.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from lab import ROOT
from lab.benchmarks.load import HEADER, Asked, questions
from qa.index.backup import put_back
from qa.index.build import index_paths
from qa.models import Embedder
from qa.settings import Settings
from tests.postgres import postgres_server

STALE_S = 2.0
BACK_AFTER_S = 5.0
BULLETIN = "What is the number of the bulletin of Saint-Fidelin?"
_NUMBER = re.compile(r"bulletin (?:number )?(\d+)", re.I)


def free_port() -> int:
    """One that nobody listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        return int(free.getsockname()[1])


class Part:
    """A process that can be killed and started again."""

    def __init__(self, name: str, command: list[str], alive: str, **options: Any) -> None:
        self.name = name
        self._start: Callable[[], subprocess.Popen[bytes]] = lambda: subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options
        )
        self._alive = alive
        self._process = self._start()
        self.wait()

    def wait(self) -> None:
        """Until it answers."""
        while True:
            try:
                if httpx.get(self._alive, timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert self._process.poll() is None, f"{self.name} has ended"
            time.sleep(0.1)

    def kill(self) -> None:
        """As a failing machine does."""
        self._process.kill()
        self._process.wait()

    def again(self) -> None:
        """Start it and wait until it answers."""
        self._process = self._start()
        self.wait()

    def stop(self) -> None:
        """At the end."""
        self._process.terminate()
        self._process.wait()


@contextmanager
def app(name: str, settings: Settings, folder: Path) -> Iterator[tuple[Part, int]]:
    """`qa serve` and its port."""
    port = free_port()
    told = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "QA_INDEX": str(settings.index),
        "QA_LLM": "none",
        "QA_PORT": str(port),
        "QA_RATE_PER_MINUTE": "0",
        "QA_CONNECTIONS": "1000",
    }
    if settings.database_url:
        told["QA_DATABASE_URL"] = settings.database_url.get_secret_value()
        told["QA_CHROMA_URL"] = str(settings.chroma_url)
    command = [sys.executable, "-c", "from qa.cli.commands import main; main()", "serve"]
    part = Part(name, command, f"http://127.0.0.1:{port}/healthz", env=told, cwd=folder)
    try:
        yield part, port
    finally:
        part.stop()


@contextmanager
def proxy(ports: list[int], folder: Path) -> Iterator[str]:
    """The address of an nginx that is told what compose.yaml tells it."""
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    told = compose["configs"]["proxy"]["content"].replace("$$", "$")
    port = free_port()
    for name, of in zip(("app", "second"), ports, strict=True):
        told = told.replace(f"server {name}:7860", f"server 127.0.0.1:{of}")
    told = told.replace("listen 8080", f"listen 127.0.0.1:{port}")
    user = "user root;" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/log; {user} events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/body;\n"
        f"proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/c;\n"
        f"uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;\n{told} }}\n"
    )
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    command = [str(nginx), "-c", str(folder / "nginx.conf"), "-e", str(folder / "log")]
    part = Part("nginx", command, f"http://127.0.0.1:{port}/healthz")
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        part.stop()


class Writer:
    """Publishes the bulletin again and again, in a thread."""

    def __init__(self, settings: Settings, folder: Path, every_s: float) -> None:
        self.published: list[tuple[float, int]] = []  # when, which number
        self.seconds: list[float] = []
        self.errors: list[str] = []
        self._settings = settings
        self._embedder = Embedder.open(settings)
        self._folder = folder
        self._every_s = every_s
        self._ended = threading.Event()
        folder.mkdir()
        self._write(0)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        for number in itertools.count(1):
            if self._ended.wait(self._every_s):
                return
            try:
                self._write(number)
            except Exception as exc:  # a part was killed: told at the end
                self.errors.append(f"{type(exc).__name__}: {exc}"[:160])

    def _write(self, number: int) -> None:
        row = {
            "id": "bulletin",
            "title": f"Saint-Fidelin, bulletin {number}",
            "text": f"The town of Saint-Fidelin has published its bulletin number {number}. "
            f"The mayor of Saint-Fidelin said that bulletin {number} replaces all others.",
            "date": "2024-05-06",
            "language": "en",
        }
        (self._folder / "bulletin.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
        started = time.perf_counter()
        index_paths([self._folder], self._settings, self._embedder)
        self.published.append((time.perf_counter(), number))
        self.seconds.append(time.perf_counter() - started)

    def oldest(self, asked: float) -> int:
        """The oldest number that an answer to a question asked then may have."""
        due = [number for at, number in self.published if at < asked - STALE_S]
        return due[-1] if due else 0

    def close(self) -> None:
        """After the run under way."""
        self._ended.set()
        self._thread.join()


@dataclass
class Seen:
    """What readers saw."""

    asked: Asked = field(default_factory=Asked)
    bulletins: int = 0
    abstained: int = 0
    stale: int = 0
    mixed: int = 0
    failed: list[tuple[float, str]] = field(default_factory=list)


async def read(address: str, readers: int, seconds: float, pause_s: float, writer: Writer) -> Seen:
    """So many readers, each from an address of its own, for so long."""
    seen = Seen()
    turns = itertools.cycle(questions())
    until = time.perf_counter() + seconds

    async def reader(number: int) -> None:
        transport = httpx.AsyncHTTPTransport(local_address=f"127.0.1.{1 + number}")
        async with httpx.AsyncClient(base_url=address, timeout=60, transport=transport) as client:
            await asyncio.sleep(pause_s * number / readers)
            for turn in itertools.count(number):
                began = time.perf_counter()
                if began > until:
                    return
                bulletin = turn % 10 == 0
                body = {"question": BULLETIN} if bulletin else dict(next(turns))
                try:
                    answer = await client.post("/v1/ask", json={**body, "answerer": "extractive"})
                except httpx.HTTPError as exc:
                    note(type(exc).__name__, began)
                else:
                    if answer.status_code == 200:
                        seen.asked.seconds.append(time.perf_counter() - began)
                        if bulletin:
                            judge(answer.json(), writer.oldest(began))
                    else:
                        note(f"{answer.status_code} {answer.text[:160]}", began)
                await asyncio.sleep(max(0.0, pause_s - (time.perf_counter() - began)))

    def note(what: str, when: float) -> None:
        seen.asked.errors[what] += 1
        seen.failed.append((when, what))

    def judge(answer: dict[str, Any], oldest: int) -> None:
        seen.bulletins += 1
        said = [c["quote"] + " " + c["title"] for c in answer["citations"]]
        numbers = {int(n) for text in said for n in _NUMBER.findall(text)}
        seen.abstained += not numbers
        seen.mixed += len(numbers) > 1
        seen.stale += bool(numbers) and min(numbers) < oldest

    await asyncio.gather(*(reader(number) for number in range(readers)))
    return seen


def main() -> None:
    """Set it up, load it, print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("backup", type=Path)
    parser.add_argument("--apps", type=int, choices=(0, 2), default=2)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--pause", type=float, default=5.0)
    parser.add_argument("--every", type=float, default=5.0)
    parser.add_argument("--kill", action="store_true")
    given = parser.parse_args()
    with ExitStack() as up:
        folder = Path(up.enter_context(tempfile.TemporaryDirectory()))
        kill: dict[str, tuple[Callable[[], None], Callable[[], None]]] = {}
        if given.apps:
            postgres = up.enter_context(postgres_server())
            chroma = up.enter_context(chroma_part(folder))
            kill["PostgreSQL"] = (postgres.stop, postgres.start)
            kill["Chroma"] = (chroma.kill, chroma.again)
            told = {"database_url": postgres.url, "chroma_url": chroma.url}
        else:
            told = {}
        settings = [
            Settings.load({**told, "index": folder / f"machine-{n}" / "index"})
            for n in range(given.apps or 1)
        ]
        started = time.perf_counter()
        put_back(given.backup, settings[0])
        print(f"put in: {time.perf_counter() - started:.1f} s")
        apps = []
        for n, its in enumerate(settings):
            started = time.perf_counter()
            apps.append(up.enter_context(app(f"app {n + 1}", its, folder)))
            print(f"app {n + 1} answers after {time.perf_counter() - started:.1f} s")
        kill["app 1"] = (apps[0][0].kill, apps[0][0].again)
        ports = [port for _, port in apps]
        address = (
            up.enter_context(proxy(ports, folder)) if given.apps else f"http://127.0.0.1:{ports[0]}"
        )
        writer = Writer(settings[0], folder / "bulletins", given.every)
        up.callback(writer.close)
        asyncio.run(read(address, given.readers, 15, given.pause, writer))  # warm
        kills = Kills(kill, given.seconds) if given.kill else None
        began = time.perf_counter()
        seen = asyncio.run(read(address, given.readers, given.seconds, given.pause, writer))
        if kills:
            kills.thread.join()
        print(HEADER)
        name = f"{given.readers} readers, {given.apps or 'one alone, 1'} app(s)"
        print(seen.asked.line(name, given.seconds))
        print(
            f"bulletins: {seen.bulletins} asked, {seen.abstained} without a number, "
            f"{seen.stale} stale, {seen.mixed} mixed"
        )
        written = sorted(writer.seconds)
        print(
            f"writer: {len(written)} runs, median {written[len(written) // 2]:.2f} s, "
            f"slowest {written[-1]:.2f} s; failed: {writer.errors}"
        )
        for what, count in seen.asked.errors.most_common(8):
            print(f"error, {count} times: {what}")
        for line in kills.lines(began, seen) if kills else ():
            print(line)


@dataclass
class ChromaPart:
    """A Chroma server that can be killed."""

    url: str
    kill: Callable[[], None]
    again: Callable[[], None]


@contextmanager
def chroma_part(folder: Path) -> Iterator[ChromaPart]:
    """A Chroma server on a port of its own."""
    port = free_port()
    command = [str(Path(sys.executable).with_name("chroma")), "run", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--path", str(folder / "chroma-server")]
    url = f"http://127.0.0.1:{port}"
    part = Part("Chroma", command, f"{url}/api/v2/heartbeat")
    try:
        yield ChromaPart(url, part.kill, part.again)
    finally:
        part.stop()


class Kills:
    """Kills each part in turn, at equal distances, and starts it again."""

    def __init__(
        self, parts: dict[str, tuple[Callable[[], None], Callable[[], None]]], seconds: float
    ) -> None:
        self.done: list[tuple[str, float, float, float]] = []
        self._parts, self._gap = parts, seconds / (len(parts) + 1)
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        for name, (kill, again) in self._parts.items():
            time.sleep(self._gap - BACK_AFTER_S)
            killed = time.perf_counter()
            kill()
            time.sleep(BACK_AFTER_S)
            begun = time.perf_counter()
            again()
            self.done.append((name, killed, begun, time.perf_counter()))

    def lines(self, began: float, seen: Seen) -> Iterator[str]:
        """What readers saw after each."""
        ends = [killed for _, killed, _, _ in self.done[1:]] + [float("inf")]
        for (name, killed, begun, back), end in zip(self.done, ends, strict=True):
            failed = [(when, what) for when, what in seen.failed if killed - 60 <= when < end]
            failed = [(when, what) for when, what in failed if when >= killed - 5]
            last = f"{failed[-1][0] - back:+.1f} s from when it was up" if failed else "none"
            yield (
                f"{name} killed at {killed - began:.0f} s, started after {begun - killed:.0f}, up "
                f"in {back - begun:.1f} s: {len(failed)} failed questions, the last {last}; "
                f"{dict(Counter(what[:60] for _, what in failed))}"
            )


if __name__ == "__main__":
    main()
