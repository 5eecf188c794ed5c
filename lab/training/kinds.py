"""Train `qa.answering.kinds`: rows of questions → qa/answering/kinds.npz, and how well that does.

    python -m lab.training.kinds [--measure]

The rows are beside this file, written for this and of no question set: questions.tsv (what each
asks for) and followups_leaning.tsv (whether it leans on the question before it). `--measure`
prints a five-fold cross-validation and writes nothing. A row and its translation share a fold:
those of two languages that are nearest to each other, with a cosine above .88. Two minutes.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from qa.answering.kinds import BUCKETS, KINDS, LEANS, WEIGHTS, asked_sentence, buckets
from qa.models import Embedder
from qa.settings import Settings

_FOLDS, _SEED, _TRANSLATED = 5, 0, 0.88
# The inverse strength of the penalty, by features. Of 10, 20, 40 and of 30, 100, 300, measured.
_C = {"ngrams": 20.0, "vector": 100.0}
# What a row of questions.tsv weighs as one that leans on nothing: many, and of no conversation.
_WHOLE = {"ngrams": 0.3, "vector": 0.1}


class Rows:
    """All rows, those of questions.tsv first.

    Attributes:
        kind: (n,) number in `KINDS`; -1 for a row of followups_leaning.tsv.
        leans: (n,) 0 or 1.
        twice: (n,) whether a row of questions.tsv is in the other table as well, which says whether
            it leans.
        features: by name, (n, BUCKETS) and (n, d).
    """

    def __init__(self, embedder: Embedder) -> None:
        asked, talks = _load("questions.tsv"), _load("followups_leaning.tsv")
        leaning = {row["question"] for row in talks}
        rows = asked + talks
        sentences = [asked_sentence(row["question"]) for row in rows]
        self.language = np.array([row["lang"] for row in rows])
        self.kind = np.array([KINDS.index(row["kind"]) if "kind" in row else -1 for row in rows])
        self.leans = np.array([int(row.get("leans", 0)) for row in rows])
        self.twice = np.array(["kind" in row and row["question"] in leaning for row in rows])
        vectors = embedder.queries(sentences)
        self.features = {"ngrams": _ngrams(sentences), "vector": vectors}
        self.fold = _folds(vectors, self.language, [s.casefold() for s in sentences])

    def fit(self, features: str, what: str, held: int | None = None) -> LogisticRegression:
        """A model of `kind` or `leans` from all folds but one."""
        weight = (self.kind >= 0).astype(float)
        if what == "leans":
            weight = np.where(self.kind < 0, 1.0, _WHOLE[features] * ~self.twice)
        chosen = np.flatnonzero((weight > 0) & (self.fold != held))
        balance = "balanced" if what == "kind" else None
        model = LogisticRegression(C=_C[features], max_iter=2000, class_weight=balance)
        labels = getattr(self, what)[chosen]
        return model.fit(self.features[features][chosen], labels, sample_weight=weight[chosen])

    def held_out(self, features: str, what: str) -> np.ndarray:
        """(n, classes) log-probabilities, each row's from a model that has not seen its fold."""
        found: np.ndarray | None = None
        for fold in range(_FOLDS):
            told = self.fit(features, what, fold).predict_log_proba(self.features[features])
            found = np.zeros_like(told) if found is None else found
            found[self.fold == fold] = told[self.fold == fold]
        assert found is not None
        return found


def _load(name: str) -> list[dict[str, str]]:
    with (Path(__file__).parent / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def _ngrams(sentences: Sequence[str]) -> csr_matrix:
    """(n, BUCKETS), rows of unit length."""
    found = [buckets(sentence) for sentence in sentences]
    values = [len(present) ** -0.5 for present in found for _ in present]
    columns = [bucket for present in found for bucket in present]
    return csr_matrix(
        (values, columns, np.cumsum([0, *map(len, found)])), shape=(len(found), BUCKETS)
    )


def _folds(vectors: np.ndarray, languages: np.ndarray, texts: Sequence[str]) -> np.ndarray:
    """(n,) in [0, _FOLDS): a row, its translation and its copies share one."""
    near = vectors @ vectors.T
    near[languages[:, None] == languages] = 0
    best = near.argmax(1)
    group = np.array([texts.index(text) for text in texts])
    for one, other in enumerate(best):
        if best[other] == one and near[one, other] > _TRANSLATED:
            group[group == group[other]] = group[one]
    _, group = np.unique(group, return_inverse=True)
    return np.random.default_rng(_SEED).permutation(group.max() + 1)[group] % _FOLDS


def measure(rows: Rows) -> None:
    """Print the cross-validation."""
    told = {name: rows.held_out(name, "kind") for name in rows.features}
    told["both"] = told["ngrams"] + told["vector"]
    asked = rows.kind >= 0
    print("| kind | rows | " + " | ".join(f"{name} fr, en" for name in told) + " |")
    print("|---|---|" + "---|" * len(told))
    for number, name in [*enumerate(KINDS), (-1, "all")]:
        own = rows.kind == number if number >= 0 else asked
        cells = [
            ", ".join(
                f"{(found.argmax(1) == rows.kind)[own & (rows.language == language)].mean():.3f}"
                for language in ("fr", "en")
            )
            for found in told.values()
        ]
        print(f"| {name} | {own.sum()} | " + " | ".join(cells) + " |")
    print("\n| leaning by | right of follow-ups | fires when leaning | when not | on a first one |")
    print("|---|---|---|---|---|")
    for features in rows.features:
        fires = rows.held_out(features, "leans")[:, 1] > np.log(LEANS)
        leans = rows.leans == 1
        groups = (leans & ~asked, ~leans & ~asked, asked & ~rows.twice)
        right = (fires == leans)[~asked].mean()
        shares = " | ".join(f"{fires[group].mean():.3f} of {group.sum()}" for group in groups)
        print(f"| {features} | {right:.3f} | {shares} |")


def export(rows: Rows, embedder: Embedder) -> None:
    """Write the weights, a byte each, scaled by class."""
    arrays = {"embedder": np.array(embedder.fingerprint)}
    for name in rows.features:
        kind, leans = rows.fit(name, "kind"), rows.fit(name, "leans")
        weights = np.vstack([kind.coef_, leans.coef_]).T
        scale = np.abs(weights).max(0) / 127
        arrays[name] = np.round(weights / scale).astype(np.int8)
        arrays[f"{name}_scale"] = scale.astype(np.float32)
        arrays[f"{name}_bias"] = np.hstack([kind.intercept_, leans.intercept_]).astype(np.float32)
    np.savez_compressed(WEIGHTS, **arrays)  # type: ignore[arg-type]
    print(f"{WEIGHTS}: {WEIGHTS.stat().st_size:,} bytes")


def main() -> None:
    """Train or measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", action="store_true")
    arguments = parser.parse_args()
    embedder = Embedder.open(Settings())
    rows = Rows(embedder)
    if arguments.measure:
        measure(rows)
    else:
        export(rows, embedder)


if __name__ == "__main__":
    main()
