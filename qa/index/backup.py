"""Backup: an index as one file, and back.

The file is a zip of the manifest and the archive, which is all that is true of an index, with their
sha256 sums as `sha256sum -c` reads them. Chroma is made again when it is put back; nothing is
embedded. An index that was put back is another one: it has an id of its own.
"""

from __future__ import annotations

import hashlib
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from qa.errors import IndexMissing, IndexUnusable
from qa.index.archive import Archive
from qa.index.directory import Manifest, new_id, on_disk, open_archive
from qa.index.session import drop_other_generations, generation, write_session, writing
from qa.index.shared import follow
from qa.index.writer import Changes
from qa.settings import Settings

_MEMBERS = ("manifest.json", "articles.sqlite")
_SUMS = "SHA256SUMS"
# What reading a damaged zip ends with, depending on the byte.
_NO_ZIP = (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError, RuntimeError)


def back_up(file: Path, settings: Settings) -> Manifest:
    """Write the index to a file, as its last completed run has left it. Only reads the index.

    Raises:
        IndexUnusable: there is no index, it is damaged, or there is such a file already.
    """
    follow(settings)
    manifest = Manifest.read(settings.index)
    if not file.absolute().parent.is_dir():
        raise IndexUnusable(f"there is no folder {file.absolute().parent} to write {file.name} to.")
    if file.exists():
        raise IndexUnusable(f"{file} is there already; give another name.")
    with on_disk(file), _folder(file) as folder:
        with closing(open_archive(settings.index, manifest, Archive)) as archive:
            if damaged := archive.damaged():
                raise IndexUnusable(
                    f"{len(damaged)} article(s) are damaged, so there is no backup. Mend the index "
                    "with `qa doctor --repair` first."
                )
            archive.copy(folder / "articles.sqlite")
        with closing(Archive.open(folder / "articles.sqlite")) as copy:
            manifest = manifest.after_run(copy)  # a run may have published meanwhile
        manifest.write(folder)
        sums = "".join(f"{_sum(folder / name)}  {name}\n" for name in _MEMBERS)
        with zipfile.ZipFile(folder / "backup", "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr(_SUMS, sums)
            for name in _MEMBERS:
                packed.write(folder / name, name)
        (folder / "backup").replace(file)
    return manifest


def put_back(file: Path, settings: Settings, *, over: bool = False) -> Manifest:
    """Make the index anew from a file; its vectors go to Chroma from the archive in it.

    Args:
        file: as `back_up` has written it. All of it is checked before anything is changed.
        settings: where the index is to be.
        over: whether an index that is there may go.

    Raises:
        IndexUnusable: the file is no backup or damaged, or there is an index.
        IndexLocked: another process writes to the index.
    """
    with on_disk(settings.index):
        settings.index.mkdir(parents=True, exist_ok=True)
        follow(settings)
        before = _there(settings, over=over)  # before articles without a manifest lie there
        with (
            writing(settings, replaced=True) as shared,
            _folder(settings.index / "manifest.json") as folder,
        ):
            _unpack(file, folder)
            old = Manifest.read(folder)
            manifest = replace(old, chroma_url=settings.chroma_url, id=new_id())
            manifest = replace(manifest, generation=generation(manifest, 0))
            home = settings.index / manifest.generation
            if before is None:
                manifest.write(settings.index)  # articles without one would look like a loss
            home.mkdir()
            (folder / "articles.sqlite").replace(home / "articles.sqlite")
            with write_session(settings.index, manifest, shared) as index:
                if shared:
                    shared.push(index.archive, manifest.after_run(index.archive), Changes([], []))
            drop_other_generations(settings.index, manifest, before, shared=shared is not None)
    return manifest


def _there(settings: Settings, *, over: bool) -> Manifest | None:
    """The manifest of the index that is to go, None when there is none or nobody can read it."""
    try:
        before = Manifest.read(settings.index)
    except IndexMissing:
        return None
    except IndexUnusable:
        if not over:
            raise
        return None
    if before.counts["articles"] and not over:
        raise IndexUnusable(
            f"there is an index of {before.counts['articles']} articles at {settings.index}. Put "
            "the backup in its place with `--replace`, or elsewhere with `--index`."
        )
    return before


def _unpack(file: Path, folder: Path) -> None:
    """The members, once each has the sum that it should have."""
    try:
        with zipfile.ZipFile(file) as packed:
            lines = packed.read(_SUMS).decode().splitlines()
            sums = {name: sum for sum, name in (line.split("  ", 1) for line in lines)}
            for name in _MEMBERS:
                with packed.open(name) as inside, (folder / name).open("wb") as outside:
                    shutil.copyfileobj(inside, outside)
                if _sum(folder / name) != sums[name]:
                    raise IndexUnusable(f"{file} is damaged: {name} is not what was backed up.")
    except _NO_ZIP as exc:
        raise IndexUnusable(f"{file} is no backup of an index, or damaged ({exc}).") from exc
    except FileNotFoundError as exc:
        raise IndexUnusable(f"there is no file {file}.") from exc


@contextmanager
def _folder(beside: Path) -> Iterator[Path]:
    """A folder for a moment, on the disk of a file."""
    with TemporaryDirectory(prefix="unfinished-", dir=beside.absolute().parent) as name:
        yield Path(name)


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
