"""The record of a good check: `.ok`, a small JSON file in a model's folder.

It says which sums the folder's files had when they were last hashed, and their sizes and times
then. While sizes and times are the same, starting up need not read a gigabyte again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

NAME = ".ok"
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Stamp:
    """One file at the time of the check; `mtime` in whole seconds, as copies and images keep it."""

    sha256: str
    size: int
    mtime: int


@dataclass(frozen=True)
class Record:
    """`source`: the sum of the file that the catalogue names; `files`: by path in the folder."""

    source: str
    files: Mapping[str, Stamp]

    @classmethod
    def make(cls, folder: Path, source: str, known: Mapping[str, str] | None = None) -> Self:
        """Hash every file in `folder`, except those whose sums are `known`."""
        known = known or {}
        files = {
            path.relative_to(folder).as_posix(): stamp(path, known.get(path.name))
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name != NAME
        }
        return cls(source, files)

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """The folder's record; None when it has none, or one that cannot be understood."""
        try:
            data = json.loads((folder / NAME).read_text(encoding="utf-8"))
            return cls(data["source"], {n: Stamp(**s) for n, s in data["files"].items()})
        except (
            FileNotFoundError,
            NotADirectoryError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
        ):
            return None

    def write(self, folder: Path) -> None:
        """Put the record into `folder`, in one rename."""
        draft = folder / f"{NAME}.{os.getpid()}"
        draft.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        draft.replace(folder / NAME)

    def sizes_agree(self, folder: Path) -> bool:
        """Whether every file is there with its size."""
        return all(_size(folder / name) == stamp.size for name, stamp in self.files.items())

    def times_agree(self, folder: Path) -> bool:
        """Whether no file was written since the check. Only for files that are there."""
        return all(
            int((folder / name).stat().st_mtime) == stamp.mtime
            for name, stamp in self.files.items()
        )


def stamp(path: Path, sha256: str | None = None) -> Stamp:
    """The file as it is now; hashed unless its sum is given."""
    status = path.stat()
    return Stamp(sha256 or file_sha256(path), status.st_size, int(status.st_mtime))


def file_sha256(path: Path, read: Callable[[int], None] | None = None) -> str:
    """The sum of a file in hexadecimal; `read` is told how many bytes have been hashed so far."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            if read is not None:
                read(file.tell())
    return digest.hexdigest()


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return None
