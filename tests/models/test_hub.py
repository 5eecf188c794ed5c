"""Models of the hub by name, `hf:OWNER/REPO`: a small hub on the loopback address, a real GGUF."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from langchain_core.messages import HumanMessage
from typer.testing import CliRunner

from qa.cli.commands import app
from qa.errors import ChecksumError, ModelError
from qa.index.doctor import examine
from qa.models import find, hub, open_llm, pull, status, verify
from qa.models.hub_model import HubModel, here
from qa.settings import Settings
from tests import gguf_file

REVISION = "8c3d" * 10
NAME = "hf:someone/tiny-GGUF"
ASK = [HumanMessage("Who led the works?")]


@dataclass
class Hub:
    """What the stand-in for the hub has, how it behaves, and what it was asked.

    Attributes:
        url: its address.
        files: path in the repository → content; those ending in .gguf are stored as large files.
        card: what the repository's card says.
        revision: the newest commit.
        refuse: the code that files are refused with.
        describes: what stands in for the list of files.
        cut: bytes after which a file's connection is closed, for each time it is asked for.
        elsewhere: whether files are sent from another address, as the hub's large ones are.
        asked: method and path of each request for a file, with its range.
        tokens: the log-ins that requests came with, by their paths.
    """

    url: str
    files: dict[str, bytes]
    card: dict[str, Any] = field(default_factory=lambda: {"license": "apache-2.0"})
    revision: str = REVISION
    refuse: int | None = None
    describes: bytes | None = None
    cut: list[int] = field(default_factory=list)
    elsewhere: bool = False
    asked: list[str] = field(default_factory=list)
    tokens: dict[str, str | None] = field(default_factory=dict)

    def described(self) -> bytes:
        """The answer to /api/models/someone/tiny-GGUF?blobs=true."""
        siblings: list[dict[str, Any]] = [{"rfilename": "README.md", "size": 1, "blobId": "0"}]
        for path, content in self.files.items():
            sum = hashlib.sha256(content).hexdigest()
            lfs = {"size": len(content), "sha256": sum, "pointerSize": 130}
            siblings.append({"rfilename": path, "size": len(content), "lfs": lfs})
        document = {
            "id": "someone/tiny-GGUF",
            "sha": self.revision,
            "siblings": siblings,
            "cardData": self.card,
            "gated": "manual" if self.refuse else False,
        }
        return json.dumps(document).encode()


class _Handler(BaseHTTPRequestHandler):
    state: Hub

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        state, parts = self.state, urlsplit(self.path)
        state.tokens[parts.path] = self.headers.get("Authorization")
        if parts.path.startswith("/api/models/"):
            known = parts.path == "/api/models/someone/tiny-GGUF"
            known = known and parse_qs(parts.query) == {"blobs": ["true"]}
            self._send(200, state.describes or state.described()) if known else self._send(401)
            return
        place = parts.path.removeprefix("/cdn")
        start = f"/someone/tiny-GGUF/resolve/{state.revision}/"
        if state.refuse is not None or not place.startswith(start):
            self._send(state.refuse or 404)
            return
        content = state.files[place.removeprefix(start)]
        if state.elsewhere and place == parts.path:
            self.send_response(302)
            host = state.url.replace("127.0.0.1", "localhost")
            self.send_header("Location", f"{host}/cdn{place}")
            self.send_header("X-Linked-Size", str(len(content)))
            self.end_headers()
            return
        if state.elsewhere and not with_body:
            self._send(403)  # an address signed for GET alone
            return
        wanted = self.headers.get("Range")
        state.asked.append(f"{self.command} {place.removeprefix(start)} {wanted or ''}".strip())
        first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(content) - first))
        self.end_headers()
        if with_body:
            last = first + state.cut.pop(0) if state.cut else len(content)
            self.wfile.write(content[first:last])
            self.close_connection = True

    def _send(self, code: int, content: bytes = b"") -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    [path] = gguf_file.write(tmp_path_factory.mktemp("gguf") / "tiny.gguf")
    return path.read_bytes()


@pytest.fixture
def small_hub(gguf: bytes) -> Iterator[Hub]:
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    files = {"tiny-Q4_K_M.gguf": gguf, "tiny-Q8_0.gguf": b"another", "mmproj-F16.gguf": b"eyes"}
    handler.state = Hub(f"http://127.0.0.1:{server.server_port}", files)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield handler.state  # type: ignore[attr-defined]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No log-in of whoever runs the tests, and no waiting between tries."""
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr(hub, "_BLOCK", 500)  # what a broken connection loses


@pytest.fixture
def settings(small_hub: Hub, tmp_path: Path) -> Settings:
    return Settings(models_dir=tmp_path / "models", hub=small_hub.url, llm=NAME, threads=1)


# From the hub to an answer


def test_a_name_is_all_that_an_answer_needs(small_hub: Hub, settings: Settings):
    model = find(NAME)
    assert status(model, settings) == "missing"
    path = pull(model, settings)
    assert path == settings.models_dir / "hf--someone--tiny-GGUF" / "tiny-Q4_K_M.gguf"
    assert status(model, settings) == "ready"
    verify(model, settings)
    chat = open_llm(settings)
    assert chat is not None
    assert chat.invoke(ASK).text == " Tanguy led the works."


def test_a_model_that_is_here_needs_no_hub(small_hub: Hub, settings: Settings):
    path = pull(find(NAME), settings)
    small_hub.revision, small_hub.files = "f" * 40, {}
    before = len(small_hub.asked)
    assert pull(find(NAME), settings) == path
    assert len(small_hub.asked) == before


def test_what_thinks_first_answers_without_it(small_hub: Hub, settings: Settings, tmp_path: Path):
    """By its template, as Qwen3, it is asked not to; without one its thoughts are left out."""
    for template in (gguf_file.THINKING, gguf_file.PLAIN):
        [path] = gguf_file.write(tmp_path / "thinks.gguf", template, thinks=True)
        chat = open_llm(settings.model_copy(update={"llm": str(path)}))
        assert chat is not None
        chunks = list(chat.stream(ASK))
        assert "".join(chunk.text for chunk in chunks).strip() == "Tanguy led the works."
        [used] = [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata]
        asked_not_to = template == gguf_file.THINKING
        thoughts = 0 if asked_not_to else len(gguf_file.THOUGHTS)
        assert used["output_tokens"] == len(gguf_file.SAYS) + 1 + thoughts


def test_several_files_make_one_model(small_hub: Hub, settings: Settings, tmp_path: Path):
    files = gguf_file.write(tmp_path / "cut-Q4_K_M.gguf", shards=3)
    assert len(files) == 3
    small_hub.files = {f"Q4_K_M/{path.name}": path.read_bytes() for path in files}
    seen: list[tuple[int, int]] = []
    path = pull(find(NAME), settings, lambda done, total, note: seen.append((done, total)))
    assert path.name == "cut-Q4_K_M-00001-of-00003.gguf"
    assert len(list(path.parent.glob("*.gguf"))) == 3
    size = sum(len(content) for content in small_hub.files.values())
    assert [done for done, total in seen if total == size] == sorted(
        done for done, total in seen if total == size
    )
    chat = open_llm(settings)
    assert chat is not None
    assert chat.invoke(ASK).text == " Tanguy led the works."


# Which file


@pytest.mark.parametrize(
    ("wanted", "file"),
    [
        ("", "m-Q4_K_M.gguf"),
        (":Q8_0", "m.q8_0.gguf"),
        (":q8_0", "m.q8_0.gguf"),
        (":IQ2_XXS", "m-IQ2_XXS.gguf"),
        (":UD-Q4_K_XL", "m-UD-Q4_K_XL.gguf"),
        (":BF16", "BF16/m-BF16.gguf"),
        (":m-Q5_K_S.gguf", "m-Q5_K_S.gguf"),
        (":BF16/m-BF16.gguf", "BF16/m-BF16.gguf"),
    ],
)
def test_a_name_means_a_file(wanted: str, file: str, small_hub: Hub, settings: Settings):
    names = "m-Q4_K_M m.q8_0 m-IQ2_XXS m-UD-Q4_K_XL m-Q5_K_S BF16/m-BF16 mmproj-BF16 imatrix"
    small_hub.files = {f"{name}.gguf": name.encode() for name in names.split()}
    path = pull(find(NAME + wanted), settings)
    assert path.name == file.rpartition("/")[2]
    assert path.read_bytes() == small_hub.files[file]


@pytest.mark.parametrize(
    ("names", "file"),
    [("b-Q2_K b-Q8_0 a-Q2_K", "b-Q8_0"), ("b-Q2_K a-Q3_K_S", "a-Q3_K_S"), ("model", "model")],
)
def test_without_the_usual_quantization_another_is_taken(
    names: str, file: str, small_hub: Hub, settings: Settings
):
    small_hub.files = {f"{name}.gguf": b"x" for name in names.split()}
    assert pull(find(NAME), settings).name == f"{file}.gguf"


def test_two_quantizations_live_side_by_side(small_hub: Hub, settings: Settings):
    pull(find(NAME), settings)
    pull(find(f"{NAME}:Q8_0"), settings)
    assert [model.name for model in here(settings)] == [NAME, f"{NAME}:Q8_0"]


@pytest.mark.parametrize(
    "name", ["hf:", "hf:tiny", "hf:a/b:", "hf:a/b/c", "hf:../b", "hf:a/b:../../c.gguf", "hf:a b/c"]
)
def test_what_is_no_such_name_is_told_its_form(name: str):
    with pytest.raises(ModelError, match=r"Its form is hf:OWNER/REPO\[:FILE or quantization\]"):
        find(name)


# Goes on, is checked, is remembered


def test_a_broken_connection_goes_on_where_it_was(small_hub: Hub, settings: Settings, gguf: bytes):
    small_hub.cut = [1000, 50_000]
    assert pull(find(NAME), settings).read_bytes() == gguf
    gets = [line for line in small_hub.asked if line.startswith("GET")]
    assert gets == [
        "GET tiny-Q4_K_M.gguf",
        "GET tiny-Q4_K_M.gguf bytes=1000-",
        "GET tiny-Q4_K_M.gguf bytes=51000-",
    ]


def test_a_download_that_stopped_goes_on_with_the_same_revision(
    small_hub: Hub, settings: Settings, gguf: bytes
):
    small_hub.cut = [1000] * hub.TRIES
    with pytest.raises(ModelError, match="again; it resumes") as caught:
        pull(find(NAME), settings)
    assert f"qa models pull {NAME}" in str(caught.value)
    assert status(find(NAME), settings) == "partial"
    small_hub.describes = b"{}"  # must not be asked for again
    small_hub.asked.clear()
    assert pull(find(NAME), settings).read_bytes() == gguf
    assert small_hub.asked[-1] == f"GET tiny-Q4_K_M.gguf bytes={1000 * hub.TRIES}-"


def test_another_content_is_not_kept(small_hub: Hub, settings: Settings, gguf: bytes):
    small_hub.describes = small_hub.described()
    small_hub.files["tiny-Q4_K_M.gguf"] = gguf[:-1] + b"?"
    with pytest.raises(ChecksumError, match=hashlib.sha256(gguf).hexdigest()):
        pull(find(NAME), settings)
    assert not list(settings.models_dir.rglob("*.gguf"))
    small_hub.files["tiny-Q4_K_M.gguf"] = gguf
    assert pull(find(NAME), settings).read_bytes() == gguf


def test_a_large_file_comes_from_elsewhere(small_hub: Hub, settings: Settings, gguf: bytes):
    """By an address that answers GET alone, as signed ones do."""
    small_hub.elsewhere = True
    assert pull(find(NAME), settings).read_bytes() == gguf


def test_damage_is_noticed_and_mended(small_hub: Hub, settings: Settings, gguf: bytes):
    path = pull(find(NAME), settings)
    path.write_bytes(gguf[:-1])
    assert status(find(NAME), settings) == "damaged"
    with pytest.raises(ChecksumError, match=f"qa models pull {NAME}"):
        verify(find(NAME), settings)
    assert pull(find(NAME), settings).read_bytes() == gguf


def test_a_log_in_is_used_and_sent_to_the_hub_alone(
    small_hub: Hub, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    small_hub.elsewhere = True
    pull(find(NAME), settings)
    away = {path for path in small_hub.tokens if path.startswith("/cdn/")}
    assert len(away) == 1
    for path, sent in small_hub.tokens.items():
        assert sent == (None if path in away else "Bearer hf_secret")


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ({"license": "apache-2.0"}, "apache-2.0"),
        ({"license": "other", "license_name": "tongyi"}, "tongyi"),
        ({}, "unknown"),
    ],
)
def test_the_list_shows_what_is_here(
    card: dict[str, Any],
    licence: str,
    small_hub: Hub,
    settings: Settings,
    gguf: bytes,
    monkeypatch: pytest.MonkeyPatch,
):
    small_hub.card = card
    for name in ("models_dir", "hub", "llm"):
        monkeypatch.setenv(f"QA_{name.upper()}", str(getattr(settings, name)))
    run = CliRunner().invoke
    [before] = [
        row
        for row in json.loads(run(app, ["models", "list", "--json"]).stdout)["models"]
        if row["name"] == NAME
    ]
    assert (before["status"], before["size"], before["in_use"]) == ("missing", None, True)
    assert run(app, ["models", "pull", NAME]).exit_code == 0
    monkeypatch.setenv("QA_LLM", "none")
    [row] = [
        row
        for row in json.loads(run(app, ["models", "list", "--json"]).stdout)["models"]
        if row["name"] == NAME
    ]
    assert (row["status"], row["size"], row["licence"]) == ("ready", len(gguf), licence)
    assert (row["revision"], row["in_use"]) == (REVISION, False)
    assert f"{licence}" in run(app, ["models", "list"]).stdout
    assert f"{NAME}: good" in run(app, ["models", "verify"]).stdout


def test_the_doctor_knows_it(small_hub: Hub, settings: Settings):
    def finding() -> str:
        return next(f.detail for f in examine(settings) if f.what == "language model")

    assert f"{NAME} is missing" in finding()
    pull(find(NAME), settings)
    assert f"{NAME} at " in finding()


def test_the_hubs_own_variable_counts(tmp_path: Path):
    own = {"HF_ENDPOINT": "http://mirror.example"}
    assert Settings.load(environ=own, directory=tmp_path).hub == "http://mirror.example"
    both = own | {"QA_HUB": "none"}
    assert Settings.load(environ=both, directory=tmp_path).hub == "none"


# What goes wrong, in a line


def _nothing_there(state: Hub) -> None:
    state.files = {}


def _not_a_hub(state: Hub) -> None:
    state.describes = b"<html>Sign in</html>"


def _another_list(state: Hub) -> None:
    state.describes = b'{"siblings": [{"rfilename": "a.gguf"}], "sha": "0"}'


def _a_part_lacks(state: Hub) -> None:
    state.files = {"m-Q4_K_M-00001-of-00002.gguf": b"x"}


@pytest.mark.parametrize(
    ("change", "name", "words"),
    [
        (_nothing_there, NAME, "there is no GGUF in someone/tiny-GGUF on the hub"),
        (_not_a_hub, NAME, "did not answer as a model hub does"),
        (_another_list, NAME, r"gives no size and sha256 sum for 'a\.gguf'"),
        (_a_part_lacks, NAME, r"lacks a part .*00002-of-00002\.gguf"),
        (lambda state: None, f"{NAME}:Q5_K_M", r"has no 'Q5_K_M'\. It has: Q4_K_M, Q8_0\."),
        (lambda state: None, f"{NAME}:b.gguf", r"has no 'b\.gguf'\. It has: Q4_K_M, Q8_0\."),
        (lambda state: None, "hf:someone/else", "there is no repository someone/else at http"),
        (lambda state: setattr(state, "refuse", 401), NAME, "is gated: accept .*set HF_TOKEN"),
        (lambda state: setattr(state, "refuse", 403), NAME, "is gated: accept .*set HF_TOKEN"),
        (lambda state: setattr(state, "refuse", 503), NAME, r"answered 503\. Try again later"),
    ],
)
def test_what_is_wrong_is_said(
    change: Callable[[Hub], None], name: str, words: str, small_hub: Hub, settings: Settings
):
    change(small_hub)
    with pytest.raises(ModelError, match=words) as caught:
        pull(find(name), settings)
    assert "\n" not in str(caught.value)
    assert not [path for path in settings.models_dir.rglob("*.gguf") if path.is_file()]


def test_no_network_is_said(settings: Settings):
    away = settings.model_copy(update={"hub": "http://127.0.0.1:9"})
    with pytest.raises(ModelError, match=r"not answer .*127\.0\.0\.1:9.*Check the network"):
        pull(find(NAME), away)


def test_a_hub_that_is_switched_off_is_said(settings: Settings):
    with pytest.raises(ModelError, match="the setting `hub` is none"):
        pull(find(NAME), settings.model_copy(update={"hub": "none"}))


def test_no_room_is_said_before_the_download(
    small_hub: Hub, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(ModelError, match=r"needs 2 MB in .*, where 0 MB are free\."):
        pull(find(NAME), settings)
    assert not [line for line in small_hub.asked if line.startswith("GET")]


def test_a_model_that_is_not_here_names_the_command(settings: Settings):
    with pytest.raises(ModelError, match=f"is missing in .*qa models pull {NAME}"):
        open_llm(settings)


def test_a_hub_model_is_no_embedder():
    with pytest.raises(ModelError, match="there is no model 'hf:a/b' in the catalogue"):
        find("hf:a/b", "embedder")
    assert isinstance(find("hf:a/b"), HubModel)
