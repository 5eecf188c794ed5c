"""Lexical index: BM25 over the terms of every chunk, in tantivy.

Each chunk's terms (see `terms`) go into the field of its language, so that French words are
weighed among French articles and English ones among English. A question is analysed once for
each of these fields: its own language's analyser for its own field, the others' for theirs, so
that names and numbers find articles in any language. Owns everything tantivy.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from qa.documents.article import Article
from qa.documents.filters import Filters, day_number, source_key
from qa.errors import IndexUnusable, is_panic
from qa.language.terms import terms

if TYPE_CHECKING:
    import tantivy

# Languages with a field of their own; articles in any other share the field `other`.
_LANGUAGES = ("fr", "en")
_FIELDS = (*_LANGUAGES, "other")
_WRITER_HEAP_BYTES = 15_000_000  # the least that tantivy takes; a batch needs far less


class QueryTerms:
    """A question's terms, field by field, with the weight (idf) each has there."""

    def __init__(self, by_field: dict[str, dict[str, float]]) -> None:
        self.by_field = by_field

    def of(self, language: str) -> dict[str, float]:
        """term → idf for articles in `language`; empty when the question has no terms."""
        return self.by_field[_field(language)]


class LexicalIndex:
    """The tantivy index of a directory. Scores are BM25 (k1 = 1.2, b = 0.75), higher is better.

    Source: Robertson & Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009,
    doi:10.1561/1500000019, with Lucene's idf = ln(1 + (N − n + ½) / (n + ½)).
    """

    def __init__(self, index: tantivy.Index) -> None:
        self._index = index
        self._writer: Any = None
        # Kept, for a new one would see what another process has written since.
        self._searcher = index.searcher()

    @classmethod
    def open(cls, directory: Path) -> Self:
        """Open the index, creating it when the directory is empty.

        Raises:
            IndexUnusable: the files are damaged or of another version.
        """
        import tantivy

        with _translated():
            directory.mkdir(parents=True, exist_ok=True)
            return cls(tantivy.Index(_schema(), path=str(directory), reuse=True))

    def put(self, chunks: Iterable[tuple[str, Article, Sequence[str]]]) -> None:
        """Add or replace chunks: (chunk id, its article, its terms with the header's)."""
        import tantivy

        with self._writing() as writer:
            for id, article, chunk_terms in chunks:
                document = tantivy.Document(id=id, language=article.language)
                if article.source:
                    document.add_text("source", source_key(article.source))
                document.add_text(_field(article.language), " ".join(chunk_terms))
                if article.date:
                    document.add_unsigned("first", day_number(article.date.first))
                    document.add_unsigned("last", day_number(article.date.last))
                with _translated():
                    writer.delete_documents_by_term("id", id)
                    writer.add_document(document)

    def delete(self, ids: Iterable[str]) -> None:
        """Remove chunks; ids that are not there are passed over."""
        with self._writing() as writer:
            for id in ids:
                with _translated():
                    writer.delete_documents_by_term("id", id)

    @contextmanager
    def _writing(self) -> Iterator[Any]:
        """The writer, for one commit; all or nothing.

        One writer serves until `close`: a new one for each batch left 150 MB of freed memory
        behind, in as many pieces as there had been threads.
        """
        with _translated():
            if self._writer is None:
                self._writer = self._index.writer(_WRITER_HEAP_BYTES, 1)
        try:
            yield self._writer
        except BaseException:
            with _translated():
                self._writer.rollback()
            raise
        with _translated():
            self._writer.commit()
            self._index.reload()
            self._searcher = self._index.searcher()

    def close(self) -> None:
        """Let another writer in, once what this one still merges is done. Reading goes on."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            with _translated():
                writer.wait_merging_threads()

    def analyse(self, question: str, language: str) -> QueryTerms:
        """The question's terms in each field, with their idf there."""
        total = self._searcher.num_docs
        by_field: dict[str, dict[str, float]] = {}
        for field in _FIELDS:
            found = dict.fromkeys(terms(question, field, asked_in=language))
            with _translated():
                known = {term: self._searcher.doc_freq(field, term) for term in found}
            by_field[field] = {term: _idf(total, number) for term, number in known.items()}
        return QueryTerms(by_field)

    def search(
        self, query: QueryTerms, n: int, filters: Filters, within: Sequence[str] | None = None
    ) -> list[tuple[str, float]]:
        """The best chunks that share a term with the question: (chunk id, score), best first.

        Args:
            query: as `analyse` makes it.
            n: how many at most.
            filters: which articles; those that they choose one by one are told by `within`.
            within: the only chunks that count, by their ids; None means all.
        """
        import tantivy

        wanted = [
            (tantivy.Occur.Should, tantivy.Query.term_query(self._index.schema, field, term))
            for field, weights in query.by_field.items()
            for term in weights
        ]
        if not wanted:
            return []
        must = [(tantivy.Occur.Must, tantivy.Query.boolean_query(wanted))]
        conditions = self._conditions(filters, within)
        must += [(tantivy.Occur.Must, condition) for condition in conditions]
        found = self._found(tantivy.Query.boolean_query(must), n)
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))

    def _found(self, query: tantivy.Query, n: int) -> list[tuple[str, float]]:
        with _translated():
            hits = self._searcher.search(query, n, count=False).hits
            return [
                (str(self._searcher.doc(address)["id"][0]), float(score)) for score, address in hits
            ]

    def _conditions(self, filters: Filters, within: Sequence[str] | None) -> list[tantivy.Query]:
        """`Filters` in tantivy's words; each adds nothing to the score."""
        import tantivy

        schema = self._index.schema
        unsigned = tantivy.FieldType.Unsigned
        conditions = []
        if within is not None:
            conditions.append(tantivy.Query.term_set_query(schema, "id", list(within)))
        if filters.since:
            conditions.append(
                tantivy.Query.range_query(schema, "last", unsigned, day_number(filters.since), None)
            )
        if filters.until:
            conditions.append(
                tantivy.Query.range_query(
                    schema, "first", unsigned, None, day_number(filters.until)
                )
            )
        if filters.sources:
            keys = list(filters.source_keys)
            conditions.append(tantivy.Query.term_set_query(schema, "source", keys))
        if filters.language:
            conditions.append(tantivy.Query.term_query(schema, "language", filters.language))
        return [tantivy.Query.const_score_query(condition, 0.0) for condition in conditions]

    def ids(self) -> set[str]:
        """Every chunk id in the index."""
        import tantivy

        held = self.count()
        return {id for id, _ in self._found(tantivy.Query.all_query(), held)} if held else set()

    def has(self, id: str, language: str, term: str) -> bool:
        """Whether a chunk in this language is found by a term."""
        query = QueryTerms({_field(language): {term: 1.0}})
        return bool(self.search(query, 1, Filters(), [id]))

    def count(self) -> int:
        """How many chunks it holds."""
        return int(self._searcher.num_docs)


@contextmanager
def _translated() -> Iterator[None]:
    """What tantivy raises, in words that say what to do."""
    try:
        yield
    except BaseException as exc:
        if not (isinstance(exc, (ValueError, OSError)) or is_panic(exc)):
            raise
        raise IndexUnusable(
            f"the lexical index failed ({exc}). See that the disk has room and that this user may "
            "write there; if it has, mend the index with `qa doctor --repair`."
        ) from exc


def _idf(total: int, containing: int) -> float:
    return math.log(1 + (total - containing + 0.5) / (containing + 0.5))


def _field(language: str) -> str:
    return language if language in _LANGUAGES else "other"


def _schema() -> Any:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("language", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("source", tokenizer_name="raw", index_option="basic")
    for field in _FIELDS:
        builder.add_text_field(field, tokenizer_name="whitespace", index_option="freq")
    builder.add_unsigned_field("first", indexed=True, fast=True)
    builder.add_unsigned_field("last", indexed=True, fast=True)
    return builder.build()
