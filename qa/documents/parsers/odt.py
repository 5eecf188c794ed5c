"""OpenDocument: the paragraphs, lists and tables of an .odt document, in their order.

Footnotes stand at the end. The title comes from the properties, else from a paragraph in the style
"Title". There is no date, for the reason that `docx` gives. Deletions that are still tracked,
comments, and words in a style that hides them do not count.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lxml import etree  # type: ignore[import-untyped]

from qa.documents.article import Article
from qa.documents.parsers.fields import article_from, origin_of, sane_title
from qa.documents.parsers.zipped import Zip, opened
from qa.errors import SourceError

_NAMESPACES = {
    name: f"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"
    for name in ("office", "text", "table", "style")
} | {
    "dc": "http://purl.org/dc/elements/1.1/",
    "fo": "urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0",
}
_HIDING = (
    "//style:style[style:text-properties[@text:display='none' or"
    " (@fo:color='#ffffff' and not(@fo:background-color))]]/@style:name"
)
_SPACES = {"s": " ", "tab": " ", "line-break": "\n", "soft-page-break": ""}
_LEFT_OUT = frozenset(("annotation", "tracked-changes", "note", "hidden-text", "ruby-text"))
_BLOCKS = frozenset(("p", "h"))


def read(path: Path) -> Iterator[Article]:
    """The one article of a document."""
    with opened(path, "an OpenDocument text") as document:
        content = document.xml("content.xml")
        title = _title_of(document)
    if not content.xpath("//office:text", namespaces=_NAMESPACES):
        raise SourceError("an OpenDocument file without a text, such as a spreadsheet")
    hiding = set(content.xpath(_HIDING, namespaces=_NAMESPACES))
    titled = "//text:p[@text:style-name='Title'] | //text:h[1][@text:outline-level='1']"
    for heading in [] if title else content.xpath(titled, namespaces=_NAMESPACES)[:1]:
        title = "".join(_words(heading, hiding)).strip()
        heading.getparent().remove(heading)
    [body] = content.xpath("//office:text[1]", namespaces=_NAMESPACES)
    notes = content.xpath("//text:note-body", namespaces=_NAMESPACES)
    lines = [line for part in (body, *notes) for line in _lines(part, hiding)]
    text = "\n\n".join(line for line in lines if line.strip())
    if not text:
        raise SourceError("the document has no text")
    yield article_from({"title": title, "text": text}, origin_of(path))


def _title_of(document: Zip) -> str:
    try:
        found = document.xml("meta.xml").xpath("//dc:title", namespaces=_NAMESPACES)
    except SourceError:
        return ""  # not there, or damaged, which loses a title and no text
    return sane_title(found[0].text) if found else ""


def _lines(parent: etree._Element, hiding: set[str]) -> Iterator[str]:
    """The text of each paragraph, row and item of an element."""
    for child in parent.iterchildren(etree.Element):
        name = etree.QName(child).localname
        if name in _LEFT_OUT:
            continue
        if name in _BLOCKS:
            yield "".join(_words(child, hiding))
            for box in child.iter(f"{{{_NAMESPACES['text']}}}p"):
                if box is not child and not any(_left_out(outer) for outer in box.iterancestors()):
                    yield "".join(_words(box, hiding))
        elif name == "table":
            yield "\n".join(_rows(child, hiding))
        elif name == "list-item":
            yield "\n".join(f"• {line}" for line in _lines(child, hiding) if line.strip())
        else:
            yield from _lines(child, hiding)


def _rows(table: etree._Element, hiding: set[str]) -> Iterator[str]:
    """One line a row, cells joined by " | "."""
    for row in table.iter(f"{{{_NAMESPACES['table']}}}table-row"):
        cells = (" ".join(_lines(cell, hiding)).strip() for cell in row.iterchildren(etree.Element))
        yield " | ".join(cell for cell in cells if cell)


def _words(element: etree._Element, hiding: set[str]) -> Iterator[str]:
    """The words of a paragraph, without its boxes and notes."""
    if element.get(f"{{{_NAMESPACES['text']}}}style-name") in hiding:
        return
    yield element.text or ""
    for child in element.iterchildren(etree.Element):
        name = etree.QName(child).localname
        if name in _SPACES:
            yield _SPACES[name]
        elif name not in _LEFT_OUT and name not in _BLOCKS:
            yield from _words(child, hiding)
        yield child.tail or ""


def _left_out(element: etree._Element) -> bool:
    return isinstance(element.tag, str) and etree.QName(element).localname in _LEFT_OUT
