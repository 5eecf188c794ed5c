"""A question with a passage, which is what the reader learns from and is measured by."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass
class Example:
    """A question with a passage.

    Attributes:
        id: of the question in its set.
        set: the set.
        language: of the question.
        question, title, passage: texts.
        spans: [start, end) of each answer in the passage, all equally right; none when the
            passage does not answer.
        answers: the gold answers as the set writes them.
        negatives: passages near the question that do not answer it.
    """

    id: str
    set: str
    language: str
    question: str
    title: str
    passage: str
    spans: list[tuple[int, int]]
    answers: list[str]
    negatives: list[str] = field(default_factory=list)


def load(path: Path) -> list[Example]:
    """The examples of a file that `main` wrote."""
    with path.open(encoding="utf-8") as file:
        return [Example(**json.loads(line)) for line in file]


def write(path: Path, examples: Iterable[Example]) -> int:
    """Write examples; return how many."""
    count = 0
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        for example in examples:
            count += 1
            file.write(json.dumps(asdict(example), ensure_ascii=False) + "\n")
    part.replace(path)
    return count
