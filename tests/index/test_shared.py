"""The archive in PostgreSQL: machines, here folders, that share it, one writing at a time."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pydantic import SecretStr

from qa.database import Database
from qa.documents.filters import Filters
from qa.errors import IndexLocked, IndexMissing, IndexUnusable
from qa.index import session
from qa.index.backup import back_up, put_back
from qa.index.build import amend_article, index_paths, remove_articles
from qa.index.chroma import ChromaIndex
from qa.index.directory import Manifest
from qa.index.doctor import examine
from qa.index.live import LiveIndex
from qa.index.matrix import ChunkVector
from qa.index.shared import SharedArchive, _Delta, follow
from qa.index.writer import ArchiveWriter
from qa.search.retriever import HybridRetriever
from qa.settings import Settings
from tests import ROOT
from tests.fakes import ARTICLE_COUNT, BagOfWords, write_articles
from tests.index.test_chroma import _collections, chroma_server
from tests.index.test_killed import change
from tests.postgres import Postgres, needs_postgres, postgres_server

pytestmark = needs_postgres
QUESTION = "Qui a dirigé le chantier du pont de Kervalec ?"
Machine = Callable[[str], Settings]


@pytest.fixture(scope="module")
def chroma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with chroma_server(tmp_path_factory.mktemp("chroma")) as url:
        yield url


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with postgres_server() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_articles(tmp_path / "news")


@pytest.fixture
def machine(postgres: Postgres, chroma: str, tmp_path: Path) -> Machine:
    """Settings of a machine of this name; its database is empty at first."""
    run(postgres, "DROP SCHEMA IF EXISTS qa_index CASCADE")

    def settings(name: str) -> Settings:
        return Settings(
            index=tmp_path / name / "index",
            chroma_url=chroma,
            database_url=SecretStr(postgres.url),
            embedder="of no catalogue",
        )

    return settings


def run(postgres: Postgres, query: str) -> list[tuple[Any, ...]]:
    with closing(Database.open(SecretStr(postgres.url), IndexUnusable)) as database:
        return database.rows(query)


def remembered(postgres: Postgres) -> Callable[[], None]:
    """Puts the archive in the database back as it is now: a backup, or a standby that is behind."""
    names = ("head", "run", "article", "chunk", "gone", "generation")
    for name in names:
        run(postgres, f"CREATE TABLE qa_index.{name}_then AS TABLE qa_index.{name}")

    def put_back() -> None:
        run(postgres, f"TRUNCATE {', '.join(f'qa_index.{name}' for name in names)} CASCADE")
        for name in names:
            run(postgres, f"INSERT INTO qa_index.{name} TABLE qa_index.{name}_then")

    return put_back


def fails(*_: object, **__: object) -> None:
    raise IndexUnusable("the database is away")


@contextmanager
def cut_off() -> Iterator[None]:
    """The database is away when a run is to be shared, which is told."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SharedArchive, "push", fails)
        with pytest.raises(IndexUnusable, match="away"):
            yield


def agree(settings: Settings, embedder: BagOfWords) -> bool:
    """Whether Chroma holds the chunks of a machine's copy, and no others."""
    with closing(LiveIndex(settings.index, embedder, settings)) as live, live.current() as index:
        return index.store.ids() == index.archive.chunk_ids()


def held(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """All that a machine's copy holds."""
    home = settings.index / Manifest.read(settings.index).generation
    queries = {
        "article": "SELECT * FROM article ORDER BY id",
        "chunk": "SELECT rowid, * FROM chunk ORDER BY rowid",
        "paged": "SELECT * FROM paged ORDER BY article_id",
        "searched": "SELECT * FROM searched ORDER BY article_id",
        "earlier": "SELECT * FROM earlier ORDER BY rowid",
        "amendment": "SELECT * FROM amendment ORDER BY article_id",
        "leftover": "SELECT * FROM leftover",
        "words": "SELECT id, sz FROM word_docsize ORDER BY id",
        "revision": "PRAGMA user_version",
    }
    with closing(sqlite3.connect(home / "articles.sqlite")) as file:
        return {name: file.execute(query).fetchall() for name, query in queries.items()}


def found(live: LiveIndex, embedder: BagOfWords, question: str = QUESTION) -> list[str]:
    hits = HybridRetriever(index=live, embedder=embedder).search(question)
    return [hit.article.text for hit in hits]


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never comes"
        time.sleep(0.05)


def test_a_copy_holds_what_the_writer_holds_after_each_kind_of_run(
    machine: Machine, folder: Path, fake_embedder: BagOfWords
):
    here, there = machine("here"), machine("there")
    report = index_paths([folder], here, fake_embedder)
    assert report.added == ARTICLE_COUNT
    follow(there)
    assert held(there) == held(here)
    assert held(there)["chunk"]

    change(folder)
    index_paths([folder], here, fake_embedder)
    follow(there)
    assert held(there) == held(here)
    assert held(there)["earlier"]

    amend_article("pont", there, fake_embedder, title="Le pont, enfin")  # the other one writes
    assert remove_articles([held(there)["article"][0][0]], there)
    follow(here)
    assert held(here) == held(there)
    assert ("pont", "Le pont, enfin", None, None) in held(here)["amendment"]

    moved = folder.with_name("moved")
    folder.rename(moved)
    index_paths([moved], here, fake_embedder)
    follow(there)
    assert held(there) == held(here)
    assert all(str(moved) in row[7] for row in held(there)["article"] if row[0] == "pont")


def test_a_machine_that_comes_late_and_one_that_missed_runs(
    machine: Machine, folder: Path, fake_embedder: BagOfWords
):
    here, there = machine("here"), machine("there")
    with pytest.raises(IndexMissing):
        LiveIndex(there.index, fake_embedder, there)
    index_paths([folder], here, fake_embedder)
    follow(there)
    remove_articles(["pont"], here)  # the last rows are used again by what comes next
    (folder / "new.txt").write_text("Une girafe est née au zoo de Lanvollon.")
    index_paths([folder], here, fake_embedder)
    follow(there)
    late = machine("late")
    follow(late)
    assert held(late) == held(there) == held(here)


def test_readers_follow_and_answer_alike(machine: Machine, folder: Path, fake_embedder: BagOfWords):
    here, there = machine("here"), machine("there")
    index_paths([folder], here, fake_embedder)
    with (
        closing(LiveIndex(here.index, fake_embedder, here)) as one,
        closing(LiveIndex(there.index, fake_embedder, there)) as other,
    ):
        assert found(one, fake_embedder) == found(other, fake_embedder)
        (folder / "new.txt").write_text("Une girafe est née au zoo de Lanvollon.")
        index_paths([folder], here, fake_embedder)
        question = "Où est née la girafe ?"
        assert "girafe" in found(one, fake_embedder, question)[0]
        until(lambda: "girafe" in found(other, fake_embedder, question)[0])
        assert found(one, fake_embedder) == found(other, fake_embedder)


def test_what_another_run_is_about_to_publish_takes_nobodys_place(
    machine: Machine, folder: Path, fake_embedder: BagOfWords
):
    here = machine("here")
    index_paths([folder], here, fake_embedder)
    vector = fake_embedder.queries([QUESTION])[0]
    with closing(LiveIndex(here.index, fake_embedder, here)) as live, live.current() as index:
        expected = index.nearest(vector, 4, Filters())
        assert len(expected) == 4
        coming = [ChunkVector(f"x@{n}", "x", None, None, "fr", vector) for n in range(20)]
        index.store.put(coming)
        assert index.nearest(vector, 4, Filters()) == expected
        assert len(index.nearest(vector, 100, Filters())) == index.archive.counts()["chunks"]
        index.store.delete([chunk.id for chunk in coming])


def test_a_rebuild_reaches_readers_who_still_find_the_old_vectors_until_then(
    machine: Machine, folder: Path, fake_embedder: BagOfWords, monkeypatch: pytest.MonkeyPatch
):
    here, there = machine("here"), machine("there")
    index_paths([folder], here, fake_embedder)
    follow(there)
    before = Manifest.read(there.index)
    (folder / "phare.txt").unlink()
    index_paths([folder], here, fake_embedder, rebuild=True)
    assert Manifest.read(there.index) == before
    with closing(LiveIndex(there.index, fake_embedder, there)) as live:
        assert "Kervalec" in found(live, fake_embedder)[0]
    follow(there)
    assert held(there) == held(here)
    assert len(list(there.index.glob("*/articles.sqlite"))) == 1
    assert before.collection in _collections(str(here.chroma_url))
    monkeypatch.setattr("qa.index.shared._OUTDATED_AFTER_S", 0)
    index_paths([folder], there, fake_embedder)
    assert before.collection not in _collections(str(here.chroma_url))
    follow(here)
    assert held(there) == held(here)


def test_one_writer_on_all_machines(machine: Machine, folder: Path, fake_embedder: BagOfWords):
    here, there = machine("here"), machine("there")
    with (
        session.writing(here),
        pytest.raises(IndexLocked, match=r"is being written by a process on 127\.0\.0\.1 since"),
    ):
        index_paths([folder], there, fake_embedder)
    index_paths([folder], there, fake_embedder)


def test_what_a_run_could_not_share_it_has_not_done(
    machine: Machine, folder: Path, fake_embedder: BagOfWords
):
    here, there = machine("here"), machine("there")
    index_paths([folder], here, fake_embedder)
    follow(there)
    before = held(here)

    change(folder)
    with cut_off():
        index_paths([folder], here, fake_embedder)
    after = held(here)
    assert after.pop("leftover")  # in Chroma by now, and noted
    assert before.pop("leftover") == []
    assert after == before
    remove_articles(["pont"], there)  # another machine goes on, and knows what the first has left
    follow(here)
    assert held(here) == held(there)
    assert agree(here, fake_embedder)


def test_a_writer_killed_after_it_has_shared_and_before_it_knows(
    machine: Machine,
    folder: Path,
    fake_embedder: BagOfWords,
    monkeypatch: pytest.MonkeyPatch,
):
    here, there = machine("here"), machine("there")
    index_paths([folder], here, fake_embedder)
    real = SharedArchive.push

    def dies(self: SharedArchive, *arguments: Any) -> None:
        real(self, *arguments)
        raise KeyboardInterrupt

    change(folder)
    with monkeypatch.context() as patch:
        patch.setattr(SharedArchive, "push", dies)
        with pytest.raises(KeyboardInterrupt):
            index_paths([folder], here, fake_embedder)
    follow(there)
    follow(here)
    assert held(here) == held(there)
    report = index_paths([folder], here, fake_embedder)
    assert (report.added, report.updated, report.embedded) == (0, 0, 0)


def test_readers_go_on_while_the_database_is_away(
    machine: Machine,
    postgres: Postgres,
    folder: Path,
    fake_embedder: BagOfWords,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("qa.database._PATIENCE_S", 1.0)
    here, there = machine("here"), machine("there")
    index_paths([folder], here, fake_embedder)
    with closing(LiveIndex(there.index, fake_embedder, there)) as live:
        postgres.stop()
        try:
            assert "Kervalec" in found(live, fake_embedder)[0]
            follow(there)  # a second process starts
            assert "answering from the copy" in caplog.text
            with pytest.raises(IndexUnusable, match="QA_DATABASE_URL"):
                index_paths([folder], here, fake_embedder)
            with pytest.raises(IndexUnusable, match="See that the server runs"):
                follow(machine("new"))
        finally:
            postgres.start()
        (folder / "new.txt").write_text("Une girafe est née au zoo de Lanvollon.")
        index_paths([folder], here, fake_embedder)
        until(lambda: "girafe" in found(live, fake_embedder, "Où est née la girafe ?")[0])


def test_an_index_of_its_own_is_not_written_over_but_can_be_put_in(
    machine: Machine, folder: Path, fake_embedder: BagOfWords, tmp_path: Path
):
    here, there = machine("here"), machine("there")
    alone = here.model_copy(update={"database_url": None, "chroma_url": None})
    index_paths([folder], alone, fake_embedder)
    (folder / "phare.txt").unlink()
    index_paths([folder], there, fake_embedder)
    with pytest.raises(IndexUnusable, match="holds an index of its own"):
        follow(here)
    back_up(tmp_path / "news.qa", alone)
    shutil.rmtree(here.index)
    put_back(tmp_path / "news.qa", here, over=True)
    follow(there)
    assert held(there) == held(here)
    assert len(held(there)["article"]) == ARTICLE_COUNT
    back_up(tmp_path / "again.qa", there)


def test_a_damaged_copy_is_fetched_again(machine: Machine, folder: Path, fake_embedder: BagOfWords):
    here, there = machine("here"), machine("there")
    index_paths([folder], here, fake_embedder)
    follow(there)
    (file,) = there.index.glob("*/articles.sqlite")
    with closing(sqlite3.connect(file)) as archive, archive:
        archive.execute("UPDATE article SET text = 'x' || substr(text, 2) WHERE id = 'pont'")
    states = {finding.what: finding.state for finding in examine(there)}
    assert states["articles"] == "bad"
    states = {finding.what: finding.state for finding in examine(there, repair=True)}
    assert states["articles"] == states["Chroma"] == states["lexical"] == "good"
    assert held(there) == held(here)


def test_copies_of_what_a_database_has_lost_are_fetched_again(
    machine: Machine, postgres: Postgres, folder: Path, fake_embedder: BagOfWords
):
    """Put back from a backup, or failed over to a server that was behind."""
    here, there = machine("here"), machine("there")
    index_paths([folder], here, fake_embedder)
    before = held(here)
    put_back_then = remembered(postgres)
    remove_articles(["pont"], here)
    put_back_then()
    follow(there)
    assert held(there)["article"] == before["article"]
    (folder / "new.txt").write_text("Une girafe est née au zoo de Lanvollon.")
    index_paths([folder], there, fake_embedder)  # under the number of the run that is lost
    assert held(there)["revision"] == held(here)["revision"]
    follow(here)
    assert held(here) == held(there)
    assert agree(here, fake_embedder)


@pytest.mark.parametrize("after_s", [0.3, 0.6, 1.0, 1.5])
def test_a_writer_killed_at_any_moment_loses_nothing(
    after_s: float, machine: Machine, folder: Path, fake_embedder: BagOfWords
):
    here, there = machine("here"), machine("there")
    index_paths([folder], here, fake_embedder)
    change(folder)
    code = (
        "import sys; from pathlib import Path; from qa.settings import Settings; "
        "from qa.index.build import index_paths; from tests.fakes import BagOfWords; "
        "print('begins', flush=True); "
        "index_paths([Path(sys.argv[1])], Settings.load({'embedder': 'of no catalogue'}), "
        "BagOfWords())"
    )
    assert here.database_url
    environment = {
        **os.environ,
        "QA_INDEX": str(here.index),
        "QA_CHROMA_URL": str(here.chroma_url),
        "QA_DATABASE_URL": here.database_url.get_secret_value(),
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-c", code, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout
        process.stdout.readline()
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL)
    until(lambda: _written(folder, there, fake_embedder))
    follow(here)
    assert held(here) == held(there)
    texts = "".join(row[2] for row in held(here)["article"])
    assert "girafe" in texts
    assert "library of Orm" in texts
    assert len(held(here)["article"]) == ARTICLE_COUNT + 1
    assert agree(here, fake_embedder)


def _written(folder: Path, settings: Settings, embedder: BagOfWords) -> bool:
    """The server may see a moment later that the killed process is gone, and its lock with it."""
    try:
        index_paths([folder], settings, embedder)
    except IndexLocked:
        return False
    return True


def test_a_rebuild_that_fails_leaves_the_vectors_of_the_index_in_use(
    machine: Machine, folder: Path, fake_embedder: BagOfWords
):
    here, there = machine("here"), machine("there")
    index_paths([folder], here, fake_embedder)
    follow(there)

    with cut_off():
        index_paths([folder], here, fake_embedder, rebuild=True)
    assert remove_articles(["pont"], there)
    assert agree(there, fake_embedder)
    index_paths([folder], here, fake_embedder, rebuild=True)
    follow(there)
    assert held(there) == held(here)
    assert agree(there, fake_embedder)


def test_vectors_that_chroma_has_lost_are_put_back(
    machine: Machine, folder: Path, fake_embedder: BagOfWords
):
    here = machine("here")
    index_paths([folder], here, fake_embedder)
    with closing(LiveIndex(here.index, fake_embedder, here)) as live, live.current() as index:
        index.store.delete(list(index.archive.chunk_ids())[:3])
    states = {finding.what: finding.state for finding in examine(here, repair=True)}
    assert states["Chroma"] == "good"
    assert agree(here, fake_embedder)


def test_a_first_fetch_killed_before_its_manifest_is_done_again(
    machine: Machine, folder: Path, fake_embedder: BagOfWords
):
    here, there = machine("here"), machine("there")
    index_paths([folder], here, fake_embedder)
    follow(there)
    (there.index / "manifest.json").unlink()
    follow(there)
    assert held(there) == held(here)


def test_who_has_lost_the_lock_writes_to_chroma_no_more(
    machine: Machine, postgres: Postgres, folder: Path, fake_embedder: BagOfWords
):
    here, there = machine("here"), machine("there")
    index_paths([folder], here, fake_embedder)
    with session.writing(here) as shared:
        assert shared
        shared.confirm()
        postgres.stop()
        postgres.start()
        index_paths([folder], there, fake_embedder)  # the lock is free again
        with pytest.raises(IndexUnusable, match="QA_DATABASE_URL"):
            shared.confirm()
        with pytest.raises(IndexUnusable, match="is lost"):  # nor does it connect again
            shared.confirm()


def test_what_a_writer_without_the_lock_has_left_on_chroma_goes_with_the_next_run(
    machine: Machine, folder: Path, fake_embedder: BagOfWords
):
    here = machine("here")
    index_paths([folder], here, fake_embedder)
    vector = fake_embedder.queries([QUESTION])[0]
    with closing(LiveIndex(here.index, fake_embedder, here)) as live, live.current() as index:
        index.store.put([ChunkVector("stray", "x", None, None, "fr", vector)])
    index_paths([folder], here, fake_embedder)
    assert agree(here, fake_embedder)


def test_readers_answer_from_all_vectors_while_chroma_lacks_some(
    machine: Machine, folder: Path, fake_embedder: BagOfWords, caplog: pytest.LogCaptureFixture
):
    here = machine("here")
    index_paths([folder], here, fake_embedder)
    with closing(LiveIndex(here.index, fake_embedder, here)) as live:
        expected = found(live, fake_embedder)
        with live.current() as index:
            index.store.delete(list(index.archive.chunk_ids()))
    with closing(LiveIndex(here.index, fake_embedder, here)) as live:
        assert found(live, fake_embedder) == expected
    assert "Chroma lacks" in caplog.text


def test_a_move_that_could_not_be_shared_is_shared_by_the_next_run(
    machine: Machine, folder: Path, fake_embedder: BagOfWords
):
    here, there = machine("here"), machine("there")
    index_paths([folder], here, fake_embedder)

    moved = folder.rename(folder.with_name("moved"))
    with cut_off():
        index_paths([moved], here, fake_embedder)
    index_paths([moved], here, fake_embedder)
    follow(there)
    assert held(there) == held(here)
    assert all(str(moved) in row[7] for row in held(there)["article"])


def test_what_a_failed_run_has_moved_hides_no_removal(
    machine: Machine, folder: Path, fake_embedder: BagOfWords
):
    here, there, third = machine("here"), machine("there"), machine("third")
    index_paths([folder], here, fake_embedder)
    follow(there)
    follow(third)
    moved = folder.rename(folder.with_name("moved"))
    with cut_off():
        index_paths([moved], here, fake_embedder)
    assert remove_articles(["pont"], there)
    amend_article(held(there)["article"][0][0], here, fake_embedder, title="Other")
    follow(third)
    assert held(third) == held(here)


def test_a_writer_that_fails_after_its_run_and_before_its_manifest(
    machine: Machine,
    postgres: Postgres,
    folder: Path,
    fake_embedder: BagOfWords,
    monkeypatch: pytest.MonkeyPatch,
):
    """And the database comes up as it was before that run."""
    here, there = machine("here"), machine("there")
    index_paths([folder], here, fake_embedder)
    put_back_then = remembered(postgres)
    change(folder)
    real = SharedArchive.push

    def push(self: SharedArchive, *arguments: Any) -> None:
        real(self, *arguments)
        patch.setattr(SharedArchive, "confirm", fails)

    with monkeypatch.context() as patch:
        patch.setattr(SharedArchive, "push", push)
        with pytest.raises(IndexUnusable, match="away"):
            index_paths([folder], here, fake_embedder)
    put_back_then()
    report = index_paths([folder], here, fake_embedder)
    assert (report.added, report.updated, report.removed) == (2, 1, 1)
    follow(there)
    assert held(there) == held(here)
    assert agree(there, fake_embedder)


def test_vectors_of_a_run_that_the_database_has_lost_are_found_by_their_ids(
    machine: Machine, postgres: Postgres, folder: Path, fake_embedder: BagOfWords
):
    here, there = machine("here"), machine("there")
    index_paths([folder], here, fake_embedder)
    put_back_then = remembered(postgres)
    amend_article("pont", here, fake_embedder, title="Other")  # as many chunks as before
    put_back_then()
    assert not agree(there, fake_embedder)
    amend_article(held(there)["article"][0][0], there, fake_embedder, title="Another")
    assert agree(there, fake_embedder)


def test_an_open_reader_notices_what_chroma_loses(
    machine: Machine,
    folder: Path,
    fake_embedder: BagOfWords,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    monkeypatch.setattr("qa.index.directory._COUNT_EVERY_S", 0)
    here, there = machine("here"), machine("there")
    index_paths([folder], here, fake_embedder)
    with closing(LiveIndex(there.index, fake_embedder, there)) as live:
        expected = found(live, fake_embedder)
        with live.current() as index:
            index.store.delete(list(index.archive.chunk_ids())[:3])
            assert found(live, fake_embedder) == expected
        assert "Chroma lacks 3 chunks" in caplog.text
        ChromaIndex.drop(str(there.chroma_url), Manifest.read(there.index).collection)
        assert found(live, fake_embedder) == expected
        examine(here, repair=True)
        with live.current() as index:
            assert index.is_whole()
            assert index.store.ids() == index.archive.chunk_ids()


def test_readers_go_on_while_much_is_shared(
    machine: Machine, folder: Path, fake_embedder: BagOfWords, monkeypatch: pytest.MonkeyPatch
):
    here, there = machine("here"), machine("there")
    index_paths([folder], here, fake_embedder)
    follow(there)
    for number in range(40):
        words = " ".join(f"mot{number}x{word} girafe" for word in range(1000))
        (folder / f"{number}.txt").write_text(f"Article {number}. {words}")
    real, asked = SharedArchive.push, list[int]()

    def push(self: SharedArchive, *arguments: Any) -> None:
        asked.append(read_at_once(here))
        real(self, *arguments)

    def amendments(_: _Delta) -> list[tuple[Any, ...]]:
        asked.append(read_at_once(there))
        return []

    monkeypatch.setattr(SharedArchive, "push", push)
    monkeypatch.setattr(_Delta, "amendments", amendments)
    monkeypatch.setattr("qa.index.writer._FOLLOW_KB", 2000)
    index_paths([folder], here, fake_embedder)
    follow(there)
    assert asked == [ARTICLE_COUNT, ARTICLE_COUNT]


def read_at_once(settings: Settings) -> int:
    (file,) = settings.index.glob("*/articles.sqlite")
    with closing(sqlite3.connect(file, timeout=0)) as archive:
        [(count,)] = archive.execute("SELECT count(*) FROM article")
    return int(count)


def test_a_damaged_new_generation_leaves_readers_the_old(
    machine: Machine, folder: Path, fake_embedder: BagOfWords, monkeypatch: pytest.MonkeyPatch
):
    here, there = machine("here"), machine("there")
    index_paths([folder], here, fake_embedder)
    follow(there)
    index_paths([folder], here, fake_embedder, rebuild=True)
    home = there.index / Manifest.read(here.index).generation
    home.mkdir()
    (home / "articles.sqlite").touch()
    monkeypatch.setattr(ArchiveWriter, "follow", fails)
    with closing(LiveIndex(there.index, fake_embedder, there)) as live:
        assert "Kervalec" in found(live, fake_embedder)[0]


def test_readers_go_on_while_a_copy_goes_back_in_place(
    machine: Machine,
    postgres: Postgres,
    folder: Path,
    fake_embedder: BagOfWords,
    monkeypatch: pytest.MonkeyPatch,
):
    """Its manifest is of the later run then; killed there, a copy is as it is here."""
    here, there = machine("here"), machine("there")
    index_paths([folder], here, fake_embedder)
    put_back_then = remembered(postgres)
    assert remove_articles([held(here)["article"][0][0]], here)
    follow(there)
    put_back_then()
    with monkeypatch.context() as patch:
        patch.setattr("qa.index.shared.seal", fails)
        follow(there)
        with closing(LiveIndex(there.index, fake_embedder, there)) as live:
            assert "Kervalec" in found(live, fake_embedder)[0]
    follow(there)
    assert len(held(there)["article"]) == ARTICLE_COUNT


def test_a_database_that_is_empty_is_not_filled_from_a_copy(
    machine: Machine, postgres: Postgres, folder: Path, fake_embedder: BagOfWords, tmp_path: Path
):
    """It may be another one, and vectors of two would mix in one collection."""
    here, there = machine("here"), machine("there")
    index_paths([folder], here, fake_embedder)
    run(postgres, "DROP SCHEMA qa_index CASCADE")
    with pytest.raises(IndexUnusable, match="holds no articles"):
        index_paths([folder], here, fake_embedder)
    back_up(tmp_path / "news.qa", here)
    put_back(tmp_path / "news.qa", there)
    assert held(there)["article"] == held(here)["article"]


def test_the_vectors_of_a_rebuild_that_was_given_up_are_deleted_in_the_end(
    machine: Machine, folder: Path, fake_embedder: BagOfWords, monkeypatch: pytest.MonkeyPatch
):
    here = machine("here")
    index_paths([folder], here, fake_embedder)
    before = _collections(str(here.chroma_url))
    other = here.model_copy(update={"chunk_chars": 500})
    with cut_off():
        index_paths([folder], other, fake_embedder, rebuild=True)
    assert len(_collections(str(here.chroma_url))) == len(before) + 1
    monkeypatch.setattr("qa.index.shared._OUTDATED_AFTER_S", 0)
    for _ in range(2):  # noted, and deleted
        index_paths([folder], here, fake_embedder)
    assert _collections(str(here.chroma_url)) == before


def test_a_copy_that_lacks_articles_takes_no_vectors_along(
    machine: Machine, folder: Path, fake_embedder: BagOfWords
):
    here, there = machine("here"), machine("there")
    index_paths([folder], here, fake_embedder)
    follow(there)
    (file,) = there.index.glob("*/articles.sqlite")
    (file.parent / "sums.json").unlink()  # as a killed run leaves it
    with closing(sqlite3.connect(file)) as archive, archive:
        archive.execute("PRAGMA foreign_keys = ON")
        archive.execute("DELETE FROM article WHERE id = 'pont'")
    remove_articles([], there)
    assert held(there)["article"] == held(here)["article"]
    assert agree(here, fake_embedder)


def test_a_restore_that_failed_is_done_again_also_on_one_machine(
    machine: Machine,
    postgres: Postgres,
    folder: Path,
    fake_embedder: BagOfWords,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
):
    here, there = machine("here"), machine("there")
    index_paths([folder], here, fake_embedder)
    back_up(tmp_path / "news.qa", here)
    run(postgres, "DROP SCHEMA qa_index CASCADE")
    with monkeypatch.context() as patch:
        patch.setattr(SharedArchive, "confirm", fails)
        with pytest.raises(IndexUnusable, match="away"):
            put_back(tmp_path / "news.qa", there)
    put_back(tmp_path / "news.qa", there, over=True)
    assert held(there)["article"] == held(here)["article"]
    assert agree(there, fake_embedder)
    [(failed, outdated)] = run(
        postgres, "SELECT name, outdated FROM qa_index.generation WHERE outdated IS NOT NULL"
    )
    assert failed != Manifest.read(there.index).generation
    assert outdated
    alone = Settings(index=tmp_path / "alone", embedder="of no catalogue")
    put_back(tmp_path / "news.qa", alone)
    (file,) = alone.index.glob("*/articles.sqlite")
    with closing(sqlite3.connect(file)) as archive:  # it can be read where nobody may write
        assert archive.execute("PRAGMA journal_mode").fetchall() == [("delete",)]


# What a run or a fetch calls on its way, each of which may fail before it has begun or once it is
# done.
_STEPS = (
    (SharedArchive, "begin"),
    (SharedArchive, "confirm"),
    (SharedArchive, "push"),
    (ChromaIndex, "put"),
    (ChromaIndex, "delete"),
    (ArchiveWriter, "announce"),
    (ArchiveWriter, "publish"),
    (ArchiveWriter, "follow"),
    (ArchiveWriter, "forget"),
    (ArchiveWriter, "tidy"),
    (Manifest, "write"),
)


@contextmanager
def failing(chance: Random) -> Iterator[None]:
    """One of the steps fails, or none when it is not come to."""
    kind, name = chance.choice(_STEPS)
    done_first, passed_over = chance.random() < 0.5, chance.randrange(3)
    real = getattr(kind, name)

    def step(*arguments: Any, **named: Any) -> Any:
        nonlocal passed_over
        passed_over -= 1
        if passed_over >= 0:
            return real(*arguments, **named)
        if done_first:
            real(*arguments, **named)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch, suppress(KeyboardInterrupt):
        patch.setattr(kind, name, step)
        yield


@pytest.mark.parametrize("seed", range(2))
def test_whatever_fails_all_machines_agree_after_the_next_run(
    seed: int, machine: Machine, postgres: Postgres, tmp_path: Path, fake_embedder: BagOfWords
):
    """Runs, removals, rebuilds and fetches in any order, one in two of which fails on its way."""
    chance = Random(seed)
    machines = [machine(name) for name in ("here", "there", "third")]
    folder = write_articles(tmp_path / "news")
    index_paths([folder], machines[0], fake_embedder)
    back = remembered(postgres)

    def change_one(_: Settings) -> None:
        number = chance.randrange(4)
        (folder / f"{number}.txt").write_text(f"La tour {number} a {chance.random()} mètres.")

    def take_one(settings: Settings) -> None:
        remove_articles([chance.choice(held(settings)["article"])[0]], settings)

    def lose_vectors(settings: Settings) -> None:
        store = ChromaIndex.open(
            Path(), settings.chroma_url, Manifest.read(settings.index).collection
        )
        store.delete(chance.sample(sorted(store.ids()), k=2))
        store.close()

    moves: list[Callable[[Settings], object]] = [
        change_one,
        take_one,
        lambda settings: index_paths([folder], settings, fake_embedder),
        lambda settings: index_paths([folder], settings, fake_embedder, rebuild=True),
        follow,
        lose_vectors,
        lambda _: back(),
    ]
    for _ in range(6):
        for _ in range(chance.randrange(1, 4)):
            settings, move = chance.choice(machines), chance.choice(moves)
            with failing(chance) if chance.random() < 0.5 else nullcontext():
                follow(settings)
                move(settings)
        writer = chance.choice(machines)
        index_paths([folder], writer, fake_embedder)
        expected = held(writer)
        for settings in machines:
            follow(settings)
            assert held(settings) == expected
        assert agree(writer, fake_embedder)
        texts = {row[2] for row in expected["article"]}
        assert all(path.read_text() in texts for path in folder.glob("[0-3].txt"))
