"""Grounding: each sentence that a model wrote gets the sentences of the passages that carry it.

The sources are found here, after the model has written, and not by the model: it gives no numbers.
A sentence's sources are the few sentences of the passages that share most with it, in words and in
meaning. It is carried, and shown with them as its citations, when

- its names and numbers stand in the passages that its sources are from, the numbers in the sources
  themselves, titles and dates of their articles included; names as the other language calls them
  where a source is in the other language;
- most of what it says beside the words of the question stands in its sources; or, over sources in
  the other language, where words do not compare, one of them means nearly the same (cosine of the
  embedder).

Any other sentence is dropped. It cannot see that the right words say something else.

Source of the task: Rashkin et al., Measuring Attribution in Natural Language Generation Models,
Computational Linguistics 2023, arXiv:2112.12870; of attributing after writing: Gao et al., RARR,
ACL 2023, arXiv:2210.08726.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from qa.answering.escape import unnumbered
from qa.answering.passages import Passage
from qa.answering.quotes import with_quote
from qa.documents.article import Article, clean_text, date_in_words
from qa.documents.injection import is_suspicious
from qa.language.detect import question_language
from qa.language.names import is_time, mentioned, names
from qa.language.numbers import claimed, counted, digits
from qa.language.sentences import Span, sentences
from qa.language.terms import terms, words
from qa.types import Citation, Language

if TYPE_CHECKING:
    import numpy as np

# Share of a sentence's content words, without those of the question, that its sources must have.
# Of 110 sentences of a small model all that said something else had less, read by hand.
_CARRIED = 0.7
# Cosine of unrelated sentences, and the least of sentences of two languages that say the same:
# where the sentence has a name or a number that the sources have, and where it has none.
_UNRELATED, _SAME_MEANING, _SAME_MEANING_UNNAMED = 0.75, 0.86, 0.92
# Most sources of a sentence, and what a further one must add to the share of words.
_MOST_SOURCES, _ADDS = 3, 0.15
# A sentence with this share of an earlier one's words repeats it.
_SAME = 0.85
_ENDS = (".", "!", "…", "»", "”", '"', ")")
# Words from which on a sentence's language is told.
_TELLING = 8
_VERDICTS = "oui non yes no"
_BULLET = re.compile(r"^\s*(?:[-*•–]|\d{1,2}[.)])\s+")
_MARK = re.compile(r"\s*\[\d+(?:\s*,\s*\d+)*\]")
_ACTIVE = re.compile(r"\]\(|<[a-zA-Z/!?]|https?://|www\.", re.IGNORECASE)

Embed = Callable[[Sequence[str]], "np.ndarray"]


@dataclass(frozen=True)
class Source:
    """A sentence of a passage."""

    passage: Passage
    span: Span

    @property
    def article(self) -> Article:
        return self.passage.article

    @property
    def text(self) -> str:
        return self.span.of(self.article.text)

    @cached_property
    def terms(self) -> frozenset[str]:
        return frozenset(terms(self.text, self.article.language))

    @cached_property
    def numbers(self) -> frozenset[str]:
        return counted(self.text, self.article.language)


@dataclass(frozen=True, slots=True)
class Carried:
    """A sentence of the draft with its sources, best first; `bullet` when it is a list's item."""

    text: str
    sources: tuple[Source, ...]
    bullet: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """What is left of a draft, and the sentences that nothing carries."""

    kept: tuple[Carried, ...]
    dropped: tuple[str, ...]


def sources(passages: Sequence[Passage]) -> list[Source]:
    """Every sentence of the passages, in their order."""
    return [Source(passage, span) for passage in passages for span in passage.sentences]


def check(
    draft: str,
    passages: Sequence[Passage],
    language: Language,
    embed: Embed,
    question: str = "",
) -> Checked:
    """The sentences of a draft that the passages carry, each with its sources.

    Args:
        draft: what a model wrote in `language`.
        passages: what it was given to read.
        language: of the draft.
        embed: texts → (n, d) unit vectors.
        question: as asked; its words prove nothing, and a sentence that has no others is dropped.
    """
    written = list(_sentences(draft, language))
    given = sources(passages)
    if not written or not given:
        return Checked((), tuple(text for text, _ in written))
    vectors = embed([text for text, _ in written] + [source.text for source in given])
    cosines = vectors[: len(written)] @ vectors[len(written) :].T
    kept, dropped = list[Carried](), list[str]()
    for (text, bullet), row in zip(written, cosines, strict=True):
        if any(_repeats(text, before.text) for before in kept):
            continue
        asserts = not text.endswith(("?", ":")) and not _ACTIVE.search(text)
        if len(text.split()) >= _TELLING and question_language(text, language) != language:
            asserts = False  # copied from the other language, where its quote can be read as it is
        found = _sources_of(_Claim(text, language, question), given, row) if asserts else ()
        if found:
            kept.append(Carried(text, found, bullet))
        else:
            dropped.append(text)
    return Checked(tuple(kept), tuple(dropped))


def _repeats(text: str, before: str) -> bool:
    """Whether a sentence says next to nothing that an earlier one has not said."""
    own = set(words(text))
    return len(own & set(words(before))) >= _SAME * len(own)


def _sentences(draft: str, language: Language) -> list[tuple[str, bool]]:
    """The draft's sentences without citation marks and emphasis, and which are items of a list.

    What does not end as a sentence is left out: what the model had no room to finish, and titles.
    """
    found = []
    for line in clean_text(draft).splitlines():
        bullet = _BULLET.match(line) is not None
        text = _MARK.sub("", _BULLET.sub("", line).replace("**", "")).strip()
        text = unnumbered(text)
        pieces = [text] if bullet else [s.of(text) for s in sentences(text, language)]
        found += [
            (piece, bullet)
            for piece in pieces
            if any(c.isalnum() for c in piece) and (bullet or piece.endswith(_ENDS))
        ]
    return found


class _Claim:
    """A sentence that a model wrote: its content words, names and numbers."""

    def __init__(self, text: str, language: Language, question: str) -> None:
        self.language = language
        # Numbers are compared by value, and a verdict says nothing new.
        said = terms(digits(text.lower(), language), language)
        self.words = frozenset(term for term in said if not term[0].isdigit())
        self.new = self.words - frozenset(terms(f"{question} {_VERDICTS}", language))
        self.names = [name for name in names(text, times=True) if not name[0].isdigit()]
        self.numbers = claimed(text, language)

    def share(self, found: Sequence[Source], cosine: float) -> float:
        """How much of it these sources say, in [0, 1]; of the other language by their nearness."""
        numbers = frozenset[str]().union(*(source.numbers for source in found))
        said = sum(any(self._has(source, name) for source in found) for name in self.names)
        said += len(self.numbers & numbers)
        if found[0].article.language == self.language:
            near = float(len(self.words & _terms_of(found)))
        else:
            near = len(self.words) * max(0.0, (cosine - _UNRELATED) / (1 - _UNRELATED))
        whole = len(self.names) + len(self.numbers) + len(self.words)
        return (said + near) / max(1, whole)

    def stands(self, found: Sequence[Source], cosine: float) -> bool:
        """Whether sources carry it: see the module."""
        heads = " ".join(_head(source.article) for source in found)
        numbers = frozenset[str]().union(*(source.numbers for source in found))
        for date in (source.article.date for source in found):
            day = str(date.day) if date and date.day and self._names_a_day else ""
            numbers |= {day, str(date.year) if date else ""}
        titles = " ".join(_title(source.article) for source in found)
        if not self.numbers <= numbers | counted(titles, found[0].article.language):
            return False
        around = " ".join([heads, *(source.passage.text for source in found)])
        same = found[0].article.language == self.language
        if not all(mentioned(name, around, exactly=same) for name in self.names):
            return False
        if not self.new and not self.numbers:
            return False  # the question again
        if not same:
            named = self.names or self.numbers
            return cosine >= (_SAME_MEANING if named else _SAME_MEANING_UNNAMED)
        have = _terms_of(found) | frozenset(terms(heads, self.language))
        figures = len(self.numbers)  # each of them stands there
        return (
            len(self.new & have) + figures >= _CARRIED * (len(self.new) + figures)
            and len(self.words & have) >= len(self.words) / 2
        )

    @property
    def _names_a_day(self) -> bool:
        return any(is_time(name) for name in self.names)

    def _has(self, source: Source, name: str) -> bool:
        return mentioned(name, source.text, exactly=source.article.language == self.language)


def _sources_of(claim: _Claim, given: Sequence[Source], cosines: np.ndarray) -> tuple[Source, ...]:
    """The sources that carry a claim, best first, of one language; none when they do not."""

    def share(places: Sequence[int]) -> float:
        return claim.share([given[p] for p in places], float(cosines[list(places)].max()))

    best = max(range(len(given)), key=lambda p: (share([p]), float(cosines[p])))
    chosen, spoken = [best], given[best].article.language
    while len(chosen) < _MOST_SOURCES:
        others = [p for p, source in enumerate(given) if source.article.language == spoken]
        further = max(others, key=lambda p: (share([*chosen, p]), float(cosines[p])))
        if share([*chosen, further]) - share(chosen) < _ADDS:
            break
        chosen.append(further)
    found = tuple(given[p] for p in chosen)
    return found if claim.stands(found, float(cosines[chosen].max())) else ()


def _terms_of(found: Sequence[Source]) -> frozenset[str]:
    return frozenset[str]().union(*(source.terms for source in found))


def _title(article: Article) -> str:
    """The title; nothing where it addresses a machine."""
    return "" if is_suspicious(article.title) else article.title


def _head(article: Article) -> str:
    """Title and date, the day in words of both languages."""
    if article.date is None:
        return _title(article)
    return " ".join(
        [_title(article), *(date_in_words(article.date, language) for language in ("fr", "en"))]
    )


def compose(checked: Checked) -> tuple[str, tuple[Citation, ...]]:
    """The text with its citation numbers, and the citations, numbered as the text names them.

    Items of a list keep a line each. Sources next to each other in one article are one citation.
    """
    numbers: dict[tuple[str, Span], int] = {}
    citations: list[Citation] = []
    lines: list[str] = [""]
    for part in checked.kept:
        marks = []
        for article, span in _joined(part.sources):
            key = (article.id, span)
            if key not in numbers:
                numbers[key] = 1 + len(citations)
                copies = next(s.passage.copies for s in part.sources if s.article.id == article.id)
                also = with_quote(span.of(article.text), copies)
                citations.append(Citation(numbers[key], article, span, also=also))
            marks.append(f"[{numbers[key]}]")
        end = part.text[-1] if part.text[-1] in ".!…" else ""
        said = f"{part.text.removesuffix(end).rstrip()} {''.join(marks)}{end}"
        if part.bullet:
            lines += [f"- {said}", ""]
        else:
            lines[-1] = f"{lines[-1]} {said}".strip()
    return "\n".join(line for line in lines if line), tuple(citations)


def _joined(found: Sequence[Source]) -> list[tuple[Article, Span]]:
    """The sources' places, neighbours in one article together, in the order of the sources."""
    places: list[tuple[Article, Span]] = []
    for source in found:
        article, span = source.article, source.span
        for n, (other, place) in enumerate(places):
            between = article.text[min(place.end, span.end) : max(place.start, span.start)]
            if other.id == article.id and not between.strip():
                merged = Span(min(place.start, span.start), max(place.end, span.end))
                places[n] = (article, merged)
                break
        else:
            places.append((article, span))
    return places
