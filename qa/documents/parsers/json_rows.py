"""Rows: JSON, one object (.json) or many (.json, .jsonl, .jsonl.gz, .ndjson).

    {"id": "…", "title": "…", "text": "…", "date": "2017-01", "source": "…", "language": "fr",
     "url": "…"}

Only `text` is required, `lang` is read as `language`, and other fields are ignored. Lines are
read one at a time, so a file may be larger than the memory.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import BinaryIO

from qa.documents.article import Article
from qa.documents.parsers.fields import Failure, article_from, origin_of
from qa.documents.parsers.plain import decode, not_utf8
from qa.errors import SourceError

_LONGEST_LINE = 50_000_000
_MOST_PACKED = 100  # times; news packs to a fifth or a tenth of its size
_LOOKED_AT = 100  # lines, after each of which that is asked
_COUNTED = 16_000_000  # bytes
_BLOCK = 1_000_000
_LINE_STARTS = re.compile(rb"(?<=\n)[^\n]")
_EXPECTED = 'expected an object with "text", a list of them, or {"articles": [...]}'


def read(path: Path) -> Iterator[Article | Failure]:
    """The articles of a JSON file, whichever way it holds them."""
    if path.suffix.lower() == ".json":
        yield from _read_json(path)
    else:
        yield from _read_lines(path)


def count_lines(path: Path) -> int:
    """The lines of a file up to its end or its first damage, empty ones left out.

    Of a large file the first are counted and the rest is guessed by its size.
    """
    number, size, before = 0, 0, b"\n"
    with path.open("rb") as packed:
        file = gzip.GzipFile(fileobj=packed) if path.suffix.lower() == ".gz" else packed
        try:
            while size < _COUNTED and (block := file.read1(_BLOCK)):
                number += len(_LINE_STARTS.findall(before + block))
                size, before = size + len(block), block[-1:]
        except (EOFError, OSError, zlib.error):
            return number  # said by `read`
        read = packed.tell()
    return number * path.stat().st_size // read if size >= _COUNTED else number


def _read_lines(path: Path) -> Iterator[Article | Failure]:
    """One article a line; empty lines are passed over."""
    empty = True
    with _open(path) as file:
        for number, line in _lines(file, path.stat().st_size):
            if line.strip(b" \t\r\n\xef\xbb\xbf"):
                empty = False
                yield _article(line, origin_of(path, number))
    if empty:
        raise SourceError("the file is empty")


def _open(path: Path) -> BinaryIO | gzip.GzipFile:
    return gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")


def _lines(file: BinaryIO | gzip.GzipFile, size: int) -> Iterator[tuple[int, bytes]]:
    """A file's lines, numbered from 1, none longer than what fits into memory.

    Raises:
        SourceError: such a line, damage, or far more than the file's `size` on the disk.
    """
    for number in count(1):
        try:
            line = file.readline(_LONGEST_LINE)
        except gzip.BadGzipFile as exc:
            raise SourceError(f"not a valid gzip file ({exc}); is it compressed at all?") from exc
        except (EOFError, zlib.error) as exc:
            raise SourceError(
                f"the gzip file is cut off or damaged in line {number}; fetch it again"
            ) from exc
        if not line:
            return
        if len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
            raise SourceError(f"line {number} is longer than {_LONGEST_LINE / 1e6:.0f} MB")
        if number % _LOOKED_AT == 0 and file.tell() > max(_LONGEST_LINE, _MOST_PACKED * size):
            raise SourceError(
                f"from line {number} on it is not read: it unpacks to more than {_MOST_PACKED} "
                "times its size"
            )
        yield number, line


def _article(line: bytes, origin: str) -> Article | Failure:
    """One line's article, or why there is none."""
    try:
        return _from_object(_parse(line.decode("utf-8-sig").strip()), origin)
    except UnicodeDecodeError as exc:
        return Failure(origin, not_utf8(exc))
    except SourceError as exc:
        return Failure(origin, str(exc))


def _read_json(path: Path) -> Iterator[Article | Failure]:
    """The articles of a file that is one JSON value."""
    value = _parse(decode(path.read_bytes()))
    if isinstance(value, dict) and "articles" in value:
        value = value["articles"]
    if not isinstance(value, list):
        yield _from_object(value, origin_of(path))
        return
    if not value:
        raise SourceError("the list of articles is empty")
    for number, item in enumerate(value, start=1):
        origin = origin_of(path, number)
        try:
            yield _from_object(item, origin)
        except SourceError as exc:
            yield Failure(origin, str(exc))


def _from_object(value: object, origin: str) -> Article:
    if not isinstance(value, dict):
        raise SourceError(f"{_EXPECTED}; it is {value!r:.60}")
    return article_from(value, origin)


def _parse(text: str) -> object:
    """The JSON value of a text."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as exc:
        where = f"line {exc.lineno} column {exc.colno}" if "\n" in text else f"column {exc.colno}"
        raise SourceError(f"not valid JSON: {exc.msg.removesuffix(' at')} at {where}") from exc
    except ValueError as exc:  # a number of more digits than Python converts
        raise SourceError(f"not usable JSON: {exc}") from exc
    except RecursionError as exc:
        raise SourceError("not usable JSON: nested too deeply") from exc
