"""Archive: articles, their chunks, terms and vectors in one SQLite file. The truth of an index.

Chroma only proposes chunk ids; what a reader sees comes from here, and an id that is not here does
not exist. What a run has read is staged in a file beside this one, which no reader opens, and
becomes visible in one transaction at the run's end, by its words as well (see `lexical`); what a
killed run has staged, the next one takes up. The `leftover` table is the journal that keeps Chroma
in step: a chunk id is in it while it may be in Chroma without being in `chunk` (see `build`).

No article leaves this module unless it still has the fingerprint that it was stored with: a letter
that a failing disk has changed is an error, never a quote.

Beside the articles it keeps what people have put right about them (see `corrections`), and their
words folded, in which a list of articles is searched. Knows nothing about questions.
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from qa.documents.article import Article, PartialDate
from qa.documents.chunks import Chunk
from qa.documents.corrections import Amendment
from qa.documents.filters import Filters, source_key
from qa.documents.listing import Listing
from qa.errors import IndexUnusable
from qa.index import lexical
from qa.index.conditions import LISTED, conditions
from qa.index.matrix import ChunkVector, ChunkVectors
from qa.language.sentences import Span
from qa.language.terms import fold

if TYPE_CHECKING:
    import numpy as np

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
"""
_SCHEMA = f"""
{_ARTICLES.format("")}
CREATE INDEX IF NOT EXISTS article_date ON article(date);
CREATE INDEX IF NOT EXISTS article_source ON article(source);
CREATE INDEX IF NOT EXISTS article_language ON article(language);
CREATE TABLE IF NOT EXISTS leftover (chunk_id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS amendment (
    article_id TEXT PRIMARY KEY, title TEXT, date TEXT, name TEXT
);
CREATE TABLE IF NOT EXISTS refused (
    file TEXT PRIMARY KEY, state TEXT NOT NULL, reason TEXT NOT NULL
);
{lexical.SCHEMA}
"""
# What `browse` looks words up in. Among 5,000 articles of 2,250 characters it takes .03 to .08 s a
# page, with the count of all; folding their texts for each page took 1.4 s more.
_SEARCHED = """
SELECT id AS article_id,
       folded(title || char(10) || coalesce(source, '') || char(10) || text) AS words
FROM {0}article
"""
_FILL = (
    f"INSERT INTO searched {_SEARCHED.format('')} "  # noqa: S608
    "WHERE id NOT IN (SELECT article_id FROM searched);"
)
# What a file of an earlier version lacks, for whoever only reads it: the same, slower.
_STAND_INS = {
    "searched": f"CREATE TEMP VIEW searched AS {_SEARCHED.format('main.')};",
    "amendment": "CREATE TEMP VIEW amendment AS "
    "SELECT '' AS article_id, '' AS title, '' AS date, '' AS name WHERE 0;",
    "word": lexical.STAND_IN,
}
# What a run has read, and which of the staged articles it publishes; gone with the connection.
_OF_A_RUN = """
CREATE TEMP TABLE seen (id TEXT PRIMARY KEY, fingerprint TEXT, origin TEXT) WITHOUT ROWID;
CREATE TEMP TABLE due (id TEXT PRIMARY KEY) WITHOUT ROWID;
"""
# One after the other in the transaction that lets readers see what is due.
_PUBLISH = (
    "INSERT OR IGNORE INTO leftover SELECT id FROM chunk WHERE article_id IN due",
    "DELETE FROM article WHERE id IN due",
    "INSERT INTO article SELECT * FROM coming.article WHERE id IN due",
    "INSERT INTO chunk SELECT * FROM coming.chunk WHERE article_id IN due",
    "INSERT INTO searched SELECT * FROM coming.searched WHERE article_id IN due",
    "DELETE FROM leftover WHERE chunk_id IN (SELECT id FROM chunk WHERE article_id IN due)",
    "DELETE FROM due",
)

_ARTICLE_COLUMNS = "id, title, text, date, source, language, url, origin, fingerprint"
_PAGE = 500

_RESTORE = (
    "Put a backup back with `qa restore FILE --replace`, or build the index anew with "
    "`qa index --rebuild PATH`."
)
_MAY_WRITE = "See that this user may read and write it, and run the command again."
_ADVICE = {
    "CORRUPT_VTAB": "Have its words indexed again with `qa doctor --repair`.",
    "FULL": "Make room on the disk and run the command again; what was indexed is as it was.",
    "IOERR": "See that the disk has room and is sound, and run the command again.",
    "BUSY": "Another process holds it; try again when that is done.",
    "READONLY": _MAY_WRITE,
    "CANTOPEN": _MAY_WRITE,
    "PERM": _MAY_WRITE,
}


@dataclass(frozen=True, slots=True)
class IndexedChunk:
    """A chunk with all that ranking needs.

    Attributes:
        chunk: the chunk.
        article: the article it is cut from.
        header_terms: terms of the header (title, source, date).
        terms: terms of each sentence.
        vectors: (1 + sentences, d) float16, unit length: the chunk's, then each sentence's.
    """

    chunk: Chunk
    article: Article
    header_terms: tuple[str, ...]
    terms: tuple[tuple[str, ...], ...]
    vectors: np.ndarray


class Archive:
    """The SQLite file. Safe to use from several threads; one writing process at a time."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._lock = threading.RLock()
        self.lexical = lexical.LexicalIndex(self._rows)

    @classmethod
    def open(cls, path: Path, *, writable: bool = False) -> Self:
        """Open the file; only a writable archive creates it.

        Raises:
            IndexUnusable: it is missing or no SQLite file.
        """
        # A reader too must be able to undo what a killed writer left half done, so `rw`.
        mode = "rwc" if writable else "rw"
        if not (writable or path.exists()):
            raise IndexUnusable(f"{path} is gone. {_RESTORE}")
        connection = None
        try:
            with _translated(path):
                connection = sqlite3.connect(
                    f"{path.absolute().as_uri()}?mode={mode}",
                    uri=True,
                    timeout=30,
                    isolation_level=None,
                    check_same_thread=False,
                )
                connection.execute("PRAGMA foreign_keys = ON")
                for name, function in (("folded", fold), ("source_key", source_key)):
                    connection.create_function(name, 1, function, deterministic=True)
                if writable:
                    coming = _ARTICLES.format("coming.")
                    connection.execute("ATTACH ? AS coming", (str(_staging(path)),))
                    connection.executescript(
                        f"BEGIN IMMEDIATE; {_SCHEMA} {_FILL} {coming} {_OF_A_RUN} COMMIT;"
                    )
                else:
                    _stand_in(connection)
                connection.execute(lexical.KNOWN)
                connection.execute(f"PRAGMA query_only = {not writable}")
                connection.execute("SELECT count(*) FROM article").fetchone()
        except IndexUnusable:
            if connection is not None:
                connection.close()
            raise
        return cls(connection, path)

    @classmethod
    def is_new(cls, path: Path) -> bool:
        """Whether a file has no tables: the run that made it was killed before they were there.

        Raises:
            IndexUnusable: it is no SQLite file.
        """
        with (
            _translated(path),
            closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as file,
        ):
            return file.execute("SELECT 1 FROM sqlite_master").fetchone() is None

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows at once, so that nothing stays locked while somebody works on them."""
        with self._lock, _translated(self._path):
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _translated(self._path):
            connection = self._connection
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # a full disk has ended it already
                    connection.execute("ROLLBACK")
                raise

    # Reading

    def article(self, id: str) -> Article | None:
        """The article, or None when the archive does not hold it."""
        return self._articles([id]).get(id)

    def articles(self) -> Iterator[Article]:
        """Every article, newest first, undated last. A few are in memory at a time."""
        ids = self._rows("SELECT id FROM article ORDER BY date IS NULL, date DESC, id")
        for start in range(0, len(ids), _PAGE):
            page = [id for (id,) in ids[start : start + _PAGE]]
            found = self._articles(page)
            yield from (found[id] for id in page if id in found)

    def browse(
        self, filters: Filters, words: str, start: int, count: int, *, oldest_first: bool = False
    ) -> Listing:
        """A page of the articles that pass the filters, newest first, undated last.

        Args:
            filters: which articles.
            words: each is in the title, the source or the text, whole or as a part, whatever its
                case and accents.
            start: how many to pass over.
            count: most on the page.
            oldest_first: the other way round; undated last all the same.
        """
        order = "date" if oldest_first else "date DESC"
        required, values = conditions(filters)
        if wanted := fold(words).split():
            every = " AND ".join(["instr(words, ?)"] * len(wanted))
            required.append(f"id IN (SELECT article_id FROM searched WHERE {every})")  # noqa: S608
            values += wanted
        where = " AND ".join(["1", *required])
        ((total,),) = self._rows(f"SELECT count(*) FROM article WHERE {where}", values)  # noqa: S608
        ids = [
            id
            for (id,) in self._rows(
                f"SELECT id FROM article WHERE {where} "  # noqa: S608
                f"ORDER BY date IS NULL, {order}, id LIMIT ? OFFSET ?",
                [*values, count, start],
            )
        ]
        found = self._articles(ids)
        return Listing(tuple(found[id] for id in ids if id in found), start, total)

    def of_file(self, file: str) -> list[str]:
        """The ids of the articles that were read from a file, as their origins name it."""
        query = (
            "SELECT id, origin FROM article "
            "WHERE origin = ?1 OR substr(origin, 1, length(?1) + 1) = ?1 || '#' ORDER BY id"
        )
        return [id for id, origin in self._rows(query, (file,)) if file_of(origin) == file]

    def dates(self) -> tuple[PartialDate | None, PartialDate | None]:
        """The oldest and the newest date of an article."""
        (ends,) = self._rows("SELECT min(date), max(date) FROM article")
        first, last = (PartialDate.parse(end) if end else None for end in ends)
        return first, last

    def _articles(self, ids: Sequence[str], schema: str = "main") -> dict[str, Article]:
        """Those of the articles that exist, by id.

        Raises:
            IndexUnusable: one is not as it was stored.
        """
        found = {}
        for *fields, fingerprint in self._rows(
            f"SELECT {_ARTICLE_COLUMNS} FROM {schema}.article WHERE id IN ({LISTED})",  # noqa: S608
            (json.dumps(list(ids)),),
        ):
            article = found[fields[0]] = _article(fields)
            if article.fingerprint != fingerprint:
                raise IndexUnusable(
                    f"the article {article.id!r:.60} in {self._path} is damaged: it is not as it "
                    "was stored. `qa doctor --repair` takes it out; then index its file again."
                )
        return found

    def problem(self) -> str | None:
        """What SQLite finds wrong with the file, with what to do; None when it is sound."""
        ((found,), *_) = self._rows("PRAGMA quick_check(1)")
        return None if found == "ok" else f"{self._path} is damaged ({found}). {_RESTORE}"

    def damaged(self) -> list[tuple[str, str]]:
        """(id, origin) of every article that is not as it was stored. Reads them all."""
        last, found = "", list[tuple[str, str]]()
        while rows := self._rows(
            f"SELECT {_ARTICLE_COLUMNS} FROM article WHERE id > ? ORDER BY id LIMIT ?",  # noqa: S608
            (last, _PAGE),
        ):
            found += [
                (row[0], row[-2]) for row in rows if _article(row[:-1]).fingerprint != row[-1]
            ]
            last = rows[-1][0]
        return found

    def known(self, article_id: str) -> tuple[str, str] | None:
        """The article's fingerprint and origin, None when the archive does not hold it."""
        return self._one("SELECT fingerprint, origin FROM article WHERE id = ?", article_id)

    def _one(self, query: str, id: str) -> tuple[str, str] | None:
        rows = self._rows(query, (id,))
        return (rows[0][0], rows[0][1]) if rows else None

    def passages(self, chunk_ids: Sequence[str], *, staged: bool = False) -> list[IndexedChunk]:
        """The chunks that exist among `chunk_ids`, or are staged, in that order."""
        import numpy as np

        schema = "coming" if staged else "main"
        rows = self._rows(
            "SELECT id, article_id, start, stop, sentences, terms, vectors "  # noqa: S608
            f"FROM {schema}.chunk WHERE id IN ({LISTED})",
            (json.dumps(list(chunk_ids)),),
        )
        # Fetched by themselves, since a join would bring a long article once for each chunk.
        articles = self._articles(list({row[1] for row in rows}), schema)
        found: dict[str, IndexedChunk] = {}
        for id, article_id, start, stop, sentences, terms, vectors in rows:
            article = articles.get(article_id)
            if article is None:
                continue  # removed between the two queries
            spans = tuple(Span(a, b) for a, b in json.loads(sentences))
            lines = [tuple(line.split()) for line in terms.split("\n")]
            found[id] = IndexedChunk(
                chunk=Chunk(id, article.id, Span(start, stop), article.text[start:stop], spans),
                article=article,
                header_terms=lines[0],
                terms=tuple(lines[1:]),
                vectors=np.frombuffer(vectors, np.float16).reshape(1 + len(spans), -1),
            )
        return [found[id] for id in chunk_ids if id in found]

    def vectors(self, dimension: int) -> ChunkVectors:
        """The vectors of all chunks, each of this length, without those of their sentences."""
        return ChunkVectors(self.chunk_vectors(dimension), self.counts()["chunks"], dimension)

    def chunk_vectors(self, dimension: int) -> Iterator[ChunkVector]:
        """The same, one after the other."""
        import numpy as np

        last = -1
        dates: dict[str | None, PartialDate | None] = {None: None}
        while rows := self._rows(
            "SELECT c.rowid, c.id, a.id, substr(c.vectors, 1, ?), a.date, a.source, a.language "
            "FROM chunk c JOIN article a ON a.id = c.article_id "
            "WHERE c.rowid > ? ORDER BY c.rowid LIMIT ?",
            (2 * dimension, last, _PAGE),
        ):
            for _, id, article_id, vector, date, source, language in rows:
                if date not in dates:
                    dates[date] = PartialDate.parse(date)
                row = np.frombuffer(vector, np.float16)
                yield ChunkVector(id, article_id, dates[date], source, language, row)
            last = rows[-1][0]

    def counts(self) -> dict[str, int]:
        """How many articles and chunks there are."""
        query = "SELECT (SELECT count(*) FROM article), (SELECT count(*) FROM chunk)"
        ((articles, chunks),) = self._rows(query)
        return {"articles": articles, "chunks": chunks}

    def facets(self) -> dict[str, dict[str, int]]:
        """How many articles there are by language, source and year; unknown ones left out."""
        return {
            name: dict(
                self._rows(
                    f"SELECT {expression} AS value, count(*) FROM article "  # noqa: S608
                    "WHERE value IS NOT NULL GROUP BY value ORDER BY value"
                )
            )
            for name, expression in (
                ("language", "language"),
                ("source", "source"),
                ("year", "substr(date, 1, 4)"),
            )
        }

    def copy(self, path: Path) -> None:
        """Write all of it to another file, as it is at one moment."""
        with self._lock, _translated(path), closing(sqlite3.connect(path)) as other:
            self._connection.backup(other)

    @property
    def revision(self) -> int:
        """Of the last run that has published; 0 before the first, and in files of old versions."""
        ((revision,),) = self._rows("PRAGMA user_version")
        return int(revision)

    def state(self) -> tuple[int, int, int, int]:
        """The revision, and how many articles, chunks and leftovers there are, of one moment."""
        query = (
            "SELECT (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM article),"
            " (SELECT count(*) FROM chunk), (SELECT count(*) FROM leftover)"
        )
        ((revision, articles, chunks, leftovers),) = self._rows(query)
        return revision, articles, chunks, leftovers

    def chunk_ids(self) -> set[str]:
        """Every chunk id."""
        return {id for (id,) in self._rows("SELECT id FROM chunk")}

    def chunks_of(self, article_ids: Sequence[str]) -> list[str]:
        """The ids of the chunks of these articles, in no order."""
        query = f"SELECT id FROM chunk WHERE article_id IN ({LISTED})"  # noqa: S608
        return [id for (id,) in self._rows(query, (json.dumps(article_ids),))]

    # What this run has read; kept out of Python's memory, which a large run would fill

    def see(self, article: Article) -> None:
        """Note that an article has been read."""
        values = (article.id, article.fingerprint, article.origin)
        self._rows("INSERT INTO seen VALUES (?, ?, ?)", values)

    def seen(self, article_id: str) -> tuple[str, str] | None:
        """The fingerprint and origin of what was read under this id, None when nothing was."""
        return self._one("SELECT fingerprint, origin FROM seen WHERE id = ?", article_id)

    def unseen(self) -> Iterator[tuple[str, str]]:
        """(id, origin) of every article that has not been read."""
        last = ""
        while rows := self._rows(
            "SELECT id, origin FROM article WHERE id > ? AND id NOT IN (SELECT id FROM seen) "
            "ORDER BY id LIMIT ?",
            (last, _PAGE),
        ):
            yield from rows
            last = rows[-1][0]

    # Files that were given up on

    def refused(self, file: str, state: str) -> str | None:
        """Why a file was given up on when it was in this state, None when it was not."""
        query = "SELECT reason FROM refused WHERE file = ? AND state = ?"
        rows = self._rows(query, (file, state))
        return str(rows[0][0]) if rows else None

    def refuse(self, file: str, state: str, reason: str) -> None:
        """Note that a file was given up on."""
        with self._transaction() as connection:
            values = (file, state, reason)
            connection.execute("INSERT OR REPLACE INTO refused VALUES (?, ?, ?)", values)

    # What people have put right; kept when an article is gone, for its file may come back

    def amendment(self, article_id: str) -> Amendment | None:
        """What was put right about the article, None when nothing was."""
        query = "SELECT title, date, name FROM amendment WHERE article_id = ?"
        rows = self._rows(query, (article_id,))
        return Amendment(*rows[0]) if rows else None

    def amendments(self) -> dict[str, Amendment]:
        """Everything that was put right, by the article's id."""
        rows = self._rows("SELECT article_id, title, date, name FROM amendment")
        return {id: Amendment(*fields) for id, *fields in rows}

    def amend(self, amendments: Mapping[str, Amendment]) -> None:
        """Note what was put right, in place of what was noted of the same articles."""
        with self._transaction() as connection:
            _amend(connection, amendments)

    # Writing

    def stage(self, articles: Iterable[Article], passages: Iterable[IndexedChunk]) -> None:
        """Put articles with their chunks where only `publish` finds them, all or nothing."""
        with self._transaction() as connection:
            for article in articles:
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
                connection.execute(
                    f"INSERT INTO coming.searched {_SEARCHED.format('coming.')} WHERE id = ?",
                    (article.id,),
                )
                connection.execute("INSERT OR IGNORE INTO due VALUES (?)", (article.id,))
            for passage in passages:
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
                        passage.vectors.tobytes(),
                    ),
                )

    def take_up(self, article: Article) -> bool:
        """Whether a killed run has staged this very article; if so, it is published too."""
        query = "SELECT 1 FROM coming.article WHERE (id, fingerprint, origin) = (?, ?, ?)"
        there = bool(self._rows(query, (article.id, article.fingerprint, article.origin)))
        if there:
            self._rows("INSERT OR IGNORE INTO due VALUES (?)", (article.id,))
        return there

    def due(self) -> list[str]:
        """The ids of the staged chunks that `publish` will let readers see."""
        query = "SELECT id FROM coming.chunk WHERE article_id IN due ORDER BY rowid"
        return [id for (id,) in self._rows(query)]

    def leftovers(self) -> list[str]:
        """Chunk ids that Chroma may hold although no article does."""
        return [id for (id,) in self._rows("SELECT chunk_id FROM leftover")]

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
    ) -> None:
        """Let readers see what is due in place of earlier versions, all or nothing.

        The chunks of what was there before become leftovers, the new ones cease to be.

        Args:
            revision: of the run.
            gone: articles that are taken out.
            amendments: what was put right, noted at the same time.
            for_good: whether what was put right about those taken out goes with them.
        """
        with self._transaction() as connection:
            _amend(connection, amendments or {})
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
            connection.execute(f"PRAGMA user_version = {revision}")

    def tidy(self) -> None:
        """Let go of what is staged and has been published; the last thing that a run does."""
        with self._transaction() as connection:
            connection.execute(
                "DELETE FROM coming.article WHERE (id, fingerprint) IN "
                "(SELECT id, fingerprint FROM main.article)"
            )
        if not self._rows("SELECT 1 FROM coming.article LIMIT 1"):
            self._rows("DETACH coming")
            _staging(self._path).unlink()

    def index_words(self) -> None:
        """Make the lexical index anew, from the terms of the chunks."""
        with self._transaction() as connection:
            for step in lexical.ANEW:
                connection.execute(step)

    def move(self, article_id: str, origin: str) -> None:
        """Note that an unchanged article is now read from somewhere else."""
        with self._transaction() as connection:
            connection.execute("UPDATE article SET origin = ? WHERE id = ?", (origin, article_id))

    def forget(self, chunk_ids: Iterable[str]) -> None:
        """Note that leftovers are gone from Chroma."""
        with self._transaction() as connection:
            connection.executemany(
                "DELETE FROM leftover WHERE chunk_id = ?", ((id,) for id in chunk_ids)
            )


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """What SQLite raises, in words that say what to do."""
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.IntegrityError):
        raise  # a bug
    except sqlite3.DatabaseError as exc:
        name = getattr(exc, "sqlite_errorname", "")
        advice = next((told for sign, told in _ADVICE.items() if sign in name), _RESTORE)
        raise IndexUnusable(f"{path} cannot be used ({exc}). {advice}") from exc


def _staging(path: Path) -> Path:
    return path.with_name("coming.sqlite")


def file_of(origin: str) -> str:
    """The file of an article's origin, which names the row or the archive's member as well."""
    return re.sub(r"(\.zip)#.*$|#\d+$", r"\1", origin, flags=re.I | re.S)


def _stand_in(connection: sqlite3.Connection) -> None:
    there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    for table, make in _STAND_INS.items():
        if table not in there:
            connection.executescript(make)


def _amend(connection: sqlite3.Connection, amendments: Mapping[str, Amendment]) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO amendment (article_id, title, date, name) VALUES (?, ?, ?, ?)",
        ((id, a.title, a.date, a.name) for id, a in amendments.items()),
    )


def _article(row: Sequence[str | None]) -> Article:
    id, title, text, date, source, language, url, origin = row
    assert id is not None
    assert title is not None
    assert text is not None
    assert language is not None
    assert origin is not None
    return Article(
        id=id,
        title=title,
        text=text,
        date=PartialDate.parse(date) if date else None,
        source=source,
        language=language,
        url=url,
        origin=origin,
    )
