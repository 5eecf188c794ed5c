"""Rewriting by a language model: a few examples, the last turns, and a check of what comes back.

A small model answers instead of rewriting, adds what it knows, or repeats the example. What it
says counts only if it is one line of sane length that keeps the words typed, and names nothing that
the conversation does not; otherwise the caller has its rules. Takes any LangChain chat model.
"""

from __future__ import annotations

import logging
import re

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from qa.analysis import fold
from qa.answer import Question
from qa.errors import AnswerError
from qa.fence import inert
from qa.language import QuestionLanguage, question_language
from qa.names import mentioned, names
from qa.rewriting.gate import leaning
from qa.rewriting.plain import content
from qa.rewriting.topic import segment

logger = logging.getLogger(__name__)

# What the model is shown: the turn that opened the topic and the last ones, answers cut short.
_TURNS, _ANSWER_CHARS = 3, 240
# What it may say: characters at most, and words beyond those that were typed.
_LONGEST, _MORE_WORDS = 300, 25
# Of the content words typed, the share that must still be there.
_KEPT = 0.5

_SYSTEM: dict[QuestionLanguage, str] = {
    "en": "Rewrite the last question so that it can be understood without the conversation. "
    "Replace pronouns by what they stand for and add what is missing. Do not answer. "
    "Reply with the question only.",
    "fr": "Réécris la dernière question pour qu'on la comprenne sans la conversation. "
    "Remplace les pronoms par ce qu'ils désignent et ajoute ce qui manque. Ne réponds pas. "
    "Donne seulement la question.",
}
_EXAMPLES: dict[QuestionLanguage, tuple[tuple[str, str], ...]] = {
    "en": (
        (
            (
                "User: Who built the Harwick lighthouse?\nAssistant: Tom Quill, in 1851.\n"
                "Question: Where was he born?"
            ),
            "Where was Tom Quill, who built the Harwick lighthouse, born?",
        ),
        (
            (
                "User: Why did the dockers of Sandmouth strike?\nAssistant: For safer cranes.\n"
                "Question: And how long?"
            ),
            "How long did the dockers of Sandmouth strike?",
        ),
    ),
    "fr": (
        (
            (
                "Utilisateur : Qui a bâti le phare de Harwick ?\nAssistant : Tom Quill, en 1851.\n"
                "Question : Où est-il né ?"
            ),
            "Où est né Tom Quill, qui a bâti le phare de Harwick ?",
        ),
        (
            (
                "Utilisateur : Pourquoi les dockers de Sandmouth font-ils grève ?\n"
                "Assistant : Pour des grues plus sûres.\nQuestion : Et combien de temps ?"
            ),
            "Combien de temps les dockers de Sandmouth font-ils grève ?",
        ),
    ),
}
_LABELS: dict[QuestionLanguage, tuple[str, str, str]] = {
    "en": ("User: ", "Assistant: ", "Question: "),
    "fr": ("Utilisateur : ", "Assistant : ", "Question : "),
}
_QUOTED = re.compile(r"^(?:question|rewritten question|question réécrite)\s*:\s*", re.IGNORECASE)


def rewrite_with(model: BaseChatModel, question: Question) -> str | None:
    """A follow-up as a question of its own, in a model's words.

    Args:
        model: any chat model; asked only when the question leans on its history.
        question: its `language` is told when it is not given.

    Returns:
        The question, or None when it stands alone, the model fails, or what it says cannot be
        trusted: the rules of `make_standalone` are for all of these.
    """
    turns = segment(question.history)
    language = question.language or question_language(question.text)
    if not turns or leaning(question.text, language, turns) == "not":
        return None
    try:
        said = _first_line(model, _prompt(question.text, turns, language))
    except AnswerError as exc:
        logger.warning("the language model did not rewrite the question: %s", exc)
        return None
    return said if _holds(said, question, language) else None


def _prompt(
    text: str, turns: list[tuple[str, str]], language: QuestionLanguage
) -> list[BaseMessage]:
    user, assistant, asked = _LABELS[language]
    shown = turns[-_TURNS:] if len(turns) <= _TURNS else [turns[0], *turns[1 - _TURNS :]]
    lines = [
        line
        for question, answer in shown
        for line in (user + _short(question), assistant + _short(answer))
    ]
    messages: list[BaseMessage] = [SystemMessage(_SYSTEM[language])]
    for example, rewritten in _EXAMPLES[language]:
        messages += [HumanMessage(example), AIMessage(rewritten)]
    return [*messages, HumanMessage("\n".join([*lines, asked + _short(text)]))]


def _short(text: str) -> str:
    """On one line, cut at a word, and unable to open a turn of the conversation."""
    text = inert(text)
    return text if len(text) <= _ANSWER_CHARS else text[:_ANSWER_CHARS].rsplit(" ", 1)[0] + " …"


def _first_line(model: BaseChatModel, messages: list[BaseMessage]) -> str:
    """What the model says up to the end of its line; it is stopped there."""
    said = ""
    stream = model.stream(messages)
    try:
        for chunk in stream:
            said += str(chunk.text)
            if "\n" in said.lstrip() or len(said) > _LONGEST:
                break
    finally:
        close = getattr(stream, "close", None)
        if close is not None:
            close()
    line = said.strip().split("\n", 1)[0]
    return _QUOTED.sub("", line).strip(' "«»“”')


def _holds(said: str, question: Question, language: str) -> bool:
    """Whether it is a question about the same, and names nothing new."""
    if not said.endswith("?") or said.count("?") > 1 or len(said) > _LONGEST:
        return False
    if len(said.split()) > len(question.text.split()) + _MORE_WORDS:
        return False
    typed, now = content(question.text, language), content(said, language)
    # A small model likes to give back the question as it was.
    if not now - typed or len(typed & now) < _KEPT * len(typed):
        return False
    told = fold(" ".join((*question.history, question.text)))
    return all(mentioned(name, told, exactly=True) for name in names(said))
