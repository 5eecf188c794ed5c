"""Grounding: how sure the quotes are to hold the answer, and whether a text keeps to them.

Two judgements, neither by a language model. `confidence` looks at what retrieval found, before
anything is written; below the threshold the assistant abstains. `check` looks at each sentence
that a model wrote: its citation numbers must exist, and its numbers and names must stand in the
quotes or in the question, if need be in the other language's spelling ("Tobrouk", "Tobruk").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from qa.analysis import fold, words
from qa.answer import Citation, Hit, Language
from qa.article import Article
from qa.calibration import unrelated_cosine
from qa.evidence import Evidence


def features(
    question: str, language: str, hits: Sequence[Hit], evidence: Sequence[Evidence]
) -> dict[str, float]:
    """What `calibration.confidence` judges by.

    sentence_dense: cosine of the question and the best sentence of the evidence, less what
        unrelated texts of these languages have;
    chunk_dense: the same for the best of the three best hits;
    sentence_coverage: largest share of the question's terms, by idf, in one sentence of the
        evidence and its header; terms of two languages do not compare, so for evidence in
        another language it is half the share of names;
    names: share of the question's names and numbers that the three best hits mention;
    agreement: how near the top both indexes place the best hit, 1 when both place it first;
    typed: whether the evidence has what the question word asks for, such as a number.
    """
    best = hits[:3]
    seen = " ".join(fold(f"{h.article.title} {h.article.date or ''} {h.chunk.text}") for h in best)
    wanted = names(question)
    named = sum(mentioned(name, seen) for name in wanted) / len(wanted) if wanted else 1.0
    same = [e.sentence.coverage for e in evidence if e.article.language == language]
    return {
        "sentence_dense": max(
            (_above(e.sentence.dense, language, e.article) for e in evidence), default=0.0
        ),
        "chunk_dense": max(
            (_above(h.signals["dense"], language, h.article) for h in best), default=0.0
        ),
        "sentence_coverage": max(same, default=named / 2),
        "names": named,
        "agreement": sum(1.0 / rank for rank in hits[0].ranks.values()) / 2 if hits else 0.0,
        "typed": float(_typed(question, evidence)),
    }


def _above(cosine: float, language: str, article: Article) -> float:
    return cosine - unrelated_cosine(language, article.language)


_HOW_MANY = re.compile(
    r"\b(?:combien|how (?:many|much|old|long|far)|quel (?:age|nombre|montant))\b"
)
_WHEN = re.compile(
    r"\b(?:quand|when|what (?:year|date|day)|which year|quelle (?:annee|date)|quel jour|en quelle annee)\b"
)
_WHO = re.compile(r"\b(?:qui|who|whom|whose|where|ou)\b")
_DIGIT = re.compile(r"\d")


def _typed(question: str, evidence: Sequence[Evidence]) -> bool:
    """Whether the evidence has a number, a date or a new name, when that is what is asked for."""
    asked = fold(question)
    text = " ".join(e.text for e in evidence)
    if _HOW_MANY.search(asked):
        return bool(_DIGIT.search(text)) or bool(set(words(text)) & _NUMBER_WORDS)
    if _WHEN.search(asked):
        return bool(_DIGIT.search(text)) or bool(set(words(text)) & set(_MONTHS))
    if _WHO.search(asked):
        own = {fold(name) for name in names(question)}
        return any(fold(name) not in own for name in names(text))
    return True


def missing(question: str, hits: Sequence[Hit]) -> list[str]:
    """Names and numbers of the question that no hit mentions, as they were typed."""
    seen = " ".join(fold(f"{hit.article.title} {hit.article.text}") for hit in hits)
    dates = " ".join(str(hit.article.date) for hit in hits)
    return [name for name in names(question) if not mentioned(name, f"{seen} {dates}")]


_NAME = re.compile(r"[^\W\d_][\w’'-]*|\d[\d.,\u00a0\u202f]*\d|\d")
_CITATION = re.compile(r"\s*\[(\d+)\]")
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+(?=[^\s\[])")

# Capitalised words that name nothing.
_NOT_NAMES = frozenset(
    """
    qui que quoi quand ou comment pourquoi combien quel quelle quels quelles est-ce dans en a au aux
    le la les l un une des de du d il elle ils elles on ce cette ces et mais si oui non selon apres
    avant depuis entre pour par sur sous vers avec sans lors pendant the an in on at of and but if yes
    no who what when where why how which did does do is are was were has have had can could will would
    according after before since between for by to from with without during it he she they this that
    these those there article articles
    """.split()
)

_FRENCH_MONTHS = (
    "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre"
).split()
_ENGLISH_MONTHS = (
    "january february march april may june july august september october november december"
).split()
_NUMBER_WORDS = frozenset(
    """
    un une deux trois quatre cinq six sept huit neuf dix onze douze quinze vingt trente quarante
    cinquante soixante cent mille million millions milliard milliards dizaine dizaines centaine
    centaines millier milliers one two three four five six seven eight nine ten eleven twelve
    fifteen twenty thirty forty fifty sixty hundred thousand dozen dozens hundreds thousands
    billion billions
    """.split()
)
_MONTHS = dict(zip(_FRENCH_MONTHS, _ENGLISH_MONTHS, strict=True))
_MONTHS |= {english: french for french, english in _MONTHS.items()}


def names(text: str) -> list[str]:
    """Capitalised words and numbers of a text, as written, each once.

    A capital that only opens the sentence counts unless the word is a common one.
    """
    found: dict[str, str] = {}
    for match in _NAME.finditer(text):
        word = re.sub(r"^(?:[cdjlmnst]|qu)['’]", "", match.group(), flags=re.IGNORECASE)
        word = re.sub(r"['’]s$", "", word)
        if word and (word[0].isdigit() or word[0].isupper()) and fold(word) not in _NOT_NAMES:
            found.setdefault(fold(word), word)
    return list(found.values())


def mentioned(name: str, folded_text: str) -> bool:
    """Whether a folded text mentions a name, as it is or in the other language's spelling.

    Numbers must be equal. Names may differ by a letter or two in seven ("Tobruk", "Tobrouk";
    "Haftar", "Hafter"), months by language.
    """
    own = fold(name)
    present = set(words(folded_text))
    parts = words(own) or [own]
    return all(_present(part, present) for part in parts)


def _present(word: str, present: set[str]) -> bool:
    if word in present or _MONTHS.get(word) in present:
        return True
    if word[0].isdigit() or len(word) < 4:
        return False
    close = (
        other
        for other in present
        if abs(len(other) - len(word)) <= 3 and other[:2] == word[:2] and not other[0].isdigit()
    )
    return any(SequenceMatcher(None, word, other).ratio() >= 0.75 for other in close)


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


def check(text: str, citations: Sequence[Citation], question: str) -> Checked:
    """Keep the sentences whose names and numbers stand in the quotes or the question.

    A sentence is read against the quotes that it cites; without a citation that exists, against
    each quote, and it is given the number of the quote that carries most of it. Numbers that do
    not exist are removed.
    """
    quotes = {c.n: fold(f"{c.article.title} {c.article.date or ''} {c.quote}") for c in citations}
    kept, cited, dropped = [], dict[int, None](), []
    for sentence in _SENTENCE_END.split(" ".join(text.split())):
        said = _CITATION.sub("", sentence).strip()
        if not any(character.isalnum() for character in said):
            continue
        numbers = [n for n in map(int, _CITATION.findall(sentence)) if n in quotes]
        support = _support(said, numbers, quotes, question)
        if not support:
            dropped.append(said)
            continue
        cited.update(dict.fromkeys(support))
        end = said[-1] if said[-1] in ".!?…" else ""
        marks = "".join(f" [{n}]" for n in support)
        kept.append(f"{said.removesuffix(end)}{marks}{end}")
    return Checked(" ".join(kept), tuple(cited), tuple(dropped))


def _support(said: str, numbers: Sequence[int], quotes: dict[int, str], question: str) -> list[int]:
    """The quotes that carry what is said, or none."""
    wanted = names(said)
    asked = fold(question)
    if numbers:
        together = " ".join(quotes[n] for n in numbers)
        if all(mentioned(name, together) or mentioned(name, asked) for name in wanted):
            return list(dict.fromkeys(numbers))
    # Nothing cited, or not what the cited quotes say: the quote that says most of it, if one does.
    content = set(words(said))
    ranked = sorted(quotes, key=lambda n: (-len(content & set(words(quotes[n]))), n))
    for n in ranked:
        if all(mentioned(name, quotes[n]) or mentioned(name, asked) for name in wanted):
            return [n] if wanted or content & set(words(quotes[n])) else []
    return []


_ABSTAIN: dict[Language, str] = {
    "fr": "Les articles ne le disent pas.",
    "en": "The articles do not say.",
}
_NO_MENTION: dict[Language, str] = {
    "fr": "Parmi les articles les plus proches, aucun ne mentionne {}.",
    "en": "None of the nearest articles mentions {}.",
}
_OR: dict[Language, str] = {"fr": " ni ", "en": " or "}


def abstention(question: str, hits: Sequence[Hit], language: Language) -> tuple[str, str | None]:
    """What to say when the articles do not: (the text, what is missing or None)."""
    absent = missing(question, hits)
    if not absent:
        return _ABSTAIN[language], None
    detail = _NO_MENTION[language].format(_OR[language].join(absent))
    return f"{_ABSTAIN[language]} {detail}", detail
