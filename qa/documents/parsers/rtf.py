"""Rich text: the words of a .rtf document, as striprtf finds them.

The title comes from the document's properties. There is no date, for the reason that `docx` gives.
Words that are marked as hidden are cut out before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from striprtf.striprtf import rtf_to_text

from qa.documents.article import Article
from qa.documents.parsers.fields import article_from, origin_of, sane_title
from qa.errors import SourceError

_TITLE = re.compile(r"\{\\title\s((?:[^{}\\]|\\'[\da-f]{2}|\\u-?\d+\s?\??|\\[{}\\])*)\}", re.I)
_CODEPAGE = re.compile(r"\\ansicpg\d+")
_HIDDEN = re.compile(r"\\v(?![a-z0-9])[^{}]*?(?=\\v0|\\plain|[{}])")
# Their address is no word of the text, but striprtf writes it there.
_LINK = re.compile(r"HYPERLINK")


def read(path: Path) -> Iterator[Article]:
    """The one article of a document."""
    source = path.read_bytes().decode("latin-1")
    if not source.lstrip().startswith("{\\rtf"):
        raise SourceError("not an RTF document; open it in a word processor and save it again")
    codepage = _CODEPAGE.search(source)
    title = _TITLE.search(source)
    head = f"{{\\rtf1{codepage[0] if codepage else ''} {title[1]}}}" if title else ""
    text = re.sub(r"\n+", "\n\n", _words(_HIDDEN.sub("", source)).replace("|\n", "\n"))
    if not text.strip():
        raise SourceError("the document has no text")
    yield article_from(
        {"title": sane_title(_words(head)) if head else "", "text": text}, origin_of(path)
    )


def _words(source: str) -> str:
    try:
        words: str = rtf_to_text(  # type: ignore[no-untyped-call]
            _LINK.sub("LINK", source), encoding="cp1252", errors="replace"
        )
    except (ValueError, LookupError, OverflowError, TypeError, UnicodeError) as exc:
        raise SourceError("a damaged RTF document; open it and save it again") from exc
    return words
