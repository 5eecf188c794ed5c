"""Fits and measures the confidence that an answer's quotes hold the answer.

    python -m lab.benchmarks.confidence SETS [--unread | --open] [--work DIR] [--questions N]

SETS is a folder of question sets, each with docs.jsonl.gz and questions.jsonl.gz. Of the documents
asked about only half is indexed, so that the other half's questions are about things that the
articles do not say; SQuAD 2.0 adds questions written to have no answer, and what is read is fitted
besides on questions of PIAF asked of FQuAD's paragraphs and of SQuAD asked of QED's ("far", next to
none of which those answer). The reader was trained on
most of PIAF and SQuAD 2.0 and on all of QED: only the articles kept out are asked about, the others
stand in the index beside them. With --unread nothing is read, all are asked about, and the weights
printed are those for hits that were not read. The label of a question
is whether a gold answer lies inside the quotes that would be shown. Logistic regression, classes
weighted alike, over `qa.answering.confidence.features`; printed are the lines to put into
qa/search/calibration.py, and for each set the area under the ROC curve and what the threshold lets
through. The set named in MEASURED is never fitted on.

With --open fitted is whether articles are about a question that asks for no short fact, or leans on
what was said before, by the best hit's score alone: answerable ones of corpus/questions.jsonl and
of news.jsonl, each asked of its own articles and of the others'. The intercept is then
moved so that at the threshold one in fifty that the articles answer is lost.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from lab import ROOT, rows
from lab.benchmarks import news
from lab.training.data import TRAINED, kept_out
from qa.answering.confidence import features
from qa.answering.followups import make_standalone
from qa.answering.kinds import kind_of
from qa.answering.quotes import choose, cite
from qa.assistant import Assistant
from qa.evaluation.questions import load
from qa.evaluation.system import SystemUnderTest, cached_index, code_fingerprint
from qa.index.build import index_paths
from qa.language.sentences import sentences
from qa.language.terms import fold
from qa.models import Embedder
from qa.models.reader import WEIGHTS
from qa.search.calibration import READ, about
from qa.settings import Settings
from qa.types import Question

# Share-alike or permissive licences: what ships may be fitted on these.
FITTED = ("piaf", "squad20_dev", "qed_nq_dev")
FITTED_READ = ("piaf", "squad20_dev")
MEASURED = ("fquad",)
# Whose questions are asked of whose documents, to be abstained from.
FAR = {"piaf": "fquad", "squad20_dev": "qed_nq_dev"}
MOST_DOCUMENTS = 400
THRESHOLD = Settings().abstain_below
CORPUS = ROOT / "corpus"
# Share of the open questions that the articles answer which the threshold may lose.
LOST = 0.02


@dataclass(frozen=True)
class Row:
    """One question: its features, and whether its quotes hold the answer."""

    set: str
    kind: str
    values: dict[str, float]
    label: bool


def half(id: str) -> bool:
    """Whether a document is indexed: a fixed coin for each."""
    return random.Random(id).random() < 0.5


def gather(
    sets: Path, name: str, work: Path, most: int, embedder: Embedder, *, read_hits: bool
) -> list[Row]:
    """Ask a set's questions of half the documents that they are about."""
    folder = work / name
    folder.mkdir(parents=True, exist_ok=True)
    documents = rows(sets / name / "docs.jsonl.gz")
    random.Random(0).shuffle(documents)
    beside = []
    if read_hits and name in TRAINED:
        beside = [d for d in documents if not kept_out(name, d)]
        documents = [d for d in documents if kept_out(name, d)]
    documents = documents[:MOST_DOCUMENTS]
    indexed = {d["id"] for d in documents if half(d["id"])}
    beside_ids = {d["id"] for d in beside}
    with (folder / "docs.jsonl").open("w", encoding="utf-8") as file:
        for document in (*documents, *beside):
            if document["id"] in indexed | beside_ids:
                file.write(json.dumps(document) + "\n")
    settings = Settings(index=folder / "index", llm="none", answerer="extractive", reader=read_hits)
    index_paths([folder / "docs.jsonl"], settings, embedder)
    known = {d["id"] for d in documents}
    questions = [q for q in rows(sets / name / "questions.jsonl.gz") if set(q["doc_ids"]) & known]
    random.Random(1).shuffle(questions)
    found = []
    with Assistant.open(settings) as assistant:
        for question in questions[:most]:
            here = bool(set(question["doc_ids"]) & indexed)
            kind = "unanswerable" if not question["answers"] else "here" if here else "elsewhere"
            found.append(_row(assistant, name, kind, question))
    return found


def gather_far(sets: Path, name: str, most: int, embedder: Embedder) -> list[Row]:
    """Ask a set's answerable questions, kept out of training, of another set's documents."""
    own = {d["id"] for d in rows(sets / name / "docs.jsonl.gz") if kept_out(name, d)}
    asked = rows(sets / name / "questions.jsonl.gz")
    questions = [q for q in asked if set(q["doc_ids"]) & own and q["answers"]]
    random.Random(3).shuffle(questions)
    base = Settings(llm="none", answerer="extractive")
    settings = cached_index(sets / FAR[name] / "docs.jsonl.gz", base, embedder)
    with Assistant.open(settings) as assistant:
        return [_row(assistant, f"{name} far", "far", q) for q in questions[:most]]


def kept(work: Path, name: str, most: int, ask: Callable[[], list[Row]]) -> list[Row]:
    """Rows asked now, or earlier by the same code with the same reader."""
    reader = hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()[:12]
    cache = work / f"{name}.{most}.{code_fingerprint()}.{reader}.json"
    if cache.is_file():
        return [Row(**row) for row in json.loads(cache.read_text())]
    found = ask()
    cache.write_text(json.dumps([asdict(row) for row in found]))
    return found


def _row(assistant: Assistant, name: str, kind: str, question: dict[str, Any]) -> Row:
    settings = assistant.settings
    asked = make_standalone(Question(question["question"]))
    assert asked.language
    hits = assistant.search(asked.standalone)
    chosen = choose(hits, budget=settings.quote_chars, most=settings.quotes)
    values = features(asked.standalone, asked.language, hits, chosen)
    quotes = [fold(c.quote) for c in cite(chosen)]
    found = any(fold(a) in q for a in question["answers"] for q in quotes)
    return Row(name, kind, values, found and kind == "here")


def unrelated(sets: Path, embedder: Embedder) -> dict[tuple[str, str], float]:
    """Mean cosine of questions and sentences of other documents, by language of each."""
    questions, passages = {}, {}
    for language, name in (("fr", "piaf"), ("en", "squad20_dev")):
        asked = [q["question"] for q in rows(sets / name / "questions.jsonl.gz")]
        said = [
            span.of(document["text"])
            for document in rows(sets / name / "docs.jsonl.gz")
            for span in sentences(document["text"], language)[:1]
        ]
        draw = random.Random(2)
        questions[language] = embedder.queries(draw.sample(asked, 200))
        passages[language] = embedder.passages(draw.sample(said, 200))
    return {
        (asked, written): round(float((questions[asked] @ passages[written].T).mean()), 3)
        for asked in questions
        for written in passages
    }


def matrix(rows: list[Row], names: list[str]) -> np.ndarray:
    """(rows, features)."""
    return np.array([[row.values[name] for name in names] for row in rows])


def report(rows: list[Row], p: np.ndarray) -> None:
    """AUROC and what passes the threshold of one half, by set and kind."""
    print(f"{'set':26}{'n':>6}{'AUROC':>8}   share at or above the threshold, by kind")
    for name in dict.fromkeys(row.set for row in rows):
        own = [i for i, row in enumerate(rows) if row.set == name]
        labels = [rows[i].label for i in own]
        area = roc_auc_score(labels, p[own]) if len(set(labels)) == 2 else float("nan")
        parts = []
        for kind, wanted in (
            ("here", True),
            ("here", False),
            ("elsewhere", False),
            ("unanswerable", False),
            ("far", False),
        ):
            some = [i for i in own if rows[i].kind == kind and rows[i].label == wanted]
            if some:
                tag = {True: "quoted", False: "not quoted"}[wanted] if kind == "here" else kind
                parts.append(f"{tag} {np.mean(p[some] >= THRESHOLD):.2f} (n={len(some)})")
        print(f"{name:26}{len(own):6}{area:8.3f}   {', '.join(parts)}")


def best_scores(sets: Path, embedder: Embedder) -> list[tuple[str, float, bool]]:
    """(kind, score of the best hit, whether its own articles were asked), question by question."""
    sources: list[Path | list[dict[str, Any]]] = [CORPUS, news.articles(sets)]
    base = Settings(llm="none", answerer="extractive")
    found: list[tuple[str, float, bool]] = []
    for articles in sources:
        pipeline = SystemUnderTest.open(
            cached_index(articles, base, embedder), embedder, writes=False
        )
        for path, own in ((CORPUS / "questions.jsonl", CORPUS), (news.QUESTIONS, sources[1])):
            for question in load(path, strict=True).questions:
                kind = "follow-up" if question.history else kind_of(question.text, embedder)
                if kind == "fact" or question.unanswerable:
                    continue
                answer = pipeline.ask(question).answer
                for best in answer.hits[:1] if answer else ():
                    score = best.score / (1.0 if best.reading else 1.0 + READ["relevance"])
                    found.append((kind, score, articles is own))
        pipeline.close()
    return found


def fit_open(rows: list[tuple[str, float, bool]]) -> None:
    """Prints what --open says."""
    kinds, scores, own = (np.array(column) for column in zip(*rows, strict=True))
    model = LogisticRegression(class_weight="balanced", C=10.0).fit(scores[:, None], own)
    slope = float(model.coef_[0, 0])
    odds = np.log(THRESHOLD / (1 - THRESHOLD))
    moved = odds - slope * float(np.quantile(scores[own], LOST))
    print(f"fitted: {model.intercept_[0]:.2f} + {slope:.1f} score")
    print(f"_ABOUT_INTERCEPT, _ABOUT_SCORE = {moved:.2f}, {slope:.1f}")
    print("\n| kind | own articles | others' | AUROC | answered | of the others | as it ships |")
    print("|---|---|---|---|---|---|---|")
    for kind in ("", *sorted(set(kinds))):
        some = (kinds == kind) if kind else np.full(len(kinds), True)
        a, b = scores[some & own], scores[some & ~own]
        area = roc_auc_score(own[some], scores[some])
        passed = [(odds <= moved + slope * part).mean() for part in (a, b)]
        ships = [np.mean([about(score) >= THRESHOLD for score in part]) for part in (a, b)]
        shares = " | ".join(f"{share:.3f}" for share in passed)
        print(
            f"| {kind or 'all'} | {len(a)} | {len(b)} | {area:.3f} | {shares} "
            f"| {ships[0]:.3f}, {ships[1]:.3f} |"
        )


def main() -> None:
    """Gather, fit, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", type=Path)
    parser.add_argument("--work", type=Path, default=Path(".qa/confidence"))
    parser.add_argument("--questions", type=int, default=500)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--unread", action="store_true")
    which.add_argument("--open", action="store_true")
    arguments = parser.parse_args()
    embedder = Embedder.open(Settings())
    if arguments.open:
        fit_open(best_scores(arguments.sets, embedder))
        return
    print("_UNRELATED =", unrelated(arguments.sets, embedder))
    fitted_on = FITTED if arguments.unread else FITTED_READ
    work = arguments.work / ("unread" if arguments.unread else "read")
    work.mkdir(parents=True, exist_ok=True)
    sets, most = arguments.sets, arguments.questions
    asking: dict[str, Callable[[], list[Row]]] = {
        name: partial(gather, *(sets, name, work, most, embedder), read_hits=not arguments.unread)
        for name in (*fitted_on, *MEASURED)
    }
    if not arguments.unread:
        asking |= {f"{name} far": partial(gather_far, sets, name, most, embedder) for name in FAR}
    found = {name: kept(work, name, most, ask) for name, ask in asking.items()}
    fitted = [row for name, some in found.items() if name not in MEASURED for row in some]
    everything = [row for some in found.values() for row in some]
    # No set here has long questions: their part is set by hand, see qa.search.calibration.
    # With the reader's word the share of words in common, without it the score, is left out: it
    # adds nothing that the others do not say.
    passed_over = {"long", "score" if arguments.unread else "sentence_coverage"}
    names = [name for name in fitted[0].values if name not in passed_over]
    labels = np.array([row.label for row in fitted])
    for left_out in (None, *names):
        used = [name for name in names if name != left_out]
        model = LogisticRegression(class_weight="balanced", C=10.0, max_iter=2000)
        model.fit(matrix(fitted, used), labels)
        p = model.predict_proba(matrix(everything, used))[:, 1]
        area = roc_auc_score([row.label for row in everything], p)
        print(f"without {left_out}: AUROC {area:.4f}" if left_out else f"all features: {area:.4f}")
        if left_out is None:
            print(f"_INTERCEPT = {model.intercept_[0]:.3f}")
            print(
                "_WEIGHTS =",
                {n: round(float(w), 3) for n, w in zip(used, model.coef_[0], strict=True)},
            )
            report(everything, p)


if __name__ == "__main__":
    main()
