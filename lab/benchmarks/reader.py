"""The reader alone, as it ships: reading, answerability, the other language, speed.

    python -m lab.benchmarks.reader SETS [--data .training/data] [--questions 1000]

SETS is a folder of question sets, each with docs.jsonl.gz and questions.jsonl.gz; --data is where
`python -m lab.training.data` left the questions of the articles kept out of training.

    reading         the gold paragraph is given; EM and F1 of the best span, no answer not allowed:
                    FQuAD (seed 1), SQuAD 2.0 and PIAF kept out
    answerability   area under the ROC curve of `answerable`: SQuAD 2.0 kept out; for French, the
                    derived unanswerable questions, each with the three paragraphs that it comes
                    with, against as many answerable ones, each with its paragraph and the two of
                    the same article most like the question
    reliability     of `answerable` on those French questions, which it was not fitted on
    other language  the questions of tests/data/cross_lingual.jsonl, the gold article given whole
    speed           ten passages of 250 tokens; loading; size
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lab import ROOT, rows
from qa.documents.article import Article
from qa.documents.chunks import split
from qa.documents.parsers import find, read
from qa.evaluation import stats
from qa.evaluation.answers import token_f1
from qa.evaluation.normalise import tokens
from qa.language.terms import words
from qa.models.reader import WEIGHTS, Reader, Span

CROSS_LINGUAL = ROOT / "tests" / "data" / "cross_lingual.jsonl"
CORPUS = ROOT / "corpus"


@dataclass(frozen=True)
class Asked:
    """A question with what it is asked of; no answers when nothing answers it."""

    question: str
    passages: Sequence[str]
    answers: Sequence[str]
    language: str


def best(reader: Reader, asked: Sequence[Asked]) -> tuple[list[Span | None], float]:
    """The likeliest span of each question's passages, and milliseconds a question."""

    def one(question: Asked) -> Span | None:
        spans = reader.read(question.question, question.passages)
        return max(spans, key=lambda span: span.score, default=None)

    started = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(one, asked))
    return found, 1000 * (time.perf_counter() - started) / max(1, len(asked))


def graded(asked: Sequence[Asked], found: Sequence[Span | None]) -> np.ndarray:
    """(questions, 2): EM and F1 against the gold answer that fits best."""
    grades = []
    for question, span in zip(asked, found, strict=True):
        said = tokens(span.text if span else "", question.language)
        gold = [tokens(answer, question.language) for answer in question.answers]
        grades.append((float(said in gold), max(token_f1(said, answer) for answer in gold)))
    return np.array(grades)


def estimate(columns: np.ndarray, statistic: stats.Statistic = stats.mean) -> str:
    """A figure over (questions, c) with its 95% interval."""
    found = stats.bootstrap(columns.reshape(len(columns), -1), statistic)
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


def kept_out(data: Path, set: str) -> list[Asked]:
    """The questions of the articles kept out of training."""
    found = rows(data / f"{set}.jsonl")
    return [Asked(r["question"], [r["passage"]], r["answers"], r["language"]) for r in found]


def french_unanswerable(sets: Path) -> list[Asked]:
    """The derived questions and as many answerable ones, three paragraphs each."""
    folder = sets / "fr_unanswerable_derived"
    texts = {row["id"]: row["text"] for row in rows(folder / "docs.jsonl.gz")}
    found = [
        Asked(row["question"], [texts[id] for id in row["doc_ids"]], [], "fr")
        for row in rows(folder / "questions.jsonl.gz")
    ]
    documents = rows(sets / "fquad" / "docs.jsonl.gz")
    by_id, by_article = {d["id"]: d for d in documents}, defaultdict(list)
    for document in documents:
        by_article[document["article"]].append(document["text"])
    questions = rows(sets / "fquad" / "questions.jsonl.gz")
    random.Random(2).shuffle(questions)
    for row in questions[: len(found)]:
        gold = by_id[row["doc_ids"][0]]
        asked = set(words(row["question"]))
        others = [t for t in by_article[gold["article"]] if t != gold["text"]]
        others.sort(key=lambda text: -len(asked & set(words(text))))
        found.append(Asked(row["question"], [gold["text"], *others[:2]], row["answers"], "fr"))
    return found


def cross_lingual() -> list[Asked]:
    """Our questions, each with the chunks of its article; graded in the article's language."""
    read_all = (article for path in find([CORPUS]) for article in read(path))
    articles = {article.id: article for article in read_all if isinstance(article, Article)}
    found = []
    for row in rows(CROSS_LINGUAL):
        article = articles[row["doc_ids"][0]]
        chunks = [chunk.text for chunk in split(article)]
        found.append(Asked(row["question"], chunks, row["answers"], article.language))
    return found


def speed(reader: Reader, passages: Sequence[str]) -> str:
    """Ten passages of about a thousand characters, which are 250 tokens, ten times."""
    some = [p for p in passages if 960 <= len(p) <= 1000][:10]
    assert len(some) == 10
    spent = []
    for _ in range(12):
        started = time.perf_counter()
        reader.read("Qui a construit le pont de Kervalec ?", some)
        spent.append(1000 * (time.perf_counter() - started))
    return f"{statistics.median(spent[2:]):.0f} ms, slowest of ten {max(spent[2:]):.0f} ms"


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", type=Path)
    parser.add_argument("--data", type=Path, default=Path(".training/data"))
    parser.add_argument("--reader", type=Path, default=WEIGHTS)
    parser.add_argument("--questions", type=int, default=1000)
    arguments = parser.parse_args()
    started = time.perf_counter()
    reader = Reader.open(arguments.reader)
    loaded = time.perf_counter() - started
    texts = {row["id"]: row["text"] for row in rows(arguments.sets / "fquad" / "docs.jsonl.gz")}
    print(f"loaded in {loaded:.2f} s, {arguments.reader.stat().st_size / 1e6:.1f} MB")
    print("ten passages of 250 tokens:", speed(reader, list(texts.values())))

    questions = rows(arguments.sets / "fquad" / "questions.jsonl.gz")
    random.Random(1).shuffle(questions)
    reading = {
        "fquad": [
            Asked(row["question"], [texts[row["doc_ids"][0]]], row["answers"], "fr")
            for row in questions[: arguments.questions]
        ],
        "squad20_dev, kept out": kept_out(arguments.data, "squad20_dev"),
        "piaf, kept out": kept_out(arguments.data, "piaf"),
        "other language, English questions": [q for q in cross_lingual() if q.language == "fr"],
        "other language, French questions": [q for q in cross_lingual() if q.language == "en"],
    }
    print("\n| set | questions | EM | F1 | ms a question |\n|---|---|---|---|---|")
    for name, asked in reading.items():
        answerable = [question for question in asked if question.answers]
        found, spent = best(reader, answerable)
        em, f1 = graded(answerable, found).T
        print(f"| {name} | {len(answerable)} | {estimate(em)} | {estimate(f1)} | {spent:.0f} |")

    print("\n| answerability | questions | AUROC |\n|---|---|---|")
    sets = {
        "squad20_dev, kept out": reading["squad20_dev, kept out"],
        "fr_unanswerable_derived": french_unanswerable(arguments.sets),
    }
    for name, asked in sets.items():
        spans = [reader.read(q.question, q.passages) for q in asked]
        judged = [max((s.answerable for s in found), default=0.0) for found in spans]
        labels = [bool(question.answers) for question in asked]
        area = estimate(np.column_stack([judged, labels]).astype(float), stats.auroc)
        print(f"| {name} | {len(asked)} | {area} |")
    print("\n| `answerable`, French | questions | mean | came true |\n|---|---|---|---|")
    for low in np.arange(0, 1, 0.1):
        inside = [k for k, p in enumerate(judged) if low <= p < low + 0.1 + (low > 0.85)]
        if inside:
            mean, true = np.mean([judged[k] for k in inside]), np.mean([labels[k] for k in inside])
            print(f"| {low:.1f} to {low + 0.1:.1f} | {len(inside)} | {mean:.2f} | {true:.2f} |")


if __name__ == "__main__":
    main()
