"""Many at once, on this machine's loopback: `qa serve` as a process, asked over HTTP.

    python -m lab.benchmarks.load [--seconds 600] [--clients 50] [--llm NAME] [--part N]

Indexes corpus/ into a temporary folder, serves it, and asks the shipped questions.

Part 1: so many clients, each with its next question as soon as it has an answer, extractive.
Part 2: a few clients with pauses, as people make them, first alone and then while two conversations
are answered by the language model without a break; and how much slower they are. Alone comes before
and after, so that a machine that is busy with something else is seen.

Prints latencies, errors and the server's memory (Linux only). The exit code is 1 when a goal is
missed: 95 of 100 answers within 1.5 s, no error, memory that does not grow, and no more than half
as slow again beside two generative conversations.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from lab import ROOT, rows

CORPUS = ROOT / "corpus"

GOAL_P95_S = 1.5
GOAL_SLOWER = 1.5
# What a process may still grow by once it is warm, of its size then.
GOAL_GROWTH = 0.05


@dataclass
class Asked:
    """What became of the questions of one run."""

    seconds: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    memory: list[tuple[float, float]] = field(default_factory=list)

    def quantile(self, share: float) -> float:
        """Seconds within which this share of the answers came."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0

    def line(self, name: str, spent: float) -> str:
        """A row of the table."""
        told = "".join(f"{1000 * self.quantile(share):9.0f}" for share in (0.5, 0.95, 0.99))
        rate = len(self.seconds) / spent
        return f"{name:34}{len(self.seconds):7}{rate:8.1f}{told}{sum(self.errors.values()):8}"


HEADER = f"{'':34}{'asked':>7}{'per s':>8}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'errors':>8}"


@dataclass
class Server:
    """A running `qa serve`."""

    address: str
    pid: int

    def memory(self) -> float:
        """Resident, in MB."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        kilobytes = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(kilobytes.split()[1]) / 1024


@contextmanager
def serving(folder: Path, llm: str, index: Path | None) -> Iterator[Server]:
    """The server over the shipped articles, up and with its language model."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "QA_INDEX": str(index or folder / "index"),
        "QA_CORPUS": str(CORPUS),
        "QA_LLM": llm,
        "QA_PORT": "0",
        "QA_RATE_PER_MINUTE": "0",
    }
    qa = [sys.executable, "-c", "from qa.cli.commands import main; main()"]
    if index is None:
        subprocess.run([*qa, "index"], env=environment, cwd=folder, check=True, capture_output=True)
    with (folder / "log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [*qa, "serve"],
            env=environment,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("Chat page: "), (folder / "log").read_text(encoding="utf-8")
        server = Server(line.removeprefix("Chat page: ").strip(), process.pid)
        wanted = "none" if llm == "none" else "ready"
        while httpx.get(f"{server.address}/readyz").json()["llm"]["state"] != wanted:
            time.sleep(0.5)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(30)
        process.stdout.close()
    assert code == 0, (folder / "log").read_text(encoding="utf-8")


def questions() -> list[dict[str, object]]:
    """The shipped ones, with their histories."""
    asked = rows(CORPUS / "questions.jsonl")
    return [{"question": row["question"], "history": row.get("history", [])} for row in asked]


async def load(
    server: Server, clients: int, seconds: float, *, pause_s: float = 0.0, writing: int = 0
) -> tuple[Asked, Asked]:
    """(extractive, generative) answers of so many clients in so many seconds."""
    quoting, written = Asked(), Asked()
    turns = itertools.cycle(questions())
    started = time.perf_counter()
    until = started + seconds

    async def ask(client: httpx.AsyncClient, answerer: str, told: Asked, pause: float) -> None:
        while (began := time.perf_counter()) < until:
            body = {**next(turns), "answerer": answerer}
            try:
                answer = await client.post("/v1/ask", json=body)
                if answer.status_code == 200:
                    told.seconds.append(time.perf_counter() - began)
                else:
                    told.errors[str(answer.status_code)] += 1
            except httpx.HTTPError as exc:
                told.errors[type(exc).__name__] += 1
            await asyncio.sleep(pause)

    async def watch() -> None:
        while time.perf_counter() < until:
            quoting.memory.append((time.perf_counter() - started, server.memory()))
            await asyncio.sleep(min(5.0, seconds / 10))

    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=server.address, timeout=120, limits=limits) as client:
        people = [ask(client, "extractive", quoting, pause_s) for _ in range(clients)]
        people += [ask(client, "generative", written, 0.0) for _ in range(writing)]
        await asyncio.gather(watch(), *people)
    return quoting, written


def crowd(server: Server, clients: int, seconds: float) -> list[str]:
    """Part 1; the goals that were missed."""
    asyncio.run(load(server, clients, min(10.0, seconds / 4)))  # warm
    told, _ = asyncio.run(load(server, clients, seconds))
    print(HEADER)
    print(told.line(f"{clients} clients, extractive", seconds))
    sizes = [size for _, size in told.memory]
    early, late = (statistics.median(part) for part in (sizes[:3], sizes[-3:]))
    every = max(1, len(told.memory) // 10)
    points = ", ".join(f"{at:.0f} s {size:.0f}" for at, size in told.memory[::every])
    print(f"\nMB resident: {points}; {late - early:+.0f} from beginning to end")
    missed = []
    if told.quantile(0.95) > GOAL_P95_S:
        missed.append(f"p95 is {told.quantile(0.95):.2f} s; the goal is {GOAL_P95_S:g} s")
    if told.errors:
        missed.append(f"errors: {dict(told.errors)}")
    if late > early * (1 + GOAL_GROWTH):
        missed.append(f"memory grew from {early:.0f} to {late:.0f} MB")
    return missed


def beside(server: Server, clients: int, seconds: float, pause_s: float) -> list[str]:
    """Part 2; the goals that were missed."""
    runs = [("alone", 0), ("beside two generative", 2), ("alone again", 0)]
    asyncio.run(load(server, clients, 5, pause_s=pause_s))  # warm
    print(f"\n{HEADER}")
    told = []
    for name, writing in runs:
        quoting, written = asyncio.run(
            load(server, clients, seconds / 3, pause_s=pause_s, writing=writing)
        )
        print(quoting.line(f"{clients} clients, {name}", seconds / 3))
        if writing:
            print(written.line("  the two themselves", seconds / 3))
        told += [quoting, written]
    alone = Asked([*told[0].seconds, *told[4].seconds])
    ratios = {f"p{100 * s:.0f}": told[2].quantile(s) / alone.quantile(s) for s in (0.5, 0.95)}
    print("\ntimes as slow: " + ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items()))
    missed = [
        f"{name} is {ratio:.2f} times as slow; the goal is {GOAL_SLOWER:g}"
        for name, ratio in ratios.items()
        if ratio > GOAL_SLOWER
    ]
    errors = sum((each.errors for each in told), Counter[str]())
    return [*missed, *([f"errors: {dict(errors)}"] if errors else [])]


def main() -> int:
    """Both parts, or one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="of each part")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--beside-clients", type=int, default=10)
    parser.add_argument("--pause", type=float, default=1.0, help="of the clients of part 2, in s")
    parser.add_argument("--llm", default="qwen2.5-coder-0.5b-instruct")
    parser.add_argument("--part", type=int, choices=(1, 2))
    parser.add_argument("--index", type=Path, help="of corpus/, where there is one already")
    arguments = parser.parse_args()
    arguments.index = arguments.index and arguments.index.resolve()
    missed: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if arguments.part != 2:
            with serving(folder, "none", arguments.index) as server:
                missed += crowd(server, arguments.clients, arguments.seconds)
        if arguments.part != 1:
            with serving(folder, arguments.llm, arguments.index) as server:
                missed += beside(
                    server, arguments.beside_clients, arguments.seconds, arguments.pause
                )
    for line in missed:
        print(f"missed: {line}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
