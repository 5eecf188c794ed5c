"""Feeds: the entries of a saved RSS or Atom file, one article each.

The text is the entry's content, or its summary when there is no content; the source is the one
that the entry names, as aggregators do, else the feed's title. A date is the day on the
publisher's clock, not in Greenwich; an entry whose date nobody can read is kept without it. The
entry's own id is kept when it is an address (http:, tag:, urn:), for only then it is unique among
feeds; else its link is its id. Other XML is handed to `news_xml`.

feedparser gets bytes, never a path or an address, so nothing is fetched.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.sax import SAXException, SAXParseException

import feedparser

from qa.documents.article import Article
from qa.documents.parsers import news_xml
from qa.documents.parsers.fields import Failure, address, articles_from, origin_of
from qa.documents.parsers.html import plain
from qa.documents.parsers.silenced import quiet
from qa.errors import SourceError

_DATES = ("published", "updated", "created")


def read(path: Path) -> Iterator[Article | Failure]:
    """The articles of a feed, in its order."""
    data = path.read_bytes()
    if news_xml.reads(data):
        yield from news_xml.articles(data, path)
        return
    feed = _parse(data)
    if not feed.get("version"):
        raise SourceError(
            "not a feed (RSS or Atom), nor other XML that is read (NewsML-G2, NITF, MediaWiki)"
        )
    if not feed.entries and not feed.bozo:
        raise SourceError("the feed has no entries")
    seen: set[object] = {None}
    for number, entry in enumerate(feed.entries, start=1):
        origin = origin_of(path, number)
        try:
            with quiet("feedparser"):  # which warns when an entry has one date and not another
                fields = _fields(entry, feed.feed)
        except SourceError as exc:
            yield Failure(origin, str(exc))
        else:
            if fields["id"] in seen:  # some feeds give every entry the address of the site
                fields["id"] = None
            seen.add(fields["id"])
            yield from articles_from(fields, origin)
    fault = feed.get("bozo_exception")
    if isinstance(fault, SAXException):
        line = f" in line {fault.getLineNumber()}" if isinstance(fault, SAXParseException) else ""
        raise SourceError(
            f"the feed is cut off or malformed{line} ({fault.getMessage()}); its entries were "
            "read as far as possible, the last may be incomplete"
        )


def _parse(data: bytes) -> Any:
    """What feedparser makes of a feed, which is something for almost any bytes."""
    try:
        with quiet("feedparser"):
            return feedparser.parse(
                io.BytesIO(data.lstrip(b" \t\r\n")),
                resolve_relative_uris=False,
                sanitize_html=False,  # `plain` needs the attributes that hide words
            )
    except (ValueError, OverflowError) as exc:  # in the XML declaration, or a letter's number
        raise SourceError(f"not a feed (RSS or Atom), or a damaged one ({exc})") from exc


def _fields(entry: Any, feed: Any) -> dict[str, object]:
    """The fields of an article, as an entry and its feed give them."""
    text = _text(entry)
    if not text.strip():
        raise SourceError("the entry has no text, neither content nor summary")
    identity, link = entry.get("id") or "", address(entry.get("link") or "")
    site = urlsplit(feed.get("link") or link).hostname
    if identity and ":" not in identity and site:
        identity = f"{site}:{identity}"
    return {
        "id": address(identity) if ":" in identity else link or None,
        "title": _shown(entry.get("title_detail")),
        "text": text,
        "date": _date(entry),
        "source": _shown(_named_by(entry)) or _shown(feed.get("title_detail")),
        "template_language": entry.get("language") or feed.get("language"),
        "url": link if link.startswith(("http:", "https:")) else None,
    }


def _text(entry: Any) -> str:
    """The longest content of an entry, else its summary."""
    contents = [_shown(content) for content in entry.get("content", ())]
    return max(contents, key=len, default="") or _shown(entry.get("summary_detail"))


def _shown(construct: Any) -> str:
    """A text construct as people see it."""
    if not construct:
        return ""
    value = str(construct.get("value") or "")
    return value if construct.get("type") == "text/plain" else plain(value)


def _named_by(entry: Any) -> Any:
    """The outlet that an entry names: RSS has its title in <source>, Atom a <title> within."""
    source = entry.get("source") or {}
    title = source.get("title") or entry.get("publisher")
    return source.get("title_detail") or {"value": title, "type": "text/plain"}


def _date(entry: Any) -> str | None:
    """The day of publication, else of the last change; None when the entry has neither."""
    return next((str(entry[name]) for name in _DATES if entry.get(name)), None)
