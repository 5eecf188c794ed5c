"""Words and terms: what an article and a question must agree on to meet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.language.terms import fold, terms, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("L'armée d’Haftar", ["armee", "haftar"]),
        ("jusqu'à Tobrouk, qu'il", ["a", "tobrouk", "il"]),
        ("the army's ship", ["the", "army", "ship"]),
        ("Cœur, Læticia, ÎLE", ["coeur", "laeticia", "ile"]),
        ("10 000 soldats, 10,000 men", ["10000", "soldats", "10000", "men"]),
        ("10\u202f000 10.000 1.000.000", ["10000", "10000", "1000000"]),
        ("4,2 millions and 4.2 million", ["4.2", "millions", "and", "4.2", "million"]),
        ("l'O.N.U. d’U.N. O.N.U.", ["onu", "un", "onu"]),
        ("MiG-29, 15km", ["mig", "29", "15", "km"]),
        ("aujourd'hui", ["aujourd'hui"]),
        ("…!?", []),
    ],
)
def test_words(text: str, expected: list[str]):
    assert words(text) == expected


def test_french_is_stemmed_and_stripped_of_small_words():
    assert terms("Les formations des soldats", "fr") == terms("la formation du soldat", "fr")
    assert terms("le la les où est-ce que", "fr") == []


def test_english_is_stemmed_and_stripped_of_small_words():
    assert terms("The trainings of soldiers", "en") == terms("training soldier", "en")
    assert terms("who is it that was there", "en") == []


def test_a_question_loses_the_small_words_of_its_own_language_as_well():
    assert "the" in terms("the ship", "fr")
    assert "the" not in terms("the ship", "fr", asked_in="en")


def test_other_languages_are_only_folded():
    assert terms("Die Häuser", "de") == ["die", "hauser"]


def test_numbers_are_not_stemmed():
    assert terms("2019 1.5", "en") == ["2019", "1.5"]


@pytest.mark.parametrize("name", ["Haftar", "Tobrouk", "Le Drian", "Кузнецов"])
def test_names_survive(name: str):
    assert terms(name, "fr")


@given(st.text())
def test_folding_twice_changes_nothing(text: str):
    assert fold(fold(text)) == fold(text)


@given(st.text(), st.sampled_from(["fr", "en", "de"]))
def test_terms_can_be_stored_on_one_line(text: str, language: str):
    """The archive keeps them so: none may be empty or hold a space."""
    found = terms(text, language)
    assert " ".join(found).split() == found


@given(st.text(st.sampled_from("aàbéèêîôçÉŒœn ’'-")), st.sampled_from(["fr", "en", "de"]))
def test_case_accents_and_apostrophes_make_no_difference(text: str, language: str):
    assert terms(fold(text), language) == terms(text, language)
