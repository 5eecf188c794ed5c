"""Web pages: the article of a saved HTML page, without its menus, comments and hidden words.

trafilatura finds the article, its title, date and site; passages that it loses although they
stand within the article, such as a standfirst above it or the second half of a text in two boxes,
are put back. What the page hides from a reader is cut out before, as far as `hidden` can tell: a
quote must be something that people could see. Dialogs that lie over the page go, too, and what
they in turn declare to be hidden is the article.

The date is the one of publication (`page_date`). A page that an outlet serves
instead of its article is refused (`walls`), one that a press database exports is read part by part
(`exports`). Also home of `plain`, which turns a feed's HTML into text.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import trafilatura
from lxml import etree, html  # type: ignore[import-untyped]

from qa.documents.article import Article
from qa.documents.parsers import exports
from qa.documents.parsers.blocks import (
    HEADINGS,
    blocks,
    is_furniture,
    is_sentence,
    leads_elsewhere,
    linked,
    open_layout,
    separate,
    words,
)
from qa.documents.parsers.dateline import dateline, of_publication
from qa.documents.parsers.fields import (
    RAISED,
    Failure,
    articles_from,
    language_code,
    language_of,
    origin_of,
)
from qa.documents.parsers.hidden import NEVER_SHOWN, Colour, background, hides, tells_colour
from qa.documents.parsers.page_date import published_on
from qa.documents.parsers.plain import decode
from qa.documents.parsers.silenced import quiet
from qa.documents.parsers.walls import (
    COOKIE_WALL,
    drop_dialogs,
    is_label,
    refusal,
    speaks_of_consent,
    wall,
)
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
# Letters and figures, by which a passage is found again in the text.
_COMPARED = 60
_LEAST_COMPARED = 25  # within a line; any word of a menu is in some article
_NO_LETTERS = re.compile(r"[\W_]+")
_MOST_LINKED = 0.4  # of a passage
_RIGHTS = re.compile(r"(?i)©|\(c\)|copyright|tous droits|all rights")
_ALSO = re.compile(
    r"(?i)\W*(?:(?:à )?(?:lire|voir|écouter) (?:aussi|également|encore)"
    r"|read (?:more|also|next)|see also)\b"
)
_HOME = re.compile(r"(?:https?://[^/]+)?\.?/?(?:index\.\w+)?")
_SAVED_FROM = re.compile(r"<!-- saved from url=\(\d+\)(https?://\S+) -->")
_FADED = re.compile(
    r"(?i)\b(?:opacity\s*:\s*0?(?:\.0+)?|visibility\s*:\s*hidden)\s*(?:!important)?\s*(?:;|$)"
)
_CELLS = ("td", "th")
_BLOCKS = re.compile(
    "address|article|aside|blockquote|d[dlt]|div|fig(?:caption|ure)|footer|h[1-6r]|header|main"
    "|nav|[ou]l|p|pre|section|t(?:able|r)"
)


def read(path: Path) -> Iterator[Article | Failure]:
    """The article of a saved page, or those of an export."""
    yield from articles(characters(path.read_bytes()), path)


def articles(page: str, path: Path, url: str | None = None) -> Iterator[Article | Failure]:
    """The articles of a page.

    Args:
        page: its characters.
        path: where it was found.
        url: where it was published, if that is known from elsewhere.
    Raises:
        SourceError: there is no article in it.
    """
    tree = _tree(page)
    saved = _SAVED_FROM.search(page[:_ENOUGH_FOR_CHARSET])
    url = url or (saved[1] if saved else None)
    locale = "string(//meta[@property='og:locale']/@content)"
    declared = tree.get("lang") or tree.get("xml:lang") or tree.xpath(locale)
    shown_first = words(tree)
    drop_dialogs(tree)
    _uncover(tree)
    drop_hidden(tree)
    _drop_teasers(tree)
    _drop_damaged(tree)
    from qa.documents.parsers.aliases import canonical  # which needs `plain` of this module

    rows = list(exports.rows(tree))
    if rows and {"title", "text"} <= canonical(dict.fromkeys(rows[0], "x")).keys():
        for number, row in enumerate(rows, start=1):
            fields = {**canonical(row), "template_language": declared}
            yield from articles_from(fields, origin_of(path, number))
        return
    if several := exports.parts(tree, language_code(declared or "")):
        yield from exports.articles(several, path, declared)
        return
    open_layout(tree)
    shown = copy.deepcopy(tree)
    around = _around(shown)
    _open_times(tree)
    found = _extracted(copy.deepcopy(tree), precise=True) or _extracted(tree, precise=False)
    titles = map(words, shown.iter("title", "h1", "h2"))
    if reason := refusal(titles, found.text if found else "", around):
        raise SourceError(reason)
    if found is None:
        if speaks_of_consent(shown_first):
            raise SourceError(COOKIE_WALL)
        raise SourceError("no article found in the page; save the article's own page")
    text = _whole(_without_title(found.text, found.title), shown)
    if reason := wall(text, around, page):
        raise SourceError(reason)
    language = language_of(f"{found.title}\n{text}", language_code(declared or ""))
    tag = declared if language_code(declared or "") == language else language
    date = published_on(shown, found.title, found.url or url, tag)
    if date is None or date.day is None:
        date = dateline(text.partition("\n")[0], french=language == "fr") or date
    fields = {
        "title": found.title,
        # One line is one paragraph there; list items and table rows stay together.
        "text": re.sub(r"\n(?![-|])", "\n\n", text),
        "date": date and str(date),
        "source": found.sitename or found.hostname,
        "url": found.url or url,
        "language": language,
    }
    yield from articles_from(fields, origin_of(path))


def _extracted(tree: html.HtmlElement, *, precise: bool) -> Any:
    """What trafilatura makes of a page, or None; the tree is used up."""
    with quiet(*_LOUD):
        page = trafilatura.bare_extraction(
            tree,
            with_metadata=True,
            include_comments=False,
            date_extraction_params={"original_date": True, "extensive_search": False},
            favor_precision=precise,
            favor_recall=not precise,
        )
    if page is None or isinstance(page, dict) or not page.text or len(page.text) < _SHORTEST:
        return None
    return page


def _whole(text: str, page: html.HtmlElement) -> str:
    """The text of an article with the passages that were lost of it, each in its place.

    A passage is lost when it is prose that stands between the headline and the article, between
    two passages of one box, in a box beside the article's and of the same kind, or in its foot.
    """
    lines = text.split("\n")
    flat = [_flat(line) for line in lines]
    joined, starts = " ".join(flat), {line[:_COMPARED] for line in flat}
    every = [
        (block, line, _flat(line)[:_COMPARED]) for block in blocks(page) if (line := words(block))
    ]
    taken = {
        block
        for block, _, start in every
        if start in starts or (len(start) >= _LEAST_COMPARED and start in joined)
    }
    within = {outer for block in taken for outer in block.iterancestors()}
    boxes = {(o.getparent(), o.tag, o.get("class")) for o in within if o.get("class")}
    parents = {block.getparent() for block in taken}
    numbers = [number for number, (block, _, _) in enumerate(every) if block in taken]
    headline = next((n for n, (block, _, _) in enumerate(every) if block.tag == "h1"), len(every))
    first = next((number for number in numbers if number > headline), 0)
    last = max(numbers, default=0)

    feet = {f for f in page.iter("footer") if within.intersection(f.iterancestors("article"))}

    def is_lost(number: int, block: html.HtmlElement, line: str) -> bool:
        above = headline < number < first
        between = first < number < last and block.tag == "p" and block.getparent() in parents
        beside = any((o.getparent(), o.tag, o.get("class")) in boxes for o in block.iterancestors())
        foot = number > last and feet.intersection(block.iterancestors())
        told = len(line.split()) > 2 and not _RIGHTS.match(line) if foot else is_sentence(line)
        return (
            bool(above or between or beside or foot)
            and told
            and linked(block) < _MOST_LINKED
            and not is_furniture(block, within | feet)
            and not speaks_of_consent(line)
        )

    place = 0
    for number, (block, line, start) in enumerate(every):
        if block in taken:
            after = (n for n in (*range(place, len(flat)), *range(place)) if start in flat[n])
            place = next(after, place - 1) + 1
        elif is_lost(number, block, line):
            lines.insert(place, line)
            flat.insert(place, _flat(line))
            place += 1
    return "\n".join(lines)


def _flat(text: str) -> str:
    """A text by its letters and figures only, to compare it with."""
    return _NO_LETTERS.sub("", text)


def _around(page: html.HtmlElement) -> list[str]:
    """What a page says, block by block, but its menus, its foot and what is beside its article."""
    page = copy.deepcopy(page)
    etree.strip_elements(page, "nav", "footer", "aside", *_DECLARES, with_tail=False)
    separate(page)
    return [words(block) for block in blocks(page)]


def _uncover(tree: html.HtmlElement) -> None:
    """Take back, in place, what says that the article itself is hidden.

    A dialog declares the page behind it hidden from screen readers, and so do tabs all but the one
    that is open; a page that fades in has its article transparent until a script has run.
    """
    for tabs in tree.xpath("//*[@role='tablist'][not(descendant::p)]"):
        tabs.drop_tree()
    whole = len(words(tree))
    openers = tree.xpath("(//article | //main)//*[@aria-expanded]/@aria-controls")
    for element in tree.iter(etree.Element):
        style = element.get("style") or ""
        faded = _FADED.search(style)
        if element.get("aria-hidden") is None and not faded:
            continue
        most = 2 * len(words(element)) > whole
        holds = element.xpath("descendant-or-self::*[self::main or self::article or self::h1]")
        unfolds = element.get("role") == "tabpanel" or element.get("id") in openers
        if (most or holds or unfolds) and element.get("aria-hidden") is not None:
            del element.attrib["aria-hidden"]
        if most and holds and faded:
            element.set("style", _FADED.sub("", style))


def _drop_teasers(tree: html.HtmlElement) -> None:
    """Cut out of a page, in place, smaller articles and lines that lead to other pages."""
    sizes = {article: len(words(article)) for article in tree.iter("article")}
    headings = {a: next((h for h in a.iter(*HEADINGS) if words(h)), None) for a in sizes}
    teasers = [a for a, h in headings.items() if h is not None and leads_elsewhere(h)]
    most = max((size for article, size in sizes.items() if article not in teasers), default=0)
    for teaser in teasers:
        if 2 * sizes[teaser] < most and not teaser.xpath("descendant::h1"):
            teaser.drop_tree()
    for name in tree.xpath("//h1[.//a[@href] or ancestor::a[@href]]"):  # the site's, not a headline
        if _HOME.fullmatch(name.xpath("(.//a/@href | ancestor::a/@href)[1]")[0]):
            name.tag = "div"
    for block in list(blocks(tree)):
        if _ALSO.match(words(block)) and linked(block) > _MOST_LINKED:
            block.drop_tree()


def _open_times(tree: html.HtmlElement) -> None:
    """Make words, in place, of each <time> in a sentence, where trafilatura would cut it out."""
    for time in list(tree.iter("time")):
        around, before = time.getparent(), time.getprevious()
        beside = (around.text if before is None else before.tail, time.tail)
        if any(text and text.strip() for text in beside) and is_sentence(words(around), least=6):
            time.drop_tag()


def _drop_damaged(tree: html.HtmlElement) -> None:
    """Cut out what a page declares in JSON that is damaged, of which half a title would be read."""
    for script in tree.xpath("//script[contains(@type, 'ld+json')]"):
        try:
            json.loads(script.text or "", strict=False)
        except (ValueError, RecursionError):
            script.drop_tree()


def _without_title(text: str, title: str | None) -> str:
    """The text without its title, its date and a label above it, as its first lines."""
    line, _, rest = text.partition("\n")
    told = line.split() == (title or "").split() or of_publication(line, "fr")
    if rest and (told or is_label(line)):
        return _without_title(rest, title)
    return text


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


def titled(page: bytes) -> tuple[str, str]:
    """The title and all the text of a page that is nothing but an article, such as a chapter."""
    tree = _tree(characters(page))
    drop_hidden(tree)
    heading = next((h for name in ("h1", "h2", "h3") for h in tree.iter(name) if words(h)), None)
    title = words(heading) if heading is not None else ""
    if heading is not None:
        heading.drop_tree()
    etree.strip_elements(tree, *NEVER_SHOWN, with_tail=False)
    collected: list[str] = []
    _collect(tree, collected)
    return title, "".join(collected)


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
    beside = element.getprevious()
    if element.tag in _CELLS and beside is not None and beside.tag in _CELLS:
        parts.append(" | " if not any(_BLOCKS.fullmatch(e.tag) for e in element) else "\n\n")
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
    for raised in tree.iter("sup"):
        for element in raised.iter():
            element.text = element.text and element.text.translate(RAISED)
    return tree


def characters(data: bytes) -> str:
    """The characters of a page: UTF-8, else the charset that it declares, else a sure guess."""
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
