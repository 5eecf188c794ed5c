"""PostgreSQL: the tables of conversations in a schema of their own, for apps on several machines.

A row that is deleted is gone for whoever asks. VACUUM, at most once a second, then frees its space
for other rows; its bytes stay in the server's files until something is written over them (see
docs/security.md).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from pydantic import SecretStr

from qa.database import Database, rows
from qa.errors import ConversationsUnusable

if TYPE_CHECKING:
    from sqlalchemy import Connection, CursorResult

log = logging.getLogger(__name__)

_VERSION = 1
_SCHEMA = """
CREATE SCHEMA IF NOT EXISTS qa_conversations;
CREATE TABLE IF NOT EXISTS qa_conversations.version (number INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS qa_conversations.conversation (
    owner TEXT NOT NULL, id TEXT NOT NULL, title TEXT NOT NULL, folded TEXT NOT NULL,
    changed TEXT COLLATE "C" NOT NULL, pinned INTEGER NOT NULL DEFAULT 0, token TEXT UNIQUE,
    PRIMARY KEY (owner, id)
);
CREATE TABLE IF NOT EXISTS qa_conversations.turn (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, conversation_id TEXT, place INTEGER NOT NULL,
    asked TEXT COLLATE "C" NOT NULL, answer TEXT NOT NULL, folded TEXT NOT NULL,
    replaced INTEGER NOT NULL DEFAULT 0,
    FOREIGN KEY (owner, conversation_id)
        REFERENCES qa_conversations.conversation (owner, id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS turn_conversation ON qa_conversations.turn (owner, conversation_id);
CREATE TABLE IF NOT EXISTS qa_conversations.rating (
    turn_id TEXT PRIMARY KEY REFERENCES qa_conversations.turn (id) ON DELETE CASCADE,
    good INTEGER NOT NULL, comment TEXT NOT NULL, correction TEXT NOT NULL,
    unanswerable INTEGER NOT NULL, given TEXT COLLATE "C" NOT NULL
);
CREATE TABLE IF NOT EXISTS qa_conversations.link (
    token TEXT PRIMARY KEY,
    turn_id TEXT NOT NULL UNIQUE REFERENCES qa_conversations.turn (id) ON DELETE CASCADE,
    shared TEXT COLLATE "C" NOT NULL
);
CREATE OR REPLACE FUNCTION qa_conversations.instr(text, text) RETURNS integer
    LANGUAGE sql IMMUTABLE AS $$ SELECT strpos($1, $2) $$;
INSERT INTO qa_conversations.version SELECT {0}
    WHERE NOT EXISTS (SELECT 1 FROM qa_conversations.version);
"""
_LOCK = 0x71612D74616C6B73  # any number, the same for all of us: who makes the tables
_VACUUM = "VACUUM qa_conversations.{}"
# How often space is freed at most.
_ERASE_EVERY_S = 1.0
_TABLES = ("conversation", "turn", "rating", "link")


class Tables:
    """The tables. Safe to use from several threads, processes and machines."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._erasing = threading.Lock()
        self._to_erase = threading.Event()
        self._closed = threading.Event()
        self._eraser = threading.Thread()

    @classmethod
    def open(cls, url: SecretStr) -> Self:
        """Connect, and make the tables where there are none.

        Raises:
            ConversationsUnusable: no server answers, or a later version has made the tables.
            SettingsError, MissingExtra: see `Database.open`.
        """
        database = Database.open(url, ConversationsUnusable)
        try:
            with database.transaction() as connection:
                rows(connection, "SELECT pg_advisory_xact_lock(?)", (_LOCK,))
                # Made once: later, a user who may not create anything can open them.
                made = "SELECT to_regclass('qa_conversations.version') IS NOT NULL"
                if rows(connection, made) == [(False,)]:
                    rows(connection, _SCHEMA.format(_VERSION))
                ((version,),) = rows(connection, "SELECT number FROM qa_conversations.version")
            if version > _VERSION:
                raise ConversationsUnusable(
                    "the conversations in the database were written by a later version of qa; "
                    "use that."
                )
        except BaseException:
            database.close()
            raise
        return cls(database)

    def close(self) -> None:
        """Close the connections, after what is to be erased."""
        self._closed.set()
        if self._eraser.ident is not None:
            self._eraser.join()
        with self._erasing:
            self._database.close()

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a statement."""
        with self.transaction() as statements:
            return [tuple(row) for row in statements.execute(query, values).fetchall()]

    @contextmanager
    def transaction(self, *, erasing: bool = False) -> Iterator[_Statements]:
        """All of it or nothing; `erasing` frees the space of what it deletes soon after."""
        with self._database.transaction() as connection:
            rows(connection, "SET LOCAL search_path TO qa_conversations")
            yield _Statements(connection)
        if erasing and not self._to_erase.is_set():
            self._to_erase.set()
            self._eraser = threading.Thread(target=self._erase, name="qa-erasing")
            self._eraser.start()

    def _erase(self) -> None:
        """In a thread: one at a time, and one for all that was deleted meanwhile."""
        with self._erasing:
            self._closed.wait(_ERASE_EVERY_S)
            self._to_erase.clear()
            try:
                for table in _TABLES:
                    self._database.alone(_VACUUM.format(table))
            except ConversationsUnusable:
                log.exception("deleted rows keep their space until the next deletion")


class _Statements:
    """A transaction, spoken to as SQLite is."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, query: str, values: Sequence[object] = ()) -> CursorResult[Any]:
        # PostgreSQL's text has no room for the one character that C ends strings with.
        given = tuple(v.replace("\0", "") if isinstance(v, str) else v for v in values)
        return self._connection.exec_driver_sql(query.replace("?", "%s"), given or None)
