"""Plain text: an optional date, an optional title line, then the article.

    date 2017-01 En Libye, la première phase de l'accord…

A first line of its own, short, followed by an empty line and without a full stop at its end is
the title; otherwise there is none, and no word of the text is taken for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from qa.documents.article import Article, clean_text
from qa.documents.parsers.charset import decode, not_utf8
from qa.documents.parsers.fields import article_from, origin_of

__all__ = ["decode", "not_utf8", "read", "split_title"]

_DATE = re.compile(r"date (\d{4}(?:-\d{1,2}){0,2})(?:\s+|$)", re.A)
_LONGEST_TITLE = 120


def read(path: Path) -> Iterator[Article]:
    """The one article of a text file."""
    text = clean_text(decode(path.read_bytes()))
    date = _DATE.match(text)
    title, body = split_title(text[date.end() :] if date else text)
    yield article_from(
        {"date": date and date[1], "title": title, "text": body},
        origin_of(path),
    )


def split_title(text: str) -> tuple[str, str]:
    """The title line, or "", and the text after it."""
    line, gap, rest = text.partition("\n\n")
    is_title = gap and "\n" not in line and len(line) <= _LONGEST_TITLE and line[-1:] != "."
    return (line, rest) if is_title else ("", text)
