"""Grounding: how sure the quotes are to hold the answer, and whether a text keeps to them.

Two judgements, neither by a language model. `confidence` looks at what retrieval found, before
anything is written; below the threshold the assistant abstains. `check` looks at each sentence
that a model wrote: its citation numbers must exist, and its numbers and names must stand in the
quotes or in the question, if need be in the other language's spelling ("Tobrouk", "Tobruk").
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from qa.analysis import fold, words
from qa.answer import Citation, Hit, Language
from qa.evidence import Evidence

# Logistic regression over the features below, fitted by benchmarks/confidence.py, which prints
# these lines; the sets and the curve are in docs/answering.md.
_INTERCEPT = -31.0
_WEIGHTS = {"sentence_dense": 30.0, "coverage": 4.0, "names": 2.0, "same_language": 0.0}


def features(
    question: str, language: str, hits: Sequence[Hit], evidence: Sequence[Evidence]
) -> dict[str, float]:
    """What confidence is judged by, each in [0, 1].

    sentence_dense: cosine of the question and the best sentence of the evidence;
    coverage: largest share of the question's terms, by idf, in one of the three best hits;
    names: share of the question's names and numbers that the three best hits mention;
    same_language: whether the best hit is in the question's language.
    """
    best = hits[:3]
    seen = " ".join(fold(f"{hit.article.title} {hit.chunk.text}") for hit in best)
    wanted = names(question)
    return {
        "sentence_dense": max((e.sentence.dense for e in evidence), default=0.0),
        "coverage": max((hit.signals["coverage"] for hit in best), default=0.0),
        "names": sum(mentioned(name, seen) for name in wanted) / len(wanted) if wanted else 1.0,
        "same_language": float(bool(best) and best[0].article.language == language),
    }


def confidence(values: dict[str, float]) -> float:
    """Probability, in [0, 1], that the evidence holds the answer; the features are `features`'."""
    logit = _INTERCEPT + sum(weight * values[name] for name, weight in _WEIGHTS.items())
    return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, logit))))


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
