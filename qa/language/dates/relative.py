"""Rules for times that are counted from today: "yesterday", "il y a trois jours", "last March"."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from qa.language.dates.match import Atom, Rule, Scan, rule
from qa.language.dates.period import (
    FEW,
    ONE,
    Period,
    ago,
    calendar,
    latest,
    months,
    past,
    season,
    third,
    weekday,
)
from qa.language.vocabulary import ENGLISH, FRENCH, Words, either, lookup

_DAYS = {
    "today|tonight|this (?:morning|afternoon|evening)": 0,
    "yesterday|last night": -1,
    "the day before yesterday": -2,
    "tomorrow": 1,
    "the day after tomorrow": 2,
    "aujourd'hui|ce matin|ce soir|cet apres-midi|cette nuit": 0,
    "hier|la nuit derniere": -1,
    "avant-hier": -2,
    "demain": 1,
    "apres-demain": 2,
}
_ENGLISH_DAYS = "|".join(list(_DAYS)[:5])
_FRENCH_DAYS = "|".join(list(_DAYS)[5:])
DAY_WORDS = (
    "weekend|night|morning|afternoon|evening|today|tonight|yesterday|tomorrow|"
    "week-end|nuit|matin|soir|apres-midi|aujourd|hier|demain"
)
_OFFSETS = {"this|cet(?:te)?|ce|en cours": 0, "last|passee?|derniere?": -1}
_OFFSETS |= {"next|coming|prochaine?": 1}
# Half of a unit, in smaller ones.
_HALF = {
    "hour": (1, "hour"),
    "day": (12, "hour"),
    "week": (3, "day"),
    "month": (2, "week"),
    "quarter": (6, "week"),
    "year": (6, "month"),
    "decade": (5, "year"),
}
_HALVES = {"start|beginning|debut": 0, "middle|milieu": 1, "end|fin": 2}
_NAMED_DAY = re.compile(
    r"['’]s (?:times|mirror|telegraph|express|post)"
    r"|[ -](?:times|mirror|telegraph|night football|night live|express)"
)
_HABIT = re.compile(
    r"(?:\b(?:every|each|tous les|chaque|jours?)|\b(?:le|les|du|journal du|mail on)) $"
)
_TRAIL = r"(?:(?: matin| soir| midi| apres-midi))?"


@lru_cache(maxsize=2)
def rules(language: str) -> tuple[Rule, ...]:
    """The rules of a language."""
    return _french() if language == "fr" else _english()


def _count(words: Words) -> str:
    numbers = f"(?:{words.numbers})(?:[ -](?:{words.numbers}))*"
    return f"(?P<count>{words.few}|\\d{{1,3}}|{numbers})"


def _english() -> tuple[Rule, ...]:
    units = f"(?P<unit>{either(ENGLISH.units)})"
    which = "(?P<which>this|last|next)"
    days, all_months = (
        f"(?P<weekday>{either(ENGLISH.weekdays)})",
        f"(?P<month>{either(ENGLISH.months)})",
    )
    daytime = "(?: morning| afternoon| evening| night)?"
    count = _count(ENGLISH).replace("(?P<count>", "(?P<count>half an?|an?|")
    return (
        rule(f"(?P<named>{_ENGLISH_DAYS})", _day),
        rule(r"this past (?P<unit>weekend)|last (?P<unit2>weekend)", _last_weekend),
        rule(f"{which} (?P<unit>week|weekend|month|quarter|year|decade)", _calendar),
        rule(r"(?:the|this) (?:past|last) (?P<unit>day|week|month|quarter|year|decade)", _past_one),
        rule(r"(?P<half>earlier|later) (?:this|in the) (?P<unit>week|month|year)", _half_of_this),
        rule(
            r"(?P<half>early|late) (?P<which>this|last|next) (?P<unit>week|month|year)",
            _half_of_this,
        ),
        rule(
            r"(?:the )?(?P<half>start|beginning|middle|end) of (?:the|(?P<which>this|last|next)) "
            r"(?P<unit>week|month|quarter|year|decade)",
            _half_of_this,
        ),
        rule(f"{count} {units} ago", _ago),
        rule(f"(?:the|these|over|in|during)? ?(?:last|past) {_count(ENGLISH)} {units}", _past),
        rule(r"recent (?P<unit>days|weeks|months|years)", _past),
        rule(f"{which} {days}{daytime}", _weekday),
        rule(f"{days}{daytime}", _weekday),
        rule(f"{days} {which} week", _weekday_of_week),
        rule(f"{which} {all_months}", _month),
        rule(f"{which} (?P<season>{either(ENGLISH.seasons)})", _season),
    )


def _french() -> tuple[Rule, ...]:
    units = f"(?P<unit>{either(FRENCH.units)})"
    which = "(?P<which>derniere?|passee?|prochaine?)"
    days, all_months = (
        f"(?P<weekday>{either(FRENCH.weekdays)})",
        f"(?P<month>{either(FRENCH.months)})",
    )
    whole = "(?P<unit>semaine|week-end|weekend|mois|trimestre|an|annee|decennie|siecle)"
    count = _count(FRENCH).replace("(?P<count>", "(?P<count>une dizaine de|une quinzaine de|")
    return (
        rule(f"(?P<named>{_FRENCH_DAYS}){_TRAIL}", _day),
        rule(f"(?P<which>cette|cet|ce) {whole}(?:-ci)?", _calendar),
        rule(f"(?:la |le |l')?{whole} (?P<which>derniere?|passee?|prochaine?|en cours)", _calendar),
        rule(
            r"(?:la|l') ?derniere (?P<unit>semaine|annee|decennie)"
            r"|le dernier (?P<unit2>mois|trimestre)|l'(?P<unit3>annee) ecoulee",
            _past_one,
        ),
        rule(
            r"(?:au |le |la |en |a la |des le )?(?P<half>debut|milieu|fin) "
            r"(?:du |de la |de l'|d'|de |de (?P<which>cette|ce) )"
            r"(?P<unit>semaine|mois|trimestre|annee|decennie)",
            _half_of_this,
        ),
        rule(
            "(?:il y a|voici|voila|depuis) (?:a peine |environ |plus de |pres de )?"
            f"{count} {units}(?! d[e'])",
            _ago,
        ),
        rule(f"(?:ces |les |des |nos )?{_count(FRENCH)} (?:dernier|derniere)s {units}", _past),
        rule(f"(?:ces |les |des )?(?:dernier|derniere)s {_count(FRENCH)} {units}", _past),
        rule(f"(?:ces|les|des) (?:dernier|derniere)s {units}", _past),
        rule(f"{days} {which}{_TRAIL}", _weekday),
        rule(f"(?:(?P<which>ce) )?{days}{_TRAIL}", _weekday),
        rule(f"{days} de la semaine {which}", _weekday_of_week),
        rule(f"{all_months} {which}", _month),
        rule(f"(?:l')?(?P<season>{either(FRENCH.seasons)}) {which}", _season),
        rule(f"(?P<which>cet|ce) (?P<season>{either(FRENCH.seasons)})", _season),
    )


def _named(match: re.Match[str], *names: str) -> str | None:
    groups = match.groupdict()
    return next((groups[name] for name in names if groups.get(name)), None)


def _offset(match: re.Match[str]) -> int | None:
    which = _named(match, "which")
    return None if which is None else lookup(_OFFSETS, which)


def _unit(match: re.Match[str], scan: Scan) -> str:
    word = _named(match, "unit", "unit2", "unit3") or ""
    return "weekend" if word in ("weekend", "week-end") else scan.words.unit(word)


def _day(match: re.Match[str], scan: Scan) -> Atom | None:
    return scan.atom(match, calendar("day", lookup(_DAYS, match["named"]), scan.today))


def _last_weekend(match: re.Match[str], scan: Scan) -> Atom | None:
    return scan.atom(match, calendar("weekend", -1, scan.today))


def _calendar(match: re.Match[str], scan: Scan) -> Atom | None:
    if match["unit"] == "siecle":
        return None
    offset = _offset(match)
    assert offset is not None, "the pattern has one"
    return scan.atom(match, calendar(_unit(match, scan), offset, scan.today))


def _past_one(match: re.Match[str], scan: Scan) -> Atom | None:
    if scan.after(match.end()) in ("of", "de", "du"):
        return None  # the last day of Carnival
    return scan.atom(match, past(1, _unit(match, scan), scan.today))


def _half_of_this(match: re.Match[str], scan: Scan) -> Atom | None:
    whole = calendar(_unit(match, scan), _offset(match) or 0, scan.today)
    half = match["half"]
    if half == "earlier":
        return scan.atom(match, Period(whole.since, scan.today))
    if half == "later":
        return scan.atom(match, Period(scan.today, whole.until))
    part = lookup(_HALVES | {"early": 0, "late": 2}, half)
    return scan.atom(match, third(whole, part), late=part == 2)


def _ago(match: re.Match[str], scan: Scan) -> Atom | None:
    words, unit = match["count"], _unit(match, scan)
    since = match.group().startswith("depuis")
    if words in ("une dizaine de", "une quinzaine de"):
        count: int | None = 10 if "dizaine" in words else 15
    elif words.startswith("half a"):
        count, unit = _HALF[unit]
    else:
        count = _number(words, scan)
    if count is None:
        period = Period(
            past(FEW.get(unit, 1), "day" if unit == "hour" else unit, scan.today).since,
            scan.today - ONE,
        )
    else:
        period = ago(count, unit, scan.today)
    if unit == "day" and words in ("quinze", "15", "une quinzaine de", "une dizaine de"):
        period = Period(period.since, period.until + ONE)  # a fortnight
    if since:
        start = past(count or FEW.get(unit, 1), unit, scan.today).since
        return scan.atom(match, Period(start, scan.today))
    return scan.atom(match, period)


def _number(words: str, scan: Scan) -> int | None:
    """A number; None for a vague one, two for a couple."""
    return 2 if "couple" in words else scan.words.number(words)


def _past(match: re.Match[str], scan: Scan) -> Atom | None:
    unit, words = _unit(match, scan), _named(match, "count")
    if re.match(r" (?:of|in|de) ", scan.plain[match.end() :]) and not re.match(
        r" (?:in|de) (?:the|la|l')", scan.plain[match.end() :]
    ):
        return None  # "the last three days of May"
    count = _number(words, scan) if words else None
    return scan.atom(match, past(FEW.get(unit, 1) if count is None else count, unit, scan.today))


def _weekday(match: re.Match[str], scan: Scan) -> Atom | None:
    number, offset = scan.words.weekdays[match["weekday"]], _offset(match)
    if offset is None and not _is_day(match, scan):
        return None
    atom = scan.atom(match, weekday(number, scan.today, offset=offset or None))
    if atom is None or offset:
        return atom
    return replace(atom, coming=weekday(number, scan.today, offset=1))


def _is_day(match: re.Match[str], scan: Scan) -> bool:
    """Whether a weekday alone is a day rather than a habit or part of a name (Black Friday)."""
    start = match.start("weekday")
    before = scan.plain[:start]
    if scan.words.language == "fr":
        return not _HABIT.search(before) and not re.match(
            r" (?:saint|gras|noir|de paques|des cendres|de pentecote)\b", scan.plain[match.end() :]
        )
    if _HABIT.search(before) or _NAMED_DAY.match(scan.plain, match.end("weekday")):
        return False
    word = re.search(r"([^\W\d_]+) $", scan.text[:start])
    if word and word.group(1)[0].isupper() and word.start() > 0:
        return scan.before(start) in scan.words.weekdays
    cue = scan.before(start) in (
        "on",
        "since",
        "until",
        "before",
        "after",
        "by",
        "from",
        "and",
        "to",
    )
    return cue or scan.capital(start)


def _weekday_of_week(match: re.Match[str], scan: Scan) -> Atom | None:
    offset = _offset(match)
    assert offset is not None, "the pattern has one"
    monday = calendar("week", offset, scan.today).since
    found = monday + scan.words.weekdays[match["weekday"]] * ONE
    return scan.atom(match, Period(found, found))


def _month(match: re.Match[str], scan: Scan) -> Atom | None:
    number, offset = scan.words.months[match["month"]], _offset(match)
    if offset == 0:
        return scan.atom(match, months(scan.today.year, number, number))
    found = latest(lambda year: months(year, number, number), scan.today)
    assert found is not None, "every year has each month"
    if offset == 1:
        year = found.since.year + 1
        return scan.atom(match, months(year, number, number))
    if found.until >= scan.today:
        found = months(found.since.year - 1, number, number)
    return scan.atom(match, found)


def _season(match: re.Match[str], scan: Scan) -> Atom | None:
    number, offset = scan.words.seasons[match["season"]], _offset(match)
    near = [season(scan.today.year + k, number) for k in (-1, 0, 1, 2)]
    core = [(p, p.since, p.until - 21 * ONE) for p in near]
    if offset == -1:
        return scan.atom(match, [p for p, _, until in core if until < scan.today][-1])
    if offset == 1:
        return scan.atom(match, next(p for p, since, _ in core if since > scan.today))
    middle = min(core, key=lambda c: abs((c[1] + (c[2] - c[1]) / 2 - scan.today).days))
    return scan.atom(match, middle[0])
