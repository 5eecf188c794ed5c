"""Whether four digits are a year: "in 2017", "the 2015 law", but not "2017 soldiers"."""

from __future__ import annotations

import re

from qa.language.dates.match import Scan
from qa.language.terms import only_stop_words

# What is numbered rather than dated; the number follows.
_NUMBERED = frozenset(
    """
    peugeot windows route room chambre no numero resolution article section rtx flight vol
    page film roman livre novel book movie boeing airbus decret directive runner lot channel
    canal porsche area zone chapter mars sims fifa
    """.split()
)
_CUES = {
    "en": frozenset("in since of by from until till before after during between year".split()),
    "fr": frozenset("en depuis avant apres annee an entre de debut fin courant des".split()),
}
_DETERMINERS = frozenset("les des ces ses leurs aux the d l".split())
_TO_NUMBER = re.compile(r" ?(?:-|to|and|or|a|et|ou) (\d[\d.,]*)")
_MONEY = re.compile(r" ?(?:%|€|\$|£|°)")
_BOUND = (1700, 2100)
_AHEAD = 10  # years after today that a bare number may name


def is_year(year: int, start: int, end: int, scan: Scan) -> bool:
    """Whether the number at [start, end) of a text is a year."""
    before, after = scan.before(start), scan.after(end)
    quoted = re.search(r"[\"«“'‘] ?$", scan.text[:start]) and re.match(
        r" ?[\"»”'’](?!s)", scan.text[end:]
    )
    if not _BOUND[0] <= year <= _BOUND[1] or quoted:
        return False
    if before in scan.words.amounts or after in scan.words.counted or before in _NUMBERED:
        return False
    if _MONEY.match(scan.plain, end) or _other_number(scan.plain[end:]):
        return False
    cued = before in _CUES[scan.words.language]
    if year > scan.today.year + _AHEAD:
        return cued or before in ("ici", "horizon")
    if after and _plural(after) and not scan.capital(end + 1):
        return _dates_what_follows(before, cued, scan)
    return True


def _other_number(rest: str) -> bool:
    """Whether a range goes on to a number that is no year: "2000 to 3000 soldiers"."""
    match = _TO_NUMBER.match(rest)
    if not match:
        return False
    number = match.group(1).rstrip(".,")
    return len(number) > 4 or (number.isdigit() and len(number) == 4 and int(number) > _BOUND[1])


def _plural(word: str) -> bool:
    return word.endswith(("s", "x")) and len(word) > 3 and not only_stop_words(word)


def _dates_what_follows(before: str, cued: bool, scan: Scan) -> bool:
    """Before a plural: "the 2015 elections" and "les élections 2017 françaises" have a year,
    "2017 soldiers" and "les 2015 soldats" an amount."""
    if scan.words.language == "en":
        return cued or before == "the" or before.endswith("s")
    if before in ("de", "des"):
        return False
    return cued or (bool(before) and before not in _DETERMINERS and not only_stop_words(before))
