"""Dates of publication, in the forms that news data has them.

ISO 8601 and what is near it (2023/06/30, 20230630T1000Z), RFC 822, dates with the name of a month
in French or English, day and month as numbers, and seconds, milliseconds or microseconds since
1970. The time of day is dropped, so a date is the day on the publisher's clock; of a number of
seconds it is the day in Greenwich.

"03/07/2023" is 3 July in a French article and 7 March in one from the United States ("en-US").
Elsewhere it may be either, so only the year is known. No date library: those read "hier" and
"some day 3", too.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache

from babel.dates import get_month_names

from qa.documents.article import PartialDate

# Characters: a field with more is prose, in which a date is not that of publication.
_LONGEST = 100
# "0001-01-01" is how some programs write that there is none.
_EARLIEST = 1400
_COMPACT = re.compile(r"((?:1[4-9]|20)\d\d)(\d\d)(\d\d)(?:T?\d{4}(?:\d\d)?(?:Z|[+-]\d{4})?)?", re.A)
_EPOCH = re.compile(r"\d{9,10}(?:\.\d+)?|\d{12,13}|\d{15,16}", re.A)
_CENTURY = 69  # of years with two digits, those below are of this one


def published(value: object, language: str | None = None) -> PartialDate | None:
    """The date that a field holds; None for an empty one.

    Args:
        value: text, a number, a date or a datetime.
        language: of the article, a code or a tag, which decides what "03/07/2023" means.
    Raises:
        ValueError: there is something, but not one date.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = " ".join(value.split()) if isinstance(value, str) else value
    try:
        date = PartialDate.of(text)
    except ValueError:
        date = _other(str(text), language)
    if date is not None and date.year < _EARLIEST:
        raise ValueError(f"the year {date.year} is none of a newspaper")
    return date


def in_line(text: str, language: str | None = None) -> list[tuple[PartialDate, int, int]]:
    """The full dates in a short text, with where each begins and ends; impossible ones left out."""
    found = []
    for match in _pattern().finditer(text):
        try:
            date = _from(match, language)
        except ValueError:
            continue
        if date.year >= _EARLIEST:
            found.append((date, match.start(), match.end()))
    return found


def _other(text: str, language: str | None) -> PartialDate:
    if match := _COMPACT.fullmatch(text):
        return PartialDate(*map(int, match.groups()))
    if _EPOCH.fullmatch(text):
        whole = len(text.partition(".")[0])
        seconds = float(text) / 1000 ** ((whole - 9) // 3)
        return PartialDate.of(datetime.fromtimestamp(seconds, UTC)) or PartialDate(1970)
    matches = list(_pattern().finditer(text[: _LONGEST + 1]))
    if len(text) > _LONGEST or len(matches) != 1:
        raise ValueError(f"{text!r:.60} is not one date")
    return _from(matches[0], language)


@cache
def _months() -> dict[str, int]:
    """The number of each month by its names, long and short, in lower case."""
    numbers = {"sept": 9, "fevrier": 2, "aout": 8, "decembre": 12, "fev": 2, "dec": 12}
    for locale in ("fr", "en"):
        for width in ("wide", "abbreviated"):
            names = get_month_names(width, locale=locale)
            numbers |= {name.lower().rstrip("."): number for number, name in names.items()}
    return numbers


@cache
def _pattern() -> re.Pattern[str]:
    month = "|".join(sorted(map(re.escape, _months()), key=len, reverse=True))
    forms = (
        (
            rf"(?P<d1>\d{{1,2}})(?:er|st|nd|rd|th)?(?:\s+of)?[\s.-]+(?P<m1>{month})\b[.,]?[\s.-]*"
            r"(?P<y1>\d{4}|\d{2}(?=\s+\d\d:\d\d))"
        ),
        (
            rf"(?P<m2>{month})\b\.?\s+(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?"
            r"(?:,?\s+|\s+[\d:]+\s+(?:[A-Z]+\s+)?)(?P<y2>\d{4})"
        ),
        r"(?P<y3>\d{4})(?P<s3>[-/.])(?P<m3>\d{1,2})(?P=s3)(?P<d3>\d{1,2})",
        r"(?P<a4>\d{1,2})(?P<s4>[/.-])(?P<b4>\d{1,2})(?P=s4)(?P<y4>\d{4})",
        rf"(?P<m5>{month})\b\.?,?\s+(?P<y5>\d{{4}})",
    )
    return re.compile(rf"(?<![\w/])(?:{'|'.join(forms)})(?!\d|[/-]\d)", re.I)


def _from(match: re.Match[str], language: str | None) -> PartialDate:
    """The date of a match.

    Raises:
        ValueError: there is no such day.
    """
    part = {name[0]: text for name, text in match.groupdict().items() if text}
    year = int(part["y"])
    if len(part["y"]) == 2:
        year += 2000 if year < _CENTURY else 1900
    if "a" in part:
        tag = "fr" if part["s"] == "." else (language or "").lower().replace("_", "-")
        return _by_numbers(int(part["a"]), int(part["b"]), year, tag)
    month = part["m"]
    number = int(month) if month.isdecimal() else _months()[month.lower()]
    return PartialDate(year, number, int(part["d"]) if "d" in part else None)


def _by_numbers(first: int, second: int, year: int, tag: str) -> PartialDate:
    if tag.startswith("fr") or first > 12 or first == second:
        return PartialDate(year, second, first)
    if second > 12 or tag == "en-us":
        return PartialDate(year, first, second)
    return PartialDate(year)
