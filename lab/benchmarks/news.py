"""The 140 news articles that the questions of lab/benchmarks/news.jsonl are asked of.

    python -m lab.benchmarks.news SETS OUT.jsonl [--more 1860]
    python -m lab.benchmarks.baseline lab/benchmarks/news.jsonl --articles OUT.jsonl --out RUN.jsonl

SETS is a folder of question sets, each with docs.jsonl.gz. The articles belong to their publishers
and are no part of this project: news_articles.txt has their ids, the questions are our own words.
OUT.jsonl is not to be passed on. --more adds that many others of orangesum, among which they are to
be found.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from itertools import islice
from pathlib import Path
from typing import Any

SETS = ("multihop_rag", "realtimeqa", "wikinews_en", "orangesum", "wikinews_fr100")
QUESTIONS = Path(__file__).with_name("news.jsonl")
IDS = Path(__file__).with_name("news_articles.txt")
_FIELDS = ("id", "title", "text", "date", "source", "lang")


def articles(sets: Path) -> list[dict[str, Any]]:
    """The articles, in the order of the list.

    Raises:
        LookupError: a set has no articles, or one of those listed is in none.
    """
    wanted = IDS.read_text(encoding="utf-8").split()
    found: dict[str, dict[str, Any]] = {id: {} for id in wanted}
    for name in SETS:
        path = sets / name / "docs.jsonl.gz"
        if not path.is_file():
            raise LookupError(f"there is no {path}")
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for row in map(json.loads, file):
                if row["id"] in found:
                    found[row["id"]] = {
                        field: row[field] for field in _FIELDS if row.get(field) is not None
                    }
    if missing := [id for id, row in found.items() if not row]:
        raise LookupError(
            f"{len(missing)} of {len(wanted)} articles are in no set under {sets}: "
            f"{', '.join(missing)}"
        )
    return list(found.values())


def others(sets: Path, but: set[str], count: int) -> list[dict[str, Any]]:
    """The first articles of orangesum that are not among those."""
    with gzip.open(sets / "orangesum" / "docs.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = (row for row in map(json.loads, file) if row["id"] not in but)
        return [
            {field: row[field] for field in _FIELDS if row.get(field) is not None}
            for row in islice(rows, count)
        ]


def main() -> None:
    """Write them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--more", type=int, default=0)
    arguments = parser.parse_args()
    try:
        rows = articles(arguments.sets)
    except LookupError as exc:
        sys.exit(f"error: {exc}")
    if arguments.more:
        rows += others(arguments.sets, {row["id"] for row in rows}, arguments.more)
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    arguments.out.write_text("".join(lines), encoding="utf-8")
    print(f"{len(rows)} articles: {arguments.out}")


if __name__ == "__main__":
    main()
