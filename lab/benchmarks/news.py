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
import json
import sys
from pathlib import Path
from typing import Any

from lab import rows

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
        found |= {row["id"]: _kept(row) for row in rows(path) if row["id"] in found}
    if missing := [id for id, row in found.items() if not row]:
        raise LookupError(
            f"{len(missing)} of {len(wanted)} articles are in no set under {sets}: "
            f"{', '.join(missing)}"
        )
    return list(found.values())


def others(sets: Path, but: set[str], count: int) -> list[dict[str, Any]]:
    """The first articles of orangesum that are not among those."""
    found = rows(sets / "orangesum" / "docs.jsonl.gz")
    return [_kept(row) for row in found if row["id"] not in but][:count]


def _kept(row: dict[str, Any]) -> dict[str, Any]:
    return {field: row[field] for field in _FIELDS if row.get(field) is not None}


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
        found = articles(arguments.sets)
    except LookupError as exc:
        sys.exit(f"error: {exc}")
    if arguments.more:
        found += others(arguments.sets, {row["id"] for row in found}, arguments.more)
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in found)
    arguments.out.write_text("".join(lines), encoding="utf-8")
    print(f"{len(found)} articles: {arguments.out}")


if __name__ == "__main__":
    main()
