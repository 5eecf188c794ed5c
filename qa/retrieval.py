"""Retrieval: a question → the chunks most likely to answer it, each with scored sentences.

Candidates come from both indexes. Every candidate then gets the same four values, each scaled to
[0, 1] over the candidates, and their weighted sum is its score:

    lexical           BM25 of header and chunk
    dense             cosine of question and chunk
    sentence_dense    cosine of question and the chunk's best sentence
    sentence_lexical  BM25 of header and the chunk's best sentence

A sentence scores the same way, its own two values with its chunk's score. Cosines are taken less
what unrelated texts of the two languages have, so that articles in the other language compete on
equal terms. A LangChain retriever on the outside. Knows nothing about answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from qa.answer import Hit, ScoredSentence
from qa.archive import Passage
from qa.calibration import unrelated_cosine
from qa.filters import Filters
from qa.index import Index, LiveIndex
from qa.language import question_language
from qa.lexical import QueryTerms, bm25

if TYPE_CHECKING:
    import numpy as np

Mode = Literal["hybrid", "dense", "lexical"]

# Found on French and English dev sets, where they beat rank fusion and either index alone;
# the figures are in docs/decisions.md.
WEIGHTS = {"lexical": 0.3, "dense": 0.1, "sentence_dense": 0.4, "sentence_lexical": 0.2}
# A sentence's own values, beside which its passage's score counts 1.
SENTENCE_WEIGHTS = {"sentence_dense": 0.4, "sentence_lexical": 0.2}


class QueryEmbedder(Protocol):
    """What retrieval needs of an embedder."""

    def queries(self, texts: Sequence[str]) -> np.ndarray:
        """(n, d) float32, unit length."""
        ...


class HybridRetriever(BaseRetriever):
    """Searches one index. As a LangChain retriever it returns `k` documents, best first."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    index: LiveIndex
    embedder: Any
    candidates: int = 50
    k: int = 10

    def search(
        self,
        question: str,
        *,
        language: str | None = None,
        filters: Filters | None = None,
        k: int | None = None,
        mode: Mode = "hybrid",
    ) -> list[Hit]:
        """The best chunks, best first, at most `k`.

        Args:
            question: stand-alone.
            language: of the question; detected when not given.
            filters: which articles count.
            k: how many; the retriever's own `k` when not given.
            mode: one index alone, for comparison.
        """
        vector = self.embedder.queries([question])[0]
        language = language or question_language(question)
        wanted = k or self.k
        with self.index.current() as index:
            query = index.lexical.analyse(question, language)
            found = self._find(index, query, vector, filters or Filters(), wanted, mode)
            ids = list(dict.fromkeys(id for hits in found.values() for id, _ in hits))
            passages = index.archive.passages(ids)
        if not passages:
            return []
        ranks: dict[str, dict[str, int]] = {id: {} for id in ids}
        for name, hits in found.items():
            for rank, (id, _) in enumerate(hits, 1):
                ranks[id][name] = rank
        return _Candidates(passages, vector, query, language).hits(ranks, mode)[:wanted]

    def _find(
        self,
        index: Index,
        query: QueryTerms,
        vector: np.ndarray,
        filters: Filters,
        k: int,
        mode: Mode,
    ) -> dict[str, list[tuple[str, float]]]:
        """What each index proposes: (chunk id, its own score), best first."""
        n = max(self.candidates, k)
        found = {}
        if mode != "lexical":
            found["dense"] = index.store.nearest(vector, n, filters)
        if mode != "dense":
            found["lexical"] = index.lexical.search(query, n, filters)
        return found

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        return [
            Document(
                id=hit.chunk.id,
                page_content=hit.chunk.text,
                metadata={k: v for k, v in hit.to_json().items() if k not in ("text", "signals")},
            )
            for hit in self.search(query)
        ]


@dataclass
class _Candidates:
    """The candidates of one question and their values, row by row."""

    passages: Sequence[Passage]
    vector: np.ndarray
    query: QueryTerms
    language: str

    def hits(self, ranks: dict[str, dict[str, int]], mode: Mode) -> list[Hit]:
        import numpy as np

        owner = np.repeat(
            np.arange(len(self.passages)), [len(p.chunk.sentences) for p in self.passages]
        )
        cosines = [p.vectors.astype(np.float32) @ self.vector for p in self.passages]
        sentence_dense = np.concatenate([values[1:] for values in cosines])
        sentence_lexical, chunk_lexical = self._lexical()
        values = {
            "lexical": chunk_lexical,
            "dense": np.array([c[0] for c in cosines]),
            "sentence_dense": _best(sentence_dense, owner, len(self.passages)),
            "sentence_lexical": _best(sentence_lexical, owner, len(self.passages)),
        }
        if mode == "hybrid":
            scores, sentence_scores = self._fused(values, sentence_dense, sentence_lexical, owner)
        else:
            scores, sentence_scores = values[mode], values[mode][owner]
        hits, row = [], 0
        for number, passage in enumerate(self.passages):
            rows = range(row, row + len(passage.chunk.sentences))
            row = rows.stop
            weights_here = self.query.of(passage.article.language)
            hits.append(
                Hit(
                    chunk=passage.chunk,
                    article=passage.article,
                    score=float(scores[number]),
                    ranks=ranks[passage.chunk.id],
                    signals={
                        **{name: float(column[number]) for name, column in values.items()},
                        "coverage": coverage(weights_here, (passage.header_terms, *passage.terms)),
                    },
                    sentences=tuple(
                        ScoredSentence(
                            span=span,
                            score=float(sentence_scores[r]),
                            dense=float(sentence_dense[r]),
                            coverage=coverage(weights_here, (passage.header_terms, line)),
                        )
                        for r, span, line in zip(
                            rows, passage.chunk.sentences, passage.terms, strict=True
                        )
                    ),
                )
            )
        return sorted(hits, key=lambda hit: (-hit.score, hit.chunk.id))

    def _fused(
        self,
        values: Mapping[str, np.ndarray],
        sentence_dense: np.ndarray,
        sentence_lexical: np.ndarray,
        owner: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Scores in [0, 1] of the passages, and of all their sentences."""
        import numpy as np

        languages = [passage.article.language for passage in self.passages]
        foreign = np.array([language != self.language for language in languages])
        unrelated = np.array([unrelated_cosine(self.language, other) for other in languages])
        scores = _sum(
            {
                "lexical": values["lexical"],
                "dense": values["dense"] - unrelated,
                "sentence_dense": values["sentence_dense"] - unrelated,
                "sentence_lexical": values["sentence_lexical"],
            },
            WEIGHTS,
            foreign,
        )
        own = {
            "sentence_dense": sentence_dense - unrelated[owner],
            "sentence_lexical": sentence_lexical,
        }
        own_weight = sum(SENTENCE_WEIGHTS.values())
        sentence_scores = own_weight * _sum(own, SENTENCE_WEIGHTS, foreign[owner]) + scores[owner]
        return scores, sentence_scores / (own_weight + 1.0)

    def _lexical(self) -> tuple[np.ndarray, np.ndarray]:
        """BM25 of every sentence with its header, and of every chunk with its header."""
        import numpy as np

        lengths = [len(p.header_terms) + sum(map(len, p.terms)) for p in self.passages]
        headers = sum(len(p.header_terms) for p in self.passages) / len(self.passages)
        lines = sum(len(p.terms) for p in self.passages)
        average_chunk = max(1.0, sum(lengths) / len(lengths))
        average_line = max(1.0, headers + (sum(lengths) - headers * len(lengths)) / max(1, lines))
        sentences: list[float] = []
        chunks: list[float] = []
        for passage in self.passages:
            weights = self.query.of(passage.article.language)
            sentences += [
                bm25(weights, (*passage.header_terms, *line), average_line)
                for line in passage.terms
            ]
            everything = [*passage.header_terms, *(t for line in passage.terms for t in line)]
            chunks.append(bm25(weights, everything, average_chunk))
        return np.array(sentences), np.array(chunks)


def coverage(weights: dict[str, float], lines: Sequence[Sequence[str]]) -> float:
    """Share of the question's terms, by idf, that occur in any of these lines, in [0, 1]."""
    total = sum(weights.values())
    if not total:
        return 0.0
    present = {term for line in lines for term in line if term in weights}
    return sum(weights[term] for term in present) / total


def _sum(
    values: Mapping[str, np.ndarray], weights: Mapping[str, float], foreign: np.ndarray
) -> np.ndarray:
    """The weighted mean of scaled values, (n,), each in [0, 1].

    What is written in another language than the question shares little but names with it, so
    half of its lexical part is what its dense part is worth.
    """
    import numpy as np

    parts = {}
    for kind in ("dense", "lexical"):
        names = [name for name in weights if name.endswith(kind)]
        total = sum(weights[name] for name in names)
        parts[kind] = sum(weights[name] * _scaled(values[name]) for name in names) / total, total
    (dense, dense_weight), (lexical, lexical_weight) = parts["dense"], parts["lexical"]
    lexical = np.where(foreign, (lexical + dense) / 2, lexical)
    return np.asarray(
        (dense_weight * dense + lexical_weight * lexical) / (dense_weight + lexical_weight)
    )


def _best(values: np.ndarray, owner: np.ndarray, n: int) -> np.ndarray:
    """The largest value of each owner: (n,)."""
    import numpy as np

    best = np.full(n, -np.inf)
    np.maximum.at(best, owner, values)
    return best


def _scaled(values: np.ndarray) -> np.ndarray:
    """Values moved to [0, 1], the largest to 1; all to 1 when they do not differ."""
    import numpy as np

    values = values.astype(np.float64)
    low, high = values.min(), values.max()
    if high - low < 1e-9:
        return np.ones_like(values)
    return np.asarray((values - low) / (high - low))
