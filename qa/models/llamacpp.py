"""llama.cpp's server in this process, as an engine: for any .gguf file, on any processor.

xllamacpp always opens its HTTP port as well; ours is on the loopback address, with a random key
that nobody is told, and its pages are switched off.
"""

from __future__ import annotations

import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from qa.errors import AnswerError, ModelError
from qa.models.engine import (
    CONTEXT,
    PARALLEL,
    Event,
    Request,
    Run,
    failed,
    too_long,
    yield_to_others,
)

# Tokens read in one go. A request can be cancelled between two of these.
_BATCH = 64
# Prompts whose state is kept aside, so that two system prompts do not push each other out.
_KEPT_MIB = 128
_QUIET = -1


class LlamaCpp:
    """A model file, loaded; takes seconds, and about the file's size in memory.

    Raises:
        ModelError: llama.cpp cannot load it.
    """

    name = "llama.cpp"

    def __init__(self, path: Path, threads: int | None) -> None:
        self._server = _serve(path, threads)

    def start(self, request: Request, timeout_s: float) -> Run:
        """See `engine.Engine`."""
        run = Run(timeout_s)
        asked = {
            **asdict(request),
            "cache_prompt": True,
            "stream": True,
            "stream_options": {"include_usage": True},
            # An event for each batch of the prompt, so that it can be cancelled while it is read.
            "return_progress": True,
            # Of models that can think aloud first: nobody would see it, and it takes minutes.
            "chat_template_kwargs": {"enable_thinking": False},
        }
        work = (run, asked)
        threading.Thread(target=self._work, args=work, name="llama", daemon=True).start()
        return run

    def _work(self, run: Run, asked: dict[str, Any]) -> None:
        failures: list[AnswerError] = []
        thoughts = Thoughts()

        def take(event: dict[str, Any]) -> bool:
            """Called by the server for each event; True tells it to stop."""
            if "error" in event:
                failures.append(_failure(event["error"]))
                return True
            for known in _read(event):
                text = thoughts.without(known.text, last=known.ended is not None)
                run.put(replace(known, text=text))
            return run.cancelled

        try:
            self._server.handle_chat_completions(asked, take)
        except (RuntimeError, ValueError) as exc:  # what xllamacpp makes of llama.cpp's exceptions
            failures.append(failed(exc))
        finally:
            run.end(failures[0] if failures else None)


def _read(event: dict[str, Any]) -> list[Event]:
    """An event of the server in our terms."""
    if "usage" in event:
        usage = event["usage"]
        prompt, written = usage["prompt_tokens"], usage["completion_tokens"]
        known = usage.get("prompt_tokens_details", {}).get("cached_tokens", 0)
        return [Event(used=(prompt, written, known))]
    found = []
    if "prompt_progress" in event:
        progress = event["prompt_progress"]
        found.append(Event(read=(progress["processed"], progress["total"])))
    for choice in event["choices"]:
        text, reason = choice["delta"].get("content") or "", choice["finish_reason"]
        if text or reason:
            found.append(Event(text=text, ended=reason))
    return found


def _serve(path: Path, threads: int | None) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = CONTEXT
    params.n_parallel = PARALLEL
    params.kv_unified = True  # the requests share the context instead of halving it
    params.n_batch = params.n_ubatch = _BATCH
    params.cache_ram_mib = _KEPT_MIB
    params.verbosity = _QUIET
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [secrets.token_hex(16)]
    params.ui = params.endpoint_slots = params.endpoint_props = False
    if threads is not None:
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    try:
        with ThreadPoolExecutor(1, thread_name_prefix="llama", initializer=yield_to_others) as pool:
            return pool.submit(xllamacpp.Server, params).result()
    except (RuntimeError, ValueError) as exc:
        raise ModelError(
            f"llama.cpp cannot load {str(path)!r}. Check it with `qa models verify`; there must "
            "also be about its size in free memory."
        ) from exc


def _failure(error: Any) -> AnswerError:
    """A server's error in words that say what to do."""
    if error.get("type") == "exceed_context_size_error":
        return too_long(error["n_prompt_tokens"])
    return failed(error["message"])


_BEGIN, _END = "<think>", "</think>"


class Thoughts:
    """One answer's text piece by piece, without what is in `<think>…</think>` before it.

    llama.cpp keeps apart those that a chat template tells of, and is asked for none; this is for
    models whose template does not say that they think.
    """

    def __init__(self) -> None:
        self._held = ""
        self._answering = False
        self._thought = False  # and nothing of the answer was said yet

    def without(self, text: str, *, last: bool = False) -> str:
        """What of the answer is known with this piece, thoughts left out.

        Args:
            text: the next piece.
            last: whether nothing comes after it. Thoughts that do not end are no answer.
        """
        if self._answering:
            text = text.lstrip() if self._thought else text
            self._thought = self._thought and not text
            return text
        self._held += text
        begun = self._held.lstrip()
        if begun.startswith(_BEGIN):
            _, end, answer = begun.partition(_END)
            self._answering, self._thought = bool(end), not answer.strip()
            return answer.lstrip()
        if not last and _BEGIN.startswith(begun):  # too early to tell
            return ""
        self._answering = True
        return self._held
