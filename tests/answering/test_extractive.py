"""Extractive answers: the article's own words in quotation marks, numbered."""

from __future__ import annotations

from qa.answering.extractive import more, write
from qa.documents.article import Article
from qa.language.sentences import Span
from qa.types import Citation

PONT = Article.create(text="Le pont\nrouvre.  Il est neuf.", language="fr", origin="a", id="pont")
BRIDGE = Article.create(text="The bridge opened.", language="en", origin="b", id="bridge")


def test_one_article_in_french():
    text = write([Citation(1, PONT, Span(0, 15))], "fr")
    assert text == "Un article le dit :\n\n« Le pont rouvre. » [1]"


def test_several_articles_in_english():
    citations = [Citation(1, PONT, Span(0, 15)), Citation(2, BRIDGE, Span(0, 18))]
    assert write(citations, "en") == (
        "The articles say:\n\n“Le pont rouvre.” [1]\n\n“The bridge opened.” [2]"
    )


def test_two_quotes_of_one_article_are_one_article():
    citations = [Citation(1, PONT, Span(0, 15)), Citation(2, PONT, Span(16, 28))]
    assert write(citations, "en").startswith("One article says:")


def test_markdown_and_html_in_an_article_do_not_work():
    """Clients of the API show the text as Markdown, and would fetch the picture."""
    article = Article.create(
        text="Le pont ![x](https://a.example/?q) <img src=x> rouvre.", language="fr", origin="d"
    )
    citation = Citation(1, article, Span(0, len(article.text)))
    assert "« Le pont ![x] (https://a.example/?q) < img src=x> rouvre. »" in write([citation], "fr")
    assert citation.quote == article.text


def test_a_number_in_brackets_in_an_article_is_no_citation():
    article = Article.create(text="Le pont [3] rouvre.", language="fr", origin="c", id="c")
    text = write([Citation(1, article, Span(0, 19))], "fr")
    assert "« Le pont (3) rouvre. » [1]" in text


def test_a_lead_in_may_be_given_and_quotes_may_stand_below_a_text():
    citations = [Citation(2, PONT, Span(16, 28))]
    assert write(citations, "fr", "Plus :") == "Plus :\n\n« Il est neuf. » [2]"
    said = "Le pont rouvre [1]."
    assert more(said, citations, "fr") == (
        "Le pont rouvre [1].\n\nDans les articles :\n\n« Il est neuf. » [2]"
    )
    assert more(said, [], "fr") == said
