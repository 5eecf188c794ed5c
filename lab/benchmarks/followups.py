"""Follow-ups: how much of the distance to a human rewrite does ours cover?

    python lab/benchmarks/followups.py SETS [--sets NAMES] [--half one|other] [--show 20]

SETS is a folder of question sets with `history`. Where a set has articles, each variant of a
question is searched for and scored against the gold articles (R@1, R@5, R@10, MRR@10):

    raw       as typed
    all       the whole history, then the question
    previous  the user's previous question, then the question
    carried   `make_standalone`: of a message that leans, the topic's first and last two questions

and for a message that leans, what else was tried:

    words only        as `carried`, without the embedder, by n-grams alone
    its previous      the previous question
    first, previous   the question that opened the topic, and the previous
    every             every question since the topic opened
    content words     of those that `carried` has, the content words
    with names        `carried`, and the names of the last answer, five at most
    human             the rewrite that the set gives

The recovered share is (variant - raw) / (human - raw) of R@5, over the rows that have a human
rewrite. Where a row has a rewrite, with or without an article, words are compared as well: of the
terms that the human added, how many did we add, and of ours, how many did the human. Carrying is
right where the human added a term. Nothing is tuned on these sets but the choice among the variants
and the threshold; `--half` shows either half of the conversations, drawn by a fixed coin. Prints
Markdown, figures only.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from qa.answering.followups import make_standalone, topic
from qa.evaluation import stats
from qa.evaluation.questions import GoldQuestion
from qa.evaluation.ranking import scores
from qa.evaluation.system import cached_index
from qa.index.directory import LiveIndex
from qa.language.names import names
from qa.language.terms import terms
from qa.models import Embedder
from qa.search.retriever import HybridRetriever
from qa.settings import Settings
from qa.types import Question

SETS = ("mtrag", "trec_cast", "canard_dev", "fr_followup_derived")
MEASURES = ("R@1", "R@5", "R@10", "MRR@10")
_SEED = 20_170_113

Variant = Callable[[Question], str]


@dataclass(frozen=True)
class Row:
    """A follow-up.

    Attributes:
        asked: the question with its history, and the language that it is in.
        human: what a person made of it; None where the set does not say.
        gold: the articles that answer it; none where the set has none.
        conversation: what it belongs to; rows of one conversation are in one half.
    """

    id: str
    asked: Question
    human: str | None
    gold: tuple[str, ...]
    conversation: str

    @property
    def half(self) -> str:
        """`one` or `other`, by a coin for each conversation."""
        coin = random.Random(f"{_SEED} {self.conversation}").random()
        return "one" if coin < 0.5 else "other"


def load(folder: Path) -> list[Row]:
    """The rows of a set that have a history.

    mtrag gives its rewrites and its articles in rows apart; those of the same turn of the same
    conversation are put together. Rows that are only the user's turns get silent answers.
    """
    with gzip.open(folder / "questions.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    rewrites = {_turn(row): row["rewrite"] for row in rows if row.get("rewrite")}
    with_gold = {_turn(row) for row in rows if row["doc_ids"]}
    found = []
    for row in rows:
        if not row["history"] or (not row["doc_ids"] and _turn(row) in with_gold):
            continue
        human = row.get("rewrite") or rewrites.get(_turn(row))
        if human is None and not row["doc_ids"]:
            continue
        made = make_standalone(Question(row["question"]))
        found.append(
            Row(
                id=row["id"],
                asked=replace(made, standalone="", carried="", history=_history(row)),
                human=human,
                gold=tuple(row["doc_ids"]),
                conversation=str(row.get("conversation") or row.get("article")),
            )
        )
    return found


def _turn(row: Mapping[str, Any]) -> str:
    """What names a turn: mtrag writes CONVERSATION<::>TURN behind a prefix; others name rows."""
    conversation, mark, turn = row["id"].rpartition("<::>")
    return f"{row['conversation']} {turn}" if mark and conversation else row["id"]


def _history(row: Mapping[str, Any]) -> tuple[str, ...]:
    turns = row["history"]
    if row.get("history_kind") == "user turns only":
        return tuple(text for turn in turns for text in (turn, "…"))
    return tuple(turns)


def whole_history(question: Question) -> str:
    """Everything that was said, in order."""
    return " ".join((*question.history, question.text))


def previous(question: Question) -> str:
    """The user's previous turn and this one."""
    return f"{question.history[-2]} {question.text}"


def carrying(embedder: Embedder) -> dict[str, Variant]:
    """Ours, and the others for a message that leans."""

    def ours(question: Question) -> Question:
        return make_standalone(question, embedder)

    def leaning(carried: Callable[[Question], Iterable[str]]) -> Variant:
        return lambda question: (
            " ".join((*carried(question), question.text))
            if ours(question).carried
            else question.text
        )

    def content(question: Question) -> Iterable[str]:
        words = re.findall(r"[\w'’-]+", ours(question).carried)
        return (word for word in words if terms(word, question.language or "en"))

    def named(question: Question) -> Iterable[str]:
        found = [name for name in names(question.history[-1]) if name[0].isalpha()]
        return (ours(question).carried, *found[:5])

    return {
        "carried": lambda question: ours(question).standalone,
        "words only": lambda question: make_standalone(question).standalone,
        "its previous": leaning(lambda question: topic(question.history, embedder, 1)[-1:]),
        "first, previous": leaning(lambda question: topic(question.history, embedder, 1)),
        "every": leaning(lambda question: topic(question.history, embedder, 1000)),
        "content words": leaning(content),
        "with names": leaning(named),
    }


class Search:
    """The index of a set's articles. The same text is searched for once."""

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        settings = Settings(llm="none", answerer="extractive")
        settings = cached_index(folder / "docs.jsonl.gz", settings, embedder)
        self._index = LiveIndex(settings.index, embedder, settings)
        self._retriever = HybridRetriever(index=self._index, embedder=embedder)
        self._known: dict[tuple[str, str], dict[str, float]] = {}

    def scores(self, row: Row, text: str) -> dict[str, float]:
        """`MEASURES` of one row under one wording."""
        key = (row.id, text)
        if key not in self._known:
            hits = self._retriever.search(text, language=row.asked.language, k=50)
            gold = GoldQuestion(row.id, row.asked.text, doc_ids=row.gold)
            self._known[key] = scores(gold, hits)
        return self._known[key]

    def close(self) -> None:
        """Release the index."""
        self._index.close()


def wordings(
    rows: Sequence[Row], variants: Mapping[str, Variant]
) -> tuple[dict[str, list[str]], dict[str, float]]:
    """Each variant's text for each row, and its mean milliseconds."""
    texts: dict[str, list[str]] = {}
    spent: dict[str, float] = {}
    for name, variant in variants.items():
        if rows:
            variant(rows[0].asked)  # loads what is loaded at the first use
        started = time.perf_counter()
        texts[name] = [variant(row.asked) for row in rows]
        spent[name] = (time.perf_counter() - started) * 1000 / max(1, len(rows))
    return texts, spent


def retrieval_table(
    rows: Sequence[Row],
    texts: Mapping[str, Sequence[str]],
    spent: Mapping[str, float],
    search: Search,
) -> Iterable[str]:
    """A line for each variant: measures with 95% intervals, and the recovered share."""
    values = {
        name: np.array(
            [
                [found[m] for m in MEASURES]
                for found in (search.scores(r, t) for r, t in zip(rows, said, strict=True))
            ]
        )
        for name, said in texts.items()
    }
    yield "| variant | " + " | ".join(MEASURES) + " | R@5 − raw | recovered | ms |"
    yield "|---|" + "---|" * (len(MEASURES) + 3)
    at = MEASURES.index("R@5")
    for name, table in values.items():
        cells = [
            _interval(stats.bootstrap(table[:, [i]], stats.mean)) for i in range(len(MEASURES))
        ]
        own, raw = table[:, [at]], values["raw"][:, [at]]
        gain = _interval(stats.paired_bootstrap(raw, own, stats.mean)) if name != "raw" else "–"
        share = "–"
        if "human" in values and name not in ("raw", "human"):
            gaps = np.hstack([own - raw, values["human"][:, [at]] - raw])
            share = _interval(stats.bootstrap(gaps, stats.ratio))
        ms = f"{spent[name]:.1f}" if name in spent else "–"
        yield f"| {name} | " + " | ".join(cells) + f" | {gain} | {share} | {ms} |"


def _interval(found: stats.Interval) -> str:
    return f"{found.value:.3f} [{found.low:.2f}, {found.high:.2f}]"


def words_table(rows: Sequence[Row], texts: Mapping[str, Sequence[str]]) -> Iterable[str]:
    """A line for each variant: the human's added terms found, ours that the human has, and more.

    `sayable` is the ceiling: the share of the human's added terms that the history holds at all.
    """
    added = [_terms(row.human or "") - _terms(row.asked.text) for row in rows]
    said = [set().union(*map(_terms, row.asked.history)) for row in rows]
    wanted = sum(map(len, added))
    sayable = sum(len(a & s) for a, s in zip(added, said, strict=True)) / max(1, wanted)
    leans = [bool(a) for a in added]
    yield f"{len(rows)} rows, {sum(leans)} lean on their history; sayable {sayable:.3f}"
    yield ""
    yield "| variant | recall | precision | words added | fires when leaning | fires when whole |"
    yield "|---|---|---|---|---|---|"
    for name, own in texts.items():
        ours = [_terms(t) - _terms(r.asked.text) for t, r in zip(own, rows, strict=True)]
        both = sum(len(a & o) for a, o in zip(added, ours, strict=True))
        fired = [t != r.asked.text.strip() for t, r in zip(own, rows, strict=True)]
        extra = [
            len(t.split()) - len(r.asked.text.split())
            for t, r, f in zip(own, rows, fired, strict=True)
            if f
        ]
        right = _share(f for f, lean in zip(fired, leans, strict=True) if lean)
        wrong = _share(f for f, lean in zip(fired, leans, strict=True) if not lean)
        precision = both / max(1, sum(map(len, ours)))
        mean_extra = sum(extra) / max(1, len(extra))
        yield (
            f"| {name} | {both / max(1, wanted):.3f} | {precision:.3f} | {mean_extra:.1f} "
            f"| {right} | {wrong} |"
        )


def _terms(text: str) -> set[str]:
    return set(terms(text, "en"))


def _share(values: Iterable[bool]) -> str:
    known = list(values)
    return f"{sum(known) / len(known):.3f} of {len(known)}" if known else "–"


def report(name: str, folder: Path, arguments: argparse.Namespace, embedder: Embedder) -> None:
    """Print a set's tables."""
    rows = load(folder)
    if arguments.half:
        rows = [row for row in rows if row.half == arguments.half]
    variants: dict[str, Variant] = {
        "raw": lambda question: question.text,
        "all": whole_history,
        "previous": previous,
        **carrying(embedder),
    }
    texts, spent = wordings(rows, variants)
    with_gold = [i for i, row in enumerate(rows) if row.gold]
    with_both = [i for i in with_gold if rows[i].human]
    if with_gold:
        search = Search(folder, embedder)
        groups = {"with an article and a human rewrite": with_both}
        if len(with_both) < len(with_gold):
            groups["with an article"] = with_gold
        for what, some in groups.items():
            if not some:
                continue
            chosen = [rows[i] for i in some]
            said = {v: [texts[v][i] for i in some] for v in texts}
            if some is with_both:
                said["human"] = [row.human or "" for row in chosen]
            conversations = len({row.conversation for row in chosen})
            print(f"\n### {name}: {len(some)} rows {what}, {conversations} conversations\n")
            print(*retrieval_table(chosen, said, spent, search), sep="\n")
        search.close()
    rewritten = [i for i, row in enumerate(rows) if row.human]
    if rewritten:
        print(f"\n### {name}: words, ", end="")
        chosen = [rows[i] for i in rewritten]
        print(*words_table(chosen, {v: [texts[v][i] for i in rewritten] for v in texts}), sep="\n")
    if arguments.show:
        _show(rows, texts, arguments.show)


def _sample(rows: Sequence[Row], most: int) -> list[Row]:
    """A seeded draw; rows with an article first, since they say most."""
    drawn = sorted(rows, key=lambda row: (not row.gold, random.Random(f"{_SEED}{row.id}").random()))
    return drawn[:most]


def _show(rows: Sequence[Row], texts: Mapping[str, Sequence[str]], most: int) -> None:
    """What became of some questions, to read."""
    for row in _sample(rows, most):
        said = texts["carried"][rows.index(row)]
        print(f"\n- {row.asked.history[-2][:120]!r}\n  {said}\n  human: {row.human}")


def main() -> None:
    """Every set's tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--half", choices=("one", "other"))
    parser.add_argument("--show", type=int, default=0, help="print some rewrites")
    arguments = parser.parse_args()
    embedder = Embedder.open(Settings())
    for name in arguments.sets:
        report(name, arguments.folder / name, arguments, embedder)


if __name__ == "__main__":
    main()
