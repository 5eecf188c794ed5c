"""Follow-ups become questions that stand alone, and messages search queries.

The user's own words are put in front: the question that opened the topic, which is the last that
leans on nothing, and the last two ("Who trained the Libyan soldiers? And in 2019?"). What is typed
is never changed. Whether a message leans is learned, see `kinds`; what to carry was chosen by what
finds more, see docs/LOG.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from qa.answering.kinds import LEANS, QueryEmbedder, read
from qa.answering.small_talk import is_small_talk
from qa.language.dates import time_expressions
from qa.language.detect import question_language
from qa.language.names import names
from qa.types import Language, Question

# Of the questions since the topic opened, those carried beside the first; and of each so much.
_LAST, _MOST_CHARS = 2, 300
_ANY_DAY = date(2000, 1, 1)
# Of what stands before a message's questions so much is searched with each.
_MOST_PREAMBLE = 200
# What asks for an overview and says nothing of its subject; no article has these words of it.
_FRAME = re.compile(
    r"^\W*(?:(?:ils )?(?:que|qu'est-ce que)?\s*(?:disent|racontent|parlent|dit-on)(?: quoi)?\s+"
    r"(?:(?:les|vos|tes|ces) articles\s+)?(?:sur|de|d'|à propos d[eu]|au sujet d[eu])|"
    r"what (?:do|does|did) (?:the|your) articles? (?:say|tell(?: us)?|report) (?:about|on|of)|"
    r"tell me (?:more )?about|parle[sz]?[- ]moi d[eu']|"
    r"(?:(?:fais|faites|donne[zr]?)[- ]?(?:moi )?)?un (?:petit |court )?résumé (?:sur|d[eu'])|"
    r"résume[rz]?(?:[- ]moi)?|tl;?dr(?: (?:on|of|du|de))?|sum up|summari[sz]e|"
    r"(?:give me )?a (?:short )?summary (?:of|on))\s*",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"[^.?!\n]{8,}\?")
# Joins two questions, where each names something: "and when did Notre-Dame burn".
_JOINS = re.compile(
    r"[,;]?\s+(?:and|et)\s+(?=(?:who|whom|what|when|where|why|how|which|qui|que|quand|où|pourquoi|"
    r"comment|combien|quel(?:le)?s?)\b)",
    re.IGNORECASE,
)
_IN_LANGUAGE = re.compile(
    r"(?:please |(?:can|could) you )?\b(?:answer|reply|respond|write|r[ée]pond\w*|r[ée]dige\w*|"
    r"tradui\w*|translate\w*)\b[^.?!]{0,20}\b(?:in|en|into) (french|english|fran[cç]ais|anglais)\b"
    r"[\s:,.-]*",
    re.IGNORECASE,
)


def make_standalone(question: Question, embedder: QueryEmbedder | None = None) -> Question:
    """The question with `standalone`, `carried` and `language` filled in.

    Args:
        question: its history decides what it means.
        embedder: the index's; see `kinds.read`.
    """
    text, history = question.text.strip(), question.history
    before = question_language(history[-2]) if len(history) > 1 else "en"
    wanted = _language_wanted(text)
    language = question.language or wanted or question_language(text, before)
    if wanted:
        text = _IN_LANGUAGE.sub("", text).strip() or text
    text = _without_preface(text, embedder)
    if text.isupper() and " " in text:
        text = text.lower()  # shouted
    carried = ""
    if not is_small_talk(text, history) and needs_history(text, embedder):
        carried = " ".join(topic(history, embedder))
        if time_expressions(text, language, _ANY_DAY):
            carried = _without_times(carried, language)
    standalone = f"{carried} {text}".strip()
    return replace(question, standalone=standalone, carried=carried, language=language)


def _without_preface(text: str, embedder: QueryEmbedder | None) -> str:
    """A message's questions, without what it says around them, such as who is asking and why.

    As typed where the first question leans on that, or names nothing while that does.
    """
    asked = _asked(text)
    if not asked:
        return text
    around = f"{text[: asked[0].start()]} {text[asked[-1].end() :]}"
    first = asked[0].group()
    if not around.strip() or needs_history(first, embedder):
        return text
    if names(around) and not names(first):
        return text
    return text[asked[0].start() : asked[-1].end()].strip()


def queries(question: Question) -> tuple[str, ...]:
    """What is searched for, each by itself.

    The stand-alone question, without "what do the articles say about" or "sum up". Of a message
    that asks several, each of them behind what is said before the first.

    Args:
        question: stand-alone; see `make_standalone`.
    """
    text, whole = own_words(question), question.standalone
    asked = _asked(text)
    before = text[: asked[0].start()].strip()[-_MOST_PREAMBLE:] if asked else ""
    single = [part for match in asked for part in _joined(match.group())] or _joined(text)
    if len(single) < 2:
        return (_FRAME.sub("", whole).strip() or whole,)
    return tuple(f"{before} {one.strip()}".strip() for one in single)


def _asked(text: str) -> list[re.Match[str]]:
    """The questions of a message; "Really?" is none."""
    return [match for match in _QUESTION.finditer(text) if len(match.group().split()) > 2]


def _joined(text: str) -> list[str]:
    """The questions that one sentence asks, if each of them names something; else the sentence."""
    parts = _JOINS.split(text)
    return parts if all(map(names, parts)) else [text]


def own_words(question: Question) -> str:
    """What a stand-alone question says itself, without what it carries."""
    return question.standalone.removeprefix(question.carried).strip()


def written_in(question: Question) -> Language:
    """The language of a stand-alone question, be its answer asked for in the other."""
    if question.language and not _language_wanted(question.text):
        return question.language
    return question_language(question.standalone)


def _language_wanted(text: str) -> Language | None:
    """The language that a message asks to be answered in: "answer in French"."""
    match = _IN_LANGUAGE.search(text)
    return None if match is None else "fr" if match.group(1).lower().startswith("fr") else "en"


def needs_history(text: str, embedder: QueryEmbedder | None = None) -> bool:
    """Whether a message cannot be understood without what was said before it."""
    return read(text, embedder).leans >= LEANS


def topic(history: Sequence[str], embedder: QueryEmbedder | None, last: int = _LAST) -> list[str]:
    """The user's question that opened the topic and the `last` ones, each ending in a mark."""
    asked = [
        said.strip()[:_MOST_CHARS]
        for turn, said in enumerate(history)
        if turn % 2 == 0 and said.strip() and not is_small_talk(said, history[:turn])
    ]
    opens = (turn for turn, said in enumerate(asked) if not needs_history(said, embedder))
    first, *later = asked[max(opens, default=0) :] or [""]
    return [said if said[-1:] in ".?!…" else f"{said}." for said in (first, *later[-last:])]


def _without_times(text: str, language: str) -> str:
    """A text without its times, since a time in the follow-up stands in their place."""
    times = {time.span for time in time_expressions(text, language, _ANY_DAY)}
    for span in sorted(times, reverse=True):
        text = text[: span.start] + text[span.end :]
    return " ".join(text.split())
