"""A run's figures for people: tables on the terminal, and pages in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from lab.benchmarks.judging import ARTICLE_MEASURES
from qa.evaluation.ranking import FACT_MEASURES

Run = Mapping[str, Any]
"""What `lab.benchmarks.retrieval` writes with `--json`."""


def show(run: Run, console: Console) -> None:
    """Print a run."""
    console.print(f"[bold]{run['set']}[/bold]  {summary(run)}")
    for title, header, rows in _tables(run):
        table = Table(title=title, title_justify="left", header_style="bold")
        for place, name in enumerate(header):
            table.add_column(name, justify="right" if place else "left", no_wrap=True)
        for row in rows:
            table.add_row(*row)
        console.print(table)


def markdown(runs: Sequence[Run]) -> str:
    """The part of the page that runs fill: a line for each, then a section each."""
    return "\n".join([*_overview(runs), *(line for run in runs for line in _section(run))])


def _overview(runs: Sequence[Run]) -> Iterator[str]:
    systems = list(dict.fromkeys(name for run in runs for name in run["systems"]))
    others = [name for name in systems if name != "qa"]
    yield "## MRR@10 at a glance\n"
    header = ["set", "questions", "articles", *systems, *(f"qa − {name}" for name in others)]
    rows = []
    for run in runs:
        slices = [part for name, part in run["by"].items() if name.startswith("lang=")]
        titles = [name.removeprefix("lang=") for name in run["by"] if name.startswith("lang=")]
        for title, part in zip(["", *titles], [run["all"], *slices], strict=True):
            measured, gaps = part["measures"], part["differences"]
            cells = [_of(measured[name]) if name in measured else "–" for name in systems]
            cells += [_of(gaps[name], signed=True) if name in gaps else "–" for name in others]
            name = f"{run['set']}, {title}" if title else run["set"]
            rows.append([name, f"{part['n']:,}", f"{run['articles']:,}", *cells])
    yield from _table(header, rows)


def _of(values: Mapping[str, Any], *, signed: bool = False) -> str:
    return _cell(values["MRR@10"], signed=signed)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(header) + " |"
    yield "|" + "---|" * len(header)
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""


def summary(run: Run) -> str:
    """One line: which questions of which articles, and under which conditions."""
    asked, machine = run["questions"], run["machine"]
    parts = [
        f"{asked['n']:,} of {asked['of']:,} questions that can be judged"
        + (f" (seed {run['seed']})" if asked["n"] < asked["of"] else ""),
        f"{run['articles']:,} articles" + ("" if run["titles"] else " without titles"),
        f"chunks of at most {run['chunk_chars']} characters",
        f"embedder {run['embedder']['name']} {run['embedder']['fingerprint'][:12]}",
        f"code {run['code']}",
        f"{machine['cores']} cores, load {machine['load']}",
        run["started"],
    ]
    parts += [f"left out: {n:,} {reason}" for reason, n in asked["left_out"].items()]
    if asked["gold_missing"]:
        parts.append(f"{asked['gold_missing']} have no gold article in the corpus")
    return "; ".join(parts)


def _section(run: Run) -> Iterator[str]:
    yield f"## {run['set']}\n"
    yield f"{summary(run)}.\n"
    yield f"```\n{run['command']}\n```\n"
    for title, header, rows in _tables(run):
        yield f"{title}\n"
        yield from _table(header, rows)


Rows = list[list[str]]


def _tables(run: Run) -> Iterator[tuple[str, list[str], Rows]]:
    """(title, header, rows) of each table of a run."""
    yield from _measured("All", run["all"])
    for name, part in run["by"].items():
        yield from _measured(name, part)
    header = ["system", "p50 ms", "p95 ms", "indexing s", "index MB", "chunks"]
    rows = [
        [
            name,
            f"{system['ms']['p50']:.1f}",
            f"{system['ms']['p95']:.1f}",
            "–" if system["index"]["seconds"] is None else f"{system['index']['seconds']:.1f}",
            f"{system['index']['bytes'] / 1e6:.2f}",
            f"{system['index']['chunks']:,}",
        ]
        for name, system in run["systems"].items()
    ]
    yield "Time for a question and size of the index", header, rows


def _measured(title: str, part: Mapping[str, Any]) -> Iterator[tuple[str, list[str], Rows]]:
    for unit, family in (("articles", ARTICLE_MEASURES), ("chunks with a fact", FACT_MEASURES)):
        names = [name for name in family if name in next(iter(part["measures"].values()))]
        if not names:
            continue
        rows = [
            [f"{sign}{system}", *(_cell(values[name], signed=bool(sign)) for name in names)]
            for sign, systems in (("", part["measures"]), ("qa − ", part["differences"]))
            for system, values in systems.items()
        ]
        n = next(iter(part["measures"].values()))[names[0]]["n"]
        yield f"{title}: {unit}, {n:,} questions", ["", *names], rows


def _cell(value: Mapping[str, float], *, signed: bool = False) -> str:
    sign = "+" if signed else ""
    figures = [format(value[name], f"{sign}.3f") for name in ("value", "low", "high")]
    middle, low, high = (figure.replace("0.", ".", 1).replace("-", "−") for figure in figures)
    return f"{middle} [{low}, {high}]"
