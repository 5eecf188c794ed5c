"""Wording: when the quote's own words take the place of a model's."""

from __future__ import annotations

import pytest

from qa.answer import Citation, Language
from qa.article import Article
from qa.chunks import Span
from qa.wording import in_quoted_words

TEXT = "Le pont de Kervalec a été ouvert le 3 mai 1911 par Maëlle Tanguy."
WHO = "Qui a ouvert le pont ?"


def quote(n: int, pointed: str | None, language: Language = "fr") -> Citation:
    article = Article.create(text=TEXT, language=language, origin="test")
    start = TEXT.index(pointed) if pointed else 0
    answer = Span(start, start + len(pointed)) if pointed else None
    return Citation(n, article, Span(0, len(TEXT)), answer=answer)


def test_the_reader_s_words_take_the_place_of_a_short_answer():
    quotes = [quote(2, "Maëlle Tanguy")]
    text = "Le pont a été ouvert par Mme Tanguy [2]."
    assert in_quoted_words(text, quotes, WHO, "fr") == ("Maëlle Tanguy [2]", tuple(quotes))


def test_only_the_quote_pointed_to_stays_cited():
    quotes = [quote(1, None), quote(3, "Maëlle Tanguy"), quote(4, "3 mai 1911")]
    text, cited = in_quoted_words("Tanguy, en 1911 [1] [3] [4]", quotes, WHO, "fr")
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
