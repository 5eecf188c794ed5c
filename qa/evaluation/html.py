"""Pages: a run as one HTML file that needs nothing else: no network, no other file.

Figures and plots are in the page itself; the list of questions is data in it, which its script
shows, filtered, fifty at a time. Text of articles and models reaches the page as text only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from importlib import resources
from typing import Any

from qa.evaluation import plots, report
from qa.evaluation.result import Result
from qa.evaluation.rows import Row


def html(result: Result) -> str:
    """The report of a run."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    def trusted(text: str) -> Markup:
        return Markup(text)  # noqa: S704  (our own files, SVG escaped where it is made, JSON below)

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=False)
    names = report.key_measures(result)
    return environment.from_string(_file("report.html")).render(
        title=f"Evaluation: {result.run['questions']['name']}",
        facts=report.facts(result),
        families={
            family: [{"name": name, **_cell(name, found)} for name, found in measures.items()]
            for family, measures in report.by_family(result.measures).items()
        },
        plots=[{**plot, "svg": trusted(plot["svg"])} for plot in _plots(result) if plot["svg"]],
        names=names,
        slices=[
            {
                "label": label,
                "cells": [_cell(name, part[name]) if name in part else None for name in names],
            }
            for label, part in result.slices.items()
        ],
        rows=trusted(_data(result.rows)),
        style=trusted(_file("report.css")),
        script=trusted(_file("report.js")),
    )


def _plots(result: Result) -> list[dict[str, str]]:
    telling = ("GoldInAnswer", "VitalRecall", "R@5")
    shown = next((name for name in telling if name in result.measures), "R@5")
    kinds = {
        label: part[shown]
        for label, part in result.slices.items()
        if label.startswith(("kind=", "lang=", "history=")) and shown in part
    }
    wrong = "wrong: the gold is not in the answer, or nothing answers the question"
    return [
        {
            "title": f"{shown} by slice",
            "note": "with 95% intervals and the number of questions",
            "svg": plots.intervals(f"{shown} by slice", kinds),
        },
        {
            "title": "Risk by coverage",
            "note": f"answers from the surest down; {wrong}",
            "svg": plots.risk_coverage(result.rows),
        },
        {
            "title": "Reliability of confidence",
            "note": "share of right answers by confidence; larger dots are more questions",
            "svg": plots.reliability(result.rows),
        },
        {
            "title": "Latency",
            "note": "from question to answer, logarithmic",
            "svg": plots.latency(result.rows),
        },
    ]


def _cell(name: str, estimate: Any) -> dict[str, Any]:
    return {
        "value": report.figure(name, estimate.value),
        "interval": report.interval(name, estimate),
        "n": estimate.n,
    }


def _data(rows: Sequence[Row]) -> str:
    """The rows as JSON that may stand in a script element."""
    text = json.dumps([_entry(row) for row in rows], ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _entry(row: Row) -> dict[str, Any]:
    """What the list shows of a row."""
    gold = set(row.doc_ids)
    titles = {hit["article_id"]: hit["title"] or hit["article_id"] for hit in row.hits}
    quotes = [
        {
            "n": citation["n"],
            "title": citation["title"] or citation["article_id"],
            "quote": citation["quote"],
            "marks": marks(citation["quote"], row.answers),
            "gold": citation["article_id"] in gold,
        }
        for citation in row.citations
    ]
    # An extractive answer is its quotes; once is enough.
    answer = "" if row.answerer == "extractive" and not row.abstained else row.answer
    return {
        "id": row.id,
        "question": row.question,
        "lang": row.lang,
        "kind": row.kind,
        "verdict": report.verdict(row),
        "history": list(row.history),
        "answers": list(row.answers),
        "answer": answer,
        "marks": marks(answer, row.answers),
        "reason": row.reason,
        "citations": quotes,
        "hits": [{"title": title, "gold": id in gold} for id, title in list(titles.items())[:10]],
        "confidence": row.confidence,
        "scores": dict(row.scores),
        "error": row.error,
    }


def marks(text: str, answers: Sequence[str]) -> list[tuple[int, int]]:
    """Where the gold answers stand in a text, in order and without overlaps."""
    words = [r"\s+".join(map(re.escape, answer.split())) for answer in answers]
    pattern = "|".join(sorted(words, key=len, reverse=True))
    matches = re.finditer(rf"(?<!\w)(?:{pattern})(?!\w)", text, re.IGNORECASE) if words else ()
    return [match.span() for match in matches]


def _file(name: str) -> str:
    return resources.files("qa.evaluation").joinpath("page", name).read_text(encoding="utf-8")
