"""Exports of press databases: one saved page with many articles, each with its outlet and date.

Europresse, Factiva, Nexis and the like write articles one after the other into a page. Such a page
is known by parts that repeat, as elements of one kind or between headings, rules or numbers: each
has a headline that leads nowhere, a full date above its text, and the text itself. A news page with
teasers of others has headlines that are links there, and a live blog one headline above all parts;
those stay one article.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby

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
    r"(?i)[\d.,\s]+(?:mots|words)\b.*|(?:par|by|de)\s.*|\d[\d:.hH\s]*(?:[ap]m)?"
    r"|p(?:ages?|p?\.)\s.*|(?:anglais|français|english|french)|(?:length|section|byline)\s*:.*"
    r"|(?:copyright|©|\(c\)|tous droits|all rights).*|document\s+\w{8,}.*|\W*"
)
_CODE = re.compile(r"[A-Z0-9_·.-]{4,}|\w*·\S*")  # as databases give outlets and documents
_NUMBERED = re.compile(r"(?i)(?:document\s+)?\d+\s+(?:of|de|sur)\s+\d+(?:\s+documents?)?")
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
    date: PartialDate | None
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
        kinds: dict[tuple[str, str | None], list[Sequence[html.HtmlElement]]] = {}
        tags: dict[str, list[Sequence[html.HtmlElement]]] = {}
        for child in children:
            if child.tag in _PARTS:
                kinds.setdefault((child.tag, child.get("class")), []).append([child])
                tags.setdefault(child.tag, []).append([child])
        yield from kinds.values()
        if len(kinds) > len(tags):
            yield from tags.values()
        for rank in (*HEADINGS, "hr"):
            if any(child.tag == rank for child in children):
                first, *others = _cut(children, [child.tag == rank for child in children])
                if rank == "hr" and not any(c.tag in HEADINGS for other in others for c in other):
                    first = [child for child in first if child.tag not in HEADINGS]
                yield [first, *others]
        numbered = [_NUMBERED.fullmatch(words(child)) is not None for child in children]
        if any(numbered):
            yield _cut(children, numbered)


def _cut(
    children: Sequence[html.HtmlElement], before: Sequence[bool]
) -> list[Sequence[html.HtmlElement]]:
    """Elements side by side, cut before some of them."""
    numbers = accumulate(before)
    pairs = groupby(zip(numbers, children, strict=True), lambda pair: pair[0])
    return [[child for _, child in group] for _, group in pairs]


def _part(elements: Sequence[html.HtmlElement], language: str | None) -> Part | None:
    """The article of a part; None for one that lacks what makes it an article."""
    lines = [(block, words(block)) for element in elements for block in blocks(element)]
    dated = [_date_of(block, line, language) for block, line in lines[:_MOST_HEAD]]
    number = next((n for n, date in enumerate(dated) if date), None)
    title = _title(lines, number)
    if title is None or leads_elsewhere(title):
        return None
    start = next(
        (
            n
            for n, (block, line) in enumerate(lines)
            if block is not title
            and not _LABEL.fullmatch(line)
            and _is_text(block, line, 4 if number is not None and n > number else 12)
        ),
        len(lines),
    )
    text = [
        line
        for block, line in lines[start:]
        if block is not title and not _LABEL.fullmatch(line) and not _CODE.fullmatch(line)
    ]
    if sum(len(line.split()) for line in text) < _LEAST_TEXT:
        return None
    head = [(b, line) for b, line in lines[: min(start, _MOST_HEAD)] if b is not title]
    source = next((name for block, _ in head if (name := _named_outlet(block))), None)
    date = None
    if number is not None and number < start and (found := dated[number]):
        date, begin, end = found
        place = next((n for n, (b, _) in enumerate(head) if b is lines[number][0]), 0)
        line = lines[number][1]
        source = source or _outlet(head, place, line[:begin], line[end:])
    elif title.tag != "h1" or not any(element.tag == "article" for element in elements):
        return None  # a section of one article may have a heading, too
    source = _ISSUE.sub("", source).strip(_EDGES) if source else None
    return Part(words(title), "\n\n".join(text), date, source or None)


def _title(
    lines: Sequence[tuple[html.HtmlElement, str]], dated: int | None
) -> html.HtmlElement | None:
    """The headline: what is marked up or named as one, else bold, else what follows the date."""
    every = [block for block, _ in lines]
    head = lines[:_MOST_HEAD]
    bold = (b for b, line in head if any(words(e) == line for e in b.iter("b", "strong")))
    below = lines[dated + 1 : dated + 3] if dated is not None else ()
    after = (block for block, line in below if not _LABEL.fullmatch(line))
    candidates = (
        (block for block in every if block.tag in HEADINGS),
        (block for block in every if _is_title(block)),
        bold,
        after,
    )
    return next((block for blocks_ in candidates for block in blocks_), None)


def _date_of(
    block: html.HtmlElement, line: str, language: str | None
) -> tuple[PartialDate, int, int] | None:
    """The full date in a line above the text, and where; of a <time> the one that it means."""
    if len(line) > _LONGEST_HEAD:
        return None
    if dates := in_line(line, language):
        return dates[-1]
    for time in block.iter("time"):
        begin = line.find(words(time))
        if meant := in_line((time.get("datetime") or "")[:10]):
            return meant[0][0], begin, begin + len(words(time))
    return None


def _is_title(block: html.HtmlElement) -> bool:
    around = (block, *block.iterdescendants("span"), block.getparent())
    return any(_TITLE.search(named(element)) for element in around if element is not None)


def _named_outlet(block: html.HtmlElement) -> str | None:
    """The words of what is named an outlet within a block, or around nothing else than it."""
    for element in (*block.iterdescendants("span", "a", "b", "strong", "cite"), block):
        if _OUTLET.search(named(element)) and not in_line(words(element)):
            return words(element)
    parent = block.getparent()
    inside = parent is not None and _OUTLET.search(named(parent)) and not in_line(words(parent))
    return words(block) if inside else None


def _is_text(block: html.HtmlElement, line: str, least: int) -> bool:
    return block.tag not in HEADINGS and (len(line.split()) >= 25 or is_sentence(line, least))


def _outlet(
    head: Sequence[tuple[html.HtmlElement, str]], number: int, before: str, after: str
) -> str | None:
    """Who published: before the date in its line, else the line above, below or the rest of it."""
    before = _WEEKDAY.sub("", before).strip(_EDGES)
    around = [head[n][1] for n in (number - 1, number + 1, number + 2) if 0 <= n < len(head)]
    candidates = [before, *(line for line in around if not _CODE.fullmatch(line))]
    candidates.append(after.partition(",")[0].strip(_EDGES))
    for line in candidates:
        if line and len(line.split()) <= 8 and not _LABEL.fullmatch(line) and not in_line(line):
            return line
    return None
