"""Web pages: the article of a saved HTML page, without its menus, comments and hidden words.

trafilatura finds the article, its title, date and site. What the page hides from a reader is cut
out before, as far as `hidden` can tell: a quote must be something that people could see.

The date is the one that the page declares (metadata, <time>, its address); dates that merely
occur in the text are not taken. Also home of `plain`, which turns a feed's HTML into text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import trafilatura
from lxml import etree, html  # type: ignore[import-untyped]

from qa.documents.article import Article
from qa.documents.parsers.fields import article_from, language_code, origin_of
from qa.documents.parsers.hidden import NEVER_SHOWN, Colour, background, hides, tells_colour
from qa.documents.parsers.plain import decode
from qa.documents.parsers.silenced import quiet
from qa.errors import SourceError

_LOUD = ("trafilatura", "htmldate", "courlan", "justext", "charset_normalizer")
_DECLARED = re.compile(rb"<meta[^>]{0,200}?charset=[\"']?([\w-]+)", re.I)
_ENOUGH_FOR_CHARSET = 4096
# Characters; less than that is a menu's leftover, not an article.
_SHORTEST = 50
# Never shown, but where a page declares its title, date and site.
_DECLARES = frozenset(("head", "title", "script", "style"))
# Characters that XML knows not, which lxml reads in HTML but refuses to move about.
_UNKNOWN_TO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_BLOCKS = re.compile(
    "address|article|aside|blockquote|d[dlt]|div|fig(?:caption|ure)|footer|h[1-6r]|header|main"
    "|nav|[ou]l|p|pre|section|t(?:able|r)"
)


def read(path: Path) -> Iterator[Article]:
    """The one article of a saved page."""
    tree = _tree(_characters(path.read_bytes()))
    language = language_code(tree.get("lang") or tree.get("xml:lang") or "")
    drop_hidden(tree)
    with quiet(*_LOUD):
        page = trafilatura.bare_extraction(
            tree,
            with_metadata=True,
            include_comments=False,
            favor_precision=True,
            date_extraction_params={"original_date": True, "extensive_search": False},
        )
    if page is None or isinstance(page, dict) or not page.text or len(page.text) < _SHORTEST:
        raise SourceError("no article found in the page; save the article's own page")
    fields = {
        "title": page.title,
        # One line is one paragraph there; list items and table rows stay together.
        "text": re.sub(r"\n(?![-|])", "\n\n", _without_title(page.text, page.title)),
        "date": page.date,
        "source": page.sitename or page.hostname,
        "url": page.url,
        "language": language,
    }
    yield article_from(fields, origin_of(path))


def _without_title(text: str, title: str | None) -> str:
    """The text without the title as its first line."""
    line, _, rest = text.partition("\n")
    return rest if rest and line.split() == (title or "").split() else text


def plain(fragment: str) -> str:
    """A piece of HTML as text: blocks apart, list items as "• ", nothing hidden."""
    if not fragment.strip():
        return ""
    tree = _tree(f"<html><body>{fragment}</body></html>")
    drop_hidden(tree)
    etree.strip_elements(tree, *NEVER_SHOWN, with_tail=False)
    parts: list[str] = []
    _collect(tree, parts)
    return "".join(parts)


def drop_hidden(tree: html.HtmlElement) -> None:
    """Cut out of a page, in place, what its own attributes hide from a reader."""
    for element in list(tree.iter(etree.Element)):
        if element.tag not in ("html", "body", *_DECLARES) and _is_hidden(element):
            element.drop_tree()


def _is_hidden(element: html.HtmlElement) -> bool:
    if not hides(element.tag, element.attrib, on=_under(element)):
        return False
    # Letters of the background's colour hide nothing where others are told within.
    recoloured = any(tells_colour(inner.attrib) for inner in element.iterdescendants(etree.Element))
    return not recoloured or hides(element.tag, _without_colour(element.attrib))


def _under(element: html.HtmlElement) -> Colour | None:
    """The background that the elements around one tell, the nearest first."""
    around = (background(outer.attrib) for outer in element.iterancestors())
    return next((colour for colour in around if colour is not None), None)


def _without_colour(attributes: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in attributes.items() if name != "color"}
    return kept | {"style": re.sub(r"(?i)(?<![-\w])color\s*:", "-:", kept.get("style", ""))}


def _collect(element: html.HtmlElement, parts: list[str]) -> None:
    """Add the text of an element, without its tail, to the parts."""
    edge = "\n\n" if _BLOCKS.fullmatch(element.tag) else ""
    parts.append("\n• " if element.tag == "li" else edge)
    if element.tag == "br":
        parts.append("\n")
    parts.append(_one_line(element.text))
    for child in element:
        if isinstance(child.tag, str):
            _collect(child, parts)
        parts.append(_one_line(child.tail))
    parts.append(edge)


def _one_line(text: str | None) -> str:
    return re.sub(r"[ \t\r\n\f]+", " ", text or "")


def _tree(text: str) -> html.HtmlElement:
    try:
        # As bytes, since lxml refuses characters that come with an encoding declaration.
        parser = html.HTMLParser(encoding="utf-8", huge_tree=False)
        tree = html.document_fromstring(_UNKNOWN_TO_XML.sub(" ", text).encode(), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError) as exc:
        raise SourceError(f"not an HTML page: {exc}") from exc
    for element in tree.iter():  # once more, for they may be written as "&#1;"
        if element.text and _UNKNOWN_TO_XML.search(element.text):
            element.text = _UNKNOWN_TO_XML.sub(" ", element.text)
        if element.tail and _UNKNOWN_TO_XML.search(element.tail):
            element.tail = _UNKNOWN_TO_XML.sub(" ", element.tail)
    return tree


def _characters(data: bytes) -> str:
    """A page's characters: UTF-8, else the charset that it declares, else a sure guess."""
    declared = _DECLARED.search(data[:_ENOUGH_FOR_CHARSET])
    if declared is None:
        return decode(data)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        # Browsers read both of these names as Windows-1252.
        name = declared[1].decode("ascii").lower()
        return data.decode("cp1252" if name in ("iso-8859-1", "latin1") else name)
    except (UnicodeDecodeError, LookupError):
        return decode(data)
