"""Conversations: what was asked and answered, rated and shared, in a few tables.

Each row has an owner, and whoever asks for a row names one: nobody reads another's. Only a link's
token opens its answer or its conversation to everybody, and only `ratings` reads all, for whoever
runs the server.
A turn is in a conversation, or it is kept on its own for as long as it is rated or shared. So is
one that was asked again, which its conversation does not show any more but takes along when it is
deleted. Deleting is for good: links and ratings go with their turn.

The tables lie in a file (see `sqlite`) or in a database (`postgres`), in the same words of SQL.
Answers are documents as `answer_json` makes them. Knows nothing about browsers, logins or pages.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import astuple, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, Self

from qa.language.terms import fold
from qa.settings import Settings

_INSERT = "INSERT INTO turn VALUES (?, ?, ?, ?, ?, ?, ?, 0)"
_TURN = """
SELECT turn.id, turn.answer, turn.asked, link.token, rating.good, rating.comment,
       rating.correction, rating.unanswerable
FROM turn LEFT JOIN link ON link.turn_id = turn.id LEFT JOIN rating ON rating.turn_id = turn.id
"""
_CONVERSATION = """
SELECT c.id, c.title, c.changed, (SELECT count(*) FROM turn t WHERE t.owner = c.owner
       AND t.conversation_id = c.id AND t.replaced = 0), c.pinned, c.token
FROM conversation c WHERE c.owner = ?
"""
# A word is found in the title or in any turn.
_HAS_WORD = """
AND (instr(c.folded, ?) > 0 OR EXISTS (
    SELECT 1 FROM turn t WHERE t.owner = c.owner AND t.conversation_id = c.id
    AND t.replaced = 0 AND instr(t.folded, ?) > 0))
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


class Cursor(Protocol):
    """What a statement has done."""

    @property
    def rowcount(self) -> int: ...
    def fetchall(self) -> Sequence[Any]: ...


class Statements(Protocol):
    """A transaction that is open."""

    def execute(self, query: str, values: Sequence[object] = ()) -> Cursor: ...


class Place(Protocol):
    """Where the tables are: `sqlite.File` or `postgres.Tables`."""

    def rows(self, query: str, values: Sequence[object] = ()) -> Sequence[Any]:
        """All rows."""
        ...

    def transaction(self, *, erasing: bool = False) -> AbstractContextManager[Statements]:
        """All of it or nothing; `erasing` leaves nothing of what it deletes, as far as it can."""
        ...

    def close(self) -> None: ...


class Conversations:
    """What is kept, wherever the tables are. Safe to use from several threads and processes."""

    def __init__(self, place: Place) -> None:
        self._rows = place.rows
        self._transaction = place.transaction
        self.close = place.close

    @classmethod
    def open(cls, path: Path, *, create: bool = True) -> Self:
        """Open a file; a new one can be read by its owner on this machine only.

        Raises:
            ConversationsUnusable: it is missing and not to be created, cannot be written, is
                damaged, or was written by a later version.
        """
        from qa.conversations.sqlite import File

        return cls(File.open(path, create=create))

    @classmethod
    def of(cls, settings: Settings, *, create: bool = True) -> Self:
        """Open those of the database that the settings name, else of the file.

        Raises:
            ConversationsUnusable: as `open`; or no database answers.
        """
        if settings.database_url is None:
            return cls.open(settings.conversations_file, create=create)
        from qa.conversations.postgres import Tables

        return cls(Tables.open(settings.database_url))

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
            before = "SELECT max(place) FROM turn WHERE owner = ? AND conversation_id = ?"
            ((last,),) = connection.execute(before, (owner, conversation)).fetchall()
            connection.execute(_INSERT, _values(owner, turn, conversation, (last or 0) + 1))
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
        found = self._listed("AND c.id = ?", (owner, id))
        return (found[0], self._turns_of(owner, id)) if found else None

    def pin(self, owner: str, id: str, pinned: bool) -> bool:
        """Put it above the others, or back among them; False when there is no such conversation."""
        query = "UPDATE conversation SET pinned = ? WHERE owner = ? AND id = ?"
        return self._changes(query, (int(pinned), owner, id))

    def rename(self, owner: str, id: str, title: str) -> bool:
        """Give it another title; False when there is no such conversation or no title."""
        title = _title(title)
        query = "UPDATE conversation SET title = ?, folded = ? WHERE owner = ? AND id = ?"
        return bool(title) and self._changes(query, (title, fold(title), owner, id))

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
                good, comment, correction, unanswerable = astuple(rating)
                connection.execute(
                    "INSERT INTO rating VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (turn_id) DO UPDATE "
                    "SET good = excluded.good, comment = excluded.comment, correction = "
                    "excluded.correction, unanswerable = excluded.unanswerable, given = "
                    "excluded.given",
                    (turn.id, int(good), comment, correction, int(unanswerable), _written(_now())),
                )

    def share(self, owner: str, turn: KeptTurn) -> str | None:
        """The token of the link to a turn, made when it has none; None for another's turn."""
        with self._transaction() as connection:
            if not _save(connection, owner, turn):
                return None
            connection.execute(
                "INSERT INTO link VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
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
        where = "WHERE turn.owner = ? AND conversation_id = ? AND replaced = 0"
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


def _values(owner: str, turn: KeptTurn, conversation: str | None, place: int) -> tuple[object, ...]:
    document = json.dumps(turn.document, ensure_ascii=False)
    asked, searched = _written(turn.asked), _searched(turn.document)
    return turn.id, owner, conversation, place, asked, document, searched


def _save(connection: Statements, owner: str, turn: KeptTurn) -> bool:
    """Keep a turn on its own unless it is kept; whether it is the owner's."""
    connection.execute(f"{_INSERT} ON CONFLICT DO NOTHING", _values(owner, turn, None, 0))
    select = "SELECT 1 FROM turn WHERE id = ? AND owner = ?"
    return bool(connection.execute(select, (turn.id, owner)).fetchall())


def _sweep(connection: Statements, owner: str) -> None:
    """Delete the turns that nothing keeps any more."""
    connection.execute(
        "DELETE FROM turn WHERE owner = ? AND (conversation_id IS NULL OR replaced = 1) "
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
