"""Collection: questions about the articles themselves, answered from the index and not from texts.

How many there are, from when to when, of which outlets, the latest, those of March 2019, those that
mention Haftar: one reply says all of it, for the outlets, times and names in the question. Knows
nothing about models.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from qa.documents.article import date_in_words
from qa.documents.filters import Filters
from qa.index.archive import Archive
from qa.language.names import names
from qa.language.terms import fold
from qa.search.constraints import understand
from qa.types import Constraints, Language, Question

# "How many articles are about the strike?" asks for what texts say.
_OF_A_SUBJECT = re.compile(
    r"\b(?:about|regarding|concern\w*|mention\w*|tell\w*|say\w*|deal|parl\w+|trait\w+|evoqu\w+|"
    r"disent|racont\w+)\b|\b(?:on|sur) (?!wh|qu)\w"
)
_COUNT = re.compile(r"how many articles|combien d'articles")
_LATEST = 5
_OUTLETS = 8
_COUNTED: dict[Language, tuple[str, str, str]] = {
    "fr": ("Aucun article ne correspond.", "1 article", "{n} articles"),
    "en": ("No article matches.", "1 article", "{n} articles"),
}
_WORDS: dict[Language, dict[str, str]] = {
    "fr": {
        "from": "du {first} au {last}",
        "fr": "{n} en français",
        "en": "{n} en anglais",
        "outlets": "Sources : {names}.",
        "latest": "Les plus récents :",
        "undated": "sans date",
        "with": "Avec « {words} » : ",
    },
    "en": {
        "from": "from {first} to {last}",
        "fr": "{n} in French",
        "en": "{n} in English",
        "outlets": "Outlets: {names}.",
        "latest": "The latest:",
        "undated": "undated",
        "with": "With “{words}”: ",
    },
}


def reply(question: Question, archive: Archive, sources: Sequence[str]) -> str | None:
    """What the index holds of the outlets, times and names in the question, in its language.

    None where it asks for anything else, or for a name that no article has as it is written: then
    the question is about what articles tell.

    Args:
        question: as typed, its language told.
        archive: the index's articles.
        sources: the names of its outlets.
    """
    language = question.language
    assert language is not None
    today = question.asked_on or date.today()  # noqa: DTZ011  the day where the person is
    told = understand(question.text, language, sources, today)
    rest = _without(told, question.text)
    words = " ".join(names(rest))
    if words and not _COUNT.search(fold(rest)):
        return None
    if not words and _OF_A_SUBJECT.search(fold(rest)):
        return None
    filters = _narrowed(question.filters, told)
    counted, said = _COUNTED[language], _WORDS[language]
    listing = archive.browse(filters, words, 0, _LATEST)
    if not listing.total:
        return None if words else counted[0]
    before = said["with"].format(words=words) if words else ""
    parts = [before + counted[min(listing.total, 2)].format(n=listing.total)]
    if not filters and not words:
        first, last = archive.dates()
        if first and last:
            days = {"first": date_in_words(first, language), "last": date_in_words(last, language)}
            parts.append(said["from"].format(**days))
        facets = archive.facets()
        spoken = facets.get("language", {})
        parts += [said[code].format(n=spoken[code]) for code in ("fr", "en") if code in spoken]
    lines = [f"{', '.join(parts)}."]
    if not filters and sources and not words:
        shown = ", ".join(list(sources)[:_OUTLETS]) + (" …" if len(sources) > _OUTLETS else "")
        lines.append(said["outlets"].format(names=shown))
    lines.append(said["latest"])
    for article in listing.articles:
        day = date_in_words(article.date, language) if article.date else said["undated"]
        lines.append(f"- {article.title or article.id} ({day})")
    return "\n".join(lines)


def _without(told: Constraints, text: str) -> str:
    """A question without its outlets and times."""
    spans = [outlet.span for outlet in told.outlets] + [time.span for time in told.times]
    for span in spans:
        text = text[: span.start] + "|" * len(span) + text[span.end :]
    return text


def _narrowed(filters: Filters, told: Constraints) -> Filters:
    """The question's own filters, with the times and outlets that it names where it has none."""
    if told.times and not (filters.since or filters.until):
        starts, ends = [t.since for t in told.times], [t.until for t in told.times]
        filters = replace(
            filters,
            since=min((day for day in starts if day), default=None) if all(starts) else None,
            until=max((day for day in ends if day), default=None) if all(ends) else None,
        )
    if told.sources and not filters.sources:
        filters = replace(filters, sources=told.sources)
    return filters
