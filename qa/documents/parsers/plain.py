"""Plain text: an optional date, an optional title line, then the article.

    date 2017-01 En Libye, la première phase de l'accord…

A first line of its own, short, followed by an empty line and without a full stop at its end is
the title; otherwise there is none, and no word of the text is taken for it.

Also home of `decode`, by which every text format becomes characters: UTF-8 first; another
charset only when the statistics are sure of it, because a wrong guess ends up in a quote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import charset_normalizer

from qa.documents.article import Article, clean_text
from qa.documents.parsers.fields import article_from, origin_of
from qa.documents.parsers.silenced import quiet
from qa.errors import SourceError

_DATE = re.compile(r"date (\d{4}(?:-\d{1,2}){0,2})(?:\s+|$)", re.A)
_LONGEST_TITLE = 120

# Percent. On French and English news in legacy charsets the statistics reach 60 within some
# hundred bytes; wrong guesses, over a few accents, stay below 50.
_LEAST_COHERENCE = 60.0
_MOST_CHAOS = 1.0


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


def decode(data: bytes) -> str:
    """The characters of a text file, its byte order mark dropped.

    Raises:
        SourceError: it is empty, binary, or in a charset that cannot be told for sure.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _utf16(data)
    if not data.strip():
        raise SourceError("the file is empty")
    if b"\0" in data:
        raise SourceError("it holds binary data, not text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        text = _legacy(data)
        if text is None:
            raise SourceError(not_utf8(exc)) from exc
        return text


def not_utf8(exc: UnicodeDecodeError) -> str:
    """What is wrong with bytes that should have been UTF-8, and what to do."""
    newline = b"\n"
    number = exc.object.count(newline, 0, exc.start) + 1
    line = f" in line {number}" if newline in exc.object.rstrip() else ""
    return (
        f"not UTF-8 (byte 0x{exc.object[exc.start]:02x}{line}), and the charset cannot be "
        "told for sure; save it as UTF-8, for instance with `iconv -f WINDOWS-1252 -t UTF-8`"
    )


def _utf16(data: bytes) -> str:
    try:
        return data.decode("utf-16")
    except UnicodeDecodeError as exc:
        raise SourceError("it starts as UTF-16 but is damaged; save it as UTF-8") from exc


def _legacy(data: bytes) -> str | None:
    """Text in one of the charsets before UTF-8, or None when that is not sure."""
    if not data.decode("utf-8", "ignore").isascii():
        return None  # UTF-8 with a damaged place, not another charset
    with quiet("charset_normalizer"):
        guess = charset_normalizer.from_bytes(data).best()
    if guess is None or guess.percent_chaos > _MOST_CHAOS:
        return None
    return str(guess) if guess.percent_coherence >= _LEAST_COHERENCE else None
