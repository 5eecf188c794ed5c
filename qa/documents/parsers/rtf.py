"""Rich text: the words of a .rtf document, as striprtf finds them.

The title comes from the document's properties. There is no date, for the reason that `docx` gives.
Words that are marked as hidden or as deleted are cut out before, and footnotes, which stand at the
end of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from striprtf.striprtf import rtf_to_text

from qa.documents.article import Article
from qa.documents.parsers.fields import RAISED, article_from, origin_of, sane_title
from qa.errors import SourceError

_TITLE = re.compile(r"\{\\title\s((?:[^{}\\]|\\'[\da-f]{2}|\\u-?\d+\s?\??|\\[{}\\])*)\}", re.I)
_CODEPAGE = re.compile(r"\\ansicpg\d+")
_HIDDEN = re.compile(r"\\(v|deleted)(?![a-z0-9])[^{}]*?(?=\\\1 ?0|\\plain|[{}])")
_RAISED = re.compile(r"(\\super(?:\\[a-z]+-?\d*)* ?)(\d{1,4})(?=[\s\\}])")
_FONTS = re.compile(r"\{\s*\\fonttbl")
_NOTE = re.compile(r"\{\s*(?:\\\*\s*)?\\footnote(?![a-z])")
_BRACE = re.compile(r"\\[{}\\]|([{}])")
# Their address is no word of the text, but striprtf writes it there.
_LINK = re.compile(r"HYPERLINK")


def read(path: Path) -> Iterator[Article]:
    """The one article of a document."""
    source = path.read_bytes().decode("latin-1")
    if not source.lstrip().startswith("{\\rtf"):
        raise SourceError("not an RTF document; open it in a word processor and save it again")
    codepage = _CODEPAGE.search(source)
    fonts = _FONTS.search(source)
    start = f"{{\\rtf1{codepage[0] if codepage else ''} "
    title = _TITLE.search(source)
    raised = _RAISED.sub(lambda one: one[1] + _escaped(one[2].translate(RAISED)), source)
    body, notes = _without_notes(_HIDDEN.sub("", raised))
    start += source[fonts.start() : _end(source, fonts.start())] if fonts else ""
    texts = [_words(body), *(_words(f"{start}{note}}}").strip() for note in notes)]
    text = re.sub(r"\n+", "\n\n", "\n".join(texts).replace("|\n", "\n"))
    if not text.strip():
        raise SourceError("the document has no text")
    yield article_from(
        {"title": sane_title(_words(f"{start}{title[1]}}}")) if title else "", "text": text},
        origin_of(path),
    )


def _escaped(text: str) -> str:
    return "".join(f"\\u{ord(char)}?" for char in text)


def _without_notes(source: str) -> tuple[str, list[str]]:
    """A document without its footnotes, and what stands in each."""
    parts, notes, at = [], [], 0
    for match in _NOTE.finditer(source):
        if match.start() >= at:
            parts.append(source[at : match.start()])
            at = _end(source, match.start())
            notes.append(source[match.end() : at - 1])
    return "".join([*parts, source[at:]]), notes


def _end(source: str, start: int) -> int:
    """Where the group ends that begins at a place."""
    depth = 0
    for brace in _BRACE.finditer(source, start):
        depth += (brace[1] == "{") - (brace[1] == "}")
        if not depth and brace[1]:
            return brace.end()
    raise SourceError("a damaged RTF document; open it and save it again")


def _words(source: str) -> str:
    try:
        words: str = rtf_to_text(  # type: ignore[no-untyped-call]
            _LINK.sub("LINK", source), encoding="cp1252", errors="replace"
        )
    except (ValueError, LookupError, OverflowError, TypeError, UnicodeError) as exc:
        raise SourceError("a damaged RTF document; open it and save it again") from exc
    return words
