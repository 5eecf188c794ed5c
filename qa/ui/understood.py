"""What was understood, as HTML: a sentence and rows of chips.

Under the latest answer, once it is finished, each chip can be changed or taken away; `refine.js`
sends the change. Everything is escaped here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from qa.answer import Answer
from qa.constraints import Constraints
from qa.filters import Filters
from qa.ui.chips import Chip, Row, chips_of, chips_read
from qa.ui.texts import Texts, Words

# Of the list of sources that a box offers; the page has it once.
SOURCES_ID = "qa-sources"


def understood(answer: Answer, texts: Texts, *, editable: bool) -> str:
    """The stand-alone question where it is not the one typed, the filters, what was read."""
    return (
        _standalone(answer, texts, editable=editable)
        + _row("only", chips_of(answer.question.filters, texts), texts, editable=editable)
        + _row("first", chips_read(answer.constraints, texts), texts, editable=editable)
        + unmet(answer, texts)
    )


def filters_line(filters: Filters, texts: Texts) -> str:
    """What the filters let through, to be read; empty without filters."""
    return _row("only", chips_of(filters, texts), texts, editable=False)


def unmet(answer: Answer, texts: Texts) -> str:
    """That no article is what the question asks for; empty when one is, or nothing is asked."""
    if answer.met or not chips_read(answer.constraints, texts):
        return ""
    return f'<p class="qa-note">{escape(_unmet(answer.constraints, texts))}</p>'


def source_list(sources: Iterable[str]) -> str:
    """The sources that a box offers."""
    options = "".join(f'<option value="{escape(source)}"></option>' for source in sources)
    return f'<datalist id="{SOURCES_ID}">{options}</datalist>'


def _unmet(constraints: Constraints, texts: Texts) -> str:
    """What no article is, in the words of what was asked for (as `qa.asked.meets` reads it)."""
    if not any(outlet.cued for outlet in constraints.outlets):
        return texts.unmet_date
    return texts.unmet_both if constraints.articles else texts.unmet_source


def _standalone(answer: Answer, texts: Texts, *, editable: bool) -> str:
    question = answer.question
    typed, carried = question.text.strip(), question.carried.strip()
    standalone = f"{carried} {typed}" if carried else question.standalone.strip()
    if standalone in ("", typed):
        return ""
    shown = escape(standalone)
    if carried:
        shown = f'<span class="qa-carried">{escape(carried)}</span> {escape(typed)}'
    words = texts.evidence
    form = ""
    if editable:
        box = _box("value", words.question, standalone)
        form = (
            f'<details class="qa-change qa-change-question"><summary>'
            f"{escape(words.change_question)}</summary>"
            f"{_form('question', 0, box, words)}</details>"
        )
    return (
        f'<div class="qa-understood"><p>{escape(texts.understood)}{_colon(texts)} '
        f"<q>{shown}</q></p>{form}</div>"
    )


def _row(row: Row, chips: Sequence[Chip], texts: Texts, *, editable: bool) -> str:
    if not chips:
        return ""
    words = texts.evidence
    label = f"{escape(texts.only if row == 'only' else texts.first)}{_colon(texts)}"
    if not editable:
        # Spaces between the parts for those who hear or copy them.
        said = " ".join(f"<span>{escape(chip.label)}</span>" for chip in chips)
        return f'<p class="qa-scope">{label} {said}</p>'
    items = " ".join(_chip(row, n, chip, words) for n, chip in enumerate(chips))
    return f'<div class="qa-scope qa-scope-open"><p>{label}</p> {items}</div>'


def _chip(row: Row, n: int, chip: Chip, words: Words) -> str:
    change, remove = (text.format(label=chip.label) for text in (words.change, words.remove))
    return (
        f'<div class="qa-chip"><details class="qa-change">'
        f'<summary title="{escape(change)}">{escape(chip.label)}</summary>'
        f"{_form(row, n, _boxes(chip, words), words)}</details>"
        f'<button type="button" class="qa-remove" data-row="{row}" data-n="{n}" '
        f'aria-label="{escape(remove)}" title="{escape(remove)}">×</button></div>'
    )


def _boxes(chip: Chip, words: Words) -> str:
    match chip.kind:
        case "time":
            since = chip.since.isoformat() if chip.since else ""
            until = chip.until.isoformat() if chip.until else ""
            return _box("since", words.since, since) + _box("until", words.until, until)
        case "since":
            return _box("value", words.since, chip.value)
        case "until":
            return _box("value", words.until, chip.value)
        case "source":
            return _box("value", words.source, chip.value, f' list="{SOURCES_ID}"')
        case "language":
            return _box("value", words.language, chip.value)


def _box(name: str, label: str, value: str, more: str = "") -> str:
    return (
        f'<label class="qa-field"><span>{escape(label)}</span><input type="text" '
        f'name="{name}" autocomplete="off" maxlength="500" value="{escape(value)}"{more}></label>'
    )


def _form(row: Row | str, n: int, boxes: str, words: Words) -> str:
    return (
        f'<form class="qa-change-form" data-row="{row}" data-n="{n}">{boxes}'
        f'<button type="submit" class="qa-main-button">{escape(words.ask_again)}</button></form>'
    )


def _colon(texts: Texts) -> str:
    return "\u00a0:" if texts.language == "fr" else ":"
