"""Report: a run or a comparison in Markdown.

The Markdown of a run holds figures only, no text of the question set, so that it may be kept
where the set itself may not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from qa.evaluation.comparison import Comparison
from qa.evaluation.measures import BY_NAME, Estimate
from qa.evaluation.result import Result
from qa.evaluation.rows import Row

FAMILIES = {
    "retrieval": "Retrieval",
    "answer": "Answers",
    "error": "Errors (lower is better)",
    "citation": "Citations and wording",
    "abstention": "Abstention",
    "cost": "Cost",
}
# What the slices show: enough to see where it hurts.
KEY_MEASURES = (
    "R@5",
    "MRR@10",
    "Hits@10",
    "GoldInAnswer",
    "GoldInQuotes",
    "VitalRecall",
    "AllVital",
    "WrongOnly",
    "CitationPrecision",
    "AbstentionRecall",
    "AnswerRate",
)


def verdict(row: Row) -> str:
    """What became of a question, in one word or two."""
    if row.error is not None:
        return "failed"
    if row.abstained is None:
        ranks = [row.scores.get(name, 0.0) for name in ("MRR@10", "FactMRR@10")]
        return "found" if any(ranks) else "not found"
    if row.answerable is False:
        return "rightly abstained" if row.abstained else "wrongly answered"
    if row.abstained:
        return "wrongly abstained"
    if row.right is None:
        return "answered"
    return "right" if row.right else "wrong"


def figure(name: str, value: float) -> str:
    """A measure's value as it is printed."""
    return f"{value:.1f}" if BY_NAME[name].family == "cost" else f"{value:.3f}"


def interval(name: str, estimate: Estimate) -> str:
    """`[low, high]`."""
    return f"[{figure(name, estimate.low)}, {figure(name, estimate.high)}]"


def _facts(result: Result) -> list[tuple[str, str]]:
    run = result.run
    questions, models, machine = run["questions"], run["models"], run["machine"]
    embedder, counts = models["embedder"], run["index"]["counts"]
    return [
        ("questions", f"{questions['name']}, {questions['n']} of {questions['of']}"),
        ("question set", str(questions["fingerprint"])),
        ("bad rows left out", str(questions["bad_rows"])),
        ("failed", str(sum(row.error is not None for row in result.rows))),
        ("mode", f"{run['mode']}, answerer {run['settings']['answerer']}"),
        ("articles", f"{counts['articles']} in {counts['chunks']} chunks"),
        ("embedder", f"{embedder['name']} {embedder['fingerprint'][:12]} on {embedder['runtime']}"),
        ("language model", models["llm"]["name"] if models["llm"] else "none"),
        ("code", f"{run['code']['version']} {run['code']['fingerprint']}"),
        ("machine", f"{machine['cores']} cores, {machine['system']}, jobs {machine['jobs']}"),
        ("seconds", f"{run['seconds']:g} for {run['asked']} questions, from {run['started']}"),
    ]


def markdown(result: Result) -> str:
    """A run's figures."""
    lines = [f"# {result.run['questions']['name']}", ""]
    lines += _table(("", ""), _facts(result))
    for family, heading in FAMILIES.items():
        measures = {n: e for n, e in result.measures.items() if BY_NAME[n].family == family}
        if not measures:
            continue
        lines += ["", f"## {heading}", ""]
        lines += _table(
            ("measure", "value", "95% interval", "questions"),
            [
                (name, figure(name, found.value), interval(name, found), str(found.n))
                for name, found in measures.items()
            ],
        )
    names = [name for name in KEY_MEASURES if name in result.measures]
    if result.slices and names:
        lines += ["", "## Slices", ""]
        lines += _table(
            ("slice", *names),
            [
                (label, *(_cell(name, part) for name in names))
                for label, part in result.slices.items()
            ],
        )
    return "\n".join(lines) + "\n"


def comparison_markdown(comparison: Comparison, *, questions: int = 0) -> str:
    """A comparison's figures, with so many of the questions won and lost."""
    a, b = comparison.names
    lines = ["# Comparison", "", f"a: {a}  ", f"b: {b}  ", f"{comparison.n} questions in both", ""]
    lines += _table(
        ("measure", "a", "b", "b - a", "95% interval", "p (Holm)", "detectable", "questions"),
        [
            (
                f"**{name}**" if found.significant else name,
                figure(name, found.a),
                figure(name, found.b),
                _signed(name, found.difference),
                f"[{_signed(name, found.low)}, {_signed(name, found.high)}]",
                "–" if found.p_holm is None else f"{found.p_holm:.2g}",
                "–" if found.detectable is None else figure(name, found.detectable),
                str(found.n),
            )
            for name, found in comparison.differences.items()
        ],
    )
    won, lost = comparison.won, comparison.lost
    if comparison.by:
        lines += ["", f"By {comparison.by}: {len(won)} won, {len(lost)} lost."]
    for heading, changes in (("Won", won), ("Lost", lost)):
        if changes and questions:
            lines += ["", f"## {heading}", ""]
            for change in changes[:questions]:
                lines += [f"- {change.a.id}: {change.a.question}"]
                lines += [f"  - gold: {' | '.join(change.a.answers)}"] if change.a.answers else []
                lines += [f"  - a: {_answer_text(change.a)}", f"  - b: {_answer_text(change.b)}"]
    return "\n".join(lines) + "\n"


def _answer_text(row: Row) -> str:
    if row.error is not None:
        return f"failed: {row.error}"
    if row.abstained is None:
        return ", ".join(hit["article_id"] for hit in row.hits[:3])
    return " ".join(row.answer.split())


def _cell(name: str, part: Mapping[str, Estimate]) -> str:
    if name not in part:
        return "–"
    estimate = part[name]
    return f"{figure(name, estimate.value)} {interval(name, estimate)} ({estimate.n})"


def _signed(name: str, value: float) -> str:
    return f"{value:+.1f}" if BY_NAME[name].family == "cost" else f"{value:+.3f}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows),
    ]
