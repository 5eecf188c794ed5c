"""Lexical index: BM25 over the terms of every chunk, in a full-text table (FTS5) of the archive.

Each chunk's terms (see `terms`) go into the column of its language, so that French words are
weighed among French articles and English ones among English. A question is analysed once for
each of these columns: its own language's analyser for its own column, the others' for theirs, so
that names and numbers find articles in any language.

The table follows `article` and `chunk` by triggers, in whatever transaction changes those, so it
holds the chunks that readers see and no others. It keeps no text, and knows a chunk by its rowid
in `chunk`, which VACUUM would change: what it forgets of a chunk is told from the terms there. Owns
everything FTS5.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from qa.documents.filters import Filters
from qa.index.conditions import conditions
from qa.language.terms import terms

# Languages with a column of their own; articles in any other share the column `other`.
_LANGUAGES = ("fr", "en")
_FIELDS = (*_LANGUAGES, "other")

_TERMS = """SELECT c.rowid AS row, c.article_id AS article_id,
    CASE WHEN language = 'fr' THEN terms END AS fr,
    CASE WHEN language = 'en' THEN terms END AS en,
    CASE WHEN language NOT IN ('fr', 'en') THEN terms END AS other
FROM chunk c JOIN article a ON a.id = c.article_id"""
# Whatever is no space belongs to a term: these are stemmed and folded already.
_TABLE = """CREATE VIRTUAL TABLE IF NOT EXISTS word USING fts5(
    fr, en, other, content = '',
    tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* Co Cn Cf'"
)"""
# For every connection: in how many chunks each term is, by column; it keeps nothing itself.
KNOWN = "CREATE VIRTUAL TABLE temp.known USING fts5vocab(main, word, col)"
_FILL = (
    f"INSERT INTO word(rowid, fr, en, other) SELECT row, fr, en, other FROM ({_TERMS}) "  # noqa: S608
    "WHERE NOT EXISTS (SELECT 1 FROM word_docsize)"
)
SCHEMA = f"""
{_TABLE};
CREATE TRIGGER IF NOT EXISTS word_added AFTER INSERT ON chunk BEGIN
    INSERT INTO word(rowid, fr, en, other)
    SELECT row, fr, en, other FROM ({_TERMS}) WHERE row = new.rowid;
END;
CREATE TRIGGER IF NOT EXISTS word_removed BEFORE DELETE ON article BEGIN
    INSERT INTO word(word, rowid, fr, en, other)
    SELECT 'delete', row, fr, en, other FROM ({_TERMS}) WHERE article_id = old.id;
END;
{_FILL};
"""  # noqa: S608
ANEW = ("INSERT INTO word(word) VALUES ('delete-all')", _FILL)

_PAGE = 500
_PROBES = 50
_PROBE_TERMS = 20


class QueryTerms:
    """A question's terms, field by field, with the weight (idf) each has there.

    Attributes:
        by_field: field → term → idf.
        known: field → the terms that some chunk has there.
    """

    def __init__(
        self,
        by_field: Mapping[str, dict[str, float]],
        known: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.by_field = by_field
        self.known = known or {}

    def of(self, language: str) -> dict[str, float]:
        """term → idf for articles in `language`; empty when the question has no terms."""
        return self.by_field[language if language in _LANGUAGES else "other"]


class LexicalIndex:
    """The table `word` of an archive. Scores are BM25 (k1 = 1.2, b = 0.75), higher is better.

    Source: Robertson & Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009,
    doi:10.1561/1500000019. A term that more than half of the chunks have counts next to nothing
    in a score; its idf as `analyse` tells it is Lucene's, ln(1 + (N − n + ½) / (n + ½)).
    """

    def __init__(self, rows: Callable[[str, Sequence[object]], list[tuple[Any, ...]]]) -> None:
        """
        Args:
            rows: asks the archive's file: SQL and its values → all rows.
        """
        self._rows = rows

    def analyse(self, question: str, language: str) -> QueryTerms:
        """The question's terms in each field, with their idf there."""
        ((total,),) = self._rows("SELECT count(*) FROM word_docsize", ())
        by_field, known = dict[str, dict[str, float]](), dict[str, list[str]]()
        for field in _FIELDS:
            found = dict.fromkeys(terms(question, field, asked_in=language))
            holding = {term: self._holding(field, term) for term in found}
            by_field[field] = {term: _idf(total, number) for term, number in holding.items()}
            known[field] = [term for term, number in holding.items() if number]
        return QueryTerms(by_field, known)

    def _holding(self, field: str, term: str) -> int:
        rows = self._rows("SELECT doc FROM known WHERE term = ? AND col = ?", (term, field))
        return int(rows[0][0]) if rows else 0

    def search(self, query: QueryTerms, n: int, filters: Filters) -> list[tuple[str, float]]:
        """The best chunks that share a term with the question: (chunk id, score), best first.

        Args:
            query: as `analyse` makes it.
            n: how many at most.
            filters: which articles.
        """
        # A word of another field is looked up in vain, but not for nothing: it costs a quarter.
        expression = " OR ".join(
            _column(field, wanted) for field, wanted in query.known.items() if wanted
        )
        if not expression:
            return []
        required, values = conditions(filters)
        # A plus sign, or the full-text search would be made once for each of these rows.
        passing = (
            "AND +rowid IN (SELECT rowid FROM chunk WHERE article_id IN "  # noqa: S608
            f"(SELECT id FROM article WHERE {' AND '.join(required)}))"
            if required
            else ""
        )
        return self._rows(
            "SELECT id, -score FROM (SELECT rowid AS row, bm25(word) AS score FROM word "  # noqa: S608
            f"WHERE word MATCH ? {passing} ORDER BY score LIMIT ?) "
            "JOIN chunk ON chunk.rowid = row ORDER BY score, id",
            (expression, *values, n),
        )

    def sum(self) -> str:
        """The SHA-256 sum of all that it holds."""
        found = hashlib.sha256()
        for rows in (self._pages("word_data", "block"), self._pages("word_docsize", "sz")):
            for row, held in rows:
                found.update(b"%d %d " % (row, len(held)))
                found.update(held)
        found.update(repr(self._rows("SELECT segid, term, pgno FROM word_idx", ())).encode())
        return found.hexdigest()

    def _pages(self, table: str, column: str) -> Iterator[tuple[int, bytes]]:
        last = -1
        query = f"SELECT id, {column} FROM {table} WHERE id > ? ORDER BY id LIMIT ?"  # noqa: S608
        while rows := self._rows(query, (last, _PAGE)):
            yield from rows
            last = rows[-1][0]

    def problem(self) -> str | None:
        """What is wrong with it, the first thing first; None when it is sound.

        It must hold every chunk, and find some of them by their terms.
        """
        ((lacks, extra, chunks),) = self._rows(
            "SELECT (SELECT count(*) FROM chunk WHERE rowid NOT IN (SELECT id FROM word_docsize)),"
            " (SELECT count(*) FROM word_docsize WHERE id NOT IN (SELECT rowid FROM chunk)),"
            " (SELECT count(*) FROM chunk)",
            (),
        )
        if lacks or extra:
            return f"lacks {lacks} chunks and has {extra} too many"
        some = self._rows(
            f"SELECT row, fr, en, other FROM ({_TERMS}) WHERE row % ? = 0",  # noqa: S608
            (max(1, chunks // _PROBES),),
        )
        for row, *columns in some:
            for field, known in zip(_FIELDS, columns, strict=True):
                for term in islice(dict.fromkeys((known or "").split()), _PROBE_TERMS):
                    asked = (_column(field, [term]), row)
                    if not self._rows("SELECT 1 FROM word WHERE word MATCH ? AND rowid = ?", asked):
                        return f"does not find a chunk by its word {term!r}"
        return None


def _column(field: str, wanted: Iterable[str]) -> str:
    """Any of the terms in a column, as FTS5 reads it; in quotes, none is taken for syntax."""
    quoted = (term.replace('"', '""') for term in wanted)
    return f"""{field} : ({" OR ".join(f'"{term}"' for term in quoted)})"""


def _idf(total: int, containing: int) -> float:
    return math.log(1 + (total - containing + 0.5) / (containing + 0.5))
