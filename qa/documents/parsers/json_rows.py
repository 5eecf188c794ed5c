"""Rows: JSON, one object (.json) or many (.json, .jsonl, .jsonl.gz, .ndjson).

    {"id": "…", "title": "…", "text": "…", "date": "2017-01", "source": "…", "language": "fr",
     "url": "…"}

Only `text` is required, and other fields are ignored. Names and shapes that other programs use
are known (`aliases`), and so is where they put a list of articles: under any name, up to three
levels down. A JSON Feed is such an object; its title is the source of what it holds.

Lines are read one at a time, so a file may be larger than the memory. Two kinds of file are read
whole all the same: those that are not UTF-8, and objects that are written over several lines.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import BinaryIO

from qa.documents.article import Article
from qa.documents.parsers.aliases import CUT_OFF, canonical, has_text
from qa.documents.parsers.fields import Failure, Notice, articles_from, origin_of
from qa.documents.parsers.plain import decode, not_utf8
from qa.errors import SourceError

_LONGEST_LINE = 50_000_000
_MOST_PACKED = 100  # times; news packs to a fifth or a tenth of its size
_LOOKED_AT = 100  # lines, after each of which that is asked
_COUNTED = 16_000_000  # bytes
_BLOCK = 1_000_000
_LINE_STARTS = re.compile(rb"(?<=\n)[^\n]")
_EXPECTED = 'expected an object with "text", a list of them, or {"articles": [...]}'
_LARGEST_WHOLE = 200_000_000  # bytes
_LEVELS = 3  # down to the list of articles
# Objects in which some programs keep the fields of an article.
_INNER = ("_source", "fields", "attributes", "article", "node")
_INNER_OF = frozenset(_INNER)
_ACTIONS = ({"index"}, {"create"})  # lines of a bulk request, between those of articles
_BETWEEN = re.compile(r"[\s,\ufeff]*")
_DECODER = json.JSONDecoder()
_JSON_FEED = "https://jsonfeed.org/version/"


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
    recoded: list[str] | None = None  # once for the file, also when it cannot be told
    with _open(path) as file:
        for number, line in _lines(file, path.stat().st_size):
            if number == 1 and (line.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in line):
                yield from _of_text(decode(_whole(path)), path)  # UTF-16
                return
            if not line.strip(b" \t\r\n\xef\xbb\xbf"):
                continue
            if empty and (values := _over_lines(path, line)):
                yield from _of_value(values if len(values) > 1 else values[0], path)
                return
            empty = False
            try:
                text = line.decode("utf-8-sig")
            except UnicodeDecodeError as exc:
                recoded = _recoded(path) if recoded is None else recoded
                if len(recoded) < number:
                    yield Failure(origin_of(path, number), not_utf8(exc))
                    continue
                text = recoded[number - 1]
            yield from _of_line(text, origin_of(path, number))
    if empty:
        raise SourceError("the file is empty")


def _of_text(text: str, path: Path) -> Iterator[Article | Failure]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield from _of_line(line, origin_of(path, number))


def _of_line(line: str, origin: str) -> Iterator[Article | Failure]:
    """One line's article, or why there is none."""
    try:
        value, end = _parse(line := line.strip())
        if line[end:].strip(", \t"):
            raise SourceError(f"not valid JSON: Extra data at column {end + 1}")
        if not (isinstance(value, dict) and set(value) in _ACTIONS):
            yield from _of_object(value, origin)
    except SourceError as exc:
        yield Failure(origin, str(exc))


def _recoded(path: Path) -> list[str]:
    """The lines of a file in another charset than UTF-8; none where that cannot be told.

    Asked of the whole file, since a line is too short to tell.
    """
    try:
        return decode(_whole(path)).split("\n")
    except SourceError:
        return []  # each line is then reported by itself


def _over_lines(path: Path, first: bytes) -> list[object]:
    """The values of a file that has no article a line, by its first line; none of one that has.

    That line opens an object or a list that further lines close, or holds a whole list of articles.
    """
    start = first.strip(b" \t\r\n\xef\xbb\xbf")
    closed = start.endswith((b"}", b"]"))
    if not start.startswith(b"[") and (closed or not start.startswith(b"{")):
        return []
    try:
        values = _parse_all(decode(_whole(path)))
    except SourceError:
        return []  # damage, which is then reported line by line
    return values if not closed or len(values) == 1 else []


def _whole(path: Path) -> bytes:
    """All of a file, unpacked.

    Raises:
        SourceError: it is larger than what is read at once, or damaged.
    """
    with _open(path) as file:
        try:
            data = file.read(_LARGEST_WHOLE + 1)
        except (EOFError, zlib.error, gzip.BadGzipFile) as exc:
            raise SourceError("the gzip file is cut off or damaged; fetch it again") from exc
    if len(data) > _LARGEST_WHOLE:
        raise SourceError(
            f"only files of up to {_LARGEST_WHOLE / 1e6:.0f} MB are read unless they are UTF-8 "
            "with an object a line; write it so"
        )
    return data


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


def _read_json(path: Path) -> Iterator[Article | Failure]:
    """The articles of a file that is one JSON value, or several one after the other."""
    values = _parse_all(decode(path.read_bytes()))
    yield from _of_value(values if len(values) > 1 else values[0], path)


def _of_value(value: object, path: Path) -> Iterator[Article | Failure]:
    """The articles of a value, wherever it keeps them.

    Raises:
        SourceError: it holds none.
    """
    common: dict[str, object] = {}
    value = _unwrapped(value)
    if isinstance(value, dict):
        if _is_article(value):
            yield from _of_object(value, origin_of(path))
            return
        if str(value.get("version")).startswith(_JSON_FEED):
            common = {"source": value.get("title"), "template_language": value.get("language")}
        value = _listed(value, _LEVELS)
        if value is None:
            raise SourceError(
                f'there is no text: the field "text" is missing or empty; {_EXPECTED}'
            )
    if not isinstance(value, list):
        raise SourceError(f"{_EXPECTED}; it is {value!r:.60}")
    if not value:
        raise SourceError("the list of articles is empty")
    for number, item in enumerate(value, start=1):
        origin = origin_of(path, number)
        try:
            yield from _of_object(item, origin, common)
        except SourceError as exc:
            yield Failure(origin, str(exc))


def _listed(value: Mapping[str, object], levels: int) -> list[object] | None:
    """The list of articles in an object, or the articles that it names one by one; else None."""
    for part in value.values():
        if isinstance(part, list) and any(has_text(_unwrapped(item)) for item in part):
            return part
    if "articles" in value and value["articles"] == []:
        return []
    named = [(name, part) for name, part in value.items() if has_text(_unwrapped(part))]
    if named:
        return [{"id": name, **part} for name, part in named if isinstance(part, dict)]
    inner = (part for part in value.values() if isinstance(part, dict))
    found = (_listed(part, levels - 1) for part in inner) if levels else iter(())
    return next((part for part in found if part is not None), None)


def _is_article(value: Mapping[str, object]) -> bool:
    """Whether an object is one article, and not a list of some that has a description."""
    return has_text(value, whole=True) or (has_text(value) and _listed(value, _LEVELS) is None)


def _unwrapped(item: object) -> object:
    """An object with the fields that an object within it, or within that, keeps for it."""
    for _ in range(_LEVELS):
        if not isinstance(item, dict):
            break
        holders = [name for name in _INNER if isinstance(item.get(name), dict)]
        inner = next((n for n in holders if has_text(item[n]) or _INNER_OF & item[n].keys()), None)
        around = {name: value for name, value in item.items() if name != inner}
        if inner is None or (inner != "_source" and has_text(around)):
            break
        item = {**around, **item[inner]}
    return item


def _of_object(
    value: object, origin: str, common: Mapping[str, object] | None = None
) -> Iterator[Article | Failure]:
    value = _unwrapped(value)
    if not isinstance(value, dict):
        raise SourceError(f"{_EXPECTED}; it is {value!r:.60}")
    fields = {**(common or {}), **canonical(value)}
    if common and ":" not in str(fields.get("id")):
        fields["id"] = None  # of a feed, which counts by itself
    text = fields.get("text")
    if isinstance(text, str) and CUT_OFF.search(text):
        fields["text"] = CUT_OFF.sub("…", text)
        yield Notice(origin, f"only the beginning of its text is there: it ends {text[-20:]!r}")
    yield from articles_from(fields, origin)


def _advice(text: str, place: int) -> str:
    """What to do about a fault at a place of a text, where that can be told."""
    before, after = text[:place].rstrip(), text[place:].lstrip()
    if before.endswith(",") and after[:1] in ("]", "}"):
        return "; take out the comma before the bracket"
    if after.startswith(("//", "/*", "#")):
        return "; take out the comment, which JSON does not have"
    if after.startswith("'"):
        return "; write double quotation marks"
    whole = text.rstrip()[-1:] in ("]", "}")
    return "" if whole else "; it is cut off, save it again"


def _parse_all(text: str) -> list[object]:
    """The JSON values of a text, one after the other; commas may be between them."""
    values: list[object] = []
    end = _after_gap(text, 0)
    while end < len(text) or not values:
        value, end = _parse(text, end)
        values.append(value)
        end = _after_gap(text, end)
    return values


def _after_gap(text: str, start: int) -> int:
    gap = _BETWEEN.match(text, start)
    return gap.end() if gap else start


def _parse(text: str, start: int = 0) -> tuple[object, int]:
    """The JSON value that begins at a place of a text, and where it ends."""
    try:
        return _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as exc:
        where = f"line {exc.lineno} column {exc.colno}" if "\n" in text else f"column {exc.colno}"
        reason = f"not valid JSON: {exc.msg.removesuffix(' at')} at {where}"
        raise SourceError(f"{reason}{_advice(text, exc.pos)}") from exc
    except ValueError as exc:  # a number of more digits than Python converts
        raise SourceError(f"not usable JSON: {exc}") from exc
    except RecursionError as exc:
        raise SourceError("not usable JSON: nested too deeply") from exc
