"""Questions made from statements by rule, so that the encoder learns to point before it is taught.

A name, number or date in a sentence is the answer; the clause around it, with some of its words
left out and the answer replaced by a question word of its kind, is the question; the passage is
the whole chunk. Crude as they are, such questions teach which span a question leads to.

Source: Lewis, Denoyer & Riedel, Unsupervised Question Answering by Cloze Translation, ACL 2019,
arXiv:1906.04980 (their noisy cloze).
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator

from lab.training.example import Example
from qa.language.sentences import sentences

_MONTHS = (
    "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre|"
    "January|February|March|April|May|June|July|August|September|October|November|December"
)
_DATE = re.compile(
    rf"\b(?:\d{{1,2}}(?:er)? )?(?:{_MONTHS})(?: \d{{1,2}},)?(?: \d{{4}})?\b"
    r"|\b1[0-9]\d\d\b|\b20\d\d\b"
)
NUMBER = re.compile(
    r"\b\d+(?:[ ,.]\d{3})*(?:[.,]\d+)?(?: ?%| ?(?:millions?|milliards?|billions?))?"
    r"(?: (?:d')?[a-zà-ÿ]{4,})?"
)
NAME = re.compile(
    r"(?<![.!?] )(?<!^)\b[A-ZÀ-Þ][\wà-ÿ'-]+"
    r"(?:(?: (?:de|du|des|of|the|la|van|von|al))? [A-ZÀ-Þ][\wà-ÿ'-]+)*"
)
_KINDS = (("date", _DATE), ("number", NUMBER), ("name", NAME))
_ASKS = {
    ("fr", "date"): ("Quand", "En quelle année", "À quelle date", "Depuis quand"),
    ("fr", "number"): ("Combien", "Combien de", "Quel nombre", "Quelle part"),
    ("fr", "name"): ("Qui", "Quel", "Où", "Comment s'appelle", "Dans quel pays", "Quelle"),
    ("en", "date"): ("When", "In what year", "On what date", "Since when"),
    ("en", "number"): ("How many", "How much", "What number of"),
    ("en", "name"): ("Who", "What", "Where", "Which", "What is the name of"),
}
_KEPT = 0.85


def clozes(examples: Iterable[Example], count: int, seed: int) -> list[Example]:
    """At most `count` examples from the passages of `examples`, spread over them."""
    draw = random.Random(seed)
    passages = {e.passage: e for e in examples if e.spans}
    every = [cloze for e in passages.values() for cloze in _of(e, draw)]
    draw.shuffle(every)
    return every[:count]


def _of(example: Example, draw: random.Random) -> Iterator[Example]:
    language = "fr" if example.set == "piaf" else "en"
    text = example.passage
    # The rarer language is drawn from more densely.
    most = 14 if language == "fr" else 4
    found = []
    for sentence in sentences(text, language):
        taken: list[tuple[int, int]] = []
        for kind, pattern in _KINDS:
            for match in pattern.finditer(sentence.of(text)):
                start, end = match.start() + sentence.start, match.end() + sentence.start
                if end - start < 2 or any(start < z and a < end for a, z in taken):
                    continue
                taken.append((start, end))
                found.append((kind, start, end, sentence))
    for kind, start, end, sentence in draw.sample(found, min(most, len(found))):
        before = text[max(sentence.start, start - draw.randint(30, 90)) : start].split()[1:]
        after = text[end : min(sentence.end, end + draw.randint(20, 80))].split()[:-1]
        kept = [word for word in before + after if draw.random() < _KEPT]
        if len(kept) < 3:
            continue
        if draw.random() < 0.3:
            cut = draw.randrange(len(kept))
            kept = kept[cut:] + kept[:cut]
        asks = draw.choice(_ASKS[language, kind])
        question = f"{asks} {' '.join(kept).rstrip(',;:.')}" + (" ?" if language == "fr" else "?")
        yield Example(
            f"cloze:{example.id}:{start}",
            "cloze",
            language,
            question,
            example.title,
            text,
            [(start, end)],
            [text[start:end]],
            example.negatives,
        )
