"""Abstention: nothing found, nothing about it, or something near: three things to say."""

from __future__ import annotations

import pytest

from qa.answering.abstention import absent, abstention, is_foreign
from qa.documents.article import Article, PartialDate
from qa.types import Language
from tests.fakes import hit

PONT = Article.create(
    title="Le pont de Kervalec rouvre",
    text="Le pont a rouvert jeudi. Maëlle Tanguy a dirigé le chantier. Il a coûté 12 000 euros.",
    date=PartialDate(2019, 3, 14),
    source="Le Courrier",
    language="fr",
    origin="a",
)
HITS = [hit(PONT)]


@pytest.mark.parametrize(
    ("question", "language", "said", "names"),
    [
        ("Pourquoi Kervalec ?", "fr", "Les articles ne le disent pas.", ""),
        ("Why Kervalec?", "en", "The articles do not say.", ""),
        ("Valparaiso en 1850 ?", "fr", "Les articles ne le disent pas.", "Valparaiso ni 1850"),
        ("The 2018 World Cup, Nora Quill?", "en", "The articles do not say.",
         "2018 World Cup or Nora Quill"),
    ],
)  # fmt: skip
def test_it_names_what_no_article_found_mentions(
    question: str, language: Language, said: str, names: str
):
    """Words that stand together are missed together."""
    text = abstention(question, HITS, language, near=False, filtered=False)
    assert text.startswith(said)
    assert text.endswith(f" {names}.") if names else text == said


@pytest.mark.parametrize(
    ("question", "foreign"),
    [
        ("أين التقى حفتر والسراج؟", True),
        ("متى وصل Haftar إلى بنغازي؟", True),
        ("Где встретились Хафтар и Саррадж?", True),
        ("利比亚发生了什么？", True),
        ("Πού είναι ο Χαφτάρ;", True),
        ("Qui est Халифа Хафтар ?", False),
        ("What does حفتر mean?", False),
        ("Haftar Хафтар", False),
        ("Où ?", False),
        ("Łódź 2017 ?", False),
        ("2017 ?!", False),
        ("", False),
    ],
)
def test_a_question_in_another_script_is_told_from_one_that_names_something_in_it(
    question: str, foreign: bool
):
    assert is_foreign(question) is foreign


@pytest.mark.parametrize("near", [True, False])
def test_where_no_article_passes_the_filters_it_is_said_and_nothing_else(near: bool):
    text = abstention("Où est Haftar ?", [], "fr", near=near, filtered=True)
    assert text == "Aucun article ne passe les filtres."


def test_where_quotes_are_near_it_is_the_answer_that_was_not_found():
    assert abstention("Qui est Zebulon ?", HITS, "fr", near=True, filtered=False) == (
        "Je n'ai pas trouvé la réponse dans les articles. Le plus proche de ce qu'ils disent :"
    )
    assert "nearest" in abstention("Who is Zebulon?", HITS, "en", near=True, filtered=False)


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("What happened in March 2019?", []),
        ("Who spoke on Thursday, March 14?", []),
        ("En mars 2019 ?", []),
        ("Que s'est-il passé à Kervalec en 2019 ?", []),
        ("What does Le Courrier say?", []),
        ("Où sont les 12 000 euros ?", []),
        ("Où sont les 13 000 euros ?", ["13 000"]),
        ("What happened in June 2018?", ["2018"]),
        ("Le pont de Valparaiso en 1850 ?", ["Valparaiso", "1850"]),
    ],
)
def test_title_outlet_date_and_text_of_an_article_count_as_mentioned(
    question: str, missing: list[str]
):
    assert absent(question, HITS) == missing


def test_an_index_without_articles_is_not_blamed_on_filters():
    text = abstention("Where is Haftar?", [], "en", near=False, filtered=False)
    assert text == "There are no articles yet."
