"""What went wrong, as every door says it: a status and `{"error": {"type", "message"}}`.

    400 bad_request, 422 invalid   the request makes no sense, and the message says where
    401 unauthorized               the key is missing or wrong
    403 forbidden_origin           a web page of another site asks
    404 not_found, 405 method_not_allowed
    413 too_large                  the body has too many bytes
    421 wrong_host                 the server is addressed by a name it does not know
    429 too_many_requests          with Retry-After
    500 internal                   a bug; the log has its traceback under the request's id
    503 busy, unavailable          the index or the language model cannot serve now
    504 timeout                    it took longer than the settings allow

A message never repeats what was sent, nor tells of the inside: what the one who asks cannot mend is
said in a fixed sentence, and the log has the cause.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from qa.errors import AnswerError, IndexUnusable, ModelError, QAError, QuestionError

logger = logging.getLogger(__name__)

# The first that fits.
_UNAVAILABLE: tuple[tuple[type[QAError], str], ...] = (
    (AnswerError, "no language model is ready to answer. Ask again later, or for quotes."),
    (IndexUnusable, "the articles cannot be read just now. Ask again later."),
    (ModelError, "a model that the answer needs cannot be used just now. Ask again later."),
    (QAError, "the server cannot answer just now. Ask again later."),
)


class ApiError(Exception):
    """An answer that is an error."""

    def __init__(
        self, status: int, type: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.type = type
        self.message = message
        self.headers = dict(headers or {})

    def response(self) -> JSONResponse:
        """As it is sent."""
        return JSONResponse(body(self.type, self.message), self.status, self.headers)


def body(type: str, message: str) -> dict[str, Any]:
    """The JSON of an error."""
    return {"error": {"type": type, "message": message}}


def of(exc: QAError) -> ApiError:
    """The answer to an error that a person can mend: who asks, or who runs the server."""
    if isinstance(exc, QuestionError):
        return ApiError(422, "invalid", str(exc))
    logger.error("unavailable: %s", exc)
    return ApiError(503, "unavailable", next(m for k, m in _UNAVAILABLE if isinstance(exc, k)))


def internal(request_id: str) -> ApiError:
    """The answer to a bug."""
    message = f"something went wrong inside; the server's log has it under {request_id!r}."
    return ApiError(500, "internal", message)


def invalid(errors: Sequence[Mapping[str, Any]]) -> ApiError:
    """The answer to a body or query that does not fit its schema; names the first three places."""
    if any(error["type"] == "json_invalid" for error in errors):
        return ApiError(400, "bad_request", "the body is no JSON.")
    told = "; ".join(f"{_place(error['loc'])}: {_message(error)}" for error in errors[:3])
    more = f"; and {len(errors) - 3} more" if len(errors) > 3 else ""
    return ApiError(422, "invalid", f"{told}{more}. The fields are at /docs.")


async def on_api_error(_: Request, exc: Exception) -> JSONResponse:
    """A handler for FastAPI."""
    assert isinstance(exc, ApiError)
    return exc.response()


async def on_qa_error(_: Request, exc: Exception) -> JSONResponse:
    """A handler for FastAPI."""
    assert isinstance(exc, QAError)
    return of(exc).response()


async def on_invalid(_: Request, exc: Exception) -> JSONResponse:
    """A handler for FastAPI."""
    assert isinstance(exc, RequestValidationError)
    return invalid(exc.errors()).response()


async def on_http(_: Request, exc: Exception) -> JSONResponse:
    """A handler for FastAPI: what the router itself refuses."""
    assert isinstance(exc, HTTPException)
    type, message = _HTTP.get(exc.status_code, ("bad_request", "the request makes no sense."))
    return ApiError(exc.status_code, type, message, exc.headers).response()


_HTTP = {
    400: ("bad_request", "the body cannot be read as JSON."),
    404: ("not_found", "there is nothing at this address. The addresses are at /docs."),
    405: ("method_not_allowed", "this address takes another method; the header Allow names it."),
}


def _place(location: Sequence[Any]) -> str:
    """`body.history.3`; names that the client made up are not repeated."""
    parts = [str(part) for part in location if not (isinstance(part, str) and len(part) > 40)]
    return ".".join(part for part in parts if part.isascii() and part.isprintable()) or "body"


def _message(error: Mapping[str, Any]) -> str:
    if error["type"] == "model_attributes_type":
        return "should be a JSON object, sent with Content-Type: application/json"
    return str(error["msg"]).removeprefix("Value error, ").rstrip(".")
