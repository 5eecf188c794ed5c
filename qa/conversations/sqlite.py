"""SQLite: the tables of conversations in one file.

What is deleted is overwritten and the write-ahead log emptied. While another process reads the
file, as a backup does, the words stay in both for as long; it is looked after every second, and
again when the file is opened.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from qa.errors import ConversationsUnusable

_VERSION = 3
_SCHEMA = """
CREATE TABLE IF NOT EXISTS conversation (
    owner TEXT NOT NULL, id TEXT NOT NULL, title TEXT NOT NULL, folded TEXT NOT NULL,
    changed TEXT NOT NULL, pinned INTEGER NOT NULL DEFAULT 0, token TEXT, PRIMARY KEY (owner, id)
);
CREATE UNIQUE INDEX IF NOT EXISTS conversation_token ON conversation (token);
CREATE TABLE IF NOT EXISTS turn (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, conversation_id TEXT, place INTEGER NOT NULL,
    asked TEXT NOT NULL, answer TEXT NOT NULL, folded TEXT NOT NULL,
    replaced INTEGER NOT NULL DEFAULT 0,
    FOREIGN KEY (owner, conversation_id) REFERENCES conversation (owner, id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS turn_conversation ON turn (owner, conversation_id);
CREATE TABLE IF NOT EXISTS rating (
    turn_id TEXT PRIMARY KEY REFERENCES turn (id) ON DELETE CASCADE, good INTEGER NOT NULL,
    comment TEXT NOT NULL, correction TEXT NOT NULL, unanswerable INTEGER NOT NULL,
    given TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS link (
    token TEXT PRIMARY KEY, turn_id TEXT NOT NULL UNIQUE REFERENCES turn (id) ON DELETE CASCADE,
    shared TEXT NOT NULL
);
"""
# From a version to the next. In the first, asking again took the turn out of its conversation at
# once, which could stay behind without any.
_STEPS = {
    1: """
ALTER TABLE turn ADD COLUMN replaced INTEGER NOT NULL DEFAULT 0;
DELETE FROM conversation WHERE NOT EXISTS (
    SELECT 1 FROM turn t WHERE t.owner = conversation.owner AND t.conversation_id = conversation.id
);
""",
    2: """
ALTER TABLE conversation ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversation ADD COLUMN token TEXT;
""",
}
# How long to wait for others that open or write the file.
_PATIENCE_S = 30
# How often it is tried again to empty the log, while another reads from it.
_ERASE_EVERY_S = 1.0


class File:
    """The file. Safe to use from several threads and, SQLite seeing to it, processes."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._erasing = False

    @classmethod
    def open(cls, path: Path, *, create: bool = True) -> Self:
        """Open the file; see `Conversations.open`."""
        try:
            if create:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch(mode=0o600)
            connection = _connect(path)
        except (OSError, sqlite3.DatabaseError) as exc:
            raise ConversationsUnusable(
                f"the conversations at {path} cannot be opened ({exc}). Set QA_CONVERSATIONS to a "
                "file that can be written, or QA_KEEP=nothing."
            ) from exc
        return cls(connection, path)

    def close(self) -> None:
        """Close the file. The last who closes it empties its log."""
        self._closed.set()
        with self._lock:
            self._connection.close()

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a statement."""
        with self._using() as connection:
            return connection.execute(query, values).fetchall()

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._connection
            except sqlite3.DatabaseError as exc:
                raise ConversationsUnusable(
                    f"the conversations at {self._path} cannot be read or written ({exc})."
                ) from exc

    @contextmanager
    def transaction(self, *, erasing: bool = False) -> Iterator[sqlite3.Connection]:
        """All of it or nothing; `erasing` leaves no bytes of what it deletes in the log."""
        with self._using() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # SQLite ends it itself where the disk is full
                    connection.execute("ROLLBACK")
                raise
            if erasing and not _erased(connection) and not self._erasing:
                self._erasing = True
                threading.Thread(target=self._erase, daemon=True, name="qa-erasing").start()

    def _erase(self) -> None:
        """In a thread: empty the log, as soon as nobody reads from it any more."""
        while not self._closed.wait(_ERASE_EVERY_S):
            with self._using() as connection:
                self._erasing = False  # also when this fails
                if self._closed.is_set() or _erased(connection):
                    return
                self._erasing = True


def _connect(path: Path) -> sqlite3.Connection:
    """The file as it is written today, whatever version of us wrote it.

    Its version is read in the transaction that changes it: of two that open an old file at once,
    the second finds it brought up to date.
    """
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=_PATIENCE_S,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("BEGIN IMMEDIATE")
        ((version,),) = connection.execute("PRAGMA user_version").fetchall()
        if version > _VERSION:
            raise ConversationsUnusable(
                f"{path} was written by a later version of qa; use that one, or set "
                "QA_CONVERSATIONS to another file."
            )
        _bring_up_to_date(connection, version)
        connection.execute("COMMIT")
        _write_ahead(connection)
        _erased(connection)  # what a killed process left
    except BaseException:
        connection.close()
        raise
    return connection


def _bring_up_to_date(connection: sqlite3.Connection, version: int) -> None:
    """In the open transaction, which `executescript` would end."""
    if version == _VERSION:
        return
    steps = [_STEPS[step] for step in range(version, _VERSION)] if version else []  # 0: a new file
    for statement in "".join([*steps, _SCHEMA]).split(";"):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {_VERSION}")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Write to a log first. SQLite itself does not wait for others that open the file."""
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _erased(connection: sqlite3.Connection) -> bool:
    """Empty the log, and with it what was deleted; False while another connection reads.

    Nobody waits for that one: it may read for as long as it likes.
    """
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        ((busy, _, _),) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {1000 * _PATIENCE_S}")
    return not busy
