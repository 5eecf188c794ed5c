"""BEIR: a folder with corpus.jsonl, queries.jsonl and qrels/*.tsv, the first two also .gz.

The relevance judgements of `test` are used, else of `dev`, else the only ones there are; queries
without one are left out, as in BEIR itself. Thakur et al., NeurIPS 2021, arXiv:2104.08663.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qa.errors import QuestionError
from qa.evaluation.questions import QuestionSet, collect
from qa.evaluation.textfile import json_object, read_text

Row = Mapping[str, Any]


def read(folder: Path) -> QuestionSet:
    """A BEIR folder.

    Raises:
        QuestionError: a part is missing or makes no sense.
    """
    queries = _objects(_part(folder, "queries"))
    documents = _objects(_part(folder, "corpus"))
    qrels = _judgements(folder)
    judged = _grades(qrels)
    unknown = next((id for id in judged if id not in queries), None)
    if unknown is not None:
        raise QuestionError(f"{qrels} judges the query {unknown!r}, which queries.jsonl has not.")
    missing = next((id for grades in judged.values() for id in grades if id not in documents), None)
    if missing is not None:
        raise QuestionError(f"{qrels} judges the document {missing!r}, which corpus.jsonl has not.")
    rows: list[tuple[str, Row]] = []
    for id, row in queries.items():
        relevant = {doc: grade for doc, grade in judged.get(id, {}).items() if grade > 0}
        gold = {"doc_ids": list(relevant), "grades": list(relevant.values())}
        asked = {"id": id, "question": row["text"], "lang": row.get("lang"), **gold}
        if relevant:
            rows.append((f"query {id!r}", asked))
    texts = (
        {"id": id, "title": row.get("title"), "text": row["text"]} for id, row in documents.items()
    )
    return collect(folder, rows, texts)


def _part(folder: Path, name: str) -> Path:
    for path in (folder / f"{name}.jsonl", folder / f"{name}.jsonl.gz"):
        if path.is_file():
            return path
    raise QuestionError(
        f"{folder} is a folder without {name}.jsonl; a folder of questions should be a BEIR set: "
        "corpus.jsonl, queries.jsonl and qrels/test.tsv."
    )


def _judgements(folder: Path) -> Path:
    files = sorted((folder / "qrels").glob("*.tsv"))
    for name in ("test", "dev"):
        if (path := folder / "qrels" / f"{name}.tsv") in files:
            return path
    if len(files) != 1:
        raise QuestionError(f"{folder} has no qrels/test.tsv, which says what is relevant.")
    return files[0]


def _objects(path: Path) -> dict[str, Row]:
    """The rows by id."""
    found: dict[str, Row] = {}
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        row = json_object(line)
        if isinstance(row, QuestionError):
            raise QuestionError(f"{path}, line {number}: {row}.")
        if not isinstance(row.get("_id"), str) or not isinstance(row.get("text"), str):
            raise QuestionError(f"{path}, line {number}: '_id' and 'text' should be texts.")
        found[str(row["_id"])] = row
    return found


def _grades(path: Path) -> dict[str, dict[str, int]]:
    """Query → document → grade."""
    judged: dict[str, dict[str, int]] = {}
    for number, line in enumerate(read_text(path).splitlines(), 1):
        cells = line.split("\t")
        if number == 1 and cells[-1:] == ["score"]:
            continue
        try:
            query, document, grade = cells
            judged.setdefault(query, {})[document] = int(grade)
        except ValueError as exc:
            raise QuestionError(
                f"{path}, line {number}: expected query-id, corpus-id and score with tabs between."
            ) from exc
    return judged
