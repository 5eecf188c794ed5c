"""Days: what a match of figures and month names means, from "3-7 May" to "11/01/2017"."""

from __future__ import annotations

import re
from dataclasses import replace

from qa.language.dates.groups import century, day_number, given_year, month_number, sane
from qa.language.dates.match import Atom, Scan
from qa.language.dates.period import ONE, Period, day, latest, months
from qa.language.vocabulary import lookup

# Days that are called by their date alone.
_FAMOUS = {(9, 11): 2001, (11, 13): 2015, (1, 6): 2021, (10, 7): 2023}
_ATTACK = re.compile(r"[ -](?:terror(?:ist)? )?(?:attacks?|insurrection|riots?)\b")
_SOON = 183  # days ahead in which a date with its weekday is rather sought than years back
_ATTACKED = re.compile(r"(?:attentats?|attaques?|assaut) d(?:u|e) $")


def one_day(match: re.Match[str], scan: Scan) -> Atom | None:
    year, month = given_year(match, scan), month_number(match, scan.words)
    number = day_number(match["day"])
    if not sane(year):
        return None
    if year is None and _famous(match, scan, month, number):
        year = _FAMOUS[month, number]
    named = match["weekday"]

    def of_year(year: int) -> Period | None:
        return day(year, month, number)

    def on_its_weekday(year: int) -> Period | None:
        found = day(year, month, number)
        return found if found and found.since.weekday() == scan.words.weekdays[named] else None

    if match.groupdict().get("coming"):
        this = day(scan.today.year, month, number)
        year = scan.today.year + bool(this and this.since < scan.today)
    atom = scan.dated(match, year, of_year)
    if atom and named and year is None:  # "Monday 9 January" was in 2017
        period = latest(on_its_weekday, scan.today)
        coming = on_its_weekday(scan.today.year) or on_its_weekday(scan.today.year + 1)
        if coming and 0 < (coming.since - scan.today).days <= _SOON:
            period = coming
        return replace(atom, readings=(period,), of_year=None) if period else atom
    return atom


def _famous(match: re.Match[str], scan: Scan, month: int, number: int) -> bool:
    return (month, number) in _FAMOUS and bool(
        _ATTACK.match(scan.plain, match.end()) or _ATTACKED.search(scan.plain[: match.start()])
    )


def day_of_attack(match: re.Match[str], scan: Scan) -> Atom | None:
    return scan.atom(match, day(2001, 9, 11))


def days(match: re.Match[str], scan: Scan) -> Atom | None:
    month, year = month_number(match, scan.words), given_year(match, scan)
    first, last = day_number(match["day"]), day_number(match["last"])
    if not sane(year) or first >= last:
        return None

    def of_year(year: int) -> Period | None:
        since, until = day(year, month, first), day(year, month, last)
        return Period(since.since, until.until) if since and until else None

    return scan.dated(match, year, of_year)


def week_of(match: re.Match[str], scan: Scan) -> Atom | None:
    month, number = month_number(match, scan.words), day_number(match["day"])
    given = given_year(match, scan)

    def of_year(year: int) -> Period | None:
        first = day(year, month, number)
        return Period(first.since, first.since + 6 * ONE) if first else None

    return scan.dated(match, given, of_year) if sane(given) else None


def week_of_month(match: re.Match[str], scan: Scan) -> Atom | None:
    month, number = scan.words.months[match["month"]], lookup(scan.words.ordinals, match["ordinal"])
    kind, given = match["week"], given_year(match, scan)
    size = {"half": 15, "fortnight": 15, "quinzaine": 15, "days": 5, "jours": 5}.get(kind, 7)

    def of_year(year: int) -> Period | None:
        whole = months(year, month, month)
        if kind in ("weekend", "week-end"):
            saturdays = [whole.since + k * ONE for k in range(31)]
            saturdays = [d for d in saturdays if d.weekday() == 5 and d <= whole.until]
            first = saturdays[number - 1 if number > 0 else -1]
            return Period(first, first + ONE)
        if number == -1 or (size == 15 and number == 2):
            until = whole.until
            since = whole.since + 15 * ONE if size == 15 else until - (size - 1) * ONE
            return Period(since, until)
        since = whole.since + (number - 1) * size * ONE
        if since > whole.until:
            return None  # the fourth half
        return Period(since, min(since + (size - 1) * ONE, whole.until))

    return scan.dated(match, given, of_year) if sane(given) else None


def iso(match: re.Match[str], scan: Scan) -> Atom | None:
    year, month = int(match["year"]), int(match["m"])
    if not sane(year) or not 1 <= month <= 12:
        return None
    number = match.groupdict().get("d")
    if number is None and f"{month:02d}" == str(year + 1)[2:]:
        return None  # 2011-12: rather a season
    return scan.atom(match, day(year, month, int(number)) if number else months(year, month, month))


def figures(match: re.Match[str], scan: Scan) -> Atom | None:
    a, b, year = int(match["a"]), int(match["b"]), int(match["year"])
    if len(match["year"]) == 2:
        year = century(year, scan)
    if not sane(year):
        return None
    day_first = day(year, b, a)
    if scan.words.language == "fr" or match["sep"] == ".":
        return scan.atom(match, day_first)
    found = [period for period in (day_first, day(year, a, b)) if period]
    # English writes it both ways: two readings when both exist and differ.
    readings = tuple(dict.fromkeys(found))
    return Atom(match.start(), match.end(), readings, lends=year) if readings else None
