"""Follow-ups: what leans on the talk carries its questions, and nothing else is touched."""

from __future__ import annotations

import csv
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.answering.finding import newly_named
from qa.answering.followups import make_standalone, needs_history, own_words, queries
from qa.documents.article import Article
from qa.documents.filters import Filters
from qa.types import Question
from tests import DATA
from tests.fakes import hit

FRENCH = (
    "Qui a formé les soldats libyens en janvier 2017 ?",
    "Des experts russes, à Tobrouk et à Benghazi [1].",
)
ENGLISH = (
    "Who visited the carrier Kuznetsov in January 2017?",
    "Khalifa Haftar visited it on 11 January [1].",
)
TABLE = DATA / "followups.tsv"


def carried(text: str, *history: str) -> str:
    """What is put in front of a message."""
    question = make_standalone(Question(text, history))
    assert question.standalone == f"{question.carried} {text.strip()}".strip()
    return question.carried


@pytest.mark.parametrize("text", ["Et où ?", "Combien étaient-ils ?", "Pourquoi ?", "Et en 2019 ?"])
def test_french_follow_ups_carry_their_topic(text: str):
    assert "soldats libyens" in carried(text, *FRENCH)


@pytest.mark.parametrize("text", ["And in 2019?", "When?", "What did he say?", "Why there?"])
def test_english_follow_ups_carry_their_topic(text: str):
    assert "Kuznetsov" in carried(text, *ENGLISH)


@pytest.mark.parametrize(
    "text",
    [
        "Is it raining in Paris?",
        "Who won the World Cup final in 2018?",
        "Qui a gagné la finale de la Coupe du monde 2018 ?",
        "Merci beaucoup !",
    ],
)
def test_what_stands_alone_carries_nothing(text: str):
    talk = ("What was decided at the talks in Geneva?", "A permanent ceasefire [1].")
    assert carried(text, *talk) == ""


def test_a_typed_dash_is_nothing_special():
    text = "La Russie — combien d'instructeurs a-t-elle envoyés en Libye ?"
    question = make_standalone(Question(text))
    assert (question.standalone, question.carried, question.said) == (text, "", (text,))


@pytest.mark.parametrize("text", ["Et où ?", "When?", "Tell me more"])
def test_without_history_nothing_is_carried(text: str):
    assert carried(text) == ""


def test_a_time_in_the_follow_up_replaces_the_topics():
    assert "2017" not in carried("Et en 2019 ?", *FRENCH)
    assert "2017" in carried("Et où ?", *FRENCH)


def test_the_topic_lasts_through_several_follow_ups():
    history = [
        *ENGLISH,
        "And with whom did he speak?",
        "With Sergei Shoigu [1].",
        "How?",
        "By video.",
    ]
    assert "Kuznetsov" in carried("For how long?", *history)


def test_a_new_question_changes_the_topic():
    history = [*ENGLISH, "What caused the explosion in the port of Beirut?", "A fire [1]."]
    now = carried("How many people died?", *history)
    assert "Beirut" in now
    assert "Kuznetsov" not in now


def test_small_talk_is_no_topic():
    assert "Kuznetsov" in carried("And when?", *ENGLISH, "Thanks!", "You are welcome.")


def test_the_language_is_that_of_the_question_or_of_the_talk():
    assert make_standalone(Question("Et Haftar ?", ENGLISH)).language == "fr"
    assert make_standalone(Question("Haftar ?", FRENCH)).language == "fr"


def test_all_else_of_the_question_stays():
    filters = Filters.parse(since="2017")
    question = make_standalone(Question("Et où ?", FRENCH, filters, answerer="extractive"))
    assert (question.filters, question.answerer, question.text) == (
        filters,
        "extractive",
        "Et où ?",
    )


@given(st.text(max_size=80), st.lists(st.text(max_size=80), max_size=5))
def test_what_was_typed_is_never_changed(text: str, history: list[str]):
    question = make_standalone(Question(text, tuple(history)))
    assert question.text == text
    assert own_words(question).lower() in text.lower()


def rows() -> list[dict[str, str]]:
    """data/followups.tsv: what was talked of, a word to carry ("-": none), the message."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_most_of_the_table_is_told_apart():
    """By n-grams alone; 76 of the 80."""
    right = [needs_history(row["question"]) == (row["carried"] != "-") for row in rows()]
    assert len(right) >= 60
    assert sum(right) / len(right) >= 0.9


@pytest.mark.parametrize(
    ("typed", "subject"),
    [
        ("What do the articles say about Derna?", "Derna?"),
        ("Que disent les articles sur l'opération Irini ?", "l'opération Irini ?"),
        ("ils disent quoi les articles sur derna", "derna"),
        ("tldr on the brexit vote", "the brexit vote"),
        ("Fais-moi un résumé de la chute de Kadhafi", "la chute de Kadhafi"),
        ("What did the articles of 2019 say?", "What did the articles of 2019 say?"),
        ("Tell me about", "Tell me about"),
    ],
)
def test_of_what_asks_for_an_overview_only_the_subject_is_searched(typed: str, subject: str):
    assert queries(Question(typed, standalone=typed)) == (subject,)


def test_each_question_of_several_is_searched_behind_what_stands_before_them():
    message = "I write on the instructors. Which towns will host them? How many will come?"
    assert queries(Question(message, standalone=message)) == (
        "I write on the instructors. Which towns will host them?",
        "I write on the instructors. How many will come?",
    )
    one = "Who led the works? In 1903?"
    assert queries(Question(one, standalone=one)) == (one,)


def test_two_questions_joined_are_searched_apart_when_each_names_something():
    apart = "How many died in Beirut and when did Notre-Dame burn?"
    assert queries(Question(apart, standalone=apart)) == (
        "How many died in Beirut",
        "when did Notre-Dame burn?",
    )
    for together in ("Who resigned in Beirut and when was it?", "Qui a chanté, et où ?"):
        assert queries(Question(together, standalone=together)) == (together,)


@pytest.mark.parametrize(
    ("typed", "searched", "language"),
    [
        ("Answer in French: how many died in Beirut?", "how many died in Beirut?", "fr"),
        (
            "Combien de morts à Beyrouth ? Réponds en anglais.",
            "Combien de morts à Beyrouth ?",
            "en",
        ),
        ("HOW MANY DIED IN BEIRUT?", "how many died in beirut?", "en"),
        ("NATO", "NATO", "en"),
    ],
)
def test_what_says_how_to_answer_is_not_searched(typed: str, searched: str, language: str):
    question = make_standalone(Question(typed))
    assert (question.text, question.standalone, question.language) == (typed, searched, language)


LANDING = hit(
    Article.create(
        id="l", title="On a comet", text="The robot Philae came down.", language="en", origin="l"
    )
)


@pytest.mark.parametrize(
    ("typed", "new"),
    [
        ("And Philae?", ["Philae"]),
        ("and philae", ["philae"]),
        ("and the robot?", []),  # the text writes it in small letters
        ("And Haftar?", []),  # carried
        ("And when?", []),
    ],
)
def test_a_follow_up_may_name_something_new(typed: str, new: list[str]):
    question = make_standalone(Question(typed, ENGLISH))
    assert question.carried
    assert newly_named(replace(question, carried=f"{question.carried} Haftar."), [LANDING]) == new


COMING = "The Russian instructors are coming. Where will the training take place?"


@pytest.mark.parametrize(
    ("typed", "searched"),
    [
        (
            "Hi, I write an essay. It is due today. Who led Operation Dignity? Thanks!",
            "Who led Operation Dignity?",
        ),
        (
            "Je suis de Lyon. Qui a formé les soldats de Haftar ? C'est pour demain.",
            "Qui a formé les soldats de Haftar ?",
        ),
        (COMING, COMING),  # it names what the question does not
    ],
)
def test_who_asks_and_why_is_not_searched(typed: str, searched: str):
    assert make_standalone(Question(typed)).standalone == searched
