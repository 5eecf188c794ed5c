"""A GGUF of the model hub, as the settings name it, and the release that is on this machine.

    hf:OWNER/REPO                  its Q4_K_M, else its Q8_0, else its first: as llama.cpp's `-hf`
    hf:OWNER/REPO:Q5_K_M           the file of this quantization
    hf:OWNER/REPO:NAME.gguf        this file

A release is a revision of the repository and those of its files that make the model, with the sums
that the hub gives for them. It is fixed at the first pull and kept beside the files (`hub.json`):
an interrupted download goes on with the same, and what is here stays as it is until its folder is
deleted. A model cut into several files is named by the first; llama.cpp finds the rest beside it.

Knows nothing about fetching.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from qa.errors import ModelError
from qa.settings import Settings

SCHEME = "hf:"
INFO = "hub.json"
FORM = "hf:OWNER/REPO[:FILE or quantization]"

_PREFERRED = ("Q4_K_M", "Q8_0")
_SPEC = re.compile(r"hf:([\w.-]+)/([\w.-]+)(?::([\w./-]+))?")
_SHARD = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$")
# As `Q4_K_M` in `Model-Q4_K_M.gguf` and `model.q4_k_m-00001-of-00002.gguf`.
_QUANTIZATION = re.compile(
    r"(?:^|[-._/])((?:UD-)?(?:I?Q\d\w*|TQ\d\w*|MXFP4\w*|BF16|F16|F32))(?:-\d{5}-of-\d{5})?\.gguf$",
    re.IGNORECASE,
)
# What lies beside language models and is none: the eyes of one that sees, notes of how it was made.
_OTHERS = re.compile(r"(?:^|/)[^/]*(?:mmproj|imatrix)[^/]*$", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """One file: its path in the repository, bytes, and sha256 sum."""

    path: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """What it is called here."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class Release:
    """The files that make a model, and where the hub has them.

    Attributes:
        spec: as in the settings.
        repo: OWNER/REPO; empty when the hub has it not.
        revision: of a model named `hf:…`, the commit that `main` was when it was asked.
        licence: as its card says; "unknown" when it says nothing.
        parts: the files, in order; llama.cpp opens the first.
    """

    spec: str
    repo: str
    revision: str
    licence: str
    parts: tuple[Part, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(part.size for part in self.parts)

    def write(self, folder: Path) -> None:
        """Keep it in a folder."""
        (folder / INFO).write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Release | None:
        """That of a folder; None when it has none, or one that was cut."""
        try:
            data = json.loads((folder / INFO).read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        return cls(**data | {"parts": tuple(Part(**part) for part in data["parts"])})


@dataclass(frozen=True)
class HubModel:
    """A language model by its name on the hub. `HubModel.parse` makes one.

    Attributes:
        name: the whole of it, as in the settings.
        repo: OWNER/REPO.
        wanted: a file or a quantization; None leaves the choice to us.
    """

    name: str
    repo: str
    wanted: str | None
    kind: ClassVar[Literal["llm"]] = "llm"

    @classmethod
    def parse(cls, name: str) -> HubModel:
        """The model called `name`.

        Raises:
            ModelError: it is no name of this form.
        """
        match = _SPEC.fullmatch(name)
        if match is None or ".." in name:
            raise ModelError(f"{name!r} names no model of the hub. Its form is {FORM}.")
        owner, repo, wanted = match.groups()
        return cls(name, f"{owner}/{repo}", wanted)

    def folder(self, settings: Settings) -> Path:
        """Where its files are kept once it is complete."""
        words = self.name.removeprefix(SCHEME).replace(":", "/").split("/")
        return settings.models_dir / "--".join(["hf", *words])

    def path(self, settings: Settings) -> Path:
        """What to open; its folder while it is not here."""
        folder = self.folder(settings)
        release = Release.read(folder)
        return folder / release.parts[0].name if release else folder

    def source(self, settings: Settings) -> str | None:
        """What the record of a complete model names: the revision that is here."""
        return self.facts(settings)[2]

    def facts(self, settings: Settings) -> tuple[int | None, str | None, str | None]:
        """Bytes, licence and revision of what is here; nothing is known of what is not."""
        release = Release.read(self.folder(settings))
        return (release.size, release.licence, release.revision) if release else (None, None, None)

    def choose(self, info: Mapping[str, Any]) -> Release:
        """The release that the hub's description of the repository offers.

        Args:
            info: what the hub answers to /api/models/OWNER/REPO?blobs=true.
        Raises:
            ModelError: it has no GGUF, or none of this name; those it has are named.
        """
        files = {row["rfilename"]: row for row in info.get("siblings") or ()}
        names = sorted(n for n in files if n.lower().endswith(".gguf") and not _OTHERS.search(n))
        if not names:
            raise ModelError(
                f"there is no GGUF in {self.repo} on the hub. Name a repository that has some; "
                "most are called …-GGUF."
            )
        card = info.get("cardData") or {}
        other = card.get("license") == "other"
        return Release(
            spec=self.name,
            repo=info.get("id", self.repo),  # a repository may have got another name
            revision=info["sha"],
            licence=card.get("license_name" if other else "license") or "unknown",
            parts=tuple(self._part(files[n]) for n in self._shards(self._first(names), names)),
        )

    def _first(self, names: Sequence[str]) -> str:
        """The file, the first of several where the model is cut."""
        labels: dict[str, str] = {}
        for name in names:
            if (match := _QUANTIZATION.search(name)) is not None:
                labels.setdefault(match.group(1).upper(), name)
        if self.wanted is None:
            return next((labels[label] for label in _PREFERRED if label in labels), names[0])
        if self.wanted in names:
            return self.wanted
        if self.wanted.upper() in labels:
            return labels[self.wanted.upper()]
        raise ModelError(
            f"{self.repo} has no {self.wanted!r}. It has: {', '.join(labels or names)}."
        )

    def _shards(self, first: str, names: Sequence[str]) -> list[str]:
        match = _SHARD.search(first)
        if match is None:
            return [first]
        stem, count = first[: match.start()], int(match.group(2))
        wanted = [f"{stem}-{n:05}-of-{count:05}.gguf" for n in range(1, count + 1)]
        if missing := [name for name in wanted if name not in names]:
            raise ModelError(f"{self.repo} lacks a part of the model on the hub: {missing[0]}.")
        return wanted

    def _part(self, row: Mapping[str, Any]) -> Part:
        try:
            return Part(row["rfilename"], row["lfs"]["size"], row["lfs"]["sha256"])
        except (KeyError, TypeError):
            raise ModelError(
                f"the hub gives no size and sha256 sum for {row['rfilename']!r} of {self.repo}, so "
                "it could not be checked. Download it yourself and set `llm` to its path."
            ) from None


def here(settings: Settings) -> list[HubModel]:
    """Those that are complete on this machine, by name."""
    found = (Release.read(path.parent) for path in settings.models_dir.glob(f"hf--*/{INFO}"))
    return [HubModel.parse(name) for name in sorted(release.spec for release in found if release)]
