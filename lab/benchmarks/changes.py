"""What one article more, changed or gone costs an index of any size.

    python -m lab.benchmarks.changes INDEX

INDEX is one that `lab.benchmarks.scale --keep` has made; a copy of it is changed.
Each line is a step with the seconds that pass, those of the processor and the megabytes written;
each is done twice, since the first loads Chroma. Then a reader opens the index and asks.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab.benchmarks.measured import RandomEmbedder
from qa.documents.filters import Filters
from qa.index.build import index_paths, remove_articles
from qa.index.directory import Manifest
from qa.index.live import LiveIndex
from qa.models import Embedder
from qa.settings import Settings

_TEXT = "The new bridge of the town was opened on Monday. It cost four million."


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("index", type=Path)
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        shutil.copytree(parser.parse_args().index, home / "index")
        settings = Settings.load({"index": home / "index"})
        made_with = Manifest.read(settings.index).embedder
        embedder = RandomEmbedder() if made_with == "random" else Embedder.open(settings)
        print("step|seconds|processor s|MB written")
        measure(settings, home / "more", embedder)


def measure(settings: Settings, folder: Path, embedder: Any) -> None:
    """Change the index at `settings.index`, with files in a new folder, and print each step."""
    folder.mkdir()

    def add(text: str) -> None:
        row = {"id": "new", "title": "A new bridge", "text": text, "date": "2024-05-06"}
        (folder / "new.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
        index_paths([folder], settings, embedder)

    def ask() -> None:
        live = LiveIndex(settings.index, embedder, settings)
        with live.current() as index:
            index.nearest(embedder.queries(["bridge"])[0], settings.candidates, Filters())
        live.close()

    for _ in range(2):
        timed("added", lambda: add(_TEXT))
        timed("changed", lambda: add(f"{_TEXT} It rained."))
        timed("nothing new", lambda: add(f"{_TEXT} It rained."))
        timed("removed", lambda: remove_articles(["new"], settings))
        timed("a reader opens and asks", ask)


def timed(name: str, step: Callable[[], object]) -> None:
    """Do a step and print what it took."""
    written, started, computed = _written_mb(), time.perf_counter(), time.process_time()
    step()
    print(
        f"{name}|{time.perf_counter() - started:.2f}|{time.process_time() - computed:.2f}"
        f"|{_written_mb() - written:.1f}",
        flush=True,
    )


def _written_mb() -> float:
    """What this process has written to disk so far, on Linux."""
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return int(dict(line.split(": ") for line in lines)["write_bytes"]) / 1e6


if __name__ == "__main__":
    main()
