"""What a person chose in the filters → Filters, with errors in the page's language."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from qa.documents.article import PartialDate
from qa.documents.filters import Filters
from qa.errors import QuestionError
from qa.language.dates import time_expressions
from qa.language.sentences import Span
from qa.server.page.texts import Texts

_LONGEST = 200  # characters of a box that are read
_MOST = 500  # values of a list that are read


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it stands."""

    since: str = ""
    until: str = ""
    sources: Sequence[str] = ()
    language: str = ""
    articles: Sequence[str] = ()

    @classmethod
    def of(cls, filters: Filters) -> Self:
        """The form as it would stand for these filters."""
        return cls(
            since=filters.since.isoformat() if filters.since else "",
            until=filters.until.isoformat() if filters.until else "",
            sources=list(filters.sources),
            language=filters.language or "",
            articles=filters.articles,
        )

    @classmethod
    def read(cls, sent: object) -> Self:
        """From what the browser sent, of whatever kind: an object, or one as JSON."""
        if isinstance(sent, str):
            try:
                sent = json.loads(sent)
            except (ValueError, RecursionError):
                sent = None
        asked: Mapping[str, Any] = sent if isinstance(sent, dict) else {}

        def box(name: str) -> str:
            return str(asked.get(name) or "")[:_LONGEST]

        def several(name: str) -> tuple[str, ...]:
            value = asked.get(name)
            values = value if isinstance(value, list) else []
            return tuple(each[:_LONGEST] for each in values[:_MOST] if isinstance(each, str))

        return cls(
            box("since"), box("until"), several("sources"), box("language"), several("articles")
        )

    def errors(self, texts: Texts) -> Mapping[str, str]:
        """What is wrong, by the box it stands in: `since`, `until`."""
        found = {"since": "", "until": ""}
        for name in found:
            value = getattr(self, name).strip()
            if value and read_date(value) is None:
                found[name] = texts.bad_date.format(value=value)
        first, last = read_date(self.since), read_date(self.until)
        if first and last and first.first > last.last:
            since, until = texts.day(first), texts.day(last)
            found["until"] = texts.empty_window.format(since=since, until=until)
        return found

    def filters(self, texts: Texts) -> Filters:
        """The filters that are meant.

        Raises:
            QuestionError: a date is none, or the window is empty; said in the language of `texts`.
        """
        wrong = next(filter(None, self.errors(texts).values()), "")
        if wrong:
            raise QuestionError(wrong)
        first, last = read_date(self.since), read_date(self.until)
        return Filters(
            since=first.first if first else None,
            until=last.last if last else None,
            sources=tuple(self.sources),
            language=self.language or None,
            articles=tuple(self.articles),
        )


def read_date(typed: str) -> PartialDate | None:
    """A date as people type it: 2017-01-11, 11 January 2017, mars 2016; None for what is none."""
    text = typed.strip()
    try:
        return PartialDate.parse(text)
    except ValueError:
        pass
    for language in ("fr", "en"):
        for told in time_expressions(text, language, date.max):
            if told.since and told.until and told.span == Span(0, len(text)):
                for whole in (f"{told.since:%Y}", f"{told.since:%Y-%m}", f"{told.since}"):
                    day = PartialDate.parse(whole)
                    if (day.first, day.last) == (told.since, told.until):
                        return day
    return None
