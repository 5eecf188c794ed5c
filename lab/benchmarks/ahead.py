"""How much of what is read for the beginning of a question serves the whole question.

    python -m lab.benchmarks.ahead QUESTIONS.jsonl --index DIR [--questions 40]

Of what the language model is given before the question, the share that is the same from the
beginning on, where it was found with so many words less, and where it was found by search alone,
before the hits are reranked. Beside the means, in how many of a hundred questions
all of it is the same.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

from langchain_core.runnables import Runnable

from lab.benchmarks.engines import shared
from lab.benchmarks.typed import drawn
from qa import Assistant, Question, Settings
from qa.answering.generative import beginning
from qa.answering.passages import select
from qa.pipeline import build
from qa.types import Answer

_LESS = (1, 2, 3, 4)
_ALL = 0.99


def main() -> None:
    """One table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("questions_file", type=Path)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=40)
    arguments = parser.parse_args()
    settings = Settings.load({"index": arguments.index, "llm": "none"})
    shares: dict[str, list[float]] = {}
    with Assistant.open(settings) as assistant:
        unread = assistant._retriever.model_copy(update={"reading": None})
        searching = build(unread, lambda: None, settings)

        def given(text: str, chain: Runnable[Question, Answer] = assistant.chain) -> str:
            answer = chain.invoke(Question(text, answerer="extractive"))
            passages = select(answer.hits, budget=settings.passage_chars)
            return str(beginning(answer.question, passages)[-1].content) if passages else ""

        for row in drawn(arguments.questions_file, arguments.questions):
            text, words = row["question"], row["question"].split()
            whole = given(text)
            if not whole:
                continue
            other = {f"{n} less": given(" ".join(words[:-n])) for n in _LESS if len(words) > n}
            for name, found in {**other, "search alone": given(text, searching)}.items():
                same = shared(whole, found) / len(whole)
                shares.setdefault(name, []).append(same)
    print(f"{'':14}{'same':>8}{'all same, %':>14}{'n':>6}")
    for name, values in shares.items():
        whole_share = 100 * statistics.mean(value > _ALL for value in values)
        print(f"{name:14}{statistics.mean(values):8.3f}{whole_share:14.0f}{len(values):6}")


if __name__ == "__main__":
    main()
