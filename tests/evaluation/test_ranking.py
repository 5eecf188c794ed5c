"""Ranking: against trec_eval on random runs, and MultiHop-RAG's rule by hand."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
import pytrec_eval

from qa.documents.article import Article
from qa.evaluation import ranking
from qa.evaluation.questions import GoldQuestion
from tests.fakes import hit


def test_trec_eval_gives_the_same_on_random_runs():
    rng = random.Random(7)
    documents = [f"d{n}" for n in range(40)]
    evaluator_measures = {"recall.1,5,10", "recip_rank", "ndcg_cut.10"}
    seen = set()
    for _ in range(200):
        gold = {id: rng.randint(1, 3) for id in rng.sample(documents, rng.randint(1, 12))}
        order = rng.sample(documents, rng.randint(1, 30))
        run = {id: float(-place) for place, id in enumerate(order)}
        whole = _trec(gold, run, evaluator_measures)
        first_ten = _trec(gold, {id: run[id] for id in order[:10]}, {"recip_rank"})

        for k in (1, 5, 10):
            assert ranking.recall(order, gold, k) == pytest.approx(whole[f"recall_{k}"])
        assert ranking.ndcg(order, gold, 10) == pytest.approx(whole["ndcg_cut_10"])
        assert ranking.reciprocal_rank(order, gold, 10) == pytest.approx(first_ten["recip_rank"])
        assert ranking.all_evidence(order, gold, 10) == (whole["recall_10"] == 1)
        seen.add(round(whole["ndcg_cut_10"], 1))
    assert len(seen) > 5


def test_copies_stand_right_behind_the_hit_that_they_copy():
    articles = {
        id: Article.create(id=id, text=f"Text of {id}.", language="en", origin=id)
        for id in ("first", "copy", "last")
    }
    hits = [replace(hit(articles["first"]), copies=(articles["copy"],)), hit(articles["last"])]
    ranks = {
        id: round(1 / ranking.scores(GoldQuestion("q", "?", doc_ids=(id,)), hits)["MRR@10"])
        for id in articles
    }
    assert ranks == {"first": 1, "copy": 2, "last": 3}


def _trec(gold: dict[str, int], run: dict[str, float], measures: set[str]) -> dict[str, float]:
    """trec_eval's measures of one question."""
    evaluator = pytrec_eval.RelevanceEvaluator({"q": gold}, measures)
    found: dict[str, dict[str, float]] = evaluator.evaluate({"q": run})
    return found["q"]


def test_an_article_counts_once_at_its_best_chunk():
    assert ranking.distinct(["a", "b", "a", "c", "b"]) == ["a", "b", "c"]


def test_a_fact_is_found_whatever_its_spaces_and_line_ends():
    facts = ["The bridge opened on Thursday.", "It cost 4 million."]
    chunks = ["Nothing here.", "Old. The bridge\nopened  on Thursday. New.", "It cost 5 million."]

    assert ranking.carriers(chunks, facts) == [False, True, False]


def test_a_fact_cut_in_two_is_not_found():
    assert ranking.carriers(["The bridge opened", "on Thursday."], ["bridge opened on"]) == [
        False,
        False,
    ]
