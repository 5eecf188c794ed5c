"""Lint: a set with one thing wrong at a time, and the corpus's own set."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qa.documents.article import Article
from qa.errors import QuestionError
from qa.evaluation import articles
from qa.evaluation.lint import lint
from qa.evaluation.nuggets import Nugget
from qa.evaluation.questions import GoldQuestion, Problem, QuestionSet
from tests.fakes import write_articles

TEXT = "Engineer Maëlle Tanguy led the works on the old bridge, which took eighteen months in all."
ARTICLES = {"bridge": Article.create(id="bridge", text=TEXT, language="en", origin="test")}
GOOD = GoldQuestion(
    "q", "Who was in charge at Kervalec?", ("Maëlle Tanguy",), ("bridge",), lang="en"
)


def checks(*questions: GoldQuestion) -> list[tuple[str, str]]:
    """(level, check) of what is found."""
    return [(f.level, f.check) for f in lint(QuestionSet("made", questions), ARTICLES)]


def test_nothing_is_wrong_with_a_good_question():
    assert checks(GOOD) == []


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"doc_ids": ("gone",)}, ("error", "no-article")),
        ({"facts": ("Tanguy never led.",)}, ("error", "no-fact")),
        ({"answers": ("Yann Le Goff",)}, ("warning", "no-answer")),
        (
            {"text": "Who led the works of this article?"},
            ("warning", "needs-document"),
        ),
        ({"text": "And who led them?"}, ("warning", "needs-document")),
        ({"text": "Why?"}, ("warning", "needs-document")),
        ({"text": "Did Maëlle Tanguy work at Kervalec?"}, ("warning", "leak")),
        (
            {"text": f"Kervalec: {TEXT.replace('Maëlle Tanguy', '')} Who?"},
            ("warning", "leak"),
        ),
        ({"text": "Qui a dirigé le chantier de Kervalec ?"}, ("warning", "language")),
        ({"kind": "unanswerable"}, ("warning", "unanswerable")),
        ({"answers": (), "doc_ids": ()}, ("warning", "no-gold")),
        ({"history": ("Who?", "Them.", "When?")}, ("warning", "history")),
        ({"kind": "factoid"}, ("warning", "few-rows")),
    ],
)
def test_one_thing_wrong(fields, found):
    assert found in checks(replace(GOOD, **fields))


def test_a_nugget_that_stands_in_no_article():
    there, yes, gone = (
        Nugget(any, vital=True) for any in (("M. Tanguy", "tanguy"), ("^of course", "Yes"), ("Y.",))
    )

    assert checks(replace(GOOD, nuggets=(there, yes))) == []
    assert checks(replace(GOOD, nuggets=(there, gone))) == [("warning", "no-nugget")]
    assert checks(replace(GOOD, nuggets=(there,), answers=(), kind="unanswerable")) == [
        ("warning", "unanswerable"),
        ("warning", "few-rows"),
    ]


def test_yes_and_no_need_not_stand_in_an_article():
    assert checks(replace(GOOD, answers=("Yes",))) == []


def test_a_follow_up_may_lean_on_its_history():
    history = ("Which bridge opened at Kervalec?", "The old one.")
    assert checks(replace(GOOD, text="And who was in charge there?", history=history)) == []


def test_the_same_question_twice_and_rows_that_cannot_be_read():
    twice = replace(GOOD, id="r", text="who was in charge, at Kervalec")
    found = lint(QuestionSet("made", (GOOD, twice), (Problem("line 3", "not valid JSON"),)))

    assert [str(finding) for finding in found] == [
        "error: line 3: not valid JSON [bad-row]",
        "warning: r: the same question as 'q' [repeat]",
    ]


def test_articles_of_files_and_of_a_set(tmp_path):
    assert set(articles.of_files(write_articles(tmp_path / "a"))) >= {"pont", "bridge", "lynx"}
    row = {"id": "a", "text": "One."}
    assert articles.of_set([row, row])["a"].text == "One."
    with pytest.raises(QuestionError, match="two articles have the id 'a'"):
        articles.of_set([row, {"id": "a", "text": "Two."}])
