"""Prepares what the reader is trained on and measured by, from the question sets.

    python -m lab.training.data SETS [--out .training/data]

SETS is a folder of question sets, each with docs.jsonl.gz and questions.jsonl.gz. Trained on are
only those that may be (`TRAINED`: share-alike or permissive licences), and of SQuAD and PIAF some
articles are kept out whole (`kept_out`), drawn by a fixed seed. Passages are chunks as the index
cuts them, so that the reader sees in training what it will see at work.

Hard negatives come from our own retriever over all passages of the sets together: the best chunks
for the question that do not hold its answer, which are of the same article, of the same topic, or
in the other language. Written are train.jsonl, and for each measured set NAME.jsonl, one example a
line (`Example`); a file that is there is not made again.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from lab import rows
from lab.training.example import Example, write
from qa.documents.article import Article
from qa.documents.chunks import split
from qa.language.terms import fold, words
from qa.models import Embedder
from qa.settings import Settings

TRAINED = ("squad11_dev", "squad20_dev", "piaf", "qed_nq_dev", "timeqa_human")
# Articles of SQuAD 1.1 and 2.0, by title, drawn once with random.Random(5) from the fourteen.
SQUAD_KEPT_OUT = frozenset({"Oxygen", "Scottish_Parliament", "Black_Death"})
PIAF_KEPT_OUT_SHARE = 0.15
# The longest passage in one piece, as `Settings.chunk_chars` and a little more.
MOST_CHARS = 1200
NEGATIVES = 4


def kept_out(set: str, document: dict[str, Any]) -> bool:
    """Whether a document is only measured by."""
    if set.startswith("squad"):
        return document["article"] in SQUAD_KEPT_OUT
    if set == "piaf":
        return random.Random(document["article"]).random() < PIAF_KEPT_OUT_SHARE
    return False


def occurrences(answer: str, text: str) -> list[tuple[int, int]]:
    """Where `answer` stands in `text` as whole words."""
    pattern = rf"(?<!\w){re.escape(answer)}(?!\w)"
    return [match.span() for match in re.finditer(pattern, text)]


def spans(question: dict[str, Any], document: dict[str, Any]) -> list[tuple[int, int]]:
    """Where the gold answers stand: where the set says, else in the sentence like the question.

    Of an answer that stands several times, only the place whose surroundings share most words
    with the question counts as right.
    """
    text = document["text"]
    starts = question.get("answer_starts", ())
    told = {
        (start, start + len(answer))
        for start in starts
        for answer in question["answers"]
        if text.startswith(answer, start)
    }
    if told:
        return sorted(told)
    asked = set(words(question["question"]))
    found = []
    for answer in dict.fromkeys(question["answers"]):
        places = occurrences(answer, text)
        if places:
            found.append(max(places, key=lambda p: len(asked & _around(text, p))))
    return found


def _around(text: str, place: tuple[int, int], reach: int = 120) -> set[str]:
    return set(words(text[max(0, place[0] - reach) : place[1] + reach]))


def pieces(document: dict[str, Any]) -> list[tuple[int, str]]:
    """The document as chunks: (where each starts, its text)."""
    if len(document["text"]) <= MOST_CHARS:
        return [(0, document["text"])]
    article = Article.create(text=document["text"], language=document["lang"], origin="training")
    # Reading cleans a text, which would move the answers.
    article = replace(article, text=document["text"])
    return [(chunk.span.start, chunk.text) for chunk in split(article)]


def examples(set: str, sets: Path, *, measured: bool) -> Iterator[Example]:
    """The examples of a set: those to measure by, or those to train on."""
    documents = {d["id"]: d for d in rows(sets / set / "docs.jsonl.gz")}
    seen = {text: pieces(d) for text, d in documents.items()} if not measured else {}
    for question in rows(sets / set / "questions.jsonl.gz"):
        document = documents[question["doc_ids"][0]]
        if set in TRAINED and kept_out(set, document) is not measured:
            continue
        if measured:
            whole = spans(question, document)
            yield _example(set, question, document, document["text"], whole)
        else:
            yield from _cut(set, question, document, seen[document["id"]])


def _cut(
    set: str, question: dict[str, Any], document: dict[str, Any], chunks: list[tuple[int, str]]
) -> Iterator[Example]:
    """The chunk with the answer; of a question without one, the chunk most like it."""
    whole = spans(question, document)
    if whole:
        best = _best_place(question, document, whole)
        for start, text in chunks:
            inside = [
                (a - start, z - start) for a, z in whole if start <= a and z <= start + len(text)
            ]
            if inside and start <= best[0] < start + len(text):
                yield _example(set, question, document, text, inside)
    elif not question["answers"]:
        asked = words(question["question"])
        text = max((t for _, t in chunks), key=lambda t: len({*asked} & {*words(t)}))
        yield _example(set, question, document, text, [])


def _best_place(
    question: dict[str, Any], document: dict[str, Any], whole: list[tuple[int, int]]
) -> tuple[int, int]:
    asked = {*words(question["question"])}
    return max(whole, key=lambda p: len(asked & _around(document["text"], p)))


def _example(
    set: str,
    question: dict[str, Any],
    document: dict[str, Any],
    passage: str,
    found: list[tuple[int, int]],
) -> Example:
    answers = list(dict.fromkeys(question["answers"]))
    return Example(
        f"{set}:{question['id']}",
        set,
        question["lang"],
        question["question"],
        document["title"],
        passage,
        found,
        answers,
    )


def training_examples(sets: Path) -> list[Example]:
    """All examples to train on, each question once: SQuAD 2.0 repeats questions of 1.1."""
    found: dict[str, Example] = {}
    for set in TRAINED:
        for example in examples(set, sets, measured=False):
            if set == "timeqa_human" and not _dated(example):
                continue
            key = example.id.replace("squad20_dev", "squad11_dev")
            found.setdefault(key, example)
    return list(found.values())


def _dated(example: Example) -> bool:
    """Whether the passage names a year of the question: else it is right by chance only."""
    years = re.findall(r"\b[12]\d{3}\b", example.question)
    return bool(example.spans) and any(year in example.passage for year in years)


def add_negatives(found: list[Example], work: Path) -> None:
    """Give each example the best passages for its question that do not hold its answer."""
    from qa.assistant import Assistant
    from qa.index.build import index_paths

    work.mkdir(parents=True, exist_ok=True)
    passages = {e.passage: e for e in found}
    rows = work / "passages.jsonl"
    with rows.open("w", encoding="utf-8") as file:
        for number, (text, e) in enumerate(passages.items()):
            language = "fr" if e.set == "piaf" else "en"
            row = {"id": str(number), "title": e.title, "text": text, "language": language}
            file.write(json.dumps(row) + "\n")
    settings = Settings(
        index=work / "index", llm="none", answerer="extractive", chunk_chars=2000, reader=False
    )
    index_paths([rows], settings, Embedder.open(settings))
    with Assistant.open(settings) as assistant:
        for example in found:
            hits = assistant.search(example.question, k=12)
            example.negatives = [
                hit.article.text
                for hit in hits
                if hit.article.text != example.passage
                and not any(fold(a) in fold(hit.article.text) for a in example.answers)
            ][:NEGATIVES]


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", type=Path)
    parser.add_argument("--out", type=Path, default=Path(".training/data"))
    arguments = parser.parse_args()
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    for set in ("fquad", "squad20_dev", "piaf"):
        target = out / f"{set}.jsonl"
        if not target.is_file():
            print(target.name, write(target, examples(set, arguments.sets, measured=True)))
    target = out / "train.jsonl"
    if not target.is_file():
        found = training_examples(arguments.sets)
        add_negatives(found, out / "negatives")
        print(target.name, write(target, found))


if __name__ == "__main__":
    main()
