"""How long things take, warm, on this machine.

    python lab/benchmarks/speed.py [--llm NAME]... [--index DIR]

Needs an index of corpus/ (`qa index`). Asks shipped questions, drawn by seed, one after the other:
retrieval, the extractive answer, and with each --llm the first token and the full answer. Medians
and 95th percentiles in milliseconds, the first three questions left out.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from lab import ROOT, median_p95, rows
from qa import Answer, Assistant, Question, Settings

QUESTIONS = ROOT / "corpus" / "questions.jsonl"
WARM_UP = 3


def ask(settings: Settings, most: int) -> tuple[float, list[Answer]]:
    """(seconds to open, answers)."""
    asked = rows(QUESTIONS)
    random.Random(1).shuffle(asked)
    started = time.perf_counter()
    with Assistant.open(settings) as assistant:
        opened = time.perf_counter() - started
        questions = [Question(r["question"], tuple(r.get("history", ()))) for r in asked]
        return opened, [assistant.ask(question) for question in questions[: most + WARM_UP]]


def line(name: str, values: Sequence[float]) -> str:
    """Median and 95th percentile of some milliseconds."""
    if len(values) < 2:
        return f"{name:28} too few values"
    median, p95 = median_p95(values)
    return f"{name:28}{median:9.0f}{p95:9.0f}   n = {len(values)}"


def main() -> None:
    """One table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--llm", action="append", default=[])
    parser.add_argument("--index", type=Path)
    parser.add_argument("--questions", type=int, default=85)
    arguments = parser.parse_args()
    base = {"index": arguments.index, "answerer": "extractive"}
    print(f"{'milliseconds':28}{'median':>9}{'p95':>9}")
    opened, answers = ask(Settings.load(base), arguments.questions)
    warm = answers[WARM_UP:]
    print(line("retrieval", [a.timings_ms["retrieve"] for a in warm]))
    print(line("extractive answer, in all", [a.timings_ms["total"] for a in warm]))
    print(f"{'opening, no language model':28}{opened * 1000:9.0f}")
    for name in arguments.llm:
        settings = Settings.load(base | {"answerer": "generative", "llm": name})
        opened, answers = ask(settings, min(30, arguments.questions))
        written = [a for a in answers[WARM_UP:] if "first_token" in a.timings_ms]
        print(f"\n{name}")
        print(line("first token", [a.timings_ms["first_token"] for a in written]))
        print(line("full answer", [a.timings_ms["total"] for a in written]))
        print(f"{'opening':28}{opened * 1000:9.0f}")
        prompt = statistics.median(a.tokens["prompt"] for a in written)
        completion = statistics.median(a.tokens["completion"] for a in written)
        print(f"{'tokens read, written':28}{prompt:9.0f}{completion:9.0f}")


if __name__ == "__main__":
    main()
