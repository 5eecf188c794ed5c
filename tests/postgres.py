"""A PostgreSQL server of the tests' own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_BIN = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
needs_postgres = pytest.mark.skipif(_BIN is None, reason="PostgreSQL is not installed")
_USER = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}


@dataclass
class Postgres:
    url: str
    folder: Path
    port: int

    def start(self) -> None:
        options = f"-p {self.port} -h 127.0.0.1 -k {self.folder} -F"
        self._ctl("start", "-o", options, "-l", f"{self.folder}/log")

    def stop(self) -> None:
        self._ctl("stop", "-m", "immediate")

    def _ctl(self, *what: str) -> None:
        subprocess.run(
            [_BIN / "pg_ctl", "-w", "-D", self.folder / "data", *what],
            check=True,
            cwd="/",
            stdout=subprocess.DEVNULL,
            **_USER,
        )


@contextmanager
def postgres_server(folder: Path) -> Iterator[Postgres]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    place = Path(tempfile.mkdtemp(prefix="qa-postgres-"))
    if _USER:
        shutil.chown(place, "postgres", "postgres")
    try:
        subprocess.run(
            [
                _BIN / "initdb",
                "-D",
                place / "data",
                "-U",
                "qa",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale",
                "C",
            ],
            check=True,
            cwd="/",
            stdout=subprocess.DEVNULL,
            **_USER,
        )
        server = Postgres(f"postgresql://qa@127.0.0.1:{port}/postgres", place, port)
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(place)
