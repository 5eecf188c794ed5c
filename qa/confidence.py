"""Confidence: how sure the quotes are to hold the answer, judged before anything is written.

Looks at what retrieval found, not at what it means. The weights are in `calibration`; below the
setting `abstain_below` the assistant says that the articles do not say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa.analysis import fold, words
from qa.answer import Hit
from qa.article import Article
from qa.calibration import probability, unrelated_cosine
from qa.evidence import Evidence
from qa.names import MONTHS, mentioned, names


def confidence(
    question: str, language: str, hits: Sequence[Hit], evidence: Sequence[Evidence]
) -> float:
    """Probability, in [0, 1], that the evidence holds the answer; 0 without evidence."""
    return probability(features(question, language, hits, evidence)) if evidence else 0.0


def features(
    question: str, language: str, hits: Sequence[Hit], evidence: Sequence[Evidence]
) -> dict[str, float]:
    """What `confidence` judges by.

    sentence_dense: cosine of the question and the best sentence of the evidence, less what
        unrelated texts of these languages have;
    chunk_dense: the same for the best of the three best hits;
    sentence_coverage: largest share of the question's terms, by idf, in one sentence of the
        evidence and its header; terms of two languages do not compare, so for evidence in
        another language it is half the share of names;
    names: share of the question's names and numbers that the three best hits mention;
    agreement: how near the top both indexes place the best hit, 1 when both place it first;
    typed: whether the evidence has what the question word asks for, such as a number.
    """
    best = hits[:3]
    seen = " ".join(fold(f"{h.article.title} {h.article.date or ''} {h.chunk.text}") for h in best)
    wanted = names(question)
    named = sum(mentioned(name, seen) for name in wanted) / len(wanted) if wanted else 1.0
    same = [e.sentence.coverage for e in evidence if e.article.language == language]
    return {
        "sentence_dense": max(
            (_above(e.sentence.dense, language, e.article) for e in evidence), default=0.0
        ),
        "chunk_dense": max(
            (_above(h.signals["dense"], language, h.article) for h in best), default=0.0
        ),
        "sentence_coverage": max(same, default=named / 2),
        "names": named,
        "agreement": sum(1.0 / rank for rank in hits[0].ranks.values()) / 2 if hits else 0.0,
        "typed": float(_typed(question, evidence)),
    }


def _above(cosine: float, language: str, article: Article) -> float:
    return cosine - unrelated_cosine(language, article.language)


_HOW_MANY = re.compile(
    r"\b(?:combien|how (?:many|much|old|long|far)|quel (?:age|nombre|montant))\b"
)
_WHEN = re.compile(
    r"\b(?:quand|when|what (?:year|date|day)|which year|quelle (?:annee|date)|quel jour)\b"
)
_WHO = re.compile(r"\b(?:qui|who|whom|whose|where|ou)\b")
_DIGIT = re.compile(r"\d")


def _typed(question: str, evidence: Sequence[Evidence]) -> bool:
    """Whether the evidence has a number, a date or a new name, when that is what is asked for."""
    asked = fold(question)
    text = " ".join(e.text for e in evidence)
    if _HOW_MANY.search(asked):
        return bool(_DIGIT.search(text)) or bool(set(words(text)) & _NUMBER_WORDS)
    if _WHEN.search(asked):
        return bool(_DIGIT.search(text)) or bool(set(words(text)) & set(MONTHS))
    if _WHO.search(asked):
        own = {fold(name) for name in names(question)}
        return any(fold(name) not in own for name in names(text))
    return True


_NUMBER_WORDS = frozenset(
    """
    un une deux trois quatre cinq six sept huit neuf dix onze douze quinze vingt trente quarante
    cinquante soixante cent mille million millions milliard milliards dizaine dizaines centaine
    centaines millier milliers one two three four five six seven eight nine ten eleven twelve
    fifteen twenty thirty forty fifty sixty hundred thousand dozen dozens hundreds thousands
    billion billions
    """.split()
)
