"""Answers: each measure on answers made by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qa.documents.article import Article
from qa.evaluation import answers
from qa.evaluation.nuggets import NUGGET_MEASURES, Nugget
from qa.evaluation.questions import GoldQuestion
from qa.language.sentences import Span
from qa.types import Answer, Citation, Language, Question

BRIDGE = Article.create(
    id="bridge",
    text="The bridge opened on Thursday. Engineer Tanguy led the works. They cost 4.2 million.",
    language="en",
    origin="test",
)
PONT = Article.create(
    id="pont", text="Le pont a rouvert jeudi. Tanguy a dirigé.", language="fr", origin="test"
)
ARTICLES = {"bridge": BRIDGE, "pont": PONT}
GOLD = GoldQuestion("q", "Who led the works?", ("Tanguy",), ("bridge",), lang="en")


def cite(n: int, article: Article, quote: str) -> Citation:
    """A citation of words that stand in the article."""
    start = article.text.index(quote)
    return Citation(n, article, Span(start, start + len(quote)))


def answer(text: str, *citations: Citation, language: Language = "en") -> Answer:
    """An answer to GOLD."""
    return Answer(
        question=Question(GOLD.text),
        text=text,
        language=language,
        citations=citations,
        abstained=False,
        reason=None,
        answerer="generative",
        confidence=0.9,
        hits=(),
    )


LED = cite(1, BRIDGE, "Engineer Tanguy led the works.")
ELSEWHERE = cite(2, PONT, "Le pont a rouvert jeudi.")


def test_a_right_answer():
    found = answers.scores(GOLD, answer("Tanguy [1].", LED), ARTICLES.get)

    assert found == {
        "EM": 1, "F1": 1, "GoldInAnswer": 1, "GoldInQuotes": 1, "CitationValidity": 1,
        "CitationPrecision": 1, "CitationRecall": 1, "Support": 1, "AnswerLanguage": 1,
        "CitationSpanPrecision": 1, "CitationSpanRecall": 1,
    }  # fmt: skip


def test_an_abstention_is_an_empty_answer_and_cites_nothing():
    silent = replace(answer("The articles do not say."), abstained=True)

    assert answers.scores(GOLD, silent, ARTICLES.get) == {
        "EM": 0, "F1": 0, "GoldInAnswer": 0, "GoldInQuotes": 0,
    }  # fmt: skip


def test_an_unanswerable_question_has_no_gold_to_hold_against_its_answer():
    gold = replace(GOLD, answers=(), kind="unanswerable")

    found = answers.scores(gold, answer("Tanguy [1].", LED), ARTICLES.get)

    assert set(found) == {"CitationValidity", "Support", "AnswerLanguage"}


def test_gold_in_one_quote_not_across_two():
    gold = replace(GOLD, answers=("Thursday. Le pont",))
    first = cite(1, BRIDGE, "The bridge opened on Thursday.")

    found = answers.scores(gold, answer("x [1] [2]", first, ELSEWHERE), ARTICLES.get)

    assert found["GoldInQuotes"] == 0


def test_for_the_kind_multi_every_answer_is_needed():
    both = replace(GOLD, answers=("Tanguy", "4.2 million"), kind="multi")

    half = answers.scores(both, answer("Tanguy [1].", LED), ARTICLES.get)
    whole = answers.scores(both, answer("Tanguy, 4,200,000 [1].", LED), ARTICLES.get)

    assert (half["GoldInAnswer"], half["EM"]) == (0, 0)
    assert half["F1"] == pytest.approx(2 / 3)
    assert (whole["GoldInAnswer"], whole["EM"]) == (1, 1)


@pytest.mark.parametrize(
    ("text", "citations", "expected"),
    [
        ("Tanguy [1].", (LED,), 1),
        ("Tanguy.", (), 0),
        ("Tanguy [1] [2].", (LED,), 1 / 2),
        ("Tanguy.", (LED,), 0),
        ("Tanguy [1].", (LED, ELSEWHERE), 1 / 2),
        ("Gone [1].", (Citation(1, replace(BRIDGE, id="gone"), Span(0, 3)),), 0),
        ("Changed [1].", (Citation(1, replace(BRIDGE, text="Other words"), Span(0, 11)),), 0),
        ("Nothing [1].", (Citation(1, BRIDGE, Span(5, 5)),), 0),
    ],
)
def test_citations_are_looked_up_in_the_index(text, citations, expected):
    assert answers.citation_validity(answer(text, *citations), ARTICLES.get) == expected


def test_citations_of_gold_articles():
    gold = {"bridge": 1, "other": 1}
    assert answers.citation_precision(["bridge", "pont"], gold) == 1 / 2
    assert answers.citation_recall(["bridge", "bridge"], gold) == 1 / 2
    assert answers.citation_precision([], gold) == 0
    assert answers.span_scores(GOLD, []) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Engineer Tanguy [1].", 1),
        ("Engineer Dupont [1].", 1 / 2),
        ("One article says:\n\n“Engineer Tanguy led the works.” [1]", 1),
        ("Who led the works?", None),
    ],
)
def test_support_is_the_share_of_new_words_that_the_quotes_hold(text, expected):
    assert answers.support(answer(text, LED), GOLD.text) == expected


def test_a_quote_in_another_language_does_not_make_the_answer_foreign():
    quoted = answer("The bridge is open again: “Le pont a rouvert jeudi.” [2]", ELSEWHERE)
    foreign = answer("C'est Tanguy qui a dirigé le chantier [1].", LED)

    assert answers.answer_language(quoted, "en") == 1
    assert answers.answer_language(foreign, "en") == 0
    assert answers.answer_language(foreign, "fr") == 1


PIECES = replace(
    GOLD,
    answers=(),
    nuggets=(
        Nugget(("Tanguy",), vital=True),
        Nugget(("^yes", "Thursday"), vital=True),
        Nugget(("4.2 million",), vital=False),
    ),
    wrong=("Dupont",),
)
NEVER = dict.fromkeys(NUGGET_MEASURES, 0)


def test_nuggets_in_the_words_and_in_words_and_quotes():
    opened = cite(1, BRIDGE, "The bridge opened on Thursday.")

    found = answers.scores(PIECES, answer("Tanguy led them [1].", opened), ARTICLES.get)

    assert {name: found[name] for name in NUGGET_MEASURES} == {
        "NuggetRecall": 1 / 3, "VitalRecall": 1 / 2, "AllVital": 0,
        "NuggetRecallQuoted": 2 / 3, "VitalRecallQuoted": 1, "AllVitalQuoted": 1,
    }  # fmt: skip
    assert "EM" not in found


@pytest.mark.parametrize(
    ("changes", "text", "abstained", "expected"),
    [
        ({}, "It was Dupont.", False, 1),
        ({}, "It was Tanguy, not Dupont.", False, 1),
        ({}, "Yes: Tanguy, not Dupont.", False, 0),
        ({}, "It was Tanguy.", False, 0),
        ({}, "Not even of Dupont do they say so.", True, 0),
        ({"wrong": ()}, "It was Dupont.", False, 0),
        ({"nuggets": ()}, "It was Tanguy, not Dupont.", False, 1),
        ({"nuggets": (), "kind": "unanswerable"}, "Nothing of Dupont.", True, 1),
        ({"kind": "unanswerable"}, "Yes: Tanguy, not Dupont.", False, 1),
    ],
)
def test_wrong_only(changes, text, abstained, expected):
    said = replace(answer(text), abstained=abstained)

    found = answers.scores(replace(PIECES, **changes), said, ARTICLES.get)

    assert found["WrongOnly"] == expected


def test_nuggets_of_an_abstention_and_of_an_unanswerable_question():
    silent = replace(answer("Tanguy, Thursday, 4.2 million"), abstained=True)

    assert answers.scores(PIECES, silent, ARTICLES.get) == {**NEVER, "WrongOnly": 0}
    unanswerable = replace(PIECES, kind="unanswerable")
    assert answers.scores(unanswerable, silent, ARTICLES.get) == {"WrongOnly": 0}


def test_the_worst_wherever_a_measure_can_apply():
    """Nothing, or of an error rate one."""
    said = answer("Tanguy [1].", LED)
    assert answers.worst(GOLD) == dict.fromkeys(answers.scores(GOLD, said, ARTICLES.get), 0.0)
    found = answers.worst(PIECES)
    assert set(found) | set(answers.SPAN_MEASURES) == {
        *answers.scores(PIECES, said, ARTICLES.get),
        *answers.SPAN_MEASURES,
    }
    assert {name for name, value in found.items() if value} == {"WrongOnly"}
    assert answers.worst(replace(PIECES, kind="unanswerable"))["WrongOnly"] == 1


QUOTES = ["Engineer Tanguy led the works.", "The lynx cost nothing."]


@pytest.mark.parametrize(
    ("changes", "precision", "recall"),
    [
        ({"answers": ("Tanguy", "Nobody")}, 0.5, 1.0),
        ({"answers": ("Tanguy", "Nobody"), "kind": "multi"}, 0.5, 0.5),
        ({"answers": ("Nobody",)}, 0.0, 0.0),
        ({"facts": ("Tanguy led the works", "Nobody came")}, 0.5, 0.5),
        ({"facts": ("In spring engineer Tanguy led the works. It rained.",)}, 0.5, 1.0),
        ({"facts": ("engineer Tanguy led",), "answers": ("lynx",)}, 0.5, 1.0),
    ],
)
def test_quotes_against_gold_passages(changes: dict[str, Any], precision: float, recall: float):
    question = replace(GOLD, **{"answers": (), "facts": (), **changes})
    assert answers.span_scores(question, QUOTES) == (precision, recall)
