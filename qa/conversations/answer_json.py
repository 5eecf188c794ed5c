"""Answer JSON: an answer as a document that outlives the process, and the answer made of it.

The document is what `qa ask --json` prints and, under `kept`, what the page needs beside it. It
holds quotes, not articles: made into an answer again, each quote is looked for in the article as
the index has it now. Where the article is gone, or no longer says so, the quote stays as it was
and its article is one that the index does not hold, so that nothing else is shown as its place;
what the article says instead stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter

from qa.documents.article import Article, PartialDate
from qa.documents.chunks import Chunk
from qa.documents.corrections import reworded
from qa.documents.filters import Filters
from qa.language.sentences import Span
from qa.types import Answer, Citation, Constraints, Correction, Hit, Question

Find = Callable[[str], Article | None]

_CONSTRAINTS = TypeAdapter(Constraints)
# After the id of an article that has changed since.
_AS_IT_WAS = "\x1fas it was"


@dataclass(frozen=True, slots=True)
class Restored:
    """An answer from its document.

    Attributes:
        answer: as it was, its citations open the articles as they are.
        stale: whether an article that it cites is gone or says something else now.
    """

    answer: Answer
    stale: bool


def to_document(answer: Answer) -> dict[str, Any]:
    """An answer as JSON values."""
    asked = answer.question.constraints
    return {
        **answer.to_json(),
        "kept": {
            "history": list(answer.question.history),
            "carried": answer.question.carried,
            "asked": None if asked is None else _CONSTRAINTS.dump_python(asked, mode="json"),
            "constraints": _CONSTRAINTS.dump_python(answer.constraints, mode="json"),
        },
    }


def from_document(document: Mapping[str, Any], find: Find) -> Restored:
    """The answer of a document.

    Args:
        document: made by `to_document`.
        find: an article by its id, None when it is not indexed.
    """
    asked = document["kept"]["asked"]
    question = Question(
        text=document["question"],
        history=tuple(document["kept"]["history"]),
        filters=Filters.parse(**document["filters"]),
        standalone=document["standalone_question"],
        carried=document["kept"].get("carried", ""),  # not kept by earlier versions
        language=document["language"],
        constraints=None if asked is None else _CONSTRAINTS.validate_python(asked),
    )
    cited = [_citation(citation, find) for citation in document["citations"]]
    answer = Answer(
        question=question,
        text=document["answer"],
        language=document["language"],
        citations=tuple(citation for citation, _ in cited),
        abstained=document["abstained"],
        reason=document["reason"],
        answerer=document["answerer"],
        confidence=document["confidence"],
        hits=tuple(hit for row in document["hits"] if (hit := _hit(row, find))),
        constraints=_CONSTRAINTS.validate_python(document["kept"]["constraints"]),
        met=document["constraints"]["met"],
    )
    return Restored(answer, any(stale for _, stale in cited))


def _citation(kept: Mapping[str, Any], find: Find) -> tuple[Citation, bool]:
    """The citation, and whether it is of an article that is no longer so."""
    quote = kept["quote"]
    article = find(kept["article_id"])
    span = Span(kept["start"], kept["end"])
    if article is not None and span.of(article.text) != quote:
        start = article.text.find(quote)
        span = Span(start, start + len(quote))
        if start < 0:
            gone = _stub({**kept, "article_id": kept["article_id"] + _AS_IT_WAS}, quote)
            as_it_was = _numbered(kept, gone, Span(0, len(quote)), find)
            _, now = reworded(quote, article.text, article.language) or (quote, "")
            return replace(as_it_was, correction=Correction(quote, now)), True
    if article is None:
        return _numbered(kept, _stub(kept, quote), Span(0, len(quote)), find), True
    return _numbered(kept, article, span, find), False


def _numbered(kept: Mapping[str, Any], article: Article, span: Span, find: Find) -> Citation:
    also = tuple(
        find(copy["article_id"]) or _stub({**kept, **copy}, kept["quote"]) for copy in kept["also"]
    )
    correction = kept.get("correction")  # not kept by earlier versions
    return Citation(
        kept["n"],
        article,
        span,
        also,
        _pointed(kept, span),
        Correction(**correction) if correction else None,
    )


def _pointed(kept: Mapping[str, Any], span: Span) -> Span | None:
    """What the reader points to, at its place in the quote, which may have moved."""
    words = kept["answer"]
    moved = span.start - kept["start"]
    return Span(words["start"] + moved, words["end"] + moved) if words else None


def _hit(kept: Mapping[str, Any], find: Find) -> Hit | None:
    """What was found, without what was measured on its sentences; None when it is gone."""
    article = find(kept["article_id"])
    if article is None:
        return None
    chunk = Chunk(kept["chunk_id"], article.id, Span(0, 0), "", ())
    return Hit(chunk, article, kept["score"], kept["ranks"], {}, ())


def _stub(kept: Mapping[str, Any], text: str) -> Article:
    """An article of which no more is known than its quote."""
    return Article(
        id=kept["article_id"],
        title=kept["title"],
        text=text,
        date=PartialDate.of(kept["date"]),
        source=kept["source"],
        language=kept["language"],
        url=kept["url"],
        origin="",
    )
