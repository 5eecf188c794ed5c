"""Chips: what was understood, piece by piece, and what to ask without a piece or with another."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from qa.conversations.answer_json import from_document, to_document
from qa.documents.filters import Filters
from qa.errors import QuestionError
from qa.language.dates import TimeExpression
from qa.language.sentences import Span
from qa.server.page.chips import changed, chip_text, chips_of, chips_read
from qa.server.page.texts import ENGLISH, FRENCH
from qa.types import Answer, Constraints, Outlet, Question
from tests.page import answer

JANUARY = TimeExpression(Span(0, 7), date(2017, 1, 1), date(2017, 1, 31))
SINCE = TimeExpression(Span(9, 14), date(2015, 1, 1), None)
SOURCES = ("RFI", "BBC News", "BBC Sport")
READ = Constraints(
    articles=(JANUARY,),
    events=(SINCE, JANUARY),
    outlets=(Outlet(Span(20, 23), ("BBC News", "BBC Sport"), cued=False, written="BBC"),),
)
ONLY = Filters.parse("2016", "2018", ["RFI"], "fr")


def asked(filters: Filters = ONLY, read: Constraints = READ) -> Answer:
    """An answer to a question with these filters, in which this was read."""
    question = Question("And when?", filters=filters, standalone="When was Haftar there?")
    return answer(question=question, constraints=read)


def change(**said: Any) -> Question | None:
    """What a change makes of `asked()`."""
    return changed(asked(), said, ENGLISH, SOURCES)


def test_the_chips_are_what_was_understood_each_once() -> None:
    assert [chip.label for chip in chips_of(ONLY, FRENCH)] == [
        "depuis le 1er janvier 2016",
        "jusqu’au 31 décembre 2018",
        "RFI",
        "français",
    ]
    assert [chip.label for chip in chips_read(READ, ENGLISH)] == [
        "BBC News",
        "BBC Sport",
        "January 2017",
        "since 1 January 2015",
    ]


@pytest.mark.parametrize(
    ("n", "value", "left"),
    [
        (0, None, {"since": None}),
        (1, None, {"until": None}),
        (2, None, {"sources": ()}),
        (3, None, {"language": None}),
        (4, None, {"articles": ()}),
        (0, "2015-06", {"since": date(2015, 6, 1)}),
        (1, "2017-02", {"until": date(2017, 2, 28)}),
        (2, "BBC News", {"sources": ("BBC News",)}),
        (3, " ", {"language": None}),
    ],
)
def test_a_filter_is_taken_away_or_changed_and_the_others_stay(
    n: int, value: str | None, left: dict[str, Any]
) -> None:
    filters = replace(ONLY, articles=("a", "b"))
    assert chips_of(filters, ENGLISH)[-1].label == "2 articles chosen"
    said = {"row": "only", "n": n, "value": value or "", "remove": value is None}
    instead = changed(asked(filters), said, ENGLISH, SOURCES)
    assert instead == Question("And when?", filters=replace(filters, **left))


def test_what_was_taken_away_stays_away_when_a_filter_changes() -> None:
    of = asked()
    of = replace(of, question=replace(of.question, constraints=Constraints()))
    instead = changed(of, {"row": "only", "n": 0, "remove": True}, ENGLISH, SOURCES)
    assert instead
    assert instead.constraints == Constraints()


def test_what_was_read_is_taken_away_wherever_it_was_read() -> None:
    instead = change(row="first", n=2, remove=True)
    assert instead
    assert instead.filters == ONLY
    assert instead.constraints == replace(READ, articles=(), events=(SINCE,))
    without = change(row="first", n=0, remove=True)
    assert without
    assert without.constraints
    assert without.constraints.sources == ("BBC Sport",)


def test_what_was_read_is_changed() -> None:
    instead = change(row="first", n=3, value="2014 – 2014-06")
    assert instead
    assert instead.constraints
    days = [(time.since, time.until) for time in instead.constraints.events]
    assert days[0] == (date(2014, 1, 1), date(2014, 6, 30))
    other = change(row="first", n=0, value="RFI")
    assert other
    assert other.constraints
    assert other.constraints.sources == ("RFI", "BBC Sport")
    assert other.constraints.outlets[0].cued


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"row": "question", "value": " "},
        {"row": "first", "n": 9, "remove": True},
        {"row": "first", "n": "0", "remove": True},
        {"row": "other", "n": 0},
        {"row": ["only"], "n": -1},
    ],
)
def test_a_change_that_makes_no_sense_asks_nothing(said: dict[str, Any]) -> None:
    assert changed(asked(), said, ENGLISH, SOURCES) is None


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"row": "only", "n": 0, "value": "demain"}, "« demain » n’est pas une date"),
        ({"row": "only", "n": 0, "value": "2019"}, "est vide ; échangez"),
        ({"row": "first", "n": 2, "value": "2018 – 2017"}, "est vide ; échangez"),
        ({"row": "first", "n": 2, "value": "2018-13"}, "« 2018-13 » n’est pas une date"),
        ({"row": "first", "n": 2, "value": "–"}, "« – » n’est pas une date"),
        ({"row": "first", "n": 2, "value": "2017 – 2018 – 2019"}, "n’est pas une date"),
        ({"row": "first", "n": 0, "value": "Nobody"}, "Aucune source ne s’appelle « Nobody »"),
    ],
)
def test_a_wrong_change_is_said_in_the_page_s_language(said: dict[str, Any], says: str) -> None:
    with pytest.raises(QuestionError, match=re.escape(says)):
        changed(asked(), said, FRENCH, SOURCES)


@pytest.mark.parametrize(
    ("written", "since", "until", "box"),
    [
        ("2018", "2018-01-01", "2018-12-31", "2018"),
        ("2018-03", "2018-03-01", "2018-03-31", "2018-03"),
        ("2018-03-05", "2018-03-05", "2018-03-05", "2018-03-05"),
        ("2017-2018", "2017-01-01", "2018-12-31", "2017 – 2018"),
        ("2017-11 - 2018-02", "2017-11-01", "2018-02-28", "2017-11 – 2018-02"),
        ("2017-11-2018", "2017-11-01", "2018-12-31", "2017-11 – 2018-12"),
        ("2017 to 2018-03-05", "2017-01-01", "2018-03-05", "2017-01-01 – 2018-03-05"),
        ("2017-03-05 à 2017-03-06", "2017-03-05", "2017-03-06", "2017-03-05 – 2017-03-06"),
        ("2018 –", "2018-01-01", "", "2018 –"),
        ("2018-", "2018-01-01", "", "2018 –"),
        ("– 2018-03", "", "2018-03-31", "– 2018-03"),
    ],
)
def test_a_time_is_written_in_one_box(written: str, since: str, until: str, box: str) -> None:
    instead = change(row="first", n=2, value=written)
    assert instead
    assert instead.constraints
    (time,) = instead.constraints.articles
    assert [day.isoformat() if day else "" for day in (time.since, time.until)] == [since, until]
    chip = chips_read(instead.constraints, ENGLISH)[2]
    assert chip_text(chip) == box
    assert change(row="first", n=2, value=box) == instead


def test_the_boxes_hold_what_they_read() -> None:
    for row, chips in (("only", chips_of(ONLY, FRENCH)), ("first", chips_read(READ, FRENCH))):
        for n, chip in enumerate(chips):
            instead = change(row=row, n=n, value=chip_text(chip))
            assert instead
            assert instead.filters == ONLY
            assert chips_read(instead.constraints or READ, FRENCH) == chips_read(READ, FRENCH)


@pytest.mark.parametrize(
    ("since", "until", "french", "english"),
    [
        (date(2017, 1, 1), date(2017, 12, 31), "2017", "2017"),
        (date(2017, 1, 1), date(2018, 12, 31), "2017 – 2018", "2017 – 2018"),
        (date(2017, 1, 1), date(2017, 1, 31), "janvier 2017", "January 2017"),
        (
            *(date(2017, 2, 1), date(2018, 2, 28)),
            *("février 2017 – février 2018", "February 2017 – February 2018"),
        ),
        (date(2017, 1, 11), date(2017, 1, 11), "11 janvier 2017", "11 January 2017"),
        (
            *(date(2017, 1, 9), date(2017, 1, 15)),
            *("9 janvier 2017 – 15 janvier 2017", "9 January 2017 – 15 January 2017"),
        ),
        (date(2011, 1, 1), None, "depuis le 1er janvier 2011", "since 1 January 2011"),
        (None, date(2011, 3, 2), "jusqu’au 2 mars 2011", "until 2 March 2011"),
    ],
)
def test_a_time_is_said_in_words(
    since: date | None, until: date | None, french: str, english: str
) -> None:
    read = Constraints(events=(TimeExpression(Span(0, 1), since, until),))
    for texts, label in ((FRENCH, french), (ENGLISH, english)):
        assert [chip.label for chip in chips_read(read, texts)] == [label]


def test_the_last_chip_taken_away_is_kept_as_taken_away() -> None:
    """No constraint at all is falsy, and is not None, which would read the question again."""
    one = asked(Filters(), Constraints(events=(SINCE,)))
    instead = changed(one, {"row": "first", "n": 0, "remove": True}, ENGLISH, SOURCES)
    assert instead
    assert instead.constraints == Constraints()
    without = replace(one, question=replace(one.question, constraints=instead.constraints))
    restored = from_document(json.loads(json.dumps(to_document(without))), lambda _: None).answer
    assert restored.question.constraints == Constraints()
