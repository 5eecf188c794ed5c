"""Rules for times that the calendar names: days, months, seasons, quarters, years, decades.

One grammar for both languages; what differs are the words and the order of day and month.
A date without a year is the latest that has begun, unless a neighbour lends it a year.
"""

from __future__ import annotations

from functools import lru_cache

from qa.language.dates import days, months, parts
from qa.language.dates.match import Rule, rule
from qa.language.dates.period import months as whole_months
from qa.language.vocabulary import WORDS, either


@lru_cache(maxsize=2)
def rules(language: str) -> tuple[Rule, ...]:
    """The rules of a language."""
    words = WORDS["fr" if language == "fr" else "en"]
    french = words.language == "fr"
    full = either(words.months)
    any_month = f"(?P<month>(?:{full}|{either(words.abbreviations)}\\.?))"
    full_month = f"(?P<month>{full})"
    number = r"(?P<day>\d{1,2}(?:er)?|premier)" if french else r"(?P<day>\d{1,2}(?:st|nd|rd|th)?)"
    the = "(?:le )?" if french else "(?:the )?"
    named = f"(?:(?P<weekday>{either(words.weekdays)}),? {the})?"
    year_word = either(words.year_words)
    in_year = f"(?:{words.of} ?(?P<year>\\d{{4}}(?!\\d)|'\\d\\d|{year_word}))"
    part = f"(?P<part>{either(words.parts)})"
    of = f"(?:{words.of})? ?-?"
    ordinal = f"(?P<ordinal>{either(words.ordinals)})"
    last_number = number.replace("<day>", "<last>")
    joint = "(?:-| - | au | et (?:le )?| a )" if french else "(?:-| - | to | and | through )"
    every_weekday = f"(?:{either(words.weekdays)},? )?{the}"
    counted = f"(?P<count>{words.few}|\\d{{1,3}}|(?:{words.numbers})(?:[ -](?:{words.numbers}))*)"
    unit = f"(?P<unit>{either(words.units)})"
    whole = f"(?:{the}{full_month}{in_year}?|(?P<year2>\\d{{4}}|{year_word}))"
    found = [
        rule(
            f"{named}{number}(?:{' de' if french else ' of'})? {any_month}{in_year}?", days.one_day
        ),
        rule(
            f"{number}{joint}{every_weekday}{last_number}(?: of)? {any_month}{in_year}?", days.days
        ),
        rule(r"(?P<year>\d{4})[-/](?P<m>\d{2})(?:[-/](?P<d>\d{2}))?", days.iso),
        rule(
            r"(?P<a>\d{1,2})(?P<sep>[/.-])(?P<b>\d{1,2})(?P=sep)(?P<year>\d{4}|\d\d)", days.figures
        ),
        rule(r"(?P<m>\d{2})/(?P<year>\d{4})", days.iso),
        rule(f"(?:{part}{of})?{any_month}{in_year}", months.month_of_year),
        rule(f"(?:{part}{of})?{full_month}", months.bare_month),
        rule(f"{part}{of}(?P<year>\\d{{4}}|{year_word})", parts.part_of_year),
        rule(f"(?:{part}{of})?{_decade(french)}", parts.decade_of),
        rule(
            f"(?:{part}{of})?(?P<season>{either(words.seasons)})"
            f"{words.of} ?(?P<year>\\d{{4}})(?:[-/](?P<next>\\d{{4}}|\\d\\d))?",
            parts.season_of_year,
        ),
        rule(
            f"{ordinal} {_piece(french)}(?:{words.of} ?(?P<year>\\d{{4}}|{year_word}))?",
            parts.piece_of,
        ),
        rule(
            r"(?P<letter>[qhst])(?P<digit>[1-4])(?: of| de)?[ -]?(?P<year>\d{4})?"
            r"|(?P<digit2>[1-4])(?P<letter2>[qhst]) ?(?P<year2>\d{4})",
            parts.short_piece,
        ),
        rule(r"(?P<first>\d{4})[-/](?P<second>\d{4}|\d\d)", parts.year_range),
        rule(r"(?P<year>\d{4})", parts.bare_year),
    ]
    if french:
        week = f"{ordinal} (?P<week>semaine|quinzaine|jours|week-end)"
        found += [
            rule(
                f"{week} (?:de |d'|du mois de |du mois d'){full_month}{in_year}?",
                days.week_of_month,
            ),
            rule(
                f"{named}{number} {any_month} (?:(?P<coming>prochain)|dernier|passe)", days.one_day
            ),
            rule(f"semaine du {named}{number} {any_month}{in_year}?", days.week_of),
            rule(
                f"{counted} (?P<edge>premier|dernier)(?:e?s) {unit} (?:de |d')?{whole}",
                parts.edge_of,
            ),
            rule(r"mai 68", lambda match, scan: scan.atom(match, whole_months(1968, 5, 5))),
            rule(r"11[ -]septembre(?= attaques?| attentats?)", days.day_of_attack),
        ]
    else:
        week = f"{ordinal} (?P<week>week|half|fortnight|days|weekend)"
        found += [
            rule(f"{week} (?:of|in) {full_month}{in_year}?", days.week_of_month),
            rule(
                f"week (?:of|beginning|starting) {the}{any_month} {number}{in_year}?", days.week_of
            ),
            rule(
                f"week (?:of|beginning|starting) {the}{number} {any_month}{in_year}?", days.week_of
            ),
            rule(f"(?P<edge>first|last) {counted} {unit} (?:of|in) {whole}", parts.edge_of),
            rule(
                f"(?:{named}|last |(?P<coming>next )){any_month} (?:the )?{number}{in_year}?",
                days.one_day,
            ),
            rule(f"{any_month} {number}{joint}{last_number}{in_year}?", days.days),
            rule(r"9/11", days.day_of_attack),
        ]
    return tuple(found)


def _decade(french: bool) -> str:
    if french:
        tens = (
            "vingt|trente|quarante|cinquante|soixante-dix|soixante|quatre-vingt-dix|quatre-vingts?"
        )
        return rf"(?:les )?annees (?P<decade>\d{{3}}0|\d0|{tens})"
    return r"(?:the )?(?:(?P<decade>\d{3}0|'?\d0)'?s)"


def _piece(french: bool) -> str:
    return "(?P<piece>trimestre|semestre)" if french else "(?P<piece>quarter|half)"
