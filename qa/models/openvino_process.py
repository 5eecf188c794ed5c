"""OpenVINO's side of the engine, in a process of its own; see `openvino`, which starts it.

    python -m qa.models.openvino_process '{"folder": …, "threads": …, "properties": …}'

Takes JSON, a line each: a request with its number as "run", or the number of one to "cancel".
Writes JSON too: "ready", or why it cannot be loaded as "failed"; then for each run what became
known of it, and at last "end", which is null or says what failed. Ends with its input.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from itertools import takewhile
from typing import Any

from qa.errors import AnswerError
from qa.models.engine import (
    CONTEXT,
    PARALLEL,
    Event,
    Request,
    failed,
    too_long,
    yield_to_others,
)

# Tokens read in one go. A request can be cancelled between two of these.
_BATCH = 128
# Blocks of 32 tokens that stay read: some twenty prompts, 15 kB a token of the 1.5B.
_BLOCK, _KEPT = 32, 512
# Words looked up in the prompt: so many tokens are guessed, after so many that agree.
_GUESSED, _AGREEING = 3, 3

Tell = Callable[[dict[str, Any]], None]


def genai() -> Any:
    """The package, without what would tell Google Analytics that it was loaded.

    OpenVINO does without that package where it cannot be imported; it has no setting for it.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino_genai

    return openvino_genai


@dataclass
class _Asked:
    """A request that the model is at."""

    run: int
    request: Request
    handle: Any
    prompt: list[int]
    known: int
    read: int
    tokens: list[int] = field(default_factory=list)
    said: int = 0


class Loaded:
    """The model, loaded: takes requests and works at them a step at a time."""

    def __init__(
        self, folder: str, threads: int | None, properties: dict[str, Any], tell: Tell
    ) -> None:
        self._tell_parent: Tell = lambda message: None  # until it is warm
        self._asked: dict[int, _Asked] = {}
        self._before: deque[_Asked] = deque(maxlen=_KEPT * _BLOCK // CONTEXT)
        self._genai = genai()
        scheduler = self._genai.SchedulerConfig()
        scheduler.num_kv_blocks = _KEPT
        scheduler.enable_prefix_caching = True
        scheduler.max_num_batched_tokens = _BATCH
        scheduler.max_num_seqs = PARALLEL
        if threads is not None:
            properties["INFERENCE_NUM_THREADS"] = threads
        self._pipeline = self._genai.ContinuousBatchingPipeline(
            folder, scheduler, "CPU", properties
        )
        self._tokenizer = self._pipeline.get_tokenizer()
        # What it reads first takes four seconds more, for its kernels are made then.
        self.begin(0, Request([{"role": "user", "content": "news " * 300}], 8))
        while self.busy:
            self.step()
        self._before.clear()
        self._tell_parent = tell

    @property
    def busy(self) -> bool:
        """Whether it is at any request."""
        return bool(self._asked)

    def begin(self, run: int, request: Request) -> None:
        """Take a request."""
        try:
            begun = self._begun(run, request)
        except Exception as exc:  # told to whoever asked
            self._end(run, failed(exc))
            return
        if begun is not None:
            self._asked[run] = begun
            self._before.append(begun)

    def cancel(self, run: int) -> None:
        """Nobody wants the rest."""
        asked = self._asked.pop(run, None)
        if asked is not None:
            asked.handle.cancel()
            self._end(run)

    def step(self) -> None:
        """Read a batch, or write a token of each."""
        try:
            self._pipeline.step()
            for one in list(self._asked.values()):
                self._tell(one)
        except Exception as exc:  # each of them is told; whoever asks next is served
            for run, one in self._asked.items():
                one.handle.cancel()
                self._end(run, failed(exc))
            self._asked = {}

    def _begun(self, run: int, request: Request) -> _Asked | None:
        messages = [dict(message) for message in request.messages]
        text = self._tokenizer.apply_chat_template(messages, add_generation_prompt=True)
        tokens = self._tokenizer.encode(text, add_special_tokens=False).input_ids
        length = tokens.shape[1]
        if length >= CONTEXT:
            self._end(run, too_long(length))
            return None
        config = self._genai.GenerationConfig()
        config.max_new_tokens = min(request.max_tokens, CONTEXT - length)
        config.do_sample = request.temperature > 0
        if config.do_sample:
            config.temperature, config.top_p = request.temperature, request.top_p
            config.rng_seed = request.seed
        config.num_assistant_tokens, config.max_ngram_size = _GUESSED, _AGREEING
        handle = self._pipeline.add_request(run, tokens, config)
        prompt = tokens.data[0].tolist()
        known = max((_shared(prompt, one.prompt[: one.read]) for one in self._before), default=0)
        return _Asked(run, request, handle, prompt, known, known)

    def _put(self, run: int, event: Event) -> None:
        self._tell_parent({"run": run, **asdict(event)})

    def _end(self, run: int, failure: AnswerError | None = None) -> None:
        self._tell_parent({"run": run, "end": str(failure) if failure else None})

    def _tell(self, one: _Asked) -> None:
        """Tell what is new of a run."""
        reasons = self._genai.GenerationFinishReason
        reason = None
        while one.handle.can_read():
            for output in one.handle.read().values():
                one.tokens.extend(output.generated_ids)
                if output.finish_reason != reasons.NONE:
                    reason = "length" if output.finish_reason == reasons.LENGTH else "stop"
        if not one.tokens:
            one.read = min(len(one.prompt), one.read + _BATCH)
            self._put(one.run, Event(read=(one.read, len(one.prompt))))
            return
        one.read = len(one.prompt)
        text = self._tokenizer.decode(one.tokens)
        stop = min((n for n in (text.find(s) for s in one.request.stop) if n >= 0), default=-1)
        if stop >= 0:
            text, reason = text[:stop], "stop"
            one.handle.cancel()
        # The last word may still change: half a letter, or the beginning of a stop sequence.
        steady = len(text) if reason else _steady(text, one.request.stop)
        if steady > one.said:
            self._put(one.run, Event(text=text[one.said : steady]))
            one.said = steady
        if reason is not None:
            self._put(one.run, Event(ended=reason))
            self._put(one.run, Event(used=(len(one.prompt), len(one.tokens), one.known)))
            self._end(one.run)
            del self._asked[one.run]


def _shared(prompt: list[int], before: list[int]) -> int:
    """How many tokens at the beginning of a prompt were read before, in whole blocks."""
    pairs = zip(prompt, before, strict=False)
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return shared // _BLOCK * _BLOCK


def _steady(text: str, stop: tuple[str, ...]) -> int:
    """How much of a text will not change any more."""
    end = len(text.rstrip("\ufffd"))
    for sequence in stop:
        for size in range(1, len(sequence)):
            if text.endswith(sequence[:size]):
                end = min(end, len(text) - size)
    return end


def main() -> None:
    """Work until the input ends."""
    for name in (signal.SIGINT, signal.SIGTERM):  # the parent ends it, when answers are complete
        signal.signal(name, signal.SIG_IGN)
    told = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # what a library prints is no message
    yield_to_others()

    def tell(message: dict[str, Any]) -> None:
        told.write(json.dumps(message) + "\n")

    wanted: queue.Queue[dict[str, Any]] = queue.Queue()

    def listen() -> None:
        for line in sys.stdin:
            wanted.put(json.loads(line))
        os._exit(0)  # whatever it is at

    threading.Thread(target=listen, daemon=True).start()
    try:
        loaded = Loaded(**json.loads(sys.argv[1]), tell=tell)
    except Exception as exc:
        tell({"failed": str(exc)})
        return
    tell({"ready": True})
    while True:
        while not (wanted.empty() and loaded.busy):
            message = wanted.get()
            if "cancel" in message:
                loaded.cancel(message["cancel"])
            else:
                loaded.begin(message.pop("run"), Request(**message))
        loaded.step()


if __name__ == "__main__":
    main()
