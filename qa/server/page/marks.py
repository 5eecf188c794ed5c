"""Words marked in a text: quotes in their article, and what the reader points to in a quote."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

from qa.answering import extractive
from qa.language.sentences import Span
from qa.server.page.texts import Texts
from qa.types import Citation


def pointed(text: str, citation: Citation | None) -> Markup:
    """The text escaped; strong what the reader points to, where it holds the quote."""
    if citation is None or citation.answer is None:
        return escape(text)
    quote = extractive.shown(citation.quote)
    words = extractive.shown(citation.answer.of(citation.article.text))
    before = citation.quote[: citation.answer.start - citation.span.start]
    # White space was folded: with a letter behind it, what ends in some keeps one space.
    start = text.find(quote) + len(extractive.shown(before + "x")) - 1
    end = start + len(words)
    if quote not in text or text[start:end] != words:
        return escape(text)
    return strong(text, start, end)


def strong(text: str, start: int, end: int) -> Markup:
    """The text escaped, its characters [start, end) strong."""
    strong = Markup('<strong class="pointed">{}</strong>').format(text[start:end])
    return escape(text[:start]) + strong + escape(text[end:])


def in_marks(citation: Citation, texts: Texts) -> Markup:
    """All characters of the quote, escaped, what the reader points to strong."""
    before, after = texts.quoted("\x00", citation.article.language).split("\x00")
    words = escape(citation.quote)
    if citation.answer is not None:
        start, end = citation.answer.start, citation.answer.end
        words = strong(citation.quote, start - citation.span.start, end - citation.span.start)
    return escape(before) + words + escape(after)


def highlighted(
    text: str, spans: Sequence[Span], at: int = 0, answer: Span | None = None
) -> Markup:
    """The text escaped, with the spans' characters, and no others, inside <mark>.

    The span that is meant has the class "current"; spans that overlap are one mark. The `answer`,
    words that the reader points to, is strong if it lies inside a span.
    """
    meant = spans[at] if 0 <= at < len(spans) else None
    done, parts = 0, []
    for span in joined(spans):
        current = meant is not None and span.start <= meant.start < span.end
        words = escape(span.of(text))
        if answer is not None and span.start <= answer.start < answer.end <= span.end:
            words = strong(span.of(text), answer.start - span.start, answer.end - span.start)
        kind = Markup(' class="current"') if current else ""
        parts += [escape(text[done : span.start])]
        parts += [Markup('<mark tabindex="-1"{}>{}</mark>').format(kind, words)]
        done = span.end
    return Markup("").join([*parts, escape(text[done:])])


def joined(spans: Iterable[Span]) -> list[Span]:
    """In order, those that overlap as one."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.start < found[-1].end:
            span = Span(found[-1].start, max(span.end, found.pop().end))
        found.append(span)
    return found


def spans_of(spans: Iterable[Span | None]) -> str:
    """Offsets as `data-spans` has them, "12-80,95-140"."""
    return ",".join(f"{span.start}-{span.end}" for span in spans if span)
