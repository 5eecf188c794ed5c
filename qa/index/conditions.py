"""Conditions: `Filters.matches` as SQL over the archive's table of articles."""

from __future__ import annotations

import json

from qa.documents.filters import Filters

# A list of any length as one value; what SQLite takes as values by themselves is limited.
LISTED = "SELECT value FROM json_each(?)"

# Each once, from the index alone. The limit keeps SQLite from asking `source_key` of every article.
_OUTLETS = "SELECT DISTINCT source FROM article WHERE source IS NOT NULL LIMIT -1"


def conditions(filters: Filters) -> tuple[list[str], list[object]]:
    """What must hold of an article, all of it, with the values for the question marks.

    A date is text to the precision known, so it is a beginning of each day that it may mean.
    """
    found, values = list[str](), list[object]()
    if filters.since:
        found.append("date >= substr(?, 1, length(date))")
        values.append(filters.since.isoformat())
    if filters.until:
        found.append("date <= ?")
        values.append(filters.until.isoformat())
    if filters.sources:
        marks = ",".join("?" * len(filters.sources))
        outlets = f"SELECT source FROM ({_OUTLETS}) WHERE source_key(source) IN ({marks})"  # noqa: S608
        found.append(f"source IN ({outlets})")
        values += filters.source_keys
    if filters.language:
        found.append("language = ?")
        values.append(filters.language)
    if filters.articles:
        found.append(f"id IN ({LISTED})")
        values.append(json.dumps(filters.articles))
    return found, values
