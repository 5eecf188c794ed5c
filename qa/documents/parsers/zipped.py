"""Zip files, read with limits: the smallest can unpack to more than a machine has.

Shared by the formats that are zip files of XML, and by `archive`.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lxml import etree  # type: ignore[import-untyped]

from qa.errors import SourceError

MOST_MEMBERS = 10_000
_LARGEST_MEMBER = 100_000_000  # bytes, unpacked
_LARGEST = 1_000_000_000  # all together
_MOST_PACKED = 200  # times; text packs to a tenth of its size
_SMALL = 10_000_000  # bytes, for which that is not asked
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OverflowError)


class Zip:
    """An open zip file."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        self._read = 0

    def members(self) -> list[zipfile.ZipInfo]:
        """Its files, folders left out, in their order."""
        return [member for member in self._file.infolist() if not member.is_dir()]

    def member(self, wanted: str | zipfile.ZipInfo) -> bytes:
        """The unpacked bytes of a member, by its name or as `members` gives it.

        Raises:
            SourceError: there is none of that name, it has a password, is damaged or too large.
        """
        name = wanted if isinstance(wanted, str) else wanted.filename
        try:
            info = self._file.getinfo(name) if isinstance(wanted, str) else wanted
            if info.flag_bits & 1:
                raise SourceError(f"{name!r:.80} has a password; unpack it")
            with self._file.open(info) as member:
                data = member.read(_LARGEST_MEMBER + 1)
        except KeyError as exc:
            raise SourceError(f"it has no {name!r:.80}, which a file of its kind has") from exc
        except (*_DAMAGE, RuntimeError) as exc:
            raise SourceError(f"{name!r:.80} is damaged: {exc}") from exc
        self._read += len(data)
        if len(data) > _LARGEST_MEMBER or self._read > _LARGEST:
            raise SourceError(f"{name!r:.80} unpacks to more than is read at once; unpack the file")
        if len(data) > max(_SMALL, _MOST_PACKED * info.compress_size):
            raise SourceError(f"{name!r:.80} unpacks to more than {_MOST_PACKED} times its size")
        return data

    def xml(self, name: str) -> etree._Element:
        """The root of a member that is XML; no entity is resolved and nothing fetched.

        Raises:
            SourceError: as `member`, or it is no proper XML.
        """
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
        try:
            return etree.fromstring(self.member(name), parser)
        except (etree.XMLSyntaxError, ValueError) as exc:
            raise SourceError(f"{name!r:.80} in it is malformed: {exc}") from exc


@contextmanager
def opened(path: Path, kind: str) -> Iterator[Zip]:
    """A zip file.

    Args:
        kind: what the file should be, in words.
    Raises:
        SourceError: it is no zip file.
    """
    try:
        file = zipfile.ZipFile(path)
    except _DAMAGE as exc:
        raise SourceError(f"not {kind}, or a damaged one; save it again") from exc
    with file:
        if len(file.infolist()) > MOST_MEMBERS:
            raise SourceError(f"it has more than {MOST_MEMBERS:,} members; unpack it")
        yield Zip(file)
