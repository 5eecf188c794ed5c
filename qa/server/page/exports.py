"""Answers to take along: for the clipboard, as Markdown, as JSON.

Within one answer a quote has the number that its text says. Where several answers stand together,
in a file or on a shared page, quotes are numbered through: a number means one quote in the whole
of it, so that one page of a printout can be checked by itself. The references at its end have each
article once, with the numbers of all its quotes, as a newsroom's list of sources does. A number in
brackets that cites nothing is put in round ones there, for it would be another answer's.

In the Markdown, nothing that anybody said works as a link, an image or HTML, but for the addresses
of the references; in the JSON, which keeps each answer's own numbers, every quote is as it is, with
the article's id and the offsets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from qa.answering import extractive
from qa.conversations.answer_json import Find, from_document
from qa.conversations.store import Conversation, KeptTurn
from qa.documents.article import Article, PartialDate
from qa.server.page.chips import chips_of
from qa.server.page.texts import Texts
from qa.types import CITATION_MARK, Answer, Citation, Question

_ANSWER = (
    *("question", "standalone_question", "answer", "language", "abstained", "reason"),
    *("answerer", "confidence", "filters", "citations"),
)
_NEW_LINE = re.compile(r"\s*\n\s*")
# What Markdown, GitHub's too, may read as more than a character: marks, fences, elements,
# entities, and what it makes addresses of by itself.
_MARKUP = re.compile(r"[\\`*_\[\]<>#~@]|&(?=#?\w+;)|:(?=//)|(?<=www)\.", re.IGNORECASE)
# A number that is nothing but that, as it is escaped.
_ESCAPED_NUMBER = re.compile(r"\\\[(\d{1,3})\\\](?![(:])")


# For the clipboard


def with_references(answer: Answer, texts: Texts) -> str:
    """An answer as plain text, and below it each quote with where it is from, numbered as there.

    A quote that the answer itself says, within quotation marks, is not said again.
    """
    lines = [
        f"[{c.n}] "
        + (_reference(c.article, texts) if _says(answer, c) else quote_with_reference(c, texts))
        for c in answer.citations
    ]
    return "\n\n".join(part for part in (answer.text.strip(), "\n".join(lines)) if part)


def quote_with_reference(citation: Citation, texts: Texts) -> str:
    """A quote within quotation marks and where it is from, as a line of plain text."""
    page = f", p. {citation.page}" if citation.page else ""
    return f"{_quoted(citation, texts)} — {_reference(citation.article, texts)}{page}"


def _says(answer: Answer, citation: Citation) -> bool:
    """Whether the answer's text has the quote, as `extractive.write` puts it down."""
    return extractive.shown(citation.quote) in answer.text


def _quoted(citation: Citation, texts: Texts) -> str:
    return texts.quoted(_NEW_LINE.sub(" ", citation.quote), citation.article.language)


def _reference(article: Article, texts: Texts) -> str:
    """Title, outlet, date and address."""
    title = article.title or texts.untitled
    link = safe_link(article.url)
    return ", ".join(
        part for part in (title, article.source, texts.day(article.date), link) if part
    )


def safe_link(url: str | None) -> str | None:
    """The address when it is a plain http or https one, else None."""
    if not url or any(c.isspace() or not c.isprintable() for c in url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


# Several answers, numbered through


@dataclass(frozen=True, slots=True)
class Told:
    """A kept turn to be read: when it was asked, and its answer, numbered after those before."""

    asked: datetime
    answer: Answer


@dataclass(frozen=True, slots=True)
class Reference:
    """An article and what is quoted of it."""

    article: Article
    citations: tuple[Citation, ...]

    @property
    def numbers(self) -> str:
        """Of its quotes: `[1] [3]`."""
        return " ".join(f"[{citation.n}]" for citation in self.citations)


def told(turns: Iterable[KeptTurn], find: Find) -> list[Told]:
    """Kept turns with their articles as they are now and their quotes numbered through."""
    through, last = [], 0
    for turn in turns:
        answer = _numbered(from_document(turn.document, find).answer, after=last)
        last = max((citation.n for citation in answer.citations), default=last)
        through.append(Told(turn.asked, answer))
    return through


def _numbered(answer: Answer, after: int) -> Answer:
    cited = {citation.n for citation in answer.citations}

    def number(match: re.Match[str]) -> str:
        n = int(match[1])
        return f"[{n + after}]" if n in cited else f"({n})"

    citations = tuple(replace(c, n=c.n + after) for c in answer.citations)
    return replace(answer, text=CITATION_MARK.sub(number, answer.text), citations=citations)


def references(answers: Iterable[Answer]) -> list[Reference]:
    """Their articles, each once, in the order in which they are cited first."""
    quoted: dict[str, list[Citation]] = {}
    for answer in answers:
        for citation in answer.citations:
            quoted.setdefault(citation.article.id, []).append(citation)
    return [Reference(first.article, (first, *more)) for first, *more in quoted.values()]


def asked_on(turn: Told, texts: Texts) -> str:
    """The day of the question, which is that of its answer."""
    return texts.shared.asked_on.format(day=texts.day(PartialDate.of(turn.asked.astimezone())))


def only(question: Question, texts: Texts) -> str:
    """The filters of a question, in words; empty without any."""
    return ", ".join(chip.label for chip in chips_of(question.filters, texts))


# Files


def as_markdown(title: str, turns: Sequence[Told], texts: Texts) -> str:
    """The questions as headings, the answers, the quotes that they do not say, the references."""
    parts = [f"# {_line(title)}"]
    for turn in turns:
        answer = turn.answer
        parts += [f"## {_line(answer.question.text)}", f"*{asked_on(turn, texts)}*"]
        if answer.question.carried:
            parts.append(f"*{texts.shared.continues} {_line(answer.question.carried)}*")
        if filtered := only(answer.question, texts):
            parts.append(f"*{texts.shared.only} {_line(filtered)}*")
        parts.append(_ESCAPED_NUMBER.sub(r"[\1]", _inert(answer.text)))
        parts += [
            f"> [{citation.n}] {_inert(_quoted(citation, texts))}"
            for citation in answer.citations
            if not _says(answer, citation)
        ]
    listed = references(turn.answer for turn in turns)
    if listed:
        parts.append(f"## {texts.shared.references}")
        parts.append("\n".join(_entry(reference, texts) for reference in listed))
    return "\n\n".join(parts) + "\n"


def _entry(reference: Reference, texts: Texts) -> str:
    article = reference.article
    link = safe_link(article.url)
    where = [
        f"**{_line(article.title or texts.untitled)}**",
        _line(article.source or ""),
        texts.day(article.date),
        f"<{link}>" if link and not set(link) & set("<>") else "",
    ]
    return f"- {reference.numbers} {', '.join(part for part in where if part)}"


def _line(text: str) -> str:
    return _inert(" ".join(text.split()))


def _inert(text: str) -> str:
    """Text that Markdown shows as it is."""
    return _MARKUP.sub(r"\\\g<0>", text)


def as_json(conversation: Conversation, turns: Sequence[KeptTurn]) -> dict[str, Any]:
    """Everything a reader can see, and the offsets."""
    return {
        "id": conversation.id,
        "title": conversation.title,
        "changed": conversation.changed.isoformat(timespec="seconds"),
        "turns": [
            {
                "asked": turn.asked.isoformat(timespec="seconds"),
                **{name: turn.document[name] for name in _ANSWER},
                "rating": asdict(turn.rating) if turn.rating else None,
            }
            for turn in turns
        ],
    }
