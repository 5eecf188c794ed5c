"""Measures how questions are understood whose articles have dates and outlets.

    python lab/benchmarks/constraints.py SETS [--show N]

SETS is a folder of question sets. On multihop_rag: outlets found against the outlets of the gold
articles, the share of gold articles whose date lies in a window, the share that another article
of the set would have; today is the last article's day. On orangesum, whose "questions" are titles
and leads asked on the article's own day: how far the article lies from the times it names. Prints
also what one question costs.
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qa.documents.article import PartialDate
from qa.language.dates import time_expressions
from qa.search.constraints import understand
from qa.types import Constraints


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a .jsonl.gz file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def group(source: str) -> str:
    """The outlet without its section: questions name either."""
    return source.split(" - ")[0]


@dataclass
class Outlets:
    """Outlets found against outlets of the gold articles, over questions."""

    counts: Counter[str] = field(default_factory=Counter)

    def add(self, found: set[str], gold: set[str]) -> None:
        """One question."""
        self.counts["questions"] += 1
        self.counts["equal"] += found == gold
        self.counts["none"] += not found
        self.counts["right"] += len(found & gold)
        self.counts["found"] += len(found)
        self.counts["gold"] += len(gold)

    def __str__(self) -> str:
        c = self.counts
        return (
            f"{c['questions']} questions: same set {c['equal'] / c['questions']:.3f}, precision "
            f"{c['right'] / c['found']:.3f}, recall {c['right'] / c['gold']:.3f}, "
            f"none found {c['none'] / c['questions']:.3f}"
        )


def inside(understood: Constraints, day: PartialDate, *, firm: bool) -> bool:
    """Whether a day lies in any window of a kind."""
    return any(w.days_off(day) == 0 for w in understood.windows() if w.firm is firm)


def multihop(folder: Path, show: int) -> None:
    """Outlets, and dates of articles."""
    articles = {row["id"]: row for row in read(folder / "docs.jsonl.gz")}
    sources = sorted({row["source"] for row in articles.values()})
    days = {id: PartialDate.parse(row["date"]) for id, row in articles.items()}
    today = max(day.last for day in days.values())
    questions = [row for row in read(folder / "questions.jsonl.gz") if row["doc_ids"]]
    understood = [understand(q["question"], "en", sources, today) for q in questions]
    outlets, cued = Outlets(), Outlets()
    dated, gold, own, other, hull = 0, 0, 0, 0.0, 0
    for question, what in zip(questions, understood, strict=True):
        expected = {group(articles[id]["source"]) for id in question["doc_ids"]}
        outlets.add({group(s) for s in what.sources}, expected)
        cued.add({group(s) for o in what.outlets if o.cued for s in o.sources}, expected)
        if {group(s) for s in what.sources} != expected and show > 0:
            show -= 1
            print(question["question"], sorted(expected), [o.sources[0] for o in what.outlets])
        if not what.articles:
            continue
        dated += 1
        everywhere = sum(inside(what, day, firm=True) for day in days.values()) / len(days)
        for id in question["doc_ids"]:
            gold += 1
            own += inside(what, days[id], firm=True)
            hull += (what.since is None or days[id].last >= what.since) and (
                what.until is None or days[id].first <= what.until
            )
            other += everywhere
    print("outlets named:", outlets)
    print("outlets cued: ", cued)
    print(
        f"{dated} questions with an article's date: gold articles in a window {own / gold:.3f}, "
        f"between the first and the last {hull / gold:.3f}, any article in a window "
        f"{other / gold:.3f}"
    )
    begin = time.perf_counter()
    for question in questions:
        understand(question["question"], "en", sources, today)
    print(f"{(time.perf_counter() - begin) / len(questions) * 1000:.2f} ms a question")


def orangesum(folder: Path, show: int) -> None:
    """How far an article lies from the times that its title or lead names."""
    off: Counter[str] = Counter()
    for row in read(folder / "questions.jsonl.gz"):
        if not row.get("date"):
            continue
        day = PartialDate.parse(row["date"])
        for found in time_expressions(row["question"], "fr", day.last):
            off["times"] += 1
            if found.since and day.last < found.since:
                off["article before it"] += 1
            elif found.until is None or day.first <= found.until:
                off["article within it"] += 1
            else:
                late = (day.first - found.until).days
                off[f"article up to {7 if late <= 7 else 31 if late <= 31 else 'more'} after"] += 1
            if show > 0:
                show -= 1
                print(
                    row["question"][:150], found.span.of(row["question"]), found.since, found.until
                )
    print({name: round(count / off["times"], 3) for name, count in off.items()}, off["times"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("sets", type=Path)
    parser.add_argument("--show", type=int, default=0, help="print so many misses of each set")
    arguments = parser.parse_args()
    multihop(arguments.sets / "multihop_rag", arguments.show)
    orangesum(arguments.sets / "orangesum", arguments.show)


if __name__ == "__main__":
    main()
