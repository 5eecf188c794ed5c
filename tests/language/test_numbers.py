"""Amounts: what a text counts, by value and unit, in words or digits of either language."""

from __future__ import annotations

import pytest

from qa.language.numbers import claimed, counted


@pytest.mark.parametrize(
    ("said", "language", "there", "there_in"),
    [
        ("onze migrants", "fr", "eleven migrants", "en"),
        ("eleven migrants", "en", "Onze migrants, dont un enfant", "fr"),
        ("14 days", "en", "two weeks", "en"),
        ("14 days", "en", "deux semaines", "fr"),
        ("3 semaines", "fr", "21 days", "en"),
        ("18 mois", "fr", "a year and a half", "en"),
        ("18 months", "en", "un an et demi", "fr"),
        ("two and a half years", "en", "30 mois", "fr"),
        ("7 days", "en", "une semaine", "fr"),
        ("48 heures", "fr", "two days", "en"),
        ("trois jours", "fr", "a three-day visit", "en"),
        ("18 ans", "fr", "an 18-year-old", "en"),
        ("18 years", "en", "un jeune de 18 ans", "fr"),
        ("14 ans", "fr", "aged 14", "en"),
        ("14 ans", "fr", "between 14 and 18 years", "en"),
        ("50 %", "fr", "half of them", "en"),
        ("50%", "en", "la moitié des votants", "fr"),
        ("cinquante pour cent", "fr", "50 per cent", "en"),
        ("75 %", "fr", "three quarters of them", "en"),
        ("trois quarts", "fr", "75%", "en"),
        ("12 migrants", "fr", "a dozen migrants", "en"),
        ("24 migrants", "fr", "two dozen migrants", "en"),
        ("10 migrants", "en", "une dizaine de migrants", "fr"),
        ("6 migrants", "en", "une demi-douzaine de migrants", "fr"),
        ("half a dozen, for a week, in one year or two weeks", "en", "rien", "fr"),
    ],
)
def test_the_same_amount_is_known(said: str, language: str, there: str, there_in: str):
    assert claimed(said, language) <= counted(there, there_in)


@pytest.mark.parametrize(
    ("said", "language", "there", "there_in"),
    [
        ("14 people", "en", "two weeks", "en"),
        ("14 mois", "fr", "two weeks", "en"),
        ("14 months", "en", "14 days", "en"),
        ("3 weeks", "en", "14 days", "en"),
        ("5 years", "en", "5 days", "en"),
        ("10 days", "en", "a week", "en"),
        ("50 people", "en", "half of them", "en"),
        ("60 %", "en", "half of them", "en"),
        ("12 people", "en", "half a dozen people", "en"),
        ("20 people", "en", "dozens of people", "en"),
        ("2 people", "en", "nobody", "en"),
        ("14", "en", "$15 an hour", "en"),
    ],
)
def test_another_amount_is_not_taken_for_it(said: str, language: str, there: str, there_in: str):
    assert not claimed(said, language) <= counted(there, there_in)


def test_a_bare_number_is_carried_by_one_with_a_unit():
    assert claimed("14", "en") <= counted("14 days", "en")
    assert claimed("fifty", "en") <= counted("50 %", "fr")


def test_an_hourly_wage_is_no_year():
    assert claimed("$14 an hour", "en") == {"14"}
    assert "14 year" in counted("14 ans", "fr")


def test_a_number_with_its_scale_behind_it():
    assert claimed("$4 billion", "en") <= counted("$4bn", "en")
    assert not claimed("$4 billion", "en") <= counted("$4m", "en")
