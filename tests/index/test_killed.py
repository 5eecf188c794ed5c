"""Other processes: killed writers, second writers, and readers that follow what they write."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from qa.errors import IndexLocked, IndexMissing
from qa.index.build import index_paths
from qa.index.directory import write_lock
from qa.index.live import LiveIndex
from qa.search.retriever import HybridRetriever, Mode
from qa.settings import Settings
from tests import ROOT
from tests.fakes import ARTICLE_COUNT, BagOfWords, write_articles
from tests.index.test_build import EMBEDDER, contents, found

QUESTION = "Qui a dirigé le chantier du pont de Kervalec ?"


class Writer(Protocol):
    def __call__(self, folder: Path, settings: Settings, **job: Any) -> str: ...


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Writer]:
    """Runs jobs in other processes; see `tests.writer`."""
    result = tmp_path_factory.mktemp("writer") / "result"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.writer", str(result)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdin
    assert process.stdout
    stdin, stdout = process.stdin, process.stdout

    def write(folder: Path, settings: Settings, **job: Any) -> str:
        job = {"folder": str(folder), "index": str(settings.index), **job}
        stdin.write(json.dumps(job) + "\n")
        stdin.flush()
        return stdout.readline().strip()

    yield write
    stdin.close()
    process.wait(30)
    stdout.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_articles(tmp_path / "news")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(index=tmp_path / "index")


def change(folder: Path) -> None:
    """One article changed, one removed, two new."""
    bridge = folder / "2019-03-bridge.md"
    bridge.write_text(bridge.read_text().replace("two thousand", "three thousand"))
    (folder / "phare.txt").unlink()
    (folder / "new.txt").write_text("Une girafe est née au zoo de Lanvollon.")
    (folder / "newer.txt").write_text("The library of Orm is closed.")


def test_killed_before_any_step_it_answers_and_the_next_run_completes_it(
    writer: Writer, folder: Path, settings: Settings, tmp_path: Path
):
    """An update, killed before its first step, then before its second, and so on to the last."""
    whole, first = Settings(index=tmp_path / "whole"), tmp_path / "first"
    index_paths([folder], settings, EMBEDDER)
    shutil.copytree(settings.index, first)
    change(folder)
    index_paths([folder], whole, EMBEDDER)
    expected = contents(whole)
    for step in range(1, 40):
        shutil.rmtree(settings.index)
        shutil.copytree(first, settings.index)
        ended = writer(folder, settings, die_at=step)
        if ended.startswith("done"):
            break
        assert ended == "killed"
        assert "pont" in found(settings, QUESTION)
        assert index_paths([folder], settings, EMBEDDER).failures == []
        assert contents(settings) == expected
    assert ended == f"done {step - 1}"
    assert step > 8


def test_a_first_run_killed_before_any_step_is_completed(
    writer: Writer, folder: Path, settings: Settings
):
    for step in (1, 2, 3, 5, 6):
        assert writer(folder, settings, die_at=step) == "killed"
        try:
            found(settings, QUESTION)
        except IndexMissing:
            assert step <= 2, "once there is a manifest, there is an index"
    assert index_paths([folder], settings, EMBEDDER).failures == []
    assert len(contents(settings)["articles"]) == ARTICLE_COUNT


def test_an_archive_without_tables_is_no_lost_index(folder: Path, settings: Settings):
    """A first run killed before it had made them left an index that was refused for ever."""
    home = settings.index / "0123456789ab-0"
    home.mkdir(parents=True)
    (home / "articles.sqlite").touch()
    assert index_paths([folder], settings, EMBEDDER).failures == []
    assert len(contents(settings)["articles"]) == ARTICLE_COUNT


def test_killed_at_random_moments(writer: Writer, settings: Settings, tmp_path: Path):
    """The moments differ from run to run, as they do in life; the outcome does not."""
    folder = tmp_path / "many"
    folder.mkdir()
    rows = [{"id": str(n), "text": f"Numéro {n} du port. Le bateau {n} part."} for n in range(150)]
    (folder / "many.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    longest, killed = 0.6, 0
    while killed < 4:
        ended = writer(folder, settings, kill_after_s=random.uniform(0.0, longest))
        if ended != "killed":  # this machine is quicker: from the start again, and sooner
            assert ended.startswith("done")
            shutil.rmtree(settings.index)
            longest /= 2
            continue
        killed += 1
        if (settings.index / "manifest.json").exists():
            found(settings, "Quel bateau part ?")
    assert index_paths([folder], settings, EMBEDDER).failures == []
    assert {article.id for article in contents(settings)["articles"]} == {
        str(n) for n in range(150)
    }


@pytest.mark.parametrize(
    "job", [{"remove": ["pont", "lynx"]}, {"amend": "pont", "title": "La passerelle de Kervalec"}]
)
def test_a_change_killed_before_any_step_is_done_or_not_and_can_be_made_again(
    writer: Writer, folder: Path, settings: Settings, tmp_path: Path, job: dict[str, Any]
):
    """Taking articles out, and putting one right."""
    first = tmp_path / "first"
    index_paths([folder], settings, EMBEDDER)
    shutil.copytree(settings.index, first)
    before = contents(settings)
    writer(folder, settings, **job)
    after = contents(settings)
    assert after != before
    for step in range(1, 20):
        shutil.rmtree(settings.index)
        shutil.copytree(first, settings.index)
        ended = writer(folder, settings, die_at=step, **job)
        if ended.startswith("done"):
            break
        assert ended == "killed"
        live = LiveIndex(settings.index, EMBEDDER, settings)
        with live.current() as index:
            articles = list(index.archive.articles())
        live.close()
        assert articles in (before["articles"], after["articles"])
        found(settings, QUESTION)
        assert writer(folder, settings, **job).startswith("done")
        assert contents(settings) == after
    assert ended == f"done {step - 1}"
    assert step > 3


@pytest.mark.parametrize("step", [1, 2, 4, 6])
def test_a_rebuild_that_is_killed_leaves_the_old_index_in_use(
    writer: Writer, folder: Path, settings: Settings, tmp_path: Path, step: int
):
    index_paths([folder], settings, EMBEDDER)
    other = tmp_path / "other"
    other.mkdir()
    (other / "zoo.txt").write_text("Une girafe est née au zoo de Lanvollon.")
    (other / "sea.txt").write_text("The sea is calm.")
    (other / "sky.txt").write_text("The sky is clear.")
    assert writer(other, settings, rebuild=True, die_at=step) == "killed"
    assert len(contents(settings)["articles"]) == ARTICLE_COUNT
    assert "pont" in found(settings, QUESTION)

    assert writer(other, settings, rebuild=True).startswith("done")
    assert len(contents(settings)["articles"]) == 3
    assert len([path for path in settings.index.iterdir() if path.is_dir()]) == 1


def test_a_second_writer_is_told_who_holds_the_index(
    writer: Writer, folder: Path, settings: Settings
):
    with write_lock(settings.index):
        said = writer(folder, settings)
        assert said.startswith("error")
        assert f"is being written by process {os.getpid()} on" in said
        with pytest.raises(IndexLocked, match="Wait until it is done, or stop that process"):
            index_paths([folder], settings, EMBEDDER)
    assert writer(folder, settings).startswith("done")


def test_a_reader_sees_what_another_process_wrote(writer: Writer, folder: Path, settings: Settings):
    assert writer(folder, settings).startswith("done")
    live = LiveIndex(settings.index, EMBEDDER, settings)
    retriever = HybridRetriever(index=live, embedder=EMBEDDER)
    assert "Harwick" in retriever.search("le phare de Harwick")[0].chunk.text
    change(folder)
    assert writer(folder, settings).startswith("done")

    assert "girafe" in retriever.search("Où est née la girafe ?")[0].chunk.text
    assert "girafe" in retriever.search("Où est née la girafe ?", mode="dense")[0].chunk.text
    crossed = retriever.search("How many people crossed the bridge?")
    assert any("three thousand" in hit.chunk.text for hit in crossed)
    assert not any("Harwick" in hit.chunk.text for hit in retriever.search("le phare de Harwick"))
    live.close()


def test_a_reader_and_a_writer_in_one_process(folder: Path, settings: Settings):
    """Chroma shares what is open in a process: closing the writer's must not close the reader's."""
    index_paths([folder], settings, EMBEDDER)
    live = LiveIndex(settings.index, EMBEDDER, settings)
    retriever = HybridRetriever(index=live, embedder=EMBEDDER)
    with live.current():
        change(folder)
        index_paths([folder], settings, EMBEDDER)
    modes: tuple[Mode, ...] = ("dense", "lexical")
    for mode in modes:
        hits = retriever.search("Où est née la girafe ?", mode=mode)
        assert "girafe" in hits[0].chunk.text
    index_paths([folder], settings, EMBEDDER, rebuild=True)
    assert "girafe" in retriever.search("Où est née la girafe ?", mode="dense")[0].chunk.text
    live.close()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="asks Linux what is open")
def test_nothing_is_left_open(folder: Path, settings: Settings):
    embedder = BagOfWords()
    for _ in range(3):
        index_paths([folder], settings, embedder)
        LiveIndex(settings.index, embedder, settings).close()
    deadline = time.monotonic() + 10
    while held := _held(settings.index):
        assert time.monotonic() < deadline, held
        time.sleep(0.05)  # Chroma closes its files a moment later, in a thread of its own


def _held(folder: Path) -> list[str]:
    """The files below a folder that this process has open."""
    links = [Path("/proc/self/fd", name) for name in os.listdir("/proc/self/fd")]
    files = [os.readlink(link) for link in links if os.path.lexists(link)]
    return [file for file in files if file.startswith(str(folder))]
