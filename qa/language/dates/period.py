"""Period: a closed interval of days, and the arithmetic of months, seasons and "ago".

Weeks run from Monday to Sunday. Seasons are generous: from the first day of the meteorological
season to the last of the astronomical one. Knows no words.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import MAXYEAR, MINYEAR, date, timedelta
from typing import NamedTuple

ONE = timedelta(days=1)

# How far back "the last few days" reaches, and "recent weeks"; set by eye.
FEW = {"day": 7, "week": 6, "month": 6, "quarter": 4, "year": 5, "decade": 3}

_DAYS = {"day": 1, "week": 7}
_EARLIEST, _LATEST = MINYEAR + 10, MAXYEAR - 10  # years, with room for the half of a decade
_MONTHS = {"month": 1, "quarter": 3, "year": 12, "decade": 120}
# Half of the unit: "two weeks ago" may be eleven days and seventeen.
_SLACK = {"hour": 0, "day": 0, "week": 3, "month": 15, "quarter": 45, "year": 182, "decade": 1826}


class Period(NamedTuple):
    """First and last day."""

    since: date
    until: date


def with_room(today: date) -> date:
    """The nearest day that has a century of the calendar on both sides."""
    return max(date(MINYEAR + 99, 1, 1), min(date(MAXYEAR - 99, 12, 31), today))


def day(year: int, month: int, number: int) -> Period | None:
    """One day; None for 30 February."""
    if not (MINYEAR < year < MAXYEAR and 1 <= month <= 12):
        return None
    if not 1 <= number <= monthrange(year, month)[1]:
        return None
    found = date(year, month, number)
    return Period(found, found)


def months(year: int, first: int, last: int) -> Period:
    """From the first day of month `first` to the last of month `last`, both of `year`."""
    return Period(date(year, first, 1), date(year, last, monthrange(year, last)[1]))


def years(first: int, last: int) -> Period:
    """From 1 January to 31 December."""
    return Period(date(first, 1, 1), date(last, 12, 31))


def season(year: int, number: int) -> Period:
    """Spring 0, summer 1, autumn 2; winter 3 is the one that ends in `year`."""
    if number == 3:
        return Period(date(year - 1, 12, 1), date(year, 3, 20))
    last = (date(year, 6, 20), date(year, 9, 22), date(year, 12, 20))[number]
    return Period(date(year, 3 + 3 * number, 1), last)


def third(period: Period, part: int) -> Period:
    """Early 0, mid 1 or late 2: ten days of a month, four months of a year, else thirds."""
    since, until = period
    if since.day == 1 and (since.month, until.month) == (1, 12) and until.day == 31:
        if since.year == until.year:
            return months(since.year, 4 * part + 1, 4 * part + 4)
        length = (until.year - since.year + 1) / 3
        return years(
            since.year + int(length * part), since.year + int(length * (part + 1) + 0.99) - 1
        )
    if since.day == 1 and 28 <= (until - since).days + 1 <= 31:
        first = since.replace(day=10 * part + 1)
        return Period(first, until if part == 2 else first + 9 * ONE)
    length_in_days = (until - since).days + 1
    return Period(
        since + length_in_days * part // 3 * ONE,
        since + (length_in_days * (part + 1) // 3 - 1) * ONE,
    )


def edge(period: Period, count: int, unit: str, *, last: bool) -> Period:
    """The first or last `count` units of a period, cut at its other end."""
    if last:
        return Period(max(period.since, shift(period.until + ONE, -count, unit)), period.until)
    return Period(period.since, min(period.until, shift(period.since, count, unit) - ONE))


def shift(start: date, count: int, unit: str) -> date:
    """`count` units later; the last day of the month where the day does not exist there.

    No further than the calendar goes: "300 decades ago" is its first years.
    """
    if unit in _DAYS:
        return start + count * _DAYS[unit] * ONE
    total = start.year * 12 + start.month - 1 + count * _MONTHS[unit]
    year, month = max(_EARLIEST, min(_LATEST, total // 12)), total % 12 + 1
    return date(year, month, min(start.day, monthrange(year, month)[1]))


def calendar(unit: str, offset: int, today: date) -> Period:
    """This week (0), last month (-1), next year (1): whole units of the calendar."""
    if unit == "day":
        return Period(today + offset * ONE, today + offset * ONE)
    if unit in ("week", "weekend"):
        monday = today - today.weekday() * ONE + 7 * offset * ONE
        return Period(monday + 5 * ONE if unit == "weekend" else monday, monday + 6 * ONE)
    first = {"month": today.month, "quarter": (today.month - 1) // 3 * 3 + 1}.get(unit, 1)
    start = date(today.year - today.year % 10 if unit == "decade" else today.year, first, 1)
    start = shift(start, offset, unit)
    return Period(start, shift(start, 1, unit) - ONE)


def ago(count: int, unit: str, today: date) -> Period:
    """Around the day that lies `count` units back: half a unit to either side, not after today."""
    if unit == "hour":
        return Period(today - (count + 23) // 24 * ONE, today)
    middle = shift(today, -count, unit)
    return Period(middle - _SLACK[unit] * ONE, min(middle + _SLACK[unit] * ONE, today))


def past(count: int, unit: str, today: date) -> Period:
    """The `count` units that end today."""
    if unit == "hour":
        return ago(count, unit, today)
    return Period(shift(today, -count, unit), today)


def latest(of_year: Callable[[int], Period | None], today: date) -> Period | None:
    """The latest that has begun, such as the last 29 February; None when there never was one."""
    for year in range(today.year, max(MINYEAR + 1, today.year - 9), -1):
        found = of_year(year)
        if found and found.since <= today:
            return found
    return None


def weekday(number: int, today: date, *, offset: int | None = None) -> Period:
    """A day of the week, Monday 0: the latest up to today; offset -1 before, 1 after today."""
    back = (today.weekday() - number) % 7
    if offset == 1:
        back -= 7
    elif offset == -1 and back == 0:
        back = 7
    return calendar("day", -back, today)
