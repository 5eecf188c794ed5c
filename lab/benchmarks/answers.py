"""How often answers say the gold answer, retrieval included: the assistant, and the reader alone.

    python -m lab.benchmarks.answers SETS --out RUN.jsonl [--sets fquad …] [--questions 200]

SETS is a folder of question sets, each with docs.jsonl.gz and questions.jsonl.gz. Seeded answerable
questions (seed 1) are asked of their whole set as one index:

    ours    the assistant as it is, with a language model; kept in RUN and asked again no more
    span    no model: the words that the reader points to in the best hit

Printed are EM, F1 and whether the gold answer stands in the answer's own words
(where the assistant only quotes there are none), whether it stands in them or the quotes, how many
answers are empty, and the median seconds to the first word and in all. Of an abstention nothing
counts.
Questions of SQuAD and PIAF are those of the articles kept out of the reader's training; all of QED
was trained on, and its figures say so.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lab.benchmarks import baseline
from lab.benchmarks.injection import own_words
from lab.training.data import kept_out, read
from qa.assistant import Assistant
from qa.evaluation.answers import token_f1
from qa.evaluation.normalise import contains, tokens
from qa.evaluation.questions import GoldQuestion, load
from qa.evaluation.system import cached_index
from qa.models import Embedder
from qa.settings import Settings
from qa.types import Question

KEPT_OUT = ("piaf", "squad20_dev")
HEADER = ("set", "system", "questions", "EM", "F1", "in words", "in quotes", "empty")
_MARK = re.compile(r"\s*\[\d+\]")


def questions_of(folder: Path, most: int) -> list[GoldQuestion]:
    """Seeded, answerable, kept out of training where the set was trained on; ids name the set."""
    name = folder.name
    found = [q for q in load(folder / "questions.jsonl.gz").questions if q.answers]
    if name in KEPT_OUT:
        own = {row["id"] for row in read(folder / "docs.jsonl.gz") if kept_out(name, row)}
        found = [q for q in found if own & set(q.doc_ids)]
    random.Random(1).shuffle(found)
    return [replace(question, id=f"{name}:{question.id}") for question in found[:most]]


def span(assistant: Assistant, question: GoldQuestion) -> dict[str, Any]:
    """The reader's words alone, with the quotes that are shown without a model."""
    started = time.perf_counter()
    answer = assistant.ask(Question(question.text, answerer="extractive"))
    best = max((h for h in answer.hits if h.reading), key=lambda h: h.score, default=None)
    spent = time.perf_counter() - started
    return {
        "answer": best.reading.span.of(best.article.text) if best and best.reading else "",
        "abstained": False,
        "answerer": "generative",
        "citations": [{"quote": citation.quote} for citation in answer.citations],
        "first_s": spent,
        "seconds": spent,
    }


def graded(row: baseline.Row, question: GoldQuestion) -> tuple[float, ...]:
    """EM, F1, in the words, in words or quotes, empty, seconds to the first word, in all."""
    shown: baseline.Row = {"answer": "", "citations": []} if row["abstained"] else row
    own = own_words(shown["answer"]) if row.get("answerer") == "generative" else ""
    said = tokens(_MARK.sub("", own), question.lang)
    quotes = [tokens(citation["quote"], question.lang) for citation in shown["citations"]]
    gold = [tokens(answer, question.lang) for answer in question.answers]
    return (
        float(said in gold),
        max(token_f1(said, answer) for answer in gold),
        float(any(contains(said, answer) for answer in gold)),
        float(any(contains(text, answer) for text in (said, *quotes) for answer in gold)),
        float(not shown["answer"]),
        row["first_s"],
        row["seconds"],
    )


def main() -> None:
    """Ask, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets_folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=["fquad", "piaf", "squad20_dev", "qed_nq_dev"])
    parser.add_argument("--systems", nargs="+", choices=("ours", "span"), default=["ours", "span"])
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--llm")
    arguments = parser.parse_args()
    base = Settings(llm="none", answerer="extractive")
    embedder = Embedder.open(base)
    print("| " + " | ".join((*HEADER, "first s", "in all s")) + " |")
    print("|---" * (len(HEADER) + 2) + "|")
    for name in arguments.sets:
        folder = arguments.sets_folder / name
        questions = questions_of(folder, arguments.questions)
        rows: dict[str, list[baseline.Row]] = {}
        if "ours" in arguments.systems:
            asking = {"systems": ["ours"], "articles": folder / "docs.jsonl.gz", "index": None}
            baseline.ask(questions, argparse.Namespace(**(vars(arguments) | asking)))
            kept = baseline.rows_of(arguments.out)
            rows["ours"] = [kept["ours", question.id] for question in questions]
        if "span" in arguments.systems:
            settings = cached_index(folder / "docs.jsonl.gz", base, embedder)
            with Assistant.open(settings) as assistant:
                rows["span"] = [span(assistant, question) for question in questions]
        for system, some in rows.items():
            table = np.array([graded(*pair) for pair in zip(some, questions, strict=True)])
            shares = " | ".join(f"{value:.3f}" for value in table[:, :5].mean(axis=0))
            times = " | ".join(f"{value:.2f}" for value in np.median(table[:, 5:], axis=0))
            print(f"| {name} | {system} | {len(some)} | {shares} | {times} |", flush=True)


if __name__ == "__main__":
    main()
