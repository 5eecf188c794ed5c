"""Nuggets: what counts as being there, case by case."""

from __future__ import annotations

import pytest

from qa.evaluation.nuggets import NUGGET_MEASURES, Nugget, recalls, stands


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ("Maelle TANGUY", "It was Maëlle Tanguy."),
        ("l'ONU d'abord", "selon l’ONU d‘abord"),
        ('the "old" bridge', "the «old» bridge, the “new” one"),
        ("vingt-trois", "vingt–trois"),
        ("le cœur", "LE COEUR"),
        ("Ambert Łódz", "ambert Łódź"),
        ("two words", "two\n\u00a0 words"),
        ("2,750", "some 2 750 men"),
        ("2750", "some 2.750 men"),
        ("12 500 000", "12,500,000 euros"),
        ("3.5 million", "3.5 million"),
        ("three bridges", "three [1] bridges"),
        ("three bridges", "three [1, 2][3] bridges"),
        ("three bridges", "**three** _bridges_"),
        ("electri", "an electrician"),
        ("government", "non-governmental"),
    ],
)
def test_what_is_the_same(wanted, text):
    assert stands(wanted, text)


@pytest.mark.parametrize(
    ("wanted", "text", "expected"),
    [
        ("17", "17 boats", True),
        ("17 boats", "a 17 boats", True),
        ("17 boats", "in 2017 boats", False),
        ("boats: 17", "boats: 170", False),
        ("boats: 17", "boats: 17.5", False),
        ("boats: 17", "boats: 17.", True),
        ("boats: 17", "boats: 17, 5", True),
        ("500 million", "1.500 million", False),
        ("500 million", "In 2014. 500 million", True),
        ("200 boats", "2,200 boats", False),
        ("5 million", "6.5 million", False),
        ("300 boats", "in 2017 300 boats", True),
        ("17", "in 2017, then 17 more", True),
        ("12:30", "1,234 at 12:30", True),
    ],
)
def test_digits_are_not_found_in_a_longer_number(wanted, text, expected):
    assert stands(wanted, text) is expected


@pytest.mark.parametrize(
    ("wanted", "text", "expected"),
    [
        ("Rome", "in Rome.", True),
        ("Rome", "Jerome", False),
        ("ONU", "l'ONU", True),
        ("oui", "Louis", False),
        ("the UN", "the UN said", True),
        ("the UN", "the unity government", False),
        ("of Mali", "the end of Mali", True),
        ("of Mali", "a roof Malian", False),
        ("of Malia", "of Malians", True),
        ("une heure", "la commune heureuse", False),
        ("dune heure", "la grand-dune heureuse", True),
        ("five men", "five menaces", False),
        ("Mali", "Malian", False),
        ("Malia", "Malians", True),
        ("50 %", "50 %", True),
        ("% off", "50% off", True),
        ("39", "39th", False),
    ],
)
def test_short_words_are_whole_ones(wanted, text, expected):
    assert stands(wanted, text) is expected


@pytest.mark.parametrize(
    ("wanted", "text", "expected"),
    [
        ("^yes", "Yes, it did.", True),
        ("^yes", "\n> **Yes**: it did.", True),
        ("^yes", "“Yes”, it did.", True),
        ("^yes", "It did, yes.", False),
        ("^yes", "Yesterday.", False),
        ("^no,", "No, but", True),
        ("^no,", "No: but", False),
        ("^certain", "Certainly.", False),
        ("^certain", "Certain.", True),
        ("^yes", "No.\nYes.", False),
        ("yes^", "yes", False),
    ],
)
def test_the_start_of_the_answer(wanted, text, expected):
    assert stands(wanted, text) is expected


def test_quotes_never_count_for_what_should_begin_the_answer():
    nuggets = (Nugget(("^yes",), vital=True), Nugget(("bridge", "^pont"), vital=False))

    assert recalls(nuggets, "", ["Yes, the bridge."]) == {
        **dict.fromkeys(NUGGET_MEASURES, 0.0),
        "NuggetRecallQuoted": 1 / 2,
    }
    assert recalls(nuggets, "Yes.", ["The bridge."])["NuggetRecall"] == 1 / 2
    assert recalls(nuggets, "Yes.", ["The bridge."])["AllVital"] == 1
    assert set(recalls(nuggets, "Yes: the bridge.", []).values()) == {1.0}
