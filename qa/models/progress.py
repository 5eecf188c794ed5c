"""How a download says how far it is, and the checks that every mirror makes while it writes.

A `Progress` is called about three times a second, from the thread that downloads.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from qa.models.catalogue import CatalogueEntry

INTERVAL_S = 0.3


class Progress(Protocol):
    """Told how far a download is."""

    def __call__(self, done: int, total: int, note: str) -> None:
        """`done` of `total` bytes of the stored file; `note` says in words what is going on."""


def silent(done: int, total: int, note: str) -> None:
    """A Progress that tells nobody."""


def length(path: Path) -> int:
    """Bytes in a file; 0 when there is none."""
    return path.stat().st_size if path.is_file() else 0


def complete(entry: CatalogueEntry, draft: Path) -> bool:
    """Whether `draft` has as many bytes as the catalogue says."""
    return length(draft) >= entry.size
