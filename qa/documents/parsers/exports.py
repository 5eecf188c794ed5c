"""Exports of press databases: one saved page with many articles, each with its outlet and date.

Europresse, Factiva, Nexis and the like write articles one after the other into a page. Such a page
is known by parts that repeat, as elements of one kind or between headings, rules, numbers, empty
lines or lines that close a document: each has a headline that leads nowhere, a full date above its
text, and the text itself. A news page with teasers of others has headlines that are links there,
and a live blog one headline above all parts; those stay one article. A table may have an article a
row, its columns named, and plain text is read as a page of its lines.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain, groupby
from pathlib import Path

from lxml import etree, html  # type: ignore[import-untyped]

from qa.documents.article import Article, PartialDate
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
from qa.documents.parsers.fields import Failure, articles_from, origin_of
from qa.documents.parsers.unwrap import unwrap
from qa.language.detect import detect

_PARENTS = ("body", "div", "main", "section", "article", "ul", "ol", "table", "tbody", "td", "p")
_PARTS = ("article", "div", "section", "li", "table", "tr", "td")
_LONGEST_HEAD = 150  # characters of a line above the text
_MOST_HEAD = 12  # lines
_LEAST_TEXT = 15  # words
_MUCH = 40  # words of a part that is missed
_LEAST_SHARE = 0.6  # of the page's words, in its parts
_TITLE = re.compile(r"(?i)titre|title|headline|hedline|(?:^|\s)hd(?:\s|$)")
_OUTLET = re.compile(r"(?i)publication|outlet|journal|newspaper|source(?!s)")
_DATABASE = re.compile(r"DocPublicationName|(?:^|\s)(?:en|fr|de|es)Article(?:\s|$)")
# Lines above or below the text that are neither outlet nor date.
_LABEL = re.compile(
    r"(?i)[\d.,\s]+(?:mots|words)\b.*|(?:par|by|de)\s.*|\d[\d:.hH\s]*(?:[ap]m)?"
    r"|p(?:ages?|p?\.)\s.*|(?:anglais|français|english|french)|(?:length|section|byline)\s*:.*"
    r"|body|texte|\W*"
)
_COUNTED = re.compile(r"(?i)[\d.,\s]+(?:mots|words)")
_CODE = re.compile(
    r"[A-Z0-9_·.-]{4,}|\w*·\S*|[a-z]{2,4}(?:[-/][a-z]{2,4})+/?"
)  # as databases give outlets and documents
_NUMBERED = re.compile(r"(?i)(?:(?:an\s)?document\s+)?\d+\s+(?:of|de|sur)\s+\d+(?:\s+documents?)?")
# The last line of a document, or the one before it.
_CLOSES = re.compile(r"(?i)(?:document\s(?=\S*\d)[\w·-]{8,}|end of document|fin du document)\W*")
_RIGHTS = re.compile(
    r"(?i)(?:(?:©|\(c\)|copyright\W*(?:©|\(c\)|\d{4})|tous droits|all rights).{0,150}"
    r"|copyright.{0,80}\d{4})\W*"
)
_RULE = re.compile(r"\s*(?:_{5,}|={5,}|-{5,}|\*{5,}|#{5,})\s*")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_EMPTY_LINES = 3  # breaks in a row that stand between two articles
# A line with its name: of the codes those of Factiva.
_FIELD = re.compile(r"(?:([A-Z]{2})|([^\W\d_][\w -]{1,24}?)\s?:)(?:\s+(.*))?")
_FACTIVA = re.compile(r"HD(?:\s|$)")  # only beside this one its other codes are none of the words
_KINDS = {
    name: kind
    for kind, names in {
        "title": "title titre headline hd ti",
        "date": "date publication-date date-de-publication pd dt",
        "source": "source publication-title publication journal newspaper sn so",
        "head": "publication-info",
        "text": "full-text text texte-intégral texte body lp td tx",
        "": "byline author auteur by wc section length longueur language langue load-date sc se an"
        " publication-type subject sujet dateline pg la cy copyright ed et co in ns re pub ipc ipd"
        " document-type abstract issn isbn links database place-of-publication publisher",
    }.items()
    for name in names.split()
}
_WEEKDAY = re.compile(
    r"(?i)(?:^|[\s,(])(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|le"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day|on)\s*,?\s*$"
)
_ISSUE = re.compile(r"(?i)[\s,]*(?:,\s*)?(?:n[o°º]\.?|number|issue|éd(?:ition)?\.?|\(|;)\s*.*$")
_EDGES = " \t,;:|/·•–—-()"

Fields = dict[str, object]  # of an article


def of_text(text: str) -> list[Fields | None]:
    """The articles of an export in plain text; none when it is not one."""
    lines = [_CONTROL.sub("", line).strip() for line in unwrap(text).split("\n")]
    body = html.Element("body")
    for line in filter(None, lines):
        etree.SubElement(body, "hr" if _RULE.fullmatch(line) else "p").text = line
    return parts(body, "fr" if detect(text, default="") == "fr" else None)


def articles(
    found: Sequence[Fields | None], path: Path, tag: str | None
) -> Iterator[Article | Failure]:
    """The articles of a file's parts; `tag` is the language that the file declares for all."""
    for number, part in enumerate(found, start=1):
        if part is None:
            yield Failure(
                origin_of(path, number), "it has no headline or no full date above its text"
            )
            continue
        fields = {**part, "template_language": tag}
        yield from articles_from(fields, origin_of(path, number if len(found) > 1 else None))


def rows(tree: html.HtmlElement) -> Iterator[dict[str, str]]:
    """The rows, by the names of their columns, of a table that is nearly all of a page."""
    whole = len(words(tree).split())
    for table in tree.iter("table"):
        names, *others = [[words(cell) for cell in row] for row in table.iter("tr")] or [[]]
        if len(names) > 1 and others and len(words(table).split()) >= _LEAST_SHARE * whole:
            yield from (dict(zip(names, row, strict=False)) for row in others)


def parts(tree: html.HtmlElement, language: str | None) -> list[Fields | None]:
    """The articles of an export, None for one that cannot be told; [] for any other page."""
    tree = copy.deepcopy(tree)
    _draw_rules(tree)
    separate(tree, lines=True)
    known = any(_DATABASE.search(named(element)) for element in tree.iter("div", "span", "article"))
    known = known or any(_CLOSES.fullmatch(p.text or "") for p in tree.iter("p"))
    least = 1 if known else 2
    whole = len(words(tree).split())
    for group in _groups(tree):
        sizes = [sum(len(words(element).split()) for element in elements) for elements in group]
        if len(group) < least or sum(sizes) < _LEAST_SHARE * whole:
            continue
        every = [_part(elements, language) for elements in group]
        found = [part for part in every if part]
        if len(found) < least:
            continue
        within = {element for elements in group for element in elements}
        above = any(not within.intersection((h, *h.iterancestors())) for h in tree.iter("h1"))
        flat = any(len(elements) > 1 for elements in group)
        if (above or flat) and 2 * sum(part["source"] is not None for part in found) < len(found):
            continue
        sized = zip(every, sizes, strict=True)
        return [part for part, size in sized if part or size >= _MUCH]
    return []


def _draw_rules(tree: html.HtmlElement) -> None:
    """Make rules, in place, of several line breaks in a row."""
    for first in list(tree.iter("br")):
        run = [first]
        while not (run[-1].tail or "").strip() and (following := run[-1].getnext()) is not None:
            if following.tag != "br":
                break
            run.append(following)
        before = first.getprevious()
        if len(run) >= _EMPTY_LINES and (before is None or before.tag != "hr"):
            for other in run[:-1]:
                other.drop_tree()
            run[-1].tag = "hr"


def _groups(tree: html.HtmlElement) -> Iterator[list[Sequence[html.HtmlElement]]]:
    """Candidates: elements of one kind side by side, and what stands below headings of a rank."""
    for parent in tree.iter(*_PARENTS):
        children = [child for child in parent if isinstance(child.tag, str)]
        if not children:
            continue
        kinds: dict[tuple[str, str | None], list[Sequence[html.HtmlElement]]] = {}
        for child in children:
            if child.tag in _PARTS:
                kinds.setdefault((child.tag, child.get("class")), []).append([child])
        yield from kinds.values()
        tags = [child.tag for child in children]
        for rank in HEADINGS:
            if rank in tags:
                yield _cut(children, [tag == rank for tag in tags])
        if "hr" in tags:
            first, *others = _cut(children, [tag == "hr" for tag in tags])
            if not any(c.tag in HEADINGS for other in others for c in other):
                first = [child for child in first if child.tag not in HEADINGS]
            yield [first, *others]
        lines = [words(child)[: _LONGEST_HEAD + 1] for child in children]
        fields = map(_FIELD.fullmatch, lines)
        for starts in (
            [_NUMBERED.fullmatch(line) is not None for line in lines],
            [_is_bold(child, line) for child, line in zip(children, lines, strict=True)],
            [match is not None and _KINDS.get(_name(match)) == "title" for match in fields],
        ):
            if any(starts):
                yield _cut(children, starts)
        for closing in (_CLOSES, _RIGHTS):
            closed = [closing.fullmatch(line) is not None for line in lines]
            if any(closed):
                yield _cut(children, [False, *closed[:-1]])


def _cut(
    children: Sequence[html.HtmlElement], before: Sequence[bool]
) -> list[Sequence[html.HtmlElement]]:
    """Elements side by side, cut before some of them."""
    numbers = accumulate(before)
    pairs = groupby(zip(numbers, children, strict=True), lambda pair: pair[0])
    return [[child for _, child in group] for _, group in pairs]


def _part(elements: Sequence[html.HtmlElement], language: str | None) -> Fields | None:
    """The article of a part; None for one that lacks what makes it an article."""
    told, lines = _fields(
        [(block, words(block)) for element in elements for block in blocks(element)]
    )
    dates = (
        (number, line, _date_of(block, line, language))
        for number, (block, line) in enumerate(lines[:_MOST_HEAD])
    )
    number, dated, found = next((d for d in dates if d[2]), (None, "", None))
    before, after = (dated[: found[1]], dated[found[2] :]) if found else ("", "")
    inline = _WEEKDAY.sub("", before).strip(_EDGES) != ""
    title = None if "title" in told else _title(lines, number, inline=inline)
    if "title" not in told and (title is None or leads_elsewhere(title)):
        return None
    start = next(
        (
            n
            for n, (block, line) in enumerate(lines)
            if block is not title
            and not _is_label(line)
            and _is_text(block, line, 4 if number is not None and n > number else 12)
        ),
        len(lines),
    )
    text = [line for block, line in lines[start:] if block is not title and not _is_label(line)]
    if sum(len(line.split()) for line in text) < _LEAST_TEXT:
        return None
    head = [(b, line) for b, line in lines[: min(start, _MOST_HEAD)] if b is not title]
    source = told.get("source") or next((n for b, _ in head if (n := _named_outlet(b))), None)
    date = next((day for day, *_ in in_line(told.get("date", ""), language)), None)
    if date is None and found and number is not None and number < start:
        date = found[0]
        place = next((n for n, (b, _) in enumerate(head) if b is lines[number][0]), 0)
        source = source or _outlet(head, place, before, after)
    elif date is None and (
        title is None or title.tag != "h1" or not any(e.tag == "article" for e in elements)
    ):
        return None  # a section of one article may have a heading, too
    return {
        "title": told["title"] if title is None else words(title),
        "text": "\n\n".join(text),
        "date": date and str(date),
        "source": _ISSUE.sub("", source or "").strip(_EDGES) or None,
    }


def _fields(
    lines: Sequence[tuple[html.HtmlElement, str]],
) -> tuple[dict[str, str], list[tuple[html.HtmlElement, str]]]:
    """What lines with names say, and the other lines; a name may stand in a cell of its own."""
    told: dict[str, str] = {}
    others: list[tuple[html.HtmlElement, str]] = []
    waiting: str | None = None
    coded = any(_FACTIVA.match(line) for _, line in lines)
    begun = False  # the text, in which "Source: …" is said of something else
    for block, line in lines:
        kind, value = waiting, line
        match = _FIELD.fullmatch(line)
        name = _name(match) if match and (coded or not match[1]) else ""
        sure = match and (match[2] is None or match[2].isupper() or "-" in name or not begun)
        if match and name in _KINDS and (sure or not (_KINDS[name] or is_sentence(line, 6))):
            kind, value = _KINDS[name], match[3] or ""
            waiting = None if value else kind
        else:
            waiting = None
        if kind in (None, "text", "head") and value:
            begun = begun or kind == "text" or _is_text(block, value, 12)
            others.append((block, value))
        elif kind and value:
            told.setdefault(kind, value)
    return told, others


def _name(field: re.Match[str]) -> str:
    return (field[1] or field[2]).lower().replace(" ", "-")


def _title(
    lines: Sequence[tuple[html.HtmlElement, str]], dated: int | None, *, inline: bool
) -> html.HtmlElement | None:
    """The headline: what is marked up or named as one, else bold, else beside the date.

    Databases that count the words put it above the date, the others below or above. `inline`: the
    date has the outlet beside it, which else stands between the two.
    """
    every = [block for block, _ in lines]
    head = lines[:_MOST_HEAD]
    start = next((n for n, (b, line) in enumerate(head) if _is_text(b, line, 12)), len(head))
    above = head[: start if dated is None else dated]
    below = head[dated + 1 : min(dated + 3, start)] if dated is not None else []
    counted = any(_COUNTED.fullmatch(line) for _, line in above)  # below a section, then
    if counted:
        beside = sorted(above, key=lambda pair: -len(pair[1].split()))
    else:
        beside = [*below, *(above[::-1] if inline else above)]
    return next(
        chain(
            (block for block in every if block.tag in HEADINGS),
            (block for block in every if _is_title(block)),
            (block for block, line in head if _is_bold(block, line)),
            (block for block, line in beside if not _is_label(line)),
        ),
        None,
    )


def _is_label(line: str) -> bool:
    """Whether a line is none of the text, as a writer's name or a document's number."""
    if _LABEL.fullmatch(line):
        return not is_sentence(line, 6)
    return any(p.fullmatch(line) for p in (_CODE, _NUMBERED, _RIGHTS, _CLOSES))


def _is_bold(block: html.HtmlElement, line: str) -> bool:
    return any(words(element) == line for element in block.iter("b", "strong"))


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
    """The words of what is named an outlet within a block, if there is such."""
    for element in (*block.iterdescendants("span", "a", "b", "strong", "cite"), block):
        if _OUTLET.search(named(element)) and not in_line(words(element)):
            return words(element)
    return None


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
