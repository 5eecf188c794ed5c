"""A PostgreSQL server of the tests' own, on the loopback interface."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

_BIN = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path())
needs_postgres = pytest.mark.skipif(
    not (_BIN / "initdb").exists(), reason="no PostgreSQL: run `make postgres`"
)
# It does not run as root.
_USER: dict[str, Any] = (
    {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
)


class Postgres:
    """The server.

    Attributes:
        url: of its database.
        data: where its files are.
    """

    def __init__(self, folder: Path) -> None:
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self._port = free.getsockname()[1]
        self._folder = folder
        self.data = folder / "data"
        self.url = f"postgresql://qa:secret@127.0.0.1:{self._port}/postgres"
        (folder / "password").write_text("secret", encoding="ascii")
        if _USER:
            for path in (folder, folder / "password"):
                shutil.chown(path, _USER["user"], _USER["group"])
        made = ["--username", "qa", "--pwfile", folder / "password", "--auth", "scram-sha-256"]
        self._run("initdb", "--pgdata", self.data, *made, "--encoding", "UTF8", "--no-sync")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-p {self._port} -h 127.0.0.1 -k {self._folder} -F"
        self._run(
            "pg_ctl", "start", "-w", "-D", self.data, "-l", self._folder / "log", "-o", options
        )

    def stop(self) -> None:
        """Stop it without a farewell, as a machine that fails does."""
        self._run("pg_ctl", "stop", "-w", "-D", self.data, "-m", "immediate")

    def query(self, statement: str) -> str:
        """What psql prints for it."""
        return self._run(
            "psql", self.url, "--tuples-only", "--no-align", "--quiet", "-c", statement
        )

    def _run(self, program: str, *arguments: object) -> str:
        command = [str(_BIN / program), *map(str, arguments)]
        # Not a pipe for the server, which would keep it open.
        with tempfile.TemporaryFile("w+") as said:
            done = subprocess.run(command, stdout=said, stderr=said, cwd="/", check=False, **_USER)
            said.seek(0)
            text = said.read().strip()
        assert done.returncode == 0, text
        return text


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """A server that runs for as long as the block."""
    # In a folder that another user may reach, and with a short name, which its socket needs.
    with tempfile.TemporaryDirectory(prefix="qa-postgres-") as name:
        server = Postgres(Path(name))
        server.start()
        try:
            yield server
        finally:
            server.stop()
