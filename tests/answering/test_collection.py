"""Questions about the articles themselves: the index answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from qa.answering.collection import reply
from qa.documents.filters import Filters
from qa.index.live import LiveIndex
from qa.types import Language, Question

Ask = Callable[[Question], str]
TODAY = date(2021, 11, 3)


def asked(text: str, language: Language = "en", filters: Filters | None = None) -> Question:
    return Question(text, filters=filters or Filters(), language=language, asked_on=TODAY)


@pytest.fixture
def ask(live: LiveIndex) -> Ask:
    def ask(question: Question) -> str:
        with live.current() as index:
            text = reply(question, index.archive, index.sources)
        assert text is not None
        return text

    return ask


def test_how_many_there_are_from_when_to_when_and_of_which_outlets(ask: Ask):
    text = ask(asked("How many articles do you have?"))
    assert text.splitlines()[:3] == [
        "6 articles, from 14 March 2019 to 2 November 2021, 3 in French, 3 in English.",
        "Outlets: Le Courrier, The Harbour Post.",
        "The latest:",
    ]
    assert text.splitlines()[3] == "- Lynx seen near Sandmouth (2 November 2021)"
    assert len(text.splitlines()) == 8, "five of the six"


def test_it_is_said_in_the_language_of_the_question(ask: Ask):
    text = ask(asked("Combien d'articles avez-vous ?", "fr"))
    assert text.splitlines()[:4] == [
        "6 articles, du 14 mars 2019 au 2 novembre 2021, 3 en français, 3 en anglais.",
        "Sources : Le Courrier, The Harbour Post.",
        "Les plus récents :",
        "- Lynx seen near Sandmouth (2 novembre 2021)",
    ]


@pytest.mark.parametrize(
    ("question", "language", "said"),
    [
        (
            "What are the articles of March 2019?",
            "en",
            ["2 articles.", "The latest:", "- Kervalec bridge opens again (15 March 2019)",
             "- Le pont de Kervalec rouvre (14 March 2019)"],
        ),
        (
            "Combien d'articles du Courrier en mars 2019 ?",
            "fr",
            ["1 article.", "Les plus récents :", "- Le pont de Kervalec rouvre (14 mars 2019)"],
        ),
        (
            "Quels sont les articles de Le Courrier ?",
            "fr",
            ["2 articles.", "Les plus récents :", "- Le pont de Kervalec rouvre (14 mars 2019)",
             "- Un musée du verre (sans date)"],
        ),
        (
            "Which articles were published yesterday?",
            "en",
            ["1 article.", "The latest:", "- Lynx seen near Sandmouth (2 November 2021)"],
        ),
        ("How many articles were published in June 1985?", "en", ["No article matches."]),
        (
            "Which articles were published on 15 March 2019?",
            "en",
            ["1 article.", "The latest:", "- Kervalec bridge opens again (15 March 2019)"],
        ),
        ("Combien d'articles en juin 1985 ?", "fr", ["Aucun article ne correspond."]),
    ],
)  # fmt: skip
def test_outlets_and_times_of_the_question_count(
    ask: Ask, question: str, language: Language, said: list[str]
):
    assert ask(asked(question, language)).splitlines() == said


def test_filters_count_and_stand_above_what_the_question_names(ask: Ask):
    english = asked("How many articles do you have?", filters=Filters(language="en"))
    assert ask(english).startswith("3 articles.")
    before = Filters.parse(until="2019-03-14")
    assert ask(asked("How many articles in 2021?", filters=before)).startswith("1 article.")


def test_articles_that_have_a_name_are_counted(ask: Ask):
    counted = ask(asked("How many articles mention Sandmouth?"))
    assert counted.startswith("With “Sandmouth”: 2 articles.")
    assert "Lynx seen near Sandmouth (2 November 2021)" in counted
    assert ask(asked("Combien d'articles parlent de Kervalec ?", "fr")).startswith(
        "Avec « Kervalec »"
    )


@pytest.mark.parametrize(
    "about_a_subject",
    [
        "How many articles are about Haftar?",
        "Combien d'articles du New York Times avez-vous ?",
        "How many articles are about the strike?",
        "Quels articles parlent du pont ?",
        "what do the articles say about the glass museum",
        "ils disent quoi les articles sur kervalec",
        "articles on sandmouth",
    ],
)
def test_what_names_anything_else_is_asked_of_the_articles(live: LiveIndex, about_a_subject: str):
    with live.current() as index:
        assert reply(asked(about_a_subject), index.archive, index.sources) is None
