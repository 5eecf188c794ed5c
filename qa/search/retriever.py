"""Retrieval: a question → the chunks most likely to answer it, each with scored sentences.

    understand   outlets and dates that the question names (`constraints`)
    propose      both indexes, over all articles and over those that the question asks for
    score        `scoring`, and more for articles that the question asks for
    collapse     copies of one text become one hit (`duplicates`)
    read         the best are read with the question, and ordered anew (`rerank`)

What a question asks for moves articles up; it shuts none out, so a date misread or an outlet that
did not write of it costs places, not the answer. Filters shut out. A LangChain retriever on the
outside. Knows nothing about answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, Protocol

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from qa.documents.filters import Filters
from qa.index.archive import IndexedChunk
from qa.index.directory import Index
from qa.index.lexical import QueryTerms
from qa.index.live import LiveIndex
from qa.language.detect import question_language
from qa.search.boosts import bonus, meets, most, narrowed
from qa.search.constraints import understand
from qa.search.duplicates import group
from qa.search.rerank import Reranker
from qa.search.scoring import Scored, score
from qa.types import Constraints, Hit, ScoredSentence

if TYPE_CHECKING:
    import numpy as np

Mode = Literal["hybrid", "dense", "lexical"]
Proposals = dict[str, list[tuple[str, float]]]


class QueryEmbedder(Protocol):
    """What retrieval needs of an embedder."""

    def queries(self, texts: Sequence[str]) -> np.ndarray:
        """(n, d) float32, unit length."""
        ...


@dataclass(frozen=True)
class Candidates:
    """Chunks that may answer a question.

    Attributes:
        passages: n chunks, each once.
        found: by index, what it proposes and its own score, best first.
        asked: the same among the articles that the question asks for; empty when it asks nothing.
        vector: (d,) of the question.
        query: its terms.
        constraints: what it asks of articles.
    """

    passages: Sequence[IndexedChunk]
    found: Proposals
    asked: Proposals
    vector: np.ndarray
    query: QueryTerms
    constraints: Constraints


@dataclass(frozen=True)
class Retrieved:
    """What a search brought.

    Attributes:
        hits: best first.
        constraints: what the question asks of articles.
        met: whether any article found is of the outlet and day that it asks for; true when it asks
            for none, or when nothing was found at all.
    """

    hits: Sequence[Hit]
    constraints: Constraints
    met: bool


class HybridRetriever(BaseRetriever):
    """Searches one index. As a LangChain retriever it returns `k` documents, best first."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    index: LiveIndex
    embedder: Any
    candidates: int = 50
    k: int = 10
    reading: Reranker | None = None

    def search(self, question: str, **options: Any) -> list[Hit]:
        """The hits of `find`, with its options."""
        return list(self.find(question, **options).hits)

    def find(
        self,
        question: str,
        *,
        language: str | None = None,
        filters: Filters | None = None,
        k: int | None = None,
        mode: Mode = "hybrid",
        today: date | None = None,
        said: Sequence[str] = (),
        constraints: Constraints | None = None,
        waited_s: float = 0.0,
    ) -> Retrieved:
        """The best chunks, best first, at most `k`, and what the question asks of articles.

        Args:
            question: stand-alone.
            language: of the question; detected when not given.
            filters: which articles count.
            k: how many; the retriever's own `k` when not given.
            mode: one index alone, as it is: no constraints, no fusion, copies as they come.
            today: the day on which "yesterday" is understood; the present one when not given.
            said: where to look for outlets and dates, the first text that has any; the question
                itself when not given.
            constraints: what it asks of articles, instead of what is read in `said`.
            waited_s: seconds the question has waited; a server does not read late ones.
        """
        import numpy as np

        language = language or question_language(question)
        wanted = k or self.k
        proposed = self.gather(
            question, language, filters or Filters(), wanted, mode, today, said, constraints
        )
        passages, constraints = proposed.passages, proposed.constraints
        if not passages:
            return Retrieved((), constraints, met=True)
        scored = score(
            passages,
            proposed.vector,
            proposed.query,
            language,
            np.array([bonus(passage.article, constraints) for passage in passages]),
            most(constraints),
        )
        hits = _hits(passages, scored, (proposed.found, proposed.asked))
        if mode != "hybrid":
            own = dict(proposed.found[mode])
            hits = [replace(hit, score=own[hit.chunk.id]) for hit in hits]
            return Retrieved(_ordered(hits)[:wanted], constraints, met=True)
        met = any(meets(hit.article, constraints) for hit in hits)
        ranked = _without_copies(hits, passages)
        if self.reading is not None:
            ranked = self.reading.order(question, ranked, waited_s)
        return Retrieved(ranked[:wanted], constraints, met)

    def gather(
        self,
        question: str,
        language: str,
        filters: Filters,
        k: int,
        mode: Mode = "hybrid",
        today: date | None = None,
        said: Sequence[str] = (),
        constraints: Constraints | None = None,
    ) -> Candidates:
        """What the indexes propose, unscored; arguments as those of `find`."""
        import numpy as np

        if mode == "lexical":  # needs no model, so that its time is its own
            vector = np.zeros(self.embedder.dimension, np.float32)
        else:
            vector = self.embedder.queries([question])[0]

        def look(index: Index) -> Candidates:
            understood = Constraints()
            query = index.lexical.analyse(question, language)
            found, asked = self._propose(index, query, vector, filters, k, mode), Proposals()
            if mode == "hybrid":
                understood = constraints or Constraints()
                if constraints is None:
                    understood = _read(said or [question], language, index.sources, today)
                if (narrow := narrowed(filters, understood)) is not None:
                    asked = self._propose(index, query, vector, narrow, k, mode)
            lists = (*found.values(), *asked.values())
            ids = list(dict.fromkeys(id for proposed in lists for id, _ in proposed))
            return Candidates(index.archive.passages(ids), found, asked, vector, query, understood)

        return self.index.read(look)

    def _propose(
        self,
        index: Index,
        query: QueryTerms,
        vector: np.ndarray,
        filters: Filters,
        k: int,
        mode: Mode,
    ) -> Proposals:
        """What each index proposes: (chunk id, its own score), best first."""
        n = max(self.candidates, k)
        found = {}
        if mode != "lexical":
            found["dense"] = index.nearest(vector, n, filters)
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


def in_turn(rows: Sequence[Sequence[Hit]]) -> list[Hit]:
    """The hits of several searches in turn, each chunk once, as many as the longest has."""
    hits: dict[str, Hit] = {}
    longest = max(map(len, rows), default=0)
    for rank in range(longest):
        for row in rows:
            if rank < len(row):
                hits.setdefault(row[rank].chunk.id, row[rank])
    return list(hits.values())[:longest]


def _read(
    texts: Sequence[str], language: str, sources: Sequence[str], today: date | None
) -> Constraints:
    """What the first of these texts that asks anything of articles asks."""
    day = today or date.today()  # noqa: DTZ011  the reader's own day
    read = (understand(text, language, sources, day) for text in texts)
    return next(filter(None, read), Constraints())


def _hits(
    passages: Sequence[IndexedChunk], scored: Scored, lists: Sequence[Proposals]
) -> list[Hit]:
    """The candidates as hits, in the order of the passages; the better of two ranks."""
    ranks: dict[str, dict[str, int]] = {passage.chunk.id: {} for passage in passages}
    for found in lists:
        for name, proposed in found.items():
            for rank, (id, _) in enumerate(proposed, 1):
                if id in ranks:
                    ranks[id][name] = min(rank, ranks[id].get(name, rank))
    hits, row = [], 0
    for number, passage in enumerate(passages):
        rows = range(row, row + len(passage.chunk.sentences))
        row = rows.stop
        hits.append(
            Hit(
                chunk=passage.chunk,
                article=passage.article,
                score=float(scored.scores[number]),
                ranks=ranks[passage.chunk.id],
                signals={name: float(column[number]) for name, column in scored.values.items()},
                sentences=tuple(
                    ScoredSentence(
                        span=span,
                        score=float(scored.sentence_scores[r]),
                        dense=float(scored.cosines[r]),
                        coverage=float(scored.sentence_values["coverage"][r]),
                    )
                    for r, span in zip(rows, passage.chunk.sentences, strict=True)
                ),
            )
        )
    return hits


def _ordered(hits: Sequence[Hit]) -> list[Hit]:
    return sorted(hits, key=lambda hit: (-hit.score, hit.chunk.id))


def _without_copies(hits: Sequence[Hit], passages: Sequence[IndexedChunk]) -> list[Hit]:
    """Best first, copies under the best of them."""
    by_id = {passage.chunk.id: passage for passage in passages}
    ranked = _ordered(hits)
    return [
        replace(ranked[first], copies=tuple(ranked[row].article for row in others))
        for first, *others in group([by_id[hit.chunk.id] for hit in ranked])
    ]
