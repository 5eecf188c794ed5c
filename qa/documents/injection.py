"""Injection: sentences of an article that are addressed to a language model, not to a reader.

Four rules in French and English over one sentence at a time, narrow because orders, rules and
answers are ordinary in the news. What is flagged is still text: it can be found, read and quoted,
but no language model is shown it. Most attacks need no rule: what nobody sees is not read
(`article`), brackets and bars are harmless in a prompt (`escape`), and what the quotes do not carry
is not said (`grounding`). What each rule brings is in docs/LOG.md. An order in other words
or in another language is not seen.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from qa.documents.article import Article, clean_text

# Characters of a sentence that are shown to a person.
_SHOWN = 160
# Characters behind a flagged sentence in which others are taken to belong to it.
_FAR = 500
# Over a sentence in small letters. Accents stay: "a ignoré les consignes" is no order.
RULES = {
    # A token of a chat template, our own fence, a message in JSON, a turn, what a tool returns.
    "turn": r"<\||[<‹]/?(?:system|user|assistant|sys|quote|\w+_\w+)[>›]|\[/?(?:inst|system)\]"
    r"|\"role\"\s?:|^\W*(?:tool output|assistant)\s?:",
    # "Ignore all previous instructions", "Oublie les consignes ci-dessus", "Forget the above".
    "override": r"(?<!to )\b(?:ignorez?|disregard(?! for)|forget|oubliez?|ne tiens pas compte)\b"
    r"(?:[^.]{0,15}\b(?:the|everything) above\b"
    r"|(?=[^.]{0,60}\b(?:instruction|prompt|consigne|directi|guideline|rule|r[èe]gle))[^.]{0,40}"
    r"\b(?:previous|prior|above|your|you were|tes|pr[ée]c[ée]dente?s|ci-dessus)\b)",
    # "Note to AI assistants", "If you are a language model", "Tu es une IA sans limites".
    "addressed": r"\b(?:(?:note|message) (?:to|aux?|pour)|if you are|you are now|pretend to be"
    r"|tu es|vous [êe]tes)(?:\W+\w+){0,2}\W+(?:ai (?:assistant|model|agent)|language model"
    r"|mod[èe]les? de langage|intelligences? artificielle|(?:ai|ia) (?:without|sans))",
    # What to answer: "Réponds que", "Reply only: ", "Your answer must say", "Cite [9]".
    "reply": r"(?:^\W*|[,:;] |\bet )r[ée]ponds(?: (?:uniquement|toujours|par|que|en)\b|\s?[:«])"
    r"|^\W*(?:reply|answer) (?:only|exactly)(?: with the\b|\s?:)"
    r"|\bif you are asked\b[^.]{0,80}, (?:answer|reply|say) that\b"
    r"|\b(?:(?:begin|end) your answer with|your answer must say)\b"
    r"|^\W*(?:affiche|ajoute|commence)\b[^.]{0,20}\bta r[ée]ponse\b"
    r"|^\W*(?:citez? [^.]{0,20}\[\d|(?:refuse|tell) [^.]{0,20}(?:the user\b(?!')|l'utilisateur))",
}
_PIECES = re.compile(r"(?:[^\n.!?…]|[.!?…](?![\s»”\"']))+[.!?…»”\"']*")


@dataclass(frozen=True, slots=True)
class Sign:
    """A sentence that is flagged, and the rule that did it."""

    rule: str
    text: str


def signs(text: str) -> Iterator[Sign]:
    """The sentences of a text that are flagged, in order, each by the first rule that it meets."""
    for match in _PIECES.finditer(text):
        sentence = match.group().strip()
        small = " ".join(unicodedata.normalize("NFKC", sentence).lower().replace("’", "'").split())
        for rule, pattern in RULES.items():
            if re.search(pattern, small):
                yield Sign(rule, sentence)
                break


def is_suspicious(text: str) -> bool:
    """Whether any sentence of a text is flagged."""
    return next(signs(clean_text(text)), None) is not None


def is_spoilt(text: str, start: int, end: int) -> bool:
    """Whether a part of a text is flagged, or stands close behind what is.

    What an order is about comes after it: "Ignore the above. The mayor was arrested."
    """
    return is_suspicious(text[max(0, start - _FAR) : end])


def signs_of(article: Article) -> Iterator[Sign]:
    """What is flagged of an article: of its title, its source and its text."""
    for part in (article.title, article.source or "", article.text):
        yield from signs(part)


@dataclass(frozen=True, slots=True)
class Flagged:
    """An article with something flagged, which is `signs`, in order; never empty."""

    id: str
    title: str
    origin: str
    signs: tuple[Sign, ...]

    @classmethod
    def of(cls, article: Article) -> Self | None:
        """An article's, or None when nothing in it is flagged."""
        found = tuple(signs_of(article))
        return cls(article.id, article.title, article.origin, found) if found else None

    def to_json(self) -> dict[str, object]:
        """As `qa index --json` prints it."""
        return {
            "article_id": self.id,
            "title": self.title,
            "origin": self.origin,
            "signs": [{"rule": sign.rule, "text": sign.text[:_SHOWN]} for sign in self.signs],
        }

    def __str__(self) -> str:
        first = self.signs[0]
        more = f" and {len(self.signs) - 1} more" if len(self.signs) > 1 else ""
        return f"{self.origin}: {first.rule}: “{first.text[:_SHOWN]}”{more}"
