"""Extractive answers: the quotes themselves, verbatim, with nothing added but a lead-in.

Needs no language model and cannot invent. Knows nothing about how the quotes were chosen.
"""

from __future__ import annotations

from collections.abc import Sequence

from qa.answering.escape import unmarked, unnumbered
from qa.types import Citation, Language

_LEAD_IN: dict[Language, tuple[str, str]] = {
    "fr": ("Un article le dit :", "Les articles disent :"),
    "en": ("One article says:", "The articles say:"),
}
_MORE: dict[Language, str] = {"fr": "Dans les articles :", "en": "In the articles:"}
_MARKS: dict[Language, tuple[str, str]] = {"fr": ("« ", " »"), "en": ("“", "”")}


def write(citations: Sequence[Citation], language: Language, lead_in: str | None = None) -> str:
    """The lead-in and each quote on a line of its own, with its number.

    Quotation marks follow the language of the answer; within a quote nothing is changed but white
    space, each run of which becomes one space (and one more where Markdown or HTML would begin to
    work), and the brackets of numbers, "[3]", which would read as citations. The citations
    themselves keep every character.

    Args:
        citations: the quotes.
        language: of the answer.
        lead_in: what stands above them instead of "The articles say:".
    """
    articles = {citation.article.id for citation in citations}
    opening, closing = _MARKS[language]
    lines = [lead_in or _LEAD_IN[language][len(articles) > 1]]
    lines += [f"{opening}{shown(c.quote)}{closing} [{c.n}]" for c in citations]
    return "\n\n".join(lines)


def more(text: str, citations: Sequence[Citation], language: Language) -> str:
    """A text with quotes below it that say what it leaves out."""
    return f"{text}\n\n{write(citations, language, _MORE[language])}" if citations else text


def shown(quote: str) -> str:
    """A quote as `write` puts it down."""
    return unmarked(unnumbered(" ".join(quote.split())))
