"""Answer type: words that cannot be what was asked for are told, and no others."""

from __future__ import annotations

import pytest

from qa.answertype import (
    asks_how_many,
    asks_whether,
    asks_who,
    is_aside,
    may_answer,
    may_be_who,
    may_hold,
    whole_name,
)

TRAINS = "Qui va former les soldats de Lovelace ?"


@pytest.mark.parametrize(
    "question",
    [
        TRAINS,
        "qui a gagné",
        "Who will train Lovelace's soldiers?",
        "Par qui le maire est-il remplacé ?",
        "Et qui a signé ?",
        "Qui est-ce que Lovelace combat ?",
        "Who is Lovelace fighting? — Libya",
        "Who is training the soldiers in Libya?",
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
        "Who is Xi Jinping?",
        "Who is the king?",
        "Who's Ada Lovelace?",
        "Qui de Babbage ou de Lovelace a gagné ?",
        "Who won, Babbage or Lovelace?",
        "Quel est le maire qui a signé ?",
        "Que risque l'homme qui a giflé le président ?",
        "Le suspect qui a fui a-t-il été arrêté ?",
        "Qu'est-ce qui a freiné les soldats ?",
        "When did the man who won leave?",
    ],
)
def test_who_did_it_is_not_asked(question: str):
    assert not asks_who(question)


@pytest.mark.parametrize(
    "question",
    [
        "Le pont est-il ouvert ?",
        "Has the bridge opened?",
        "Didn't Trump resign?",
        "So, is the bridge open?",
        "And is he free?",
        "According to AFP, did he resign?",
        "Est-ce que le pont est ouvert ?",
        "Et est-ce que le pont est ouvert ?",
        "Le pont est ouvert ?",
        "Macron a démissionné, non ?",
    ],
)
def test_yes_or_no_is_asked(question: str):
    assert asks_whether(question)


@pytest.mark.parametrize(
    "question",
    [
        "Quand le pont a-t-il rouvert ?",
        "Can you tell me who won?",
        "Do you know how many died?",
        "May 2020: who won the election?",
        "In 2020 who will win?",
        "Qui ?",
        "Kervalec",
    ],
)
def test_yes_or_no_is_not_asked(question: str):
    assert not asks_whether(question)


def test_how_many_is_asked():
    assert asks_how_many("Combien de blessés ?")
    assert asks_how_many("Et combien de blessés ? — pont, Kervalec")
    assert not asks_how_many("How much did it cost?")
    assert not asks_how_many("When did the strike start and how many joined?")
    assert not asks_how_many("Qui a dit combien de soldats viendraient ?")
    assert not asks_how_many("Sait-on combien de soldats viendront ?")


@pytest.mark.parametrize(
    ("answer", "question", "language"),
    [
        ("Lovelace", TRAINS, "fr"),
        ("Khalifa Lovelace", TRAINS, "fr"),
        ("le maréchal Khalifa Lovelace.", TRAINS, "fr"),
        ("« Khalifa Lovelace »", TRAINS, "fr"),
        ("Field Marshal Khalifa Lovelace", "Who will train Lovelace's soldiers?", "en"),
        ("les soldats", TRAINS, "fr"),
        ("the bridge", "Which bridge collapsed?", "en"),
        ("Kervalec", "Quelle commune a absorbé Kervalec ?", "fr"),
        ("quelques jours", "Combien d'experts seront envoyés ?", "fr"),
        ("d'ici quelques jours", "Combien d'experts seront envoyés ?", "fr"),
        ("quelques jours", "Combien d'agents seront envoyés ?", "fr"),
        ("in three days", "How many instructors will be sent?", "en"),
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
        ("Emmanuel Macron", "Qui a décidé ça ? — dissolution, Emmanuel Macron", "fr"),
        ("Raúl Castro", "Qui a succédé à Fidel Castro ?", "fr"),
        ("Newcastle United", "Who beat Manchester United?", "en"),
        ("Ada Lovelace", "Who is the daughter of Byron and mother of Ralph Lovelace?", "en"),
        ("Babbage", "Who won, Babbage or Lovelace?", "en"),
        ("Babbage", "Entre Babbage et Lovelace, lequel a gagné ?", "fr"),
        ("la France", "Qui a gagné le match France-Brésil ?", "fr"),
        ("Marseille", "Qui a gagné Marseille - Lyon ?", "fr"),
        ("England", "Who won England vs Germany?", "en"),
        ("Marine Le Pen", "Qui, de Macron et Le Pen, est en tête ?", "fr"),
        ("in Paris", "Where was the Paris Agreement signed?", "en"),
        ("Luxembourg", "What is the capital of Luxembourg?", "en"),
        ("Oui", "Le pont est-il ouvert ?", "fr"),
        ("No", "So, is the bridge open?", "en"),
        ("No", "Who is there?", "en"),
        ("ouvert", "Le pont est-il ouvert ?", "fr"),
        ("une soixantaine", "Combien de pays ?", "fr"),
        ("few", "How many ships came?", "en"),
        ("nobody", "How many were hurt?", "en"),
        ("A woman was killed", "How many were killed?", "en"),
        ("Il n'y a pas eu de victimes", "Combien de victimes ?", "fr"),
        ("Twice", "How many times did she win?", "en"),
        ("vingt-trois", "Combien de blessés ?", "fr"),
        ("quelques jours", "Combien de temps le siège a-t-il duré ?", "fr"),
        ("cinq ans", "À combien a-t-il été condamné ?", "fr"),
        ("three days", "How many days did it last?", "en"),
        ("200 people in three days", "How many were hurt?", "en"),
        ("le ministre", "Qui a dit combien de soldats viendraient ?", "fr"),
        ("jeudi", "Quand le pont a-t-il rouvert ?", "fr"),
    ],
)
def test_what_may_answer(answer: str, question: str, language: str):
    assert may_answer(answer, question, language)


def test_how_many_is_held_by_what_counts():
    asked = "Combien d'experts seront envoyés ?"
    assert may_hold("Quarante experts arrivent.", asked, "fr")
    assert may_hold("Plusieurs dizaines d'experts arrivent.", asked, "fr")
    assert may_hold("Une personne a été tuée.", "Combien de morts ?", "fr")
    assert may_hold("Nobody was hurt.", "How many were hurt?", "en")
    assert not may_hold("Les experts arrivent d'ici quelques jours.", asked, "fr")
    assert may_hold("Elle y passe une année.", "Combien de temps y reste-t-elle ?", "fr")
    assert may_hold("Les experts arrivent.", "Quand arrivent les experts ?", "fr")


@pytest.mark.parametrize(
    ("sentence", "part", "question", "language", "who"),
    [
        ("Ils forment des soldats libyens.", "soldats libyens", TRAINS, "fr", False),
        ("On forme des soldats de la Légion.", "soldats de la Légion", TRAINS, "fr", True),
        ("On choisit des experts.", "experts", TRAINS, "fr", True),
        ("On aide des étudiants boursiers.", "étudiants boursiers",
         "Qui va toucher l'aide aux étudiants ?", "fr", True),
        ("Des soldats français sont morts.", "soldats français",
         "Qui a été tué dans l'attaque contre les soldats ?", "fr", True),
        ("They train them under a deal.", "a deal", "Who trains them?", "en", False),
        ("The men train them under a deal.", "a deal", "Who trains them?", "en", True),
        ("Il est arrêté par la police.", "la police", "Qui a arrêté le suspect ?", "fr", True),
        ("He was arrested by local police.", "police", "Who arrested the suspect?", "en", True),
        ("He blamed the opposition.", "the opposition", "Who did Putin blame?", "en", True),
        ("Il a rencontré des élus.", "des élus", "Qui Macron a-t-il rencontré ?", "fr", True),
        ("His wife called police.", "wife", "Who called police?", "en", True),
    ],
)  # fmt: skip
def test_who_in_small_letters(sentence: str, part: str, question: str, language: str, who: bool):
    start = sentence.index(part)
    assert may_be_who(sentence, start, start + len(part), question, language) == who


@pytest.mark.parametrize(
    ("text", "part", "question", "aside"),
    [
        ("Pour accueillir ces experts, on ferme.", "accueillir", "Quelles mesures ?", True),
        ("On ferme. Afin de s’abriter, il court.", "s’abriter", "Comment court-il ?", True),
        ("Pour accueillir ces experts, on ferme.", "accueillir", "Pourquoi ferme-t-on ?", False),
        ("Pour accueillir ces experts, on ferme.", "accueillir", "Dans quel but ?", False),
        ("Pour accueillir ces experts, on ferme.", "on ferme", "Quelles mesures ?", False),
        ("Pour septembre, on ferme.", "septembre", "Quand ferme-t-on ?", False),
        ("Pour janvier, on ferme.", "janvier", "Quand ferme-t-on ?", False),
        ("Pour quatre euros, on entre.", "quatre euros", "À quel prix ?", False),
        ("Il est jugé pour avoir reçu des fonds.", "avoir reçu", "Que lui reproche-t-on ?", False),
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
