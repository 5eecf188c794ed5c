"""What could be asked next: questions about whom and what the quotes name.

By rules, in no time, and untried: an answer may be that the articles do not say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain

from qa.language.names import is_time, mentioned, names
from qa.language.terms import only_stop_words, words
from qa.types import Answer, Language

LONGEST = 70  # characters of a question, which a button shows whole
_MOST = 3

_PHRASES: dict[Language, str] = {
    "fr": "Que disent les articles sur {} ?",
    "en": "What do the articles say about {}?",
}
_CAPITAL = r"[A-ZÀ-ÖØ-Þ][\w’'-]*"
_JOINT = r"(?:(?:de la|de|du|des|of the|of|la|le|el|al|bin|ben|von|van)[ \u00a0])?"
# Several words with capitals; or one that ends a phrase and does not begin it, for "Russian" does
# not do the first, nor "Yesterday" the second.
_NAME = re.compile(
    rf"(?<![\w’'-])(?:[a-z]{{1,3}}[’'-])?{_CAPITAL}(?:[ \u00a0]{_JOINT}{_CAPITAL})+"
    rf"|(?<=[\w,] ){_CAPITAL}(?=[,.;:)»”])"
)
_ELISION, _GENITIVE = re.compile(r"^(?:[DLdl]|[Qq]u)['’]"), re.compile(r"['’]s$")


def follow_ups(answer: Answer, asked: Iterable[str]) -> list[str]:
    """Up to three questions to go on with, about names that no question had yet.

    Args:
        answer: the final one; what its quotes name comes first, then what else was found.
        asked: the questions so far.
    """
    question = answer.question
    said = " ".join((*asked, question.text, question.standalone))
    quotes = (citation.quote for citation in answer.citations)
    found: list[str] = []
    for text in chain(quotes, (hit.chunk.text for hit in answer.hits)):
        for name in dict.fromkeys(named(text)):
            new = about(name, answer.language)
            parts = [word for word in words(name) if len(word) > 2]
            if len(new) > LONGEST or any(mentioned(part, said) for part in parts):
                continue
            found.append(new)
            said += f" {name}"
            if len(found) == _MOST:
                return found
    return found


def about(name: str, language: Language) -> str:
    """The question about a name."""
    return _PHRASES[language].format(name)


def named(text: str) -> Iterator[str]:
    """The people, places and bodies of a text, as written, without what stands before a name."""
    for match in _NAME.finditer(text):
        whole = _GENITIVE.sub("", _ELISION.sub("", match.group())).split()
        parts = whole[:]
        while parts and (only_stop_words(parts[0]) or not names(parts[0])):
            parts.pop(0)
        alone = len(parts) == 1 < len(whole)  # "The Russian"
        if not alone and not all(is_time(w) or w[0].isdigit() for w in words(" ".join(parts))):
            yield " ".join(parts)
