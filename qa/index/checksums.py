"""Checksums: the sums of what is searched in, written when a run has completed.

Chroma trusts its files. A damaged one makes it find the wrong chunks without a word, or ends the
process. So the files are compared with their sums before it opens them, and the words in the
archive (see `lexical`) with theirs. A run breaks the seal before it writes to either: an index
without a seal is being written, was left so by a killed run, or comes from a version that made
none.

Its SQLite file is left out, for reading changes it; so are its other files as long as they
hold nothing, which they do below a hundred chunks: it reads the vectors from SQLite then.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from qa.errors import IndexUnusable

# Not a file; earlier versions had no such words.
_WORDS = "articles.sqlite (words)"
_BAD = "{} is damaged or gone. Have that part made again with `qa doctor --repair`."


def seal(home: Path, words: str) -> None:
    """Write the sums of the files as they are, and that of the words."""
    sums = {path.relative_to(home).as_posix(): _sum(path) for path in _files(home)}
    sums[_WORDS] = words
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


def check(home: Path, words: Callable[[], str] | None = None) -> int | None:
    """The seal that is whole; None when there is none.

    Args:
        home: where the parts are.
        words: makes the sum of the words; None passes them over.

    Raises:
        IndexUnusable: a part is gone, or not the one that was sealed.
    """
    while (before := sealed(home)) is not None:
        wrong = _wrong(home, words)
        if sealed(home) != before:
            continue  # a run has begun or ended meanwhile
        if wrong:
            raise IndexUnusable(_BAD.format(home / wrong))
        return before
    return None


def words_changed(home: Path, words: Callable[[], str]) -> bool:
    """Whether the words are others than those that were sealed; not when nobody sealed any."""
    known = _sums(home).get(_WORDS)
    return known is not None and known != words() and known == _sums(home).get(_WORDS)


def _sums(home: Path) -> dict[str, str]:
    try:
        return dict(json.loads((home / "sums.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError) as exc:
        raise IndexUnusable(_BAD.format(home / "sums.json")) from exc


def _wrong(home: Path, words: Callable[[], str] | None) -> str | None:
    try:
        sums = _sums(home)
        if words and words_changed(home, words):
            return _WORDS
        # Earlier versions had other parts.
        files = {name: sum for name, sum in sums.items() if name.startswith("chroma/")}
        return next((name for name, sum in files.items() if _sum(home / name) != sum), None)
    except FileNotFoundError as exc:
        return Path(exc.filename).relative_to(home).as_posix()


def _files(home: Path) -> Iterator[Path]:
    for path in sorted((home / "chroma").rglob("*")):
        changes = path.name.startswith("chroma.sqlite3") or path.suffix == ".lock"
        changes |= not (path.parent / "index_metadata.pickle").exists()
        if path.is_file() and not changes:
            yield path


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
