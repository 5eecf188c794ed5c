"""Files: which of them to read, and which module reads a format.

A format's module is imported when its first file is met, so that indexing text files never
loads a PDF library. Each such module has `read(path)`, a generator of articles and failures,
which raises SourceError or OSError when it can read no further.

Knows nothing about what is inside a file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from qa.documents.article import Article
from qa.documents.parsers.fields import Failure, origin_of
from qa.errors import SourceError


@dataclass(frozen=True)
class Format:
    """A file format.

    Attributes:
        module: the module of this package that reads it.
        by_line: whether it has an article a line, read one at a time, so that a file may be of any
            size; other files are read whole.
    """

    module: str
    by_line: bool = False


# THE TABLE: a file name's ending, and its format.
_FORMATS = {
    ".txt": Format("plain"),
    ".md": Format("markdown"),
    ".markdown": Format("markdown"),
    ".jsonl": Format("json_rows", by_line=True),
    ".jsonl.gz": Format("json_rows", by_line=True),
    ".ndjson": Format("json_rows", by_line=True),
    ".json": Format("json_rows"),
    ".csv": Format("table"),
    ".tsv": Format("table"),
    ".html": Format("html"),
    ".htm": Format("html"),
    ".xhtml": Format("html"),
    ".mht": Format("mail"),
    ".mhtml": Format("mail"),
    ".pdf": Format("pdf"),
    ".docx": Format("docx"),
    ".odt": Format("odt"),
    ".rtf": Format("rtf"),
    ".epub": Format("epub"),
    ".eml": Format("mail"),
    ".mbox": Format("mail"),
    ".rss": Format("feed"),
    ".atom": Format("feed"),
    ".xml": Format("feed"),
    ".zip": Format("archive"),
}
SUPPORTED: tuple[str, ...] = tuple(_FORMATS)

_LARGEST_WHOLE = 200_000_000
_MOST_NAMED = 1000  # failures of one file; more are counted

# A folder of articles may hold its question set too, as this project's own corpus does.
_NOT_ARTICLES = frozenset(f"questions.{ending}" for ending in ("jsonl", "jsonl.gz", "csv", "tsv"))


def find(paths: Sequence[Path]) -> list[Path]:
    """The files to read, each once, in the order given, a folder's files sorted by path.

    Folders are searched recursively. Hidden files and folders, endings that no parser takes,
    question sets (questions.jsonl, .csv), links to folders and links that lead out of all the paths
    (`leading_out`) are passed over there. A path that is itself a link is followed.

    Raises:
        SourceError: a path is missing, a named file has an ending that no parser takes, a
            folder cannot be listed, or there is nothing to read at all.
    """
    found: dict[Path, Path] = {}
    roots = [_real(path) for path in paths]
    for path in paths:
        for file in _inside(path) if path.is_dir() else [_named(path)]:
            if _under(real := _real(file), roots):
                found.setdefault(real, file)
    if not found:
        where = ", ".join(repr(str(path)) for path in paths) or "no path at all"
        out = len(leading_out(paths))
        links = f"; {out} links lead out of there, name what they lead to" if out else ""
        raise SourceError(
            f"no articles found under {where}{links}; supported: {', '.join(SUPPORTED)}"
        )
    return list(found.values())


def leading_out(paths: Sequence[Path]) -> list[Failure]:
    """The links in folders that lead out of all the paths, to files or folders, sorted by path."""
    roots = [_real(path) for path in paths]
    links = [
        Path(parent, name)
        for path in filter(Path.is_dir, paths)
        for parent, folders, names in _walk(path)
        for name in [*folders, *filter(wanted, names)]
        if Path(parent, name).is_symlink()
    ]
    reason = "a link out of the folder; name what it leads to if you want that indexed"
    return [
        Failure(origin_of(link), reason)
        for link in sorted(set(links), key=lambda link: link.parts)
        if not _under(_real(link), roots)
    ]


def read(path: Path) -> Iterator[Article | Failure]:
    """The articles of a file, in its order, and a Failure for each that cannot be read.

    Of more than 1,000 failures the others are counted in one more. Rows of .jsonl, .jsonl.gz and
    .ndjson are read one at a time; other files are read whole.

    Raises:
        SourceError: no parser takes files of this name.
    """
    file_format = _FORMATS[ending(_named(path))]
    parser = import_module(f"qa.documents.parsers.{file_format.module}")
    try:
        _check(path, whole=not file_format.by_line)
        bad = 0
        for item in parser.read(path):
            bad += isinstance(item, Failure)
            if isinstance(item, Article) or bad <= _MOST_NAMED:
                yield item
        if bad > _MOST_NAMED:
            more = f"{bad - _MOST_NAMED:,} more of its articles cannot be read"
            yield Failure(origin_of(path), more)
    except SourceError as exc:
        yield Failure(origin_of(path), str(exc))
    except PermissionError:
        yield Failure(origin_of(path), "permission denied; make the file readable for this user")
    except OSError as exc:
        yield Failure(origin_of(path), f"the system cannot read it: {exc.strerror or exc}")


def count(path: Path) -> int:
    """About how many articles a file holds, to show progress: its rows, or one.

    Nothing is parsed, and a damaged file counts up to the damage, which `read` reports.

    Raises:
        SourceError: no parser takes files of this name.
    """
    if not _FORMATS[ending(_named(path))].by_line or not path.is_file():
        return 1
    from qa.documents.parsers.json_rows import count_lines

    return count_lines(path)


def _named(path: Path) -> Path:
    """The path itself, once it is known that a parser takes it."""
    if ending(path) in _FORMATS:
        if not os.path.lexists(path):
            raise SourceError(f"{str(path)!r} does not exist")
        return path
    if not os.path.lexists(path):
        raise SourceError(f"{str(path)!r} does not exist; name a file or a folder of articles")
    raise SourceError(f"no reader for {str(path)!r}; supported: {', '.join(SUPPORTED)}")


def _inside(folder: Path) -> list[Path]:
    """The files under a folder that a parser takes, sorted by path."""
    files = [
        Path(parent, name) for parent, _, names in _walk(folder) for name in names if wanted(name)
    ]
    return sorted(files, key=lambda file: file.parts)


def _walk(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """As `os.walk`, without hidden folders."""

    def unreadable(exc: OSError) -> None:
        raise SourceError(f"cannot list the folder {exc.filename!r}: {exc.strerror}") from exc

    for parent, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield parent, folders, names


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _under(path: Path, roots: Sequence[Path]) -> bool:
    return any(path.is_relative_to(root) for root in roots)


def wanted(name: str) -> bool:
    """Whether a file met in a folder is one to read."""
    hidden = name.startswith(".") or name.lower() in _NOT_ARTICLES
    return not hidden and ending(Path(name)) in _FORMATS


def ending(path: Path) -> str:
    """The ending that the table is asked for: ".jsonl.gz" has two parts, others have one."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return "".join(suffixes[-2:] if suffixes[-1:] == [".gz"] else suffixes[-1:])


def _check(path: Path, *, whole: bool) -> None:
    """Refuse what must not be opened: devices, pipes, and what would not fit into memory."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise SourceError("not a regular file")
    if not status.st_size:
        raise SourceError("the file is empty")
    if whole and status.st_size > _LARGEST_WHOLE:
        raise SourceError(
            f"the file has {status.st_size / 1e6:.0f} MB, more than the "
            f"{_LARGEST_WHOLE / 1e6:.0f} MB that are read at once; split it, "
            "or turn it into .jsonl, which is read row by row"
        )
