"""The first questions: understood by a stranger, answered, and of different times."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from qa.assistant import Assistant, open_reranker
from qa.documents.article import Article, PartialDate
from qa.documents.listing import Listing
from qa.index.build import index_paths
from qa.index.live import LiveIndex
from qa.language.sentences import Span
from qa.models import Embedder
from qa.models.loading import LanguageModel
from qa.models.reader import Span as ReadSpan
from qa.search.rerank import Reranker
from qa.search.retriever import HybridRetriever
from qa.server.page import examples
from qa.server.page.examples import Examples, first_questions, folder_of
from qa.server.page.suggestions import LONGEST
from qa.settings import Settings
from qa.telemetry import Telemetry
from qa.types import Answer, Citation, Question
from tests import ROOT
from tests.fakes import Scripted
from tests.page import ASKED, answer
from tests.server.api.servers import Given

CORPUS = ROOT / "corpus"

TOWNS = ("Aber", "Brest", "Cork", "Dover", "Emden", "Faro", "Ghent", "Hull")
ARTICLES = {
    town: Article.create(
        id=town,
        title=f"Bridge of {town} opens",
        text=f"The mayor of {town}, Ida Brandt, opened the bridge. Brandt spoke of {town}.",
        date=PartialDate(2010 + year),
        language="en",
        origin="a",
    )
    for year, town in enumerate(TOWNS)
}


def row(town: str, question: str = "", **more: Any) -> dict[str, Any]:
    """A question about an article, in both words of its title."""
    question = question or f"Who opened the bridge of {town}?"
    return {"question": question, "doc_ids": [town], "lang": "en", "kind": "factoid", **more}


@pytest.fixture
def chosen(tmp_path: Path) -> Callable[..., list[str]]:
    """What is chosen of a question set, in English."""

    def choose(*rows: dict[str, Any], **changes: Any) -> list[str]:
        def ask(asked: Question) -> Answer:
            assert asked.language is not None
            town = next(town for town in TOWNS if town in asked.text)
            quotes = (Citation(1, ARTICLES[town], Span(0, len(ARTICLES[town].text))),)
            return replace(answer(question=asked, citations=quotes), **changes)

        lines = "".join(f"{json.dumps(row)}\n" for row in rows)
        (tmp_path / "questions.jsonl").write_text(lines, encoding="utf-8")
        return list(first_questions(trying(ask), tmp_path)["en"])

    return choose


def trying(ask: Callable[[Question], Answer]) -> Assistant:
    """An assistant that is asked so, and lists no articles."""
    nothing = Listing((), 0, 0)
    made = SimpleNamespace(article=ARTICLES.get, try_out=ask, browse=lambda *_, **__: nothing)
    return cast("Assistant", made)


def test_there_is_one_of_each_quarter_of_the_articles(chosen: Callable[..., list[str]]) -> None:
    questions = chosen(*map(row, reversed(TOWNS)))
    assert questions == [row(town)["question"] for town in TOWNS[::2]]
    assert len(chosen(row(TOWNS[0]), row(TOWNS[1]), *[row("gone", "?")] * 9)) == 2


@pytest.mark.parametrize(
    ("question", "more"),
    [
        ("who opened the bridge of Aber?", {}),
        ("Who opened the bridge of Aber", {}),
        ("Bridge of Aber: who opened it?", {}),
        (f"Who opened the bridge of Aber {'that day ' * 6}?", {}),
        ("Who opened the tower of Aber?", {}),
        ("Who opened the bridge of Aber?", {"history": ["What?"]}),
        ("Who opened the bridge of Aber?", {"lang": "de"}),
        ("Who opened the bridge of Aber?", {"doc_ids": ["gone"]}),
        ("Who opened the bridge of Aber?", {"doc_ids": ["Brest"]}),
    ],
)
def test_what_a_stranger_does_not_understand_or_quotes_do_not_answer_is_left_out(
    chosen: Callable[..., list[str]], question: str, more: dict[str, Any]
) -> None:
    assert chosen(row("Aber", question, **more)) == []


def test_what_is_not_surely_answered_or_takes_too_long_is_left_out(
    chosen: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert chosen(row("Aber")) == [row("Aber")["question"]]
    copy = (Citation(1, ARTICLES["Hull"], Span(0, 9), also=(ARTICLES["Aber"],)),)
    assert chosen(row("Aber"), citations=copy)
    for changes in ({"abstained": True}, {"confidence": 0.6}, {"citations": ()}):
        assert chosen(row("Aber"), **changes) == []
    monkeypatch.setattr(examples, "_MOST_S", -1.0)
    assert chosen(row("Aber")) == []


def test_without_a_sound_question_set_there_are_no_examples(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def ask(asked: Question) -> Answer:
        raise AssertionError(asked)

    nothing: Examples = {"fr": [], "en": []}
    assert first_questions(trying(ask), tmp_path) == nothing
    for content in (b'{"question": 3}\n', '{"question": "Où ?"}\n'.encode("latin-1")):
        (tmp_path / "questions.jsonl").write_bytes(content)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            assert first_questions(trying(ask), tmp_path) == nothing
        assert "is not a question set" in caplog.text


@pytest.mark.parametrize("origin", ["/the #1 news/a.md", "/the #1 news/a.jsonl#12"])
def test_the_folder_of_the_articles_may_have_any_name(origin: str) -> None:
    article = replace(ARTICLES["Aber"], origin=origin)
    assistant = cast("Assistant", SimpleNamespace(articles=lambda: iter([article])))
    assert folder_of(assistant) == Path("/the #1 news")


def test_any_articles_have_first_questions_that_they_answer(assistant: Assistant) -> None:
    for language, questions in first_questions(assistant).items():
        assert questions, language
        for question in questions:
            assert not assistant.ask(Question(question, language=language)).abstained, question


def test_what_is_tried_out_is_quoted_untraced_and_read_only_if_it_could_be_answered(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    class Reads:
        def read(self, question: str, passages: Sequence[str], **_: object) -> list[ReadSpan]:
            read.append(question)
            return [ReadSpan(n, 0, 1, text[:1], -9.0, 0.0, 0.0) for n, text in enumerate(passages)]

    settings, tracer = assistant.settings.model_copy(update={"abstain_below": 0.3}), Telemetry.off()
    retriever = assistant._retriever.model_copy(update={"reading": Reranker(Reads(), 5)})
    model = Given(settings, Scripted(reply="A model wrote this [1]."))
    trying = Assistant(settings, assistant._index, retriever, model, tracer)
    told: list[Question] = []
    monkeypatch.setattr(tracer, "answer", told.append)
    assert trying.try_out(Question("Which lawyer founded the zoo of Valparaíso?")).abstained
    assert read == []
    assert trying.try_out(Question(ASKED)).answerer == "extractive"
    assert read == [ASKED]
    assert told == []


# What is shipped


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Assistant]:
    """Over corpus/, with the models that ship, without a language model."""
    settings = Settings(index=tmp_path_factory.mktemp("shipped") / "index", llm="none")
    index_paths([CORPUS], settings, embedder)
    live = LiveIndex(settings.index, embedder, settings)
    retriever = HybridRetriever(index=live, embedder=embedder, reading=open_reranker(settings))
    with Assistant(settings, live, retriever, LanguageModel(settings, fetch=False)) as opened:
        yield opened


@pytest.mark.parametrize("folder", [CORPUS, Path("nowhere")], ids=["asked", "made"])
def test_the_first_questions_over_the_shipped_articles(
    shipped: Assistant, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its question set, and as if it had none."""
    monkeypatch.setattr(examples, "_MOST_S", 60.0)
    found: Examples = first_questions(shipped, folder)
    assert set(found) == {"fr", "en"}
    for language, questions in found.items():
        assert len(set(questions)) == 4, questions
        firsts = set()
        for question in questions:
            said = shipped.ask(Question(question, language=language))
            assert len(question) <= LONGEST
            assert not said.abstained, question
            assert said.confidence >= 0.75, question
            firsts.add(said.citations[0].article.id)
        assert len(firsts) == 4, f"{questions} are about {firsts}"
