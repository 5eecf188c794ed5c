"""Exports of press databases: one saved page with many articles, each with its outlet and date.

Europresse, Factiva, Nexis and the like write articles one after the other into a page. Such a page
is known by parts that repeat: each has a headline that leads nowhere, a full date above its text,
and the text itself. A news page with teasers of others has headlines that are links there, and a
live blog one headline above all parts; those stay one article.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from lxml import html  # type: ignore[import-untyped]

from qa.documents.article import PartialDate
from qa.documents.parsers.blocks import (
    HEADINGS,
    blocks,
    is_sentence,
    leads_elsewhere,
    named,
    separate,
    words,
)
from qa.documents.parsers.dates import in_line

_PARENTS = ("body", "div", "main", "section", "article", "ul", "ol", "table", "tbody", "td")
_PARTS = ("article", "div", "section", "li", "table", "tr", "td")
_LONGEST_HEAD = 150  # characters of a line above the text
_MOST_HEAD = 12  # lines
_LEAST_TEXT = 15  # words
_LEAST_SHARE = 0.6  # of the page's words, in its parts
_TITLE = re.compile(r"(?i)titre|title|headline|hedline|(?:^|\s)hd(?:\s|$)")
_OUTLET = re.compile(r"(?i)publication|outlet|journal|newspaper|source(?!s)")
_DATABASE = re.compile(r"DocPublicationName|(?:^|\s)(?:en|fr|de|es)Article(?:\s|$)")
# Lines above or below the text that are neither outlet nor date.
_LABEL = re.compile(
    r"(?i)[\d.,\s]+(?:mots|words)\b.*|(?:par|by|de)\s.*|\d[\d:.hH\s]*(?:[ap]m)?|[A-Z0-9_·.-]{2,}"
    r"|p(?:ages?|p?\.)\s.*|(?:anglais|français|english|french)|(?:length|section|byline)\s*:.*"
    r"|(?:copyright|©|\(c\)|tous droits|all rights).*|document\s+\w{8,}.*|\W*"
)
_WEEKDAY = re.compile(
    r"(?i)(?:^|[\s,(])(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|le"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day|on)\s*,?\s*$"
)
_ISSUE = re.compile(r"(?i)[\s,]*(?:,\s*)?(?:n[o°º]\.?|number|issue|éd(?:ition)?\.?|\()\s*.*$")
_EDGES = " \t,;:|/·•–—-()"


@dataclass(frozen=True)
class Part:
    """An article of an export."""

    title: str
    text: str
    date: PartialDate
    source: str | None


def parts(tree: html.HtmlElement, language: str | None) -> list[Part]:
    """The articles of an export; none when the page is not one."""
    tree = copy.deepcopy(tree)
    separate(tree)
    known = any(_DATABASE.search(named(element)) for element in tree.iter("div", "span", "article"))
    whole = len(words(tree).split())
    for group in _groups(tree):
        size = sum(len(words(element).split()) for elements in group for element in elements)
        if len(group) < (1 if known else 2) or size < _LEAST_SHARE * whole:
            continue
        found = [part for elements in group if (part := _part(elements, language))]
        if len(found) < (1 if known else 2):
            continue
        within = {element for elements in group for element in elements}
        above = any(not within.intersection((h, *h.iterancestors())) for h in tree.iter("h1"))
        flat = any(len(elements) > 1 for elements in group)
        if (above or flat) and 2 * sum(part.source is not None for part in found) < len(found):
            continue
        return found
    return []


def _groups(tree: html.HtmlElement) -> Iterator[list[Sequence[html.HtmlElement]]]:
    """Candidates: elements of one kind side by side, and what stands below headings of a rank."""
    for parent in tree.iter(*_PARENTS):
        children = [child for child in parent if isinstance(child.tag, str)]
        kinds: dict[tuple[str, str], list[Sequence[html.HtmlElement]]] = {}
        for child in children:
            if child.tag in _PARTS:
                kinds.setdefault((child.tag, child.get("class") or ""), []).append([child])
        yield from kinds.values()
        for rank in HEADINGS:
            if sum(child.tag == rank for child in children) > 1:
                yield _below(children, rank)


def _below(children: Sequence[html.HtmlElement], rank: str) -> list[Sequence[html.HtmlElement]]:
    number = 0

    def section(child: html.HtmlElement) -> int:
        nonlocal number
        number += int(child.tag == rank)
        return number

    return [list(group) for key, group in groupby(children, section) if key]


def _part(elements: Sequence[html.HtmlElement], language: str | None) -> Part | None:
    """The article of a part; None for one that lacks what makes it an article."""
    inner = [block for element in elements for block in blocks(element)]
    title = next((b for b in inner if b.tag in HEADINGS and words(b)), None)
    if title is None:
        title = next((b for b in inner if _is_title(b)), None)
    if title is None or leads_elsewhere(title):
        return None
    lines = [(block, words(block)) for block in inner]
    start = next(
        (n for n, (b, line) in enumerate(lines) if b is not title and _is_text(b, line)), len(lines)
    )
    head = [(b, line) for b, line in lines[: min(start, _MOST_HEAD)] if b is not title]
    dated = [
        (n, line, *dates[-1])
        for n, (_, line) in enumerate(head)
        if len(line) <= _LONGEST_HEAD and (dates := in_line(line, language))
    ]
    text = [line for b, line in lines[start:] if b is not title and not _LABEL.fullmatch(line)]
    if not dated or sum(len(line.split()) for line in text) < _LEAST_TEXT:
        return None
    number, line, date, begin, end = dated[0]
    source = next((line for b, line in head if _is_outlet(b)), None)
    if source is None:
        source = _outlet(head, number, line[:begin], line[end:])
    source = _ISSUE.sub("", source).strip(_EDGES) if source else None
    return Part(words(title), "\n\n".join(text), date, source or None)


def _is_title(block: html.HtmlElement) -> bool:
    around = (block, *block.iterdescendants("span"), block.getparent())
    return any(_TITLE.search(named(element)) for element in around if element is not None)


def _is_outlet(block: html.HtmlElement) -> bool:
    around = (block, *block.iterdescendants("span"), block.getparent())
    return any(_OUTLET.search(named(e)) for e in around if e is not None) and not in_line(
        words(block)
    )


def _is_text(block: html.HtmlElement, line: str) -> bool:
    return block.tag not in HEADINGS and (len(line.split()) >= 25 or is_sentence(line, 12))


def _outlet(
    head: Sequence[tuple[html.HtmlElement, str]], number: int, before: str, after: str
) -> str | None:
    """Who published: before the date in its line, else the line above, below or the rest of it."""
    before = _WEEKDAY.sub("", before).strip(_EDGES)
    candidates = [before]
    candidates += [head[n][1] for n in (number - 1, number + 1, number + 2) if 0 <= n < len(head)]
    candidates.append(after.partition(",")[0].strip(_EDGES))
    for line in candidates:
        if line and len(line.split()) <= 8 and not _LABEL.fullmatch(line) and not in_line(line):
            return line
    return None
