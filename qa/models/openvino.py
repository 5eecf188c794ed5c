"""OpenVINO in this process, as an engine: reads twice as fast as llama.cpp on some processors.

That is with AVX-512 and its instructions for whole numbers (VNNI), for which it has kernels; see
docs/decisions.md for what was measured. It reads the .gguf file once, writes its own form of the
model beside it, and opens that from then on; it does not read every way of quantizing. What a
prompt shares with an earlier one is known by blocks of tokens, whichever conversation it was of.
Words that an answer copies from its prompt are guessed by looking them up there, and kept where
the model would have said the same.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
from collections import deque
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

from qa.errors import ModelError
from qa.models.engine import CONTEXT, PARALLEL, Event, Request, Run, too_long, yield_to_others

# Tokens read in one go. A request can be cancelled between two of these.
_BATCH = 128
# Blocks of 32 tokens that stay read: some twenty prompts, 15 kB a token of the 1.5B.
_BLOCK, _KEPT = 32, 512
# Words looked up in the prompt: so many tokens are guessed, after so many that agree.
_GUESSED, _AGREEING = 3, 3
_PROPERTIES: dict[str, object] = {
    "INFERENCE_PRECISION_HINT": "bf16",
    "DYNAMIC_QUANTIZATION_GROUP_SIZE": 32,
    "prompt_lookup": True,
}
_OR_ELSE = "Set `llm_engine` to llama.cpp to do without."


def converted(path: Path) -> Path:
    """The folder with OpenVINO's form of a .gguf file; made when it is not there, in 15 seconds.

    It takes the file's size on the disk once more, and 4 GB of memory for the 1.5B while it is
    made, in a process of its own.

    Raises:
        ModelError: it cannot be made.
    """
    folder = path.with_suffix(".openvino")
    if folder.is_dir() and folder.stat().st_mtime >= path.stat().st_mtime:
        return folder
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".openvino-") as work:
            made = Path(work, "made")
            made.mkdir()
            linked = made / path.name
            linked.symlink_to(path.resolve())
            command = [sys.executable, "-m", "qa.models.openvino", str(linked)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
            if done.returncode:
                said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
                raise ModelError(f"OpenVINO cannot read {str(path)!r}: {said[-1]}. {_OR_ELSE}")
            linked.unlink()
            if folder.is_dir():
                shutil.rmtree(folder)
            made.rename(folder)
    except OSError as exc:
        raise ModelError(
            f"OpenVINO's form of {str(path)!r} cannot be written: {exc.strerror}. {_OR_ELSE}"
        ) from exc
    return folder


def _genai() -> Any:
    """The package, without what would tell Google Analytics that it was loaded.

    OpenVINO does without that package where it cannot be imported; it has no setting for it.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino_genai

    return openvino_genai


@dataclass
class _Asked:
    """A request that the model is at."""

    run: Run
    request: Request
    handle: Any
    prompt: list[int]
    known: int
    read: int
    tokens: list[int] = field(default_factory=list)
    said: int = 0


class OpenVINO:
    """A model file, loaded; takes seconds, and about three times the file's size in memory.

    Raises:
        ModelError: OpenVINO cannot load it.
    """

    name = "openvino"

    def __init__(self, path: Path, threads: int | None) -> None:
        folder = converted(path)
        self._new: list[tuple[Run, Request]] = []
        self._before: deque[_Asked] = deque(maxlen=_KEPT * _BLOCK // CONTEXT)
        self._wake = threading.Condition()
        self._opened = threading.Event()
        self._failure: Exception | None = None
        start = (folder, threads)
        threading.Thread(target=self._work, args=start, name="openvino", daemon=True).start()
        self._opened.wait()
        if self._failure is not None:
            raise ModelError(
                f"OpenVINO cannot load {str(folder)!r}: {self._failure}. Remove that folder, and "
                f"it is made anew. {_OR_ELSE}"
            ) from self._failure

    def start(self, request: Request, timeout_s: float) -> Run:
        """See `engine.Engine`."""
        run = Run(timeout_s)
        with self._wake:
            self._new.append((run, request))
            self._wake.notify()
        return run

    def _work(self, folder: Path, threads: int | None) -> None:
        yield_to_others()
        try:
            self._open(folder, threads)
        except Exception as exc:
            self._failure = exc
            return
        finally:
            self._opened.set()
        asked: dict[int, _Asked] = {}
        number = 0
        while True:
            with self._wake:
                while not asked and not self._new:
                    self._wake.wait()
                new, self._new = self._new, []
            for run, request in new:
                number += 1
                begun = self._begin(run, request, number)
                if begun is not None:
                    asked[number] = begun
            for one in asked.values():
                if one.run.cancelled:
                    one.handle.cancel()
            try:
                if asked:
                    self._pipeline.step()
                asked = {n: one for n, one in asked.items() if not self._tell(one)}
            except Exception as exc:  # each of them is told; whoever asks next is served
                for one in asked.values():
                    one.handle.cancel()
                    one.run.end(exc)
                asked = {}

    def _open(self, folder: Path, threads: int | None) -> None:
        genai = self._genai = _genai()
        scheduler = genai.SchedulerConfig()
        scheduler.num_kv_blocks = _KEPT
        scheduler.enable_prefix_caching = True
        scheduler.max_num_batched_tokens = _BATCH
        scheduler.max_num_seqs = PARALLEL
        properties = dict(_PROPERTIES)
        if threads is not None:
            properties["INFERENCE_NUM_THREADS"] = threads
        self._pipeline = genai.ContinuousBatchingPipeline(folder, scheduler, "CPU", properties)
        self._tokenizer = self._pipeline.get_tokenizer()
        # What it reads first takes four seconds more, for its kernels are made then.
        warm = self._begin(Run(60.0), Request([{"role": "user", "content": "news " * 300}], 8), 0)
        assert warm is not None
        while not self._tell(warm):
            self._pipeline.step()
        self._before.clear()

    def _begin(self, run: Run, request: Request, number: int) -> _Asked | None:
        try:
            messages = [dict(message) for message in request.messages]
            text = self._tokenizer.apply_chat_template(messages, add_generation_prompt=True)
            tokens = self._tokenizer.encode(text, add_special_tokens=False).input_ids
            length = tokens.shape[1]
            if length >= CONTEXT:
                run.end(too_long(length))
                return None
            config = self._genai.GenerationConfig()
            config.max_new_tokens = min(request.max_tokens, CONTEXT - length)
            config.do_sample = request.temperature > 0
            if config.do_sample:
                config.temperature, config.top_p = request.temperature, request.top_p
                config.rng_seed = request.seed
            config.num_assistant_tokens, config.max_ngram_size = _GUESSED, _AGREEING
            handle = self._pipeline.add_request(number, tokens, config)
        except Exception as exc:  # told to whoever asked
            run.end(exc)
            return None
        prompt = tokens.data[0].tolist()
        known = max((_shared(prompt, one.prompt[: one.read]) for one in self._before), default=0)
        begun = _Asked(run, request, handle, prompt, known, known)
        self._before.append(begun)
        return begun

    def _tell(self, one: _Asked) -> bool:
        """Tell a run what is new of it; whether it is over."""
        reasons = self._genai.GenerationFinishReason
        reason = None
        while one.handle.can_read():
            for output in one.handle.read().values():
                one.tokens.extend(output.generated_ids)
                if output.finish_reason != reasons.NONE:
                    reason = "length" if output.finish_reason == reasons.LENGTH else "stop"
        if one.run.cancelled:
            one.run.end()
            return True
        if not one.tokens:
            one.read = min(len(one.prompt), one.read + _BATCH)
            one.run.put(Event(read=(one.read, len(one.prompt))))
            return False
        one.read = len(one.prompt)
        text = self._tokenizer.decode(one.tokens)
        stop = min((n for n in (text.find(s) for s in one.request.stop) if n >= 0), default=-1)
        if stop >= 0:
            text, reason = text[:stop], "stop"
            one.handle.cancel()
        # The last word may still change: half a letter, or the beginning of a stop sequence.
        steady = len(text) if reason else _steady(text, one.request.stop)
        if steady > one.said:
            one.run.put(Event(text=text[one.said : steady]))
            one.said = steady
        if reason is None:
            return False
        one.run.put(Event(ended=reason))
        one.run.put(Event(used=(len(one.prompt), len(one.tokens), one.known)))
        one.run.end()
        return True


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


if __name__ == "__main__":  # see `converted`
    _genai().LLMPipeline(sys.argv[1], "CPU", enable_save_ov_model=True)
