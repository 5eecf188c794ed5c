"""The routes: each checks nothing and decides nothing, it asks the desk and sends what comes.

The JSON is sent as the pipeline makes it; that it fits the documented models is tested.
"""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse, Response

import qa
from qa.server.api import openai, streaming
from qa.server.api.chat import ChatIn
from qa.server.api.desk import Desk
from qa.server.api.errors import ApiError
from qa.server.api.metrics import CONTENT_TYPE
from qa.server.api.schemas import (
    AnswerOut,
    ArticleOut,
    AskIn,
    ErrorOut,
    HealthOut,
    ReadyOut,
    SearchIn,
    SearchOut,
)

Responses = dict[int | str, dict[str, Any]]

_WHY = {
    400: "the body is no JSON",
    401: "the key is missing or wrong",
    403: "a web page of another origin asks",
    404: "there is no such thing",
    408: "the body did not arrive in time",
    413: "the body has too many bytes",
    421: "the server is not known by this name",
    422: "a field does not fit its schema, or is too long",
    429: "too many requests; Retry-After says when to come back",
    500: "a bug; the log has it under the request's id",
    503: "too many wait, the server stops, or the index or the language model cannot serve",
    504: "it took longer than the settings allow",
}


def _errors(*statuses: int) -> Responses:
    return {s: {"model": ErrorOut, "description": _WHY[s]} for s in sorted(statuses)}


def _or_events(events: str, **properties: object) -> Responses:
    """The errors of a route with a body, and that a 200 may also be a stream of events."""
    schema = {
        "type": "object",  # one event, as OpenAPI 3.2 describes them
        "description": events,
        "properties": {"data": {"type": "string"}, **properties},
        "required": ["data", *properties],
    }
    description = "the whole answer or, with `stream`, its events"
    content = {"text/event-stream": {"schema": schema}}
    return {200: {"description": description, "content": content}, **_BODY}


_GUARDED = _errors(401, 403, 408, 413, 421, 429, 500, 503)
_WORKING = _GUARDED | _errors(504)
_BODY = _WORKING | _errors(400, 422)

_EVENTS = (
    "`evidence`: the answer's JSON with its quotes and no text yet; `waiting`: `{place}`, in the "
    "line for the language model, 1 is next; `reading`: `{progress}`, the share of the passages "
    "that it has read; `text`: `{text}`, all that it has written so far, not checked yet; "
    "`final`: the answer; `error`"
)
_NAMES = {"type": "string", "enum": ["evidence", "waiting", "reading", "text", "final", "error"]}
_CHUNKS = "OpenAI's chunks, then `[DONE]`"

ArticleId = Annotated[str, Path(description="as in a citation or a hit", max_length=500)]


def answering(desk: Desk) -> APIRouter:
    """The project's own routes."""
    router = APIRouter(prefix="/v1", tags=["answers"])

    @router.post("/ask", response_model=AnswerOut, responses=_or_events(_EVENTS, event=_NAMES))
    async def ask(asked: AskIn, request: Request) -> Response:
        """Answer a question, with the exact sentences it rests on.

        The JSON is that of `qa ask --json`. Closing the connection stops the language model.
        """
        if asked.stream:
            return await streaming.respond(request, streaming.of_answer(desk.stream(asked)))
        return JSONResponse((await streaming.unless_gone(request, desk.ask(asked))).to_json())

    @router.post("/search", response_model=SearchOut, responses=_BODY)
    async def search(asked: SearchIn) -> Response:
        """Find the passages closest to a query, without answering: `qa search --json`."""
        return JSONResponse(await desk.search(asked))

    @router.get(
        "/articles/{id:path}", response_model=ArticleOut, responses=_WORKING | _errors(404, 422)
    )
    async def article(id: ArticleId) -> Response:
        """One article with its text."""
        found = await desk.article(id)
        if found is None:
            message = "the index holds no article of this id; take one from a citation or a hit."
            raise ApiError(404, "not_found", message)
        return JSONResponse(found)

    return router


def openai_compatible(desk: Desk) -> APIRouter:
    """What programs written for OpenAI's API ask for."""
    router = APIRouter(prefix="/v1", tags=["OpenAI's protocol"])
    started = int(time.time())

    @router.post("/chat/completions/", include_in_schema=False)
    @router.post(
        "/chat/completions",
        response_model=dict[str, Any],
        responses=_or_events(_CHUNKS) | _errors(404),
    )
    async def complete(chat: ChatIn, request: Request) -> Response:
        """Answer the last message of a conversation, in the form of OpenAI's API.

        Beside OpenAI's fields, `citations` holds the quotes and `qa` says how sure the answer is.
        """
        if chat.stream:
            return await streaming.respond(request, openai.stream(desk, chat))
        return JSONResponse(await streaming.unless_gone(request, openai.complete(desk, chat)))

    @router.get("/models/", include_in_schema=False)
    @router.get("/models", responses=_GUARDED)
    async def models() -> dict[str, Any]:
        """The answerers, as models."""
        return openai.models(started)

    @router.get("/models/{name}", responses=_GUARDED | _errors(404, 422))
    async def model(name: Annotated[str, Path(max_length=200)]) -> dict[str, Any]:
        """One of them."""
        return openai.model(name, started)

    return router


def operating(desk: Desk) -> APIRouter:
    """What those who run the server look at."""
    router = APIRouter(tags=["operation"])

    @router.get("/healthz", responses=_errors(500))
    async def healthz() -> HealthOut:
        """Whether the server runs. Needs no key."""
        return HealthOut(status="ok", version=qa.__version__)

    @router.get("/readyz", responses=_errors(500, 503, 504))
    async def readyz() -> ReadyOut:
        """Whether it can answer, and how far the language model is. Needs no key."""
        llm = desk.assistant.llm_status()
        return ReadyOut(
            status="ready",
            articles=await desk.count(),
            llm={"state": llm.state, "fraction": round(llm.fraction, 3)},
        )

    @router.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}}, **_GUARDED},
    )
    async def metrics() -> Response:
        """Counts and times in Prometheus's format, of what came through the API."""
        return Response(desk.metrics.text(), media_type=CONTENT_TYPE)

    return router
