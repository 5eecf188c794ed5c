"""Grounding: whether a text keeps to its quotes, and what to say when the articles do not say.

`check` looks at each sentence that a model wrote: its citation numbers must exist; its names,
months and numbers, by their value, must stand in the quotes or in the question, if need be in the
other language's spelling ("Tobrouk", "Tobruk"), and so must half of its words when quotes and
answer share a language, and half of those that the question does not have in the quotes; a "yes"
does not stand where a quote denies what was asked, nor a "no" where none does. A sentence with a
link or markup does not stand at all: a quote may show an address, the model may not; nor does one
in the other language, copied from a quote that can be read as it is. Nothing is left where one
sentence is not of the type that was asked for (see `answertype`), nor beside a wrong "yes". It
cannot see that a sentence of the right words says something else; what it cannot see is why quotes
are shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from qa.amounts import claimed, counted
from qa.analysis import fold, negates, only_stop_words, rejects, terms, words
from qa.answer import Citation, Hit, Language
from qa.answertype import asks_whether, may_answer
from qa.article import PartialDate, clean_text
from qa.chunks import date_in_words, sentences
from qa.names import MONTHS, mentioned, names
from qa.suspicious import is_suspicious
from qa.temporal.words import ENGLISH


def absent(question: str, hits: Sequence[Hit]) -> list[str]:
    """Names and numbers of the question that no article found mentions, as typed.

    The day of the week is never missing: articles need not say it of their dates.
    """
    seen = " ".join(
        fold(f"{hit.article.title} {hit.article.source or ''} {hit.article.text}") for hit in hits
    )
    dates = [hit.article.date for hit in hits if hit.article.date]
    told = " ".join(f"{date} {date_in_words(date, 'en').lower()}" for date in dates)
    return [
        name
        for name in names(question)
        if fold(name) not in ENGLISH.weekdays and not mentioned(name, f"{seen} {told}")
    ]


def missing(question: str, hits: Sequence[Hit]) -> list[str]:
    """What is `absent`, neighbours as one."""
    together: list[str] = []
    for name in absent(question, hits):
        if together and f"{together[-1]} {name}" in " ".join(question.split()):
            together[-1] += f" {name}"
        else:
            together.append(name)
    return together


# Also as a model may have seen it elsewhere: [ 7 ], [^7], [7-9], 【7】.
_CITATION = re.compile(r"\s*[\[［【〔]\s*\^?(\d+(?:\s*[,;–-]\s*\d+)*)\s*[\]］】〕]")
_ACTIVE = re.compile(
    r"\w+://|\bwww\.|\]\s*\(|\]:|<\s*[a-z/!?]|\b(?:javascript|data|mailto):\S", re.I
)
# The part of a sentence's words that must stand in its quotes or in the question.
_CARRIED = 0.5
# The part of the words of question and answer that a quote about the same thing has.
_NEAR = 0.5
# So many everyday words show a sentence's language.
_EVERYDAY = 2
_OTHER: dict[Language, tuple[Language, Language]] = {"fr": ("fr", "en"), "en": ("en", "fr")}
_VERDICT = re.compile(
    r"(?:(?P<yes>oui|yes)|(?P<no>non|no))\b(?!-)(?! (?:one|longer|more|\w+ (?:has|have|is|are)))"
)
# A word in small letters, but no unit.
_SMALL = re.compile(r"(?<![\w/])[a-zà-öø-ÿœ]{3,}(?![\w/])")
_CLAUSE_END = re.compile(r"[,;:()–—]\s*")
# Months that are other words too.
_OTHERWISE = frozenset({"mars", "may", "march", "august"})
# Marks behind a full stop belong to the sentence before it.
_MARK_BEHIND = re.compile(rf"([.!?…])((?:{_CITATION.pattern})+)(?=\s|$)")
_BULLET = re.compile(r"^\s*(?:[-*•–—]|\d{1,2}[.)])\s+")


@dataclass(frozen=True, slots=True)
class Checked:
    """A model's text after the check.

    Attributes:
        text: the sentences that hold, with citation numbers that exist.
        cited: the numbers in the text, in order of first mention.
        dropped: the sentences that do not hold.
    """

    text: str
    cited: tuple[int, ...]
    dropped: tuple[str, ...]


def check(text: str, citations: Sequence[Citation], question: str, language: Language) -> Checked:
    """Keep the sentences that the quotes carry, as the module says.

    A sentence is read against the quotes that it cites; where those do not carry it, or do not
    exist, against each quote alone, and it is given the number of the one that carries most.

    Args:
        text: what the model wrote.
        citations: the quotes that it was given.
        question: stand-alone.
        language: of the text.
    """
    quotes = {citation.n: _Quote.of(citation) for citation in citations}
    kept, cited, dropped = [], dict[int, None](), []
    for sentence in _sentences(text, language):
        said = _CITATION.sub("", sentence).strip()
        if not any(character.isalnum() for character in said):
            continue
        marks = " ".join(_CITATION.findall(sentence))
        numbers = [n for n in map(int, re.findall(r"\d+", marks)) if n in quotes]
        if _ACTIVE.search(said) or _in_the_other(language, said):
            dropped.append(said)
            continue
        support = _support(_Claim(said, question, language), numbers, quotes)
        if not support or _copied(said, language, [quotes[n] for n in support], question):
            dropped.append(said)
            continue
        cited.update(dict.fromkeys(support))
        end = said[-1] if said[-1] in ".!…" else ""
        numbered = "".join(f" [{n}]" for n in support)
        kept.append(f"{said.removesuffix(end).rstrip()}{numbered}{end}")
    if _answers_nothing(kept, dropped, question, language):
        return Checked("", (), (*(_CITATION.sub("", said) for said in kept), *dropped))
    return Checked(" ".join(kept), tuple(cited), tuple(dropped))


def _answers_nothing(
    kept: Sequence[str], dropped: Sequence[str], question: str, language: Language
) -> bool:
    """Whether what is left cannot be what was asked for.

    A sentence alone that is not of its type; or what stood beside a wrong "yes", or beside a wrong
    "no" without a word of the question.
    """
    if len(kept) == 1 and not may_answer(_CITATION.sub("", kept[0]), question, language):
        return True
    verdicts = [match for said in dropped if (match := _VERDICT.match(fold(said)))]
    if not verdicts or not asks_whether(question) or any(_VERDICT.match(fold(s)) for s in kept):
        return False
    asked = {*terms(question, language)}
    about = any(asked & {*terms(sentence, language)} for sentence in kept)
    return not about or any(match["yes"] for match in verdicts)


def _sentences(text: str, language: Language) -> list[str]:
    """Of what a model wrote; a line ends one, and so does an item of a list."""
    found = []
    for line in clean_text(text).splitlines():
        line = _MARK_BEHIND.sub(r"\2\1", " ".join(_BULLET.sub("", line).split()))
        found += [span.of(line) for span in sentences(line, language)]
    return found


def _in_the_other(language: Language, said: str) -> bool:
    """By its everyday words; a name alone ("The Bank of England") has its own language."""
    if all(word[0].isupper() or only_stop_words(word) for word in said.split()):
        return False
    own, other = (len(words(said)) - len(terms(said, which)) for which in _OTHER[language])
    return other >= _EVERYDAY and other > own


def _copied(said: str, language: Language, quotes: Sequence[_Quote], question: str) -> bool:
    """Whether a few words were taken from quotes in the other language as they stand there.

    Names and numbers aside, without an everyday word of its own language: "100 milliards" is no
    English answer. What the two languages write alike ("10 points") is left to its quote too.
    """
    everyday = len(words(said)) > len(terms(said, language))
    if everyday or any(quote.language == language for quote in quotes):
        return False
    asked = words(question)
    small = [word for word in _SMALL.findall(said) if fold(word) not in asked]
    there = frozenset().union(*(quote.words for quote in quotes))
    return bool(small) and all(fold(word) in there for word in small)


def _support(claim: _Claim, numbers: Sequence[int], quotes: dict[int, _Quote]) -> list[int]:
    """The quotes that carry a claim, or none."""
    given = list(quotes.values())
    if numbers and claim.carried_by([quotes[n] for n in numbers], given):
        return list(dict.fromkeys(numbers))
    ranked = sorted(quotes, key=lambda n: (-len(claim.words & quotes[n].words), n))
    return next(([n] for n in ranked if claim.belongs_to(quotes[n], given)), [])


@dataclass(frozen=True, slots=True)
class _Quote:
    text: str  # folded, with title, date and its numbers by value
    words: frozenset[str]
    numbers: frozenset[str]
    language: str
    sentences: tuple[str, ...]

    @classmethod
    def of(cls, citation: Citation) -> Self:
        article, quote = citation.article, fold(citation.quote)
        # Of the article's date the month and the year: a day would vouch for any small number.
        month = PartialDate(article.date.year, article.date.month) if article.date else None
        when = date_in_words(month, article.language) if month else ""
        title = "" if is_suspicious(article.title) else article.title
        text = fold(f"{title} {when} {quote}")
        numbers = counted(text, article.language)
        text = f"{text} {' '.join(sorted(numbers))}"
        parts = sentences(citation.quote, article.language)
        told = tuple(span.of(citation.quote) for span in parts)
        return cls(text, frozenset(words(text)), numbers, article.language, told)

    def denies(self, question: str, asked: set[str]) -> bool:
        """Whether it says no to a question.

        A "not" counts in the clause that has most of what is asked, a verb that denies in the whole
        sentence, unless the question asks whether somebody denied.

        Args:
            question: folded.
            asked: its terms.
        """

        def about(part: str) -> int:
            return len(asked & {*terms(part, self.language)})

        def nearest(parts: Sequence[str]) -> list[str]:
            most = max(map(about, parts), default=0)
            return [part for part in parts if about(part) == most]

        near = nearest(self.sentences)
        clauses = nearest([clause for part in near for clause in _CLAUSE_END.split(part)])
        return any(map(negates, clauses)) or (not rejects(question) and any(map(rejects, near)))


class _Claim:
    """A sentence that a model wrote."""

    def __init__(self, said: str, question: str, language: Language) -> None:
        self.said = said
        self.words = frozenset(words(said))
        self._asked = fold(question)
        self._language = language

    def carried_by(self, quotes: Sequence[_Quote], given: Sequence[_Quote]) -> bool:
        """Whether these quotes together carry it, of all that were given."""
        if self.said.endswith("?"):  # the question again, not an answer
            return False
        # Numbers are compared by their value.
        named = [name for name in names(self.said) if not name[0].isdigit()]
        if not all(self._named(name, quotes) for name in (*named, *_months(self.said))):
            return False
        known = counted(self._asked, self._language).union(*(quote.numbers for quote in quotes))
        if not claimed(self.said, self._language) <= known:
            return False
        verdict = _VERDICT.match(fold(self.said))
        if verdict:
            # Whether a quote in the other language is about it is not told: "yes" alone fears each.
            bare = verdict["yes"] is not None and not words(self.said[verdict.end() :])
            near = [
                quote
                for quote in given
                if quote in quotes
                or self._is_about(quote)
                or (bare and quote.language != self._language)
            ]
            asked = self._own(self._asked)
            denied = any(quote.denies(self._asked, asked) for quote in near)
            if (verdict["no"] is not None) != denied:
                return False
            says_more = self._own(self.said[verdict.end() :]) - self._own(self._asked)
            if not says_more and not any(self._may_bear_on(quote) for quote in quotes):
                return False
        return self._words_stand_in(self.said[verdict.end() :] if verdict else self.said, quotes)

    def _named(self, name: str, quotes: Sequence[_Quote]) -> bool:
        """In the other language's spelling only where a quote is in the other language."""
        return mentioned(name, self._asked) or any(
            mentioned(name, quote.text, exactly=quote.language == self._language)
            for quote in quotes
        )

    def belongs_to(self, quote: _Quote, given: Sequence[_Quote]) -> bool:
        """Whether a quote that the model did not cite carries it."""
        return self.carried_by([quote], given)

    def _is_about(self, quote: _Quote) -> bool:
        """Whether a quote that is not cited speaks of the same all the same."""
        own = self._own(self.said) | self._own(self._asked)
        return len(own & {*terms(quote.text, quote.language)}) >= _NEAR * len(own)

    def _own(self, text: str) -> set[str]:
        return set(terms(text, self._language))

    def _may_bear_on(self, quote: _Quote) -> bool:
        """Whether a quote speaks of what was asked; of the other language that is not told."""
        return quote.language != self._language or self._is_about(quote)

    def _words_stand_in(self, said: str, quotes: Sequence[_Quote]) -> bool:
        """Half of the words in the quotes or the question, and half of the new ones in the quotes.

        Where none is new, half of all must stand in the quotes: the question said again as an
        answer is a claim too. New are those that the question does not have: over a quote about a
        pier, "The pier collapsed" has all its news in a word that the quote lacks.
        """
        together = " ".join(quote.text for quote in quotes)
        if any(quote.language != self._language for quote in quotes):
            # Words of two languages do not compare: only what is named or counted does.
            named = [*names(said), *claimed(said, self._language)]
            return any(mentioned(name, together) for name in named) or not words(said)
        own, quoted, asked = map(self._own, (said, together, self._asked))
        only_asked = [n for n in names(said) if not mentioned(n, together, exactly=True)]
        if only_asked and not own - asked:
            return False  # an answer picked from the question, which no quote names
        new = own - asked or own
        return not own or (
            bool(own & quoted)
            and len(own & (quoted | asked)) >= _CARRIED * len(own)
            and len(new & quoted) >= _CARRIED * len(new)
        )


def _months(said: str) -> list[str]:
    """Months in small letters; "mars" and "may" only beside a number."""
    found = words(said)
    return [
        word
        for n, word in enumerate(found)
        if word in MONTHS
        and (
            word not in _OTHERWISE
            or any(other[0].isdigit() for other in found[max(0, n - 1) : n + 2])
        )
    ]


_ABSTAIN: dict[Language, str] = {
    "fr": "Les articles ne le disent pas.",
    "en": "The articles do not say.",
}
_NOTHING: dict[Language, str] = {
    "fr": "Aucun article ne passe les filtres.",
    "en": "No article passes the filters.",
}
_NO_MENTION: dict[Language, str] = {
    "fr": "Parmi les articles les plus proches, aucun ne mentionne {}.",
    "en": "None of the nearest articles mentions {}.",
}
_OR: dict[Language, str] = {"fr": " ni ", "en": " or "}


def abstention(question: str, hits: Sequence[Hit], language: Language) -> tuple[str, str | None]:
    """What to say when the articles do not: (the text, what is missing or None)."""
    if not hits:
        return _NOTHING[language], _NOTHING[language]
    absent = missing(question, hits)
    if not absent:
        return _ABSTAIN[language], None
    detail = _NO_MENTION[language].format(_OR[language].join(absent))
    return f"{_ABSTAIN[language]} {detail}", detail
