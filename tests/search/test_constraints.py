"""What a question says about the dates and the outlets of its articles."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.documents.article import PartialDate
from qa.search.constraints import understand
from qa.types import Constraints, Question, Window

TODAY = date(2023, 12, 31)
SOURCES = (
    "TechCrunch",
    "The Verge",
    "Fortune",
    "Polygon",
    "The Age",
    "Wired",
    "Time",
    "Le Point",
    "Le Monde",
    "La Croix",
    "Libération",
    "RFI",
    "CBSSports.com",
    "Sporting News",
    "The New York Times",
    "The Sydney Morning Herald",
    "The Independent - Sports",
    "The Independent - Travel",
    "BBC News - Technology",
    "The Roar | Sports Writers Blog",
    "Business Today | Latest Stock Market And Economy News India",
    "lefigaro.fr",
)


def understood(question: str, language: str = "en") -> Constraints:
    return understand(question, language, SOURCES, TODAY)


INDEPENDENT = ("The Independent - Sports", "The Independent - Travel")


@pytest.mark.parametrize(
    ("language", "question", "sources"),
    [
        ("en", "Who was arrested, according to TechCrunch?", ["TechCrunch"]),
        ("en", "who was arrested according to techcrunch?", ["TechCrunch"]),
        ("en", "What does The Verge's report say?", ["The Verge"]),
        ("en", "What does the Verge article say?", ["The Verge"]),
        ("en", "What did Fortune report about FTX?", ["Fortune"]),
        ("en", "What do 'Fortune' and 'The Age' disagree on?", ["Fortune", "The Age"]),
        (
            "en",
            "As reported by both Wired, Polygon and Time, who won?",
            ["Wired", "Polygon", "Time"],
        ),
        ("en", "Who won, as CBS Sports reported?", ["CBSSports.com"]),
        ("en", "Who won according to cbssports.com?", ["CBSSports.com"]),
        ("en", "What did the Sydney Morning Herald say?", ["The Sydney Morning Herald"]),
        ("en", "what does sporting news say about him", ["Sporting News"]),
        ("en", "What did the NYT write?", ["The New York Times"]),
        ("en", "What did The Independent report?", INDEPENDENT),
        ("en", "What does 'The Independent - Travel' suggest?", ["The Independent - Travel"]),
        ("en", "What did the BBC say about chips?", ["BBC News - Technology"]),
        ("en", "What does The Roar article say?", ["The Roar | Sports Writers Blog"]),
        ("en", "In the Fortune October 4 report, who lied?", ["Fortune"]),
        ("fr", "Selon RFI, qui a rencontré Haftar ?", ["RFI"]),
        ("fr", "que dit rfi sur haftar ?", ["RFI"]),
        ("fr", "Qui ment d'après Le Monde ?", ["Le Monde"]),
        ("fr", "Que lit-on dans Le Monde et Libération ?", ["Le Monde", "Libération"]),
        ("fr", "Que disait l'article de Liberation ?", ["Libération"]),
        ("fr", "Que rapporte Le Point ?", ["Le Point"]),
        ("fr", "Qui ment selon Le Figaro ?", ["lefigaro.fr"]),
        ("en", "Is it the right time to invest in fortune telling?", []),
        ("en", "Was he wired for sound in the age of radio?", []),
        ("en", "What is a polygon?", []),
        ("en", "Which Fortune 500 firms grew?", []),
        ("en", "Who directed The Age of Ultron?", []),
        ("en", "Who merged with Time Warner?", []),
        ("en", "Is he independent of the verge of war?", []),
        ("fr", "Quel est le point de désaccord ?", []),
        ("fr", "Combien de gens dans le monde ?", []),
        ("fr", "Quand a eu lieu la libération de Paris ?", []),
        ("fr", "Selon l'ONU, qui gouverne ?", []),
        ("fr", "Selon La Croix, qui gouverne ?", ["La Croix"]),
        ("fr", "Selon la Croix-Rouge, combien de morts à Gaza ?", []),
    ],
)
def test_outlets(language, question, sources):
    assert list(understood(question, language).sources) == list(sources)


@pytest.mark.parametrize(
    ("question", "cued"),
    [
        ("Who was arrested according to TechCrunch?", True),
        ("Which firm, covered by TechCrunch, went broke?", True),
        ("Who bought TechCrunch?", False),
        ("Why was TechCrunch sued?", False),
    ],
)
def test_an_outlet_that_tells_is_told_from_one_that_is_asked_about(question, cued):
    (outlet,) = understood(question).outlets
    assert outlet.cued is cued


def test_the_span_of_an_outlet_covers_its_name():
    question = "Who won, as CBS Sports reported?"
    (outlet,) = understood(question).outlets
    assert outlet.span.of(question) == "CBS Sports"


@pytest.mark.parametrize(
    ("language", "question", "articles", "events"),
    [
        ("en", "What did the article published on 5 October 2023 say?", 1, 0),
        ("en", "What did the article from October 2023 say?", 1, 0),
        ("en", "What does TechCrunch's October 7, 2023, article say?", 1, 0),
        ("en", "What did the report from The Verge on November 7, 2023 say?", 1, 0),
        ("en", "What has TechCrunch published since 2022?", 1, 0),
        ("en", "Did the Wired story published at 18:00 on 9 November 2023 change?", 1, 0),
        ("en", "What did TechCrunch report on Uber on 9 November 2023?", 1, 0),
        ("en", "Compare the reports published on October 7 and November 3, 2023.", 2, 0),
        ("en", "Which article published on 11/01/2017 named him?", 2, 0),
        ("en", "Who has ruled Libya since 2011?", 0, 1),
        ("en", "Who was elected on 5 October 2023?", 0, 1),
        ("en", "Who spent billions in 2021, as reported by TechCrunch?", 0, 1),
        ("en", "Does the Wired article say that he left on November 16th?", 0, 1),
        ("en", "According to TechCrunch, who was jailed on 7 October 2023?", 0, 1),
        ("en", "What did the article published on 5 October say of the 2011 war?", 1, 1),
        ("en", "What does Business Today say?", 0, 0),
        ("fr", "Que dit l'article du 3 mars ?", 1, 0),
        ("fr", "Que dit l'article de RFI du 3 mars 2017 ?", 1, 0),
        ("fr", "Que dit le reportage publié le 3 mars 2017 ?", 1, 0),
        ("fr", "Que disait RFI sur Haftar le 11 janvier 2017 ?", 1, 0),
        ("fr", "Quelles sont les actualités de la semaine dernière ?", 1, 0),
        ("fr", "Qui gouverne la Libye depuis 2011 ?", 0, 1),
        ("fr", "Selon RFI, qui a rencontré Haftar le 11 janvier 2017 ?", 0, 1),
        ("fr", "Qui a été élu en mars 2017 ?", 0, 1),
        ("en", "Which hostages were released on 3 March 2016?", 0, 1),
        ("en", "Which law was updated in 2012?", 0, 1),
        ("en", "Which report released in March 2018 names him?", 1, 0),
        ("fr", "Combien de morts ont été rapportés en 2011 ?", 0, 1),
        ("fr", "Le navire est sorti en mai 2017 de quel port ?", 0, 1),
        ("fr", "Qui a écrit en 2011 au président ?", 0, 1),
        ("fr", "Et celui de 2019 ?", 0, 1),
        ("fr", "Y en a-t-il eu une en 2020 ?", 0, 1),
        ("fr", "Selon Le Monde, y en a-t-il eu une en 2020 ?", 0, 1),
        ("en", "Was there one in 2019?", 0, 1),
        ("en", "What were the main human rights issues in 2019?", 0, 1),
        ("en", "Does the article that names him say there was one in 2019?", 0, 1),
        ("fr", "Que dit l'article du 3 mars, et celui du 5 juin ?", 2, 0),
        ("fr", "Que dit celui de RFI du 5 juin 2020 ?", 1, 0),
        ("fr", "Que dit la une de RFI du 5 juin 2020 ?", 1, 0),
        ("en", "Compare the TechCrunch article from October 7 with the one from May 3.", 2, 0),
        ("en", "Who is on the cover of the TechCrunch issue of 3 March 2020?", 1, 0),
        ("en", "Who is on the cover of the March 2020 TechCrunch issue?", 1, 0),
        ("en", "Who is on the cover of the March 2020 issue of TechCrunch?", 1, 0),
    ],
)
def test_a_time_is_of_the_article_or_of_the_event(language, question, articles, events):
    found = understood(question, language)
    assert (len(found.articles), len(found.events)) == (articles, events)


def test_firm_windows_come_first_and_span_since_to_until():
    found = understood("Of the 2011 war, what say the reports published on 3 May and 7 May 2023?")
    assert found.windows() == (
        Window(date(2023, 5, 3), date(2023, 5, 3), firm=True),
        Window(date(2023, 5, 7), date(2023, 5, 7), firm=True),
        Window(date(2011, 1, 1), date(2011, 12, 31), firm=False),
    )
    assert (found.since, found.until) == (date(2023, 5, 3), date(2023, 5, 7))
    assert [time.since for time in found.times] == [
        date(2011, 1, 1),
        date(2023, 5, 3),
        date(2023, 5, 7),
    ]


def test_an_open_side_stays_open():
    found = understood("What has TechCrunch published since May 2023?")
    assert (found.since, found.until) == (date(2023, 5, 1), None)


def test_nothing_said_is_nothing_understood():
    assert not understood("Who governs Libya?")
    assert understood("Who governs Libya?") == Constraints()


@pytest.mark.parametrize(
    ("day", "off"),
    [
        ("2023-05-03", 0),
        ("2023-05", 0),
        ("2023", 0),
        ("2023-05-01", -2),
        ("2023-05-10", 3),
        ("2022", -123),
        ("2024", 239),
    ],
)
def test_how_far_an_article_lies_from_a_window(day, off):
    window = Window(date(2023, 5, 3), date(2023, 5, 7), firm=True)
    assert window.days_off(PartialDate.parse(day)) == off


def test_a_window_with_open_sides_has_nothing_beyond_them():
    assert Window(None, date(2023, 5, 7), firm=False).days_off(PartialDate(1900)) == 0
    assert Window(date(2023, 5, 3), None, firm=False).days_off(PartialDate(2100)) == 0


@given(st.text(max_size=80), st.lists(st.text(max_size=12), max_size=4))
def test_any_question_and_any_sources_are_understood(question, sources):
    found = understand(question, "en", sources, TODAY)
    assert set(found.sources) <= set(sources)
    assert all(0 <= o.span.start < o.span.end <= len(question) for o in found.outlets)


def test_of_a_long_question_before_only_the_beginning_is_looked_at():
    """Looking for times takes as long as the length squared, and a history may be long."""
    before = "In March 2019 it opened. " * 800
    text, cut = Question("And when?", (before, "Then."), carried=before).said
    assert text == "And when?"
    assert before.startswith(cut)
    assert len(cut) == 2000
