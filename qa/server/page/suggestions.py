"""What could be asked next, or first: questions about what the articles tell of.

No language model: a name, an event, a place or a time that an article tells of, put into a phrase.
What comes of it is tried: a question is proposed only if the index answers it, with a quote that is
new and says what is asked for. Knows nothing about the page.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial

from qa.documents.article import Article, PartialDate
from qa.language.dates import TimeExpression, time_expressions
from qa.language.names import is_time, mentioned, names
from qa.language.sentences import Span, sentences
from qa.language.terms import fold, only_stop_words, words
from qa.server.page.texts import TEXTS
from qa.types import Answer, Citation, Language, Question

Ask = Callable[[Question], Answer]

LONGEST = 70  # characters of a question, which a button shows whole
_MOST, _MOST_ABSTAINED = 3, 2
_MOST_CHECKED = 10  # of some 20 ms each, and some 300 ms more for one that is read
_MOST_S = 3.0  # nobody waits for what nobody asked
_LONGEST_NAME = 3  # words of somebody's
_SENTENCES = 8  # around a quote, or at the beginning of an article

_CAPITAL = r"(?:[a-z]{1,3}[’'-])?[A-ZÀ-ÖØ-Þ][\w’'-]*"
_JOINT = r"(?:(?:de la|de|du|des|of the|of|la|le|el|al|bin|ben|von|van)[ \u00a0])?"
_NAMED = rf"{_CAPITAL}(?:[ \u00a0]{_JOINT}{_CAPITAL})*"
_NAME = re.compile(rf"(?<![\w’'-]){_NAMED}")
_ELISION = re.compile(r"^(?:[DLdl]|[Qq]u)['’]")
_GENITIVE = re.compile(r"['’]s$")

# What stands before a name: its article, or what makes it a place.
_BEFORE: dict[Language, re.Pattern[str]] = {
    "fr": re.compile(r"(?:^|[\s(«])(?:(?P<article>la |le |l['’]|les |du |des |au |aux )"
                     r"|(?P<place>à |en )|(?P<bare>de |d['’]))$", re.I),
    "en": re.compile(r"(?:^|[\s(])(?:(?P<article>the )|(?P<place>in ))$", re.I),
}  # fmt: skip
_WHOLE = {"du ": "le ", "au ": "le ", "des ": "les ", "aux ": "les "}
# An event is what something else was before, during or after.
_EVENT: dict[Language, re.Pattern[str]] = {
    "fr": re.compile(
        r"\b(?i:après|avant|pendant|durant|lors de|lors du) "
        r"(?P<article>la |le |l['’]|(?<=\bdu ))(?P<what>[a-zà-ÿ-]+(?: [a-zà-ÿ-]+)? "
        rf"(?:de la |de l['’]|de |du |des |d['’]|à |sur )(?P<name>{_NAMED}))()"
    ),
    "en": re.compile(
        r"\b(?i:after|before|since|during|until|following) (?P<article>the )"
        rf"(?P<what>(?:[a-z-]+ ){{1,2}}(?:of|in|on|at) (?:the )?(?P<name>{_NAMED})"
        rf"|(?P<name2>{_NAMED}) [a-z-]+(?: [a-z]+)?)(?=\W*(\w*))"
    ),
}

_PHRASES: dict[Language, dict[str, str]] = {
    "fr": {
        "who": "Qui est {} ?",
        "when": "Quand a eu lieu {} ?",
        "cause": "Qu’est-ce qui a mené à {} ?",
        "happened": "Que s’est-il passé {} ?",
        "day": "Que s’est-il passé {} ?",
        "news": "Pourquoi parle-t-on de {} ?",
    },
    "en": {
        "who": "Who is {}?",
        "when": "When was {}?",
        "cause": "What led to {}?",
        "happened": "What happened {}?",
        "day": "What happened {}?",
        "news": "Why is {} in the news?",
    },
}
# Two words that are one in French.
_ONE_WORD = {
    r"\bde le ": "du ",
    r"\bde les ": "des ",
    r"\bde (?=[aeiouàâéèêîôAEIOUÀÂÉÈÊÎÔ])": "d’",
    r"\bà le ": "au ",
    r"\bà les ": "aux ",
}


@dataclass(frozen=True, slots=True)
class Idea:
    """A question that could be asked.

    Attributes:
        text: the question.
        form: of the question: who, when, what happened …; two of one form are less wanted.
        about: the words that say what it is about; another about some of them is not wanted.
        article: that gave the idea.
        quotes: those of an answer that say what is asked for.
    """

    text: str
    form: str
    about: frozenset[str]
    article: Article
    quotes: Callable[[Answer], Sequence[Citation]]

    def is_like(self, other: Idea) -> bool:
        """Whether both are about the same: "Haftar", "Khalifa Haftar"."""
        return self.about <= other.about or other.about <= self.about

    def was_said(self, text: str) -> bool:
        """Whether a text, folded, names a part of it: "Haftar"; of a day, all: its month may be."""
        named = [mentioned(word, text) for word in self.about if len(word) > 2]
        return all(named) if self.form == "day" else any(named)


def follow_ups(answer: Answer, said: Sequence[str], ask: Ask) -> tuple[str, ...]:
    """Up to three questions to go on with; two after an abstention, of the nearest articles.

    Args:
        answer: the final one.
        said: the questions so far; what is named there is not asked about again.
        ask: answers a question with quotes; `Assistant.try_out`.
    """
    used = fold(" ".join((*said, answer.question.text, answer.question.standalone)))
    places = [(citation.article, citation.span) for citation in answer.citations]
    if answer.abstained:
        places += [(hit.article, hit.chunk.span) for hit in answer.hits]
    found = answered(
        (
            idea
            for article, span in places
            for idea in ideas(article, span, answer.language)
            if not idea.was_said(used)
        ),
        Question("", filters=answer.question.filters, language=answer.language),
        ask,
        most=_MOST_ABSTAINED if answer.abstained else _MOST,
        until=time.monotonic() + _MOST_S,
        known=answer.citations,
    )
    return tuple(idea.text for idea in found)


def ideas(article: Article, near: Span, language: Language) -> list[Idea]:
    """What could be asked about an article, nearest to a span of its text first.

    In the other language than the article's, less: its phrases cannot be taken over.
    """
    spans = list(sentences(article.text, article.language))
    spans.sort(key=lambda span: max(0, near.start - span.end, span.start - near.end))
    found = [
        idea
        for span in spans[:_SENTENCES]
        for idea in _ideas(article, span.of(article.text), language)
        if len(idea.text) <= LONGEST
    ]
    return sorted(found, key=lambda idea: idea.form == "day")  # which is about nothing by name


def answered(
    ideas: Iterable[Idea],
    asked: Question,
    ask: Ask,
    *,
    most: int,
    until: float,
    known: Sequence[Citation] = (),
    before: Sequence[Idea] = (),
    sure: float = 0.0,
) -> list[Idea]:
    """The ideas that are answered with quotes other than those known, in time.

    The forms take turns, so that no two questions are alike while there is another.

    Args:
        ideas: the likeliest first.
        asked: its text is an idea's; the rest holds for all.
        ask: answers a question with quotes.
        most: how many are wanted.
        until: when to stop, as `time.monotonic` has it.
        known: quotes that are not new.
        before: ideas that are not new.
        sure: the least confidence.
    """
    seen = {(c.article.id, start) for c in known for start in _sentences_of(c)}
    left = [idea for idea in ideas if not any(idea.is_like(other) for other in before)]
    forms, tried, found = Counter(idea.form for idea in before), Counter[str](), list[Idea]()
    while left and len(found) < most and tried.total() < _MOST_CHECKED:
        if time.monotonic() > until:
            break
        idea = min(left, key=lambda idea: (forms[idea.form], tried[idea.form]))
        left = [other for other in left if other.text != idea.text]
        tried[idea.form] += 1
        answer = ask(replace(asked, text=idea.text))
        if answer.abstained or answer.confidence < sure:
            continue
        new = {(c.article.id, start) for c in idea.quotes(answer) for start in _sentences_of(c)}
        if new - seen:
            seen |= new
            found.append(idea)
            forms[idea.form] += 1
            left = [other for other in left if not other.is_like(idea)]
    return found


def full_name(name: str, article: Article) -> str:
    """The longest that an article calls somebody: "Khalifa Haftar" for "Haftar"."""
    ends = re.compile(rf"(?<!\w){re.escape(fold(name))}$")
    fuller = (
        other
        for other in _names_of(article.text)
        if ends.search(fold(other)) and not any(part.islower() for part in other.split())
    )
    return max(fuller, key=len, default=name)


@lru_cache(maxsize=64)
def _names_of(text: str) -> tuple[str, ...]:
    return tuple({_trimmed(match.group()): None for match in _NAME.finditer(text)})


def _sentences_of(citation: Citation) -> set[int]:
    """Where the sentences of a quote begin."""
    ends = re.finditer(r"[.!?…][»”\"’)]*\s+", citation.quote)
    return {citation.span.start, *(citation.span.start + end.end() for end in ends)}


def _ideas(article: Article, text: str, language: Language) -> Iterator[Idea]:
    """What could be asked about a sentence of an article."""

    def idea(form: str, said: str, about: str, holds: Callable[[Citation], bool]) -> Idea:
        question = _PHRASES[language][form].format(said)
        for two, one in _ONE_WORD.items() if language == "fr" else ():
            question = re.sub(two, one, question)
        return Idea(
            question,
            form,
            frozenset(words(about)),
            article,
            lambda answer: [quote for quote in answer.citations if holds(quote)],
        )

    day = article.date.last if article.date else None
    times = time_expressions(text, article.language, day) if day else []
    days = [(told.span, said) for told in times if (said := _in_words(told, language))]
    own = article.language == language
    for match in _EVENT[language].finditer(text) if own else ():
        what, name = match["what"], match["name"] or match.groupdict().get("name2") or match["what"]
        if only_stop_words(match.groups()[-1]):
            said = f"{match['article'] or 'le '}{what}"
            yield idea("when", said, what, partial(_tells_time, name))
            yield idea("cause", said, what, partial(_mentions, what))
    for match in _NAME.finditer(text):
        name = _trimmed(match.group())
        if not name or not _is_name(name, article):
            continue
        start = match.start() + match.group().index(name.split()[0])
        before = _BEFORE[language].search(text[:start]) if own else None
        stands = before.groupdict() if before else {}
        full = full_name(name, article)
        several = len(words(full)) > 1
        place = (stands.get("place") or "").lower()
        if place and full == name and not (several and place == "à "):  # "à Ida Brandt"
            span = Span(start - len(place), match.end())
            for when in (*(said for at, said in days if _beside(at, span, text)), ""):
                where = f"{place}{name} {when}".strip()
                yield idea("happened", where, name, partial(_mentions, name))
        if several and len(words(full)) <= _LONGEST_NAME and _is_described(full, article):
            yield idea("who", full, full, partial(_says_who, full))
        if several or not any(stands.values()):
            told = _with_article(stands.get("article"), full)
            yield idea("news", told, full, partial(_mentions, full))
    for _, said in days:
        yield idea("day", said, said, bool)


def _mentions(name: str, citation: Citation) -> bool:
    return mentioned(name, fold(citation.quote))


def _is_described(name: str, article: Article) -> bool:
    """Whether an article says what somebody is: "the biologist Ida Brandt", "Ida Brandt, who"."""
    text, written = article.text, re.escape(name)
    before = re.findall(rf"([a-zà-ÿ-]+) {written}", text)
    return not all(map(only_stop_words, before)) or bool(re.search(rf"{written}, [a-zà-ÿ]", text))


def _says_who(name: str, citation: Citation) -> bool:
    """Whether the reader points to words beside a name: "the biologist Ida Brandt", "a jurist"."""
    if not citation.answer:
        return False
    text, pointed = citation.article.text, citation.answer
    for match in re.finditer(re.escape(name), citation.quote):
        start = citation.span.start + match.start()
        if _beside(pointed, Span(start, start + len(name)), text):
            return pointed.of(text) != name
    return False


def _beside(one: Span, other: Span, text: str) -> bool:
    """Whether there is next to nothing between two pieces of a text."""
    between = text[one.end : other.start] or text[other.end : one.start]
    return len(between) < 10 and only_stop_words(between) and not re.search(r"[.!?;]", between)


def _tells_time(name: str, citation: Citation) -> bool:
    """Whether the reader points to a time, in a quote that mentions a name."""
    article = citation.article
    if not (citation.answer and article.date and _mentions(name, citation)):
        return False
    pointed = citation.answer.of(article.text)
    return bool(time_expressions(pointed, article.language, article.date.last))


def _in_words(told: TimeExpression, language: Language) -> str | None:
    """ "on 12 April 2022", "in April 2022": a day or a month; other intervals have no name."""
    since, until = told.since, told.until
    if not (since and until):
        return None
    for whole in (PartialDate(since.year, since.month), PartialDate.of(since)):
        if whole and (whole.first, whole.last) == (since, until):
            said = TEXTS[language].day(whole)
            if language == "fr":
                return f"le {said}" if whole.day else f"en {said}"
            return f"on {said}" if whole.day else f"in {said}"
    return None


def _with_article(article: str | None, name: str) -> str:
    """ "le Caire" of "au Caire"."""
    written = (article or "").lower()
    return f"{_WHOLE.get(written, written)}{name}"


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
    if not parts or all(is_time(part) or part[0].isdigit() for part in parts):
        return False
    if len(parts) > 1:
        return True
    if len(name) < 3:
        return False
    word, text = re.escape(name), article.text
    ends = re.search(rf"\b{word}(?:['’]s)?[,.;:)»”]", text)
    inside = re.search(rf"[\wÀ-ÿ,;(] {word}\b|[dlDL]['’]{word}\b", text)
    return bool(ends and inside)
