"""Blocks: the paragraphs of a parsed page, and what is furniture around its article.

A block is an element of the page with words and without another block in it. Knows nothing about
files and articles.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from lxml import etree, html  # type: ignore[import-untyped]

BLOCK_TAGS = frozenset(
    """
    address article aside blockquote body center dd details div dl dt fieldset figcaption figure
    footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary table tbody td
    tfoot th thead tr ul
    """.split()
)
HEADINGS = ("h1", "h2", "h3", "h4")
_AROUND = frozenset("nav footer aside form figure figcaption button menu".split())
_BESIDE = re.compile(
    r"""(?ix)(?:^|[\s_-])(?:
    comments?|commentaires?|related|read-?more|more-on|a-?lire|lire-aussi|voir-aussi|newsletter
    |promo\w*|share|sharing|partage\w*|social|sidebar|widget|footer|menu|nav|breadcrumbs?
    |recommend\w*|suggest\w*|teasers?|cookies?|consent|adverts?|ads?|pub|publicit\w*|sponsor\w*
    |subscri\w*|abonn\w*|paywall|captions?|legende|tags?|toolbar|banner|popup|modal|skip
    |ticker|(?:top-?)?bar|masthead|bandeau|entete|today|more|flash|latest|breaking
    )(?:$|[\s_-])"""
)
_SIGNED = re.compile(
    r"(?i)(?:^|[\s_-])(?:bio|credits?|byline|signature|auteurs?|authors?|meta|copyright|legal|sr-only)(?:$|[\s_-])"
)
_ENOUGH = 40  # words of a cell that is more than a cell of a table


def blocks(root: html.HtmlElement) -> Iterator[html.HtmlElement]:
    """The blocks within an element, itself included, in the page's order."""
    for element in root.iter(etree.Element):
        if (
            element.tag in BLOCK_TAGS
            and next(element.iterdescendants(*BLOCK_TAGS), None) is None
            and words(element)
        ):
            yield element


def separate(root: html.HtmlElement, tag: str = "div", *, lines: bool = False) -> None:
    """Put words that stand loose between blocks into blocks of their own, in place.

    Two line breaks and more are such a place, with `lines` a single one, too.
    """
    etree.strip_tags(root, "font")
    for element in list(root.iter(*BLOCK_TAGS)):
        if not any(_holds_block(child) or _is_gap(child, lines) for child in element):
            continue
        runs = [run := element.makeelement(tag)]
        run.text, element.text = element.text, None
        element.insert(0, run)
        gaps = {child for child in element if _is_gap(child, lines)}
        for child in list(element)[1:]:
            if child in gaps or (isinstance(child.tag, str) and _holds_block(child)):
                runs.append(run := element.makeelement(tag))
                run.text, child.tail = child.tail, None
                child.addnext(run)
            else:
                run.append(child)
        for run in runs:
            if not words(run):
                element.remove(run)


def _is_gap(element: html.HtmlElement, single: bool) -> bool:
    """Whether an element is a line break beside another one, or may be a `single` one."""
    before, after = element.getprevious(), element.getnext()
    if element.tag != "br":
        return False
    above = before is not None and before.tag == "br" and not (before.tail or "").strip()
    below = after is not None and after.tag == "br" and not (element.tail or "").strip()
    return single or above or below


def open_layout(tree: html.HtmlElement) -> None:
    """Make boxes, in place, of the tables that only lay out a page.

    Those are the ones without headings of columns that have one column, or a cell with headings,
    tables, several paragraphs or most of the words. Of the cells of a row those go that have far
    fewer words than the article's.
    """
    for table in list(tree.iter("table")):
        inner = [e for e in table.iterdescendants(*BLOCK_TAGS) if e.tag != "table"]
        inner = [e for e in inner if next(e.iterancestors("table")) is table]
        rows = [[cell for cell in row if cell.tag == "td"] for row in inner if row.tag == "tr"]
        cells = [cell for row in rows for cell in row]
        if any(e.tag in ("th", "caption", "thead") for e in inner):
            continue
        if max(map(len, rows), default=0) > 1 and not any(_lays_out(c, table) for c in cells):
            continue
        for row in rows:
            sizes = [(1 - linked(cell)) * len(words(cell).split()) for cell in row]
            for cell, size in zip(row, sizes, strict=True):
                if max(sizes) >= _ENOUGH and size < max(sizes) / 3 and not cell.xpath(".//h1"):
                    cell.drop_tree()
        for element in (table, *inner):
            if element.tag in ("table", "tbody", "tr", "td"):
                element.tag = "div"
        separate(table, "p")


def _lays_out(cell: html.HtmlElement, table: html.HtmlElement) -> bool:
    holds = next(cell.iter("table", "h1", "h2", "h3", "form", "hr"), None) is not None
    size, whole = len(words(cell).split()), len(words(table).split())
    most = size >= _ENOUGH and 2 * size > whole
    return holds or most or (2 * size >= _ENOUGH and len(list(cell.iter("p"))) > 1)


def _holds_block(element: html.HtmlElement) -> bool:
    return element.tag in BLOCK_TAGS or next(element.iterdescendants(*BLOCK_TAGS), None) is not None


def words(element: html.HtmlElement) -> str:
    """The text of an element on one line, a line break being a space."""
    parts: list[str] = []
    for event, inner in etree.iterwalk(element, events=("start", "end")):
        if not isinstance(inner.tag, str):
            continue
        if event == "start":
            parts.append(" " if inner.tag == "br" or inner.tag in BLOCK_TAGS else "")
            parts.append(inner.text or "")
        elif inner is not element:
            parts.append(inner.tail or "")
    return " ".join("".join(parts).split())


def named(element: html.HtmlElement) -> str:
    """The class and the id of an element, by which its maker says what it is."""
    return f"{element.get('class') or ''} {element.get('id') or ''}"


def is_furniture(block: html.HtmlElement, within: Collection[html.HtmlElement] = ()) -> bool:
    """Whether a block is none of the article: a menu, a comment, an advertisement, a caption.

    Args:
        within: elements around it that hold the article, whatever their names are.
    """
    return any(
        is_beside(outer) or _SIGNED.search(named(outer))
        for outer in (block, *block.iterancestors())
        if outer not in within and outer.tag not in ("body", "html", "article", "main")
    )


def is_beside(element: html.HtmlElement) -> bool:
    """Whether an element is made for something else than an article, by its tag or its names."""
    return element.tag in _AROUND or _BESIDE.search(named(element)) is not None


def leads_elsewhere(heading: html.HtmlElement) -> bool:
    """Whether a headline is a link, as that of a teaser is."""
    around = any(link.get("href") for link in heading.iterancestors("a"))
    return around or linked(heading) > 0.5


def linked(element: html.HtmlElement) -> float:
    """The share of an element's letters that are links."""
    whole = len(words(element))
    links = sum(len(words(link)) for link in element.iterdescendants("a") if link.get("href"))
    return links / whole if whole else 0.0


def is_sentence(text: str, least: int = 8) -> bool:
    """Whether a line is prose and no label: some words, and a mark at the end."""
    return len(text.split()) >= least and text.rstrip(" »”\")'’")[-1:] in (".", "!", "?", "…", ":")
