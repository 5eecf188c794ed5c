"""The search by words alone: what it finds and how long it takes, at many chunks.

    python -m lab.benchmarks.lexical SETS --chunks 100000 [--questions 300] [--keep FOLDER]

SETS are folders with docs.jsonl.gz. Articles come from each in turn, as many as give the chunks;
those folders that have questions.jsonl.gz too are asked. Vectors are zeros: nothing embeds and
nothing asks Chroma. `R@50` is the share of a question's articles among its fifty best chunks; times
are the median and the 95th percentile.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from lab.benchmarks.scale import take
from qa.documents.article import Article
from qa.documents.chunks import header, split
from qa.documents.filters import Filters
from qa.index.archive import Archive, IndexedChunk
from qa.index.writer import ArchiveWriter
from qa.language.detect import question_language
from qa.language.terms import terms

AT_ONCE = 200
FEWEST = 20  # questions that tell anything


def fill(archive: ArchiveWriter, articles: Sequence[Article]) -> str:
    """Publish the articles; how long the words took of that, and their size."""
    for start in range(0, len(articles), AT_ONCE):
        some = articles[start : start + AT_ONCE]
        archive.stage(some, [p for article in some for p in passages(article)])
    archive.publish(1)
    archive.tidy()
    started = time.perf_counter()
    archive.index_words()
    seconds = time.perf_counter() - started
    ((size,),) = archive.rows("SELECT sum(length(block)) FROM word_data")
    return f"{archive.counts()['chunks']} chunks: {seconds:.1f} s, {size / 1e6:.1f} MB"


def passages(article: Article) -> list[IndexedChunk]:
    """The article's chunks, without meaning."""
    top = tuple(terms(header(article), article.language))
    return [
        IndexedChunk(
            chunk,
            article,
            top,
            tuple(tuple(terms(text, article.language)) for text in chunk.sentence_texts()),
            np.zeros((1 + len(chunk.sentences), 384), np.float16),
        )
        for chunk in split(article)
    ]


def ask(archive: Archive, file: Path, n: int) -> str:
    """Ask some of the questions that have articles."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        rows = [row for row in map(json.loads, lines) if row.get("doc_ids") and row.get("answers")]
    if len(rows) < FEWEST:
        return f"{file.parent.name}: {len(rows)} questions with articles, too few"
    shares, spent, computed = list[float](), list[float](), list[float]()
    for row in random.Random(1).sample(rows, min(n, len(rows))):
        started, before = time.perf_counter(), time.process_time()
        query = archive.lexical.analyse(row["question"], question_language(row["question"]))
        hits = archive.lexical.search(query, 50, Filters())
        spent.append((time.perf_counter() - started) * 1000)
        computed.append((time.process_time() - before) * 1000)
        found = {id.rpartition("@")[0] for id, _ in hits}
        shares.append(len(found & set(row["doc_ids"])) / len(set(row["doc_ids"])))
    return (
        f"{file.parent.name}: R@50 {statistics.mean(shares):.3f}, ms {_percentiles(spent)}, "
        f"of a processor {_percentiles(computed)}"
    )


def _percentiles(values: Sequence[float]) -> str:
    p95 = statistics.quantiles(values, n=20, method="inclusive")[-1]
    return f"{statistics.median(values):.1f} / {p95:.1f}"


def main() -> None:
    """Fill, unless the folder is kept from before, and ask."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("sets", nargs="*", type=Path)
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        file = (given.keep or Path(temporary)) / "articles.sqlite"
        filled = file.exists()
        file.parent.mkdir(parents=True, exist_ok=True)
        with closing(ArchiveWriter.open(file)) as archive:
            if not filled:
                print(fill(archive, take([s / "docs.jsonl.gz" for s in given.sets], given.chunks)))
            for questions in (folder / "questions.jsonl.gz" for folder in given.sets):
                if questions.exists():
                    print(ask(archive, questions, given.questions))


if __name__ == "__main__":
    main()
