"""Text files: read whole, unpacked, and line by line as JSON; written whole or not at all."""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path

from qa.errors import QuestionError


def read_text(path: Path) -> str:
    """The text of a file, unpacked when it ends in .gz.

    Raises:
        QuestionError: it cannot be read, unpacked or decoded, or is empty.
    """
    try:
        data = path.read_bytes()
        if path.suffix.lower() == ".gz":
            data = gzip.decompress(data)
        text = data.decode("utf-8-sig")
    except gzip.BadGzipFile as exc:
        raise QuestionError(f"{path} is not a valid gzip file; is it compressed at all?") from exc
    except (EOFError, zlib.error) as exc:
        raise QuestionError(f"{path} is cut off or damaged; fetch it again.") from exc
    except UnicodeDecodeError as exc:
        line = exc.object[: exc.start].count(b"\n") + 1
        raise QuestionError(f"{path} is not UTF-8 text (line {line}); save it as UTF-8.") from exc
    except OSError as exc:
        raise QuestionError(f"{path} cannot be read: {exc.strerror or exc}.") from exc
    if not text.strip():
        raise QuestionError(f"{path} is empty.")
    return text


def json_object(line: str) -> Mapping[str, object] | QuestionError:
    """The object that a line holds, or what is wrong with it."""
    try:
        value = json.loads(line)
    except json.JSONDecodeError as exc:
        return QuestionError(f"not valid JSON ({exc.msg} at column {exc.colno})")
    except (ValueError, RecursionError):
        return QuestionError("not usable JSON: a number too long, or nested too deeply")
    if not isinstance(value, dict):
        return QuestionError(f"expected an object with a question, found {line.strip():.40}")
    return value


def write(path: Path, text: str) -> None:
    """Write a file in one step, and the folders above it.

    Raises:
        QuestionError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.new")
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as exc:
        raise QuestionError(f"{path} cannot be written: {exc.strerror or exc}.") from exc
