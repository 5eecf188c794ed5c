"""Archives: a .zip of files of the formats that are read, also of further archives.

An article's origin is then `archive.zip#folder/page.html`, or `…#rows.jsonl#3`. Members are
unpacked one at a time, into a temporary file that is deleted after. What a folder leaves out is
left out here, too.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from qa.documents.article import Article
from qa.documents.parsers import files
from qa.documents.parsers.fields import Failure, Notice, origin_of
from qa.documents.parsers.zipped import opened
from qa.errors import SourceError

_DEEPEST = 2  # archives within an archive
_NEVER = ("__MACOSX",)


def read(path: Path) -> Iterator[Article | Failure]:
    """The articles of an archive's members."""
    yield from _read(path, origin_of(path), _DEEPEST)


def _read(path: Path, origin: str, levels: int) -> Iterator[Article | Failure]:
    passed_over: Counter[str] = Counter()
    read = 0
    with opened(path, "a zip archive") as archive:
        for member in archive.members():
            name = PurePosixPath(member.filename.replace("\\", "/"))
            if any(part.startswith(".") or part in _NEVER for part in name.parts if part != ".."):
                continue
            if not files.wanted(name.name):
                passed_over[name.suffix.lower() or "without an ending"] += 1
                continue
            read += 1
            place = f"{origin}#{name.as_posix().encode('utf-8', 'backslashreplace').decode()}"
            try:
                yield from _of_member(archive.member(member), name.name, place, levels)
            except SourceError as exc:
                yield Failure(place, str(exc))
    if not read and not passed_over:
        raise SourceError("the archive is empty")
    if passed_over:
        kinds = ", ".join(f"{kind} ({number})" for kind, number in passed_over.most_common(10))
        reason = f"its files of kinds that are not read: {kinds}"
        yield Notice(origin, reason) if read else Failure(origin, f"it has only {reason}")


def _of_member(data: bytes, name: str, origin: str, levels: int) -> Iterator[Article | Failure]:
    """The articles of a member, read from a temporary file with its ending."""
    with tempfile.TemporaryDirectory(prefix="qa-") as folder:
        path = Path(folder, f"member{files.ending(Path(name))}")
        path.write_bytes(data)
        if path.suffix == ".zip":
            if not levels:
                raise SourceError("an archive within an archive within an archive; unpack it")
            yield from _read(path, origin, levels - 1)
            return
        for item in files.read(path):
            yield replace(item, origin=origin + item.origin.removeprefix(str(path)))
