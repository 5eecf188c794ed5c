"""The tour: from files to answers, read it from top to bottom.

The models are stand-ins (see `fakes`), everything else is real. What each step does in detail is
tested in the file named after its module.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from qa.assistant import Assistant
from qa.documents.filters import Filters
from qa.index.build import index_paths
from qa.settings import Settings
from qa.types import Answer, Question
from tests.fakes import ARTICLE_COUNT, BagOfWords, Scripted, write_articles

# The threshold is calibrated for the real embedder; this one lies between what the stand-in gives
# to questions that the articles answer and to those they do not.
THRESHOLD = 0.15


@pytest.fixture
def assistant(
    built: Path, fake_embedder: BagOfWords, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Assistant]:
    monkeypatch.setattr("qa.models.embedder.Embedder.open", lambda settings: fake_embedder)
    settings = Settings(index=built, llm="none", abstain_below=THRESHOLD)
    with Assistant.open(settings) as assistant:
        yield assistant


def test_files_become_an_index(tmp_path: Path, fake_embedder: BagOfWords):
    """Folders and files of any supported format; see `documents.parsers` and `index.build`."""
    folder = write_articles(tmp_path / "news")
    settings = Settings(index=tmp_path / "index")

    report = index_paths([folder], settings, fake_embedder)
    assert (report.added, report.failures) == (ARTICLE_COUNT, [])
    assert report.embedded == report.counts["chunks"] > 0

    again = index_paths([folder], settings, fake_embedder)
    assert (again.unchanged, again.embedded) == (ARTICLE_COUNT, 0)


def test_an_answer_rests_on_exact_sentences(assistant: Assistant):
    answer = assistant.ask("Qui a dirigé le chantier du pont de Kervalec ?")

    assert not answer.abstained
    assert answer.language == "fr"
    assert "Maëlle Tanguy a dirigé le chantier" in answer.text
    for citation in answer.citations:
        assert f"[{citation.n}]" in answer.text
        article = assistant.article(citation.article.id)
        assert article is not None
        assert article.text[citation.span.start : citation.span.end] == citation.quote
    assert answer.citations[0].article.title == "Le pont de Kervalec rouvre"
    assert str(answer.citations[0].article.date) == "2019-03-14"


def test_a_question_in_english_is_answered_from_english_and_french(assistant: Assistant):
    answer = assistant.ask("Who led the works on the Kervalec bridge?")
    assert answer.language == "en"
    assert "Engineer Maëlle Tanguy led the works" in answer.text
    assert {hit.article.id for hit in answer.hits} >= {"bridge", "pont"}


def test_what_the_articles_do_not_say_is_not_answered(assistant: Assistant):
    answer = assistant.ask("When did Zermatt win the cup?")

    assert answer.abstained
    assert answer.citations == ()
    assert answer.text.startswith("The articles do not say.")
    assert "Zermatt" in answer.text
    assert answer.hits, "the nearest articles are still shown"


def test_a_follow_up_is_understood_from_what_was_said(assistant: Assistant):
    asked = "Quand le pont de Kervalec a-t-il rouvert ?"
    first = assistant.ask(asked)
    second = assistant.ask("Et qui a dirigé le chantier ?", history=[asked, first.text])

    assert second.question.standalone == f"{asked} Et qui a dirigé le chantier ?"
    assert "Maëlle Tanguy" in second.text


def test_a_follow_up_of_another_subject_leaves_the_first(assistant: Assistant):
    asked = "Qui a dirigé le chantier du pont de Kervalec ?"
    for typed in ("And Sandmouth?", "and sandmouth"):
        answer = assistant.ask(typed, history=[asked, "Maëlle Tanguy [1]."])
        assert answer.question.carried == ""
        assert "Sandmouth" in answer.citations[0].quote


def test_filters_say_which_articles_count(assistant: Assistant):
    question = "What was seen near Sandmouth?"
    assert "lynx" in assistant.ask(question).text
    before = assistant.ask(question, filters=Filters.parse(until="2020"))
    assert {hit.article.id for hit in before.hits}.isdisjoint({"lynx", "musee"})
    posted = assistant.ask(question, filters=Filters.parse(sources=["the harbour post"]))
    assert {hit.article.source for hit in posted.hits} == {"The Harbour Post"}


def test_small_talk_needs_no_article(assistant: Assistant):
    answer = assistant.ask("Bonjour !")
    assert (answer.answerer, answer.hits, answer.citations) == ("assistant", (), ())


def test_a_language_model_may_phrase_the_answer(
    built: Path, fake_embedder: BagOfWords, monkeypatch: pytest.MonkeyPatch
):
    """Evidence first, then the growing text, last the answer: what the articles carry, cited."""
    model = Scripted(reply="Engineer Maëlle Tanguy led the works. They cost 90 million euros.")
    monkeypatch.setattr("qa.models.embedder.Embedder.open", lambda settings: fake_embedder)
    monkeypatch.setattr("qa.models.llm.open_llm", lambda settings: model)
    with Assistant.open(Settings(index=built, llm="scripted", abstain_below=0)) as assistant:
        states = list(assistant.stream(Question("Who led the works on the Kervalec bridge?")))

    assert [states[0].stage, states[1].stage, states[-1].stage] == ["evidence", "writing", "final"]
    assert states[0].citations
    assert "90 million" in states[-2].text
    assert states[-1].text.startswith("Engineer Maëlle Tanguy led the works [1].")
    assert "90 million" not in states[-1].text
    assert states[-1].citations[0].article.id == "bridge"
    assert states[-1].answerer == "generative"


QUESTIONS = [Question("Qui a dirigé le chantier ?"), Question("Who led the works?")]


def settled(answer: Answer) -> tuple[str, float, str]:
    """All of an answer that does not depend on the clock."""
    return answer.text, answer.confidence, answer.stage


def test_the_pipeline_is_a_langchain_runnable(assistant: Assistant):
    """invoke, stream, batch and their async forms tell the same."""
    chain = assistant.chain
    expected = [settled(chain.invoke(question)) for question in QUESTIONS]
    assert [stage for _, _, stage in expected] == ["final", "final"]

    assert [settled(list(chain.stream(q))[-1]) for q in QUESTIONS] == expected
    assert [settled(answer) for answer in chain.batch(QUESTIONS)] == expected

    async def all_three() -> list[list[Answer]]:
        return [
            [await chain.ainvoke(question) for question in QUESTIONS],
            [[state async for state in chain.astream(question)][-1] for question in QUESTIONS],
            await chain.abatch(QUESTIONS),
        ]

    for answers in asyncio.run(all_three()):
        assert [settled(answer) for answer in answers] == expected
