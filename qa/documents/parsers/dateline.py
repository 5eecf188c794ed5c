"""The date that an article begins with: a line of its own, or a dateline.

    Publié le lundi 12 juin 2023 à 14h05
    Le Bocage, 12 juin 2023
    ORBEC, 12 juin 2023 (AFX) - Les éboueurs ont suspendu leur grève.

Only whole days. "03/07/2023" is one in French; in English it may be two, and then it is none.
"""

from __future__ import annotations

import re
from functools import cache

from babel.dates import get_month_names

from qa.documents.article import PartialDate

_LOOKED_AT = 8  # lines
_LONGEST_LINE = 100
_LEAD = r"(?:publi(?:é|ée|shed)|posted|paru|mis en ligne|date|on|le|du|\s|:)*"
_WEEKDAY = (
    r"(?:(?:(?:lun|mar|mercre|jeu|vendre|same)di|dimanche"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day),?\s+)?"
)
_TIME = r"(?:[\s,–—-]*(?:à|at)?\s*\d{1,2}\s?[h:]\s?(?:\d\d(?::\d\d)?)?\s*(?:[ap]\.?m\.?)?)?"
_PLACE = (
    r"(?:[^\W\d_][\w’'. -]{0,40}(?:,\s[^\W\d_][\w’'. -]{0,30})?(?:\s\([^()]{1,30}\))?\s?[,–—-]\s*)"
)
_AGENCY = r"(?:\s\([^()]{1,40}\))?"


def alone(line: str, *, french: bool) -> PartialDate | None:
    """The date of a line that holds nothing else, but for a weekday, a time or a place."""
    if len(line) > _LONGEST_LINE:
        return None
    match = _line().fullmatch(line.strip(" \t*_"))
    return _date(match, french=french) if match else None


def dateline(text: str, *, french: bool) -> PartialDate | None:
    """The date that stands above a text or opens its first sentence; None without one."""
    for line in text.split("\n")[:_LOOKED_AT]:
        match = _opening().match(line)
        date = alone(line, french=french) or (_date(match, french=french) if match else None)
        if date is not None:
            return date
    return None


def _date(match: re.Match[str], *, french: bool) -> PartialDate | None:
    """The day that a match names; None for 31 June and for what may be two days."""
    day, month, year = (
        next((value for name, value in match.groupdict().items() if value and name[0] == part), "")
        for part in "dmy"
    )
    if match["d_figures"] and not french and day != month:
        if int(day) <= 12 and int(month) <= 12:
            return None
        if int(month) > 12:
            day, month = month, day
    number = int(month) if month.isdigit() else _months()[month.lower().rstrip(".")]
    try:
        return PartialDate(int(year), number, int(day))
    except ValueError:
        return None


@cache
def _months() -> dict[str, int]:
    """The names of the months in both languages, long and short, to their numbers."""
    return {
        name.lower().rstrip("."): number
        for locale in ("fr", "en")
        for width in ("wide", "abbreviated")
        for number, name in get_month_names(width, locale=locale).items()
    } | {"sept": 9}


def _pattern() -> str:
    months = "|".join(sorted(map(re.escape, _months()), key=len, reverse=True))
    return (
        rf"(?:(?P<d>\d{{1,2}})(?:er|st|nd|rd|th)?\s(?P<m>{months})\.?,?\s(?P<y>\d{{4}})"
        rf"|(?P<m_us>{months})\.?\s(?P<d_us>\d{{1,2}})(?:st|nd|rd|th)?,?\s(?P<y_us>\d{{4}})"
        r"|(?P<y_iso>\d{4})-(?P<m_iso>\d\d)-(?P<d_iso>\d\d)"
        r"|(?P<d_figures>\d{1,2})[/.](?P<m_figures>\d{1,2})[/.](?P<y_figures>\d{4}))(?!\d)"
    )


@cache
def _line() -> re.Pattern[str]:
    return re.compile(rf"(?:{_PLACE})?{_LEAD}{_WEEKDAY}{_pattern()}{_TIME}\.?", re.I)


@cache
def _opening() -> re.Pattern[str]:
    return re.compile(rf"{_PLACE}{_LEAD}{_WEEKDAY}{_pattern()}{_AGENCY}\s*[–—:-]\s", re.I)
