"""News in XML that is no feed: NewsML, NITF and the exports of MediaWiki; sitemaps are refused.

NewsML (1 and G2) and NITF are what agencies deliver, a file an item or a message with many. A page
of a wiki has a date only where a {{date|…}} says so: it knows when it was edited, which is not when
the article was published.

Entities are not resolved and nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lxml import etree  # type: ignore[import-untyped]

from qa.documents.article import Article
from qa.documents.parsers.fields import Failure, articles_from, origin_of
from qa.documents.parsers.html import plain
from qa.errors import SourceError

_ENOUGH_FOR_ROOT = 4096
_ROOT = re.compile(rb"<(?:[\w.-]+:)?([a-z]\w*)(?=[\s>/])", re.I)
_ITEMS = {
    "newsItem": "newsItem",
    "newsMessage": "newsItem",
    "NewsML": "NewsItem",
    "nitf": "nitf",
    "mediawiki": "page",
    "urlset": "",
    "sitemapindex": "",
}
_SITEMAP = (
    "a sitemap, which has addresses and headlines but no texts; save the pages themselves, "
    "or the site's feed"
)
_REDIRECT = re.compile(r"\s*#(?:redirect|redirection)\b", re.I)
_WIKI_DATE = re.compile(r"\{\{\s*date\s*\|\s*([^{}|]{4,40})", re.I)
# What wikitext has beside words, in the order in which it goes.
_WIKI = (
    (r"(?s)<!--.*?-->|<ref[^<>]*/>|<ref\b.*?</ref>|<gallery.*?</gallery>", ""),
    (r"(?s)\{\|.*?\n\|\}", ""),
    (r"(?i)\[\[(?:file|image|fichier|category|catégorie)\s*:(?:[^\[\]]|\[\[[^\[\]]*\]\])*\]\]", ""),
    (r"\[\[(?:[^\[\]|]*\|)?([^\[\]|]*)\]\]", r"\1"),
    (r"\[(?:https?:)?//\S+\s+([^\[\]]*)\]", r"\1"),
    (r"\[(?:https?:)?//[^\s\[\]]+\]", ""),
    (r"'{2,5}", ""),
    (r"(?m)^=+\s*(.*?)\s*=+\s*$", r"\n\1\n"),
    (r"(?m)^[*#:;]+\s*", "• "),
    (r"__[A-Z]+__", ""),
)
_INNERMOST = re.compile(r"\{\{[^{}]*\}\}")
_LINKS = frozenset("w wikipedia lien lang langue".split())  # their last value is what is shown
_DEEPEST = 20


def reads(data: bytes) -> bool:
    """Whether this module knows the XML whose first bytes are these."""
    return _root(data) in _ITEMS


def articles(data: bytes, path: Path) -> Iterator[Article | Failure]:
    """The articles of a file that `reads` knows.

    Raises:
        SourceError: it is a sitemap, damaged or without articles.
    """
    kind = _root(data)
    if not _ITEMS[kind]:
        raise SourceError(_SITEMAP)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(data.strip(), parser)
    except (etree.XMLSyntaxError, ValueError) as exc:
        raise SourceError(f"the XML is cut off or malformed ({exc})") from exc
    items = root.xpath(f"descendant-or-self::*[local-name()='{_ITEMS[kind]}']")
    fields_of = _FIELDS_OF[_ITEMS[kind]]
    number = 0
    for item in items:
        if (fields := fields_of(item, root)) is not None:
            number += 1
            yield from articles_from(fields, origin_of(path, number if len(items) > 1 else None))
    if number == 0:
        raise SourceError("there are no articles in it")


def _root(data: bytes) -> str:
    """The name of the first element, without its prefix."""
    head = re.sub(rb"(?s)<\?.*?\?>|<!--.*?-->", b"", data[:_ENOUGH_FOR_ROOT])
    found = _ROOT.search(head)
    return found[1].decode("ascii", "replace") if found else ""


def _of_newsml(item: etree._Element, root: etree._Element) -> dict[str, object]:
    text = _marked_up(item, "inlineXML") or _said(item, "inlineData")
    return {
        "id": item.get("guid"),
        "title": _said(item, "headline"),
        "text": text,
        "date": _said(item, "firstCreated")
        or _said(item, "contentCreated")
        or _said(item, "versionCreated"),
        "source": _said(item, "creditline")
        or _said(item, "infoSource/name")
        or _said(item, "provider/name")
        or next(iter(item.xpath("descendant::*[local-name()='provider']/@literal")), None),
        "template_language": _language(item) or _language(root),
    }


def _of_newsml_1(item: etree._Element, root: etree._Element) -> dict[str, object]:
    return {
        "title": _said(item, "HeadLine"),
        "text": _marked_up(item, "body.content") or _marked_up(item, "DataContent"),
        "date": _said(item, "FirstCreated") or _said(item, "DateId"),
        "source": _said(item, "CreditLine"),
        "template_language": _language(item) or _language(root),
    }


def _of_nitf(item: etree._Element, root: etree._Element) -> dict[str, object]:
    issue = item.xpath("descendant::*[local-name()='date.issue']/@norm")
    wire = item.xpath("descendant::*[local-name()='pubdata']/@name")
    ids = item.xpath("descendant::*[local-name()='doc-id']/@id-string")
    abstract, text = _marked_up(item, "abstract").strip(), _marked_up(item, "body.content")
    if abstract in text:
        abstract = ""
    return {
        "id": next(iter(ids), None),
        "title": _said(item, "hl1") or _said(item, "head/title"),
        "text": "\n\n".join(filter(None, (abstract, text))),
        "date": next(iter(issue), None) or _said(item, "story.date"),
        "source": next(iter(wire), None) or _said(item, "distributor"),
        "template_language": _language(item),
    }


def _of_wiki(item: etree._Element, root: etree._Element) -> dict[str, object] | None:
    """An article of the main name space; None for other pages and redirects."""
    revision = item.xpath("*[local-name()='revision'][last()]/*[local-name()='text']")
    text = str(revision[0].text or "") if revision else ""
    if (_said(item, "ns") or "0") != "0" or _REDIRECT.match(text) or not text.strip():
        return None
    date = _WIKI_DATE.search(text)
    return {
        "title": _said(item, "title"),
        "text": _unwikified(text),
        "date": date and date[1],
        "source": _said(root, "siteinfo/sitename"),
        "template_language": _language(root),
    }


_FIELDS_OF = {
    "newsItem": _of_newsml,
    "NewsItem": _of_newsml_1,
    "nitf": _of_nitf,
    "page": _of_wiki,
}


def _unwikified(text: str) -> str:
    for _ in range(_DEEPEST):
        text, gone = _INNERMOST.subn(_of_template, text)
        if not gone:
            break
    for pattern, words in _WIKI:
        text = re.sub(pattern, words, text)
    return plain(text.replace("\n\n", "<p>").replace("\n", "<br>"))


def _of_template(match: re.Match[str]) -> str:
    """The words that a template stands for within a line; a box of its own has none."""
    name, *values = match.group()[2:-2].split("|")
    before, after = match.string[: match.start()], match.string[match.end() :]
    alone = before[-1:] in ("", "\n") and after[:1] in ("", "\n")
    values = [value for value in values if "=" not in value]
    if alone or not values or name.strip().lower() == "date":  # the article's own
        return ""
    return values[-1] if name.strip().lower() in _LINKS else " ".join(values)


def _said(element: etree._Element, place: str) -> str:
    """The words of the first element of a name, or of a path of names, whatever its name space."""
    steps = "/".join(f"*[local-name()='{name}']" for name in place.split("/"))
    found = element.xpath(f"descendant::{steps}")
    return " ".join("".join(found[0].itertext()).split()) if found else ""


def _marked_up(element: etree._Element, name: str) -> str:
    """The text of the first element of a name, its paragraphs apart."""
    found = element.xpath(f"descendant::*[local-name()='{name}']")
    if not found:
        return ""
    for inner in found[0].xpath("descendant::*[local-name()='head']"):
        inner.clear()
    markup = etree.tostring(found[0], encoding="unicode", with_tail=False)
    return plain(re.sub(r"<(/?)[\w.-]+:(?=\w)", r"<\1", markup))


def _language(element: etree._Element) -> str | None:
    return element.get("{http://www.w3.org/XML/1998/namespace}lang") or None
