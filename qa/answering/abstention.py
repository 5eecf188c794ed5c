"""Abstention: what is said when the articles hold no answer, and what they hold all the same.

Five things are kept apart: that no article is about what was asked, that articles are about it and
do not give the answer, that a filter leaves no article, that there is none at all, and that the
question is in a language that is not understood. Knows nothing about models.
"""

from __future__ import annotations

from collections.abc import Sequence

from qa.documents.article import date_in_words
from qa.language.detect import is_latin
from qa.language.names import mentioned, names
from qa.language.terms import has_stop_word
from qa.types import Hit, Language

_NOTHING: dict[Language, str] = {
    "fr": "Aucun article ne passe les filtres.",
    "en": "No article passes the filters.",
}
_EMPTY: dict[Language, str] = {
    "fr": "Il n'y a pas encore d'articles.",
    "en": "There are no articles yet.",
}
# For all who cannot be answered in their own language.
FOREIGN = (
    "Je ne comprends que les questions en français et en anglais.\n\n"
    "I understand questions in French and English only."
)
_SILENT: dict[Language, str] = {
    "fr": "Les articles ne le disent pas.",
    "en": "The articles do not say.",
}
_NO_MENTION: dict[Language, str] = {
    "fr": "Parmi les articles les plus proches, aucun ne mentionne {}.",
    "en": "None of the nearest articles mentions {}.",
}
_OR: dict[Language, str] = {"fr": " ni ", "en": " or "}
_NEAR: dict[Language, str] = {
    "fr": "Je n'ai pas trouvé la réponse dans les articles. Le plus proche de ce qu'ils disent :",
    "en": "I did not find the answer in the articles. The nearest that they say:",
}


def is_foreign(question: str) -> bool:
    """Whether a question is written in another script than French and English are.

    One that merely names something so ("Qui est Хафтар ?") has everyday words of either.
    """
    return not is_latin(question) and not has_stop_word(question)


def absent(question: str, hits: Sequence[Hit]) -> list[str]:
    """Names and numbers of the question that no article found mentions, as typed."""
    seen = " ".join(
        f"{hit.article.title} {hit.article.source or ''} {hit.article.text}" for hit in hits
    )
    dates = [hit.article.date for hit in hits if hit.article.date]
    told = " ".join(f"{date} {date_in_words(date, 'en')}" for date in dates)
    return [name for name in names(question) if not mentioned(name, f"{seen} {told}")]


def abstention(
    question: str, hits: Sequence[Hit], language: Language, *, near: bool, filtered: bool
) -> str:
    """What to say.

    Args:
        question: as typed, without the outlets that are to tell it.
        hits: what was found.
        language: of the answer.
        near: whether quotes are shown below it, of articles that are about what was asked.
        filtered: whether filters say which articles count.
    """
    if not hits:
        return _NOTHING[language] if filtered else _EMPTY[language]
    if near:
        return _NEAR[language]
    together: list[str] = []
    for name in absent(question, hits):
        if together and f"{together[-1]} {name}" in " ".join(question.split()):
            together[-1] += f" {name}"
        else:
            together.append(name)
    if not together:
        return _SILENT[language]
    detail = _NO_MENTION[language].format(_OR[language].join(together))
    return f"{_SILENT[language]} {detail}"
