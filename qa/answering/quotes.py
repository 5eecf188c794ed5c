"""Quotes: hits → the few sentences that an answer may rest on, as numbered quotes.

Sentences are taken by score until the budget of characters is full; neighbours in one article
become one quote, one that begins with "They" brings the sentence before it, beyond the budget, a
sentence that another article already says in nearly the same words is passed over, and the quotes
are then put in reading order. A sentence that addresses a machine or stands close behind one that
does (see `documents.injection`) is passed over too, unless no other comes near it: then it is
what was asked about. Knows nothing about models.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qa.documents.article import Article
from qa.documents.injection import is_spoilt
from qa.language.names import mentioned, named, names
from qa.language.sentences import Span, sentences
from qa.language.terms import denies, opens_with_pronoun, words
from qa.types import Citation, Hit, ScoredSentence

# A sentence this far below the best one no longer helps.
_SCORE_GAP = 0.15
# A span is shown when the passage answers at least this likely, by the reader.
POINTED = 0.4
# A quote that begins with "They" is shown with the sentence before, if it has at most so many
# characters.
_LONGEST_ANTECEDENT = 300
_SENTENCE_ENDS = (".", "!", "?", "…", "»", "”", '"')
# An answer that has this share of a sentence's words says what it says.
_LEFT_OUT = 0.7
# Two sentences sharing this part of their words say the same thing.
_SAME = 0.8


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence of an article, with its score for the question, and the article's copies.

    `answer` is what the reader points to in the article, if it lies in the sentence.
    """

    article: Article
    sentence: ScoredSentence
    copies: tuple[Article, ...] = ()
    answer: Span | None = None

    @property
    def text(self) -> str:
        """The sentence."""
        return self.sentence.span.of(self.article.text)

    @property
    def spoilt(self) -> bool:
        """Whether it addresses a machine, or stands close behind what does."""
        span = self.sentence.span
        return is_spoilt(self.article.text, span.start, span.end)


def choose(hits: Sequence[Hit], *, budget: int, most: int) -> list[Evidence]:
    """The sentences that say most about the question, best first.

    Args:
        hits: best first.
        budget: most characters in all; the best sentence is taken whatever its length.
        most: most quotes; a sentence next to one already taken does not count.
    """
    ranked = sorted(
        (
            Evidence(hit.article, sentence, hit.copies, _pointed(hit, sentence))
            for hit in hits
            for sentence in hit.sentences
        ),
        key=lambda e: (-e.sentence.score, e.article.id, e.sentence.span.start),
    )
    taken: list[Evidence] = []
    left = budget
    if not ranked:
        return []
    sober = next((evidence for evidence in ranked if not evidence.spoilt), None)
    wary = sober is not None and sober.sentence.score >= ranked[0].sentence.score - _SCORE_GAP
    for evidence in ranked:
        length = len(evidence.sentence.span)
        if taken:
            if evidence.sentence.score < taken[0].sentence.score - _SCORE_GAP:
                break
            if length > left or _already_quoted(evidence, taken):
                continue
            if len(_quotes([*taken, evidence])) > most:
                continue
        if wary and evidence.spoilt:
            continue
        taken.append(evidence)
        left -= length
    return taken


def naming(hits: Sequence[Hit], question: str) -> list[Hit]:
    """The hits whose articles mention a name that the question does; all, where none does."""
    texts = [f"{hit.article.title}. {hit.article.text}" for hit in hits]
    wanted = [name for name in named(question, "\n".join(texts)) if not name[0].isdigit()]
    kept = [
        hit
        for hit, text in zip(hits, texts, strict=True)
        if any(mentioned(name, text) for name in wanted)
    ]
    return kept or list(hits)


def cite(evidence: Iterable[Evidence], *, by_date: bool = False) -> tuple[Citation, ...]:
    """Numbered quotes: neighbouring sentences joined, articles by their best sentence.

    Args:
        evidence: best first.
        by_date: articles from the oldest to the newest instead, undated ones last.
    """
    evidence = list(evidence)
    copies: dict[str, dict[str, Article]] = {}
    for item in evidence:
        copies.setdefault(item.article.id, {}).update({copy.id: copy for copy in item.copies})
    answers = [(item.article.id, item.answer) for item in evidence if item.answer]
    quotes = _quotes(evidence)
    if by_date:
        quotes.sort(key=lambda quote: (quote[0].date is None, str(quote[0].date)))
    return tuple(
        Citation(
            n,
            article,
            span,
            also=with_quote(span.of(article.text), copies[article.id].values()),
            answer=next((a for id, a in answers if id == article.id and span.holds(a)), None),
        )
        for n, (article, span) in enumerate(quotes, 1)
    )


def left_out(evidence: Sequence[Evidence], text: str) -> list[Evidence]:
    """The sentences of which an answer leaves out much, names and numbers counting twice.

    Args:
        evidence: best first.
        text: the answer.
    """
    said = set(words(text))

    def share(sentence: str) -> float:
        own = set(words(sentence))
        marked = {word for name in names(sentence) for word in words(name)}
        return (len(own & said) + len(marked & said)) / max(1, len(own) + len(marked))

    return [item for item in evidence if share(item.text) < _LEFT_OUT]


def _pointed(hit: Hit, sentence: ScoredSentence) -> Span | None:
    """The reader's span, where it lies in the sentence and is worth pointing to."""
    reading = hit.reading
    if reading is None or reading.answerable < POINTED or not sentence.span.holds(reading.span):
        return None
    return reading.span


def with_quote(quote: str, copies: Iterable[Article]) -> tuple[Article, ...]:
    """Those that have the quote, whatever its white space."""
    wanted = " ".join(quote.split())
    return tuple(copy for copy in copies if wanted in " ".join(copy.text.split()))


def _quotes(evidence: Iterable[Evidence]) -> list[tuple[Article, Span]]:
    by_article: dict[str, list[Evidence]] = {}
    for item in evidence:
        by_article.setdefault(item.article.id, []).append(item)
    quotes = []
    for items in by_article.values():
        article = items[0].article
        spans: list[Span] = []
        for span in sorted(_with_antecedent(article, item.sentence.span) for item in items):
            if spans and not article.text[spans[-1].end : span.start].strip():
                spans[-1] = Span(spans[-1].start, max(spans[-1].end, span.end))
            else:
                spans.append(span)
        quotes += [(article, span) for span in spans]
    return quotes


def _with_antecedent(article: Article, span: Span) -> Span:
    """With the sentence before, where the quote begins with "They" or the like.

    Not with one that is long, ends without a full stop, as headings do, or addresses a machine.
    """
    if not opens_with_pronoun(span.of(article.text)):
        return span
    before = article.text[: span.start].rstrip()
    start = max(0, len(before) - _LONGEST_ANTECEDENT)
    # What the window cuts is no whole sentence.
    found = sentences(before[start:], article.language)[start > 0 :]
    if not found or not before.endswith(_SENTENCE_ENDS):
        return span
    previous = start + found[-1].start
    if is_spoilt(article.text, previous, start + found[-1].end):
        return span
    return Span(previous, span.end)


def _already_quoted(evidence: Evidence, taken: Iterable[Evidence]) -> bool:
    """Whether one of those taken says the same, with the same figures, denied or not."""
    mine = set(words(evidence.text))
    return any(
        len(mine & theirs) >= _SAME * min(len(mine), len(theirs))
        and _figures(mine) == _figures(theirs)
        and denies(evidence.text) == denies(other.text)
        for other in taken
        if mine and (theirs := set(words(other.text)))
    )


def _figures(some: Iterable[str]) -> set[str]:
    return {word for word in some if word[0].isdigit()}
