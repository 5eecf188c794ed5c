"""Confidence: what moves it, and in which direction. Its calibration is measured elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qa.answering.confidence import confidence, features
from qa.answering.kinds import KINDS, Kind
from qa.answering.quotes import choose
from qa.language.sentences import Span
from qa.search.calibration import READ, about, probability
from qa.search.retriever import HybridRetriever
from qa.types import Hit, ReaderResult

ASKED = "Qui a dirigé le chantier du pont de Kervalec ?"


def judge(retriever: HybridRetriever, question: str, language: str = "fr") -> float:
    hits = retriever.search(question, language=language)
    return confidence(question, language, hits, choose(hits, budget=400, most=3))


def test_it_is_a_probability_and_nothing_without_evidence(retriever: HybridRetriever):
    assert 0.0 < judge(retriever, ASKED) < 1.0
    assert confidence(ASKED, "fr", [], []) == 0.0


def test_a_name_that_no_article_has_lowers_it(retriever: HybridRetriever):
    other = ASKED.replace("Kervalec", "Zanzibar")
    assert judge(retriever, other) < judge(retriever, ASKED)


@pytest.mark.parametrize("nonsense", ["asdkjh qwe", "zzz", "??", "xkcd wqpl mnbv"])
def test_what_is_no_question_has_none(retriever: HybridRetriever, nonsense: str):
    assert judge(retriever, nonsense, "en") == 0.0


def test_a_name_alone_is_a_question(retriever: HybridRetriever):
    assert judge(retriever, "Kervalec", "en") > 0.0


def test_what_names_only_things_that_no_article_has_is_halved(retriever: HybridRetriever):
    asked = ASKED.replace("Kervalec", "Zanzibar")
    hits = retriever.search(asked, language="fr")
    chosen = choose(hits, budget=400, most=3)
    values = features(asked, "fr", hits, chosen)
    assert values["names"] == 0.0
    assert confidence(asked, "fr", hits, chosen) == pytest.approx(probability(values) / 2)
    asked = "Qui a dirigé le chantier du pont ?"  # names nothing
    whole = probability(features(asked, "fr", hits, chosen))
    assert confidence(asked, "fr", hits, chosen) == pytest.approx(whole)


def test_a_sentence_with_all_that_is_asked_is_found_whatever_the_ranks(retriever: HybridRetriever):
    hits = [replace(h, ranks={"dense": 40}) for h in retriever.search(ASKED, language="fr")]
    chosen = choose(hits, budget=400, most=3)

    def agreement(coverage: float) -> float:
        held = [replace(e, sentence=replace(e.sentence, coverage=coverage)) for e in chosen]
        return features(ASKED, "fr", hits, held)["agreement"]

    assert agreement(0.5) == pytest.approx(1 / 80)
    assert agreement(1.0) == 0.8


@pytest.mark.parametrize(
    ("read", "unused"), [(None, "score"), (0.5, "sentence_coverage")], ids=["unread", "read"]
)
def test_every_feature_counts_for_the_answer(
    retriever: HybridRetriever, read: float | None, unused: str
):
    hits: list[Hit] = retriever.search(ASKED, language="fr")
    values = features(ASKED, "fr", hits, choose(hits, budget=400, most=3))
    if read is not None:
        values |= {"relevance": read, "rivals": 0.2}
        assert probability({**values, "rivals": 0.3}) < probability(values)
    # Of hits that were read, length says nothing any more.
    for name in values.keys() - {unused, "rivals", *(["long"] if read else [])}:
        assert probability({**values, name: values[name] + 0.1}) > probability(values)


def read_as(hits: list[Hit], pointed: list[str]) -> list[Hit]:
    """The first hits as a reader finds them relevant by .8, each pointing to words of its own."""
    read = []
    for hit, words in zip(hits, pointed, strict=False):
        start = hit.article.text.index(words)
        span = Span(start, start + len(words))
        read.append(replace(hit, reading=ReaderResult(span, 1.0, 0.8, 0.8)))
    return read


def test_others_that_answer_in_their_own_way_count_against_a_question_that_says_little(
    retriever: HybridRetriever,
):
    hits = retriever.search(ASKED, language="fr")
    first, second = hits[0], next(h for h in hits[1:] if h.article.language == "fr")
    own, other = (h.article.text.split()[2] for h in (first, second))
    assert own != other

    def rivals(question: str, hits: list[Hit]) -> float:
        return features(question, "fr", hits, choose(hits, budget=400, most=3))["rivals"]

    apart = read_as([first, second], [own, other])
    together = read_as([first, first], [own, own])
    assert rivals("Qui arrive troisième ?", apart) == pytest.approx(0.8)
    assert rivals("Qui arrive troisième ?", together) == 0.0
    assert rivals("Qui arrive troisième ?", apart[:1]) == 0.0
    long = "Qui a dirigé le chantier du pont de Kervalec avant la chute de la tour nord en 1987 ?"
    assert rivals(long, apart) == 0.0


def test_of_a_long_question_the_reader_s_word_and_the_ranks_say_nothing(
    retriever: HybridRetriever,
):
    long = " ".join(f"{ASKED} {letter * 5}" for letter in "abcdef")
    hits = read_as(retriever.search(ASKED, language="fr")[:1], ["Le"])
    chosen = choose(hits, budget=400, most=3)
    values = features(long, "fr", hits, chosen)
    assert (values["long"], values["agreement"], values["relevance"]) == (1.0, 0.8, 0.4)
    assert features(ASKED, "fr", hits, chosen)["relevance"] == 0.8


@pytest.mark.parametrize(
    ("kind", "follow_up"), [("fact", True), *((kind, False) for kind in KINDS if kind != "fact")]
)
def test_of_what_is_no_short_fact_the_articles_need_only_be_about_it(
    retriever: HybridRetriever, kind: Kind, follow_up: bool
):
    """Neither names nor what the reader points to count, but only the best hit's score."""
    hits = retriever.search(ASKED, language="fr")
    chosen = choose(hits, budget=400, most=3)

    def of(score: float, hits: list[Hit]) -> float:
        best = [replace(hits[0], score=score)]
        return confidence("Zanzibar ?", "fr", best, chosen, kind=kind, follow_up=follow_up)

    assert of(0.6, hits) == pytest.approx(about(0.6 / (1 + READ["relevance"])))
    assert of(0.2, hits) < of(0.6, hits) < of(0.6, read_as(hits, ["Le"]))
    fact = confidence("Zanzibar ?", "fr", [replace(hits[0], score=0.2)], chosen)
    assert fact == confidence("Zanzibar ?", "fr", hits[:1], chosen), "its score is not judged by"


def test_what_is_no_question_has_none_whatever_its_kind(retriever: HybridRetriever):
    hits = retriever.search("xkcd wqpl", language="en")
    chosen = choose(hits, budget=400, most=3)
    assert confidence("xkcd wqpl", "en", hits, chosen, kind="open") == 0.0
    assert confidence("Why?", "en", hits, [], kind="open") == 0.0


def test_without_hits_the_features_are_the_same(retriever: HybridRetriever):
    hits = retriever.search(ASKED, language="fr")
    known = features(ASKED, "fr", hits, choose(hits, budget=400, most=3))
    assert features(ASKED, "fr", [], []).keys() == known.keys()
