"""OpenVINO as an engine: reads twice as fast as llama.cpp on some processors.

That is with AVX-512 and its instructions for whole numbers (VNNI), for which it has kernels; see
docs/benchmarks/engines.md for figures. It reads the .gguf file once, writes its own form of the
model beside it, and opens that from then on; it does not read every way of quantizing. What a
prompt shares with an earlier one is known by blocks of tokens, whichever conversation it was of.
Words that an answer copies from its prompt are guessed by looking them up there, and kept where
the model would have said the same.

It runs in a process of its own (`openvino_process`), for it lets no other Python thread run while
it reads a batch, which takes a second.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from qa.errors import AnswerError, ModelError
from qa.models.engine import Event, Request, Run
from qa.models.openvino_process import genai

_PROPERTIES: dict[str, object] = {
    "INFERENCE_PRECISION_HINT": "bf16",
    "DYNAMIC_QUANTIZATION_GROUP_SIZE": 32,
    "prompt_lookup": True,
}
# Names of numpy for groups of instructions, each with AVX-512 VNNI.
_WITH_VNNI = {"AVX512_ICL", "AVX512_SPR"}
_OR_ELSE = "Set `llm_engine` to llama.cpp to do without."
_PATIENCE_S = 5.0


def suits() -> bool:
    """Whether OpenVINO is here, and the processor has the instructions that it is fast with."""
    found = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    return find_spec("openvino_genai") is not None and not _WITH_VNNI.isdisjoint(found)


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


class OpenVINO:
    """A model file, loaded; takes seconds, and about three times the file's size in memory.

    Should its process end, by a crash or by someone's hand, the next request starts another.

    Args:
        path: of the file.
        threads: to use; None is one a core.
        properties: of OpenVINO's CPU plugin, over ours; what lab/benchmarks/engines.py compares.

    Raises:
        ModelError: OpenVINO is not installed, or cannot load it.
    """

    name = "openvino"

    def __init__(
        self, path: Path, threads: int | None, properties: Mapping[str, object] | None = None
    ) -> None:
        if find_spec("openvino_genai") is None:
            raise ModelError(f"there is no OpenVINO for this machine. {_OR_ELSE}")
        self._folder = converted(path)
        wanted = {**_PROPERTIES, **(properties or {})}
        start = {"folder": str(self._folder), "threads": threads, "properties": wanted}
        self._command = [sys.executable, "-m", "qa.models.openvino_process", json.dumps(start)]
        self._numbers = count(1)
        self._changing = threading.Lock()
        self._child = self._started()

    def start(self, request: Request, timeout_s: float) -> Run:
        """See `engine.Engine`."""
        with self._changing:
            if self._child.process.poll() is not None:
                self._child = self._started()
            child, number = self._child, next(self._numbers)
        run = Run(timeout_s, lambda: child.send({"cancel": number}))
        child.runs[number] = run
        child.send({"run": number, **asdict(request)})
        if child.over:  # since we looked
            child.end()
        return run

    def _started(self) -> _Child:
        process = subprocess.Popen(  # noqa: S603
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        weakref.finalize(self, _end, process)
        assert process.stdout is not None
        first = process.stdout.readline()
        if "ready" not in first:
            _end(process)
            why = json.loads(first)["failed"] if first else f"exit code {process.returncode}"
            raise ModelError(
                f"OpenVINO cannot load {str(self._folder)!r}: {why}. Remove that folder, and it "
                f"is made anew. {_OR_ELSE}"
            )
        return _Child(process)


class _Child:
    """The process, and the runs that it is at."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.runs: dict[int, Run] = {}
        self.over = False
        self._sending = threading.Lock()
        threading.Thread(target=self._listen, name="openvino", daemon=True).start()

    def send(self, message: dict[str, Any]) -> None:
        """Tell it something; whoever waits for a process that is gone hears of it by `end`."""
        assert self.process.stdin is not None
        with self._sending, suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()

    def end(self) -> None:
        """Tell everybody whose answer it was at that it is gone."""
        failure = AnswerError(
            f"OpenVINO's process ended (exit code {self.process.wait()}); the next question "
            f"starts another. If it ends again, there may be too little memory. {_OR_ELSE}"
        )
        for number in list(self.runs):
            run = self.runs.pop(number, None)
            if run is not None:
                run.end(failure)

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            message = json.loads(line)
            number = message.pop("run")
            if "end" not in message:
                self.runs[number].put(Event(**message))
                continue
            failure = message["end"]
            self.runs.pop(number).end(AnswerError(failure) if failure else None)
        self.over = True
        self.end()


def _end(process: subprocess.Popen[str]) -> None:
    """Its input ends, and so does it."""
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(BrokenPipeError):
        process.stdin.close()
    try:
        process.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()


if __name__ == "__main__":  # see `converted`
    genai().LLMPipeline(sys.argv[1], "CPU", enable_save_ov_model=True)
