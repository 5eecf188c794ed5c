"""Shared: the archive in PostgreSQL, where several machines reach it, and each machine's copy.

    writer   holds an advisory lock of the database, brings its own copy in step, and works on that
             as on any index; what a run publishes there is written to the database in the same
             step, so both have it or neither
    reader   answers from its copy, which it brings in step after each run

A copy is an index directory like any other, without vectors of its own: those are on the Chroma
server that all share. Every question is answered by the same code from the same rows, so the answer
is the same on each machine, and readers go on while the database is away. Each article bears the
revision of the run that wrote it last; a copy asks for what is newer than itself.
"""

from __future__ import annotations

import json
import logging
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from qa.database import Database, each, rows
from qa.errors import IndexLocked, IndexMissing, IndexUnusable
from qa.index.archive import PAGE, Archive
from qa.index.checksums import break_seal, seal
from qa.index.conditions import LISTED
from qa.index.directory import IS_COPY, Manifest, other_generations, write_lock
from qa.index.writer import ArchiveWriter, Changes
from qa.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

log = logging.getLogger(__name__)

_VERSION = 1
_SCHEMA = """
CREATE SCHEMA IF NOT EXISTS qa_index;
CREATE TABLE IF NOT EXISTS qa_index.head (
    version INTEGER NOT NULL, generation TEXT NOT NULL, revision BIGINT NOT NULL,
    manifest TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS qa_index.run (
    generation TEXT NOT NULL, revision BIGINT NOT NULL, updated DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (generation, revision)
);
CREATE TABLE IF NOT EXISTS qa_index.generation (
    name TEXT PRIMARY KEY, outdated TIMESTAMPTZ
);
CREATE TABLE IF NOT EXISTS qa_index.article (
    id TEXT COLLATE "C" PRIMARY KEY, revision BIGINT NOT NULL, title TEXT NOT NULL,
    text TEXT NOT NULL, date TEXT, source TEXT, language TEXT NOT NULL, url TEXT,
    origin TEXT NOT NULL, fingerprint TEXT NOT NULL, starts TEXT
);
CREATE INDEX IF NOT EXISTS article_revision ON qa_index.article (revision);
CREATE TABLE IF NOT EXISTS qa_index.chunk (
    row BIGINT PRIMARY KEY, id TEXT NOT NULL,
    article_id TEXT COLLATE "C" NOT NULL REFERENCES qa_index.article (id) ON DELETE CASCADE,
    start INTEGER NOT NULL, stop INTEGER NOT NULL,
    sentences TEXT NOT NULL, terms TEXT NOT NULL, vectors BYTEA NOT NULL
);
CREATE INDEX IF NOT EXISTS chunk_article ON qa_index.chunk (article_id);
CREATE TABLE IF NOT EXISTS qa_index.earlier (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    article_id TEXT COLLATE "C" NOT NULL REFERENCES qa_index.article (id) ON DELETE CASCADE,
    text TEXT NOT NULL, corrected TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS earlier_article ON qa_index.earlier (article_id);
CREATE TABLE IF NOT EXISTS qa_index.gone (
    id TEXT COLLATE "C" PRIMARY KEY, revision BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS qa_index.amendment (
    article_id TEXT PRIMARY KEY, title TEXT, date TEXT, name TEXT
);
"""
_LOCK = 0x71612D696E646578  # any number, the same for all of us
_ASK_EVERY_S = 1.0
_FAREWELL_S = 5.0
# A rebuild takes other machines so long to fetch, at most; until then they ask for the old vectors.
_OUTDATED_AFTER_S = 3600


class Head(NamedTuple):
    """The state that the last run has left in the database."""

    generation: str
    revision: int
    manifest: Manifest


class SharedArchive:
    """The archive in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._writing: Connection | None = None
        self._ready = False
        self.pushed: Manifest | None = None  # as a copy will have it

    @classmethod
    def open(cls, settings: Settings) -> Self | None:
        """The one that the settings name, None when they name none.

        Raises:
            SettingsError, MissingExtra: the address is none, or the extra `postgres` is missing.
        """
        if settings.database_url is None:
            return None
        return cls(Database.open(settings.database_url, IndexUnusable, longest_s=0))

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    # For readers

    def head(self) -> Head | None:
        """Its state now, None before the first run.

        Raises:
            IndexUnusable: no server answers.
        """
        with self._transaction() as connection:
            return _head(connection)

    def pull(self, directory: Path, *, whole: bool = False, replaced: bool = False) -> None:
        """Bring the copy in a directory in step, whose write lock is held.

        Args:
            directory: of the copy; made when it is not there.
            whole: fetch everything again, for a copy that is damaged.
            replaced: whether the archive is about to be; it may have been lost then.

        Raises:
            IndexUnusable: the directory holds an index that is no copy of this one, there is
                nothing here any more, or no server answers.
        """
        with self._transaction(one_moment=True) as connection:
            head = _head(connection)
            mine = _own(directory)
            if mine and mine.counts["articles"] and not (directory / IS_COPY).exists():
                raise IndexUnusable(
                    f"{directory} holds an index of its own. Name another directory with QA_INDEX "
                    "for the copy of the shared one; to share this one, write it to a file with "
                    "`qa backup`, and then put that back with `qa restore` and QA_DATABASE_URL set."
                )
            if head is None and mine and mine.counts["articles"] and not replaced:
                raise IndexUnusable(
                    f"the database at {self._database.address} holds no articles, and {directory} "
                    "is a copy of what it held, or of another one. To put that in, write it to a "
                    "file with `qa backup`, and put that back with `qa restore` and another "
                    "folder as QA_INDEX."
                )
            address = {"database": self._database.address}
            (directory / IS_COPY).write_text(json.dumps(address), encoding="utf-8")
            if head is None or (_is_in_step(directory, head) and not whole):
                return
            home = directory / head.generation
            # A revision counts from the last one, also in a database that was put back.
            known = (
                mine
                and mine.generation == head.generation
                and _has_run(connection, mine)
                and _is_finished(directory, mine)
            )
            whole = whole or not known
            home.mkdir(exist_ok=True)
            file = home / "articles.sqlite"
            if whole and file.exists() and not _is_sound(file):
                if mine and mine.generation == head.generation:
                    (directory / "manifest.json").unlink()  # killed, it is done again
                shutil.rmtree(home)
                home.mkdir()
            with closing(ArchiveWriter.open(file)) as archive:
                archive.let_read()
                break_seal(home)
                since = mine.revision if mine and not whole else -1
                archive.follow(_Delta(connection, since, head), whole=whole)
                words = archive.lexical.sum()
        seal(home, words)
        head.manifest.write(directory)
        for other in other_generations(directory, head.manifest):
            shutil.rmtree(other)

    # For the one writer

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the archive for writing; the lock ends with the connection, and so with us.

        Raises:
            IndexLocked: another process, on whatever machine, holds it.
        """
        with self._transaction():
            pass  # makes the tables
        with self._database.translated():
            connection = self._database.connected()
            connection.detach()  # closing it ends it, and the lock with it
        try:
            with self._database.translated(), connection.begin():
                if not rows(connection, "SELECT pg_try_advisory_lock(?)", (_LOCK,))[0][0]:
                    raise IndexLocked(
                        f"the archive in {self._database.address} is being written by "
                        f"{_holder(connection)}. Wait until it is done, or stop that process."
                    )
            self._writing = connection
            yield
        finally:
            self._writing = None
            connection.close()

    def confirm(self) -> None:
        """Make sure that the lock is still held, before Chroma is written to, which has no locks.

        Raises:
            IndexUnusable: the connection is lost, and the lock with it.
        """
        with self._writer() as connection:
            rows(connection, "SELECT 1")

    def begin(self, generation: str) -> None:
        """Note that Chroma may hold vectors of it from now on."""
        query = "INSERT INTO qa_index.generation (name) VALUES (?) ON CONFLICT DO NOTHING"
        with self._writer() as connection:
            rows(connection, query, (generation,))

    def push(self, archive: ArchiveWriter, manifest: Manifest, changed: Changes) -> None:
        """Write what a run publishes; called in the transaction that publishes it in the copy.

        Args:
            archive: the copy, as it is about to be.
            manifest: as it will be.
            changed: the articles that are not as they were.
        """
        with self._writer() as connection:
            head = _head(connection)
            revision = archive.revision
            if head is None or head.generation != manifest.generation:
                # Not TRUNCATE, which whoever is copying the old generation would see.
                rows(connection, "DELETE FROM qa_index.article")
                rows(connection, "DELETE FROM qa_index.gone")
                there, gone = archive.ids(), []
            else:
                there, gone = changed.there, changed.gone
            for table in ("article", "gone"):
                query = f"DELETE FROM qa_index.{table} WHERE id = ANY(?)"  # noqa: S608
                rows(connection, query, ([*there, *gone],))
            each(
                connection,
                "INSERT INTO qa_index.gone VALUES (?, ?)",
                [(id, revision) for id in gone],
            )
            for start in range(0, len(there), PAGE):
                _write(connection, archive, there[start : start + PAGE], revision)
            rows(connection, "DELETE FROM qa_index.amendment")
            each(
                connection,
                "INSERT INTO qa_index.amendment VALUES (?, ?, ?, ?)",
                [(id, a.title, a.date, a.name) for id, a in archive.amendments().items()],
            )
            if head and head.generation != manifest.generation:
                rows(connection, "DELETE FROM qa_index.run")
            # Also a rebuild that failed; one that is done after all is not.
            rows(
                connection,
                "UPDATE qa_index.generation "
                "SET outdated = CASE WHEN name <> ? THEN coalesce(outdated, now()) END",
                (manifest.generation,),
            )
            rows(
                connection,
                "INSERT INTO qa_index.run VALUES (?, ?, ?)",
                (manifest.generation, revision, manifest.updated),
            )
            rows(connection, "DELETE FROM qa_index.head")
            rows(
                connection,
                "INSERT INTO qa_index.head VALUES (?, ?, ?, ?)",
                (_VERSION, manifest.generation, revision, json.dumps(asdict(manifest))),
            )
        self.pushed = manifest

    def outdated(self) -> list[str]:
        """Generations that were replaced so long ago that nobody asks Chroma for them any more."""
        query = "SELECT name FROM qa_index.generation WHERE outdated < now() - ? * interval '1 s'"
        with self._writer() as connection:
            return [name for (name,) in rows(connection, query, (_OUTDATED_AFTER_S,))]

    def forget_outdated(self, generation: str) -> None:
        """Note that its collection is gone."""
        with self._writer() as connection:
            rows(connection, "DELETE FROM qa_index.generation WHERE name = ?", (generation,))

    @contextmanager
    def _writer(self) -> Iterator[Connection]:
        if self._writing is None:
            raise IndexUnusable("the lock of the shared archive is lost. Run the command again.")
        try:
            with self._database.translated(), self._writing.begin():
                yield self._writing
        except IndexUnusable:
            self._writing = None  # SQLAlchemy would connect again, without the lock
            raise

    @contextmanager
    def _transaction(self, *, one_moment: bool = False) -> Iterator[Connection]:
        if not self._ready:
            with self._database.transaction() as connection:
                rows(connection, "SELECT pg_advisory_xact_lock(?)", (_LOCK + 1,))
                if rows(connection, "SELECT to_regclass('qa_index.generation')") == [(None,)]:
                    rows(connection, _SCHEMA)
            self._ready = True
        with self._database.transaction(one_moment=one_moment) as connection:
            yield connection


class _Delta:
    """What has changed since a revision, page by page. What `ArchiveWriter.follow` asks for."""

    def __init__(self, connection: Connection, since: int, head: Head) -> None:
        self._connection = connection
        self._since = since
        self.revision = head.revision

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return rows(self._connection, query, values)

    def changed(self) -> list[str]:
        """The ids of articles that are new, other ones or gone."""
        query = "SELECT id FROM qa_index.{} WHERE revision > ?"
        found = [self._rows(query.format(table), self._since) for table in ("article", "gone")]
        return [id for some in found for (id,) in some]

    def pages(self) -> Iterator[dict[str, list[tuple[Any, ...]]]]:
        """Table of the archive → rows, of some articles at a time."""
        last = ""
        while articles := self._rows(
            "SELECT id, title, text, date, source, language, url, origin, fingerprint, starts "
            "FROM qa_index.article WHERE revision > ? AND id > ? ORDER BY id LIMIT ?",
            self._since,
            last,
            PAGE,
        ):
            ids = [row[0] for row in articles]
            yield {
                "article": [row[:-1] for row in articles],
                "paged": [(row[0], row[-1]) for row in articles if row[-1]],
                "chunk": self._rows(
                    "SELECT row, id, article_id, start, stop, sentences, terms, vectors "
                    "FROM qa_index.chunk WHERE article_id = ANY(?) ORDER BY row",
                    ids,
                ),
                "earlier": self._rows(
                    "SELECT article_id, text, corrected FROM qa_index.earlier "
                    "WHERE article_id = ANY(?) ORDER BY number",
                    ids,
                ),
            }
            last = ids[-1]

    def amendments(self) -> list[tuple[Any, ...]]:
        """All that people have put right."""
        return self._rows("SELECT article_id, title, date, name FROM qa_index.amendment")


def _write(connection: Connection, archive: Archive, ids: Sequence[str], revision: int) -> None:
    """Copy some articles with their chunks and earlier versions to the database."""
    listed = (json.dumps(ids),)
    articles = archive.rows(
        "SELECT id, title, text, date, source, language, url, origin, fingerprint, "  # noqa: S608
        "(SELECT starts FROM paged WHERE article_id = id) "
        f"FROM article WHERE id IN ({LISTED})",
        listed,
    )
    each(
        connection,
        f"INSERT INTO qa_index.article VALUES (?, {revision:d}{', ?' * 9})",  # noqa: S608
        articles,
    )
    chunks = archive.rows(
        "SELECT rowid, id, article_id, start, stop, sentences, terms, vectors "  # noqa: S608
        f"FROM chunk WHERE article_id IN ({LISTED})",
        listed,
    )
    each(connection, f"INSERT INTO qa_index.chunk VALUES (?{', ?' * 7})", chunks)  # noqa: S608
    earlier = archive.rows(
        "SELECT article_id, text, corrected FROM earlier "  # noqa: S608
        f"WHERE article_id IN ({LISTED}) ORDER BY rowid",
        listed,
    )
    query = "INSERT INTO qa_index.earlier (article_id, text, corrected) VALUES (?, ?, ?)"
    each(connection, query, earlier)


def _head(connection: Connection) -> Head | None:
    found = rows(connection, "SELECT version, generation, revision, manifest FROM qa_index.head")
    if not found:
        return None
    [(version, generation, revision, manifest)] = found
    if version != _VERSION:
        raise IndexUnusable(
            f"the shared archive has format {version}, this version of qa reads {_VERSION}. "
            "Use the version that has written it."
        )
    return Head(generation, revision, Manifest(**json.loads(manifest)))


def _holder(connection: Connection) -> str:
    found = rows(
        connection,
        "SELECT coalesce(host(client_addr), 'the machine of the database'), "
        "to_char(backend_start, 'HH24:MI:SS') FROM pg_locks JOIN pg_stat_activity USING (pid) "
        "WHERE locktype = 'advisory' AND ((classid::bigint << 32) | objid::bigint) = ? AND granted",
        (_LOCK,),
    )
    if not found:
        return "another process"
    [(address, since), *_] = found
    return f"a process on {address} since {since} UTC"


def _own(directory: Path) -> Manifest | None:
    try:
        return Manifest.read(directory)
    except IndexMissing:
        return None
    except IndexUnusable:
        if (directory / IS_COPY).exists():
            return None  # its first fetch was killed, or it is damaged: it can be had again
        raise


def _at(manifest: Manifest) -> tuple[str, int, float]:
    return manifest.generation, manifest.revision, manifest.updated


def _is_finished(directory: Path, mine: Manifest) -> bool:
    """Whether a copy's articles are those of its manifest, which is written after them."""
    try:
        with closing(Archive.open(directory / mine.generation / "articles.sqlite")) as archive:
            revision, articles, chunks, _ = archive.state()
    except IndexUnusable:
        return False
    counts = {"articles": articles, "chunks": chunks}
    return (revision, counts) == (mine.revision, mine.counts)


def _is_in_step(directory: Path, head: Head) -> bool:
    mine = _own(directory)
    return bool(mine and _at(mine) == _at(head.manifest) and _is_finished(directory, mine))


def _has_run(connection: Connection, manifest: Manifest) -> bool:
    query = "SELECT 1 FROM qa_index.run WHERE (generation, revision, updated) = (?, ?, ?)"
    return bool(rows(connection, query, _at(manifest)))


def _is_sound(file: Path) -> bool:
    """Whether what is in a copy can be changed in place, which its readers do not notice."""
    try:
        with closing(Archive.open(file)) as archive:
            return archive.problem() is None
    except IndexUnusable:
        return False


def follow(settings: Settings) -> None:
    """Bring the copy in step, where the settings name a shared archive; else nothing.

    While the database is away, or another process writes to the copy, the copy stays as it is: it
    is one that some run has left.

    Raises:
        IndexUnusable: there is no copy yet and no server answers, or the directory holds another
            index.
    """
    shared = SharedArchive.open(settings)
    if shared is None:
        return
    with closing(shared):
        while not _followed(shared, settings.index):
            time.sleep(0.1)  # another process is making the copy


def _followed(shared: SharedArchive, directory: Path) -> bool:
    """Whether there is a copy, or nothing to copy."""
    try:
        _catch_up(shared, directory)
    except IndexLocked:
        return _own(directory) is not None
    except IndexUnusable as exc:
        if not (directory / IS_COPY).exists() or _own(directory) is None:
            raise
        log.warning("answering from the copy at %s as it is: %s", directory, exc)
    return True


def _catch_up(shared: SharedArchive, directory: Path) -> None:
    head = shared.head()
    if head and not _is_in_step(directory, head):
        with write_lock(directory):
            shared.pull(directory)


class Follower:
    """Brings a copy in step, a second after each run, for as long as it is open."""

    def __init__(self, settings: Settings, shared: SharedArchive) -> None:
        self._directory = settings.index
        self._shared = shared
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="qa-follower")
        self._thread.start()

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """Of the copy at `settings.index`; None where that is none."""
        shared = SharedArchive.open(settings)
        return cls(settings, shared) if shared else None

    def _run(self) -> None:
        away = False
        while not self._closed.wait(_ASK_EVERY_S):
            try:
                _catch_up(self._shared, self._directory)
            except IndexLocked:
                continue  # another process of this machine is at it
            except IndexUnusable as exc:
                if not away:
                    log.warning("answering from the copy as it is: %s", exc)
                away = True
                continue
            except Exception:  # a bug; the next run may be copied all the same
                log.exception("answering from the copy as it is")
                away = True
                continue
            if away:
                log.warning("the database answers again")
            away = False

    def close(self) -> None:
        """End the thread and the connections."""
        self._closed.set()
        self._thread.join(_FAREWELL_S)  # it may be waiting for a server that hangs
        self._shared.close()
