"""Checksums: the sums of Chroma's files, written when a run has completed.

Chroma trusts its files. A damaged one makes it find the wrong chunks without a word, or ends the
process. So the files are compared with their sums before it opens them. A run breaks the seal
before it writes to Chroma: an index without a seal is being written, was left so by a killed run,
or comes from a version that made none.

Its SQLite file is left out, for reading changes it; so are its other files as long as they
hold nothing, which they do below a thousand chunks: it reads the vectors from SQLite then.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from qa.errors import IndexUnusable


def seal(home: Path) -> None:
    """Write the sums of the files as they are."""
    sums = {path.relative_to(home).as_posix(): _sum(path) for path in _files(home)}
    temporary = home / "sums.json.new"
    temporary.write_text(json.dumps(sums, indent=1), encoding="utf-8")
    temporary.replace(home / "sums.json")


def break_seal(home: Path) -> None:
    """Say that the files are about to change."""
    (home / "sums.json").unlink(missing_ok=True)


def sealed(home: Path) -> int | None:
    """Another number for each seal; None when there is none."""
    try:
        return (home / "sums.json").stat().st_mtime_ns
    except FileNotFoundError:
        return None


def check(home: Path) -> int | None:
    """The seal that the files keep; None when there is none.

    Raises:
        IndexUnusable: a file is gone, or not the one that was sealed.
    """
    while (before := sealed(home)) is not None:
        wrong = _wrong(home)
        if sealed(home) != before:
            continue  # a run has begun or ended meanwhile
        if wrong:
            raise IndexUnusable(
                f"{home / wrong} is damaged or gone. Have that part made again with "
                "`qa doctor --repair`."
            )
        return before
    return None


def _wrong(home: Path) -> str | None:
    try:
        sums = json.loads((home / "sums.json").read_text(encoding="utf-8"))
        # Earlier versions had other parts.
        mine = {name: sum for name, sum in sums.items() if name.startswith("chroma/")}
        return next((name for name, sum in mine.items() if _sum(home / name) != sum), None)
    except FileNotFoundError as exc:
        return Path(exc.filename).relative_to(home).as_posix()
    except (ValueError, AttributeError):
        return "sums.json"


def _files(home: Path) -> Iterator[Path]:
    for path in sorted((home / "chroma").rglob("*")):
        changes = path.name.startswith("chroma.sqlite3") or path.suffix == ".lock"
        changes |= not (path.parent / "index_metadata.pickle").exists()
        if path.is_file() and not changes:
            yield path


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
