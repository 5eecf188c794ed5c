"""Answer type: words that cannot be what was asked for are told, and no others."""

from __future__ import annotations

import pytest

from qa.answertype import (
    asks_how_many,
    asks_whether,
    asks_who,
    begins_as_asked,
    is_aside,
    may_answer,
    may_hold,
    whole_name,
)

TRAINS = "Qui va former les soldats de Lovelace ?"


@pytest.mark.parametrize(
    "question",
    [
        TRAINS,
        "Who will train Lovelace's soldiers?",
        "Par qui le maire est-il remplacé ?",
        "Qui est-ce que Lovelace combat ?",
        "Who is Lovelace fighting?",
        "À qui appartient le port ?",
    ],
)
def test_who_did_it_is_asked(question: str):
    assert asks_who(question)


@pytest.mark.parametrize(
    "question",
    [
        "Qui est Ada Lovelace ?",
        "Who is the wife of Babbage?",
        "Who's Ada Lovelace?",
        "Qui de Babbage ou de Lovelace a gagné ?",
        "Who won, Babbage or Lovelace?",
        "Quel est le maire qui a signé ?",
        "Qu'est-ce qui a freiné les soldats ?",
        "When did the man who won leave?",
    ],
)
def test_who_did_it_is_not_asked(question: str):
    assert not asks_who(question)


@pytest.mark.parametrize(
    ("answer", "question", "language"),
    [
        ("Lovelace", TRAINS, "fr"),
        ("Khalifa Lovelace", TRAINS, "fr"),
        ("le maréchal Khalifa Lovelace.", TRAINS, "fr"),
        ("Field Marshal Khalifa Lovelace", "Who will train Lovelace's soldiers?", "en"),
        ("les soldats", TRAINS, "fr"),
        ("the bridge", "Which bridge collapsed?", "en"),
        ("Kervalec", "Quelle ville a absorbé Kervalec ?", "fr"),
        ("quelques jours", "Combien d'experts seront envoyés ?", "fr"),
        ("three days", "How many instructors will be sent?", "en"),
        ("les experts russes", "Combien d'instructeurs seront envoyés ?", "fr"),
    ],
)
def test_what_cannot_answer(answer: str, question: str, language: str):
    assert not may_answer(answer, question, language)


@pytest.mark.parametrize(
    ("answer", "question", "language"),
    [
        ("les experts russes", TRAINS, "fr"),
        ("Lovelace's deputy", "Who will train Lovelace's soldiers?", "en"),
        ("the deputy of Lovelace", "Who will train Lovelace's soldiers?", "en"),
        ("Ada Babbage", TRAINS, "fr"),
        ("Les soldats de Lovelace seront formés par des Russes", TRAINS, "fr"),
        ("other soldiers", "Who will train the soldiers?", "en"),
        ("Ada Lovelace", "Who is the daughter of Byron and mother of Ralph Lovelace?", "en"),
        ("Babbage", "Who won, Babbage or Lovelace?", "en"),
        ("Babbage", "Entre Babbage et Lovelace, lequel a gagné ?", "fr"),
        ("Oui", "Le pont est-il ouvert ?", "fr"),
        ("ouvert", "Le pont est-il ouvert ?", "fr"),
        ("une soixantaine", "Combien de pays ?", "fr"),
        ("few", "How many ships came?", "en"),
        ("nobody", "How many were hurt?", "en"),
        ("vingt-trois", "Combien de blessés ?", "fr"),
        ("quelques jours", "Combien de temps le siège a-t-il duré ?", "fr"),
        ("three days", "How many days did it last?", "en"),
        ("200 people in three days", "How many were hurt?", "en"),
        ("jeudi", "Quand le pont a-t-il rouvert ?", "fr"),
    ],
)
def test_what_may_answer(answer: str, question: str, language: str):
    assert may_answer(answer, question, language)


def test_how_many_and_whether():
    assert asks_how_many("Combien de blessés ?")
    assert not asks_how_many("How much did it cost?")
    assert asks_whether("Le pont est-il ouvert ?")
    assert asks_whether("Has the bridge opened?")
    assert not asks_whether("Quand le pont a-t-il rouvert ?")


def test_how_many_is_held_by_what_counts():
    asked = "Combien d'experts seront envoyés ?"
    assert may_hold("Quarante experts arrivent.", asked, "fr")
    assert may_hold("Plusieurs dizaines d'experts arrivent.", asked, "fr")
    assert not may_hold("Les experts arrivent d'ici quelques jours.", asked, "fr")
    assert may_hold("Elle y passe une année.", "Combien de temps y reste-t-elle ?", "fr")
    assert may_hold("Les experts arrivent.", "Quand arrivent les experts ?", "fr")


def test_a_phrase_speaks_of_its_first_word():
    assert begins_as_asked("soldats libyens de l'armée", TRAINS)
    assert not begins_as_asked("experts chargés des soldats", TRAINS)
    assert not begins_as_asked("soldats de la Légion", TRAINS)


@pytest.mark.parametrize(
    ("text", "part", "question", "aside"),
    [
        ("Pour accueillir ces experts, on ferme.", "accueillir", "Quelles mesures ?", True),
        ("Afin de s’abriter, il court.", "s’abriter", "Comment court-il ?", True),
        ("Pour accueillir ces experts, on ferme.", "accueillir", "Pourquoi ferme-t-on ?", False),
        ("Pour accueillir ces experts, on ferme.", "accueillir", "Dans quel but ?", False),
        ("Pour accueillir ces experts, on ferme.", "on ferme", "Quelles mesures ?", False),
        ("Il pilote pour Cooper.", "Cooper", "Qui pilote-t-il ?", False),
        ("Il a promis de lever l'embargo.", "lever l'embargo", "Qu'a-t-il promis ?", False),
    ],
)
def test_what_for_is_an_aside(text: str, part: str, question: str, aside: bool):
    start = text.index(part)
    assert is_aside(text, start, start + len(part), question) == aside


@pytest.mark.parametrize(
    ("part", "whole"),
    [
        ("maréchal Khalifa", "maréchal Khalifa B. Lovelace"),
        ("Lovelace", "Lovelace"),
        ("soldats", "soldats"),
    ],
)
def test_a_name_cut_short_is_made_whole(part: str, whole: str):
    text = "Les soldats du maréchal Khalifa B. Lovelace. Rien d'autre."
    start = text.index(part)
    assert whole_name(text, start, start + len(part)) == whole
