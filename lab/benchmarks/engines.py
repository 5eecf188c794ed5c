"""What runs a language model here, compared: reading, writing, loading and memory.

    python -m lab.benchmarks.engines [--engine llama.cpp]
        [--engine openvino:KV_CACHE_PRECISION=bf16]
        [--file FILE.gguf] [--questions 20] [--index DIR] [--tokens 60]

Each engine loads the file in a process of its own and reads the same prompts over the passages that
are found in an index of corpus/ (`qa index`), each once, then writes 60 tokens at most. Medians:
tokens of the prompt, those that were known from an earlier prompt (the instruction), tokens read
and written a second, seconds to the first word and to the last; beside them the seconds to load,
the most memory, and how many of a hundred answers are the first engine's to the letter, and how
many of its words an answer begins with. Properties of OpenVINO's CPU plugin may stand after its
name. Of two lines of one run the ratio counts: machines are noisy.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

from langchain_core.messages import convert_to_openai_messages

from lab import ROOT, rows
from qa import Assistant, Question, Settings
from qa.answering import generative
from qa.answering.passages import select
from qa.models import find
from qa.models.engine import Engine, Request
from qa.models.llamacpp import LlamaCpp
from qa.models.openvino import OpenVINO

QUESTIONS = ROOT / "corpus" / "questions.jsonl"
_SECONDS = 300.0


def open_engine(name: str, path: Path, threads: int | None) -> Engine:
    """An engine by its name, such as `openvino:KV_CACHE_PRECISION=bf16,prompt_lookup=0`."""
    name, _, options = name.partition(":")
    if name == "llama.cpp":
        return LlamaCpp(path, threads)
    pairs = [option.split("=") for option in options.split(",") if option]
    return OpenVINO(path, threads, {key: _value(value) for key, value in pairs})


def _value(text: str) -> object:
    words: dict[str, object] = {"true": True, "false": False}
    return words.get(text, int(text) if text.isdecimal() else text)


def prompts(settings: Settings, count: int) -> list[list[dict[str, str]]]:
    """Those of answered questions, drawn by seed."""
    asked = rows(QUESTIONS)
    random.Random(1).shuffle(asked)
    made: list[list[dict[str, str]]] = []
    with Assistant.open(settings) as assistant:
        for row in asked:
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


def measure(
    engine: Engine, asked: list[list[dict[str, str]]], most: int
) -> tuple[list[dict[str, float]], list[str]]:
    """A row and an answer for each prompt."""
    rows, texts = [], []
    for messages in asked:
        started = time.perf_counter()
        run = engine.start(Request(messages, most), _SECONDS)
        first, text = 0.0, ""
        used = (0, 0, 0)
        for event in run.events():
            if event.text and not first:
                first = time.perf_counter() - started
            text += event.text
            used = event.used or used
        whole = time.perf_counter() - started
        prompt, written, known = used
        texts.append(text)
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
    return rows, texts


def child(name: str, path: Path, threads: int | None, most: int) -> None:
    """One engine: its medians and answers as JSON."""
    asked = json.load(sys.stdin)
    started = time.perf_counter()
    engine = open_engine(name, path, threads)
    load = time.perf_counter() - started
    measure(engine, asked[:1], most)
    rows, texts = measure(engine, asked[1:], most)
    medians = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
    del engine  # and the process of its own that it may have
    gc.collect()
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = max(resource.getrusage(one).ru_maxrss for one in who) / 1024
    json.dump([{**medians, "load s": load, "MB": peak}, texts], sys.stdout)


def alike(texts: list[str], first: list[str]) -> dict[str, float]:
    """Of a hundred answers, how many are the same; of a hundred words, how many before the first
    that differs."""
    pairs = [(text.split(), other.split()) for text, other in zip(texts, first, strict=True)]
    begun = [shared(*pair) / max(1, *map(len, pair)) for pair in pairs]
    same = statistics.mean(text == other for text, other in pairs)
    return {"same %": 100 * same, "begun %": 100 * statistics.mean(begun)}


def shared(words: Sequence[str], others: Sequence[str]) -> int:
    """How many of the first words, or letters, are the same."""
    agree = (word == other for word, other in zip(words, others, strict=False))
    return sum(1 for _ in takewhile(bool, agree))


def main() -> None:
    """One table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engine", action="append")
    parser.add_argument("--file", type=Path)
    parser.add_argument("--questions", type=int, default=20)
    parser.add_argument("--index", type=Path)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--tokens", type=int, default=60)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    settings = Settings.load({"index": arguments.index, "llm": "none"})
    path = arguments.file or find(Settings().llm, "llm").path(settings)
    if arguments.child:
        child(arguments.child, path, arguments.threads, arguments.tokens)
        return
    asked = json.dumps(prompts(settings, arguments.questions + 1))
    first: list[str] = []
    for name in arguments.engine or ["llama.cpp", "openvino"]:
        command = [
            sys.executable,
            "-m",
            "lab.benchmarks.engines",
            "--child",
            name,
            "--file",
            str(path),
        ]
        command += ["--tokens", str(arguments.tokens)]
        if arguments.threads:
            command += ["--threads", str(arguments.threads)]
        done = subprocess.run(command, input=asked, stdout=subprocess.PIPE, text=True, check=True)
        row, texts = json.loads(done.stdout)
        if not first:
            first = texts
            print("".join(f"{column:>11}" for column in [*row, *alike(texts, first)]) + "  engine")
        row |= alike(texts, first)
        print("".join(f"{value:11.1f}" for value in row.values()) + f"  {name}", flush=True)


if __name__ == "__main__":
    main()
