"""EPUB: the chapters of a book or the articles of an issue, one article each.

A chapter's title is its heading, the source is the publisher, else the book's title, and the date
is that of the book. Contents, covers and other pages of a few words are passed over.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from lxml import etree  # type: ignore[import-untyped]

from qa.documents.article import Article
from qa.documents.parsers import html
from qa.documents.parsers.fields import Failure, articles_from, origin_of
from qa.documents.parsers.zipped import Zip, opened
from qa.errors import SourceError

_FEWEST_WORDS = 20
_PAGES = frozenset(("application/xhtml+xml", "text/html"))


def read(path: Path) -> Iterator[Article | Failure]:
    """The articles of a book, in its order."""
    number = 0
    with opened(path, "an EPUB book") as book:
        package, folder = _package(book)
        for name in _chapters(package):
            place = posixpath.normpath(posixpath.join(folder, unquote(name)))
            try:
                title, text = html.titled(book.member(place))
            except SourceError as exc:
                yield Failure(origin_of(path, number := number + 1), str(exc))
                continue
            if len(text.split()) >= _FEWEST_WORDS:
                fields = {
                    "title": title or _said(package, "title"),
                    "text": text,
                    "date": _said(package, "date") or None,
                    "source": _said(package, "publisher") or _said(package, "title"),
                    "template_language": _said(package, "language"),
                }
                yield from articles_from(fields, origin_of(path, number := number + 1))
    if number == 0:
        raise SourceError("the book has no text; one with copy protection cannot be read")


def _package(book: Zip) -> tuple[etree._Element, str]:
    """What the book says of itself, and the folder that its names count from."""
    container = book.xml("META-INF/container.xml")
    places = container.xpath("//*[local-name()='rootfile']/@full-path")
    if not places:
        raise SourceError("not an EPUB book: its container names no package")
    return book.xml(places[0]), posixpath.dirname(places[0])


def _chapters(package: etree._Element) -> list[str]:
    """The names of the pages, in the order of reading."""
    manifest = {
        item.get("id"): item
        for item in package.xpath("//*[local-name()='manifest']/*[local-name()='item']")
    }
    order = package.xpath("//*[local-name()='itemref'][not(@linear='no')]/@idref")
    items = (manifest[name] for name in order if name in manifest)
    return [
        item.get("href") or ""
        for item in items
        if item.get("media-type") in _PAGES and "nav" not in (item.get("properties") or "").split()
    ]


def _said(package: etree._Element, name: str) -> str:
    found = package.xpath(f"//*[local-name()='metadata']/*[local-name()='{name}']/text()")
    return str(found[0]).strip() if found else ""
