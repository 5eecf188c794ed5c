"""SQuAD: question sets in SQuAD's JSON, versions 1.1 and 2.0, and those that follow it
(FQuAD, PIAF).

Each paragraph becomes an article, with the id `title#number`, so that a set can be asked without
any other corpus. Offsets of answers are not used: our articles are cleaned first.
Rajpurkar, Jia & Liang, ACL 2018, arXiv:1806.03822.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from qa.errors import QuestionError
from qa.evaluation.questions import QuestionSet, Rows, collect
from qa.evaluation.textfile import read_text

_EXPECTED = 'expected SQuAD\'s form: {"data": [{"title", "paragraphs": [{"context", "qas"}]}]}'


def read(path: Path) -> QuestionSet:
    """A SQuAD file.

    Raises:
        QuestionError: it is no JSON, or its outer form is not SQuAD's.
    """
    try:
        value = json.loads(read_text(path))
    except json.JSONDecodeError as exc:
        raise QuestionError(
            f"{path} is not valid JSON ({exc.msg} at line {exc.lineno} column {exc.colno}); "
            "a file with one object a line should end in .jsonl."
        ) from exc
    except (ValueError, RecursionError) as exc:
        raise QuestionError(
            f"{path} is no usable JSON: a number too long, or nested too deeply."
        ) from exc
    try:
        paragraphs = list(_paragraphs(value))
    except QuestionError as exc:
        raise QuestionError(f"{path}: {exc}") from exc
    documents = [{"id": id, "title": title, "text": text} for id, title, text, _ in paragraphs]
    return collect(path, _rows(paragraphs), documents)


Paragraph = tuple[str, str, str, list[object]]


def _paragraphs(value: object) -> Iterator[Paragraph]:
    """(article id, title, text, its questions) of each paragraph."""
    titles: dict[str, int] = {}
    for number, entry in enumerate(_list(value, "data")):
        title = entry.get("title") if isinstance(entry, dict) else None
        title = title if isinstance(title, str) and title else f"article {number}"
        for paragraph in _list(entry, "paragraphs"):
            text = paragraph.get("context") if isinstance(paragraph, dict) else None
            if not isinstance(text, str) or not text.strip():
                raise QuestionError(f"a paragraph of {title!r} has no context; {_EXPECTED}")
            n = titles[title] = titles.get(title, -1) + 1
            yield f"{title}#{n}", title.replace("_", " "), text, _list(paragraph, "qas")


def _list(value: object, name: str) -> list[Any]:
    items = value.get(name) if isinstance(value, dict) else None
    if not isinstance(items, list):
        raise QuestionError(f"{name!r} is missing; {_EXPECTED}")
    return items


def _rows(paragraphs: list[Paragraph]) -> Rows:
    for id, _, _, questions in paragraphs:
        for number, item in enumerate(questions, 1):
            place = f"{id}, question {number}"
            try:
                yield place, _row(item, id)
            except QuestionError as exc:
                yield place, exc


def _row(item: object, document: str) -> Mapping[str, object]:
    if not isinstance(item, dict):
        raise QuestionError(f"expected an object with a question, found {item!r:.40}")
    impossible = item.get("is_impossible", False)
    answers = item.get("answers", [])
    if not isinstance(answers, list) or not all(
        isinstance(a, dict) and isinstance(a.get("text"), str) for a in answers
    ):
        raise QuestionError(
            f"'answers' should be a list of objects with 'text', not {answers!r:.60}"
        )
    if not answers and not impossible:
        raise QuestionError("there is no answer, and 'is_impossible' is not true")
    texts = [] if impossible else list(dict.fromkeys(answer["text"] for answer in answers))
    return {
        "id": item.get("id"),
        "question": item.get("question"),
        "answers": texts,
        "doc_ids": [document],
        "kind": "unanswerable" if impossible else "factoid",
    }
