"""What a question's words say about time. The table is in data/time_expressions.tsv: a question,
the day it is asked on, and the days it names ("2017-01" is a month, "2015.." open, "-" none)."""

from __future__ import annotations

import csv
import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.documents.article import PartialDate
from qa.language.dates import TimeExpression, absolute, relative, time_expressions
from qa.language.dates.period import ago, past
from qa.language.vocabulary import WORDS, plain
from tests import DATA

TABLE = DATA / "time_expressions.tsv"
LINES = TABLE.read_text(encoding="utf-8").splitlines()
ROWS = list(csv.DictReader(LINES, delimiter="\t", quoting=csv.QUOTE_NONE))
TODAY = date(2020, 7, 1)  # a Wednesday


def interval(text: str) -> tuple[date | None, date | None]:
    since, dots, until = text.partition("..")
    first = PartialDate.parse(since).first if since else None
    if not dots:
        return first, PartialDate.parse(since).last
    return first, PartialDate.parse(until).last if until else None


def days(found: list[TimeExpression]) -> list[tuple[date | None, date | None]]:
    return [(time.since, time.until) for time in found]


def test_the_table_is_large_and_has_both_languages_and_traps():
    assert len(ROWS) >= 200
    assert sum(row["language"] == "fr" for row in ROWS) >= 100
    assert sum(row["language"] == "en" for row in ROWS) >= 100
    assert sum(row["named"] == "-" for row in ROWS) >= 40


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['language']}: {row['question']}")
def test_what_a_question_names(row):
    found = time_expressions(row["question"], row["language"], date.fromisoformat(row["today"]))
    expected = [] if row["named"] == "-" else row["named"].split(" & ")
    assert days(found) == [interval(text) for text in expected]


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("en", "Who has ruled since March 2015?", "since March 2015"),
        ("en", "Talks between 3 May and 7 June 2019", "between 3 May and 7 June 2019"),
        ("en", "What did it say on Monday, January 9, 2017?", "Monday, January 9, 2017"),
        ("fr", "Où est-il allé jusqu'en août 2014 ?", "jusqu'en août 2014"),
        ("fr", "Œuvre vue depuis l’été 2018 ?", "depuis l’été 2018"),
        ("fr", "Qui est venu à la mi-janvier 2017 ?", "à la mi-janvier 2017"),
    ],
)
def test_the_span_covers_the_words(language, text, words):
    (found,) = time_expressions(text, language, TODAY)
    assert found.span.of(text) == words


def test_two_readings_share_a_span():
    one, other = time_expressions("What was decided on 11/01/2017?", "en", TODAY)
    assert one.span == other.span


def test_another_language_is_read_as_english():
    assert days(time_expressions("x 11 January 2017", "de", TODAY)) == [interval("2017-01-11")]


FRAGMENTS = (
    "in may march 2017 31 February 9999 0000 29/02/2019 the first week of last weekend 3-7 to and "
    "ago since from between 24 hours à de mi- fin l'été été 2018 du 31 juin il y a trois cent mois "
    "siècle Q4 99 '00s années 10 mars dernier 2011-12 9/11 ½ İ lundi de semaine prochaine until , ."
).split()


@given(
    st.lists(st.sampled_from(FRAGMENTS), max_size=12).map(" ".join) | st.text(max_size=60),
    st.sampled_from(["fr", "en"]),
    st.dates(date(1950, 1, 1), date(2100, 1, 1)),
)
def test_any_text_gives_ordered_intervals_within_it(text, language, today):
    assert len(plain(text)) == len(text)
    end = 0
    for time in time_expressions(text, language, today):
        assert 0 <= time.span.start < time.span.end <= len(text)
        assert time.since or time.until
        if time.since and time.until:
            assert time.since <= time.until
        assert time.span.start >= end or time.span.end == end
        end = time.span.end


def as_a_rule_sees_it(language: str) -> st.SearchStrategy[tuple[str, str]]:
    """A language, and a text that one of its rules matches, made from that rule's pattern."""
    patterns = [
        re.compile(rule.pattern.pattern, re.ASCII)
        for rule in absolute.rules(language) + relative.rules(language)
        if "(?= attaques?" not in rule.pattern.pattern  # needs a word that follows the match
    ]
    texts = st.sampled_from(patterns).flatmap(lambda one: st.from_regex(one, fullmatch=True))
    return st.tuples(st.just(language), texts)


@given(
    st.sampled_from(["fr", "en"]).flatmap(as_a_rule_sees_it),
    st.sampled_from(["", "by ", "before ", "after ", "since ", "d'ici ", "avant ", "depuis "]),
    st.sampled_from([TODAY, date.min, date.max]),  # an article's day may be any
)
@settings(max_examples=400)
def test_no_rule_fails_on_what_its_own_pattern_matches(case, opener, today):
    language, text = case
    for time in time_expressions(opener + text, language, today):
        assert time.since is None or time.until is None or time.since <= time.until


@given(
    st.sampled_from(["fr", "en"]).flatmap(
        lambda language: st.tuples(
            st.just(language),
            st.lists(st.sampled_from(WORDS[language].numbers.split("|")), min_size=1, max_size=4),
        )
    ),
    st.sampled_from(["day", "week", "month", "quarter", "year", "decade"]),
)
def test_any_words_of_numbers_are_a_number_or_vague(case, unit):
    language, words = case
    number = WORDS[language].number(" ".join(words))
    if number is not None:
        assert ago(number, unit, TODAY).since <= past(number, unit, TODAY).until == TODAY
