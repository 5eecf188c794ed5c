"""The first questions: understood by a stranger, answered, and of different times."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from qa.assistant import Assistant, open_reranker
from qa.documents.article import Article, PartialDate
from qa.index.build import index_paths
from qa.index.directory import LiveIndex
from qa.language.sentences import Span
from qa.models import Embedder
from qa.models.loading import LanguageModel
from qa.search.retriever import HybridRetriever
from qa.server.page import examples
from qa.server.page.examples import Examples, choose_examples, first_questions, folder_of
from qa.server.page.suggestions import LONGEST
from qa.settings import Settings
from qa.types import Answer, Citation, Question
from tests import ROOT
from tests.page import answer

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
        lines = "".join(f"{json.dumps(row)}\n" for row in rows)
        (tmp_path / "questions.jsonl").write_text(lines, encoding="utf-8")

        def ask(asked: Question) -> Answer:
            assert asked.language is not None
            town = next(town for town in TOWNS if town in asked.text)
            quotes = (Citation(1, ARTICLES[town], Span(0, len(ARTICLES[town].text))),)
            return replace(answer(question=asked, citations=quotes), **changes)

        return list(choose_examples(tmp_path, ARTICLES.get, ask)["en"])

    return choose


def test_there_is_one_of_each_quarter_of_the_articles(chosen: Callable[..., list[str]]) -> None:
    questions = chosen(*map(row, reversed(TOWNS)))
    assert len(questions) == 4
    for question, two in zip(questions, zip(TOWNS[::2], TOWNS[1::2], strict=True), strict=True):
        assert question.endswith(tuple(f"{town}?" for town in two))


def test_where_a_quarter_has_none_another_has_two(chosen: Callable[..., list[str]]) -> None:
    wrong = [row(town, answers=["Nobody"]) for town in TOWNS[2:]]
    assert len(chosen(row(TOWNS[0]), row(TOWNS[1]), *wrong)) == 2


@pytest.mark.parametrize(
    ("question", "more"),
    [
        ("who opened the bridge of Aber?", {}),
        ("Who opened the bridge of Aber", {}),
        ("Bridge of Aber: who opened it?", {}),
        (f"Who opened the bridge of Aber {'that day ' * 6}?", {}),
        ("When did Brandt open the bridge of Aber?", {}),
        ("Who opened the tower of Aber?", {}),
        ("Who opened the bridge of Aber?", {"history": ["What?"]}),
        ("Who opened the bridge of Aber?", {"lang": "de"}),
        ("Who opened the bridge of Aber?", {"doc_ids": ["gone"]}),
        ("Who opened the bridge of Aber?", {"doc_ids": ["Brest"]}),
        ("Who opened the bridge of Aber?", {"answers": ["Nora Quill"]}),
        ("Who opened the bridge of Aber?", {"nuggets": [{"any": ["queen"], "vital": True}]}),
    ],
)
def test_what_a_stranger_does_not_understand_or_quotes_do_not_answer_is_left_out(
    chosen: Callable[..., list[str]], question: str, more: dict[str, Any]
) -> None:
    assert chosen(row("Aber", question, **more)) == []


def test_what_says_what_it_is_about_and_is_answered_is_chosen(
    chosen: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    optional = {"any": ["queen"], "vital": False}
    full = row("Aber", "When did Ida Brandt open the bridge of Aber?", nuggets=[optional])
    assert chosen({**full, "answers": ["Nora Quill", "ida brandt"]}) == [full["question"]]
    assert chosen(full, abstained=True) == []
    assert chosen(full, confidence=0.6) == []
    monkeypatch.setattr(examples, "_MOST_S", -1.0)
    assert chosen(full) == []


def test_a_copy_of_the_article_will_do(tmp_path: Path) -> None:
    (tmp_path / "questions.jsonl").write_text(json.dumps(row("Aber")), encoding="utf-8")
    quote = Citation(1, ARTICLES["Hull"], Span(0, 9), also=(ARTICLES["Aber"],))
    found = choose_examples(tmp_path, ARTICLES.get, lambda _: answer(citations=(quote,)))
    assert found == {"fr": [], "en": ["Who opened the bridge of Aber?"]}


def test_without_a_sound_question_set_there_are_no_examples(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def ask(asked: Question) -> Answer:
        raise AssertionError(asked)

    assert choose_examples(None, ARTICLES.get, ask) == {}
    assert choose_examples(tmp_path, ARTICLES.get, ask) == {}
    for content in (b'{"question": 3}\n', '{"question": "Où ?"}\n'.encode("latin-1")):
        (tmp_path / "questions.jsonl").write_bytes(content)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            assert choose_examples(tmp_path, ARTICLES.get, ask) == {}
        assert "is not a question set" in caplog.text


@pytest.mark.parametrize("origin", ["/the #1 news/a.md", "/the #1 news/a.jsonl#12"])
def test_the_folder_of_the_articles_may_have_any_name(origin: str) -> None:
    article = replace(ARTICLES["Aber"], origin=origin)
    assistant = cast("Assistant", SimpleNamespace(articles=lambda: iter([article])))
    assert folder_of(assistant) == Path("/the #1 news")


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
