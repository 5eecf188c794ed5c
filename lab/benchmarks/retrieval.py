"""Is the project's retrieval better than a tutorial's, than BM25, than dense vectors?

    python -m lab.benchmarks.retrieval SET [--sample 1000] [--json FILE]
    python -m lab.benchmarks.retrieval corpus corpus/questions.jsonl
    python -m lab.benchmarks.retrieval --markdown RUN.json...

SET is a folder with docs.jsonl.gz and questions.jsonl.gz; else articles and questions are two
paths. Every system is asked every question, in turn, in one process, so that times compare; times
of two runs do not. What the systems are is in `lab.benchmarks.systems`, what is measured in
`lab.benchmarks.judging`. Indexes are kept in the user's cache and used again; `--fresh` builds them
anew, to measure what that takes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from rich.console import Console

from lab.benchmarks import figures, judging, minilm, systems
from lab.benchmarks.systems import Found, System
from lab.benchmarks.tasks import By, Corpus, Task, read_task
from qa.errors import QAError
from qa.evaluation.progress import meter
from qa.evaluation.system import code_fingerprint
from qa.index.build import PassageEmbedder
from qa.settings import Settings

_WARM_UP = 5


def measure(task: Task, compared: dict[str, System], progress: systems.Progress) -> dict[str, Any]:
    """Ask every system every question.

    Returns:
        for each system its scores (`judging.scores`) and the milliseconds of each question.
    """
    for question in task.questions[:_WARM_UP]:
        for system in compared.values():
            system.search(question)
    found: dict[str, list[Found]] = {name: [] for name in compared}
    for done, question in enumerate(task.questions, 1):
        for name, system in compared.items():
            found[name].append(system.search(question))
        progress("questions", done, len(task.questions))
    return {
        name: (judging.scores(task, some), [one.ms for one in some]) for name, some in found.items()
    }


def results(task: Task, measured: dict[str, Any], by: Sequence[By]) -> dict[str, Any]:
    """The figures of all questions and of each slice."""
    parts = {
        name: _part(measured, places)
        for name, places in {"": range(len(task.questions)), **task.slices(by)}.items()
    }
    return {"all": parts.pop(""), "by": parts}


def _part(measured: dict[str, Any], places: Sequence[int]) -> dict[str, Any]:
    def told(estimates: dict[str, Any]) -> dict[str, Any]:
        return {name: estimate.to_json() for name, estimate in estimates.items()}

    values = {name: scores for name, (scores, _) in measured.items()}
    baselines = [name for name in values if name != "qa"] if "qa" in values else []
    return {
        "n": len(places),
        "measures": {name: told(judging.estimates(values[name], places)) for name in values},
        "differences": {
            name: told(judging.differences(values[name], values["qa"], places))
            for name in baselines
        },
    }


def run(arguments: argparse.Namespace, progress: systems.Progress) -> dict[str, Any]:
    """The whole benchmark of one set."""
    settings = Settings.load(
        {"llm": "none", "answerer": "extractive", "chunk_chars": arguments.chunk_chars}
    )
    documents, questions = _paths(arguments.set)
    corpus = Corpus.read(documents, titles=arguments.titles)
    task = read_task(
        questions, corpus, sample=arguments.sample, seed=arguments.seed, kinds=arguments.kind
    )
    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    from qa.models import Embedder

    embedder = Embedder.open(settings)
    with ExitStack() as stack:
        fresh = None
        if arguments.fresh:
            minilm.cache_folder().mkdir(parents=True, exist_ok=True)
            fresh = Path(
                stack.enter_context(tempfile.TemporaryDirectory(dir=minilm.cache_folder()))
            )
        compared = _open(arguments.systems, corpus, settings, embedder, fresh, progress)
        for system in compared.values():
            stack.callback(system.close)
        measured = measure(task, compared, progress)
    return {
        "set": task.name + ("" if corpus.titles else ", without titles"),
        "command": _command(arguments),
        "articles": len(corpus.articles),
        "titles": corpus.titles,
        "questions": {
            "n": len(task.questions),
            "of": task.of,
            "fingerprint": task.fingerprint,
            "left_out": dict(task.left_out),
            "gold_missing": task.gold_missing,
        },
        "sample": arguments.sample,
        "seed": arguments.seed,
        "chunk_chars": settings.chunk_chars,
        "embedder": {"name": embedder.name, "fingerprint": embedder.fingerprint},
        "code": code_fingerprint(),
        "machine": {
            "system": f"{platform.system()} {platform.machine()}",
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 1),
        },
        "started": started,
        "systems": {
            name: {"index": asdict(compared[name].cost), "ms": judging.percentiles(ms)}
            for name, (_, ms) in measured.items()
        },
        "scores": {
            name: {
                measure: [round(float(value), 4) for value in column]
                for measure, column in scores.items()
                if measure in judging.ARTICLE_MEASURES
            }
            for name, (scores, _) in measured.items()
        },
        **results(task, measured, arguments.by),
    }


def _open(
    names: Sequence[str],
    corpus: Corpus,
    settings: Settings,
    embedder: PassageEmbedder,
    fresh: Path | None,
    progress: systems.Progress,
) -> dict[str, System]:
    """The systems by name, in the order of `systems.NAMES`."""
    found: dict[str, System] = {}
    if "tutorial" in names:
        found["tutorial"] = systems.open_tutorial(corpus, minilm.load(), fresh, progress)
    ours = [name for name in systems.MODES if name in names]
    if ours:
        found |= systems.open_ours(ours, corpus, settings, embedder, fresh, progress)
    return found


def _paths(given: Sequence[Path]) -> tuple[Path, Path]:
    """Articles and questions."""
    if len(given) == 1:
        return given[0] / "docs.jsonl.gz", given[0] / "questions.jsonl.gz"
    return given[0], given[1]


def _command(arguments: argparse.Namespace) -> str:
    """What repeats the run, whoever has the sets in whichever folder."""
    given: list[Path] = arguments.set
    words = [given[0].resolve().name] if len(given) == 1 else [path.as_posix() for path in given]
    if arguments.systems != list(systems.NAMES):
        words += ["--systems", ",".join(arguments.systems)]
    words += ["--sample", str(arguments.sample), "--seed", str(arguments.seed)]
    words += [word for kind in arguments.kind for word in ("--kind", kind)]
    words += [word for by in arguments.by for word in ("--by", by)]
    if arguments.chunk_chars is not None:
        words += ["--chunk-chars", str(arguments.chunk_chars)]
    words += [] if arguments.titles else ["--no-title"]
    words += ["--fresh"] if arguments.fresh else []
    return shlex.join(["python", "-m", "lab.benchmarks.retrieval", *words])


def _names(text: str) -> list[str]:
    names = text.split(",")
    if wrong := set(names) - set(systems.NAMES):
        raise argparse.ArgumentTypeError(
            f"{', '.join(sorted(wrong))!r}: choose from {','.join(systems.NAMES)}"
        )
    return names


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = argparse.ArgumentParser(
        prog="python -m lab.benchmarks.retrieval",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = found.add_argument
    add("set", type=Path, nargs="+", help="a folder, articles and questions, or files of runs")
    add("--systems", type=_names, default=list(systems.NAMES), help="of tutorial,bm25,dense,qa")
    add("--sample", type=int, default=1000, help="at most so many questions")
    add("--seed", type=int, default=1)
    add("--kind", action="append", default=[], help="only these questions; may be repeated")
    add("--by", action="append", default=[], choices=get_args(By), help="figures for each as well")
    add("--chunk-chars", type=int, help="of the project's index; the tutorial keeps its 1000")
    add("--no-title", dest="titles", action="store_false", help="index articles without titles")
    add("--fresh", action="store_true", help="build the indexes anew and measure that")
    add("--json", type=Path, help="write the figures there")
    add("--markdown", action="store_true", help="print runs' files as a page")
    return found


def main() -> None:
    """Measure a set, or turn runs into a page."""
    arguments = parser().parse_args()
    if arguments.markdown:
        runs = [json.loads(path.read_text(encoding="utf-8")) for path in arguments.set]
        print(figures.markdown(runs))
        return
    if len(arguments.set) > 2:
        parser().error("give a folder, or articles and questions")
    try:
        with meter() as progress:
            found = run(arguments, progress)
    except QAError as exc:
        sys.exit(f"{type(exc).__name__}: {exc}")
    figures.show(found, Console(width=None if sys.stdout.isatty() else 180))
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(found, ensure_ascii=False, indent=2)
        arguments.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
