"""Tables: .csv and .tsv with an article a row, whose first row names the columns.

The separator is whichever of comma, semicolon, tab and bar the first row has most of, since a
French spreadsheet writes semicolons into .csv. Columns are known by the names in `aliases`.
"""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from qa.documents.article import Article
from qa.documents.parsers.aliases import canonical, has_text
from qa.documents.parsers.fields import Failure, articles_from, origin_of
from qa.documents.parsers.plain import decode
from qa.errors import SourceError

_SEPARATORS = ",;\t|"
_LONGEST_CELL = 5_000_001  # `article_from` says what is wrong with one of more than 5,000,000


def read(path: Path) -> Iterator[Article | Failure]:
    """The articles of a table, in its order; empty rows are passed over."""
    text = decode(path.read_bytes()).lstrip("\ufeff\r\n")
    if text[:4].lower() == "sep=":  # a hint to Excel
        text = text.partition("\n")[2]
    head = text.partition("\n")[0]
    csv.field_size_limit(_LONGEST_CELL)
    separator = max(_SEPARATORS, key=head.count)
    rows = _rows(text, separator)
    number = 0
    try:
        names = [name.strip() for name in next(rows, [])]
        if not has_text(dict.fromkeys(names, "x")):
            raise SourceError(
                f"its first row names no column for the text: {', '.join(names)!r:.80}; "
                'call one "text", and others "title", "date", "source", "url"'
            )
        for number, row in enumerate(rows, start=1):
            if any(cell.strip() for cell in row):
                yield from _articles(names, row, origin_of(path, number))
    except csv.Error as exc:
        raise SourceError(f"not a proper table after row {number} of articles: {exc}") from exc
    if number == 0:
        raise SourceError("the table has no rows")


def _rows(text: str, separator: str) -> Iterator[list[str]]:
    """The rows of a table; between tabs, quotation marks may be nothing but words."""
    if separator == "\t":
        try:
            deque(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True), 0)
        except csv.Error:
            return csv.reader(io.StringIO(text), delimiter=separator, quoting=csv.QUOTE_NONE)
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)


def _articles(names: list[str], row: list[str], origin: str) -> Iterator[Article | Failure]:
    if len(row) > len(names):
        reason = f"it has {len(row)} cells where the first row names {len(names)}; quote its text"
        yield Failure(origin, reason)
        return
    yield from articles_from(canonical(dict(zip(names, row, strict=False))), origin)
