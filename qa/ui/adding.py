"""Adding files on the Articles tab, as HTML: a box to choose them, how far they are, what failed.

Names of files and reasons are escaped here; `adding.js` sends the files and asks how far they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import Any

from qa.ui.intake import Intake, Job, Problem, Sent, megabytes
from qa.ui.texts import TEXTS, Words, language_of

_LONGEST_NAME = 200


def box_html(intake: Intake, words: Words) -> str:
    """The box, with its limits; empty where no files are taken."""
    if intake.folder is None:
        return ""
    limits = words.limits.format(
        types=" ".join(intake.types),
        megabytes=megabytes(intake.most_bytes),
        files=intake.most_files,
    )
    return (
        f'<details class="qa-add" data-sending="{escape(words.sending)}" '
        f'data-unsent="{escape(words.unsent)}" data-failed="{escape(words.unreachable)}">'
        f"<summary>{escape(words.add)}</summary>"
        f'<label class="qa-field"><span>{escape(words.choose)}</span><input type="file" multiple '
        f'accept="{escape(",".join(intake.types))}" aria-describedby="qa-add-limits"></label>'
        f'<p id="qa-add-limits">{escape(limits)}</p>'
        '<div class="qa-add-state" role="status"></div></details>'
    )


def functions(intake: Intake) -> list[Callable[..., dict[str, Any]]]:
    """What the browser may call; Gradio marks each, which it cannot with a method."""

    def offer_files(asked: Mapping[str, Any]) -> dict[str, Any]:
        return offer(intake, asked)

    def add_files(asked: Mapping[str, Any]) -> dict[str, Any]:
        return begin(intake, asked)

    def added_files(asked: Mapping[str, Any]) -> dict[str, Any]:
        return state(intake, asked)

    return [offer_files, add_files, added_files]


def offer(intake: Intake, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Which of the offered "files" ("name", "size") may be sent.

    Returns:
        "take": their numbers; "html": why the others may not.
    """
    words = _words(asked)
    files = _files(asked)
    if intake.folder is None or len(files) > intake.most_files:
        whole = words.too_many.format(files=len(files), most=intake.most_files)
        reason = words.uploads_off if intake.folder is None else whole
        return {"take": [], "html": f'<p class="qa-notice">{escape(reason)}</p>'}
    refused: dict[int, str] = {}
    for n, file in enumerate(files):
        size = file.get("size")
        reason = intake.refusal(_name(file), size if isinstance(size, int) else 0, words) or ""
        if reason:
            refused[n] = reason
    problems = [Problem(_name(files[n]), None, reason) for n, reason in refused.items()]
    take = [n for n in range(len(files)) if n not in refused]
    return {"take": take, "html": problems_html(problems, words)}


def begin(intake: Intake, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Take in the "files" ("name", "path") that were sent; the "job" says how far they are."""
    files = [Sent(_name(file), Path(str(file.get("path") or ""))) for file in _files(asked)]
    return {"job": intake.start(files, _words(asked))}


def state(intake: Intake, asked: Mapping[str, Any]) -> dict[str, Any]:
    """How far a "job" is, as "html", and whether it is "done"."""
    words = _words(asked)
    job = intake.job(str(asked.get("job")))
    if job is None:
        return {"done": True, "html": f'<p class="qa-notice">{escape(words.file_gone)}</p>'}
    return {"done": job.stage == "done", "html": job_html(job, words)}


def job_html(job: Job, words: Words) -> str:
    """What a job is doing or has done."""
    if job.stage == "waiting":
        return f"<p>{escape(words.waiting)}</p>"
    if job.stage == "reading":
        step = job.step
        articles, about, chunks = (step.articles, step.about, step.chunks) if step else (0, 0, 0)
        said = escape(words.reading.format(articles=articles, chunks=chunks))
        return (
            f'<p><progress max="{max(about, articles, 1)}" value="{articles}" aria-hidden="true">'
            f"</progress> {said}</p>"
        )
    report = job.report
    said = words.nothing_new
    if report:
        said = words.done.format(
            added=report.added,
            updated=report.updated,
            unchanged=report.unchanged + report.duplicates,
        )
    return f"<p>{escape(said)}</p>{problems_html(job.problems, words)}"


def problems_html(problems: list[Problem], words: Words) -> str:
    """What was not read, each with its reason; empty without any."""
    if not problems:
        return ""
    items = "".join(f"<li>{escape(_said(problem, words))}</li>" for problem in problems)
    return f'<h3 class="qa-cards-title">{escape(words.failures)}</h3><ul>{items}</ul>'


def _said(problem: Problem, words: Words) -> str:
    if problem.row is None:
        return words.whole_file.format(name=problem.name, reason=problem.reason)
    return words.row.format(name=problem.name, row=problem.row, reason=problem.reason)


def _words(asked: Mapping[str, Any]) -> Words:
    return TEXTS[language_of(str(asked.get("language")))].articles


def _files(asked: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    files = asked.get("files")
    return [file for file in files if isinstance(file, dict)] if isinstance(files, list) else []


def _name(file: Mapping[str, Any]) -> str:
    return str(file.get("name") or "")[-_LONGEST_NAME:]
