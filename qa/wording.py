"""Wording: an answer of one short sentence in its quote's own words, if the reader points to some.

Which words answer is what the reader was trained to tell, and it does so better than a small model
(docs/answering.md). The model's answer stands where the two have no word in common that the
question lacks, where it says more than one sentence, yes or no, or why and how, and where the quote
is in another language than the answer. Knows nothing about models.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa.analysis import asks_for_clause, fold, words
from qa.answer import Citation, Language
from qa.chunks import sentences

# A longer sentence says more than what was asked for.
_MOST_WORDS = 25
_NUMBER = re.compile(r"\s*\[(\d+)\]")
_VERDICT = re.compile(r"(?:oui|non|yes|no)\b(?!-)")


def in_quoted_words(
    text: str, citations: Sequence[Citation], question: str, language: Language
) -> tuple[str, tuple[Citation, ...]]:
    """The words that the reader points to in the first quote cited, and that quote.

    Args:
        text: a checked answer, with citation numbers.
        citations: the quotes that it cites.
        question: stand-alone.
        language: of the answer.
    Returns:
        `text` and `citations` themselves where the answer stands.
    """
    said = _NUMBER.sub("", text)
    if (
        len(words(said)) > _MOST_WORDS
        or len(sentences(said, language)) != 1
        or _VERDICT.match(fold(said))
        or asks_for_clause(question)
    ):
        return text, tuple(citations)
    for citation in citations:
        if citation.answer and citation.article.language == language:
            pointed = citation.answer.of(citation.article.text)
            # What the question says already answers nothing.
            new = set(words(pointed)) - set(words(question))
            if not new.isdisjoint(words(said)):
                return f"{pointed} [{citation.n}]", (citation,)
    return text, tuple(citations)
