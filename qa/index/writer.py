"""Writer: the archive as a run writes it.

What a run has read is staged in `coming.sqlite` beside the archive, which no reader opens, and
becomes visible in one transaction at the run's end, by its words as well (see `lexical`); what a
killed run has staged, the next one takes up. The `leftover` table is the journal that keeps Chroma
in step: a chunk id is in it while it may be in Chroma without being in `chunk` (see `build`).

Beside the articles it keeps what people have put right about them (see `corrections`), files that
were given up on, and the words of the articles folded, in which a list of articles is searched.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self

from qa.documents.article import Article
from qa.documents.corrections import Amendment
from qa.index import lexical
from qa.index.archive import PAGE, Archive, IndexedChunk, connect, packed, translated
from qa.index.conditions import LISTED

# What stands behind an id that another file's article has, hexadecimal digits.
OWN_ID = 8
_OWN = re.compile(rf"~[0-9a-f]{{{OWN_ID}}}$")

# The same in both files: what readers see, and what is staged.
_ARTICLES = """
CREATE TABLE IF NOT EXISTS {0}article (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, text TEXT NOT NULL, date TEXT, source TEXT,
    language TEXT NOT NULL, url TEXT, origin TEXT NOT NULL, fingerprint TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS {0}chunk (
    id TEXT PRIMARY KEY,
    article_id TEXT NOT NULL REFERENCES article(id) ON DELETE CASCADE,
    start INTEGER NOT NULL, stop INTEGER NOT NULL,
    sentences TEXT NOT NULL, terms TEXT NOT NULL, vectors BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS {0}chunk_article ON chunk(article_id);
CREATE TABLE IF NOT EXISTS {0}searched (
    article_id TEXT PRIMARY KEY REFERENCES article(id) ON DELETE CASCADE, words TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS {0}paged (
    article_id TEXT PRIMARY KEY REFERENCES article(id) ON DELETE CASCADE, starts TEXT NOT NULL
);
"""
# What `browse` looks words up in. Among 5,000 articles of 2,250 characters it takes .03 to .08 s a
# page, with the count of all; folding their texts for each page took 1.4 s more.
_SEARCHED = """
INSERT INTO {0}searched
SELECT id, folded(title || char(10) || coalesce(source, '') || char(10) || text) FROM {0}article
"""
# `searched` and `word` are filled from the rest in a file of an earlier version. What a run has
# read, and which of the staged articles it publishes, is gone with the connection.
_SCHEMA = f"""
PRAGMA foreign_keys = ON;
BEGIN IMMEDIATE;
{_ARTICLES.format("")}
CREATE INDEX IF NOT EXISTS article_date ON article(date);
CREATE INDEX IF NOT EXISTS article_source ON article(source);
CREATE INDEX IF NOT EXISTS article_language ON article(language);
CREATE TABLE IF NOT EXISTS leftover (chunk_id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS amendment (
    article_id TEXT PRIMARY KEY, title TEXT, date TEXT, name TEXT
);
CREATE TABLE IF NOT EXISTS earlier (
    article_id TEXT NOT NULL, text TEXT NOT NULL, corrected TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS refused (
    file TEXT PRIMARY KEY, state TEXT NOT NULL, reason TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS moved (id TEXT PRIMARY KEY);
{lexical.SCHEMA}
{_SEARCHED.format("")} WHERE id NOT IN (SELECT article_id FROM searched);
{_ARTICLES.format("coming.")}
CREATE INDEX IF NOT EXISTS earlier_article ON earlier(article_id);
CREATE TEMP TABLE seen (
    id TEXT PRIMARY KEY, fingerprint TEXT, origin TEXT, story TEXT
) WITHOUT ROWID;
CREATE TEMP TABLE superseded (id TEXT, text TEXT, day TEXT, saved INTEGER);
CREATE TEMP TABLE due (id TEXT PRIMARY KEY) WITHOUT ROWID;
COMMIT;
{lexical.KNOWN};
"""  # noqa: S608
# What `follow` copies row by row, the chunks under the same numbers.
_COPIED = {
    "article": "INSERT INTO article VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "paged": "INSERT INTO paged VALUES (?, ?)",
    "chunk": "INSERT INTO chunk (rowid, id, article_id, start, stop, sentences, terms, vectors) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    "earlier": "INSERT INTO earlier VALUES (?, ?, ?)",
}
_LONGEST_JOURNAL = 2**26  # bytes, once a later run begins
_FOLLOW_KB = 262_144  # what is changed again and again stays in memory
_SEEN = "SELECT id, fingerprint, origin, story FROM seen WHERE id"
_KNOWN = "SELECT id, fingerprint, origin, url, title, source FROM article WHERE id"
# One after the other in the transaction that lets readers see what is due.
_PUBLISH = (
    """
    INSERT INTO earlier SELECT id, a.text, date('now') FROM article a
    JOIN coming.article c USING (id) WHERE id IN due AND a.text <> c.text
    """,
    "INSERT OR IGNORE INTO leftover SELECT id FROM chunk WHERE article_id IN due",
    "DELETE FROM article WHERE id IN due",
    "INSERT INTO article SELECT * FROM coming.article WHERE id IN due",
    "INSERT INTO chunk SELECT * FROM coming.chunk WHERE article_id IN due",
    "INSERT INTO searched SELECT * FROM coming.searched WHERE article_id IN due",
    "INSERT INTO paged SELECT * FROM coming.paged WHERE article_id IN due",
    "DELETE FROM leftover WHERE chunk_id IN (SELECT id FROM chunk WHERE article_id IN due)",
    "DELETE FROM due",
    """
    INSERT INTO earlier SELECT id, s.text, max(day) FROM superseded s JOIN article a USING (id)
    WHERE s.text <> a.text AND NOT EXISTS (
        SELECT 1 FROM earlier e WHERE e.article_id = id AND e.text = s.text
    )
    GROUP BY id, s.text ORDER BY max(saved)
    """,
    "DELETE FROM superseded",
    "DELETE FROM earlier WHERE article_id NOT IN (SELECT id FROM article)",
)


@dataclass(frozen=True, slots=True)
class Version:
    """A state of an article: its fingerprint, where it was read, and which story it tells."""

    id: str
    fingerprint: str
    origin: str
    story: str


class Changes(NamedTuple):
    """The ids of articles that a run has changed: those that are there, and those that are gone."""

    there: list[str]
    gone: list[str]


class Delta(Protocol):
    """What a copy lacks of another archive; see `shared`."""

    revision: int

    def changed(self) -> list[str]: ...
    def pages(self) -> Iterator[dict[str, list[tuple[Any, ...]]]]: ...
    def amendments(self) -> list[tuple[Any, ...]]: ...


def story(article: Article) -> str:
    """What the versions of one story have in common, else "".

    That is an id which no other outlet gives, as those of feeds, the address, or title and outlet.
    """
    return _story(article.id, article.url, article.title, article.source)


def _story(id: str, url: str | None, title: str, source: str | None) -> str:
    given = _OWN.sub("", id)
    return (given if ":" in given else url) or (f"{title}\x1f{source}" if title and source else "")


class ArchiveWriter(Archive):
    """The archive, open for the one process that writes; not to be shared between threads."""

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the file, which is created or brought up to date.

        Raises:
            IndexUnusable: it is no SQLite file, or cannot be written.
        """
        coming = str(_staged(path)).replace("'", "''")
        with translated(path):
            return cls(connect(path, "rwc", f"ATTACH '{coming}' AS coming; {_SCHEMA}"), path)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, translated(self._path):
            connection = self._connection
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # a full disk has ended it already
                    connection.execute("ROLLBACK")
                raise

    # What this run has read; kept out of Python's memory, which a large run would fill

    def see(self, article: Article) -> None:
        """Note that an article has been read."""
        values = (article.id, article.fingerprint, article.origin, story(article))
        self.rows("INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)", values)

    def seen(self, article_id: str) -> Version | None:
        """What was read under this id, None when nothing was."""
        return next((Version(*row) for row in self.rows(f"{_SEEN} = ?", (article_id,))), None)

    def version(self, version: Version) -> Article | None:
        """The article in this state, as it is staged or published; None when it is neither."""
        for schema in ("coming", "main"):
            for article in self._articles([version.id], schema).values():
                if article.fingerprint == version.fingerprint:
                    return article
        return None

    def known(self, article_id: str) -> Version | None:
        """What the archive holds under this id, None when nothing."""
        return next((_version(*row) for row in self.rows(f"{_KNOWN} = ?", (article_id,))), None)

    def own_versions(self, id: str) -> list[Version]:
        """Of the articles that have, or were just given, ids of their own (`id~…`) in its place."""
        between = (f"{id}~", f"{id}~g")
        versions = [Version(*row) for row in self.rows(f"{_SEEN} BETWEEN ? AND ?", between)]
        versions += [_version(*row) for row in self.rows(f"{_KNOWN} BETWEEN ? AND ?", between)]
        return [v for v in versions if _OWN.sub("", v.id) == id]

    def unseen(self) -> Iterator[tuple[str, str]]:
        """(id, origin) of every article that has not been read."""
        last = ""
        while rows := self.rows(
            "SELECT id, origin FROM article WHERE id > ? AND id NOT IN (SELECT id FROM seen) "
            "ORDER BY id LIMIT ?",
            (last, PAGE),
        ):
            yield from rows
            last = rows[-1][0]

    # Files that were given up on

    def refused(self, file: str, state: str) -> str | None:
        """Why a file was given up on when it was in this state, None when it was not."""
        reasons = self._ids(
            "SELECT reason FROM refused WHERE file = ? AND state = ?", (file, state)
        )
        return reasons[0] if reasons else None

    def refuse(self, file: str, state: str, reason: str) -> None:
        """Note that a file was given up on."""
        self.rows("INSERT OR REPLACE INTO refused VALUES (?, ?, ?)", (file, state, reason))

    def note_earlier(self, article: Article, day: str, saved: int) -> None:
        """Note a state for `publish` to keep: the day when it was corrected, when it was saved."""
        row = (article.id, article.text, day, saved)
        self.rows("INSERT INTO superseded VALUES (?, ?, ?, ?)", row)

    def keep_earlier(self, versions: Iterable[tuple[str, str, str]]) -> None:
        """Note earlier versions, as `Archive.all_earlier` gives them."""
        with self._transaction() as connection:
            connection.executemany("INSERT INTO earlier VALUES (?, ?, ?)", versions)

    def amend(self, amendments: Mapping[str, Amendment]) -> None:
        """Note what was put right, in place of what was noted of the same articles."""
        with self._transaction() as connection:
            _amend(connection, amendments)

    # Writing

    def stage(self, articles: Iterable[Article], passages: Iterable[IndexedChunk]) -> None:
        """Put articles with their chunks where only `publish` finds them, all or nothing.

        Of several versions of an article the last counts.
        """
        last = {article.id: article for article in articles}
        chunks = {
            passage.chunk.id: passage
            for passage in passages
            if passage.article.fingerprint == last[passage.article.id].fingerprint
        }
        with self._transaction() as connection:
            for article in last.values():
                connection.execute("DELETE FROM coming.article WHERE id = ?", (article.id,))
                connection.execute(
                    "INSERT INTO coming.article VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        article.id,
                        article.title,
                        article.text,
                        str(article.date) if article.date else None,
                        article.source,
                        article.language,
                        article.url,
                        article.origin,
                        article.fingerprint,
                    ),
                )
                connection.execute(f"{_SEARCHED.format('coming.')} WHERE id = ?", (article.id,))
                if article.pages:
                    row = (article.id, json.dumps(article.pages))
                    connection.execute("INSERT INTO coming.paged VALUES (?, ?)", row)
                connection.execute("INSERT OR IGNORE INTO due VALUES (?)", (article.id,))
            for passage in chunks.values():
                chunk = passage.chunk
                connection.execute(
                    "INSERT INTO coming.chunk VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (
                        chunk.id,
                        chunk.article_id,
                        chunk.span.start,
                        chunk.span.end,
                        json.dumps([(s.start, s.end) for s in chunk.sentences]),
                        "\n".join(" ".join(t) for t in (passage.header_terms, *passage.terms)),
                        packed(passage.vectors),
                    ),
                )

    def take_up(self, article: Article) -> bool:
        """Whether a killed run has staged this very article; if so, it is published too."""
        query = "SELECT 1 FROM coming.article WHERE (id, fingerprint, origin) = (?, ?, ?)"
        there = bool(self.rows(query, (article.id, article.fingerprint, article.origin)))
        if there:
            self.rows("INSERT OR IGNORE INTO due VALUES (?)", (article.id,))
        return there

    def due(self) -> list[str]:
        """The ids of the staged chunks that `publish` will let readers see."""
        return self._ids("SELECT id FROM coming.chunk WHERE article_id IN due ORDER BY rowid")

    def announce(self) -> None:
        """Note that the chunks that are due are about to be put into Chroma."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO leftover SELECT id FROM coming.chunk "
                "WHERE article_id IN due AND id NOT IN (SELECT id FROM main.chunk)"
            )

    def publish(
        self,
        revision: int,
        gone: Iterable[str] = (),
        amendments: Mapping[str, Amendment] | None = None,
        *,
        for_good: bool = False,
        share: Callable[[Changes], None] | None = None,
    ) -> None:
        """Let readers see what is due in place of earlier versions, all or nothing.

        The chunks of what was there before become leftovers, the new ones cease to be.

        Args:
            revision: of the run.
            gone: articles that are taken out.
            amendments: what was put right, noted at the same time.
            for_good: whether what was put right about those taken out goes with them.
            share: is told what changes before it does; when that fails, nothing changes.
        """
        gone = list(gone)
        with self._transaction() as connection:
            _amend(connection, amendments or {})
            there = self._ids(
                "SELECT id FROM due UNION SELECT id FROM moved UNION SELECT id FROM superseded"
            )
            for id in gone:
                connection.execute(
                    "INSERT OR IGNORE INTO leftover SELECT id FROM chunk WHERE article_id = ?",
                    (id,),
                )
                connection.execute("DELETE FROM article WHERE id = ?", (id,))
                if for_good:
                    connection.execute("DELETE FROM amendment WHERE article_id = ?", (id,))
            for step in _PUBLISH:
                connection.execute(step)
            connection.execute("DELETE FROM moved")
            connection.execute(f"PRAGMA user_version = {revision}")
            if share is not None:
                # What a failed run has moved may be gone since.
                query = f"SELECT id FROM article WHERE id IN ({LISTED}) ORDER BY id"  # noqa: S608
                share(Changes(self._ids(query, [json.dumps(there)]), gone))

    def follow(self, delta: Delta, *, whole: bool = False) -> None:
        """Make this copy of another archive what that is now, all or nothing.

        Args:
            delta: what is newer there; all of it for a whole copy.
            whole: whether nothing that this copy holds is to be trusted.
        """
        listed = (json.dumps(delta.changed()),)
        with self._transaction() as connection:
            connection.execute(f"PRAGMA cache_size = -{_FOLLOW_KB}")
            if whole:
                for table in ("chunk", "article", "earlier"):  # chunks first: words go as a whole
                    connection.execute(f"DELETE FROM {table}")  # noqa: S608
                connection.execute(lexical.ANEW[0])
            connection.execute(f"DELETE FROM article WHERE id IN ({LISTED})", listed)  # noqa: S608
            connection.execute(f"DELETE FROM earlier WHERE article_id IN ({LISTED})", listed)  # noqa: S608
            for page in delta.pages():
                for table, rows in page.items():
                    connection.executemany(_COPIED[table], rows)
                ids = (json.dumps([row[0] for row in page["article"]]),)
                connection.execute(f"{_SEARCHED.format('')} WHERE id IN ({LISTED})", ids)
            for table in ("amendment", "leftover"):  # who writes next looks what Chroma holds
                connection.execute(f"DELETE FROM {table}")  # noqa: S608
            connection.executemany(
                "INSERT INTO amendment (article_id, title, date, name) VALUES (?, ?, ?, ?)",
                delta.amendments(),
            )
            connection.execute(f"PRAGMA user_version = {delta.revision}")

    def let_read(self) -> None:
        """Let readers go on however long a transaction takes, as one over the network does."""
        self.rows("PRAGMA main.journal_mode = WAL")
        self.rows(f"PRAGMA main.journal_size_limit = {_LONGEST_JOURNAL}")

    def ids(self) -> list[str]:
        """The id of every article."""
        return self._ids("SELECT id FROM article ORDER BY id")

    def tidy(self) -> None:
        """Let go of what is staged and has been published; the last thing that a run does."""
        with self._transaction() as connection:
            connection.execute(
                "DELETE FROM coming.article WHERE (id, fingerprint) IN "
                "(SELECT id, fingerprint FROM main.article)"
            )
        if not self.rows("SELECT 1 FROM coming.article LIMIT 1"):
            self.rows("DETACH coming")
            _staged(self._path).unlink()

    def index_words(self) -> None:
        """Make the lexical index anew, from the terms of the chunks."""
        with self._transaction() as connection:
            for step in lexical.ANEW:
                connection.execute(step)

    def move(self, article_id: str, origin: str) -> None:
        """Note that an unchanged article is now read from somewhere else."""
        self.rows("UPDATE article SET origin = ? WHERE id = ?", (origin, article_id))
        self.rows("INSERT OR IGNORE INTO moved VALUES (?)", (article_id,))

    def forget(self, chunk_ids: Iterable[str]) -> None:
        """Note that leftovers are gone from Chroma."""
        with self._transaction() as connection:
            connection.executemany(
                "DELETE FROM leftover WHERE chunk_id = ?", ((id,) for id in chunk_ids)
            )


def _version(id: str, fingerprint: str, origin: str, *heading: str) -> Version:
    return Version(id, fingerprint, origin, _story(id, *heading))


def _staged(path: Path) -> Path:
    return path.with_name("coming.sqlite")


def _amend(connection: sqlite3.Connection, amendments: Mapping[str, Amendment]) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO amendment (article_id, title, date, name) VALUES (?, ?, ?, ?)",
        ((id, a.title, a.date, a.name) for id, a in amendments.items()),
    )
