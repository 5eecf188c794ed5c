"""Answers of a language model, retrieval included: over our quotes, and over whole chunks.

    python -m benchmarks.answers SETS [--sets fquad …] [--questions 200] [--whole 200] [--llm NAME]

SETS is a folder of question sets, each with docs.jsonl.gz and questions.jsonl.gz. Seeded answerable
questions (seed 1) are asked of their whole set as one index. In one run, question by question:

    quotes    the pipeline as it is
    unchecked the same quotes and prompt, what the model says taken as it is
    bare      the same, without what the reader points to
    chunks    the four best chunks whole, which takes long: of the first questions only, --whole
    span      no model: the words that the reader points to in the first quote that has any

Printed are EM, F1, GoldInAnswer, abstentions, and the median time to the first token and in all;
then the paired difference of `quotes` and `chunks` where both were asked, in F1 and as a ratio of
their median times in all. An abstention counts as an empty answer.
Questions of SQuAD and PIAF are those of the articles kept out of the reader's training; all of QED
was trained on, and its figures say so.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from qa import generative
from qa.answer import Answer, Citation, Question
from qa.assistant import Assistant
from qa.evaluation.answers import token_f1
from qa.evaluation.normalise import contains, tokens
from qa.evaluation.pipeline import cached_index
from qa.evaluation.questions import GoldQuestion, load
from qa.models import Embedder, open_llm
from qa.settings import Settings

KEPT_OUT = ("piaf", "squad20_dev")
_MARK = re.compile(r"\s*\[\d+\]")


@dataclass(frozen=True)
class Said:
    """What a system answered: text without citation numbers, seconds to first token and in all."""

    text: str
    first_s: float
    total_s: float


def quotes(assistant: Assistant, question: GoldQuestion, model: Any) -> Said:
    """The pipeline as it is."""
    answer = assistant.ask(Question(question.text))
    spent = answer.timings_ms
    first = spent.get("first_token") or spent["total"]
    text = "" if answer.abstained else answer.text
    return Said(text, first / 1000, spent["total"] / 1000)


def unchecked(assistant: Assistant, question: GoldQuestion, model: Any) -> Said:
    """The whole prompt."""
    answer = _evidence(assistant, question)
    return _told(model, answer, answer.citations)


def bare(assistant: Assistant, question: GoldQuestion, model: Any) -> Said:
    """Instructions, quotes and question."""
    answer = _evidence(assistant, question)
    return _told(model, answer, [replace(citation, answer=None) for citation in answer.citations])


def chunks(assistant: Assistant, question: GoldQuestion, model: Any) -> Said:
    """Over the four best chunks, whatever the confidence."""
    answer = _evidence(assistant, question)
    whole = [Citation(n, h.article, h.chunk.span) for n, h in enumerate(answer.hits[:4], 1)]
    return _told(model, answer, whole)


def span(assistant: Assistant, question: GoldQuestion, model: Any) -> Said:
    """The reader's words alone."""
    started = time.perf_counter()
    answer = _evidence(assistant, question)
    best = max((h for h in answer.hits if h.reading), key=lambda h: h.score, default=None)
    text = best.reading.span.of(best.article.text) if best and best.reading else ""
    spent = time.perf_counter() - started
    return Said(text, spent, spent)


SYSTEMS: dict[str, Callable[[Assistant, GoldQuestion, Any], Said]] = {
    "quotes": quotes,
    "unchecked": unchecked,
    "bare": bare,
    "chunks": chunks,
    "span": span,
}


def _evidence(assistant: Assistant, question: GoldQuestion) -> Answer:
    return assistant.ask(Question(question.text, answerer="extractive"))


def _told(model: Any, found: Answer, citations: Sequence[Citation]) -> Said:
    """What the model says; nothing where there is nothing to say it from."""
    retrieved = found.timings_ms["retrieve"] / 1000
    if not citations:
        return Said("", retrieved, retrieved)
    messages = generative.prompt(found.question.standalone, citations, found.language)
    started, first, text = time.perf_counter(), 0.0, ""
    for draft in generative.write(model, messages):
        first = first or time.perf_counter() - started
        text = draft.text
    total = time.perf_counter() - started
    text = "" if generative.refused(text) else text
    return Said(text, first + retrieved, total + retrieved)


def graded(said: Said, question: GoldQuestion) -> tuple[float, ...]:
    """EM, F1, GoldInAnswer, empty, seconds to the first token, seconds in all."""
    mine = tokens(_MARK.sub("", said.text), question.lang)
    gold = [tokens(answer, question.lang) for answer in question.answers]
    return (
        float(mine in gold),
        max(token_f1(mine, answer) for answer in gold),
        float(any(contains(mine, answer) for answer in gold)),
        float(not said.text),
        said.first_s,
        said.total_s,
    )


def questions_of(set: str, arguments: argparse.Namespace) -> list[GoldQuestion]:
    """Seeded, answerable, kept out of training where the set was trained on."""
    path = arguments.sets_folder / set / "questions.jsonl.gz"
    found = [q for q in load(path).questions if q.answers]
    if set in KEPT_OUT:
        rows = (arguments.data / f"{set}.jsonl").read_text(encoding="utf-8").splitlines()
        wanted = {json.loads(row)["id"].partition(":")[2] for row in rows}
        found = [q for q in found if q.id in wanted]
    random.Random(1).shuffle(found)
    return found[: arguments.questions]


def main() -> None:
    """Ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets_folder", type=Path)
    parser.add_argument("--data", type=Path, default=Path(".training/data"))
    parser.add_argument("--sets", nargs="+", default=["fquad", "piaf", "squad20_dev", "qed_nq_dev"])
    parser.add_argument(
        "--systems", nargs="+", choices=list(SYSTEMS), default=["quotes", "chunks", "span"]
    )
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--whole", type=int, default=200)
    parser.add_argument("--llm", default=Settings().llm)
    arguments = parser.parse_args()
    base = Settings(llm=arguments.llm, answerer="generative")
    embedder = Embedder.open(base)
    model = open_llm(base) if arguments.systems != ["span"] else None
    print("| set | system | questions | EM | F1 | GoldInAnswer | empty | first s | in all s |")
    print("|---|---|---|---|---|---|---|---|---|")
    for set in arguments.sets:
        settings = cached_index(arguments.sets_folder / set / "docs.jsonl.gz", base, embedder)
        if model is None:
            settings = settings.model_copy(update={"llm": "none", "answerer": "extractive"})
        grades: dict[str, list[tuple[float, ...]]] = defaultdict(list)
        with Assistant.open(settings) as assistant:
            for question in questions_of(set, arguments):
                for name in arguments.systems:
                    if name == "chunks" and len(grades[name]) == arguments.whole:
                        continue
                    grades[name].append(graded(SYSTEMS[name](assistant, question, model), question))
        for name, rows in grades.items():
            table = np.array(rows)
            shares = " | ".join(f"{value:.3f}" for value in table[:, :4].mean(axis=0))
            times = " | ".join(f"{value:.2f}" for value in np.median(table[:, 4:], axis=0))
            print(f"| {set} | {name} | {len(rows)} | {shares} | {times} |", flush=True)
        if {"quotes", "chunks"} <= grades.keys():
            print(_difference(set, grades["quotes"], grades["chunks"]), flush=True)


def _difference(
    set: str, quotes: Sequence[tuple[float, ...]], chunks: Sequence[tuple[float, ...]]
) -> str:
    both = np.array(quotes[: len(chunks)]), np.array(chunks)
    d = both[0][:, 1] - both[1][:, 1]
    draw = np.random.default_rng(1)
    low, high = np.percentile(d[draw.integers(0, len(d), (5000, len(d)))].mean(axis=1), [2.5, 97.5])
    f1 = " and ".join(f"{rows[:, 1].mean():.3f}" for rows in both)
    times = [float(np.median(rows[:, 5])) for rows in both]
    return (
        f"{set}, both asked of {len(d)}: F1 of quotes and chunks {f1}, difference {d.mean():+.3f} "
        f"[{low:+.3f}, {high:+.3f}]; in all {times[0] / times[1]:.2f} times as long"
    )


if __name__ == "__main__":
    main()
