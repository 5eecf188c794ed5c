"""What a language model's answers are like: their citations, their support, their language.

    python -m benchmarks.generated [--llm NAME] [--questions 50] [--out FILE.jsonl]

Indexes corpus/ and asks seeded questions, generative: those of corpus/questions.jsonl, and in each
language as many of tests/data/cross_lingual.jsonl, which ask about articles in the other language.
Printed for each group:

    answered     not an abstention
    valid        every number in the text has its citation and the other way round, and every
                 citation is its article's text between its offsets
    kept         sentences that the check let stand, of all that the model wrote
    model        answers in the model's words; the others are the quotes in their place
    language     of these: in the question's language, in the other one, or only names and numbers,
                 by which language's everyday words they hold more of

With --out every answer is written with its quotes, to be read by a person.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.reader import CORPUS, CROSS_LINGUAL, rows
from qa import Answer, Assistant, Embedder, Question, Settings, index_paths
from qa.analysis import terms, words

_NUMBER = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True)
class Judged:
    """An answer, as the module says."""

    answered: bool
    valid: bool
    kept: int
    dropped: int
    by_model: bool
    language: str


def judge(answer: Answer) -> Judged:
    """What can be told of an answer without knowing the right one."""
    numbers = list(dict.fromkeys(int(n) for n in _NUMBER.findall(answer.text)))
    cited = [citation.n for citation in answer.citations]
    slices = [c.quote == c.article.text[c.span.start : c.span.end] != "" for c in answer.citations]
    valid = all(slices) and sorted(numbers) == sorted(cited)
    if answer.abstained:
        valid = not cited and not numbers
    by_model = answer.answerer == "generative" and not answer.abstained
    left_out = re.match(r"(\d+) sentence", answer.reason or "")
    dropped = int(left_out.group(1)) if by_model and left_out else 0
    said = [s for s in re.split(r"(?<=\])[.!…]?\s+", answer.text) if s.strip()] if by_model else []
    return Judged(
        not answer.abstained,
        valid,
        len(said),
        dropped,
        by_model,
        _language(answer) if by_model else "",
    )


def _language(answer: Answer) -> str:
    """right, wrong, or neither."""
    text = _NUMBER.sub("", answer.text)
    everyday = {which: len(words(text)) - len(terms(text, which)) for which in ("fr", "en")}
    other = "en" if answer.language == "fr" else "fr"
    if everyday[answer.language] == everyday[other]:
        return "neither"
    return "right" if everyday[answer.language] > everyday[other] else "wrong"


def groups(most: int) -> dict[str, list[dict[str, Any]]]:
    """The questions."""
    found = {}
    own = rows(CORPUS / "questions.jsonl")
    crossing = rows(CROSS_LINGUAL)
    for name, questions in (
        ("corpus/questions.jsonl", [q for q in own if not q.get("history")]),
        ("English questions, French articles", [q for q in crossing if q["lang"] == "en"]),
        ("French questions, English articles", [q for q in crossing if q["lang"] == "fr"]),
    ):
        random.Random(1).shuffle(questions)
        found[name] = questions[:most]
    return found


def line(name: str, judged: Sequence[Judged]) -> str:
    """A row of the table."""
    model = [j for j in judged if j.by_model]
    said = sum(j.kept + j.dropped for j in model)
    tongues = ", ".join(
        f"{sum(j.language == which for j in model)} {which}"
        for which in ("right", "wrong", "neither")
    )
    return (
        f"| {name} | {len(judged)} | {sum(j.answered for j in judged)} "
        f"| {sum(j.valid for j in judged)} | {sum(j.kept for j in model)} of {said} "
        f"| {len(model)} | {tongues} |"
    )


def main() -> None:
    """Ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--llm", default=Settings().llm)
    parser.add_argument("--questions", type=int, default=50)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    written = []
    print("| questions | asked | answered | valid | sentences kept | by the model | language |")
    print("|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(index=Path(folder) / "index", llm=arguments.llm, answerer="generative")
        index_paths([CORPUS], settings, Embedder.open(settings))
        with Assistant.open(settings) as assistant:
            for name, questions in groups(arguments.questions).items():
                judged = []
                for question in questions:
                    answer = assistant.ask(Question(question["question"]))
                    judged.append(judge(answer))
                    told = answer.to_json()
                    wanted = ("question", "answer", "answerer", "abstained", "reason")
                    written.append(
                        {
                            "group": name,
                            **{key: told[key] for key in wanted},
                            "gold": question["answers"],
                            "quotes": [c["quote"] for c in told["citations"]],
                            **judged[-1].__dict__,
                        }
                    )
                print(line(name, judged), flush=True)
    if arguments.out:
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in written)
        arguments.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
