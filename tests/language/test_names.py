"""Names: what a text names, and whether another text, perhaps in another language, has it."""

from __future__ import annotations

import pytest

from qa.language.names import mentioned, names
from qa.language.terms import fold


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "What did the UN, the EU, IS and the WHO say about the US?",
            ["UN", "EU", "IS", "WHO", "US"],
        ),
        ("Is AI, or IT, to blame?", ["AI", "IT"]),
        ("The U.S. and the U.N. agreed at 10 A.M.", ["U.S.", "U.N.", "10"]),
        ("Que dit l'ONU de l'UE ?", ["ONU", "UE"]),
        ("The WHO's man in a UN-backed, US-led force", ["WHO", "UN", "US"]),
        ("Will they tell Us?", []),
        ("He did NOT flee. Il n'est PAS parti.", []),
        ("WHO IS IN CHARGE OF THE UN?", ["CHARGE"]),  # shouted: which are acronyms is not told
        ("WHO", ["WHO"]),
        ("QUI ?", []),
        ("WHAT NOW?\nThe UN left.", ["UN"]),
    ],
)
def test_a_word_in_capitals_is_a_name_be_it_an_everyday_word(text: str, expected: list[str]):
    assert names(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("They met in Geneva.The UN said so.", ["Geneva", "UN"]),
        ("Ils sont à Genève.Il a vu Haftar.Lundi, rien.", ["Genève", "Haftar"]),
        ("It began in 2011.Haftar left the U.S.Then he came back.", ["2011", "Haftar", "U.S."]),
    ],
)
def test_sentences_without_a_space_between_are_two(text: str, expected: list[str]):
    assert names(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Lundi, où était Haftar ?", ["Haftar"]),
        ("Monday, where was he?", []),
        ("Who spoke on Mondays and on Thursday, March 14?", ["14"]),
        ("What happened in March 2019?", ["2019"]),
        ("En Avril 2019 ?", ["2019"]),
        ("How far is Mars? And Mars 2019?", ["Mars", "2019"]),
        ("Why did Theresa May go in June?", ["Theresa", "May"]),
    ],
)
def test_weekdays_and_months_are_not_asked_about_as_names(text: str, expected: list[str]):
    assert names(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("On Monday, in March", ["Monday", "March"]),
        ("lundi 14 mars, jeudi en avril", ["lundi", "14", "mars", "jeudi", "avril"]),
        ("the march may begin on may 1, in june", ["may", "1", "june"]),
    ],
)
def test_what_a_text_claims_has_its_days_and_months(text: str, expected: list[str]):
    assert names(text, times=True) == expected


ACROSS = [
    ("The Red Cross", "Selon la Croix-Rouge, dix blessés."),
    ("la Croix-Rouge", "The Red Cross counts ten wounded."),
    ("the World Health Organization", "L'OMS a donné l'alerte."),
    ("the World Health Organization", "L'Organisation mondiale de la santé a parlé."),
    ("WHO", "L'Organisation mondiale de la santé a parlé."),
    ("OMS", "The World Health Organization spoke."),
    ("OMS", "According to the WHO, all is well."),
    ("the National Transitional Council", "Le Conseil national de transition siège à Tripoli."),
    ("CNT", "The National Transitional Council sits in Tripoli."),
    ("NTC", "Le Conseil national de transition siège à Tripoli."),
    ("the Government of National Accord", "Le gouvernement d'union nationale a réagi."),
    ("GNA", "Le gouvernement d'union nationale a réagi."),
    ("GUN", "Le gouvernement d'union nationale a réagi."),
    ("UN Security Council", "Le Conseil de sécurité de l'ONU a voté."),
    ("Conseil de sécurité", "The UN Security Council voted."),
    ("the European Union", "L'UE a voté."),
    ("Union européenne", "In Brussels, the EU voted."),
    ("NATO", "L'OTAN a frappé."),
    ("United Nations", "L'ONU a voté."),
    ("US", "Les États-Unis ont voté."),
    ("European Central Bank", "La Banque centrale européenne a relevé ses taux."),
    ("LNA", "L'Armée nationale libyenne avance."),
    ("ANL", "The Libyan National Army is advancing."),
]


@pytest.mark.parametrize(("name", "text"), ACROSS)
def test_a_body_is_known_by_what_the_other_language_calls_it(name: str, text: str):
    assert all(mentioned(word, text) for word in names(name))
    assert mentioned(names(name)[0], fold(text))
    # Within one language not all of it stands.
    assert not all(mentioned(word, text, exactly=True) for word in names(name))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("WHO", "The man who came told us so. It is over."),
        ("US", "The man who came told us so. It is over."),
        ("IS", "The man who came told us so. It is over."),
        ("UN", "Un homme a eu un accident."),
        ("ONU", "un homme a eu un accident."),
        ("World", "the man who came"),
        ("Union", "Il a eu peur, dit Haftar."),
        ("National", "He drew a gun."),
        ("Council", "La Croix-Rouge a voté."),
        ("LNA", "Le nouvel avion a atterri."),  # its letters, but no body
        ("LNA", "L'Armée nationale a avancé."),
    ],
)
def test_everyday_words_are_no_bodies(name: str, text: str):
    assert not mentioned(name, text)


def test_a_text_without_case_may_mean_an_acronym():
    assert mentioned("US", "us troops left")
    assert mentioned("UN", "the un voted", exactly=True)
    assert mentioned("ONU", "the un voted")


def test_shouted_names_are_found_in_another_case():
    assert mentioned("BANK OF AMERICA", "The Bank of America said so.", exactly=True)
