"""Word: the paragraphs and tables of a .docx document, in their order.

What stands in content controls, text boxes, footnotes and nested tables is read as well; notes
stand at the end, text boxes after the paragraph that holds them. The title comes from the
properties, else from a paragraph in the style "Title", else from a heading that opens the
document. There is no date: a document knows when it was made, not when the article was published.
Insertions that are still being tracked count as text, and what is being moved stands in its new
place; deletions, hidden words and white ones on white do not count.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from zipfile import BadZipFile

import docx
from docx.document import Document
from docx.opc.exceptions import OpcError
from docx.oxml import parse_xml
from docx.oxml.exceptions import XmlchemyError
from docx.oxml.ns import qn
from docx.oxml.text.paragraph import CT_P
from docx.oxml.xmlchemy import BaseOxmlElement
from lxml.etree import LxmlError  # type: ignore[import-untyped]

from qa.documents.article import Article
from qa.documents.parsers.fields import RAISED, article_from, origin_of, sane_title
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
    RecursionError,
    TypeError,
    ValueError,
    XmlchemyError,
)
_OLD_OR_ENCRYPTED = b"\xd0\xcf\x11\xe0"
# Characters: a cell with more is no cell of figures but a box of a page's layout.
_LAYOUT = 400

# Runs of letters that a reader sees: not hidden, not white unless something is told that they
# stand on, not of a point or less, not moved elsewhere, and not the second copy of a text box that
# Word keeps for old programs.
_VISIBLE_RUNS = (
    ".//w:r[not(w:rPr/w:vanish[not(@w:val) or @w:val='1' or @w:val='true'])]"
    "[not(w:rPr/w:color[@w:val='FFFFFF' or @w:val='ffffff'])"
    " or ancestor-or-self::*[w:rPr/w:shd or w:rPr/w:highlight or w:pPr/w:shd or w:tcPr/w:shd"
    " or w:tblPr/w:shd or w:tblPr/w:tblStyle]]"
    "[not(w:rPr/w:sz[number(@w:val) <= 2])]"
    "[not(ancestor::w:moveFrom)]"
    "[not(ancestor::w:tr[w:trPr/w:del])]"
    "[not(ancestor::*[local-name()='Fallback'])]"
)
_SUPERSCRIPT = "w:rPr/w:vertAlign[@w:val='superscript']"
_BOXES = ".//w:txbxContent[not(ancestor::*[local-name()='Fallback'])]"
_PARAGRAPH, _TABLE, _ROW, _CELL = map(qn, ("w:p", "w:tbl", "w:tr", "w:tc"))
# Around blocks, and no block themselves.
_AROUND = frozenset(
    map(qn, "w:sdt w:sdtContent w:customXml w:ins w:smartTag w:moveTo w:body w:footnote".split())
)
_NOTES = ("footnotes", "endnotes")


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
    """The title, and the text of each paragraph, table and note."""
    title = sane_title(document.core_properties.title)
    styles = {style.style_id: style.name for style in document.styles}
    blocks: list[str] = []
    cap = ""
    for element in _inner(document.element.body):
        if element.tag == _TABLE:
            blocks += _table(element)
            continue
        words, *boxes = _paragraph(element)
        style = styles.get(element.style) if isinstance(element, CT_P) else None
        opens = style == "Heading 1" and not any(block.strip() for block in blocks)
        if element.xpath("w:pPr/w:framePr[@w:dropCap and @w:dropCap != 'none']"):
            cap += words.strip()
        elif not title and words.strip() and (style == "Title" or opens):
            title = words.strip()
        else:
            blocks.append(cap + words)
            cap = ""
        blocks += boxes
    return title, [*blocks, cap, *_notes(document)]


def _inner(parent: BaseOxmlElement) -> Iterator[BaseOxmlElement]:
    """The paragraphs and tables of an element, whatever stands around them."""
    for child in parent.iterchildren():
        if child.tag in (_PARAGRAPH, _TABLE):
            yield child
        elif child.tag in _AROUND:
            yield from _inner(child)


def _paragraph(paragraph: BaseOxmlElement) -> list[str]:
    """The words of a paragraph, and after them those of each paragraph of its text boxes."""
    boxes = paragraph.xpath(_BOXES)
    own = [
        run.text.translate(RAISED if run.xpath(_SUPERSCRIPT) else {})
        for run in paragraph.xpath(_VISIBLE_RUNS)
        if not any(ancestor in boxes for ancestor in run.iterancestors())
        and not run.xpath(".//w:txbxContent")
    ]
    return ["".join(own), *(words for box in boxes for words in _lines(box))]


def _lines(parent: BaseOxmlElement) -> list[str]:
    """The text of each paragraph and table of an element."""
    lines: list[str] = []
    for element in _inner(parent):
        lines += _table(element) if element.tag == _TABLE else _paragraph(element)
    return [line for line in lines if line.strip()]


def _table(table: BaseOxmlElement) -> list[str]:
    """One line a row, cells joined by " | ", and a table within a cell after the row.

    A row with much text is the layout of a page; its paragraphs then stay apart.
    """
    lines: list[str] = []
    for row in _own(table, _ROW):
        cells: list[list[str]] = []
        nested: list[str] = []
        for cell in _own(row, _CELL):
            parts = list(_inner(cell))
            words = [line for part in parts if part.tag == _PARAGRAPH for line in _paragraph(part)]
            cells.append([line for line in words if line.strip()])
            nested += [line for part in parts if part.tag == _TABLE for line in _table(part)]
        if any(sum(map(len, cell)) > _LAYOUT for cell in cells):
            lines.append("\n\n".join(line for cell in cells for line in cell))
        else:
            lines.append(" | ".join(" ".join(cell).strip() for cell in cells if cell))
        lines += nested
    return ["\n".join(line for line in lines if line)]


def _own(owner: BaseOxmlElement, tag: str) -> list[BaseOxmlElement]:
    """The rows of a table or the cells of a row, without those of tables within."""
    return [e for e in owner.iter(tag) if next(e.iterancestors(owner.tag), None) is owner]


def _notes(document: Document) -> Iterator[str]:
    """The footnotes and endnotes, in their order."""
    for relation in document.part.rels.values():
        if not relation.is_external and relation.reltype.rpartition("/")[2] in _NOTES:
            for note in parse_xml(relation.target_part.blob).iterchildren():
                if note.get(qn("w:type"), "normal") == "normal":
                    yield "\n".join(_lines(note))
