"""Word: the paragraphs and tables of a .docx document, in their order.

The title comes from the properties, else from a paragraph in the style "Title". There is no
date: a document knows when it was made, not when the article was published. Insertions that
are still being tracked count as text; deletions, hidden words and white ones on white do not.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from zipfile import BadZipFile

import docx
from docx.document import Document
from docx.opc.exceptions import OpcError
from docx.table import Table
from docx.text.paragraph import Paragraph
from lxml.etree import LxmlError  # type: ignore[import-untyped]

from qa.documents.article import Article
from qa.documents.parsers.fields import article_from, origin_of, sane_title
from qa.documents.parsers.silenced import quiet
from qa.errors import SourceError

_DAMAGE = (
    OpcError,
    BadZipFile,
    LxmlError,
    zlib.error,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    TypeError,
    ValueError,
)
_OLD_OR_ENCRYPTED = b"\xd0\xcf\x11\xe0"

# Runs of letters that a reader sees: not hidden, not white unless something is told that they
# stand on, not of a point or less, and not the second copy of a text box that Word keeps for old
# programs.
_VISIBLE_RUNS = (
    ".//w:r[not(w:rPr/w:vanish[not(@w:val) or @w:val='1' or @w:val='true'])]"
    "[not(w:rPr/w:color[@w:val='FFFFFF' or @w:val='ffffff'])"
    " or ancestor-or-self::*[w:rPr/w:shd or w:rPr/w:highlight or w:pPr/w:shd or w:tcPr/w:shd"
    " or w:tblPr/w:shd or w:tblPr/w:tblStyle]]"
    "[not(w:rPr/w:sz[number(@w:val) <= 2])]"
    "[not(ancestor::*[local-name()='Fallback'])]"
)


def read(path: Path) -> Iterator[Article]:
    """The one article of a Word document."""
    with path.open("rb") as file:
        if file.read(4) == _OLD_OR_ENCRYPTED:
            raise SourceError(
                "an old Word file (.doc) or one with a password; save it as .docx without one"
            )
    try:
        with quiet("docx"):
            document = docx.Document(str(path))
            title, blocks = _content(document)
    except _DAMAGE as exc:
        raise SourceError(
            "not a Word document, or a damaged one; open it in a word processor and save it "
            "again as .docx"
        ) from exc
    text = "\n\n".join(block for block in blocks if block.strip())
    if not text:
        raise SourceError("the document has no text")
    yield article_from({"title": title, "text": text}, origin_of(path))


def _content(document: Document) -> tuple[str, list[str]]:
    """The title, and the text of each paragraph and table."""
    title = sane_title(document.core_properties.title)
    blocks: list[str] = []
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            blocks.append(_table(block))
        elif not title and block.style is not None and block.style.name == "Title":
            title = _paragraph(block).strip()
        else:
            blocks.append(_paragraph(block))
    return title, blocks


def _paragraph(paragraph: Paragraph) -> str:
    return "".join(run.text for run in paragraph._p.xpath(_VISIBLE_RUNS))


def _table(table: Table) -> str:
    """One line a row, cells joined by " | "; a merged cell counts once."""
    lines = []
    for row in table.rows:
        cells = {cell._tc: cell for cell in row.cells}.values()
        words = [" ".join(_paragraph(part) for part in cell.paragraphs).strip() for cell in cells]
        lines.append(" | ".join(word for word in words if word))
    return "\n".join(line for line in lines if line)
