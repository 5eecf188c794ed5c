"""Commands: `qa eval`. Parses, calls one function, prints.

Importing this module loads no model and no numerical library.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from qa import terminal
from qa.settings import AnswererName, Settings

if TYPE_CHECKING:
    from qa.evaluation.result import Result

Mode = Literal["hybrid", "dense", "lexical"]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def register(app: typer.Typer) -> None:
    """Add the evaluator's commands to the command line."""
    app.command("eval")(run)


def run(
    questions: Annotated[
        Path, typer.Argument(help="JSONL, SQuAD JSON, CSV, TSV (each also .gz) or BEIR folder.")
    ],
    index: Annotated[Path | None, typer.Option(help="Ask this index.")] = None,
    corpus: Annotated[Path | None, typer.Option(help="Ask these articles; cached.")] = None,
    answerer: Annotated[AnswererName | None, typer.Option(help="How answers are written.")] = None,
    retrieval_only: Annotated[
        bool, typer.Option("--retrieval-only", help="Leave out the answers.")
    ] = False,
    mode: Annotated[
        Mode, typer.Option(help="With --retrieval-only: both indexes or one.")
    ] = "hybrid",
    limit: Annotated[int | None, typer.Option(min=1, help="The first N questions.")] = None,
    sample: Annotated[int | None, typer.Option(min=1, help="N questions drawn by chance.")] = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder; resumed if begun.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin again in that folder.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first bad row.")] = False,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Questions asked at a time.")] = 1,
    as_json: Json = False,
) -> None:
    """Ask a question set and measure the answers."""
    if index is not None and corpus is not None:
        raise typer.BadParameter("give --index or --corpus, not both.")
    if mode != "hybrid" and not retrieval_only:
        raise typer.BadParameter("--mode needs --retrieval-only.")
    from qa.evaluation.progress import meter
    from qa.evaluation.questions import load
    from qa.evaluation.run import Plan, evaluate

    settings = Settings.load({"answerer": answerer})
    found = load(questions, strict=strict)
    for problem in found.problems[:5]:
        terminal.say(f"left out: {questions}, {problem}")
    if len(found.problems) > 5:
        terminal.say(f"left out: {len(found.problems) - 5} more rows; see `qa lint {questions}`")
    plan = Plan(retrieval_only, mode, limit, sample, jobs, strict, fresh)
    with meter() as show:
        result = evaluate(
            found,
            settings=settings,
            index=index,
            corpus=corpus,
            out=out,
            plan=plan,
            progress=lambda done, total, _: show("questions", done, total),
            indexing=lambda step: show("indexing, files", step.file, step.files),
        )
    if as_json:
        print_json(result.to_json())
    else:
        _show(result)


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def _show(result: Result) -> None:
    """The measures of a run, for a person."""
    write = sys.stdout.write
    failed = sum(row.error is not None for row in result.rows)
    write(f"{len(result.rows)} questions, {failed} failed\n")
    for name, estimate in result.measures.items():
        digits = 1 if name.endswith(("_ms", "_tokens")) else 3
        left_out = len(result.rows) - estimate.n
        note = f"  ({left_out} left out)" if left_out else ""
        write(
            f"{name:20} {estimate.value:9.{digits}f}  "
            f"[{estimate.low:.{digits}f}, {estimate.high:.{digits}f}]  n={estimate.n}{note}\n"
        )
    write(f"rows: {result.directory}\n")
