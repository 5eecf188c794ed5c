"""Addresses beside the page: what is behind a link, and conversations as files.

A shared page is one of its own that runs nothing and asks for nothing, not even from this server:
text, one style sheet inside, and links that only a reader's click follows. It is read on the
screen and printed, where its references stand at the end. Answers and quotes are those of the day
they were given; what stands around a quote is read from its article as the index has it now. Where
the settings name logins, only who is logged in reads it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from urllib.parse import quote

from fastapi import FastAPI
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from qa.conversations.answer_json import Find
from qa.conversations.store import Conversation, Conversations, KeptTurn, Shared
from qa.errors import ConversationsUnusable, QAError
from qa.language.sentences import Span
from qa.server.page import exports, render
from qa.server.page.exports import Reference, Told
from qa.server.page.marks import joined, spans_of
from qa.server.page.owners import Owners
from qa.server.page.templating import file_text, html
from qa.server.page.texts import TEXTS, Texts, language_of
from qa.types import CITATION_MARK, Answer, Language

_STYLE = Markup(file_text("shared.css"))  # noqa: S704  (ours)
_STYLE_SUM = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_SUM}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    # What is not shared any more must not be shown from somewhere else.
    "Cache-Control": "no-store",
}
_KINDS = ("md", "json", "html")
# Of a paragraph so many characters before and behind its quotes.
_MOST_AROUND = 600

log = logging.getLogger(__name__)


def add_addresses(app: FastAPI, conversations: Conversations, visitors: Owners, find: Find) -> None:
    """Put `/share/…` and `/conversations/…` on the page's server.

    Args:
        app: the server.
        conversations: what is kept.
        visitors: tell who asks.
        find: an article by its id, None when it is not indexed.
    """

    @app.get("/share/{token}", include_in_schema=False)
    def share(token: str, request: Request) -> Response:
        asked_in = language_of(request.headers.get("accept-language"))
        words = TEXTS[asked_in].shared
        if visitors.logins and visitors.of_request(request) is None:
            return _says(words.log_in, asked_in, 401)
        try:
            shared = conversations.shared(token)
            if shared is None:
                return _says(words.no_link, asked_in, 404)
            return HTMLResponse(shared_page(shared, find), headers=HEADERS)
        except QAError as exc:
            return _failed(exc, asked_in)

    @app.get("/conversations/{id}.{kind}", include_in_schema=False)
    def export(id: str, kind: str, request: Request) -> Response:
        owner = visitors.of_request(request)
        asked_in = language_of(
            request.query_params.get("language") or request.headers.get("accept-language")
        )
        try:
            found = conversations.read(owner, id) if owner and kind in _KINDS else None
            if found is None:
                return _says(TEXTS[asked_in].talks.gone, asked_in, 404)
            return _file(*found, kind, TEXTS[asked_in], find)
        except QAError as exc:
            return _failed(exc, asked_in)


def _file(
    conversation: Conversation, turns: Sequence[KeptTurn], kind: str, texts: Texts, find: Find
) -> Response:
    """A conversation for its owner; the page, to be printed, opens in the browser."""
    attached = {**HEADERS, "Content-Disposition": _attached(conversation.title, kind)}
    if kind == "json":
        exported = exports.as_json(conversation, turns)
        text = json.dumps(exported, ensure_ascii=False, indent=2)
        return Response(text, media_type="application/json", headers=attached)
    find = cache(find)
    through = exports.told(turns, find)
    if kind == "html":
        page = _page(conversation.title, through, texts, find)
        return HTMLResponse(page, headers=HEADERS)
    text = exports.as_markdown(conversation.title, through, texts)
    return Response(text, media_type="text/markdown; charset=utf-8", headers=attached)


def _attached(title: str, kind: str) -> str:
    """The header that names the file, in letters that every browser and disk take."""
    name = re.sub(r"[^\w-]+", "-", title).strip("-")[:60] or "conversation"
    plain = name.encode("ascii", "ignore").decode() or "conversation"
    return f"attachment; filename=\"{plain}.{kind}\"; filename*=UTF-8''{quote(f'{name}.{kind}')}"


def _failed(error: QAError, language: Language) -> Response:
    """The file or the index fails: the log says why, whoever asks only that it does."""
    log.error("a kept answer cannot be read", exc_info=error)
    texts = TEXTS[language]
    kept = isinstance(error, ConversationsUnusable)
    return _says(texts.talks.unusable if kept else texts.trouble(error), language, 503)


def _says(message: str, language: Language, status: int) -> HTMLResponse:
    page = html("shared_frame", TEXTS[language], title=message, style=_STYLE)
    return HTMLResponse(page, status, headers=HEADERS)


def shared_page(shared: Shared, find: Find) -> str:
    """The page of a link, in the language of its first answer."""
    find = cache(find)
    turns = exports.told(shared.turns, find)
    texts = TEXTS[turns[0].answer.language]
    words = texts.shared
    kind = words.conversation if shared.whole else words.answer
    return _page(shared.title, turns, texts, find, kind, whole=shared.whole)


def _page(
    title: str,
    turns: Sequence[Told],
    texts: Texts,
    find: Find,
    kind: str = "",
    *,
    whole: bool = True,
) -> str:
    """Turns below each other; what is `whole` has a title above its questions."""
    return html(
        "shared",
        texts,
        title=title,
        kind=kind,
        level=1 if whole else 0,
        turns=turns,
        references=exports.references(turn.answer for turn in turns),
        style=_STYLE,
        asked_on=exports.asked_on,
        only=partial(exports.only, texts=texts),
        entries=partial(_entries, find=find),
        numbered=_numbered,
        safe_link=exports.safe_link,
    )


@dataclass(frozen=True, slots=True)
class _Entry:
    """An article and what an answer quotes of it.

    Attributes:
        reference: these.
        passages: the paragraphs around the quotes, each as its parts: text, and whether quoted.
        opens: the address under which the page opens the article; empty when it is not as quoted.
    """

    reference: Reference
    passages: Sequence[Sequence[tuple[str, bool]]] = ()
    opens: str = ""


def _entries(answer: Answer, find: Find) -> list[_Entry]:
    """Of the articles quoted; of the nearest, where it abstained and quotes none."""
    cited = exports.references([answer])
    if answer.abstained and not cited:
        cited = [Reference(article, ()) for article in render.nearest(answer.hits)]
    return [_entry(reference, find) for reference in cited]


def _entry(reference: Reference, find: Find) -> _Entry:
    article = reference.article
    if find(article.id) is None:
        return _Entry(reference)
    spans = joined(citation.span for citation in reference.citations)
    places = spans_of(spans)
    opens = f"../#article={quote(article.id, safe='')}" + (f"&spans={places}" if places else "")
    around = joined(_around(article.text, span) for span in spans)
    passages = [list(_parts(article.text, window, spans)) for window in around]
    # A quote that is its paragraph needs no other.
    return _Entry(reference, [parts for parts in passages if len(parts) > 1], opens)


def _around(text: str, span: Span) -> Span:
    """The paragraph of a quote; of a long one what is near it, in whole words."""
    start = text.rfind("\n\n", 0, span.start) + 2 if "\n\n" in text[: span.start] else 0
    end = text.find("\n\n", span.end) if "\n\n" in text[span.end :] else len(text)
    first, last = span.start - _MOST_AROUND, span.end + _MOST_AROUND
    if start < first:
        start = text.find(" ", first, span.start) + 1 or first
    if end > last:
        end = max(text.rfind(" ", span.end, last), span.end)
    return Span(start, end)


def _parts(text: str, window: Span, quotes: Iterable[Span]) -> Iterator[tuple[str, bool]]:
    """What lies in the window, its quotes apart; dots where a paragraph goes on."""
    if window.start and text[window.start - 1] != "\n":
        yield "… ", False
    place = window.start
    for span in quotes:
        if window.holds(span):
            if place < span.start:
                yield text[place : span.start], False
            yield span.of(text), True
            place = span.end
    if place < window.end:
        yield text[place : window.end], False
    if window.end < len(text) and text[window.end] != "\n":
        yield " …", False


def _numbered(text: str) -> Iterable[tuple[str, str]]:
    """An answer's text in parts, each with the number that stands behind it, if any."""
    parts = [*CITATION_MARK.split(text), ""]
    return zip(parts[::2], parts[1::2], strict=True)
