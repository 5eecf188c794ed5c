"""Which lexical index: tantivy, bm25s or SQLite FTS5? Quality, incremental updates, memory.

    python lab/benchmarks/lexical.py [SET]

SET is a folder with docs.jsonl.gz and questions.jsonl.gz; without one, corpus/ and its questions.
All three get the same terms (`language.terms`) and index each document as one text; a second FTS5
row uses its own tokenizer instead. Each library runs in a process of its own, so that its memory
is its own. Times are seconds on this machine; compare them within one run only.
"""

from __future__ import annotations

import argparse
import gzip
import json
import multiprocessing
import resource
import sqlite3
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab import ROOT
from qa.documents.article import Article
from qa.documents.filters import Filters
from qa.documents.parsers import find, read
from qa.index.lexical import LexicalIndex
from qa.language.detect import question_language
from qa.language.terms import terms, words

MOST_QUESTIONS = 1000


class Contender(ABC):
    """A lexical index over documents that are given as terms."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @abstractmethod
    def put(self, documents: Sequence[Article]) -> None:
        """Add documents, or replace those with the same id."""

    @abstractmethod
    def search(self, question: str) -> list[str]:
        """The ids of the ten best documents."""


class Tantivy(Contender):
    """Files on disk, one segment a commit."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.index = LexicalIndex.open(folder)

    def put(self, documents: Sequence[Article]) -> None:
        """One commit."""
        self.index.put((d.id, d, terms(f"{d.title} {d.text}", d.language)) for d in documents)

    def search(self, question: str) -> list[str]:
        """As the product does."""
        query = self.index.analyse(question, question_language(question))
        return [id for id, _ in self.index.search(query, 10, Filters())]


class Bm25s(Contender):
    """Matrices in memory; a change means computing all of them again."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.documents: dict[str, Article] = {}

    def put(self, documents: Sequence[Article]) -> None:
        """Everything again, then saved."""
        import bm25s

        self.documents |= {d.id: d for d in documents}
        self.ids = list(self.documents)
        corpus = [terms(f"{d.title} {d.text}", d.language) for d in self.documents.values()]
        self.index = bm25s.BM25(k1=1.2, b=0.75)
        self.index.index(corpus, show_progress=False)
        self.index.save(str(self.folder))

    def search(self, question: str) -> list[str]:
        """Terms of both languages, as one vocabulary holds both."""
        asked = question_language(question)
        wanted = list(
            dict.fromkeys(
                t for language in ("fr", "en") for t in terms(question, language, asked_in=asked)
            )
        )
        known = [term for term in wanted if term in self.index.vocab_dict]
        if not known:
            return []
        k = min(10, len(self.ids))
        rows, _ = self.index.retrieve([known], k=k, show_progress=False)
        return [self.ids[row] for row in rows[0]]


class Fts5(Contender):
    """A table in SQLite."""

    tokenizer = "unicode61"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.database = sqlite3.connect(folder / "fts.sqlite")
        self.database.execute(
            f"CREATE VIRTUAL TABLE d USING fts5(id UNINDEXED, body, tokenize = '{self.tokenizer}')"
        )

    def put(self, documents: Sequence[Article]) -> None:
        """One transaction."""
        with self.database:
            for d in documents:
                self.database.execute("DELETE FROM d WHERE id = ?", (d.id,))
            self.database.executemany(
                "INSERT INTO d VALUES (?, ?)", ((d.id, self.body(d)) for d in documents)
            )

    def body(self, document: Article) -> str:
        """What is indexed."""
        return " ".join(terms(f"{document.title} {document.text}", document.language))

    def wanted(self, question: str) -> list[str]:
        """What is searched for."""
        asked = question_language(question)
        return [t for language in ("fr", "en") for t in terms(question, language, asked_in=asked)]

    def search(self, question: str) -> list[str]:
        """Any of the terms, by FTS5's own BM25."""
        query = " OR ".join(f'"{term}"' for term in dict.fromkeys(self.wanted(question)))
        rows = self.database.execute(
            "SELECT id FROM d WHERE d MATCH ? ORDER BY bm25(d) LIMIT 10", (query,)
        )
        return [row[0] for row in rows] if query else []


class Fts5Own(Fts5):
    """FTS5 with the analysis that it brings: accents removed, English stemmer."""

    tokenizer = "porter unicode61 remove_diacritics 2"

    def body(self, document: Article) -> str:
        """The text as it is."""
        return f"{document.title} {document.text}"

    def wanted(self, question: str) -> list[str]:
        """Its words."""
        return words(question)


CONTENDERS: tuple[type[Contender], ...] = (Tantivy, Bm25s, Fts5, Fts5Own)


def load(folder: Path | None) -> tuple[list[Article], list[dict[str, Any]]]:
    """Documents, and the questions that have a document."""
    if folder is None:
        root = ROOT / "corpus"
        articles = [a for file in find([root]) for a in read(file) if isinstance(a, Article)]
        lines = (root / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    else:
        file = folder / "docs.jsonl.gz"
        articles = [a for a in read(file) if isinstance(a, Article)]
        with gzip.open(folder / "questions.jsonl.gz", "rt", encoding="utf-8") as questions:
            lines = questions.readlines()
    rows = [json.loads(line) for line in lines]
    usable = [r for r in rows if r.get("doc_ids") and r.get("answers") and not r.get("history")]
    return articles, usable[:MOST_QUESTIONS]


def measure(contender: type[Contender], folder: Path | None, results: Any) -> None:
    """Index, update, search; in a process of its own."""
    documents, questions = load(folder)
    for document in documents:  # the analysis is the same for all and is not what is timed
        terms(document.text, document.language)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with tempfile.TemporaryDirectory() as name:
        index = contender(Path(name))
        started = time.perf_counter()
        index.put(documents)
        built = time.perf_counter() - started
        started = time.perf_counter()
        for document in documents[:20]:
            index.put([document])
        updated = (time.perf_counter() - started) / min(20, len(documents))
        started = time.perf_counter()
        found = [index.search(question["question"]) for question in questions]
        searched = (time.perf_counter() - started) / len(questions)
        disk = sum(f.stat().st_size for f in Path(name).rglob("*") if f.is_file())
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    ranks = [
        next((n for n, id in enumerate(ids, 1) if id in question["doc_ids"]), 0)
        for ids, question in zip(found, questions, strict=True)
    ]
    results.put(
        f"{contender.__name__:10}"
        f"{sum(rank == 1 for rank in ranks) / len(ranks):8.3f}"
        f"{sum(1 / rank for rank in ranks if rank) / len(ranks):9.3f}"
        f"{built:10.2f}{updated * 1000:12.1f}{searched * 1000:12.2f}"
        f"{grown / 1024:10.0f}{disk / 1e6:9.1f}"
    )


def main() -> None:
    """One row a library."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("set", type=Path, nargs="?")
    folder = parser.parse_args().set
    print("library        R@1   MRR@10   build s   update ms   search ms    MB RAM  MB disk")
    context = multiprocessing.get_context("spawn")
    for contender in CONTENDERS:
        results = context.Queue()
        process = context.Process(target=measure, args=(contender, folder, results))
        process.start()
        print(results.get(timeout=600))
        process.join()


if __name__ == "__main__":
    main()
