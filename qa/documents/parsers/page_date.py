"""When a web page was published: what it declares, its address, or a date beside its headline.

Of what a page declares that of its own article counts, not that of a film or of a list of others.
Of the dates that it shows only those count that stand alone, beside the headline and within the
article's box: today's date in a head bar and those of teasers and comments do not. That of a change
is none of publication.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Collection, Iterator, Sequence
from itertools import chain, takewhile

from lxml import html  # type: ignore[import-untyped]

from qa.documents.article import PartialDate
from qa.documents.parsers.blocks import (
    HEADINGS,
    blocks,
    is_beside,
    is_sentence,
    named,
    separate,
    words,
)
from qa.documents.parsers.dateline import CHANGED, of_publication
from qa.documents.parsers.dates import published

_ARTICLE = re.compile(r"Article|Posting|Report|Review")
_INNER = ("@graph", "mainEntity")  # where a page declares itself
_PUBLISHED = re.compile(r"(?i)publi|posted|issued|pub_?-?date|parution|mis\sen\sligne")
_META = re.compile(
    rf"{_PUBLISHED.pattern}|(?:^|[.:_-])(?:date|created)(?:[._-]?(?:created|time))?$"
)
_DATED = re.compile(r"(?i)date|time|publi")
_ADDRESS = re.compile(r"[/_-]((?:19|20)\d\d)(?:([/_-])(\d\d?)\2|(\d\d))(\d\d?)(?=[/_.-]|$)")


def published_on(
    page: html.HtmlElement, title: str | None, url: str | None, tag: str | None
) -> PartialDate | None:
    """The day on which a page says that its article was published, else the month or the year.

    Args:
        title: of the article.
        url: where the page was published.
        tag: the language, by which "03/07/2023" is read.
    """
    title = " ".join((title or "").split())
    dates = list(chain(_of_scripts(page, title), _of_elements(page, tag), _of_address(url)))
    if not any(date.day for date in dates):
        dates += _shown(page, title, tag)
    return next((date for date in dates if date.day), next(iter(dates), None))


def _read(value: object, tag: str | None = None) -> Iterator[PartialDate]:
    """The date that a value holds, if it holds one."""
    try:
        date = published(value, tag)
    except (ValueError, OverflowError, OSError):
        return
    if date:
        yield date


def _of_scripts(page: html.HtmlElement, title: str) -> Iterator[PartialDate]:
    """What the page declares for search engines (JSON-LD)."""
    scripts = page.xpath("//script[contains(@type, 'ld+json')]")
    try:
        found = [i for s in scripts for i in _declared(json.loads(s.text, strict=False))]
    except RecursionError:
        return  # nested more deeply than any page needs
    found.sort(key=lambda i: (not _ARTICLE.search(str(i["@type"])), i.get("headline") != title))
    for item in found:
        yield from _read(item.get("datePublished"))


def _declared(value: object) -> Iterator[dict[str, object]]:
    """The objects that stand for the page itself, not those in its lists of others."""
    if isinstance(value, list):
        yield from chain.from_iterable(map(_declared, value))
    elif isinstance(value, dict):
        yield from [value] if "@type" in value else []
        yield from chain.from_iterable(_declared(value.get(name)) for name in _INNER)


def _of_elements(page: html.HtmlElement, tag: str | None) -> Iterator[PartialDate]:
    """What its <meta> declare, those that speak of publication first."""
    names = (
        (m.get("property") or m.get("name") or m.get("itemprop") or "", m)
        for m in page.iter("meta")
    )
    told = [(n, m) for n, m in names if _META.search(n) and not CHANGED.search(n)]
    for _, meta in sorted(told, key=lambda pair: not _PUBLISHED.search(pair[0])):
        if not _is_away(meta, ()):
            yield from _read(meta.get("content"), tag)


def _of_address(url: str | None) -> Iterator[PartialDate]:
    if match := _ADDRESS.search(url or ""):
        year, _, month, joined, day = match.groups()
        if month or len(day) == 2:
            yield from _read(f"{year}-{month or joined}-{day}")


def _shown(page: html.HtmlElement, title: str, tag: str | None) -> Iterator[PartialDate]:
    """The dates that stand beside the headline, the likeliest first."""
    page = copy.deepcopy(page)
    separate(page, lines=True)
    every = [(block, words(block)) for block in blocks(page)]
    place = _headline(every, title)
    if place is None:
        return
    headline = every[place][0]
    around = {headline, *headline.iterancestors()}
    prose, later = 0, []
    for number, (block, line) in enumerate(every[place + 1 :], start=place + 1):
        date = None if _is_away(block, around) else _date_of(block, line, tag)
        prose += date is None and is_sentence(line, 12)
        if date and _PUBLISHED.search(told := f"{line} {' '.join(_names(block))}"):
            yield date
        elif date and prose and _DATED.search(told):
            later.append((prose, date))
        elif date and not prose and not _heading_follows(every[number + 1 :]):
            yield date
    # One alone below the standfirst; several head passages.
    if len({date for _, date in later}) == 1 and later[0][0] == 1:
        yield later[0][1]
    for block, line in reversed(every[:place]):
        date = None if _is_away(block, around) else _date_of(block, line, tag)
        told = f"{line} {' '.join(_names(block))}"
        inside = any(outer.tag == "article" for outer in block.iterancestors())
        if date and (inside or _PUBLISHED.search(told)):
            yield date


def _heading_follows(following: Sequence[tuple[html.HtmlElement, str]]) -> bool:
    """Whether another headline follows before the text, so that what is above is not its date."""
    before = takewhile(lambda pair: not is_sentence(pair[1], 12), following)
    return any(block.tag in HEADINGS for block, _ in before)


def _headline(every: Sequence[tuple[html.HtmlElement, str]], title: str) -> int | None:
    """The place of the block that is the headline."""
    ranks = [
        (line != title, HEADINGS.index(block.tag) if block.tag in HEADINGS else 9, number)
        for number, (block, line) in enumerate(every)
        if line == title or block.tag in HEADINGS
    ]
    return min(ranks)[2] if ranks else None


def _date_of(block: html.HtmlElement, line: str, tag: str | None) -> PartialDate | None:
    """The date of a block that holds nothing else, as it is shown or as its <time> means it."""
    if block.tag in HEADINGS:
        return None
    for element in block.iter("*") if not is_sentence(line) else ():
        names, text = " ".join(_names(element)), words(element)
        before = line.partition(text)[0].rpartition("|")[2] if text else ""
        if CHANGED.search(f"{names} {before}") and not _PUBLISHED.search(f"{names} {before}"):
            continue
        if (element is block or _DATED.search(names)) and (date := of_publication(text, tag)):
            return date
        if date := next(_read(element.get("datetime") or element.get("content"), tag), None):
            return date
    return None


def _names(block: html.HtmlElement) -> Iterator[str]:
    """What a block and what is within and right around it are called."""
    for element in (block, block.getparent(), *block.iterdescendants()):
        yield " ".join(
            (element.tag, named(element), *element.attrib, element.get("itemprop") or "")
        )


def _is_away(block: html.HtmlElement, around: Collection[html.HtmlElement]) -> bool:
    """Whether a block belongs to something else than the article: a menu, a teaser, a comment."""
    return any(
        (is_beside(outer) or outer.tag in ("header", "article"))
        and not (outer.tag == "footer" and outer.xpath("ancestor::article"))  # its writer, its date
        for outer in (block, *block.iterancestors())
        if outer not in around and outer.tag not in ("html", "head", "body", "main")
    )
