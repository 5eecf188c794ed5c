"""What could be asked next, or first: questions about names and times that the articles tell of.

No language model: a name or a time of a sentence near the quotes, put into one of a few phrases. A
question is proposed only if the index answers it, with a quote that is new and mentions the name.
Knows nothing about the page.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING

from qa.analysis import fold, only_stop_words, words
from qa.answer import Answer, Citation, Language, Question
from qa.article import Article, PartialDate
from qa.chunks import Span, sentences
from qa.filters import Filters
from qa.names import MONTHS, mentioned, names
from qa.temporal import time_expressions
from qa.ui.texts import TEXTS

if TYPE_CHECKING:
    from qa.assistant import Assistant

Ask = Callable[[Question], Answer]

_MOST = 3
_MOST_CHECKED = 10  # of some 20 ms each, and some 300 ms more for one that is read
_MOST_S = 3.0  # nobody waits for what nobody asked
_MOST_OPENINGS = 4
_MOST_OPENING_ARTICLES = 12
_LONGEST_NAME = 50
_SENTENCES = 4  # around a quote, and at the beginning of an article

_CAPITAL = r"[A-ZÀ-ÖØ-Þ][\w’'-]*"
_JOINT = r"(?:(?:de la|de|du|des|of the|of|la|le|el|al|bin|ben|von|van)[ \u00a0])?"
_NAME = re.compile(rf"(?<![\w’'-]){_CAPITAL}(?:[ \u00a0]{_JOINT}{_CAPITAL})*")
_ELISION = re.compile(r"^(?:[DLdl]|[Qq]u)['’]")
_GENITIVE = re.compile(r"['’]s$")
_DAYS = frozenset(
    "lundi mardi mercredi jeudi vendredi samedi dimanche monday tuesday wednesday thursday friday "
    "saturday sunday".split()
)

# Offices are written with a capital, and are no topic without their country.
_OFFICES = frozenset(
    "defense defence etat state interieur interior justice affaires parlement parliament senat "
    "senate assemblee assembly constitution ministere ministry gouvernement government president "
    "etats nations union conseil council".split()
)

_PHRASES: dict[str, dict[str, str]] = {
    "fr": {
        "name": "Que sait-on sur {} ?",
        "place": "Que s’est-il passé en {} ?",
        "day": "Que s’est-il passé le {} ?",
        "month": "Que s’est-il passé en {} ?",
    },
    "en": {
        "name": "What is known about {}?",
        "place": "What happened in {}?",
        "day": "What happened on {}?",
        "month": "What happened in {}?",
    },
}


@dataclass(frozen=True, slots=True)
class Topic:
    """Something that can be asked about.

    Attributes:
        kind: the phrase that asks about it.
        said: the name as written, or the time in words.
        key: folded; the same for the same topic.
    """

    kind: str
    said: str
    key: str

    def question(self, language: Language) -> str:
        """What to ask."""
        return _PHRASES[language][self.kind].format(self.said)


def follow_ups(answer: Answer, said: Sequence[str], ask: Ask) -> tuple[str, ...]:
    """Up to three questions to go on with; none after an abstention.

    Args:
        answer: the final one.
        said: the questions so far; what is named there is not asked about again.
        ask: answers a question with quotes; `Assistant.try_out`.
    """
    if answer.abstained:
        return ()
    used = fold(" ".join((*said, answer.question.text, answer.question.standalone)))
    topics = (
        topic
        for citation in answer.citations
        for sentence in _around(citation)
        for topic in _topics(citation.article, sentence, answer.language)
        if not _is_used(topic, used)
    )
    proposed = Question("", filters=answer.question.filters, language=answer.language)
    until = time.monotonic() + _MOST_S
    return _answerable(topics, proposed, ask, answer.citations, _MOST, until)


def openings(assistant: Assistant, language: Language) -> list[str]:
    """Up to four questions to begin with, about the newest articles, of the language if any is."""
    own = assistant.browse(Filters(language=language), count=_MOST_OPENING_ARTICLES).articles
    articles = own or assistant.browse(count=_MOST_OPENING_ARTICLES).articles
    found: list[str] = []
    until = time.monotonic() + _MOST_S
    for article in articles:
        beginning = islice(sentences(article.text, article.language), _SENTENCES)
        topics = [t for s in beginning for t in _topics(article, s, language) if t.kind == "name"]
        topics.sort(key=lambda topic: topic.key not in fold(article.title))
        topics = [t for t in topics if not any(mentioned(t.said, fold(q)) for q in found)][:2]
        found += _answerable(
            topics, Question("", language=language), assistant.try_out, (), 1, until
        )
        if len(found) == _MOST_OPENINGS:
            break
    return found


def _answerable(
    topics: Iterable[Topic],
    asked: Question,
    ask: Ask,
    known: Sequence[Citation],
    most: int,
    until: float,
) -> tuple[str, ...]:
    """The questions about these topics that bring quotes other than those known, in time."""
    assert asked.language is not None
    seen = {(c.article.id, sentence) for c in known for sentence in _inside(c)}
    found: list[str] = []
    for topic in islice(_each_once(topics), _MOST_CHECKED):
        if time.monotonic() > until:
            break
        text = topic.question(asked.language)
        answer = ask(replace(asked, text=text))
        if answer.abstained:
            continue
        new = {
            (c.article.id, sentence)
            for c in answer.citations
            if topic.kind != "name" or mentioned(topic.said, fold(c.quote))
            for sentence in _inside(c)
        }
        if new - seen:
            seen |= new
            found.append(text)
        if len(found) == most:
            break
    return tuple(found)


def _is_used(topic: Topic, said: str) -> bool:
    """Whether a time, or any part of a name, was named already: "Khalifa Haftar" after "Haftar"."""
    parts = [topic.said] if topic.kind in ("day", "month") else words(topic.said)
    return any(mentioned(part, said) for part in parts if len(part) > 2)


def _inside(citation: Citation) -> set[int]:
    """Where the sentences of a quote begin."""
    ends = re.finditer(r"[.!?…][»”\"’)]*\s+", citation.quote)
    return {citation.span.start, *(citation.span.start + end.end() for end in ends)}


def _each_once(topics: Iterable[Topic]) -> Iterator[Topic]:
    """Without a topic that another one holds: "Haftar" after "Khalifa Haftar"."""
    seen: list[set[str]] = []
    for topic in topics:
        mine = set(words(topic.said))
        if not any(mine <= other or other <= mine for other in seen):
            seen.append(mine)
            yield topic


def _around(citation: Citation) -> list[Span]:
    """Sentences of the article, the quote's own first, then those nearest to it."""
    spans = list(sentences(citation.article.text, citation.article.language))
    middle = (citation.span.start + citation.span.end) / 2
    spans.sort(key=lambda span: abs((span.start + span.end) / 2 - middle))
    return spans[: 2 * _SENTENCES]


def _topics(article: Article, sentence: Span, language: Language) -> Iterator[Topic]:
    """The names of a sentence, in its order, then its times."""
    text = sentence.of(article.text)
    for match in _NAME.finditer(text):
        name = _trimmed(match.group())
        if not name or len(name) > _LONGEST_NAME or not _is_name(name, article):
            continue
        before = text[: match.start()]
        place = article.language == language and before.endswith(
            {"fr": "en ", "en": " in "}[language]
        )
        yield Topic("place" if place else "name", name, fold(name))
    day = article.date.last if article.date else None
    for told in time_expressions(text, article.language, day) if day else ():
        if told.since and told.until:
            yield from _time(told.since, told.until, language)


def _time(since: date, until: date, language: Language) -> Iterator[Topic]:
    """A day or a month, which have a name; other intervals have none."""
    for kind, written in (("month", f"{since:%Y-%m}"), ("day", f"{since:%Y-%m-%d}")):
        whole = PartialDate.parse(written)
        if (whole.first, whole.last) == (since, until):
            said = TEXTS[language].day(whole)
            yield Topic(kind, said, fold(said))


def _trimmed(name: str) -> str:
    """Without elisions and genitives, and without everyday words where it begins."""
    parts = _GENITIVE.sub("", _ELISION.sub("", name)).split()
    while parts and (only_stop_words(parts[0]) or not names(parts[0])):
        parts.pop(0)
    return " ".join(parts)


def _is_name(name: str, article: Article) -> bool:
    """Whether it is no day, no month, and no adjective or first word with a capital by the way.

    A single word must end a phrase somewhere in the article and stand inside a sentence: "Russian"
    does not do the first, nor "Yesterday" the second.
    """
    parts = words(name)
    if not parts or all(
        part in MONTHS or part in _DAYS or part in _OFFICES or part[0].isdigit() for part in parts
    ):
        return False
    if len(parts) > 1:
        return True
    if len(name) < 3:
        return False
    word, text = re.escape(name), article.text
    ends = re.search(rf"\b{word}(?:['’]s)?[,.;:)»”]", text)
    inside = re.search(rf"[\wÀ-ÿ,;(] {word}\b|[dlDL]['’]{word}\b", text)
    return bool(ends and inside)
