"""Archive: articles, their chunks, terms and vectors in one SQLite file. The truth of an index.

Chroma only proposes chunk ids; what a reader sees comes from here, and an id that is not here does
not exist. No article leaves this module unless it still has the fingerprint that it was stored
with: a letter that a failing disk has changed is an error, never a quote. A run writes through
`writer`. Knows nothing about questions.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import threading
from collections.abc import Iterator, Sequence
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

_ARTICLES = (
    "SELECT id, title, text, date, source, language, url, origin, "
    "(SELECT starts FROM {0}.paged WHERE article_id = id), fingerprint FROM {0}.article"
)
PAGE = 500  # rows fetched at once

_RESTORE = (
    "Put a backup back with `qa restore FILE --replace`, or build the index anew with "
    "`qa index --rebuild PATH`."
)
_MAY_WRITE = "Make it writable for this user, and run the command again."
_ADVICE = {
    "CORRUPT_VTAB": "Have its words indexed again with `qa doctor --repair`.",
    "FULL": "Make room on the disk and run the command again; what was indexed is as it was.",
    "IOERR": "See that the disk has room and is sound, and run the command again.",
    "BUSY": "Another process holds it; try again when that is done.",
    "READONLY": _MAY_WRITE,
    "CANTOPEN": _MAY_WRITE,
    "PERM": _MAY_WRITE,
    "no such table": "An earlier version has made it: complete it with `qa doctor --repair`.",
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
    """The SQLite file, to be read. Safe to use from several threads."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._lock = threading.RLock()
        self.lexical = lexical.LexicalIndex(self.rows)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the file.

        Raises:
            IndexUnusable: it is missing or no SQLite file.
        """
        if not path.exists():
            raise IndexUnusable(f"{path} is gone. {_RESTORE}")
        with translated(path):
            # A reader too must be able to undo what a killed writer left half done, so `rw`.
            return cls(connect(path, "rw", f"{lexical.KNOWN}; PRAGMA query_only = 1"), path)

    @classmethod
    def is_new(cls, path: Path) -> bool:
        """Whether a file has no tables: the run that made it was killed before they were there.

        Raises:
            IndexUnusable: it is no SQLite file.
        """
        with translated(path), closing(sqlite3.connect(_uri(path, "rw"), uri=True)) as file:
            return file.execute("SELECT 1 FROM sqlite_master").fetchone() is None

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows at once, so that nothing stays locked while somebody works on them."""
        with self._lock, translated(self._path):
            return self._connection.execute(query, values).fetchall()

    def _ids(self, query: str, values: Sequence[object] = ()) -> list[str]:
        return [id for (id,) in self.rows(query, values)]

    def article(self, id: str) -> Article | None:
        """The article, or None when the archive does not hold it."""
        return self._articles([id]).get(id)

    def articles(self) -> Iterator[Article]:
        """Every article, newest first, undated last. A few are in memory at a time."""
        ids = self._ids("SELECT id FROM article ORDER BY date IS NULL, date DESC, id")
        for start in range(0, len(ids), PAGE):
            page = ids[start : start + PAGE]
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
        ((total,),) = self.rows(f"SELECT count(*) FROM article WHERE {where}", values)  # noqa: S608
        ids = self._ids(
            f"SELECT id FROM article WHERE {where} "  # noqa: S608
            f"ORDER BY date IS NULL, {order}, id LIMIT ? OFFSET ?",
            [*values, count, start],
        )
        found = self._articles(ids)
        return Listing(tuple(found[id] for id in ids if id in found), start, total)

    def of_file(self, file: str) -> list[str]:
        """The ids of the articles that were read from a file, as their origins name it."""
        query = (
            "SELECT id, origin FROM article "
            "WHERE origin = ?1 OR substr(origin, 1, length(?1) + 1) = ?1 || '#' ORDER BY id"
        )
        return [id for id, origin in self.rows(query, (file,)) if file_of(origin) == file]

    def count_under(self, path: str) -> int:
        """How many articles were read from a file, or from files under a folder."""
        ((count,),) = self.rows(
            "SELECT count(*) FROM article "
            "WHERE origin = ?1 OR substr(origin, 1, length(?1) + 1) IN (?1 || ?2, ?1 || '#')",
            (path, os.sep),
        )
        return int(count)

    def dates(self) -> tuple[PartialDate | None, PartialDate | None]:
        """The oldest and the newest date of an article."""
        (ends,) = self.rows("SELECT min(date), max(date) FROM article")
        first, last = (PartialDate.parse(end) if end else None for end in ends)
        return first, last

    def _articles(self, ids: Sequence[str], schema: str = "main") -> dict[str, Article]:
        """Those of the articles that exist, by id.

        Raises:
            IndexUnusable: one is not as it was stored.
        """
        found = {}
        for *fields, fingerprint in self.rows(
            f"{_ARTICLES.format(schema)} WHERE id IN ({LISTED})",
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
        ((found,), *_) = self.rows("PRAGMA quick_check(1)")
        return None if found == "ok" else f"{self._path} is damaged ({found}). {_RESTORE}"

    def damaged(self) -> list[tuple[str, str]]:
        """(id, origin) of every article that is not as it was stored. Reads them all."""
        last, found = "", list[tuple[str, str]]()
        while rows := self.rows(
            f"{_ARTICLES.format('main')} WHERE id > ? ORDER BY id LIMIT ?",
            (last, PAGE),
        ):
            found += [
                (row[0], row[-3]) for row in rows if _article(row[:-1]).fingerprint != row[-1]
            ]
            last = rows[-1][0]
        return found

    def passages(self, chunk_ids: Sequence[str]) -> list[IndexedChunk]:
        """The chunks that exist among `chunk_ids`, in that order."""
        rows = self.rows(
            "SELECT id, article_id, start, stop, sentences, terms, vectors "  # noqa: S608
            f"FROM chunk WHERE id IN ({LISTED})",
            (json.dumps(list(chunk_ids)),),
        )
        # Fetched by themselves, since a join would bring a long article once for each chunk.
        articles = self._articles(list({row[1] for row in rows}))
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
                vectors=unpacked(vectors, len(spans)),
            )
        return [found[id] for id in chunk_ids if id in found]

    def vectors(self, dimension: int) -> ChunkVectors:
        """The vectors of all chunks, each of this length, without those of their sentences."""
        return ChunkVectors(self.chunk_vectors(dimension), self.counts()["chunks"], dimension)

    def chunk_vectors(self, dimension: int, *, due: bool = False) -> Iterator[ChunkVector]:
        """The same, one after the other, or those that a run is about to publish."""
        import numpy as np

        # Without the plus sign SQLite would sort all that is due for each page.
        schema, which = ("coming", "AND +c.article_id IN due") if due else ("main", "")
        last = -1
        dates: dict[str | None, PartialDate | None] = {None: None}
        while rows := self.rows(
            "SELECT c.rowid, c.id, a.id, substr(c.vectors, 1, ?), a.date, a.source, a.language "  # noqa: S608
            f"FROM {schema}.chunk c JOIN {schema}.article a ON a.id = c.article_id "
            f"WHERE c.rowid > ? {which} ORDER BY c.rowid LIMIT ?",
            (2 * dimension, last, PAGE),
        ):
            for _, id, article_id, vector, date, source, language in rows:
                if date not in dates:
                    dates[date] = PartialDate.parse(date)
                row = np.frombuffer(vector, np.float16)
                yield ChunkVector(id, article_id, dates[date], source, language, row)
            last = rows[-1][0]

    def counts(self) -> dict[str, int]:
        """How many articles and chunks there are."""
        _, articles, chunks, _ = self.state()
        return {"articles": articles, "chunks": chunks}

    def facets(self) -> dict[str, dict[str, int]]:
        """How many articles there are by language, source and year; unknown ones left out."""
        return {
            name: dict(
                self.rows(
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
        with self._lock, translated(path), closing(sqlite3.connect(path)) as other:
            self._connection.backup(other)
            other.execute("PRAGMA journal_mode = DELETE")  # that of a shared archive's is another

    @property
    def revision(self) -> int:
        """Of the last run that has published; 0 before the first, and in files of old versions."""
        [(revision,)] = self.rows("PRAGMA user_version")
        return int(revision)

    def state(self) -> tuple[int, int, int, int]:
        """The revision, and how many articles, chunks and leftovers there are, of one moment."""
        query = (
            "SELECT (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM article),"
            " (SELECT count(*) FROM chunk), (SELECT count(*) FROM leftover)"
        )
        [(revision, articles, chunks, leftovers)] = self.rows(query)
        return revision, articles, chunks, leftovers

    def leftovers(self) -> list[str]:
        """Chunk ids that Chroma may hold although no article does."""
        return self._ids("SELECT chunk_id FROM leftover")

    def chunk_ids(self) -> set[str]:
        """Every chunk id."""
        return set(self._ids("SELECT id FROM chunk"))

    def holds(self, chunk_ids: Sequence[str]) -> set[str]:
        """Those of the chunks that exist."""
        query = f"SELECT id FROM chunk WHERE id IN ({LISTED})"  # noqa: S608
        return set(self._ids(query, [json.dumps(list(chunk_ids))]))

    def chunks_of(self, article_ids: Sequence[str]) -> list[str]:
        """The ids of the chunks of these articles, in no order."""
        query = f"SELECT id FROM chunk WHERE article_id IN ({LISTED})"  # noqa: S608
        return self._ids(query, [json.dumps(article_ids)])

    # Earlier versions of articles that were corrected

    def earlier(self, article_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Of each of these that was corrected: the text before, and the day (ISO 8601) after."""
        rows = self.rows(
            f"SELECT article_id, text, corrected FROM earlier WHERE article_id IN ({LISTED}) "  # noqa: S608
            "ORDER BY corrected, rowid",
            (json.dumps(article_ids),),
        )
        return {id: (text, day) for id, text, day in rows}

    def all_earlier(self) -> list[tuple[str, str, str]]:
        """(article id, text, day of the correction) of every earlier version, the oldest first."""
        return self.rows("SELECT article_id, text, corrected FROM earlier ORDER BY rowid")

    # What people have put right; kept when an article is gone, for its file may come back

    def amendment(self, article_id: str) -> Amendment | None:
        """What was put right about the article, None when nothing was."""
        query = "SELECT title, date, name FROM amendment WHERE article_id = ?"
        rows = self.rows(query, (article_id,))
        return Amendment(*rows[0]) if rows else None

    def amendments(self) -> dict[str, Amendment]:
        """Everything that was put right, by the article's id."""
        rows = self.rows("SELECT article_id, title, date, name FROM amendment")
        return {id: Amendment(*fields) for id, *fields in rows}


def packed(vectors: np.ndarray) -> bytes:
    """The vectors of an `IndexedChunk` in half the room: those of sentences with 8 bits a number.

    A sentence's cosine with a question changes by .0001 to .001. The length in bytes is odd, which
    tells them from those that earlier versions have stored, all with 16 bits.
    """
    import numpy as np

    parts = vectors[1:].astype(np.float32)
    parts *= 127 / np.abs(parts).max(axis=1, keepdims=True, initial=1e-6)
    blob: bytes = vectors[0].tobytes() + np.rint(parts).astype(np.int8).tobytes()
    return blob if len(blob) % 2 else blob + b"\0"


def unpacked(blob: bytes, sentences: int) -> np.ndarray:
    """What `packed` was given, with an error: (1 + sentences, d) float16, unit length."""
    import numpy as np

    if len(blob) % 2 == 0:
        return np.frombuffer(blob, np.float16).reshape(1 + sentences, -1)
    d = len(blob) // (2 + sentences)
    parts = np.frombuffer(blob, np.int8, sentences * d, 2 * d).reshape(sentences, d)
    lengths = np.linalg.norm(parts.astype(np.float32), axis=1, keepdims=True)
    units = (parts / np.maximum(lengths, 1)).astype(np.float16)
    return np.concatenate([np.frombuffer(blob, np.float16, d)[None], units])


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """What SQLite raises, in words that say what to do."""
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.IntegrityError):
        raise  # a bug
    except sqlite3.DatabaseError as exc:
        name = f"{getattr(exc, 'sqlite_errorname', '')} {exc}"
        advice = next((told for sign, told in _ADVICE.items() if sign in name), _RESTORE)
        raise IndexUnusable(f"{path} cannot be used ({exc}). {advice}") from exc


def connect(path: Path, mode: str, script: str) -> sqlite3.Connection:
    """A connection in a mode of SQLite's that has run a script and found a table of articles."""
    connection = sqlite3.connect(
        _uri(path, mode), uri=True, timeout=30, isolation_level=None, check_same_thread=False
    )
    try:
        for name, function in (("folded", fold), ("source_key", source_key)):
            connection.create_function(name, 1, function, deterministic=True)
        connection.executescript(script)
        connection.execute("SELECT count(*) FROM article").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _uri(path: Path, mode: str) -> str:
    return f"{path.absolute().as_uri()}?mode={mode}"


def file_of(origin: str) -> str:
    """The file of an article's origin, which names the row or the archive's member as well."""
    return re.sub(r"(\.zip)#.*$|#\d+$", r"\1", origin, flags=re.I | re.S)


def _article(row: Sequence[Any]) -> Article:
    id, title, text, date, source, language, url, origin, starts = row
    day = PartialDate.parse(date) if date else None
    pages = tuple(json.loads(starts)) if starts else ()
    return Article(id, title, text, day, source, language, url, origin, pages)
