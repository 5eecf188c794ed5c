"""Retrieval: both indexes propose, one formula decides, LangChain can call it."""

from __future__ import annotations

import pytest
from langchain_core.retrievers import BaseRetriever

from qa.filters import Filters
from qa.retrieval import WEIGHTS, HybridRetriever, Mode, coverage
from tests.fakes import BagOfWords

MODES: list[Mode] = ["hybrid", "dense", "lexical"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("Qui a dirigé le chantier du pont de Kervalec ?", "pont"),
        ("Who wants to close the Kervalec bridge to cars?", "bridge"),
        ("Which lynx was photographed by the biologist?", "lynx"),
        ("Combien de vases le musée du verre montre-t-il ?", "musee"),
    ],
)
def test_the_article_that_answers_comes_first(
    retriever: HybridRetriever, question: str, first: str, mode: Mode
):
    assert retriever.search(question, mode=mode)[0].article.id == first


@pytest.mark.parametrize("mode", MODES)
def test_scores_fall(retriever: HybridRetriever, mode: Mode):
    hits = retriever.search("Kervalec Sandmouth", mode=mode)
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[-1]
    if mode == "hybrid":
        assert all(0 <= score <= 1 for score in scores)
    else:
        assert scores == [hit.signals[mode] for hit in hits]


def test_each_mode_asks_its_own_index(retriever: HybridRetriever):
    asked = {"hybrid": {"dense", "lexical"}, "dense": {"dense"}, "lexical": {"lexical"}}
    for mode in MODES:
        hits = retriever.search("pont de Kervalec", mode=mode)
        assert {index for hit in hits for index in hit.ranks} == asked[mode]


def test_ranks_are_the_places_in_each_list(retriever: HybridRetriever):
    hits = retriever.search("pont de Kervalec", mode="dense")
    assert sorted(hit.ranks["dense"] for hit in hits) == list(range(1, len(hits) + 1))


def test_sentences_are_scored_and_slices(retriever: HybridRetriever):
    hit = retriever.search("Qui a dirigé le chantier ?")[0]
    best = max(hit.sentences, key=lambda sentence: sentence.score)
    assert best.span.of(hit.article.text) == "L'ingénieure Maëlle Tanguy a dirigé le chantier."
    assert [sentence.span for sentence in hit.sentences] == list(hit.chunk.sentences)
    assert hit.signals["sentence_dense"] == max(sentence.dense for sentence in hit.sentences)


def test_k_is_the_most_that_comes_back(retriever: HybridRetriever):
    assert len(retriever.search("Kervalec", k=1)) == 1
    assert len(retriever.search("Kervalec", k=100)) > 1


def test_filters_hold_in_every_mode(retriever: HybridRetriever):
    for mode in MODES:
        hits = retriever.search("Kervalec Sandmouth", filters=Filters(language="en"), mode=mode)
        assert {hit.article.language for hit in hits} == {"en"}
        nobody = Filters(sources=("Nobody",))
        assert retriever.search("Kervalec", filters=nobody, mode=mode) == []


@pytest.mark.parametrize("question", ["", "?", "le la les", "🦒", "x" * 5000])
def test_a_question_without_words_does_no_harm(retriever: HybridRetriever, question: str):
    for hit in retriever.search(question):
        assert 0 <= hit.score <= 1
        assert hit.signals["coverage"] == 0


def test_an_id_that_the_archive_does_not_know_is_no_hit(
    retriever: HybridRetriever, fake_embedder: BagOfWords, monkeypatch: pytest.MonkeyPatch
):
    """A killed run may leave chunks in the search indexes; they do not exist."""
    monkeypatch.setattr("qa.store.Store.nearest", lambda *_: [("ghost@0.0", 0.99)])
    assert retriever.search("pont", mode="dense") == []


def test_langchain_gets_documents(retriever: HybridRetriever):
    assert isinstance(retriever, BaseRetriever)
    documents = retriever.invoke("Qui a dirigé le chantier du pont ?")
    assert documents[0].metadata["article_id"] == "pont"
    assert documents[0].metadata["date"] == "2019-03-14"
    assert "Maëlle Tanguy" in documents[0].page_content
    assert documents[0].id == documents[0].metadata["chunk_id"]


def test_coverage_by_hand():
    """Two of three terms, weighing 1 and 2 of 4."""
    assert coverage({"a": 1.0, "b": 2.0, "c": 1.0}, [("a", "x"), ("b", "b")]) == 0.75
    assert coverage({}, [("a",)]) == 0.0


def test_the_weights_are_shares():
    assert sum(WEIGHTS.values()) == pytest.approx(1)
