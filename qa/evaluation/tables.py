"""Tables: question sets in .csv and .tsv files whose first row names the columns.

Columns are the fields of our own format; `question` is required, others that we do not know are
ignored. A cell with several values holds them with | between, or as a JSON list.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from qa.errors import QuestionError
from qa.evaluation.questions import QuestionSet, Rows, collect
from qa.evaluation.textfile import read_text

_SEVERAL = frozenset(
    {"answers", "answer", "doc_ids", "doc_id", "facts", "fact", "history", "nuggets", "wrong"}
)


def read(path: Path) -> QuestionSet:
    """A table of questions.

    Raises:
        QuestionError: it has no column `question`, or is no table.
    """
    tabbed = path.name.lower().removesuffix(".gz").endswith(".tsv")
    reader = csv.reader(
        io.StringIO(read_text(path), newline=""), delimiter="\t" if tabbed else ",", strict=True
    )
    try:
        lines = [(reader.line_num, cells) for cells in reader if any(c.strip() for c in cells)]
    except csv.Error as exc:
        raise QuestionError(f"{path}, line {reader.line_num}: not a table ({exc}).") from exc
    columns = [name.strip().lower() for name in lines[0][1]]
    if "question" not in columns:
        raise QuestionError(
            f"{path} has no column 'question'; its first row names {', '.join(columns)!r:.80}."
        )
    for name in columns:
        if name and columns.count(name) > 1:
            raise QuestionError(f"{path} has two columns named {name!r}.")
    return collect(path, _rows(columns, lines[1:]))


def _rows(columns: list[str], lines: list[tuple[int, list[str]]]) -> Rows:
    for number, cells in lines:
        place = f"line {number}"
        if len(cells) > len(columns):
            yield place, QuestionError(f"{len(cells)} cells for {len(columns)} columns")
            continue
        given = [(n, c.strip()) for n, c in zip(columns, cells, strict=False) if c.strip()]
        try:
            yield place, {n: _values(n, c) if n in _SEVERAL else c for n, c in given}
        except QuestionError as exc:
            yield place, exc


def _values(name: str, cell: str) -> object:
    if not cell.startswith("["):
        return [part.strip() for part in cell.split("|") if part.strip()]
    try:
        return json.loads(cell)
    except (ValueError, RecursionError) as exc:
        raise QuestionError(f"the cell {name!r} begins like a JSON list but is none") from exc
