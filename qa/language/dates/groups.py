"""Groups: what the named groups of a match say, the same for all rules."""

from __future__ import annotations

import re
from collections.abc import Callable

from qa.language.dates.match import Atom, Scan
from qa.language.dates.period import Period, third
from qa.language.vocabulary import Words, lookup


def given_year(match: re.Match[str], scan: Scan, name: str = "year") -> int | None:
    """The year that a match gives, in digits or words; None when it gives none."""
    text = match.groupdict().get(name)
    if text is None:
        return None
    if text.startswith("'"):
        return century(int(text[1:]), scan)
    return int(text) if text.isdigit() else scan.today.year + lookup(scan.words.year_words, text)


def century(two_digits: int, scan: Scan) -> int:
    year = scan.today.year // 100 * 100 + two_digits
    return year if year <= scan.today.year + 10 else year - 100


def sane(year: int | None) -> bool:
    return year is None or 1600 <= year <= 2199


def month_number(match: re.Match[str], words: Words) -> int:
    name = match["month"].rstrip(".")
    return words.months.get(name) or lookup(words.abbreviations, name)


def day_number(text: str) -> int:
    return 1 if text == "premier" else int(re.sub(r"\D", "", text))


def part_of(
    match: re.Match[str], scan: Scan, year: int | None, whole: Callable[[int], Period]
) -> Atom | None:
    if not match["part"]:
        return scan.dated(match, year, whole)
    part = lookup(scan.words.parts, match["part"])
    return scan.dated(match, year, lambda year: third(whole(year), part), late=part == 2)
