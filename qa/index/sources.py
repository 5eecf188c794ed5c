"""Sources: the files that a run reads, the kinds that it passes over, and paths that are empty now.

A folder that is not mounted looks like one whose files were deleted. So an index keeps the articles
of a path that holds nothing any more until it is told that this is meant.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from qa.documents.parsers import SUPPORTED, find
from qa.documents.parsers.fields import origin_of
from qa.errors import IndexMissing, SourceError
from qa.index.archive import Archive
from qa.index.directory import Manifest, open_archive


def to_read(
    paths: Sequence[Path], directory: Path | None, *, allow_empty: bool = False
) -> list[Path]:
    """The files under some paths, as `find` lists them.

    Args:
        paths: files and folders.
        directory: of the index; None when nothing in it is to stay.
        allow_empty: a path from which it has articles may now hold nothing or be gone.

    Raises:
        SourceError: that is not allowed, or there never was anything to read.
    """
    paths = [path.resolve() for path in paths]
    there = [path for path in paths if path.exists()]
    try:
        files = find(there)
    except SourceError as exc:
        if exc.__cause__ or any(path.is_file() for path in there):
            raise  # a folder that cannot be listed, or a file of another kind
        files = []
    covered = {place for file in files for place in (file, *file.parents)}
    empty = [path for path in paths if path not in covered]
    if lost := _held(empty, directory):
        if not allow_empty:
            path, count = next(iter(lost.items()))
            raise SourceError(
                f"there is nothing to read any more at {str(path)!r}, from where the index has "
                f"{count} article(s); they stay. If it is only not mounted, mount it; if its files "
                f"are gone for good, take the articles out with `qa index --allow-empty {path}`, "
                "or some of them with `qa remove`."
            )
        return files
    return find(paths) if empty else files


def _held(paths: Sequence[Path], directory: Path | None) -> dict[Path, int]:
    """Of which of the paths an index has articles, and how many."""
    if not paths or directory is None:
        return {}
    try:
        manifest = Manifest.read(directory)
    except IndexMissing:
        return {}
    with closing(open_archive(directory, manifest, Archive)) as archive:
        counted = {path: archive.count_under(origin_of(path)) for path in paths}
    return {path: count for path, count in counted.items() if count}


def kinds_not_read(paths: Sequence[Path]) -> Counter[str]:
    """Ending → how many files of that kind, which no parser takes, the folders hold.

    Hidden files and folders, and links, are left out.
    """
    return Counter(
        Path(name).suffix.lower() or "no ending"
        for path in paths
        for parent, folders, names in os.walk(path)
        if not any(part.startswith(".") for part in Path(parent).relative_to(path).parts)
        for name in names
        if not name.startswith(".")
        and not name.lower().endswith(SUPPORTED)
        and not Path(parent, name).is_symlink()
    )
