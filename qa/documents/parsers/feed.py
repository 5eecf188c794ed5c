"""Feeds: the entries of a saved RSS or Atom file, one article each.

The text is the entry's content, or its summary when there is no content; the source is the
feed's title. A date is the day on the publisher's clock, not in Greenwich. The entry's own id
is kept when it is an address (http:, tag:, urn:), for only then it is unique among feeds.

feedparser gets bytes, never a path or an address, so nothing is fetched.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from email.utils import parsedate_tz
from pathlib import Path
from typing import Any
from xml.sax import SAXException, SAXParseException

import feedparser

from qa.documents.article import Article, PartialDate
from qa.documents.parsers.fields import Failure, article_from, language_code, origin_of
from qa.documents.parsers.html import plain
from qa.documents.parsers.silenced import quiet
from qa.errors import SourceError

_DATES = ("published", "updated", "created")


def read(path: Path) -> Iterator[Article | Failure]:
    """The articles of a feed, in its order."""
    feed = _parse(path.read_bytes())
    if not feed.get("version"):
        raise SourceError("not a feed (RSS or Atom), which is the only XML that is read")
    if not feed.entries and not feed.bozo:
        raise SourceError("the feed has no entries")
    for number, entry in enumerate(feed.entries, start=1):
        origin = origin_of(path, number)
        try:
            with quiet("feedparser"):  # which warns when an entry has one date and not another
                fields = _fields(entry, feed.feed)
            yield article_from(fields, origin)
        except SourceError as exc:
            yield Failure(origin, str(exc))
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
                io.BytesIO(data),
                resolve_relative_uris=False,
                sanitize_html=False,  # `plain` needs the attributes that hide words
            )
    except ValueError as exc:  # damage in the XML declaration, which names the charset
        raise SourceError(f"not a feed (RSS or Atom): its first line is damaged ({exc})") from exc


def _fields(entry: Any, feed: Any) -> dict[str, object]:
    """The fields of an article, as an entry and its feed give them."""
    text = _text(entry)
    if not text.strip():
        raise SourceError("the entry has no text, neither content nor summary")
    identity, link = entry.get("id") or "", entry.get("link") or ""
    return {
        "id": identity if ":" in identity else None,
        "title": _shown(entry.get("title_detail")),
        "text": text,
        "date": _date(entry),
        "source": _shown(feed.get("title_detail")),
        "language": language_code(feed.get("language") or ""),
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


def _date(entry: Any) -> PartialDate | None:
    """The day of publication, else of the last change; None when the entry has neither.

    Raises:
        SourceError: a date is there, but nobody can read it.
    """
    name = next((name for name in _DATES if entry.get(name)), None)
    if name is None:
        return None
    written = str(entry[name])
    try:
        return PartialDate.parse(written)
    except ValueError:
        pass  # not ISO 8601: RSS writes "Wed, 11 Jan 2017 08:00:00 +0100"
    day = parsedate_tz(written) or entry.get(f"{name}_parsed") or ()
    try:
        return PartialDate(*day[:3])
    except (TypeError, ValueError) as exc:
        raise SourceError(f"date {written!r:.60} is neither RFC 822 nor ISO 8601") from exc
