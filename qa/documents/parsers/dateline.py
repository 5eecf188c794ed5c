"""The date that an article begins with: a line of its own, or a dateline.

    Publié le lundi 12 juin 2023 à 14h05
    Le Bocage, 12 juin 2023
    ORBEC, 12 juin 2023 (AFX) - Les éboueurs ont suspendu leur grève.

Only whole days, in the forms of `dates`. "03/07/2023" is one in French; in English it may be two,
and then it is none.
"""

from __future__ import annotations

import re

from qa.documents.article import PartialDate
from qa.documents.parsers.dates import in_line

_LOOKED_AT = 8  # lines
_LONGEST_LINE = 100
_LEAD = r"(?:(?:publi(?:é|ée|shed)|posted|paru|mis en ligne|date|on|le|du)\b|\s|:)*+"
_WEEKDAY = (
    r"(?:(?:(?:lun|mar|mercre|jeu|vendre|same)di|dimanche"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:mon|tue|wed|thu|fri|sat|sun)\b\.?"
    r"|(?:lun|mar|mer|jeu|ven|sam|dim)\.),?\s+)?"
)
_TIME = (
    r"(?:[\s,–—-]*(?:à|at)?\s*\d{1,2}\s?[h:.]\s?(?:\d\d(?::\d\d)?)?\s*(?:[ap]\.?m\.?)?"
    r"(?:\s(?:GMT|UTC|BST|CES?T|[ECMP][SD]?T))?)?"
)
_PUBLISHED = re.compile(r"(?i)\W*(?:publi[és]|posted|paru|mis en ligne)")
_PROSE = 12  # words
_PLACE = (
    r"(?:[^\W\d_][\w’'. -]{0,40}(?:,\s[^\W\d_][\w’'. -]{0,30})?(?:\s\([^()]{1,30}\))?\s?[,–—-]\s*)"
)
_WRITER = r"(?:(?:par|by)\s[^\W\d_][\w’'. -]{1,50}?,?\s)?"
_BEFORE = re.compile(rf"{_PLACE}?{_LEAD}{_WRITER}{_LEAD}{_TIME}[\s,–—-]*{_LEAD}{_WEEKDAY}", re.I)
_AFTER = re.compile(rf"{_TIME}(?:[\s,–—-]+(?:par|by)\s[^\W\d_][\w’'. -]{{1,50}})?\.?", re.I)
_OPENING = re.compile(rf"{_PLACE}{_LEAD}{_WEEKDAY}", re.I)
_OPENED = re.compile(r"(?:\s\([^()]{1,40}\))?\s*[–—:-]\s")
CHANGED = re.compile(r"(?i)modif|updat|revis|mis\w*\s+à\s+jour|changed|actualis")
# Where another statement may begin within a line: "Publié le …, mis à jour le … | Par …".
_STATEMENTS = re.compile(
    r"(?i)\s*[|·•]\s*|\s/\s|[\s,;.(–—-]*(?=\b(?:publi[és]|posted|paru|mise?\s|modif|last|updat|actualis))"
)


def alone(line: str, *, french: bool) -> PartialDate | None:
    """The date of a line that holds nothing else, but for a weekday, time, place or writer."""
    return _stated(line.strip(" \t*_"), "fr" if french else None)


def of_publication(line: str, tag: str | None) -> PartialDate | None:
    """The date of a line that says when an article was published, by whom, and nothing else.

    Args:
        tag: the article's language, by which "03/07/2023" is read.
    """
    if len(line) > 2 * _LONGEST_LINE:
        return None
    statements = (part for part in _STATEMENTS.split(line) if not CHANGED.search(part))
    dates = (_stated(statement.strip(" ),;"), tag) for statement in statements)
    return next((date for date in dates if date), None)


def dateline(text: str, *, french: bool) -> PartialDate | None:
    """The date that stands above a text or opens its first sentence; None without one.

    Below the first sentences a line has to say that it is of publication: others head passages.
    """
    prose = False
    for line in text.split("\n")[:_LOOKED_AT]:
        date, begin, end = _first_day(line[: 2 * _LONGEST_LINE], "fr" if french else None)
        if date and _OPENING.fullmatch(line, 0, begin) and _OPENED.match(line, end):
            return date
        if (date := alone(line, french=french)) and (not prose or _PUBLISHED.match(line)):
            return date
        prose = prose or (len(line.split()) >= _PROSE and line.rstrip()[-1:] in ".!?…")
    return None


def _stated(statement: str, tag: str | None) -> PartialDate | None:
    date, begin, end = _first_day(statement[: _LONGEST_LINE + 1], tag)
    stated = _BEFORE.fullmatch(statement, 0, begin) and _AFTER.fullmatch(statement, end)
    return date if stated and len(statement) <= _LONGEST_LINE else None


def _first_day(line: str, tag: str | None) -> tuple[PartialDate | None, int, int]:
    days = (found for found in in_line(line, tag) if found[0].day)
    return next(days, (None, 0, 0))
