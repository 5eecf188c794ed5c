"""What runs a language model here, compared: reading, writing, loading and memory.

    python -m benchmarks.engines [--engine llama.cpp] [--engine openvino] [--file FILE.gguf]
        [--questions 20] [--index DIR]

Each engine loads the file in a process of its own and reads the same prompts over the passages that
are found in an index of corpus/ (`qa index`), each once, then writes 60 tokens at most. Medians:
tokens of the prompt, those that were known from an earlier prompt (the instruction), tokens read
and written a second, seconds to the first word and to the last; beside them the seconds to load
and the most memory. Of two lines of one run the ratio counts: machines are noisy.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from langchain_core.messages import convert_to_openai_messages

from qa import Assistant, Question, Settings, generative
from qa.models import find
from qa.models.engine import Engine, Request
from qa.models.llamacpp import LlamaCpp
from qa.models.openvino import OpenVINO
from qa.passages import select

ENGINES: dict[str, Callable[[Path, int | None], Engine]] = {
    "llama.cpp": LlamaCpp,
    "openvino": OpenVINO,
}
QUESTIONS = Path(__file__).parents[1] / "corpus" / "questions.jsonl"
_MOST, _SECONDS = 60, 300.0


def prompts(settings: Settings, count: int) -> list[list[dict[str, str]]]:
    """Those of answered questions, drawn by seed."""
    rows = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    random.Random(1).shuffle(rows)
    made: list[list[dict[str, str]]] = []
    with Assistant.open(settings) as assistant:
        for row in rows:
            question = Question(row["question"])
            answer = assistant.ask(question)
            passages = select(answer.hits, budget=settings.passage_chars)
            if answer.abstained or not passages or row.get("history"):
                continue
            messages = generative.prompt(question, passages, "open", answer.language)
            made.append(convert_to_openai_messages(messages))
            if len(made) == count:
                break
    return made


def measure(engine: Engine, asked: list[list[dict[str, str]]]) -> list[dict[str, float]]:
    """A row a prompt."""
    rows = []
    for messages in asked:
        started = time.perf_counter()
        run = engine.start(Request(messages, _MOST), _SECONDS)
        first = 0.0
        used = (0, 0, 0)
        for event in run.events():
            if event.text and not first:
                first = time.perf_counter() - started
            used = event.used or used
        whole = time.perf_counter() - started
        prompt, written, known = used
        rows.append(
            {
                "prompt": prompt,
                "known": known,
                "read/s": (prompt - known) / first,
                "written/s": (written - 1) / (whole - first) if written > 1 else 0.0,
                "first s": first,
                "whole s": whole,
            }
        )
    return rows


def child(name: str, path: Path, threads: int | None) -> None:
    """One engine: its medians as JSON."""
    asked = json.load(sys.stdin)
    started = time.perf_counter()
    engine = ENGINES[name](path, threads)
    load = time.perf_counter() - started
    measure(engine, asked[:1])
    rows = measure(engine, asked[1:])
    medians = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    json.dump({**medians, "load s": load, "MB": peak}, sys.stdout)


def main() -> None:
    """One table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engine", action="append", choices=list(ENGINES))
    parser.add_argument("--file", type=Path)
    parser.add_argument("--questions", type=int, default=20)
    parser.add_argument("--index", type=Path)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    settings = Settings.load({"index": arguments.index, "llm": "none"})
    path = arguments.file or find(Settings().llm, "llm").path(settings)
    if arguments.child:
        child(arguments.child, path, arguments.threads)
        return
    asked = json.dumps(prompts(settings, arguments.questions + 1))
    columns: list[str] = []
    for name in arguments.engine or ENGINES:
        command = [sys.executable, "-m", "benchmarks.engines", "--child", name, "--file", str(path)]
        if arguments.threads:
            command += ["--threads", str(arguments.threads)]
        done = subprocess.run(command, input=asked, stdout=subprocess.PIPE, text=True, check=True)
        row = json.loads(done.stdout)
        if not columns:
            columns = list(row)
            print(f"{'':12}" + "".join(f"{column:>11}" for column in columns))
        print(f"{name:12}" + "".join(f"{row[column]:11.1f}" for column in columns), flush=True)


if __name__ == "__main__":
    main()
