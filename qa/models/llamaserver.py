"""llama.cpp's server, driven from Python: one loaded model, and requests that can be cancelled.

xllamacpp always opens its HTTP port as well; ours is on the loopback address, with a random key
that nobody is told, and its pages are switched off. Knows nothing about LangChain.
"""

from __future__ import annotations

import atexit
import json
import os
import queue
import secrets
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from qa.errors import AnswerError, ModelError

_NICENESS = 5

CONTEXT = 4096
PARALLEL = 2
# Tokens read in one go. A request can be cancelled between two of these.
BATCH = 64
# Prompts whose state is kept aside, so that two system prompts do not push each other out.
KEPT_MIB = 128
_QUIET = -1


class Run:
    """One request, running in a thread of its own."""

    def __init__(self, server: Any, request: dict[str, Any], timeout_s: float) -> None:
        self._server = server
        self._request = request
        self._timeout_s = timeout_s
        self._deadline = time.monotonic() + timeout_s
        self._queue: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._cancelled = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="llama", daemon=True)
        _RUNS.add(self)
        self._thread.start()

    def events(self) -> Iterator[dict[str, Any]]:
        """The server's events, until the answer is complete.

        Raises:
            AnswerError: the model failed, or the time is up.
        """
        while True:
            try:
                event = self._queue.get(timeout=max(0.0, self._deadline - time.monotonic()))
            except queue.Empty:
                raise AnswerError(
                    f"the language model did not finish within {self._timeout_s:g} s. Raise "
                    "`llm_timeout_s`, take a smaller model, or set `answerer` to extractive."
                ) from None
            if event is None:
                break
            if "error" in event:
                raise AnswerError(_explain(event["error"]))
            yield event
        if self._failure is not None:
            raise AnswerError(
                f"the language model failed: {self._failure}. Check it with `qa models verify`."
            ) from self._failure

    def cancel(self) -> None:
        """Have the model stop after the batch or token that it is at."""
        self._cancelled.set()

    def join(self, timeout: float) -> None:
        self._thread.join(timeout)

    def _work(self) -> None:
        try:
            self._server.handle_chat_completions(self._request, self._take)
        except (RuntimeError, ValueError) as exc:  # what xllamacpp makes of llama.cpp's exceptions
            self._failure = exc
        finally:
            _RUNS.discard(self)
            self._queue.put(None)

    def _take(self, event: dict[str, Any]) -> bool:
        """Called by the server for each event; True tells it to stop."""
        self._queue.put(event)
        return self._cancelled.is_set()


# Every run under way, in the whole process: a thread that is still inside llama.cpp when the
# interpreter is taken down would crash it.
_RUNS: set[Run] = set()


@atexit.register
def _end_runs() -> None:
    runs = list(_RUNS)
    for run in runs:
        run.cancel()
    for run in runs:
        run.join(10.0)


def serve(path: Path, threads: int | None) -> Any:
    """llama.cpp's server for a model file."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = CONTEXT
    params.n_parallel = PARALLEL
    params.kv_unified = True  # the requests share the context instead of halving it
    params.n_batch = params.n_ubatch = BATCH
    params.cache_ram_mib = KEPT_MIB
    params.verbosity = _QUIET
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [secrets.token_hex(16)]
    params.ui = params.endpoint_slots = params.endpoint_props = False
    if threads is not None:
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    try:
        with ThreadPoolExecutor(
            1, thread_name_prefix="llama", initializer=_yield_to_others
        ) as pool:
            return pool.submit(xllamacpp.Server, params).result()
    except (RuntimeError, ValueError) as exc:
        raise ModelError(
            f"llama.cpp cannot load {str(path)!r}. Check it with `qa models verify`; there must "
            "also be about its size in free memory."
        ) from exc


def _yield_to_others() -> None:
    """Quotes go first where cores are scarce: a model's threads inherit this one's niceness.

    On an idle machine it changes nothing. Only Linux has it by thread.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


def _explain(error: Any) -> str:
    """A server's error in words that say what to do."""
    if isinstance(error, dict) and error.get("type") == "exceed_context_size_error":
        return (
            f"the prompt has {error.get('n_prompt_tokens')} tokens and the language model reads "
            f"{error.get('n_ctx')}. Ask a shorter question, or lower `passage_chars`."
        )
    message = error.get("message") if isinstance(error, dict) else json.dumps(error)
    return f"the language model failed: {message}. Check the model with `qa models verify`."
