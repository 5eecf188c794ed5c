"""Wording: when the quote's own words take the place of a model's."""

from __future__ import annotations

import pytest

from qa.answer import Citation, Language
from qa.article import Article
from qa.chunks import Span
from qa.wording import at_odds, in_quoted_words

TEXT = "Le pont de Kervalec a été ouvert le 3 mai 1911 par Maëlle Tanguy."
WHO = "Qui a ouvert le pont ?"


def quote(n: int, pointed: str | None, language: Language = "fr", text: str = TEXT) -> Citation:
    article = Article.create(text=text, language=language, origin="test")
    start = text.index(pointed) if pointed else 0
    answer = Span(start, start + len(pointed)) if pointed else None
    return Citation(n, article, Span(0, len(text)), answer=answer)


def test_the_reader_s_words_take_the_place_of_a_short_answer():
    quotes = [quote(2, "Maëlle Tanguy")]
    text = "Le pont a été ouvert par Mme Tanguy [2]."
    assert in_quoted_words(text, quotes, WHO, "fr") == ("Maëlle Tanguy [2]", tuple(quotes))


def test_only_the_quote_pointed_to_stays_cited():
    quotes = [quote(1, None), quote(3, "Maëlle Tanguy"), quote(4, "3 mai 1911")]
    text, cited = in_quoted_words("Mme Tanguy [1] [3] [4]", quotes, WHO, "fr")
    assert (text, [c.n for c in cited]) == ("Maëlle Tanguy [3]", [3])


@pytest.mark.parametrize(
    ("text", "question", "language", "pointed"),
    [
        ("Oui, par Maëlle Tanguy [1].", "Le pont a-t-il été ouvert ?", "fr", "Maëlle Tanguy"),
        ("Non [1]", "Le pont est-il fermé ?", "fr", "Maëlle Tanguy"),
        ("Parce qu'il était fini [1]", "Pourquoi a-t-il été ouvert ?", "fr", "Maëlle Tanguy"),
        ("By hand [1]", "How was it opened?", "en", None),
        ("Par Tanguy [1]. En mai 1911 [1].", WHO, "fr", "Maëlle Tanguy"),
        (f"Par Tanguy {'et tout le monde ' * 8}[1]", WHO, "fr", "Maëlle Tanguy"),
        ("By Maëlle Tanguy [1]", "Who opened the bridge?", "en", "Maëlle Tanguy"),
        ("Mme Tanguy [1]", WHO, "fr", None),
        ("Le maire de Kervalec [1]", WHO, "fr", "Maëlle Tanguy"),
        ("Maëlle Tanguy, à Kervalec [1]", "Qui a ouvert le pont de Kervalec ?", "fr", "Kervalec"),
    ],
    ids=[
        "yes",
        "no",
        "why",
        "how",
        "two sentences",
        "long",
        "language",
        "not pointed to",
        "other",
        "asked",
    ],
)
def test_the_model_s_answer_stands(
    text: str, question: str, language: Language, pointed: str | None
):
    quotes = [quote(1, pointed)]
    assert in_quoted_words(text, quotes, question, language) == (text, tuple(quotes))


def test_how_many_is_asked_for_words_and_not_for_a_clause():
    text, _ = in_quoted_words("It was 1911 [1]", [quote(1, "1911", "en")], "How long ago?", "en")
    assert text == "1911 [1]"


@pytest.mark.parametrize(
    ("said", "quoted", "pointed", "question", "language"),
    [
        ("The minister of justice", "The minister of justice answered the head of police.",
         "the head of police", "Who answered?", "en"),
        ("La police", "La police a arrêté la suspecte à la gare.", "à la gare",
         "Qui l'a arrêtée ?", "fr"),
        ("Not guilty", "The jury found him not guilty.", "guilty", "What was the verdict?", "en"),
        ("Le pont a coûté 4,2 millions", "Le pont a coûté 4,2 millions, au lieu de 3 millions.",
         "3 millions", "Combien a coûté le pont ?", "fr"),
        ("Le 3 mai 1911", "Ouvert le 3 mai 1911 et fermé le 5 mai 1920.", "5 mai 1920",
         "Quand le pont a-t-il été ouvert ?", "fr"),
        ("France, Italy and Spain", "France, Italy and Spain signed the deal.", "France",
         "Which countries signed?", "en"),
        ("Moins de 200 personnes", "Moins de 200 personnes étaient là.", "200 personnes",
         "Combien étaient là ?", "fr"),
        ("It is closed since Monday", "It is closed since Monday.", "Monday",
         "Is the station open?", "en"),
        ("Elle a fermé lundi", "La gare a fermé lundi.", "lundi", "La gare est-elle fermée ?",
         "fr"),
    ],
)  # fmt: skip
def test_it_stands_where_the_reader_points_to_something_else(
    said: str, quoted: str, pointed: str, question: str, language: Language
):
    quotes = [quote(1, pointed, language, quoted)]
    assert in_quoted_words(f"{said} [1]", quotes, question, language)[0] == f"{said} [1]"


@pytest.mark.parametrize(
    ("said", "pointed", "question"),
    [
        ("Ouvert en 1911", "3 mai 1911", "Quand le pont a-t-il été ouvert ?"),
        ("Le pont de Kervalec fut ouvert le 3 mai", "3 mai 1911", "De quand date Kervalec ?"),
        ("Tanguy", "Maëlle Tanguy", "Qui l'a ouvert ?"),
    ],
)
def test_it_gives_way_to_words_that_say_the_same_and_more(said: str, pointed: str, question: str):
    text, _ = in_quoted_words(f"{said} [1]", [quote(1, pointed)], question, "fr")
    assert text == f"{pointed} [1]"


def test_words_pointed_to_are_written_as_quotes_are():
    """No link of theirs works, and no number of theirs passes for a citation."""
    for pointed, shown in (
        ("[Maëlle Tanguy](/evil)", "[Maëlle Tanguy] (/evil)"),
        ("Maëlle Tanguy[3]", "Maëlle Tanguy(3)"),
    ):
        quotes = [quote(1, pointed, text=f"Ouvert par {pointed} hier.")]
        assert in_quoted_words("Par Tanguy [1].", quotes, WHO, "fr")[0] == f"{shown} [1]"


@pytest.mark.parametrize(
    ("said", "pointed", "question", "language"),
    [
        ("Moscou", "en Russie", "Où ont-ils étudié ?", "fr"),
        ("Moscow", "en Russie", "Where did they study?", "en"),
        ("100,000", "half", "How many died?", "en"),
        ("the minister of justice", "the head of police", "Who answered?", "en"),
    ],
)
def test_two_that_read_a_quote_differently_are_at_odds(
    said: str, pointed: str, question: str, language: Language
):
    there: Language = "fr" if "Russie" in pointed else language
    quotes = [quote(1, pointed, there, f"It was {pointed}.")]
    assert at_odds(f"{said} [1]", quotes, question, language)


@pytest.mark.parametrize(
    ("said", "pointed", "question", "language", "there"),
    [
        ("Maëlle Tanguy", "Mme Tanguy", WHO, "fr", "fr"),
        ("21", "vingt et un", "Combien de blessés ?", "fr", "fr"),
        ("London", "à Londres", "Where did they study?", "en", "fr"),
        ("in several bases", "plusieurs bases de Tobrouk", "Where?", "en", "fr"),
        ("Moscow", "plusieurs bases", "Where?", "en", "fr"),
        ("Yes", "en Russie", "Did they study?", "en", "fr"),
        ("By hand", "en Russie", "How was it built?", "en", "fr"),
        ("le quai de Brest où tout le monde était venu", "en Russie", "Où ?", "fr", "fr"),
        ("Brest", None, "Où ?", "fr", "fr"),
        ("Tous", "Tous", "Qui ?", "fr", "fr"),
        ("Aucun", "aucun blessé", "Combien de blessés ?", "fr", "fr"),
        ("None", "no casualties", "How many were hurt?", "en", "en"),
        ("The EU", "The European Union", "Who signed?", "en", "en"),
        ("l'Organisation des Nations unies", "ONU", "Qui ?", "fr", "fr"),
    ],
)
def test_they_are_not(
    said: str, pointed: str | None, question: str, language: Language, there: Language
):
    quotes = [quote(1, pointed, there, f"Hier {pointed}.")]
    assert not at_odds(f"{said} [1]", quotes, question, language)


def test_one_quote_that_agrees_is_enough():
    quotes = [quote(1, "3 mai 1911"), quote(2, "Maëlle Tanguy")]
    assert at_odds("Tanguy [1]", quotes[:1], WHO, "fr")
    assert not at_odds("Tanguy [1] [2]", quotes, WHO, "fr")
    assert not at_odds("Brest [1] [3]", [quotes[0], quote(3, None)], WHO, "fr")
