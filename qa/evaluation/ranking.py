"""Ranking: one question's scores for what retrieval found.

Two units. Articles: a ranking of distinct articles, each at the place of its best chunk, against
the gold articles. Chunks: the list as it is, against the gold facts. All scores lie in [0, 1].
Manning, Raghavan & Schütze, Introduction to Information Retrieval, 2008, chapter 8, unless
another source is named.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from qa.evaluation.questions import GoldQuestion
from qa.types import Hit

ARTICLE_MEASURES = ("R@1", "R@5", "R@10", "MRR@10", "nDCG@10", "AllEvidence@10")
FACT_MEASURES = ("Hits@4", "Hits@10", "FactMRR@10")


def scores(question: GoldQuestion, hits: Sequence[Hit]) -> dict[str, float]:
    """The measures that apply to a question: see `applicable`.

    Args:
        question: with its gold articles and facts.
        hits: chunks, best first; enough of them that ten distinct articles can appear. Articles
            that are copies of a hit stand right behind it.
    """
    found: dict[str, float] = {}
    names = applicable(question)
    if "R@1" in names:
        ranking = distinct(article.id for hit in hits for article in (hit.article, *hit.copies))
        gold = question.gold
        found |= {f"R@{k}": recall(ranking, gold, k) for k in (1, 5, 10)}
        found["MRR@10"] = reciprocal_rank(ranking, gold, 10)
        found["nDCG@10"] = ndcg(ranking, gold, 10)
        found["AllEvidence@10"] = all_evidence(ranking, gold, 10)
    if "Hits@4" in names:
        holds = carriers([hit.chunk.text for hit in hits[:10]], question.facts)
        found |= {"Hits@4": float(any(holds[:4])), "Hits@10": float(any(holds))}
        found["FactMRR@10"] = 1 / (holds.index(True) + 1) if any(holds) else 0.0
    return found


def applicable(question: GoldQuestion) -> tuple[str, ...]:
    """Which measures apply: those of articles with gold articles, those of facts with facts.

    None to an unanswerable question: the articles it names hold no answer.
    """
    if question.unanswerable:
        return ()
    return (ARTICLE_MEASURES if question.gold else ()) + (FACT_MEASURES if question.facts else ())


def distinct(ids: Iterable[str]) -> list[str]:
    """Each id once, at its first place."""
    return list(dict.fromkeys(ids))


def recall(ranking: Sequence[str], gold: Mapping[str, int], k: int) -> float:
    """R@k = |relevant ∩ first k| / |relevant|."""
    return len(set(ranking[:k]) & set(gold)) / len(gold)


def reciprocal_rank(ranking: Sequence[str], gold: Mapping[str, int], k: int) -> float:
    """1 / rank of the first relevant article, 0 when it is not among the first k.

    Its mean over questions is MRR@k. Voorhees, TREC-8, 1999.
    """
    return next((1 / rank for rank, id in enumerate(ranking[:k], 1) if id in gold), 0.0)


def ndcg(ranking: Sequence[str], gold: Mapping[str, int], k: int) -> float:
    """nDCG@k = DCG / DCG of the ideal ranking; DCG = Σ over ranks i ≤ k of grade / log2(1 + i).

    With the grade itself as gain, as in trec_eval and BEIR.
    Järvelin & Kekäläinen, TOIS 20(4), 2002, doi:10.1145/582415.582418.
    """
    gains = [gold.get(id, 0) for id in ranking[:k]]
    ideal = sorted(gold.values(), reverse=True)[:k]
    return _dcg(gains) / _dcg(ideal)


def _dcg(gains: Sequence[int]) -> float:
    return math.fsum(gain / math.log2(1 + rank) for rank, gain in enumerate(gains, 1))


def all_evidence(ranking: Sequence[str], gold: Mapping[str, int], k: int) -> float:
    """1 when every relevant article is among the first k, else 0.

    The retrieval counterpart of HotpotQA's joint measures: a question over several articles
    can be answered only from all of them. Yang et al., EMNLP 2018, arXiv:1809.09600.
    """
    return float(set(gold) <= set(ranking[:k]))


def carriers(chunks: Sequence[str], facts: Sequence[str]) -> list[bool]:
    """For each chunk, whether it holds a gold fact: a substring, spaces and line ends removed.

    Hits@k: 1 when one of the first k chunks does. FactMRR@10: 1 / rank of the first that does.
    MultiHop-RAG's retrieval_evaluate.py; Tang & Yang, COLM 2024, arXiv:2401.15391.
    """
    wanted = [_packed(fact) for fact in facts]
    return [any(fact in _packed(chunk) for fact in wanted) for chunk in chunks]


def _packed(text: str) -> str:
    return text.replace(" ", "").replace("\n", "")
