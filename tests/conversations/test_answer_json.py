"""Answers that outlive the process: the same again, and honest where their articles changed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from qa.assistant import Assistant
from qa.conversations.answer_json import Find, from_document, to_document
from qa.documents.article import Article
from qa.documents.filters import Filters
from qa.index.live import LiveIndex
from qa.language.sentences import Span
from qa.models.loading import LanguageModel
from qa.search.retriever import HybridRetriever
from qa.settings import Settings
from qa.types import Answer, Constraints, Question


@pytest.fixture
def assistant(settings: Settings, live: LiveIndex, retriever: HybridRetriever) -> Assistant:
    """Over the articles of `fakes`, without a language model."""
    return Assistant(settings, live, retriever, LanguageModel(settings, fetch=False))


@pytest.fixture
def answer(assistant: Assistant) -> Answer:
    """A follow-up with filters that names an outlet and a time."""
    question = Question(
        "And who led them, according to The Harbour Post in March 2019?",
        ("When did the works on the Kervalec bridge end?", "In 2019."),
        Filters(since=date(2019, 1, 1), sources=("The Harbour Post",)),
    )
    return assistant.ask(question)


def kept(answer: Answer) -> dict[str, object]:
    """Its document, as a file gives it back."""
    document: dict[str, object] = json.loads(json.dumps(to_document(answer)))
    return document


def test_an_answer_comes_back_as_it_was(assistant: Assistant, answer: Answer):
    assert answer.citations
    assert answer.constraints.times
    assert answer.constraints.outlets
    restored = from_document(kept(answer), assistant.article)
    assert not restored.stale
    again = restored.answer
    assert again.question == replace(answer.question, language=answer.language)
    assert again.citations == answer.citations
    assert again.constraints == answer.constraints
    assert (again.text, again.met, again.reason) == (answer.text, answer.met, answer.reason)
    assert [hit.article for hit in again.hits] == [hit.article for hit in answer.hits]
    same = {"timings_ms": {}, "confidence": 0}
    assert {**again.to_json(), **same} == {**answer.to_json(), **same}


def test_what_a_follow_up_carries_stays_carried(assistant: Assistant, answer: Answer):
    asked = replace(answer.question, carried="When did the works on the Kervalec bridge end?")
    again = from_document(kept(replace(answer, question=asked)), assistant.article).answer
    assert again.question.carried == asked.carried


def test_an_abstention_keeps_its_nearest_articles(assistant: Assistant, answer: Answer):
    abstained = replace(answer, abstained=True, citations=(), text="The articles do not say.")
    again = from_document(kept(abstained), assistant.article).answer
    assert again.abstained
    assert [hit.article.id for hit in again.hits] == [hit.article.id for hit in answer.hits]
    assert from_document(kept(abstained), lambda _: None).answer.hits == ()


def changed(assistant: Assistant, text: str) -> Find:
    """Finds articles with another text, in which {} stands for what they say."""

    def find(id: str) -> Article | None:
        article = assistant.article(id)
        return replace(article, text=text.format(article.text)) if article else None

    return find


def test_a_quote_that_moved_is_found_where_it_is_now(assistant: Assistant, answer: Answer):
    restored = from_document(kept(answer), changed(assistant, "Corrected. {}"))
    assert not restored.stale
    for old, new in zip(answer.citations, restored.answer.citations, strict=True):
        assert new.quote == old.quote
        assert new.span.start == old.span.start + len("Corrected. ")


def test_what_the_reader_points_to_stays_in_its_quote(assistant: Assistant, answer: Answer):
    start = answer.citations[0].span.start + 2
    pointed = replace(answer.citations[0], answer=Span(start, start + 5))
    read = replace(answer, citations=(pointed,))
    assert from_document(kept(read), assistant.article).answer.citations == (pointed,)
    words = pointed.quote[2:7]
    for finding in (changed(assistant, "Corrected. {}"), lambda _: None):
        (cited,) = from_document(kept(read), finding).answer.citations
        assert cited.answer is not None
        assert cited.answer.of(cited.article.text) == words


def test_what_somebody_asked_of_articles_stays_asked(assistant: Assistant, answer: Answer):
    """None reads the question's words; nothing at all is what taking every chip away leaves."""
    for asked in (answer.constraints, Constraints(), None):
        question = replace(answer.question, constraints=asked)
        again = from_document(kept(replace(answer, question=question)), assistant.article).answer
        assert again.question.constraints == asked


def test_a_quote_whose_article_is_gone_stays_as_it_was(answer: Answer):
    restored = from_document(kept(answer), lambda _: None)
    assert restored.stale
    for old, new in zip(answer.citations, restored.answer.citations, strict=True):
        assert (new.quote, new.article.title) == (old.quote, old.article.title)
        assert (new.article.id, new.article.date) == (old.article.id, old.article.date)


def test_a_quote_that_its_article_no_longer_has_opens_no_other_words(
    assistant: Assistant, answer: Answer
):
    restored = from_document(kept(answer), changed(assistant, "Something else entirely. " * 40))
    assert restored.stale
    for old, new in zip(answer.citations, restored.answer.citations, strict=True):
        assert new.quote == old.quote
        assert assistant.article(new.article.id) is None
