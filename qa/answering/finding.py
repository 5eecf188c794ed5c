"""Finding: a message → what is found for each question in it, and how it was understood.

A follow-up is searched with what it carries. If it names something new that the best passage found
does not mention, it has left the subject ("And Philae?") and is searched by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from qa.answering.followups import own_words, queries, written_in
from qa.language.names import mentioned, named
from qa.search.retriever import HybridRetriever, Retrieved
from qa.types import Hit, Question


def search(
    retriever: HybridRetriever, question: Question, **options: Any
) -> tuple[list[Retrieved], Question]:
    """What is found for the question, or for each question of a message that asks several.

    And the question as it was then understood: a follow-up may be of another subject.
    """
    found = _find(retriever, question, options)
    if not question.carried or len(found) > 1:
        return found, question
    hits = found[0].hits
    alone = replace(question, carried="", standalone=own_words(question))
    unread = retriever.model_copy(update={"reading": None})
    new = newly_named(question, [*hits, *_find(unread, alone, options)[0].hits])
    if new and not all_mentioned(new, hits[:1]):
        return _find(retriever, alone, options), alone
    return found, question


def _find(
    retriever: HybridRetriever, question: Question, options: Mapping[str, Any]
) -> list[Retrieved]:
    return [
        retriever.find(
            text,
            language=written_in(question),
            filters=question.filters,
            today=question.asked_on,
            said=question.said,
            constraints=question.constraints,
            waited_s=question.waited_s,
            **options,
        )
        for text in queries(question)
    ]


def newly_named(question: Question, hits: Sequence[Hit]) -> list[str]:
    """The names in a follow-up that what it carries does not mention: "And Philae?".

    Args:
        question: see `make_standalone`.
        hits: names in small letters are known by the capital that these texts write.
    """
    found = named(own_words(question), texts(hits))
    return [name for name in found if not mentioned(name, question.carried)]


def all_mentioned(some: Sequence[str], hits: Sequence[Hit]) -> bool:
    """Whether each of some names is in one of the hits, or in its article's title."""
    return all(mentioned(name, texts(hits)) for name in some)


def texts(hits: Sequence[Hit]) -> str:
    """The titles and chunks of hits, one after the other."""
    return " ".join(f"{hit.article.title}. {hit.chunk.text}" for hit in hits)
