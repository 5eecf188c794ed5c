"""Indexing on Ray: the same index, whoever is killed, on two machines of one core each."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import qa.models
from qa.cli.commands import main
from qa.documents.article import Article
from qa.documents.chunks import split
from qa.errors import ClusterError, MissingExtra, ModelError, SourceError
from qa.index import build, ray_engine
from qa.index.build import Report, Step, index_paths
from qa.index.ray_engine import RayEngine, need_ray
from qa.settings import Settings
from tests import ROOT
from tests.fakes import ARTICLE_COUNT, ARTICLES, BagOfWords, write_articles
from tests.index.test_build import EMBEDDER, contents
from tests.test_alone import contacted

ROWS = 200
ARTICLE = Article.create(text="The ferry is late.", language="en", origin="a.txt")
CUT = [(ARTICLE, split(ARTICLE)[0])]


class Dying(BagOfWords):
    """Kills the process that it is in, once; `models_dir` remembers."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._died = folder / "died"

    def passages_with_parts(
        self, texts: Sequence[str], parts: Sequence[Sequence[tuple[int, int]]]
    ) -> Any:
        time.sleep(0.05)
        if not self._died.exists():
            self._died.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().passages_with_parts(texts, parts)


def fake(settings: Settings) -> BagOfWords:
    return BagOfWords()


def dying(settings: Settings) -> BagOfWords:
    return Dying(settings.models_dir)


def other(settings: Settings) -> BagOfWords:
    return BagOfWords("other")


def missing(settings: Settings) -> BagOfWords:
    raise ModelError("the embedder is missing. Fetch it with `qa models pull`.")


def buggy(settings: Settings) -> BagOfWords:
    raise ZeroDivisionError("a bug")


def deadly(settings: Settings) -> BagOfWords:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    patch = pytest.MonkeyPatch()
    for name, value in {
        "USAGE_STATS_ENABLED": "0",
        "ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # its addresses are loopback
        "health_check_period_ms": "500",
    }.items():
        patch.setenv(f"RAY_{name}", value)
    import ray
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    cluster.add_node(num_cpus=1)
    ray.init(address=cluster.address, log_to_driver=False, logging_level=logging.ERROR)
    yield cluster
    ray.shutdown()
    cluster.shutdown()  # type: ignore[no-untyped-call]
    patch.undo()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_articles(tmp_path_factory.mktemp("files") / "news")
    rows = [{"id": str(n), "text": f"Numéro {n} du port. Le bateau {n} part."} for n in range(ROWS)]
    (folder / "many.jsonl").write_text("\n".join(map(json.dumps, rows)))
    for n in range(10):
        (folder / f"a{n}.txt").write_text(f"The ferry {n} is late. It leaves at noon.")
    (folder / "copy.txt").write_text("The ferry 1 is late. It leaves at noon.")
    (folder / "broken.json").write_text("{")
    return folder


@pytest.fixture(scope="module")
def expected(folder: Path) -> dict[str, list[Any]]:
    """What this process makes of the files."""
    settings = Settings(index=folder.parent / "local")
    index_paths([folder], settings, EMBEDDER)
    return rows(settings)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(build, "_BATCH_CHUNKS", 16)
    monkeypatch.setattr(build, "_EMBED_AT_ONCE", 4)
    monkeypatch.setattr(ray_engine, "_FILES", 4)
    models = tmp_path / "models"
    models.mkdir()
    return Settings(index=tmp_path / "index", models_dir=models)


def on_ray(paths: Sequence[Path], settings: Settings, opener: Any = fake, **options: Any) -> Report:
    engine = RayEngine(settings, EMBEDDER, opener)
    return index_paths(paths, settings, EMBEDDER, engine=engine, **options)


def rows(settings: Settings) -> dict[str, list[Any]]:
    """Every row of the archive, its number included."""
    [path] = settings.index.glob("*/articles.sqlite")
    tables = "article chunk searched paged earlier amendment refused leftover".split()
    with sqlite3.connect(path) as archive:
        found = {name: list(archive.execute(f"SELECT rowid, * FROM {name}")) for name in tables}
    archive.close()
    assert len(found["article"]) >= ARTICLE_COUNT
    return found


def test_the_index_is_the_same(cluster: Any, folder: Path, settings: Settings, tmp_path: Path):
    (bomb := tmp_path / "bomb.md").write_text("a <b> " * 200_000)
    paths = [bomb, folder]
    settings = settings.model_copy(update={"file_seconds": 1.0})
    local = settings.model_copy(update={"index": tmp_path / "local"})
    index_paths(paths, local, EMBEDDER)
    steps: list[Step] = []
    report = on_ray(paths, settings, progress=steps.append)
    assert rows(settings) == rows(local)
    assert "more than 1 seconds" in rows(settings)["refused"][0][-1]
    assert contents(settings)
    assert (len(report.failures), report.duplicates) == (2, 1)
    assert (steps[-1].articles, steps[-1].chunks) == (steps[-1].about, report.embedded)

    again = on_ray(paths, settings, buggy)  # nobody is asked for a vector
    assert (again.unchanged, again.embedded) == (report.added, 0)
    assert [failure.reason for failure in again.failures] == [f.reason for f in report.failures]


def processes(name: str) -> list[int]:
    """The workers of this process's clusters that are doing something."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "cmdline").read_bytes().startswith(f"ray::{name}".encode()):
                raylet = _parent(folder)
                if _parent(Path("/proc", str(raylet))) == os.getpid():
                    found.append(int(folder.name))
        except (FileNotFoundError, ProcessLookupError):  # has ended
            continue
    return found


def _parent(process: Path) -> int:
    return int((process / "stat").read_text().rpartition(")")[2].split()[1])


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks Linux what runs")
def test_workers_that_are_killed_lose_nothing(
    cluster: Any, folder: Path, settings: Settings, expected: dict[str, list[Any]]
):
    """One that embeds, and those that are in the middle of a file."""
    killed: list[int] = []

    def kill(step: Step) -> None:
        if step.chunks and not killed:
            for process in processes("_read"):
                os.kill(process, signal.SIGKILL)
                killed.append(process)

    report = on_ray([folder], settings, dying, progress=kill)
    assert killed
    assert (settings.models_dir / "died").exists()
    assert len(report.failures) == 1
    assert rows(settings) == expected


def test_a_machine_that_is_lost_loses_nothing(
    cluster: Any, folder: Path, settings: Settings, expected: dict[str, list[Any]]
):
    node = cluster.add_node(num_cpus=2)
    cluster.wait_for_nodes()
    lost: list[Any] = []

    def lose(step: Step) -> None:
        if step.chunks and not lost:
            lost.append(cluster.remove_node(node, allow_graceful=False))

    (settings.models_dir / "died").touch()
    on_ray([folder], settings, dying, progress=lose)
    assert lost
    assert rows(settings) == expected


@pytest.mark.parametrize(
    ("opener", "error", "says"),
    [
        (missing, ModelError, r"on the machine .*: the embedder is missing. Fetch it with"),
        (other, ModelError, "has other weights. Every machine of the cluster needs the same"),
        (buggy, ZeroDivisionError, "a bug"),
    ],
)
def test_what_is_raised_on_a_worker_is_raised_here(
    cluster: Any, settings: Settings, opener: Any, error: type[Exception], says: str
):
    with pytest.raises(error, match=says):
        RayEngine(settings, EMBEDDER, opener).analyse(CUT)()


def test_a_task_that_ends_every_worker_is_given_up_on(
    cluster: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ray_engine, "_TRIES", 1)
    with pytest.raises(ClusterError, match=r"Ray has given up: .* run it again"):
        RayEngine(settings, EMBEDDER, deadly).analyse(CUT)()


def test_a_file_that_a_worker_does_not_see_is_said(
    cluster: Any, folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    engine = RayEngine(settings, EMBEDDER, fake)
    gone = folder / "gone.txt"
    [failure] = engine.read(gone)
    assert "is not there" in failure.reason  # type: ignore[union-attr]
    reading = engine.read(gone)
    monkeypatch.setattr(Path, "exists", lambda _: True)
    with pytest.raises(SourceError, match="every machine of the cluster must see the files"):
        next(reading)


# With a cluster of its own, and killed once so many chunks are staged.
DRIVER = """
import os, sys
from pathlib import Path
from qa.index import build
from qa.index.ray_engine import RayEngine
from qa.settings import Settings
from tests.index.test_ray import EMBEDDER, fake

folder, index, most = sys.argv[1:]
build._BATCH_CHUNKS, build._EMBED_AT_ONCE = 16, 4
settings = Settings(index=Path(index))
engine = RayEngine(settings, EMBEDDER, fake)
import ray
print(engine._folder.name, *(node["NodeManagerAddress"] for node in ray.nodes()), flush=True)
def kill(step):
    if step.chunks > int(most):
        os.kill(os.getpid(), 9)
report = build.index_paths([Path(folder)], settings, EMBEDDER, progress=kill, engine=engine)
print(report.embedded)
"""


def test_a_driver_that_is_killed_leaves_what_is_staged_to_the_next(
    folder: Path, settings: Settings, expected: dict[str, list[Any]]
):
    log = settings.models_dir / "log"
    watched = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=%network", "-o", str(log), "--"]

    def run(most: int, *before: str) -> tuple[int, list[str]]:
        given = [str(folder), str(settings.index), str(most)]
        command = [*before, sys.executable, "-c", DRIVER, *given]
        environ = {name: value for name, value in os.environ.items() if name[:4] != "RAY_"}
        done = subprocess.run(
            command, env=environ, capture_output=True, text=True, cwd=ROOT, check=False
        )
        assert done.stderr == ""
        return done.returncode, done.stdout.split()

    code, [first, address] = run(100)
    assert (code, address) == (-signal.SIGKILL, "127.0.0.1")
    code, [second, _, embedded] = run(10_000, *(watched if shutil.which("strace") else ()))
    assert code == 0
    assert 0 < int(embedded) <= ROWS + 10 + ARTICLE_COUNT - 100 + 16
    assert rows(settings) == expected
    assert not Path(second).exists()
    assert not log.exists() or contacted(log.read_text(errors="replace")) == set()
    deadline = time.monotonic() + 30
    while any(first in command for command in _commands()):
        assert time.monotonic() < deadline, "Ray goes on without its driver"
        time.sleep(0.2)
    shutil.rmtree(first)


def _commands() -> list[str]:
    told = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    return told.stdout.splitlines()


def test_the_command_prints_its_report_and_what_ray_says_beside_it(
    cluster: Any,
    folder: Path,
    settings: Settings,
    expected: dict[str, list[Any]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    class Opened(BagOfWords):
        @classmethod
        def open(cls, settings: Settings) -> BagOfWords:
            return BagOfWords()

    monkeypatch.setattr(qa.models, "Embedder", Opened, raising=False)
    monkeypatch.setattr(ray_engine, "RayEngine", partial(RayEngine, opener=dying))
    monkeypatch.setenv("QA_EMBEDDER", "fake")
    monkeypatch.setenv("QA_MODELS_DIR", str(settings.models_dir))
    command = ["qa", "index", folder, "--index", settings.index, "--engine", "ray", "--json"]
    monkeypatch.setattr(sys, "argv", [str(word) for word in command])
    with pytest.raises(SystemExit, match="0"):
        main()
    out, err = capsys.readouterr()
    assert json.loads(out)["index"]["articles"] == len(expected["article"])
    assert rows(settings) == expected
    assert "A worker died" in err


# What to do


def test_ray_that_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'qa-news\[ray\]'"):
        need_ray()


@pytest.mark.parametrize("address", ["127.0.0.1:9", "nobody", "ray://127.0.0.1:9"])
def test_a_cluster_that_is_not_there_is_said_at_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, address: str
):
    monkeypatch.setattr("ray.is_initialized", lambda: False)
    monkeypatch.setattr("ray.shutdown", lambda: None)
    monkeypatch.setenv("RAY_ADDRESS", address)
    started = time.monotonic()
    with pytest.raises(ClusterError, match=rf"at '{address}' .* `ray start --head` .* or unset"):
        RayEngine(settings, EMBEDDER, fake)
    assert time.monotonic() - started < 15


@pytest.mark.model
def test_the_real_embedder_makes_the_same_vectors(
    cluster: Any, folder: Path, settings: Settings, tmp_path: Path, embedder: Any
):
    """To the bit: each text is a run of its own, on one thread."""
    models = Settings.load(directory=ROOT / "tests").models_dir
    indexes = [tmp_path / "here", tmp_path / "there"]
    made: list[Callable[[Settings], Any]] = [
        lambda _: None,
        lambda given: RayEngine(given, embedder),
    ]
    for path, engine in zip(indexes, made, strict=True):
        given = Settings(index=path, models_dir=models)
        index_paths([folder / name for name in ARTICLES], given, embedder, engine=engine(given))
    first, second = (rows(Settings(index=path)) for path in indexes)
    assert first == second
