"""Reading: the times of a text put together: "between March and June 2018", "since last week"."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from functools import lru_cache

from qa.language.dates import absolute, relative
from qa.language.dates.expression import TimeExpression
from qa.language.dates.match import NEAR, Atom, Scan
from qa.language.dates.period import ONE, Period, with_room
from qa.language.sentences import Span
from qa.language.vocabulary import WORDS, Language, either

_BETWEEN = {
    "en": re.compile(r"(?:\b(?P<open>between|from)(?: the)? )?$"),
    "fr": re.compile(
        r"(?:\b(?P<open>entre|depuis|de|du|des)(?: le| la| l')? |\b(?P<open2>d'|de l'))?(?:le )?$"
    ),
}
_TO = {
    "en": re.compile(r" ?- ?| (?:to|until|till|through|up to)(?: the)? | (?P<and>and)(?: the)? "),
    "fr": re.compile(
        r" ?- ?| (?:a|au|aux|a la|jusqu'en|jusqu'au|jusqu'a|a l') ?(?:le )?"
        r"| (?P<and>et) (?:le |la |l')?"
    ),
}
_LIST = re.compile(
    r" ?, ?(?:and |et |or |ou )?| (?:and|et|or|ou)(?: on| in| en| the| le| du| de)* "
)
_THE = {"en": r"(?:(?:the|around|about) )?", "fr": r"(?:(?:le|la|les|l'|des) ?)?"}
_OPEN = {
    "en": (
        (
            "since",
            r"since(?: at least)?|as of|as from|(?:starting|beginning)(?: in| from| on)?",
        ),
        ("after", r"after|following|later than|post-?"),
        ("before", r"before|prior to|ahead of|earlier than|pre-?"),
        ("until", r"until|till|up to|up until|by|no later than|through"),
    ),
    "fr": (
        ("since", r"depuis|a partir d[eu]|a partir|a compter d[eu]|des"),
        ("after", r"apres|posterieure?s? a|posterieure?s? au|post-?"),
        ("before", r"avant|anterieure?s? a|anterieure?s? au|pre-?"),
        (
            "until",
            r"jusqu'(?:en|aux?|a)|jusque|d'ici(?: au?)?|au plus tard(?: le| en)?",
        ),
    ),
}
_ONWARDS = re.compile(
    r" (?:onwards?|and (?:after|later|onwards?)|et apres|on(?= |[?.,]|$)(?! \w*day))"
)


def time_expressions(text: str, language: str, today: date) -> list[TimeExpression]:
    """The times that a text names, in order.

    Args:
        text: a question or a sentence.
        language: "fr" or "en"; any other is read as English.
        today: the day from which "yesterday" counts; a date without a year is its latest up to it.
    Returns:
        Expressions with closed intervals; two with one span are two readings of it.
    """
    words = WORDS["fr" if language == "fr" else "en"]
    scan = Scan.of(text, with_room(today), words)
    rules = absolute.rules(words.language)
    if scan.today == today:  # nothing is counted from the 9999-12-31 of an article without a date
        rules += relative.rules(words.language)
    parts = _parts(scan)
    found = [atom for rule in rules for part in parts for atom in rule.find(scan, *part)]
    atoms = _lend_years(_longest(found), scan)
    expressions = []
    position = 0
    while position < len(atoms):
        atom = atoms[position]
        joined = _joined(atom, atoms[position + 1], scan) if position + 1 < len(atoms) else None
        position += 2 if joined else 1
        expressions += _opened(joined or atom, scan)
    return expressions


def _parts(scan: Scan) -> list[tuple[int, int]]:
    """The parts of a text, each of whole words, that can name a time; most texts have none."""
    parts: list[tuple[int, int]] = []
    for match in _trigger(scan.words.language).finditer(scan.plain):
        if parts and match.end() <= parts[-1][1] - NEAR // 2:
            continue
        start = scan.plain.rfind(" ", 0, max(0, match.start() - NEAR)) + 1
        end = scan.plain.find(" ", match.end() + NEAR)
        end = len(scan.plain) if end < 0 else end
        if parts and start <= parts[-1][1]:
            start = parts.pop()[0]
        parts.append((start, end))
    return parts


@lru_cache(maxsize=2)
def _trigger(language: Language) -> re.Pattern[str]:
    words = WORDS[language]
    names = (words.months, words.weekdays, words.seasons)
    return re.compile(
        r"\d|\b(?:" + "|".join([*map(either, names), either(words.units), relative.DAY_WORDS]) + ")"
    )


def _longest(atoms: list[Atom]) -> list[Atom]:
    """The longest, none overlapping another, in the order of the text."""
    kept: list[Atom] = []
    for atom in sorted(atoms, key=lambda atom: (atom.start - atom.end, atom.start)):
        if all(atom.end <= other.start or atom.start >= other.end for other in kept):
            kept.append(atom)
    return sorted(kept, key=lambda atom: atom.start)


def _lend_years(atoms: list[Atom], scan: Scan) -> list[Atom]:
    """Dates without a year take that of the date they are listed with, or of an earlier one."""
    lent: list[Atom] = []
    year: int | None = None
    for number, atom in enumerate(atoms):
        if atom.of_year:
            after = _listed_after(atoms, number, scan)
            if after is not None:
                atom = _in_year(atom, after, not_after=True)
            elif year is not None:
                atom = _in_year(atom, year, not_after=False)
        if atom.lends is not None:
            year = atom.lends
        lent.append(atom)
    return lent


def _listed_after(atoms: list[Atom], number: int, scan: Scan) -> Atom | None:
    """The dated atom at the end of a list that this one is in."""
    for this, following in zip(atoms[number:], atoms[number + 1 :], strict=False):
        between = scan.plain[this.end : following.start]
        if not (_LIST.fullmatch(between) or _TO[scan.words.language].fullmatch(between)):
            return None
        if not following.of_year:
            return following if following.lends is not None else None
    return None


def _in_year(atom: Atom, year: Atom | int, *, not_after: bool) -> Atom:
    assert atom.of_year
    number = year if isinstance(year, int) else year.lends
    assert number is not None
    period = atom.of_year(number)
    if period and not_after and isinstance(year, Atom) and period.since > year.readings[0].until:
        period = atom.of_year(number - 1)  # "from November to February 2018"
    return replace(atom, readings=(period,), of_year=None, lends=number) if period else atom


def _joined(first: Atom, second: Atom, scan: Scan) -> Atom | None:
    """Both as one interval: "from A to B", "A-B"; "A and B" only after "between"."""
    language = scan.words.language
    to = _TO[language].fullmatch(scan.plain[first.end : second.start])
    before = _BETWEEN[language].search(scan.plain[: first.start])
    if to is None or before is None:
        return None
    opened = before.groupdict().get("open")
    if to["and"] and opened not in ("between", "entre"):
        return None
    period = Period(first.readings[0].since, second.readings[-1].until)
    if second.of_year and first.of_year and period.since > period.until:
        earlier = first.of_year(first.readings[0].since.year - 1)
        period = Period(earlier.since, period.until) if earlier else period
    if period.since > period.until:
        return None
    start = before.start() if opened else first.start
    return Atom(start, second.end, (period,))


def _opened(atom: Atom, scan: Scan) -> list[TimeExpression]:
    """The atom with the word before it that opens a side, if there is one."""
    side, start, end = _side(atom, scan)
    opener = scan.plain[start : atom.start]
    # "after the 2020 election" begins within 2020
    within = _is_the_year(atom, opener) or (side == "before" and atom.late)
    expressions = []
    for since, until in atom.readings:
        left: date | None = since
        right: date | None = until
        if side in ("since", "after"):
            left = since if side == "since" or within else until + ONE
            right = None
        elif side == "until" or (side == "before" and within):
            left = None
            if until < scan.today and opener.startswith(("by", "d'ici")):
                coming = atom.of_year(since.year + 1) if atom.of_year else atom.coming
                right = coming.until if coming else until
        elif side == "before":
            left, right = None, since - ONE
        expressions.append(TimeExpression(Span(start, end), left, right))
    return expressions


def _is_the_year(atom: Atom, opener: str) -> bool:
    return atom.end - atom.start == 4 and opener.endswith(" the ")


def _side(atom: Atom, scan: Scan) -> tuple[str | None, int, int]:
    language = scan.words.language
    away = max(0, atom.start - NEAR)
    before = scan.plain[away : atom.start]
    for side, words in _OPEN[language]:
        match = re.search(rf"(?<![\w'])(?:{words})(?: |(?<=-)|(?<='))?{_THE[language]}$", before)
        if match and match.end() > match.start():
            start = away + match.start()
            if scan.text[start : start + 3].lower() != "des":  # not "dès"
                return side, start, atom.end
    onwards = _ONWARDS.match(scan.plain, atom.end)
    if onwards and scan.before(atom.start) in ("from", "de", ""):
        return "since", atom.start, onwards.end()
    return None, atom.start, atom.end
