"""Conversations: what was asked and answered, rated and shared, in one SQLite file.

Each row has an owner, and whoever asks for a row names one: nobody reads another's. Only a link's
token opens its answer or its conversation to everybody, and only `ratings` reads all, for whoever
runs the server.
A turn is in a conversation, or it is kept on its own for as long as it is rated or shared. So is
one that was asked again, which its conversation does not show any more but takes along when it is
deleted. Deleting is for good: links and ratings go with their turn, SQLite overwrites the place and
its write-ahead log is emptied. While another process reads the file, as a backup does, the words
stay in both for as long; it is looked after every second, and again when the file is opened.

Answers are documents as `answer_json` makes them. Knows nothing about browsers, logins or pages.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from qa.errors import ConversationsUnusable
from qa.language.terms import fold

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
_TURN = """
SELECT turn.id, turn.answer, turn.asked, link.token, rating.good, rating.comment,
       rating.correction, rating.unanswerable
FROM turn LEFT JOIN link ON link.turn_id = turn.id LEFT JOIN rating ON rating.turn_id = turn.id
"""
_CONVERSATION = """
SELECT c.id, c.title, c.changed, (SELECT count(*) FROM turn t WHERE t.owner = c.owner
       AND t.conversation_id = c.id AND NOT t.replaced), c.pinned, c.token
FROM conversation c WHERE c.owner = ?
"""
# A word is found in the title or in any turn.
_HAS_WORD = """
AND (instr(c.folded, ?) OR EXISTS (
    SELECT 1 FROM turn t WHERE t.owner = c.owner AND t.conversation_id = c.id
    AND NOT t.replaced AND instr(t.folded, ?)))
"""
_LONGEST_TITLE = 80


def new_id() -> str:
    """An id that nobody guesses: 128 bits."""
    return secrets.token_urlsafe(16)


def _new_token() -> str:
    return secrets.token_urlsafe(24)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Rating:
    """What a person says of an answer.

    Attributes:
        good: thumbs up, else thumbs down.
        comment: in their own words; may be empty.
        correction: what the right answer is; may be empty.
        unanswerable: the right answer is that the articles do not say.
    """

    good: bool
    comment: str = ""
    correction: str = ""
    unanswerable: bool = False


@dataclass(frozen=True, slots=True)
class KeptTurn:
    """A question and its answer.

    Attributes:
        id: unique, unguessable.
        document: the answer as `kept.to_document` makes it.
        asked: when, in UTC.
        rating: what its owner said of it, if anything.
        token: of the link under which it is shared, if it is.
    """

    id: str
    document: Mapping[str, Any]
    asked: datetime = field(default_factory=_now)
    rating: Rating | None = None
    token: str | None = None

    @property
    def question(self) -> str:
        """As typed."""
        return str(self.document["question"])


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a list shows of one.

    Attributes:
        id: unique among the owner's.
        title: its first question until it is renamed.
        changed: when a turn was added last, in UTC.
        turns: how many it has.
        pinned: whether it stands above those that are not.
        token: of the link under which all of it is shared, if it is.
    """

    id: str
    title: str
    changed: datetime
    turns: int
    pinned: bool = False
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Shared:
    """What a link shows: all turns of a conversation as it is now, or one answer."""

    title: str
    turns: tuple[KeptTurn, ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class Link:
    """A link that an owner has given out.

    Attributes:
        token: what its address ends in.
        title: of the conversation; of one answer, its question.
        whole: whether it shows a conversation.
        id: of the conversation, or of the turn.
    """

    token: str
    title: str
    whole: bool
    id: str


class Conversations:
    """The file. Safe to use from several threads and, SQLite seeing to it, processes."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._erasing = False

    @classmethod
    def open(cls, path: Path, *, create: bool = True) -> Self:
        """Open the file; a new one can be read by its owner on this machine only.

        Raises:
            ConversationsUnusable: it is missing and not to be created, cannot be written, is
                damaged, or was written by a later version.
        """
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

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
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
    def _transaction(self, *, erasing: bool = False) -> Iterator[sqlite3.Connection]:
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

    # Conversations

    def keep(self, owner: str, conversation: str, turn: KeptTurn, *, instead_of: str = "") -> None:
        """Add a turn to the end of a conversation, which begins with it when it is new.

        Args:
            instead_of: a turn that it replaces; rated or shared, that one stays on its own.
        """
        with self._transaction(erasing=bool(instead_of)) as connection:
            title = _title(turn.question)
            connection.execute(
                "INSERT INTO conversation (owner, id, title, folded, changed) "
                "VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (owner, id) DO UPDATE SET changed = excluded.changed",
                (owner, conversation, title, fold(title), _written(_now())),
            )
            connection.execute(
                "INSERT INTO turn SELECT ?1, ?2, ?3, ifnull(max(place), 0) + 1, ?4, ?5, ?6, 0 "
                "FROM turn WHERE owner = ?2 AND conversation_id = ?3",
                _values(owner, turn, conversation),
            )
            if instead_of:
                connection.execute(
                    "UPDATE turn SET replaced = 1 WHERE owner = ? AND id = ?", (owner, instead_of)
                )
                _sweep(connection, owner)

    def find(self, owner: str, search: str = "", most: int = 100) -> list[Conversation]:
        """The pinned first, then the newest.

        Args:
            search: words that they all have, compared without case and accents.
            most: how many at most.
        """
        words = fold(search).split()
        return self._listed(
            _HAS_WORD * len(words) + " ORDER BY c.pinned DESC, c.changed DESC LIMIT ?",
            (owner, *(word for word in words for _ in range(2)), most),
        )

    def read(self, owner: str, id: str) -> tuple[Conversation, list[KeptTurn]] | None:
        """A conversation and its turns, oldest first; None when the owner has none of this id."""
        with self._lock:
            found = self._listed("AND c.id = ?", (owner, id))
            return (found[0], self._turns_of(owner, id)) if found else None

    def pin(self, owner: str, id: str, pinned: bool) -> bool:
        """Put it above the others, or back among them; False when there is no such conversation."""
        query = "UPDATE conversation SET pinned = ? WHERE owner = ? AND id = ?"
        return self._changes(query, (pinned, owner, id))

    def rename(self, owner: str, id: str, title: str) -> bool:
        """Give it another title; False when there is no such conversation or no title."""
        title = _title(title)
        query = "UPDATE conversation SET title = ?, folded = ? WHERE owner = ? AND id = ? AND ?"
        return self._changes(query, (title, fold(title), owner, id, bool(title)))

    def delete(self, owner: str, id: str) -> bool:
        """Delete it with its links and ratings; False when there is no such conversation."""
        query = "DELETE FROM conversation WHERE owner = ? AND id = ?"
        return self._changes(query, (owner, id), erasing=True)

    def _changes(self, query: str, values: Sequence[object], *, erasing: bool = False) -> bool:
        with self._transaction(erasing=erasing) as connection:
            return connection.execute(query, values).rowcount > 0

    def delete_all(self, owner: str) -> None:
        """Delete all that the owner has: conversations, links, ratings."""
        with self._transaction(erasing=True) as connection:
            connection.execute("DELETE FROM conversation WHERE owner = ?", (owner,))
            connection.execute("DELETE FROM turn WHERE owner = ?", (owner,))

    # Ratings and links

    def rate(self, owner: str, turn: KeptTurn, rating: Rating | None) -> None:
        """Rate a turn, or take the rating back. One that is in no conversation is kept for it."""
        with self._transaction(erasing=True) as connection:  # a rating may replace another
            if rating is None:
                connection.execute(
                    "DELETE FROM rating WHERE turn_id IN "
                    "(SELECT id FROM turn WHERE owner = ? AND id = ?)",
                    (owner, turn.id),
                )
                _sweep(connection, owner)
            elif _save(connection, owner, turn):
                connection.execute(
                    "INSERT OR REPLACE INTO rating VALUES (?, ?, ?, ?, ?, ?)",
                    (turn.id, *astuple(rating), _written(_now())),
                )

    def share(self, owner: str, turn: KeptTurn) -> str | None:
        """The token of the link to a turn, made when it has none; None for another's turn."""
        with self._transaction() as connection:
            if not _save(connection, owner, turn):
                return None
            connection.execute(
                "INSERT OR IGNORE INTO link VALUES (?, ?, ?)",
                (_new_token(), turn.id, _written(_now())),
            )
            select = "SELECT token FROM link WHERE turn_id = ?"
            ((token,),) = connection.execute(select, (turn.id,)).fetchall()
            return str(token)

    def share_conversation(self, owner: str, id: str) -> str | None:
        """The token of the link to a conversation, made when it has none; None for another's."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE conversation SET token = ? WHERE owner = ? AND id = ? AND token IS NULL",
                (_new_token(), owner, id),
            )
            select = "SELECT token FROM conversation WHERE owner = ? AND id = ?"
            rows = connection.execute(select, (owner, id)).fetchall()
            return rows[0][0] if rows else None

    def revoke(self, owner: str, token: str) -> bool:
        """End a link; False when the owner has no such link."""
        with self._transaction(erasing=True) as connection:
            answers = connection.execute(
                "DELETE FROM link WHERE token = ? AND turn_id IN "
                "(SELECT id FROM turn WHERE owner = ?)",
                (token, owner),
            )
            whole = connection.execute(
                "UPDATE conversation SET token = NULL WHERE token = ? AND owner = ?", (token, owner)
            )
            _sweep(connection, owner)
        return answers.rowcount + whole.rowcount > 0

    def shared(self, token: str) -> Shared | None:
        """What a link shows, to whoever has it; None when there is none any more."""
        select = "SELECT owner, id, title FROM conversation WHERE token = ?"
        with self._lock:
            for owner, id, title in self._rows(select, (token,)):
                turns = self._turns_of(owner, id)
                return Shared(title, tuple(turns), whole=True) if turns else None
            for turn in self._turns("WHERE link.token = ?", token):
                return Shared(turn.question, (turn,), whole=False)
        return None

    def links(self, owner: str) -> list[Link]:
        """What the owner shares: conversations, the newest first; answers, in the order asked."""
        whole = self._rows(
            "SELECT token, title, id FROM conversation WHERE owner = ? AND token IS NOT NULL "
            "ORDER BY changed DESC",
            (owner,),
        )
        turns = self._turns("WHERE link.token IS NOT NULL AND turn.owner = ?", owner)
        return [Link(token, title, True, id) for token, title, id in whole] + [
            Link(turn.token, turn.question, False, turn.id) for turn in turns if turn.token
        ]

    def ratings(self) -> list[KeptTurn]:
        """Every rated turn of every owner, the oldest rating first."""
        return self._turns("WHERE rating.turn_id IS NOT NULL", order="rating.given")

    def _listed(self, more: str, values: Sequence[object]) -> list[Conversation]:
        return [
            Conversation(id, title, _read(changed), turns, bool(pinned), token)
            for id, title, changed, turns, pinned, token in self._rows(_CONVERSATION + more, values)
        ]

    def _turns_of(self, owner: str, conversation: str) -> list[KeptTurn]:
        where = "WHERE turn.owner = ? AND conversation_id = ? AND NOT replaced"
        return self._turns(where, owner, conversation)

    def _turns(self, where: str, *values: object, order: str = "place, asked") -> list[KeptTurn]:
        rows = self._rows(f"{_TURN} {where} ORDER BY {order}", values)
        return [
            KeptTurn(
                id,
                json.loads(answer),
                _read(asked),
                None
                if good is None
                else Rating(bool(good), comment, correction, bool(unanswerable)),
                token,
            )
            for id, answer, asked, token, good, comment, correction, unanswerable in rows
        ]


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


def _values(owner: str, turn: KeptTurn, conversation: str | None = None) -> tuple[object, ...]:
    document = json.dumps(turn.document, ensure_ascii=False)
    asked, searched = _written(turn.asked), _searched(turn.document)
    return turn.id, owner, conversation, asked, document, searched


def _save(connection: sqlite3.Connection, owner: str, turn: KeptTurn) -> bool:
    """Keep a turn on its own unless it is kept; whether it is the owner's."""
    connection.execute(
        "INSERT OR IGNORE INTO turn VALUES (?, ?, ?, 0, ?, ?, ?, 0)", _values(owner, turn)
    )
    select = "SELECT 1 FROM turn WHERE id = ? AND owner = ?"
    return bool(connection.execute(select, (turn.id, owner)).fetchall())


def _sweep(connection: sqlite3.Connection, owner: str) -> None:
    """Delete the turns that nothing keeps any more."""
    connection.execute(
        "DELETE FROM turn WHERE owner = ? AND (conversation_id IS NULL OR replaced) "
        "AND id NOT IN (SELECT turn_id FROM rating) AND id NOT IN (SELECT turn_id FROM link)",
        (owner,),
    )


def _title(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_TITLE else f"{text[: _LONGEST_TITLE - 1]}…"


def _searched(document: Mapping[str, Any]) -> str:
    """What a search of conversations looks at."""
    cited = [c[name] or "" for c in document["citations"] for name in ("title", "source", "quote")]
    return fold("\n".join((document["question"], document["answer"], *cited)))


def _written(moment: datetime) -> str:
    """Text that sorts as time does."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _read(moment: str) -> datetime:
    return datetime.fromisoformat(moment)
