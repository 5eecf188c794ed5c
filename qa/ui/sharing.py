"""Addresses beside the page: the answer behind a link, and conversations as files.

A shared answer is a page of its own that runs nothing and asks for nothing, not even from this
server: text, one style sheet inside, and links that only a reader's click follows. Its words are
those of the day it was answered. Where the settings name logins, only who is logged in reads it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import re
from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from qa.answer import Language
from qa.article import PartialDate
from qa.conversations import Conversations, KeptTurn
from qa.errors import ConversationsUnusable
from qa.ui import render, transcript
from qa.ui.looks import data
from qa.ui.texts import TEXTS, Texts, language_of
from qa.ui.visitors import Visitors

_STYLE = data("shared.css")
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
_NEAREST = 3

log = logging.getLogger(__name__)


def add_addresses(app: FastAPI, conversations: Conversations, visitors: Visitors) -> None:
    """Put `/share/…` and `/conversations/…` on the page's server."""

    @app.get("/share/{token}", include_in_schema=False)
    def share(token: str, request: Request) -> Response:
        asked_in = language_of(request.headers.get("accept-language"))
        words = TEXTS[asked_in].talks
        if visitors.logins and visitors.of_request(request) is None:
            return _says(words.log_in, asked_in, 401)
        try:
            turn = conversations.shared(token)
        except ConversationsUnusable:
            return _unusable(asked_in)
        if turn is None:
            return _says(words.no_link, asked_in, 404)
        return HTMLResponse(answer_page(turn), headers=HEADERS)

    @app.get("/conversations/{id}.{kind}", include_in_schema=False)
    def export(id: str, kind: str, request: Request) -> Response:
        owner = visitors.of_request(request)
        asked_in = language_of(
            request.query_params.get("language") or request.headers.get("accept-language")
        )
        try:
            found = conversations.read(owner, id) if owner and kind in ("md", "json") else None
        except ConversationsUnusable:
            return _unusable(asked_in)
        if found is None:
            return _says(TEXTS[asked_in].talks.gone, asked_in, 404)
        headers = {**HEADERS, "Content-Disposition": _attached(found[0].title, kind)}
        if kind == "json":
            text = json.dumps(transcript.as_json(*found), ensure_ascii=False, indent=2)
            return Response(text, media_type="application/json", headers=headers)
        text = transcript.as_markdown(*found, TEXTS[asked_in])
        return Response(text, media_type="text/markdown; charset=utf-8", headers=headers)


def _unusable(language: Language) -> Response:
    """The file fails: the log says why, whoever asks only that it does."""
    log.exception("a kept answer cannot be read")
    return _says(TEXTS[language].talks.unusable, language, 503)


def _attached(title: str, kind: str) -> str:
    """The header that names the file, in letters that every browser and disk take."""
    name = re.sub(r"[^\w-]+", "-", title).strip("-")[:60] or "conversation"
    plain = name.encode("ascii", "ignore").decode() or "conversation"
    return f"attachment; filename=\"{plain}.{kind}\"; filename*=UTF-8''{quote(f'{name}.{kind}')}"


def _says(message: str, language: Language, status: int) -> HTMLResponse:
    page = _page(language, "qa", f"<p>{escape(message)}</p>")
    return HTMLResponse(page, status, headers=HEADERS)


def answer_page(turn: KeptTurn) -> str:
    """The page of one answer, in the answer's language."""
    document = turn.document
    texts = TEXTS[language_of(document["language"])]
    words = texts.talks
    understood = ""
    if document["standalone_question"].strip() not in ("", document["question"].strip()):
        understood = (
            f'<p class="note">{escape(texts.understood)} – '
            f"{escape(document['standalone_question'])}</p>"
        )
    day = texts.day(PartialDate.of(turn.asked.astimezone()))
    return _page(
        texts.language,
        document["question"],
        f'<p class="note">{escape(words.read_only)}</p>'
        f"<h1>{escape(document['question'])}</h1>{understood}"
        f'<p class="answer">{escape(document["answer"])}</p>'
        f"{_evidence(document, texts)}<footer>{escape(words.shared_on.format(day=day))}</footer>",
    )


def _evidence(document: Mapping[str, Any], texts: Texts) -> str:
    words = texts.talks
    if document["citations"]:
        items = "".join(_citation(citation, texts) for citation in document["citations"])
        heading = words.nearest if document["abstained"] else words.quotes
        return f"<h2>{escape(heading)}</h2><ol>{items}</ol>"
    hits = {hit["article_id"]: hit for hit in document["hits"]} if document["abstained"] else {}
    if not hits:
        return ""
    items = "".join(
        f"<li><h3>{escape(hit['title'] or texts.untitled)}</h3>"
        f'<p class="where">{escape(texts.day(PartialDate.of(hit["date"])))}</p></li>'
        for hit in list(hits.values())[:_NEAREST]
    )
    return f"<h2>{escape(words.nearest)}</h2><ul>{items}</ul>"


def _citation(citation: Mapping[str, Any], texts: Texts) -> str:
    language = escape(citation["language"])
    known = (
        texts.day(PartialDate.of(citation["date"])),
        citation["source"],
        texts.talks.characters.format(**citation),
    )
    link = render.safe_link(citation["url"])
    url = ""
    if link:
        url = (
            f'<p class="where"><a href="{escape(link)}" rel="noopener noreferrer nofollow">'
            f"{escape(link)}</a></p>"
        )
    return (
        f'<li><blockquote lang="{language}">{escape(citation["quote"])}</blockquote>'
        f'<h3 lang="{language}">[{citation["n"]}] {escape(citation["title"] or texts.untitled)}'
        f'</h3><p class="where">{escape(" · ".join(part for part in known if part))}</p>{url}</li>'
    )


def _page(language: Language, title: str, content: str) -> str:
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f'<body><main><p class="name">qa</p>{content}</main></body></html>\n'
    )
