"""Scoring: a question's candidates → what speaks for each, and one score from that.

Five values speak for a chunk, each about 0 for what is unrelated and at most 1:

    sentence_dense     nearness of the question and the chunk's nearest sentence
    lexical            BM25 of header and chunk, as a share of the most it could be
    sentence_lexical   of header and the chunk's best sentence
    coverage           share of the question's terms that header and chunk contain, by idf
    adjacency          share of the question's pairs of neighbouring terms that stand together

Nearness is the cosine less what unrelated texts of the two languages have, so that articles of
both languages compete on equal terms. That of question and chunk (`dense`) does not count in a
chunk's score, for its best sentence says more; it says what to expect of a chunk in another
language. Scores are weighted sums; the weights depend on how many terms the question has and on
nothing else, so scores compare across questions of like length. A sentence is scored by its own
values and its chunk's score. Knows nothing about where candidates come from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from qa.index.archive import IndexedChunk
from qa.index.lexical import QueryTerms
from qa.search.calibration import SENTENCE, expected, passage_weights, unrelated_cosine

if TYPE_CHECKING:
    import numpy as np

# Terms further apart than this do not stand together.
_TOGETHER = 3
# Of BM25: how soon a term's repetitions count no more, and how much a long text is held back.
_K1, _B = 1.2, 0.75


@dataclass(frozen=True)
class Scored:
    """The candidates' values, row by row; sentences in the order of their chunks.

    Attributes:
        values: name → (n,), of the n chunks.
        scores: (n,), in [0, 1].
        owner: (m,), the chunk of each of the m sentences.
        cosines: (m,), of question and sentence.
        sentence_values: name → (m,).
        sentence_scores: (m,), in [0, 1].
    """

    values: Mapping[str, np.ndarray]
    scores: np.ndarray
    owner: np.ndarray
    cosines: np.ndarray
    sentence_values: Mapping[str, np.ndarray]
    sentence_scores: np.ndarray


def score(
    passages: Sequence[IndexedChunk],
    vector: np.ndarray,
    query: QueryTerms,
    language: str,
    lift: np.ndarray | float = 0.0,
    most: float = 0.0,
) -> Scored:
    """Score candidates.

    Args:
        passages: n of them, at least one.
        vector: (d,) of the question, unit length.
        query: its terms.
        language: of the question.
        lift: (n,), what else speaks for each, on the scale of scores.
        most: the largest lift that any chunk could have.
    """
    import numpy as np

    owner = np.repeat(np.arange(len(passages)), [len(p.chunk.sentences) for p in passages])
    unrelated = np.array([unrelated_cosine(language, p.article.language) for p in passages])
    foreign = np.array([p.article.language != language for p in passages])
    dense, cosines = _dense(passages, vector)
    # The ordinary candidate is unrelated, and another embedder's cosines lie elsewhere.
    unrelated = np.minimum(unrelated, np.median(dense))
    values, sentence_values = _lexical(passages, query)
    values["dense"] = _nearness(dense, unrelated)
    values["sentence_dense"] = _nearness(_best(cosines, owner, len(passages)), unrelated)
    sentence_values["dense"] = _nearness(cosines, unrelated[owner])
    terms = len(query.of(language))
    counted = _raised_across_languages(values, foreign, terms)
    scores = (_weighted(counted, passage_weights(terms)) + lift) / (1.0 + most)
    sentence_values["passage"] = scores[owner]
    counted = _raised_across_languages(sentence_values, foreign[owner], terms)
    return Scored(
        values=values,
        scores=scores,
        owner=owner,
        cosines=cosines,
        sentence_values=sentence_values,
        sentence_scores=_weighted(counted, SENTENCE),
    )


def _dense(passages: Sequence[IndexedChunk], vector: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cosines of the question and each chunk (n,), and each sentence (m,)."""
    import numpy as np

    cosines = [passage.vectors.astype(np.float32) @ vector for passage in passages]
    return np.array([own[0] for own in cosines]), np.concatenate([own[1:] for own in cosines])


def _lexical(
    passages: Sequence[IndexedChunk], query: QueryTerms
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The values that come from terms: of the chunks, and of the sentences."""
    import numpy as np

    asked = {
        spoken: _Asked.of(query.of(spoken)) for spoken in {p.article.language for p in passages}
    }
    lines = sum(len(p.terms) for p in passages)
    headers = sum(len(p.header_terms) * len(p.terms) for p in passages) / lines
    words = sum(len(line) for p in passages for line in p.terms)
    average_line = max(1.0, headers + words / lines)
    average_chunk = max(1.0, (sum(len(p.header_terms) for p in passages) + words) / len(passages))
    chunks: dict[str, list[float]] = {
        n: [] for n in ("lexical", "sentence_lexical", "coverage", "adjacency")
    }
    sentences: dict[str, list[float]] = {n: [] for n in ("lexical", "coverage", "adjacency")}
    for passage in passages:
        wanted = asked[passage.article.language]
        top = wanted.places(passage.header_terms)
        own = [wanted.places(line) for line in passage.terms]
        of_lines: dict[str, list[float]] = {name: [] for name in sentences}
        for line, places in zip(passage.terms, own, strict=True):
            found = _counted(top, places)
            length = len(passage.header_terms) + len(line)
            of_lines["lexical"].append(wanted.bm25(found, length, average_line))
            of_lines["coverage"].append(wanted.coverage(found))
            of_lines["adjacency"].append(wanted.adjacency(places))
        everywhere = _counted(top, *own)
        length = len(passage.header_terms) + sum(map(len, passage.terms))
        chunks["lexical"].append(wanted.bm25(everywhere, length, average_chunk))
        chunks["coverage"].append(wanted.coverage(everywhere))
        chunks["sentence_lexical"].append(max(of_lines["lexical"]))
        chunks["adjacency"].append(max(*of_lines["adjacency"], wanted.adjacency(top)))
        for name, values in of_lines.items():
            sentences[name] += values
    return (
        {name: np.array(column) for name, column in chunks.items()},
        {name: np.array(column) for name, column in sentences.items()},
    )


@dataclass(frozen=True)
class _Asked:
    """A question's terms in one language, with what they could weigh at most.

    Attributes:
        weights: term → idf, in the order of the question.
        total: of these.
        pairs: neighbouring terms, with the smaller of their weights.
        pairs_total: of the latter.
    """

    weights: Mapping[str, float]
    total: float
    pairs: Sequence[tuple[str, str, float]]
    pairs_total: float

    @classmethod
    def of(cls, weights: Mapping[str, float]) -> _Asked:
        ordered = list(weights)
        pairs = [
            (one, other, min(weights[one], weights[other])) for one, other in pairwise(ordered)
        ]
        return cls(
            weights=weights,
            total=sum(weights.values()),
            pairs=pairs,
            pairs_total=sum(weight for _, _, weight in pairs),
        )

    def places(self, line: Sequence[str]) -> list[tuple[int, str]]:
        """Where the question's terms stand in a line."""
        weights = self.weights
        return [(at, term) for at, term in enumerate(line) if term in weights]

    def bm25(self, found: Mapping[str, int], length: int, average: float) -> float:
        """Σ idf · tf / (tf + k1 · (1 − b + b · length/average)), as a share of Σ idf."""
        damping = _K1 * (1 - _B + _B * length / average)
        total = sum(self.weights[term] * tf / (tf + damping) for term, tf in found.items())
        return total / self.total if self.total else 0.0

    def coverage(self, found: Mapping[str, int]) -> float:
        """Share of the weights whose terms are found."""
        return sum(self.weights[term] for term in found) / self.total if self.total else 0.0

    def adjacency(self, places: Sequence[tuple[int, str]]) -> float:
        """Share of the pairs that stand together, each by how near."""
        if not self.pairs_total or len(places) < 2:
            return 0.0
        where: dict[str, list[int]] = {}
        for at, term in places:
            where.setdefault(term, []).append(at)
        total = 0.0
        for one, other, weight in self.pairs:
            if one in where and other in where:
                apart = min(abs(a - b) for a in where[one] for b in where[other])
                if apart <= _TOGETHER:
                    total += weight / apart
        return total / self.pairs_total


def _counted(*lines: Sequence[tuple[int, str]]) -> dict[str, int]:
    """How often each term stands in these lines; hundreds a question: a Counter is slower."""
    counts: dict[str, int] = {}
    for places in lines:
        for _, term in places:
            counts[term] = counts.get(term, 0) + 1
    return counts


def _nearness(cosines: np.ndarray, unrelated: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.asarray((cosines - unrelated) / (1.0 - unrelated))


def _best(values: np.ndarray, owner: np.ndarray, n: int) -> np.ndarray:
    """The largest value of each owner: (n,)."""
    import numpy as np

    best = np.full(n, -np.inf)
    np.maximum.at(best, owner, values)
    return best


def _raised_across_languages(
    values: Mapping[str, np.ndarray], foreign: np.ndarray, terms: int
) -> Mapping[str, np.ndarray]:
    """The values, the lexical ones raised where the language is not the question's.

    A text in another language shares little but names with the question, however well it answers:
    what its nearness lets one expect stands for what it lacks. At most the best value
    of the question's own language: words that no candidate shares with the question rank nothing.
    """
    import numpy as np

    if not foreign.any():
        return values
    raised = dict(values)
    for name, column in expected(values["dense"], terms).items():
        if name in values:
            if not foreign.all():
                column = column.clip(max=values[name][~foreign].max())
            raised[name] = np.where(foreign, np.maximum(values[name], column), values[name])
    return raised


def _weighted(values: Mapping[str, np.ndarray], weights: Mapping[str, float]) -> np.ndarray:
    """The weighted mean of the values, (n,), in [0, 1]."""
    import numpy as np

    total = sum(weight * values[name] for name, weight in weights.items())
    return np.clip(total / sum(weights.values()), 0.0, 1.0)
