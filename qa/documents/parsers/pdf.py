"""PDF: the text layer of a document, with its lines put together to paragraphs again.

A PDF knows lines on pages, not paragraphs. A paragraph ends at an empty line, or after a line
that closes a sentence and stops short of the usual width. A hyphen at a line's end goes when a
small letter follows, unless the document has the same word with its hyphen elsewhere. Lines at
the top or bottom of most pages, the same but for their digits, are headers and footers.

Title and date come from the properties when they look like a person's. Scans are not read.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pypdf
from pypdf.errors import DependencyError, DeprecationError, EmptyFileError, PyPdfError

from qa.documents.article import Article
from qa.documents.parsers.fields import article_from, origin_of, sane_title
from qa.documents.parsers.silenced import quiet
from qa.errors import SourceError

# What pypdf lets escape on damaged files, besides its own errors (found by damaging files).
_DAMAGE = (
    PyPdfError,
    DeprecationError,  # a filter name that pypdf no longer takes
    ArithmeticError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
    zlib.error,
)
_ENCRYPTED = (
    "the PDF is encrypted; save it without its password, "
    "for instance with `qpdf --decrypt old.pdf new.pdf`"
)
_EDGE_LINES = 2  # at either end of a page, where headers and footers stand
_FIRST_PDF = 1993
_SHORT = 0.8  # of the usual width
_CLOSES_SENTENCE = re.compile(r"[.!?…:][\"'”’»)\]\s]*$")
_BULLET = re.compile(r"[•▪◦‣–—*·]\s|\(?\d{1,2}[.)]\s")
_HYPHENATED = re.compile(r"([^\W\d_]+)[-\u00ad\u2010]$")


def read(path: Path) -> Iterator[Article]:
    """The one article of a PDF file."""
    try:
        with quiet("pypdf"):
            reader = _open(path)
            pages = [page.extract_text().splitlines() for page in reader.pages]
            title, date = _properties(reader)
    except EmptyFileError as exc:
        raise SourceError("the file is empty") from exc
    except DependencyError as exc:
        raise SourceError(_ENCRYPTED) from exc
    except _DAMAGE as exc:
        raise SourceError(f"the PDF is damaged or cut off: {exc}; fetch it again") from exc
    text = "\n\n".join(_paragraphs(_body(pages)))
    if not any(char.isalpha() for char in text):
        raise SourceError(
            "the PDF has no text; a scan? Run text recognition on it first, for instance `ocrmypdf`"
        )
    yield article_from({"title": title, "date": date, "text": text}, origin_of(path))


def _open(path: Path) -> pypdf.PdfReader:
    """The document, decrypted when an empty password suffices."""
    reader = pypdf.PdfReader(path)
    if reader.is_encrypted and not reader.decrypt(""):
        raise SourceError(_ENCRYPTED)
    return reader


def _properties(reader: pypdf.PdfReader) -> tuple[str, datetime | None]:
    """Title and date of creation, as far as they are to be believed."""
    properties = reader.metadata
    if properties is None:
        return "", None
    title = properties.title
    try:
        created = properties.creation_date
    except ValueError:  # free text in the place of a date is common and says nothing
        created = None
    if created and not _FIRST_PDF <= created.year <= datetime.now(UTC).year + 1:
        created = None
    return sane_title(title if isinstance(title, str) else None), created


def _body(pages: Sequence[Sequence[str]]) -> list[str]:
    """The lines of all pages without headers and footers, pages following one another."""
    stripped = [[line.strip() for line in page] for page in pages]
    trimmed = [_trim(page) for page in stripped]
    seen = Counter(shape for page in trimmed for shape in {_shape(page[at]) for at in _edges(page)})
    repeated = {shape for shape, n in seen.items() if n > 1 and n > len(pages) / 2}
    lines: list[str] = []
    for page in trimmed:
        edges = _edges(page)
        lines += [
            line
            for at, line in enumerate(page)
            if not (at in edges and (_shape(line) in repeated or not re.search(r"[^\W\d_]", line)))
            or not line
        ]
    return lines


def _trim(page: Sequence[str]) -> list[str]:
    """A page without the empty lines at its ends."""
    filled = [at for at, line in enumerate(page) if line]
    return list(page[filled[0] : filled[-1] + 1]) if filled else []


def _edges(page: Sequence[str]) -> set[int]:
    """The places in a page where headers and footers stand."""
    places = range(len(page))
    return {*places[:_EDGE_LINES], *places[-_EDGE_LINES:]}


def _shape(line: str) -> str:
    """A line with its numbers made alike, so that "Page 2 / 9" equals "Page 3 / 9"."""
    return re.sub(r"\d+", "#", " ".join(line.split()))


def _paragraphs(lines: Sequence[str]) -> list[str]:
    """Lines joined to paragraphs."""
    widths = sorted(len(line) for line in lines if line)
    usual = widths[int(len(widths) * 0.75)] if widths else 0
    compounds = frozenset(re.findall(r"[^\W\d_]+-[^\W\d_]+", " ".join(lines).lower()))
    paragraphs: list[str] = []
    ended = True
    for line in lines:
        if not line:
            ended = True
            continue
        if ended or _BULLET.match(line):
            paragraphs.append(line)
        else:
            paragraphs[-1] = _join(paragraphs[-1], line, compounds)
        short = len(line) < _SHORT * usual
        ended = short and (_CLOSES_SENTENCE.search(line) is not None or len(line) < usual / 2)
    return paragraphs


def _join(before: str, after: str, compounds: frozenset[str]) -> str:
    """Two lines of a paragraph as one, a word divided between them whole again."""
    hyphenated = _HYPHENATED.search(before)
    if hyphenated is None:
        return f"{before} {after}"
    follows = re.match(r"[^\W\d_]+", after)
    whole = f"{hyphenated[1]}-{follows[0] if follows else ''}".lower()
    if follows and follows[0][0].islower() and whole not in compounds:
        return before[:-1] + after
    return before + after
