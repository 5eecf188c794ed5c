"""Language models behind an API: a stand-in server on the loopback interface plays every part."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage

from qa.answering.generative import write
from qa.errors import AnswerError, MissingExtra, ModelError
from qa.models import LocalModel, open_llm
from qa.models.api_llm import OLLAMA_URL
from qa.models.llamacpp import Thoughts
from qa.settings import Settings

KEY = "sk-secret-0123456789abcdef"
ASK = [HumanMessage("Where?")]


@dataclass
class Server:
    """How the server answers next, and what it was asked.

    Attributes:
        words: streamed one by one.
        pause_s: before each word.
        silent_s: before anything.
        status: of the answer; the body of an error repeats the key it was sent.
        asked: bodies of the requests.
        keys: their Authorization headers.
        sent: words that went out.
    """

    url: str = ""
    words: tuple[str, ...] = ("In ", "Tobruk ", "[1].")
    pause_s: float = 0.0
    silent_s: float = 0.0
    status: int = 200
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    sent: int = 0


class Engines:
    """Both engines, played; the processor, too."""

    failing = ""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._folder, self._patch = folder, patch
        patch.setattr("qa.models.llm.status", lambda entry, settings: "ready")
        patch.setattr("qa.models.llm.OpenVINO", partial(self._engine, "openvino"))
        patch.setattr("qa.models.llm.LlamaCpp", partial(self._engine, "llama.cpp"))

    def open(self, llm: str, engine: str, *, suits: bool = True) -> str:
        """What runs it."""
        self._patch.setattr("qa.models.llm.suits", lambda: suits)
        values = {"llm": llm, "llm_engine": engine, "models_dir": self._folder}
        settings = Settings.load(values, directory=self._folder)
        model = open_llm(settings)
        assert isinstance(model, LocalModel)
        return model.engine

    def _engine(self, name: str, path: Path, threads: int | None) -> SimpleNamespace:
        if name == self.failing:
            raise ModelError(f"{name} fails")
        return SimpleNamespace(name=name)


@pytest.fixture
def engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engines:
    return Engines(tmp_path, monkeypatch)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.asked.append(json.loads(body))
            state.keys.append(self.headers.get("Authorization", ""))
            time.sleep(state.silent_s)
            try:
                self.send_response(state.status)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                self.answer()
            except (BrokenPipeError, ConnectionResetError):
                return

        def answer(self) -> None:
            if state.status != 200:
                error = {"message": f"refused: {state.keys[-1]}", "type": "invalid"}
                self.wfile.write(json.dumps({"error": error}).encode())
                return
            for word in state.words:
                time.sleep(state.pause_s)
                self.event({"choices": [{"index": 0, "delta": {"content": word}}]})
                state.sent += 1
            usage = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
            self.event({"choices": [], "usage": usage})
            self.wfile.write(b"data: [DONE]\n\n")

        def event(self, content: dict[str, Any]) -> None:
            data = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
            self.wfile.write(f"data: {json.dumps(data | content)}\n\n".encode())
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    state.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    yield state
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE"):
        monkeypatch.delenv(name, raising=False)


Opener = Callable[..., BaseChatModel]


@pytest.fixture
def opened(server: Server) -> Opener:
    def open_it(llm: str = "openai:m", **changes: Any) -> BaseChatModel:
        settings = Settings(llm=llm, llm_base_url=server.url, **{"llm_timeout_s": 5, **changes})
        model = open_llm(settings)
        assert model is not None
        return model

    return open_it


@pytest.mark.parametrize("llm", ["openai:some-model", "ollama:some-model"])
def test_words_stream_as_they_come(opened: Opener, server: Server, llm: str):
    drafts = list(write(opened(llm), ASK))
    assert [draft.text for draft in drafts if draft.text][:3] == [
        "In ",
        "In Tobruk ",
        "In Tobruk [1].",
    ]
    assert drafts[-1].tokens == {"prompt": 9, "completion": 3}
    [request] = server.asked
    assert request["model"] == "some-model"
    assert request["temperature"] == 0
    assert request["messages"] == [{"role": "user", "content": "Where?"}]


def test_a_whole_answer_at_once(opened: Opener):
    message = opened("ollama:m").invoke(ASK)
    assert message.text == "In Tobruk [1]."
    assert message.usage_metadata
    assert message.usage_metadata["output_tokens"] == 3


def test_leaving_the_stream_stops_the_service(opened: Opener, server: Server):
    server.words, server.pause_s = ("word ",) * 200, 0.01
    drafts = write(opened(), ASK)
    next(drafts)
    drafts.close()  # type: ignore[attr-defined]
    time.sleep(0.3)
    sent = server.sent
    time.sleep(0.2)
    assert server.sent == sent < 100


def test_the_time_limit_holds_while_words_still_come(opened: Opener, server: Server):
    server.words, server.pause_s = ("word ",) * 200, 0.05
    started = time.monotonic()
    with pytest.raises(AnswerError, match=r"openai:m did not finish within 0\.5 s.*llm_timeout_s"):
        list(write(opened(llm_timeout_s=0.5), ASK))
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("silence", ["silent_s", "pause_s"])
def test_the_time_limit_holds_while_nothing_comes(opened: Opener, server: Server, silence: str):
    """A second try made it twice as long as was asked for."""
    setattr(server, silence, 4)
    started = time.monotonic()
    with pytest.raises(AnswerError, match="openai:m"):
        list(write(opened(llm_timeout_s=1), ASK))
    assert time.monotonic() - started < 1.9


def test_a_service_that_is_not_there_is_named(server: Server):
    model = open_llm(Settings(llm="ollama:m", llm_base_url="http://127.0.0.1:9/v1"))
    assert model is not None
    with pytest.raises(AnswerError, match=r"ollama:m failed: .*Check that the service runs"):
        list(write(model, ASK))


@pytest.mark.parametrize("status", [401, 429, 500])
def test_a_key_is_sent_and_never_printed(
    opened: Opener,
    server: Server,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    server.status = status
    model = opened()
    with pytest.raises(AnswerError, match="openai:m failed") as caught:
        list(write(model, ASK))
    assert server.keys[0] == f"Bearer {KEY}"
    seen = f"{caught.value} {caught.value.__cause__} {model!r} {model} {caplog.text}"
    assert KEY not in seen


def test_an_own_server_needs_no_key_and_ollama_gets_none(
    opened: Opener, server: Server, monkeypatch: pytest.MonkeyPatch
):
    list(write(opened(), ASK))
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    list(write(opened("ollama:m"), ASK))
    assert server.keys == ["Bearer none"] * 2


@pytest.mark.parametrize(
    ("llm", "variable"),
    [("openai:gpt-4.1-mini", "OPENAI_API_KEY"), ("anthropic:claude", "ANTHROPIC_API_KEY")],
)
def test_a_key_that_is_needed_is_asked_for(
    llm: str, variable: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    with pytest.raises(ModelError, match=f"set the environment variable {variable}"):
        open_llm(Settings(llm=llm))


@pytest.mark.parametrize(
    ("llm", "extra"), [("openai:m", "openai"), ("ollama:m", "openai"), ("anthropic:m", "anthropic")]
)
def test_a_package_that_is_not_there_names_the_extra(
    llm: str, extra: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=rf"pip install 'qa-news\[{extra}\]'"):
        open_llm(Settings(llm=llm, llm_base_url="http://127.0.0.1:9/v1"))


@pytest.mark.parametrize("llm", ["gpt-4", "openai:", "mystery:m", "multilingual-e5", ""])
def test_an_unknown_name_lists_what_there_is(llm: str):
    with pytest.raises(ModelError, match=r"none, qwen2\.5-coder.*\.gguf file, openai:NAME, ollama"):
        open_llm(Settings(llm=llm))


def test_none_is_none():
    assert open_llm(Settings(llm="none")) is None


def test_one_of_the_catalogue_that_cannot_be_opened_says_what_to_do(tmp_path: Path):
    name = "qwen2.5-coder-0.5b-instruct"
    with pytest.raises(ModelError, match=rf"is missing in .*qa models pull {name}"):
        open_llm(Settings(llm=name, models_dir=tmp_path))
    with pytest.raises(ModelError, match=r"Choose from: qwen"):
        open_llm(Settings(llm="multilingual-e5-small"))


def test_ollama_is_looked_for_on_this_machine():
    assert OLLAMA_URL == "http://127.0.0.1:11434/v1"
    model = open_llm(Settings(llm="ollama:m"))
    assert str(model.inner.openai_api_base) == OLLAMA_URL  # type: ignore[union-attr]


# Files that are run here


def test_a_file_that_is_not_there(tmp_path: Path):
    with pytest.raises(ModelError, match=r"is no file. Set `llm` to a \.gguf file"):
        open_llm(Settings(llm=str(tmp_path / "none.gguf")))


@pytest.mark.parametrize("content", [b"", b"GGUF", b"not a model" * 1000])
def test_a_file_that_is_no_model(tmp_path: Path, content: bytes, capfd: pytest.CaptureFixture[str]):
    path = tmp_path / "bad.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"llama\.cpp cannot load .*bad\.gguf.*qa models verify"):
        open_llm(Settings(llm=str(path)))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("llm", "engine", "suits", "runs"),
    [
        ("qwen2.5-coder-1.5b-instruct", "auto", True, "openvino"),
        ("qwen2.5-coder-1.5b-instruct", "auto", False, "llama.cpp"),
        ("qwen2.5-coder-1.5b-instruct", "llama.cpp", True, "llama.cpp"),
        ("qwen2.5-coder-1.5b-instruct", "openvino", False, "openvino"),
        ("qwen2.5-coder-0.5b-instruct", "auto", True, "llama.cpp"),
    ],
)
def test_the_engine_suits_model_and_processor(
    llm: str, engine: str, suits: bool, runs: str, engines: Engines
):
    assert engines.open(llm, engine, suits=suits) == runs


def test_where_openvino_fails_llama_cpp_runs_it_and_the_log_says_why(
    engines: Engines, caplog: pytest.LogCaptureFixture
):
    engines.failing = "openvino"
    assert engines.open("qwen2.5-coder-1.5b-instruct", "auto") == "llama.cpp"
    assert "more slowly: openvino fails" in caplog.text
    with pytest.raises(ModelError, match="openvino fails"):
        engines.open("qwen2.5-coder-1.5b-instruct", "openvino")


# Thoughts before an answer, cut into pieces in every way


def answered(pieces: list[str]) -> str:
    thoughts = Thoughts()
    found = [thoughts.without(piece) for piece in pieces]
    return "".join([*found, thoughts.without("", last=True)])


@pytest.mark.parametrize(
    ("whole", "answer"),
    [
        ("<think>Who? Her.</think>\n\nTanguy led them.", "Tanguy led them."),
        ("\n<think></think>\n\nTanguy.", "Tanguy."),
        ("Tanguy led them.", "Tanguy led them."),
        (" Tanguy wrote <think>, he says.", " Tanguy wrote <think>, he says."),
        ("<thin paper>", "<thin paper>"),
        ("<thi", "<thi"),
        ("<think>It never ends", ""),
        ("", ""),
    ],
)
def test_thoughts_are_left_out_wherever_pieces_end(whole: str, answer: str):
    for size in range(1, len(whole) + 2):
        pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
        assert answered(pieces) == answer


def test_an_answer_is_not_held_back():
    thoughts = Thoughts()
    assert thoughts.without("Tan") == "Tan"
    assert thoughts.without("guy") == "guy"
