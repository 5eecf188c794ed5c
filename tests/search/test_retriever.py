"""Retrieval: both indexes propose, one formula decides, LangChain can call it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from langchain_core.retrievers import BaseRetriever

from qa.documents.filters import Filters
from qa.index.build import index_paths
from qa.index.live import LiveIndex
from qa.search.retriever import HybridRetriever, Mode
from qa.settings import Settings
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


def test_one_index_alone_is_ranked_by_its_own_values(
    retriever: HybridRetriever, live: LiveIndex, fake_embedder: BagOfWords
):
    question = "pont de Kervalec"
    vector = fake_embedder.queries([question])[0]
    with live.current() as index:
        nearest = index.store.nearest(vector, 10, Filters())
        query = index.lexical.analyse(question, "fr")
        matching = index.lexical.search(query, 10, Filters())
    by_mode: dict[Mode, list[tuple[str, float]]] = {"dense": nearest, "lexical": matching}
    for mode, expected in by_mode.items():
        hits = retriever.search(question, mode=mode)
        assert [(hit.chunk.id, hit.score) for hit in hits] == expected


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
    """A killed run may leave chunks in Chroma; they do not exist."""
    monkeypatch.setattr("qa.index.chroma.ChromaIndex.nearest", lambda *_: [("ghost@0.0", 0.99)])
    assert retriever.search("pont", mode="dense") == []


def test_langchain_gets_documents(retriever: HybridRetriever):
    assert isinstance(retriever, BaseRetriever)
    documents = retriever.invoke("Qui a dirigé le chantier du pont ?")
    assert documents[0].metadata["article_id"] == "pont"
    assert documents[0].metadata["date"] == "2019-03-14"
    assert "Maëlle Tanguy" in documents[0].page_content
    assert documents[0].id == documents[0].metadata["chunk_id"]


def test_what_the_question_asks_for_moves_up(retriever: HybridRetriever):
    plain = retriever.find("Who wants to close the bridge?")
    asked = retriever.find("What does Le Courrier report on the works at the Kervalec bridge?")
    assert plain.hits[0].article.source == "The Harbour Post"
    assert not plain.constraints
    assert asked.constraints.sources == ("Le Courrier",)
    assert asked.hits[0].article.source == "Le Courrier"
    assert "bridge" in {hit.article.id for hit in asked.hits}, "nothing is shut out"
    assert asked.met


def test_what_no_article_meets_is_said(retriever: HybridRetriever):
    found = retriever.find("What did The Harbour Post publish in March 1985 on the bridge?")
    assert found.constraints.since == date(1985, 3, 1)
    assert found.hits
    assert not found.met


def test_yesterday_is_the_day_before_the_day_given(retriever: HybridRetriever):
    question = "Which articles on the Kervalec bridge were published yesterday?"
    found = retriever.find(question, today=date(2019, 3, 16))
    assert found.constraints.until == date(2019, 3, 15)
    assert found.hits[0].article.id == "bridge"
    assert found.met


def test_a_time_that_misses_the_answer_changes_no_rank(retriever: HybridRetriever):
    """Ranks say how sure the indexes are; a wrong year in the question must not unsettle them."""
    question = "Which lynx was photographed by the biologist"
    plain = retriever.find(f"{question}?").hits[0]
    missed = retriever.find(f"{question} in 2019?").hits[0]
    assert missed.article.id == plain.article.id == "lynx"
    assert missed.ranks["dense"] <= 2
    assert missed.ranks["lexical"] == plain.ranks["lexical"] == 1


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("Who led the works on the Kervalec bridge?", "bridge"),
        ("Which lynx was photographed by the biologist?", "lynx"),
        ("Combien de vases le musée du verre montre-t-il ?", "musee"),
    ],
)
def test_an_embedder_whose_cosines_lie_elsewhere_ranks_as_well(
    tmp_path: Path, article_folder: Path, question: str, first: str
):
    class Spread(BagOfWords):
        """Unrelated texts at right angles, as with MiniLM; E5's are near each other."""

        _SHARED = 0.05

    settings = Settings(index=tmp_path / "index")
    index_paths([article_folder], settings, Spread())
    live = LiveIndex(settings.index, Spread(), settings)
    hits = HybridRetriever(index=live, embedder=Spread()).search(question)
    live.close()
    assert hits[0].article.id == first
    assert hits[0].score > hits[1].score


def test_the_readers_filters_stay_shut(retriever: HybridRetriever):
    only = Filters(sources=("Le Courrier",))
    question = "According to The Harbour Post, who wants to close the bridge?"
    found = retriever.find(question, filters=only)
    assert {hit.article.source for hit in found.hits} == {"Le Courrier"}
    assert not found.met
