"""The log of a server: one line an event, on standard error, as text or as JSON.

A line carries the id of the request it belongs to. What was asked is never written at the level
`info`, which is the lowest that is shown.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)

# Set by LogRecord itself; whatever else a record has was given as `extra`.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def id_for(given: str | None) -> str:
    """The id that a client gave its request, if it is one that a log can hold, or a new one."""
    return given if given and _SANE_ID.fullmatch(given) else secrets.token_hex(8)


def configure(log_format: str) -> None:
    """Write what this project logs from now on. For programs only."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if log_format == "json" else TextLines())
    logger = logging.getLogger("qa")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
    for name in ("uvicorn", "mcp", "opentelemetry"):
        other = logging.getLogger(name)
        other.handlers = [handler]
        other.setLevel(logging.WARNING)
        other.propagate = False


class JsonLines(logging.Formatter):
    """One JSON object a line, times in UTC; what a call gives as `extra` are fields of it."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%S')}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get(),
            **_extra(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class TextLines(logging.Formatter):
    """`time level message name=value …`, and the traceback after a bug."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {"id": request_id.get(), **_extra(record)}
        told = "".join(f" {name}={value}" for name, value in fields.items() if value is not None)
        line = f"{self.formatTime(record, '%H:%M:%S')} {record.levelname.lower():7} "
        line += _one_line(record.getMessage()) + told
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _extra(record: logging.LogRecord) -> Mapping[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)
