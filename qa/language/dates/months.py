"""Months: "March 2018" and "in March", but not the verb, the planet or the prime minister."""

from __future__ import annotations

import re

from qa.language.dates.groups import given_year, month_number, part_of, sane
from qa.language.dates.match import Atom, Scan
from qa.language.dates.period import months
from qa.language.vocabulary import ENGLISH, FRENCH, either

# Months that a list has before: "in March, April and May".
_LISTED = {words.language: f"(?:{either(words.months)}, )*" for words in (FRENCH, ENGLISH)}
# What must stand before a month that has neither day nor year.
_MONTH_CUE = {
    "en": re.compile(
        r"(?:in|since|until|till|last|this|next|during|from|and|to|between|through|before|after|by"
        r"|of|or) (?:late |early |mid-?)?" + _LISTED["en"] + "$"
    ),
    "fr": re.compile(
        r"(?:\b(?:en|ici|depuis|avant|apres|entre|et|a|des|de|ce|ou|mois de|mois d'|jusqu'en"
        r"|jusqu'a|a partir de)|\b(?:d'|jusqu'a|mois d')|(?:fin|debut|courant|mi)) ?-?"
        + _LISTED["fr"]
        + "$"
    ),
}
_NOT_A_MONTH_AFTER = re.compile(
    r" (?:madness|for our|of dimes|carter|o'neil|wilson)\b|['’]s (?!\d)"
)


_IN = re.compile(r" in (?:the )?\S+$")


def month_of_year(match: re.Match[str], scan: Scan) -> Atom | None:
    year, month = given_year(match, scan), month_number(match, scan.words)
    if not sane(year) or _is_planet(match, scan):
        return None
    if _IN.search(match.group()) and not _stands_alone(match, scan):
        return None  # "Theresa May in 2019"
    return part_of(match, scan, year, lambda year: months(year, month, month))


def bare_month(match: re.Match[str], scan: Scan) -> Atom | None:
    month = scan.words.months[match["month"]]
    if not _stands_alone(match, scan) or (
        match["part"] is None and _NOT_A_MONTH_AFTER.match(scan.plain, match.end())
    ):
        return None
    return part_of(match, scan, None, lambda year: months(year, month, month))


def _stands_alone(match: re.Match[str], scan: Scan) -> bool:
    """Whether what is before a month's name makes it the month."""
    cued = _MONTH_CUE[scan.words.language].search(scan.plain[: match.start("month")])
    return match["part"] is not None or (cued is not None and not _other_word(match, scan))


# Where "May" and "March" are rather a person and a demonstration.
_MAY_CUE = re.compile(r"\b(?:in|since|until|till|last|this|next|during|early|late|mid)[ -]$")
_MAY_BETWEEN = re.compile(
    r"\b(?:from|between) $|\b(?:january|february|march|april)(?: \d+)?(?:,| to|,? and|,? or) $"
)
_ENDS = re.compile(r" *(?:[?.,;:!)]|$)")


def _other_word(match: re.Match[str], scan: Scan) -> bool:
    """Whether a month's name is here a verb, a person or a planet."""
    name, start, cue = match["month"], match.start("month"), scan.before(match.start("month"))
    if scan.words.language == "fr":
        return _is_planet(match, scan) or (name == "mars" and cue in ("et", "ou", "a", "des"))
    if name not in ("may", "march"):
        return cue in ("and", "or", "to") and not scan.capital(start)
    before = scan.plain[:start]
    if _MAY_CUE.search(before) or _MAY_BETWEEN.search(before):
        return False
    if not scan.capital(start):
        return True
    return not (cue in ("before", "after", "by", "of") and _ENDS.match(scan.plain, match.end()))


def _is_planet(match: re.Match[str], scan: Scan) -> bool:
    """Mars with a capital, unless after "en", "fin" or the like."""
    start = match.start("month")
    if match["month"] != "mars" or not scan.capital(start):
        return False
    return match["part"] is None and scan.before(start) not in ("en", "depuis", "jusqu", "avant")
