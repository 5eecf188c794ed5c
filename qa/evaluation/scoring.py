"""Scoring: a question and what came of it → its row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from qa.evaluation import answers, ranking
from qa.evaluation.answers import ArticleOf
from qa.evaluation.questions import GoldQuestion
from qa.evaluation.rows import Row
from qa.evaluation.system import Outcome
from qa.types import Citation, Hit

_HITS_KEPT = 10


def scored(question: GoldQuestion, outcome: Outcome, article: ArticleOf) -> Row:
    """The row of a question that was answered or searched for."""
    scores = ranking.scores(question, outcome.hits)
    row = replace(
        _blank(question, article),
        scores=scores,
        hits=_shown(outcome.hits),
        timings_ms={"wall": round(outcome.wall_ms, 2)},
    )
    answer = outcome.answer
    if answer is None:
        return row
    stages = {stage: round(spent, 2) for stage, spent in answer.timings_ms.items()}
    return replace(
        row,
        scores={**scores, **answers.scores(question, answer, article)},
        answer=answer.text,
        language=answer.language,
        abstained=answer.abstained,
        reason=answer.reason,
        answerer=answer.answerer,
        confidence=round(answer.confidence, 6),
        citations=tuple(_quoted(citation) for citation in answer.citations),
        timings_ms={**stages, **row.timings_ms},
        tokens=dict(answer.tokens),
    )


def failed(question: GoldQuestion, exc: Exception, article: ArticleOf, *, answered: bool) -> Row:
    """The row of a question that broke the pipeline: the worst score wherever one can apply."""
    scores = dict.fromkeys(ranking.applicable(question), 0.0)
    row = replace(_blank(question, article), error=f"{type(exc).__name__}: {exc}")
    if not answered:
        return replace(row, scores=scores)
    return replace(
        row,
        scores={**scores, **answers.worst(question)},
        abstained=question.answerable,
        confidence=None if question.answerable is None else float(not question.answerable),
    )


def _blank(question: GoldQuestion, article: ArticleOf) -> Row:
    return Row(
        id=question.id,
        question=question.text,
        lang=question.lang,
        kind=question.kind,
        history=question.history,
        answers=question.answers,
        doc_ids=question.doc_ids,
        answerable=question.answerable,
        month=_month(question, article),
        scores={},
    )


def _month(question: GoldQuestion, article: ArticleOf) -> str | None:
    date = question.date
    if date is None and question.doc_ids:
        gold = article(question.doc_ids[0])
        date = str(gold.date) if gold and gold.date else None
    return date[:7] if date and len(date) >= 7 else None


def _quoted(citation: Citation) -> dict[str, Any]:
    return {
        "n": citation.n,
        "article_id": citation.article.id,
        "title": citation.article.title,
        "start": citation.span.start,
        "end": citation.span.end,
        "quote": citation.quote,
    }


def _shown(hits: Sequence[Hit]) -> tuple[dict[str, Any], ...]:
    """The hits that a row keeps: see `Row`."""
    articles: set[str] = set()
    kept = []
    for place, hit in enumerate(hits):
        new = hit.article.id not in articles and len(articles) < _HITS_KEPT
        articles |= {hit.article.id} if new else set()
        if new or place < _HITS_KEPT:
            kept.append(
                {
                    "chunk_id": hit.chunk.id,
                    "article_id": hit.article.id,
                    "title": hit.article.title,
                    "score": round(hit.score, 6),
                    "rank": place + 1,
                }
            )
    return tuple(kept)
