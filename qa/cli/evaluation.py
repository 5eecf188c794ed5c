"""Commands: `qa eval`, `compare`, `lint`, `synth`, `feedback export`.

Parse, call one function, print.
Importing this module loads no model and no numerical library.
"""

from __future__ import annotations

import json
import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from qa.cli import terminal
from qa.errors import QuestionError, SettingsError
from qa.settings import AnswererName, Settings

if TYPE_CHECKING:
    from qa.documents.article import Article
    from qa.evaluation.questions import QuestionSet
    from qa.evaluation.result import Result

Mode = Literal["hybrid", "dense", "lexical"]
AskedLanguage = Literal["fr", "en"]

Questions = Annotated[
    Path, typer.Argument(help="JSONL, SQuAD JSON, CSV, TSV (each also .gz) or a BEIR folder.")
]
IndexDir = Annotated[Path | None, typer.Option("--index", help="The directory of an index.")]
Corpus = Annotated[
    Path | None, typer.Option(help="A file or folder of articles, indexed once and cached.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Strict = Annotated[bool, typer.Option("--strict", help="Stop at what would be left out.")]


def register(app: typer.Typer) -> None:
    """Add the evaluator's commands to the command line."""
    app.command("eval")(_eval)
    app.command("compare")(_compare)
    app.command("lint")(_lint)
    app.command("synth")(_synth)
    feedback = typer.Typer(help="What people said of answers on the page.", no_args_is_help=True)
    feedback.command("export")(_export_feedback)
    app.add_typer(feedback, name="feedback")


def _eval(
    questions: Questions,
    index: IndexDir = None,
    corpus: Corpus = None,
    answerer: Annotated[AnswererName | None, typer.Option(help="How answers are written.")] = None,
    retrieval_only: Annotated[
        bool, typer.Option("--retrieval-only", help="Leave out the answers.")
    ] = False,
    mode: Annotated[
        Mode, typer.Option(help="With --retrieval-only: both indexes or one.")
    ] = "hybrid",
    limit: Annotated[int | None, typer.Option(min=1, help="The first N questions.")] = None,
    sample: Annotated[int | None, typer.Option(min=1, help="N questions drawn by chance.")] = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder; a begun run goes on.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin again in that folder.")] = False,
    strict: Strict = False,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Questions asked at a time.")] = 1,
    gate: Annotated[
        list[str] | None, typer.Option(help="Fail unless it holds: 'R@5>=0.7'; repeatable.")
    ] = None,
    floor: Annotated[Path | None, typer.Option(help="Fail below the floors of this file.")] = None,
    write_floor: Annotated[Path | None, typer.Option(help="Write the floors of this run.")] = None,
    as_json: Json = False,
) -> None:
    """Ask a question set and measure the answers."""
    _one_place(index, corpus)
    if mode != "hybrid" and not retrieval_only:
        raise typer.BadParameter("--mode needs --retrieval-only.")
    from qa.evaluation import gates
    from qa.evaluation.progress import meter
    from qa.evaluation.run import Plan, evaluate

    try:
        wanted = [gates.Gate.parse(text) for text in gate or ()]
    except ValueError as exc:
        raise typer.BadParameter(str(exc), param_hint="--gate") from exc
    floors = gates.Floors.read(floor) if floor is not None else None
    settings = Settings.load({"answerer": answerer})
    found = _load(questions, strict=strict)
    with meter() as show:
        result = evaluate(
            found,
            settings=settings,
            index=index,
            corpus=corpus,
            out=out,
            plan=Plan(retrieval_only, mode, limit, sample, jobs, strict, fresh),
            progress=lambda done, total, _: show("questions", done, total),
            indexing=lambda step: show("articles read", step.articles, None),
        )
    if as_json:
        _print_json(result.to_json())
    else:
        _show(result)
    if write_floor is not None:
        gates.write_floors(write_floor, result)
    gates.check(result, wanted)
    if floors is not None:
        floors.check(result)


def _compare(
    run_a: Annotated[Path, typer.Argument(help="The folder of a run.")],
    run_b: Annotated[Path, typer.Argument(help="The folder of the run to hold against it.")],
    by: Annotated[str | None, typer.Option(help="The measure to tell won from lost by.")] = None,
    questions: Annotated[int, typer.Option(min=0, help="Won and lost questions to show.")] = 5,
    no_regression: Annotated[
        bool, typer.Option("--no-regression", help="Fail if a measure is significantly worse.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Also write it to this .md file.")] = None,
    as_json: Json = False,
) -> None:
    """Hold one run against another: differences, intervals, tests, questions won and lost."""
    from qa.evaluation import gates, report
    from qa.evaluation.comparison import compare
    from qa.evaluation.result import Result
    from qa.evaluation.textfile import write

    comparison = compare(Result.read(run_a), Result.read(run_b), by=by)
    text = report.comparison_markdown(comparison, questions=questions)
    if out is not None:
        write(out, text)
    if as_json:
        _print_json(comparison.to_json())
    else:
        sys.stdout.write(text)
    if no_regression:
        gates.check_comparison(comparison)


def _lint(
    questions: Questions,
    index: IndexDir = None,
    corpus: Corpus = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail too.")] = False,
    as_json: Json = False,
) -> None:
    """Check a question file: duplicates, gold that is not there, leaks, too few rows."""
    from qa.evaluation.lint import lint

    found = _load(questions, strict=False, tell=False)
    findings = lint(found, _articles(index, corpus, found))
    errors = sum(finding.level == "error" for finding in findings)
    counted = {"n": len(found.questions), "errors": errors, "warnings": len(findings) - errors}
    if as_json:
        _print_json({**counted, "findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            sys.stdout.write(f"{finding}\n")
        sys.stdout.write(
            f"{counted['n']} questions, {errors} errors, {counted['warnings']} warnings\n"
        )
    if errors or (strict and findings):
        raise QuestionError(f"{questions} has {errors} errors, {counted['warnings']} warnings.")


def _synth(
    out: Annotated[Path, typer.Argument(help="The .jsonl file to write.")],
    index: IndexDir = None,
    corpus: Corpus = None,
    n: Annotated[int, typer.Option("-n", min=1, max=10_000, help="Drafts to keep.")] = 20,
    language: Annotated[AskedLanguage | None, typer.Option(help="Of the articles.")] = None,
    seed: Annotated[int, typer.Option(help="Another one draws other sentences.")] = 1,
) -> None:
    """Draft questions with the language model, for a person to accept."""
    if out.exists():
        raise QuestionError(f"{out} is there already; name a new file.")
    from qa.evaluation.progress import meter
    from qa.evaluation.synth import drafts
    from qa.evaluation.textfile import write
    from qa.models import open_llm

    settings = Settings.load({"index": index})
    articles = _articles(index, corpus, None)
    model = open_llm(settings)
    if model is None:
        raise SettingsError("drafts need a language model: set QA_LLM (see `qa models list`).")
    kept, refused = 0, 0
    assert articles is not None
    write(out, "")
    with out.open("a", encoding="utf-8") as file, meter() as show:
        for draft in drafts(articles, model, language=language, seed=seed):
            if draft.refused is None:
                kept += 1
                file.write(json.dumps(draft.to_json(), ensure_ascii=False) + "\n")
                file.flush()
                show("drafts", kept, n)
            else:
                refused += 1
                terminal.say(f"refused: {draft.refused}")
            if kept == n or refused > 20 + 10 * n:
                break
    typer.echo(
        f"{kept} drafts in {out}, {refused} refused. Read each; remove its 'draft' to accept it."
    )


def _export_feedback(
    out: Annotated[
        Path | None, typer.Option(help="The .jsonl file to write; without it, standard output.")
    ] = None,
    index: IndexDir = None,
    as_json: Json = False,
) -> None:
    """Make a question set for `qa eval` from thumbs and corrections (docs/evaluation.md)."""
    from qa.conversations.store import Conversations
    from qa.evaluation.feedback import export
    from qa.evaluation.textfile import write

    if out is not None and out.suffix != ".jsonl":
        raise QuestionError(f"{out} should end in .jsonl, so that `qa eval` knows how to read it.")
    settings = Settings.load({"index": index})
    with closing(Conversations.of(settings, create=False)) as conversations:
        exported = export(conversations.ratings())
    rows = [question.to_json() for question in exported.questions]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if out is not None:
        write(out, lines)
    if as_json:
        told = {"n": len(rows), "out": str(out) if out else None, "left_out": exported.left_out}
        _print_json({**told, "questions": rows})
        return
    if out is None:
        sys.stdout.write(lines)
    left_out = sum(exported.left_out.values())
    terminal.say(f"{len(rows)} questions in {out or 'all'}, {left_out} ratings left out")
    for reason, n in sorted(exported.left_out.items()):
        terminal.say(f"left out: {n}: {reason}")


def _load(path: Path, *, strict: bool, tell: bool = True) -> QuestionSet:
    from qa.evaluation.questions import load

    found = load(path, strict=strict)
    shown = 5 if tell else 0
    for problem in found.problems[:shown]:
        terminal.say(f"left out: {path}, {problem}")
    if tell and len(found.problems) > shown:
        terminal.say(f"left out: {len(found.problems) - shown} more rows; see `qa lint {path}`")
    return found


def _articles(
    index: Path | None, corpus: Path | None, found: QuestionSet | None
) -> dict[str, Article] | None:
    """Those that were named, else the set's own, else, without a set, those of the settings."""
    from qa.evaluation import articles

    _one_place(index, corpus)
    if corpus is not None:
        return articles.of_files(corpus)
    if index is not None:
        return articles.of_index(index)
    if found is not None:
        return articles.of_set(found.documents) if found.documents is not None else None
    return articles.of_index(Settings.load().index)


def _one_place(index: Path | None, corpus: Path | None) -> None:
    if index is not None and corpus is not None:
        raise typer.BadParameter("give --index or --corpus, not both.")


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def _show(result: Result) -> None:
    """The measures of a run, for a person."""
    from qa.evaluation import report

    write = sys.stdout.write
    failed = sum(row.error is not None for row in result.rows)
    write(f"{len(result.rows)} questions, {failed} failed\n")
    for name, estimate in result.measures.items():
        left_out = len(result.rows) - estimate.n
        note = f" ({left_out} left out)" if left_out else ""
        value, interval = report.figure(name, estimate.value), report.interval(name, estimate)
        write(f"{name:20} {value:>9}  {interval:20} n={estimate.n}{note}\n")
    write(f"report: {result.directory}/report.html\n")
