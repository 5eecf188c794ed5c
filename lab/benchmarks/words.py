"""Word search by PostgreSQL's own full text, over our terms, beside the archive's BM25 (FTS5).

    python -m lab.benchmarks.words INDEX questions.jsonl[.gz] ... [--sample 150]

Puts the terms of every chunk of an index into a PostgreSQL of the script's own: as a `tsvector`
with a GIN index, one column a language, asked for any of a question's terms and ordered by
`ts_rank_cd` or `ts_rank`, with the length of the chunk taken into account (flag 1) or not. Prints
how often a chunk of the right article is among the first 50, what the hybrid search is given, and
how long a question takes. Needs PostgreSQL.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

from pydantic import SecretStr

from lab import median_p95
from lab.benchmarks.grown import sample
from qa.database import Database, each, rows
from qa.documents.filters import Filters
from qa.errors import IndexUnusable
from qa.index.archive import PAGE, Archive
from qa.index.directory import Manifest
from qa.index.lexical import QueryTerms
from qa.language.detect import question_language
from tests.postgres import postgres_server

CANDIDATES = 50
RANKS = {
    "ts_rank": "ts_rank({0}, q)",
    "ts_rank, by length": "ts_rank({0}, q, 1)",
    "ts_rank_cd": "ts_rank_cd({0}, q)",
}
FIELDS = ("fr", "en", "other")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("index", type=Path)
    parser.add_argument("questions", nargs="+", type=Path)
    parser.add_argument("--sample", type=int, default=150)
    given = parser.parse_args()
    home = given.index / Manifest.read(given.index).generation
    with (
        closing(Archive.open(home / "articles.sqlite")) as archive,
        postgres_server() as server,
        closing(Database.open(SecretStr(server.url), IndexUnusable, longest_s=0)) as database,
    ):
        started = time.perf_counter()
        fill(database, archive)
        ((size,),) = database.rows("SELECT pg_total_relation_size('words')")
        print(f"filled in {time.perf_counter() - started:.0f} s, {size / 1e6:.0f} MB")
        held = {article.id for article in archive.articles()}
        print("set|n|by|among 50|ms p50|ms p95")
        for path in given.questions:
            asked = sample(path, held, given.sample)
            compare("FTS5, BM25", path, asked, partial(fts5, archive))
            for name, rank in RANKS.items():
                compare(name, path, asked, partial(own, database, archive, rank))


def fill(database: Database, archive: Archive) -> None:
    """Every chunk with its terms, in the column of its article's language."""
    with database.transaction() as connection:
        rows(
            connection,
            "CREATE TABLE words (article_id TEXT, fr tsvector, en tsvector, other tsvector)",
        )
        for page in pages(archive):
            each(connection, "INSERT INTO words VALUES (?, ?, ?, ?)", page)
        for field in FIELDS:
            rows(connection, f"CREATE INDEX ON words USING gin ({field})")
        rows(connection, "ANALYZE words")


def pages(archive: Archive) -> Iterator[list[tuple[object, ...]]]:
    """(article id, terms in each column, as PostgreSQL writes a tsvector), some at a time."""
    last = -1
    query = (
        "SELECT c.rowid, c.article_id, a.language, c.terms FROM chunk c JOIN article a "
        "ON a.id = c.article_id WHERE c.rowid > ? ORDER BY c.rowid LIMIT ?"
    )
    while found := archive.rows(query, (last, PAGE)):
        page = []
        for _, article_id, language, terms in found:
            field = language if language in FIELDS else "other"
            vector = " ".join(
                f"{quoted(term)}:{place}" for place, term in enumerate(terms.split()[:16_000], 1)
            )
            page.append((article_id, *(vector if name == field else None for name in FIELDS)))
        yield page
        last = found[-1][0]


def quoted(term: str) -> str:
    """A term as a tsvector or a tsquery names it."""
    return "'" + term.replace("\\", "\\\\").replace("'", "''") + "'"


def terms_of(archive: Archive, question: str) -> QueryTerms:
    """The question's terms, as the archive's word search understands them."""
    return archive.lexical.analyse(question, question_language(question))


def fts5(archive: Archive, question: str) -> list[str]:
    """Articles of the 50 best chunks."""
    found = archive.lexical.search(terms_of(archive, question), CANDIDATES, Filters())
    ids = [id for id, _ in found]
    marks = "SELECT value FROM json_each(?)"
    query = f"SELECT article_id FROM chunk WHERE id IN ({marks})"
    return [id for (id,) in archive.rows(query, (json.dumps(ids),))]


def own(database: Database, archive: Archive, rank: str, question: str) -> list[str]:
    """The same by PostgreSQL."""
    parts, values = [], list[object]()
    for field, terms in terms_of(archive, question).known.items():
        if terms:
            parts.append(
                f"(SELECT article_id, {rank.format(field)} AS score "
                f"FROM words, CAST(? AS tsquery) q WHERE {field} @@ q)"
            )
            values.append(" | ".join(map(quoted, terms)))
    if not parts:
        return []
    both = " UNION ALL ".join(parts)
    query = f"SELECT article_id FROM ({both}) AS found ORDER BY score DESC LIMIT {CANDIDATES}"
    return [id for (id,) in database.rows(query, values)]


def compare(
    name: str, path: Path, asked: list[tuple[str, str]], search: Callable[[str], list[str]]
) -> None:
    """Print a line of the table."""
    hits, spent = 0, []
    for question, right in asked:
        started = time.perf_counter()
        hits += right in search(question)
        spent.append((time.perf_counter() - started) * 1000)
    median, p95 = median_p95(spent)
    share = hits / len(asked)
    print(f"{path.parent.name}|{len(asked)}|{name}|{share:.3f}|{median:.1f}|{p95:.1f}", flush=True)


if __name__ == "__main__":
    main()
