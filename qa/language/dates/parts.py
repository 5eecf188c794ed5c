"""Pieces: years, decades, seasons, quarters, and the parts of them."""

from __future__ import annotations

import re

from qa.language.dates.groups import century, given_year, part_of, sane
from qa.language.dates.match import Atom, Scan
from qa.language.dates.period import Period, edge, months, season, years
from qa.language.dates.years import is_year
from qa.language.vocabulary import lookup


def part_of_year(match: re.Match[str], scan: Scan) -> Atom | None:
    year = given_year(match, scan)
    if year is None or not 1600 <= year <= 2199:
        return None
    return part_of(match, scan, year, lambda year: years(year, year))


_TENS = {"vingt": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60}
_TENS |= {"soixante-dix": 70, "quatre-vingt": 80, "quatre-vingts": 80, "quatre-vingt-dix": 90}


def decade_of(match: re.Match[str], scan: Scan) -> Atom | None:
    text = match["decade"].strip("'")
    first = int(text) if text.isdigit() else _TENS[text]
    if first < 100:
        if first < 20 and not text.startswith("0"):
            return None
        first = century(first, scan)
    if not sane(first) or scan.before(match.start("decade")) in ("age", "his", "her", "their"):
        return None
    # English says "the 1600s" of a century, "the 2000s" still of a decade.
    length = 100 if scan.words.language == "en" and first % 100 == 0 and first < 2000 else 10
    return part_of(match, scan, first, lambda year: years(year, year + length - 1))


def season_of_year(match: re.Match[str], scan: Scan) -> Atom | None:
    year, number = int(match["year"]), scan.words.seasons[match["season"]]
    before = scan.before(match.start())
    if match["season"] == "ete" and before in (
        "a",
        "ont",
        "avait",
        "avoir",
        "ayant",
        "aurait",
        "ai",
    ):
        return None
    if match["season"] == "fall" and " in " in match.group():
        return None  # "Did Kabul fall in 2021?": the season is "fall 2021" or "the fall of 2021"
    if match["next"]:
        year += 1
    if not sane(year):
        return None
    return part_of(match, scan, year, lambda year: season(year, number))


def piece_of(match: re.Match[str], scan: Scan) -> Atom | None:
    number, year = lookup(scan.words.ordinals, match["ordinal"]), given_year(match, scan)
    kind = match["piece"]
    if year is None and (number == -1 or kind == "half"):
        return None  # counted from today; the first half of a match
    if kind in ("half", "semestre"):
        return _months_of(match, scan, year, 6, number)
    return _months_of(match, scan, year, 3, number)


def short_piece(match: re.Match[str], scan: Scan) -> Atom | None:
    letter = match["letter"] or match["letter2"]
    number = int(match["digit"] or match["digit2"])
    year = given_year(match, scan) or given_year(match, scan, "year2")
    if letter not in ("ts" if scan.words.language == "fr" else "qh"):
        return None
    if year is None and (
        letter in "hts" or scan.before(match.start()) not in ("in", "for", "during", "since")
    ):
        return None
    return _months_of(match, scan, year, 3 if letter in "qt" else 6, number)


def _months_of(
    match: re.Match[str], scan: Scan, year: int | None, size: int, number: int
) -> Atom | None:
    number = 12 // size if number == -1 else number
    if not 1 <= number <= 12 // size or not sane(year):
        return None
    last = number * size
    return scan.dated(match, year, lambda year: months(year, last - size + 1, last))


def edge_of(match: re.Match[str], scan: Scan) -> Atom | None:
    count = scan.words.number(match["count"])
    unit = scan.words.unit(match["unit"])
    if not count or unit == "hour":
        return None
    last, name = match["edge"] in ("last", "dernier"), match["month"]
    year = given_year(match, scan) or given_year(match, scan, "year2")

    def of_year(year: int) -> Period | None:
        month = scan.words.months[name] if name else None
        whole = months(year, month, month) if month else years(year, year)
        return edge(whole, count, unit, last=last)

    return scan.dated(match, year, of_year) if sane(year) else None


def year_range(match: re.Match[str], scan: Scan) -> Atom | None:
    first, second = int(match["first"]), int(match["second"])
    if len(match["second"]) == 2:
        second += first // 100 * 100 + (100 if second < first % 100 else 0)
    if not (1600 <= first < second <= 2199 and second - first <= 100):
        return None
    return scan.atom(match, years(first, second))


def bare_year(match: re.Match[str], scan: Scan) -> Atom | None:
    year = int(match["year"])
    if not is_year(year, match.start(), match.end(), scan):
        return None
    return scan.atom(match, years(year, year))
