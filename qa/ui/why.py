"""Why a passage: the ranks and values of each hit, as a table for those who want it."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from qa.answer import Answer, Hit
from qa.ui.texts import Texts, Words


def why(answer: Answer, texts: Texts) -> str:
    """The collapsed table; empty without hits, or when what was measured is no longer known."""
    if not any(hit.signals for hit in answer.hits):
        return ""
    words = texts.evidence
    confidence = words.confidence.format(value=texts.number(answer.confidence))
    return (
        f'<details class="qa-why"><summary>{escape(words.why)}</summary>'
        f"<p>{escape(confidence)}</p>"
        f'<div class="qa-why-scroll" role="region" tabindex="0" '
        f'aria-label="{escape(words.why_table)}">{_table(answer, texts, words)}</div></details>'
    )


def _table(answer: Answer, texts: Texts, words: Words) -> str:
    heads = [words.place, words.passage, words.quoted, words.score]
    heads += [
        *vars(words)["ranks"].values(),
        *vars(words)["signals"].values(),
        *vars(words)["reading"].values(),
    ]
    columns = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    quoted: dict[str, list[int]] = {}
    for hit in answer.hits:
        quoted[hit.chunk.id] = [
            citation.n
            for citation in answer.citations
            if citation.article.id == hit.article.id
            and citation.span.start < hit.chunk.span.end
            and hit.chunk.span.start < citation.span.end
        ]
    rows = "".join(
        _line(place, hit, quoted[hit.chunk.id], texts, words)
        for place, hit in enumerate(answer.hits, 1)
    )
    return (
        f"<table><caption><span>{escape(words.why_table)}</span></caption>"
        f"<thead><tr>{columns}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _line(place: int, hit: Hit, quoted: list[int], texts: Texts, words: Words) -> str:
    title = escape(hit.article.title or texts.untitled)
    span = hit.chunk.span
    opens = f'data-article="{escape(hit.article.id)}" data-start="{span.start}"'
    cells = [
        " ".join(f"[{n}]" for n in quoted) or words.absent,
        texts.number(hit.score),
        *_numbers(vars(words)["ranks"], hit.ranks, words, whole=True),
        *_numbers(vars(words)["signals"], hit.signals, words),
        *_numbers(vars(words)["reading"], _read(hit), words),
    ]
    return (
        f'<tr><td>{place}</td><th scope="row" lang="{escape(hit.article.language)}">'
        f'<button type="button" class="qa-why-title" {opens} data-end="{span.end}">{title}'
        f"</button></th>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
    )


def _read(hit: Hit) -> dict[str, float]:
    """What the reader says of the passage, if it has read it."""
    if hit.reading is None:
        return {}
    return {"answerable": hit.reading.answerable, "relevance": hit.reading.relevance}


def _numbers(
    names: Mapping[str, str],
    known: Mapping[str, float],
    words: Words,
    *,
    whole: bool = False,
) -> list[str]:
    """What is known under each name, in order."""
    return [
        words.absent if name not in known else str(known[name]) if whole else f"{known[name]:.2f}"
        for name in names
    ]
