"""What went wrong, as every door says it: a status and `{"error": {"type", "message"}}`.

A message never repeats what was sent, nor tells of the inside: what the one who asks cannot mend is
said in a fixed sentence, and the log has the cause.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
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


# What is no bug.
KNOWN = (ApiError, QAError, ValidationError, RequestValidationError, HTTPException)


def body(type: str, message: str) -> dict[str, Any]:
    """The JSON of an error."""
    return {"error": {"type": type, "message": message}}


def of(exc: Exception) -> ApiError:
    """The answer to one of `KNOWN`, which a person can mend: who asks, or who runs the server."""
    match exc:
        case ApiError():
            return exc
        case QuestionError():
            return ApiError(422, "invalid", str(exc))
        case ValidationError() | RequestValidationError():
            return invalid(exc.errors())
        case HTTPException():  # what the router itself refuses
            usual = ("bad_request", "the request makes no sense.")
            return ApiError(exc.status_code, *_HTTP.get(exc.status_code, usual), exc.headers)
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


async def handle(_: Request, exc: Exception) -> JSONResponse:
    """A handler for FastAPI, of `KNOWN`."""
    return of(exc).response()


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
