"""Atom: one time in a text before its neighbours are read, such as "March" or "11 janvier 2017"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from qa.language.dates.period import Period, latest
from qa.language.vocabulary import Words, plain

NEAR = 60  # characters around a word of time in which its expression lies


@dataclass(frozen=True, slots=True)
class Atom:
    """Days named by a few words.

    Attributes:
        start, end: where in the text.
        readings: what may be meant, usually one period.
        of_year: for a date without a year, the period in a given one.
        coming: for a weekday alone, the next such day.
        lends: the year that a date without one, beside this one, takes from it.
        late: it names the end of something, so that "before" it means up to its last day.
    """

    start: int
    end: int
    readings: tuple[Period, ...]
    of_year: Callable[[int], Period | None] | None = None
    coming: Period | None = None
    lends: int | None = None
    late: bool = False


@dataclass(frozen=True, slots=True)
class Scan:
    """A text that is read: as written, without case and accents, and the day it is read on."""

    text: str
    plain: str
    today: date
    words: Words

    @classmethod
    def of(cls, text: str, today: date, words: Words) -> Scan:
        """Prepare a text."""
        return cls(text, plain(text), today, words)

    def before(self, position: int) -> str:
        """The word before a position, without case and accents; empty at the start."""
        found = re.search(
            r"([^\W_]+)['’]?[\s\"«“(-]*$", self.plain[max(0, position - NEAR) : position]
        )
        return found.group(1) if found else ""

    def after(self, position: int) -> str:
        """The word that follows after spaces only; empty where something else stands."""
        found = re.match(r" +([^\W_]+)", self.plain[position : position + NEAR])
        return found.group(1) if found else ""

    def capital(self, position: int) -> bool:
        """Whether a capital stands there."""
        return position < len(self.text) and self.text[position].isupper()

    def atom(
        self, match: re.Match[str], period: Period | None, *, late: bool = False
    ) -> Atom | None:
        """What a match names, when that exists."""
        if period is None:
            return None
        same_year = period.since.year == period.until.year
        lends = period.since.year if same_year and (period.until - period.since).days < 31 else None
        return Atom(match.start(), match.end(), (period,), lends=lends, late=late)

    def dated(
        self,
        match: re.Match[str],
        year: int | None,
        of_year: Callable[[int], Period | None],
        *,
        late: bool = False,
    ) -> Atom | None:
        """A date with its year, or the latest such date with the year left open."""
        if year is not None:
            return self.atom(match, of_year(year), late=late)
        period = latest(of_year, self.today)
        if period is None:
            return None
        return Atom(match.start(), match.end(), (period,), of_year=of_year, late=late)


Build = Callable[[re.Match[str], Scan], Atom | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern over plain text, and what its matches name, if anything."""

    pattern: re.Pattern[str]
    build: Build

    def find(self, scan: Scan, start: int, end: int) -> Iterator[Atom]:
        """All times that the rule sees in a part of the text; other rules' may overlap them."""
        for match in self.pattern.finditer(scan.plain, start, end):
            atom = self.build(match, scan)
            if atom is not None:
                yield atom


def rule(pattern: str, build: Build) -> Rule:
    """A rule whose pattern neither begins nor ends inside a word or a number."""
    start = r"(?:(?<![\w.,$€£#/-])|(?<=[a-z]{3}-))"
    return Rule(re.compile(rf"{start}(?:{pattern})(?![\w%€$£]|[.,/]\d)"), build)
