"""Confidence: how sure the articles are to hold the answer, judged before anything is written.

A short fact is likely in the quotes when the reader finds one. Whatever else is asked, why or what
happened, which or who somebody is, and in a follow-up, the articles need only be about it. Looks at
what retrieval found, not at what it means. The weights are in `calibration`; below the setting
`abstain_below` the assistant says that the articles do not say.
"""

from __future__ import annotations

from collections.abc import Sequence

from qa.answering.abstention import absent
from qa.answering.kinds import Kind
from qa.answering.quotes import Evidence
from qa.documents.article import Article, date_in_words
from qa.language.names import mentioned, names
from qa.language.terms import has_stop_word, terms, words
from qa.search.calibration import READ, about, brief, long, probability, unrelated_cosine
from qa.types import Hit, ReaderResult

# Set by eye, a little below the means of rightly quoted answers in one language (.67 and .94): no
# set with a free licence asks across languages.
_ORDINARY_COVERAGE = 0.5
_ORDINARY_AGREEMENT = 0.8
# Neither the indexes' first place nor the reader's word says much of a long question, which several
# articles answer together; set on MultiHop-RAG's questions.
_ORDINARY_RELEVANCE = 0.4
# A sentence with so large a share of the question's terms is found whatever the indexes say: of a
# name that many chunks hold, they rightly place different ones first.
_WHOLE = 0.95
# What is left of the probability when no article found names anything that the question names. Set
# by eye: of 804 rightly quoted answers of PIAF, SQuAD 2.0 and FQuAD 8 are of such questions.
_UNNAMED = 0.5


def confidence(
    question: str,
    language: str,
    hits: Sequence[Hit],
    evidence: Sequence[Evidence],
    *,
    kind: Kind = "fact",
    follow_up: bool = False,
) -> float:
    """Probability, in [0, 1], that the evidence holds the answer.

    0 without evidence, and for what is no question in either language: nothing in it is an
    everyday word, nor a term of any hit.

    Args:
        question: stand-alone.
        language: of it.
        hits: best first.
        evidence: chosen from them.
        kind: of question; only of a fact the reader must find a short answer.
        follow_up: whether words of the conversation were added to it.
    """
    strange = not any(hit.signals["coverage"] for hit in hits) and not has_stop_word(question)
    if strange or not evidence:
        return 0.0
    if kind != "fact" or follow_up:
        best = hits[0]
        # As `rerank` does: scores with the reader's word and without it compare.
        return about(best.score / (1.0 if best.reading else 1.0 + READ["relevance"]))
    values = features(question, language, hits, evidence)
    unnamed = values["names"] == 0.0 and absent(question, hits) == names(question)
    return probability(values) * (_UNNAMED if unnamed else 1.0)


def features(
    question: str,
    language: str,
    hits: Sequence[Hit],
    evidence: Sequence[Evidence],
) -> dict[str, float]:
    """What `confidence` judges by.

    sentence_dense: cosine of the question and the best sentence of the evidence, less what
        unrelated texts of these languages have;
    sentence_coverage: largest share of the question's terms, by idf, in one sentence of the
        evidence and its header; judged by only where none was read;
    names: share of the question's names and numbers that the three best hits mention;
    agreement: how near the top both indexes place the best hit, 1 when both place it first; that
        of an ordinary answer at least, where one sentence has all the question's terms;
    long: how far the question is a long one, in [0, 1]; as far, agreement and relevance are taken
        to be ordinary;
    score: of the best hit, in [0, 1]; judged by only where it was read;
    relevance: what the reader says of the best hit that it read, in [0, 1]; left out when none was
        read, and so is
    rivals: of a question that says little, the mean relevance of the other hits that it read in
        that language, counted only where it points to none of the words that it points to in the
        best: what many texts answer, each its own way, was hardly asked of any.

    Terms of two languages do not compare: where the best of the evidence is not in the question's
    language, coverage and agreement are taken to be those of an ordinary answer in one language.
    """
    best = hits[:3]
    said = len(terms(question, language))
    much = long(said)
    seen = " ".join(_hit_text(h) for h in best)
    wanted = names(question)
    named = sum(mentioned(name, seen) for name in wanted) / len(wanted) if wanted else 1.0
    own = [e for e in evidence if e.article.language == language]
    same = [e.sentence.coverage for e in own] if own[:1] == list(evidence[:1]) else []
    return {
        "sentence_dense": _nearest(language, evidence),
        "sentence_coverage": max(same, default=_ORDINARY_COVERAGE * named),
        "names": named,
        "agreement": _mixed(
            _agreement(hits[0], same) if same else _ORDINARY_AGREEMENT, _ORDINARY_AGREEMENT, much
        ),
        "long": much,
        "score": best[0].score if best else 0.0,
        **_reader_features(hits, much, brief(said)),
    }


def _reader_features(hits: Sequence[Hit], much: float, little: float) -> dict[str, float]:
    """What the reader says, where it has read; best hit first."""
    read = [(hit.reading, hit.article) for hit in hits if hit.reading is not None]
    if not read:
        return {}
    (best, own), *others = read
    pointed = _pointed(best, own)
    apart = [
        reading.relevance * pointed.isdisjoint(_pointed(reading, article))
        for reading, article in others
        if article.language == own.language
    ]
    return {
        "relevance": _mixed(best.relevance, _ORDINARY_RELEVANCE, much),
        "rivals": little * sum(apart) / len(apart) if apart else 0.0,
    }


def _pointed(reading: ReaderResult, article: Article) -> set[str]:
    """The words that the reader points to."""
    return set(words(reading.span.of(article.text)))


def _mixed(value: float, ordinary: float, much: float) -> float:
    return (1.0 - much) * value + much * ordinary


def _hit_text(hit: Hit) -> str:
    """All that a question may name of a hit: outlet and day as well."""
    article = hit.article
    date = f"{article.date} {date_in_words(article.date, 'en')}" if article.date else ""
    return f"{article.title} {article.source or ''} {date} {hit.chunk.text}"


def _agreement(hit: Hit, coverage: Sequence[float]) -> float:
    least = _ORDINARY_AGREEMENT if max(coverage) >= _WHOLE else 0.0
    return max(least, sum(1.0 / rank for rank in hit.ranks.values()) / 2)


def _nearest(language: str, evidence: Sequence[Evidence]) -> float:
    """Cosine of the question and the nearest sentence, less what unrelated texts have."""
    return max(
        (e.sentence.dense - unrelated_cosine(language, e.article.language) for e in evidence),
        default=0.0,
    )
