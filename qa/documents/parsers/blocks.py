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
_FURNITURE = re.compile(
    r"""(?ix)(?:^|[\s_-])(?:
    comments?|commentaires?|related|read-?more|more-on|a-?lire|lire-aussi|voir-aussi|newsletter
    |promo\w*|share|sharing|partage\w*|social|sidebar|widget|footer|menu|nav|breadcrumbs?
    |recommend\w*|suggest\w*|teasers?|cookies?|consent|adverts?|ads?|pub|publicit\w*|sponsor\w*
    |subscri\w*|abonn\w*|paywall|bio|captions?|legende|credits?|tags?|toolbar|banner|popup|modal
    |byline|signature|auteurs?|authors?|meta|copyright|legal|skip|sr-only
    )(?:$|[\s_-])"""
)


def blocks(root: html.HtmlElement) -> Iterator[html.HtmlElement]:
    """The blocks within an element, itself included, in the page's order."""
    for element in root.iter(etree.Element):
        if (
            element.tag in BLOCK_TAGS
            and next(element.iterdescendants(*BLOCK_TAGS), None) is None
            and words(element)
        ):
            yield element


def separate(root: html.HtmlElement) -> None:
    """Put words that stand loose between blocks into blocks of their own, in place."""
    for element in list(root.iter(*BLOCK_TAGS)):
        if not any(_holds_block(child) for child in element):
            continue
        run = element.makeelement("div")
        run.text, element.text = element.text, None
        element.insert(0, run)
        for child in list(element)[1:]:
            if isinstance(child.tag, str) and _holds_block(child):
                run = element.makeelement("div")
                run.text, child.tail = child.tail, None
                child.addnext(run)
            else:
                run.append(child)


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
        outer.tag in _AROUND or _FURNITURE.search(named(outer))
        for outer in (block, *block.iterancestors())
        if outer not in within and outer.tag not in ("body", "html", "article", "main")
    )


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
