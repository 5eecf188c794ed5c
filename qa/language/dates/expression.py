"""TimeExpression: words of a question that name days, and the days that they name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from qa.language.sentences import Span


@dataclass(frozen=True, slots=True)
class TimeExpression:
    """A closed interval of days, named in a text.

    Two expressions on one span are two readings of it: "11/01/2017" in English.

    Attributes:
        span: where in the text, with the word that opens a side ("since", "avant").
        since: first day; None when that side is open ("before 2019").
        until: last day; None when that side is open ("depuis 2015").
    """

    span: Span
    since: date | None
    until: date | None
