"""Whether the assistant answers what the articles say, and says so when they do not.

    python -m lab.benchmarks.abstention SETS [--questions 200] [--plots DIR] [--json FILE]

SETS is a folder of question sets, each with docs.jsonl.gz and questions.jsonl.gz. Asked, without a
language model, are three pairs of questions, each with and without an answer in the index:

    elsewhere      PIAF's questions of PIAF's paragraphs, and the same of orangesum's news (the
                   first 2,000 articles), which answer none of them
    null           MultiHop-RAG's questions with evidence, and its null queries, same articles
    near           SQuAD 2.0's, with and without an answer, same paragraphs

French questions whose paragraph was taken away are not among them: asked of all paragraphs at once,
another question's may hold the answer. `reader` judges them by three paragraphs each.
Of PIAF and SQuAD 2.0 only articles kept out of the reader's training are asked about. Printed are
the shares answered at the threshold of the settings, the area under the ROC curve of the confidence
(answerable or not) with its 95% bootstrap interval, the share of answerable questions that can be
answered where 90% of the others are abstained from, and how often the quotes of an answer hold the
gold answer. The risk–coverage curves count as right an answer whose quotes hold the gold one.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lab.benchmarks.reader import auroc, rows, standing_alone
from lab.training.data import kept_out
from qa.assistant import Assistant
from qa.evaluation.normalise import contains, tokens
from qa.evaluation.plots import risk_coverage_of
from qa.evaluation.system import cached_index
from qa.models import Embedder
from qa.settings import Settings
from qa.types import Question

Documents = Path | list[dict[str, Any]]
NEWS = 2000
# What a short quote cannot hold: MultiHop-RAG's answers are often a verdict.
_VERDICTS = ("yes", "no", "before", "after")


@dataclass(frozen=True)
class Asked:
    """A question as it went.

    Attributes:
        answerable: whether the index holds an answer.
        confidence, abstained: of the assistant.
        held: whether its quotes hold a gold answer; None where that cannot be told.
    """

    id: str
    question: str
    answerable: bool
    confidence: float
    abstained: bool
    held: bool | None


@dataclass(frozen=True)
class Pair:
    """Questions of each kind with the documents they are asked of."""

    answerable: tuple[Documents, list[dict[str, Any]]]
    others: tuple[Documents, list[dict[str, Any]]]


def pairs(sets: Path, most: int) -> dict[str, Pair]:
    """The three, each with at most so many seeded questions of either kind."""
    docs = {name: sets / name / "docs.jsonl.gz" for name in (*_SETS, "orangesum")}
    of = {name: rows(sets / name / "questions.jsonl.gz") for name in _SETS}
    piaf = _kept_out("piaf", of["piaf"], docs["piaf"])
    squad = _kept_out("squad20_dev", of["squad20_dev"], docs["squad20_dev"])

    def some(questions: Sequence[dict[str, Any]], answerable: bool) -> list[dict[str, Any]]:
        found = [q for q in questions if bool(q["answers"]) == answerable]
        random.Random(1).shuffle(found)
        return found[:most]

    elsewhere = some(piaf, True)
    null = of["multihop_rag"]
    return {
        "elsewhere": Pair((docs["piaf"], elsewhere), (rows(docs["orangesum"])[:NEWS], elsewhere)),
        "null": Pair(
            (docs["multihop_rag"], some([q for q in null if q["kind"] != "unanswerable"], True)),
            (docs["multihop_rag"], _nulls(null, most)),
        ),
        "near": Pair(
            (docs["squad20_dev"], some(squad, True)), (docs["squad20_dev"], some(squad, False))
        ),
    }


_SETS = ("piaf", "squad20_dev", "multihop_rag")


def _nulls(questions: Sequence[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    found = [q for q in questions if q["kind"] == "unanswerable"]
    random.Random(1).shuffle(found)
    return found[:most]


def _kept_out(name: str, questions: list[dict[str, Any]], docs: Path) -> list[dict[str, Any]]:
    documents = {d["id"]: d for d in rows(docs)}
    return [q for q in questions if kept_out(name, documents[q["doc_ids"][0]])]


def ask(
    docs: Documents, questions: Sequence[dict[str, Any]], answerable: bool, embedder: Embedder
) -> list[Asked]:
    """Each question of an index of these documents."""
    # What is below the threshold is asked for all the same, to see what its quotes would hold.
    settings = Settings(llm="none", answerer="extractive", abstain_below=0.0)
    settings = cached_index(docs, settings, embedder)
    found = []
    with Assistant.open(settings) as assistant:
        for q in questions:
            answer = assistant.ask(Question(q["question"]))
            held: bool | None = False
            if answerable:
                gold = [a for a in q["answers"] if a.lower() not in _VERDICTS]
                quoted = [tokens(c.quote, q["lang"]) for c in answer.citations]
                held = (
                    any(contains(t, tokens(a, q["lang"])) for a in gold for t in quoted)
                    if gold
                    else None
                )
            below = answer.confidence < Settings().abstain_below
            found.append(Asked(q["id"], q["question"], answerable, answer.confidence, below, held))
    return found


def line(name: str, asked: Sequence[Asked]) -> str:
    """A row of the table."""
    label = [a.answerable for a in asked]
    sure = np.array([a.confidence for a in asked])
    here, others = [a for a in asked if a.answerable], [a for a in asked if not a.answerable]
    answered = np.mean([not a.abstained for a in here])
    abstained = np.mean([a.abstained for a in others])
    bar = np.quantile([a.confidence for a in others], 0.9)
    told = [a.held for a in here if a.held is not None and not a.abstained]
    return (
        f"| {name} | {len(here)}, {len(others)} | {answered:.3f} | {abstained:.3f} "
        f"| {auroc(label, sure.tolist())} | {np.mean([a.confidence > bar for a in here]):.3f} "
        f"(above {bar:.2f}) | {np.mean(told):.3f} of {len(told)} |"
    )


def main() -> None:
    """Ask, print, plot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", type=Path)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--pairs", nargs="+")
    parser.add_argument("--plots", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    embedder = Embedder.open(Settings())
    every: dict[str, list[Asked]] = {}
    print(
        "| pair | questions | answered | abstained from the others | AUROC "
        "| answered where 90% of the others are not | quotes hold the answer |\n"
        "|---|---|---|---|---|---|---|",
        flush=True,
    )
    for name, pair in pairs(arguments.sets, arguments.questions).items():
        if arguments.pairs and name not in arguments.pairs:
            continue
        asked = [*ask(*pair.answerable, True, embedder), *ask(*pair.others, False, embedder)]
        every[name] = asked
        print(line(name, asked), flush=True)
        if arguments.plots:
            arguments.plots.mkdir(parents=True, exist_ok=True)
            judged = [(a.confidence, bool(a.held)) for a in asked if a.held is not None]
            drawn = risk_coverage_of(f"Risk by coverage: {name}", judged, len(judged))
            file = arguments.plots / f"risk-{name.replace(', ', '-').lower()}.svg"
            file.write_text(standing_alone(drawn), encoding="utf-8")
    if arguments.json:
        told = {name: [asdict(a) for a in asked] for name, asked in every.items()}
        arguments.json.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
