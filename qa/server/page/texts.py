"""Every string that the page shows, in French and in English: the files in `translations`.

A string missing in one language, or with other braces, is an error when the page is built.
Answers are not here: they are in the language of the question, whatever the page speaks.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from string import Formatter
from typing import TYPE_CHECKING, Any

from babel import Locale

from qa.documents.article import PartialDate, date_in_words
from qa.errors import AnswerError, IndexUnusable, ModelError, QAError
from qa.types import Language


class Words:
    """Strings by their names; braces mark what is filled in."""

    def __init__(self, strings: Mapping[str, Any]) -> None:
        tables = {k: Words(v) if isinstance(v, dict) else v for k, v in strings.items()}
        self.__dict__.update(tables)

    if TYPE_CHECKING:  # the names are those of the files

        def __getattr__(self, name: str) -> str: ...


class Texts(Words):
    """The interface in one language: what the whole page says, and a table for each part."""

    articles: Words
    evidence: Words
    talks: Words
    shared: Words

    def __init__(self, language: Language, strings: Mapping[str, Any]) -> None:
        super().__init__(strings)
        self.language = language
        self._locale = Locale(language)

    def day(self, date: PartialDate | None) -> str:
        """A date in words, to the precision known."""
        return date_in_words(date, self.language) if date else self.undated

    def trouble(self, error: QAError) -> str:
        """What a visitor is told of an error; its own words are for the log."""
        match error:
            case AnswerError() | ModelError():
                return self.no_model
            case IndexUnusable():
                return self.no_index
            case _:
                return self.failed

    def language_name(self, code: str | None) -> str:
        """What a language is called in this one; the code itself when unknown."""
        return str(self._locale.languages.get(code or "", code or ""))

    def number(self, value: float) -> str:
        """Two digits after the decimal mark."""
        return f"{value:.2f}".replace(".", "," if self.language == "fr" else ".")

    def quoted(self, text: str, language: str | None = None) -> str:
        """The text inside the quotation marks of its language; this page's when not given."""
        return f"«\u00a0{text}\u00a0»" if (language or self.language) == "fr" else f"“{text}”"


def _strings(language: Language) -> Mapping[str, Any]:
    path = files("qa.server.page").joinpath(f"translations/{language}.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _braces(strings: Mapping[str, Any], table: str = "") -> Iterator[tuple[str, frozenset[str]]]:
    """The full name of each string, with the names in its braces."""
    for name, value in strings.items():
        if isinstance(value, str):
            fields = (field for _, field, _, _ in Formatter().parse(value) if field)
            yield table + name, frozenset(fields)
        else:
            yield from _braces(value, f"{table}{name}.")


def _both() -> dict[Language, Texts]:
    strings: dict[Language, Mapping[str, Any]] = {"fr": _strings("fr"), "en": _strings("en")}
    french, english = (set(_braces(strings[language])) for language in ("fr", "en"))
    if french != english:
        names = ", ".join(sorted({name for name, _ in french ^ english}))
        raise ValueError(f"the two translations differ in: {names}")
    return {language: Texts(language, known) for language, known in strings.items()}


TEXTS = _both()
FRENCH, ENGLISH = TEXTS["fr"], TEXTS["en"]


def language_of(value: str | None) -> Language:
    """The interface language for a browser's or a person's choice; English for any other."""
    return "fr" if (value or "").lower().startswith("fr") else "en"
