"""Rewriting: a follow-up → a question that stands alone.

    plain   words that say nothing about a topic, and what is left of a text without them
    gate    whether a question leans on what was said before, and how much
    topic   which words of the conversation it leans on
    model   the same by a language model, checked

By rules, the words typed are never changed: the topic is added after a dash ("Who trained them? —
soldiers, Libya"), a few words at most, names whole, so that a reader sees what was understood, and
a wrong guess costs little. What was set by eye and what was measured: docs/answering.md.
"""

from __future__ import annotations

from dataclasses import replace

from qa.answer import Question
from qa.language import question_language
from qa.rewriting.gate import leaning, needs_history
from qa.rewriting.model import rewrite_with
from qa.rewriting.topic import carried, segment
from qa.talk import is_small_talk

__all__ = ["make_standalone", "needs_history", "rewrite_with"]

# Most words added to a question that cannot be understood without them, and to one that can.
_MOST = {"wholly": 8, "lightly": 3}


def make_standalone(question: Question) -> Question:
    """The question with `standalone` and `language` filled in, by rules."""
    language = question.language or question_language(
        question.text,
        question_language(question.history[-2]) if len(question.history) > 1 else "en",
    )
    standalone = question.text.strip()
    turns = segment(question.history)
    if turns and not is_small_talk(standalone, question.history):
        leans = leaning(standalone, language, turns)
        if leans != "not":
            added = carried(standalone, language, turns, _MOST[leans])
            if added:
                standalone = f"{standalone} — {', '.join(added)}"
    return replace(question, standalone=standalone, language=language)
