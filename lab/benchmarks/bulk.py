"""The same articles indexed by both engines: this process, and a Ray cluster.

    python -m lab.benchmarks.bulk [docs.jsonl[.gz] ...] [--chunks 2000] [--embedder random]

Each runs in a process of its own over the same eight files, Ray on the cluster that RAY_ADDRESS
names, else on this machine's cores. Told are seconds; processor seconds of the driver, which
decides and writes, and chunks in each of them, a bound to what any number of machines can do; the
most memory of the driver and of all processes below it, none of other machines; and whether both
archives hold the same rows. With `--embedder random` vectors cost nothing and the rest is left.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from lab import ROOT
from lab.benchmarks.measured import RandomEmbedder, open_embedder, peak_mb
from lab.benchmarks.scale import _fields, take
from qa.index.build import index_paths
from qa.index.ray_engine import RayEngine
from qa.settings import Settings

FILES = 8


def main() -> None:
    """Run both, print a line for each and whether they agree."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("articles", nargs="*", type=Path)
    parser.add_argument("--chunks", type=int, default=2000)
    parser.add_argument("--embedder", choices=("real", "random"), default="real")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        (home / "articles").mkdir()
        for n, article in enumerate(take(arguments.articles, arguments.chunks)):
            with (home / "articles" / f"{n % FILES}.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(_fields(article), ensure_ascii=False) + "\n")
        for engine in ("local", "ray"):
            job = {"home": temporary, "engine": engine, "embedder": arguments.embedder, "pace": 0}
            command = [sys.executable, "-m", "lab.benchmarks.bulk", "--job", json.dumps(job)]
            subprocess.run(command, check=True, cwd=ROOT)
        print("the same rows:", _rows(home / "local") == _rows(home / "ray"))


def run(job: dict[str, Any]) -> None:
    """Index once, and print what it took."""
    home, name = Path(job["home"]), job["engine"]
    settings = Settings.load({"index": home / name})
    embedder = open_embedder(job, settings)
    most = [0.0]
    threading.Thread(target=_watch, args=(most,), daemon=True).start()
    started = time.perf_counter()
    opener = (lambda _: RandomEmbedder()) if job["embedder"] == "random" else None
    engine = RayEngine(settings, embedder, opener) if name == "ray" else None
    ready, computed = time.perf_counter(), time.process_time()
    report = index_paths([home / "articles"], settings, embedder, engine=engine)
    computed, ended = time.process_time() - computed, time.perf_counter()
    row = {
        "engine": name,
        "chunks": report.embedded,
        "start_s": round(ready - started, 1),
        "index_s": round(ended - ready, 1),
        "driver_processor_s": round(computed, 1),
        "chunks_per_driver_s": round(report.embedded / computed),
        "driver_mb": round(peak_mb()),
        "below_mb": round(most[0]),
    }
    print(json.dumps(row), flush=True)


def _watch(most: list[float]) -> None:
    """Note the most memory that the processes below this one hold together."""
    while True:
        parents, sizes = {}, {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # has ended
                continue
            parents[int(folder.name)] = int(fields[1])
            sizes[int(folder.name)] = int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 1e6
        below = {os.getpid()}
        while more := {p for p, parent in parents.items() if parent in below} - below:
            below |= more
        most[0] = max(most[0], sum(sizes[p] for p in below - {os.getpid()}))
        time.sleep(0.5)


def _rows(index: Path) -> dict[str, list[Any]]:
    [path] = index.glob("*/articles.sqlite")
    with closing(sqlite3.connect(path)) as archive:
        return {
            name: archive.execute(f"SELECT rowid, * FROM {name}").fetchall()
            for name in ("article", "chunk", "searched", "paged")
        }


if __name__ == "__main__":
    run(json.loads(sys.argv[2])) if sys.argv[1:2] == ["--job"] else main()
