"""Chips: what a question was understood to ask of articles, piece by piece, and without a piece.

Two rows: `only` are the reader's own filters, `first` the outlets and times read in the question.
A change says which chip of a row is to go or to be something else; `changed` makes of it what to
ask instead. Knows nothing about HTML.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from qa.documents.article import PartialDate
from qa.documents.filters import Filters
from qa.errors import QuestionError
from qa.language.dates import TimeExpression
from qa.server.page.filter_form import Typed
from qa.server.page.texts import Texts
from qa.types import Answer, Constraints, Outlet, Question

Row = Literal["only", "first"]
Kind = Literal["since", "until", "source", "language", "articles", "time"]

# Between two dates: a dash or a word. The dash within "2018-03" has a digit on either side, and not
# four behind it as that of "2017-2018" has.
_TO = re.compile(r"\s*(?:[–—]|\b(?:to|à)\b|(?<!\d)-|-(?!\d)|-(?=\d{4}(?!\d)))\s*")


@dataclass(frozen=True, slots=True)
class Chip:
    """A piece of what was understood.

    Attributes:
        label: in the page's language.
        kind: what it is.
        value: the source or the language.
        since, until: the days that it begins and ends with; None is an open side.
    """

    label: str
    kind: Kind
    value: str = ""
    since: date | None = None
    until: date | None = None


def chips_of(filters: Filters, texts: Texts) -> list[Chip]:
    """The row `only`."""
    ends: tuple[tuple[Kind, date | None, date | None], ...] = (
        ("since", filters.since, None),
        ("until", None, filters.until),
    )
    chips = [
        Chip(_period(since, until, texts), kind, since=since, until=until)
        for kind, since, until in ends
        if since or until
    ]
    chips += [Chip(source, "source", source) for source in filters.sources]
    if filters.language:
        chips.append(Chip(texts.language_name(filters.language), "language", filters.language))
    if filters.articles:
        chips.append(Chip(chosen(len(filters.articles), texts), "articles"))
    return chips


def chosen(n: int, texts: Texts) -> str:
    """How many articles were chosen, in words."""
    words = texts.articles
    return words.one_chosen if n == 1 else words.n_chosen.format(n=n)


def chips_read(constraints: Constraints, texts: Texts) -> list[Chip]:
    """The row `first`; what says the same is one chip."""
    chips = [Chip(source, "source", source) for source in constraints.sources]
    for time in (*constraints.articles, *constraints.events):
        if time.since or time.until:
            label = _period(time.since, time.until, texts)
            chips.append(Chip(label, "time", since=time.since, until=time.until))
    return list(dict.fromkeys(chips))


def changed(
    answer: Answer, change: Mapping[str, Any], texts: Texts, sources: Sequence[str]
) -> Question | None:
    """What to ask after a change; None when it makes no sense (any more).

    Args:
        answer: whose chips the reader saw.
        change: "row" and "n" name a chip; with "remove" it goes, otherwise it becomes "value",
            which is written as `chip_text` does.
        texts: the page's language.
        sources: those of the index.

    Raises:
        QuestionError: what was typed is no date or no source; said in the page's language.
    """
    question, row, n = answer.question, change.get("row"), change.get("n")
    value = str(change.get("value") or "").strip()
    rows = {
        "only": chips_of(question.filters, texts),
        "first": chips_read(answer.constraints, texts),
    }
    chips = rows.get(str(row), [])
    if not isinstance(n, int) or not 0 <= n < len(chips):
        return None
    chip, new = chips[n], None
    if not change.get("remove"):
        new = _renewed(chip, value, texts, sources)
    if row == "first":
        constraints = _without(answer.constraints, chip, new)
        return Question(question.text, filters=question.filters, constraints=constraints)
    left = [*chips[:n], *([new] if new else []), *chips[n + 1 :]]
    filters = _filtered(question.filters, left)
    Typed.of(filters).filters(texts)  # raises for a window without days
    return Question(question.text, filters=filters, constraints=question.constraints)


def _renewed(chip: Chip, value: str, texts: Texts, sources: Sequence[str]) -> Chip | None:
    """The chip as it is to be; None when its box was emptied."""
    if not value:
        return None
    if chip.kind in ("since", "until", "time"):
        ends = {"since": (value, ""), "until": ("", value)}
        window = Typed(*ends.get(chip.kind) or _ends(value, texts)).filters(texts)
        return replace(chip, since=window.since, until=window.until)
    if chip.kind == "source" and value not in sources:
        no_source = texts.evidence.no_source
        raise QuestionError(no_source.format(value=value))
    return replace(chip, value=value)


def _ends(value: str, texts: Texts) -> tuple[str, str]:
    """The first and the last date of a period as typed; "" is an open side."""
    match _TO.split(value):
        case [whole]:
            return whole, whole
        case [since, until] if since or until:
            return since, until
    raise QuestionError(texts.bad_date.format(value=value))


def _filtered(filters: Filters, chips: Sequence[Chip]) -> Filters:
    """The filters as these chips say; what has none stays."""
    return replace(
        filters,
        since=next((chip.since for chip in chips if chip.kind == "since"), None),
        until=next((chip.until for chip in chips if chip.kind == "until"), None),
        sources=tuple(dict.fromkeys(chip.value for chip in chips if chip.kind == "source")),
        language=next((chip.value for chip in chips if chip.kind == "language"), None),
        articles=filters.articles if any(chip.kind == "articles" for chip in chips) else (),
    )


def _without(constraints: Constraints, chip: Chip, new: Chip | None) -> Constraints:
    """The constraints with a chip's pieces gone, or as another chip says."""
    if chip.kind == "time":
        return replace(
            constraints,
            articles=_times(constraints.articles, chip, new),
            events=_times(constraints.events, chip, new),
        )
    outlets = [_outlet(outlet, chip.value, new) for outlet in constraints.outlets]
    return replace(constraints, outlets=tuple(outlet for outlet in outlets if outlet.sources))


def _times(
    times: Sequence[TimeExpression], chip: Chip, new: Chip | None
) -> tuple[TimeExpression, ...]:
    kept = []
    for time in times:
        if (time.since, time.until) != (chip.since, chip.until):
            kept.append(time)
        elif new:
            kept.append(replace(time, since=new.since, until=new.until))
    return tuple(kept)


def _outlet(outlet: Outlet, source: str, new: Chip | None) -> Outlet:
    """The outlet without a source, or with another, which is then surely meant."""
    if source not in outlet.sources:
        return outlet
    rest = [
        new.value if new and each == source else each
        for each in outlet.sources
        if new or each != source
    ]
    return replace(outlet, sources=tuple(dict.fromkeys(rest)), cued=outlet.cued or bool(new))


def chip_text(chip: Chip) -> str:
    """What stands in a chip's box: what `changed` reads, and would leave as it is."""
    if chip.kind in ("since", "until"):
        return str(chip.since or chip.until)
    if chip.kind != "time":
        return chip.value
    first, last = _shortest(chip.since, chip.until)
    return str(first) if first == last else f"{first or ''} – {last or ''}".strip()


def _period(since: date | None, until: date | None, texts: Texts) -> str:
    if since and until:
        first, last = _shortest(since, until)
        return texts.day(first) if first == last else f"{texts.day(first)} – {texts.day(last)}"
    if since:
        return texts.from_day.format(day=texts.day(PartialDate.of(since)))
    assert until is not None
    return texts.to_day.format(day=texts.day(PartialDate.of(until)))


def _shortest(since: date | None, until: date | None) -> tuple[PartialDate | None, ...]:
    """Both ends as years, else as months, else as days: the first of these that means them."""
    for parts in (1, 2, 3):
        first, last = (
            PartialDate(*(day.year, day.month, day.day)[:parts]) if day else None
            for day in (since, until)
        )
        if (not first or first.first == since) and (not last or last.last == until):
            break
    return first, last
