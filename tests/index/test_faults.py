"""An index whose files are damaged, lost, replaced or read while they are written.

Whoever asks is answered from a whole state or told what to do; never from a part of one.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from qa.documents.filters import Filters
from qa.errors import IndexUnusable
from qa.index import build, doctor, session
from qa.index.backup import back_up, put_back
from qa.index.build import amend_article, index_paths, remove_articles
from qa.index.checksums import sealed
from qa.index.chroma import ChromaIndex
from qa.index.directory import Index, Manifest, write_lock
from qa.index.live import LiveIndex
from qa.index.writer import ArchiveWriter
from qa.search.retriever import HybridRetriever, Mode
from qa.settings import Settings
from tests import ROOT
from tests.fakes import ARTICLE_COUNT, BagOfWords, write_articles
from tests.index.test_build import contents, found

EMBEDDER = BagOfWords()
MANY = 1100  # Chroma writes its vectors to files of their own from 100 on
QUESTION = "Qui a dirigé le chantier du pont de Kervalec ?"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of more than a thousand chunks, to be copied."""
    folder = tmp_path_factory.mktemp("large")
    draw = random.Random(0)
    rows = []
    for n in range(MANY):
        numbers = " ".join(f"{draw.randrange(10**5):05d}" for _ in range(15))
        rows.append({"id": f"a{n}", "language": "en", "text": f"Cases {numbers} are closed."})
    (folder / "many.jsonl").write_text("\n".join(map(json.dumps, rows)))
    report = index_paths([folder], Settings(index=folder / "index"), EMBEDDER)
    assert report.counts["chunks"] == MANY
    return folder / "index"


@pytest.fixture
def damaged(large: Path, tmp_path: Path) -> Settings:
    """A copy of it, to be damaged."""
    shutil.copytree(large, tmp_path / "index")
    return Settings(index=tmp_path / "index", llm="none", embedder="none of the catalogue")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_articles(tmp_path / "news")


@pytest.fixture
def settings(folder: Path, tmp_path: Path) -> Settings:
    """An index of a few articles."""
    settings = Settings(index=tmp_path / "index")
    index_paths([folder], settings, EMBEDDER)
    return settings


def states(settings: Settings, *, repair: bool = False) -> dict[str, str]:
    """What the doctor finds of the parts."""
    findings = doctor.examine(settings, repair=repair)
    parts = ("articles", "Chroma", "lexical")
    return {found.what: found.state for found in findings if found.what in parts}


def one(settings: Settings, pattern: str) -> Path:
    """The largest file of that name."""
    return max(settings.index.glob(pattern), key=lambda path: path.stat().st_size)


def delete(file: Path) -> None:
    file.unlink()


def halve(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def overwrite(file: Path) -> None:
    file.write_bytes(b"\xab" * file.stat().st_size)


DAMAGES: list[tuple[str, Callable[[Path], None]]] = [
    ("*/chroma/*/index_metadata.pickle", delete),
    ("*/chroma/*/data_level0.bin", halve),
    ("*/chroma/*/data_level0.bin", overwrite),
    ("*/chroma/*/header.bin", overwrite),
    ("*/chroma/chroma.sqlite3", delete),
]


@pytest.mark.parametrize(("pattern", "harm"), DAMAGES)
def test_a_damaged_part_is_not_asked_but_named_and_made_again(
    damaged: Settings, pattern: str, harm: Callable[[Path], None]
):
    """Chroma's files gave 1 of 50 dense hits, or ended the process."""
    harm(one(damaged, pattern))
    with pytest.raises(IndexUnusable, match="qa doctor --repair"):
        Index.open(damaged.index, EMBEDDER, damaged)
    with pytest.raises(IndexUnusable, match="qa doctor --repair"):
        remove_articles(["a1"], damaged)
    assert states(damaged)["Chroma"] == "bad"
    mended = states(damaged, repair=True)
    assert mended.pop("Chroma") == "mended"
    assert set(mended.values()) == {"good"}
    assert set(states(damaged).values()) == {"good"}
    index = Index.open(damaged.index, EMBEDDER, damaged)
    assert index.seal is not None
    for chunk in list(index.archive.chunk_vectors(EMBEDDER.dimension))[::100]:
        hits = index.store.nearest(chunk.vector.astype("float32"), 1, Filters())
        assert hits[0][0] == chunk.id
    index.close()


@pytest.mark.parametrize(("pattern", "harm"), DAMAGES)
def test_the_doctor_finds_it_without_a_seal_too_and_survives(
    damaged: Settings, pattern: str, harm: Callable[[Path], None]
):
    """By asking, in a process of its own: some of these end it."""
    one(damaged, "*/sums.json").unlink()
    harm(one(damaged, pattern))
    assert states(damaged)["Chroma"] == "bad"
    assert states(damaged, repair=True)["Chroma"] == "mended"


@pytest.mark.parametrize(
    "harm",
    [
        "DELETE FROM word_data WHERE id > 10",
        "DELETE FROM word_docsize WHERE id % 2",
        "UPDATE word_data SET block = cast(replace(block, 'close', 'claws') AS blob)",
    ],
)
def test_a_damaged_table_of_words_is_made_again(damaged: Settings, harm: str):
    with closing(sqlite3.connect(one(damaged, "*/articles.sqlite"))) as file, file:
        file.execute(harm)
    with pytest.raises(IndexUnusable, match=r"\(words\) is damaged.*qa doctor --repair"):
        Index.open(damaged.index, EMBEDDER, damaged)
    assert states(damaged)["lexical"] == "bad"
    mended = states(damaged, repair=True)
    assert mended.pop("lexical") == "mended"
    assert set(mended.values()) == {"good"}
    assert set(states(damaged).values()) == {"good"}


def test_many_copies_are_no_damage(tmp_path: Path):
    """Chroma does not find its way past them, and to make it again does not help."""
    rows = [{"id": f"a{n}", "language": "en", "text": "Cases are closed."} for n in range(MANY)]
    rows.append({"id": "b", "language": "en", "text": "The harbour of Tobruk was closed."})
    (tmp_path / "many.jsonl").write_text("\n".join(map(json.dumps, rows)))
    settings = Settings(index=tmp_path / "index", llm="none", embedder="none of the catalogue")
    index_paths([tmp_path / "many.jsonl"], settings, EMBEDDER)
    assert set(states(settings).values()) == {"good"}


# A letter, a file, a whole directory


def test_a_changed_letter_is_never_quoted_and_the_article_comes_back(
    folder: Path, settings: Settings
):
    file = one(settings, "*/articles.sqlite")
    data = file.read_bytes()
    file.write_bytes(data.replace(b"Tanguy a dirig", b"Tanguy a corig"))
    with pytest.raises(IndexUnusable, match=r"'pont' .* is damaged"):
        found(settings, QUESTION)
    assert states(settings)["articles"] == "bad"
    assert states(settings, repair=True)["articles"] == "mended"
    assert "pont" not in found(settings, QUESTION)
    assert index_paths([folder], settings, EMBEDDER).added == 1
    assert "pont" in found(settings, QUESTION)


@pytest.mark.parametrize("harm", [delete, empty])
def test_a_lost_archive_is_no_empty_one(
    settings: Settings, tmp_path: Path, harm: Callable[[Path], None]
):
    """Another folder was indexed into a new one: 10 articles left of 310, without a word."""
    harm(one(settings, "*/articles.sqlite"))
    (tmp_path / "other.txt").write_text("Une girafe est née.")
    for use in (
        lambda: index_paths([tmp_path / "other.txt"], settings, EMBEDDER),
        lambda: Index.open(settings.index, EMBEDDER, settings),
        lambda: remove_articles(["pont"], settings),
    ):
        with pytest.raises(IndexUnusable, match=r"qa restore FILE.*qa index --rebuild PATH"):
            use()
    rebuilt = index_paths([tmp_path / "other.txt"], settings, EMBEDDER, rebuild=True)
    assert rebuilt.counts["articles"] == 1


def test_a_lost_manifest_is_no_index_that_is_not_there_yet(settings: Settings, tmp_path: Path):
    """The next run would have begun another index and thrown the articles away."""
    (settings.index / "manifest.json").unlink()
    (tmp_path / "other.txt").write_text("Une girafe est née.")
    for use in (
        lambda: index_paths([tmp_path / "other.txt"], settings, EMBEDDER),
        lambda: Index.open(settings.index, EMBEDDER, settings),
    ):
        with pytest.raises(IndexUnusable, match=r"manifest.json is gone.*qa restore FILE"):
            use()
    assert one(settings, "*/articles.sqlite").exists()
    assert index_paths([tmp_path / "other.txt"], settings, EMBEDDER, rebuild=True).added == 1


def test_an_archive_with_a_damaged_page_is_not_mended_but_said(damaged: Settings):
    file = one(damaged, "*/articles.sqlite")
    data = bytearray(file.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 65_536] = b"\xab" * 65_536
    file.write_bytes(bytes(data))
    before = sealed(file.parent)
    for repair in (False, True):
        findings = doctor.examine(damaged, repair=repair)
        assert any("qa restore FILE" in found.detail for found in findings if found.state == "bad")
    assert sealed(file.parent) == before


def test_an_archive_of_an_earlier_state_is_not_taken_for_the_present_one(
    folder: Path, settings: Settings, tmp_path: Path
):
    shutil.copy(one(settings, "*/articles.sqlite"), tmp_path / "old.sqlite")
    remove_articles(["lynx"], settings)
    shutil.copy(tmp_path / "old.sqlite", one(settings, "*/articles.sqlite"))
    with pytest.raises(IndexUnusable, match="not the one that the last run has left"):
        Index.open(settings.index, EMBEDDER, settings)


def test_an_index_made_again_at_its_place_is_noticed(folder: Path, settings: Settings):
    """Generation and revision are what they were; a server found nothing until it was restarted."""
    live = LiveIndex(settings.index, EMBEDDER, settings)
    retriever = HybridRetriever(index=live, embedder=EMBEDDER)
    assert retriever.search(QUESTION)[0].article.id == "pont"
    first = Manifest.read(settings.index)
    shutil.rmtree(settings.index)
    (folder / "2019-03-pont.md").unlink()
    (folder / "zoo.txt").write_text("Une girafe est née au zoo de Lanvollon.")
    index_paths([folder], settings, EMBEDDER)
    second = Manifest.read(settings.index)
    assert second.revision == first.revision
    assert second.id != first.id
    modes: tuple[Mode, ...] = ("dense", "lexical")
    for mode in modes:
        assert "girafe" in retriever.search("Où est née la girafe ?", mode=mode)[0].chunk.text
    live.close()


def test_an_index_of_an_earlier_version_is_completed_by_a_repair_or_the_next_run(
    folder: Path, settings: Settings
):
    """It has no id, no sums, no revision in its archive, and its words in a folder of their own."""
    file = settings.index / "manifest.json"
    values = json.loads(file.read_text())
    del values["id"]
    file.write_text(json.dumps(values))
    words = one(settings, "*/sums.json").parent / "lexical"
    words.mkdir()
    one(settings, "*/sums.json").unlink()
    with closing(sqlite3.connect(one(settings, "*/articles.sqlite"))) as old:
        old.executescript("DROP TRIGGER word_added; DROP TRIGGER word_removed; DROP TABLE word;")
        old.execute("PRAGMA user_version = 0")
    with pytest.raises(IndexUnusable, match=r"earlier version.*qa doctor --repair"):
        found(settings, QUESTION)
    assert set(states(settings, repair=True).values()) <= {"good", "mended"}
    assert "pont" in found(settings, QUESTION)
    assert index_paths([folder], settings, EMBEDDER).embedded == 0
    assert len(contents(settings)["articles"]) == ARTICLE_COUNT
    assert not words.exists()
    index_paths([folder], settings, EMBEDDER, rebuild=True)
    assert Manifest.read(settings.index).id


def test_what_a_killed_cleaning_has_left_goes_with_the_next_run(folder: Path, settings: Settings):
    """A generation whose archive went first was not taken for one, and stayed."""
    left = settings.index / "0123456789ab-7"
    shutil.copytree(one(settings, "*/chroma/chroma.sqlite3").parent, left / "chroma")
    (settings.index / "mine").mkdir()
    index_paths([folder], settings, EMBEDDER)
    assert not left.exists()
    assert (settings.index / "mine").exists()


# While a run writes


def answers(live: LiveIndex) -> dict[str, set[str]]:
    """What is found by the words of the article that changes, the one that goes, the one to come.

    Dense search finds all there is, of so few; the best by words is asked for by itself.
    """
    modes: tuple[Mode, ...] = ("dense", "lexical")
    seen = {}
    for question in ("How many people crossed the bridge?", "le phare de Harwick", "la girafe"):
        for most in (1, 20):
            retriever = HybridRetriever(index=live, embedder=EMBEDDER, candidates=most, k=most)
            for mode in modes[most == 1 :]:
                hits = retriever.search(question, mode=mode)
                seen[f"{question} {mode} {most}"] = {hit.chunk.text for hit in hits}
    return seen


def change(folder: Path) -> None:
    bridge = folder / "2019-03-bridge.md"
    bridge.write_text(bridge.read_text().replace("two thousand", "three thousand"))
    (folder / "phare.txt").unlink()
    (folder / "new.txt").write_text("Une girafe est née au zoo de Lanvollon.")


STEPS: list[tuple[type, str]] = [
    (ArchiveWriter, "stage"),
    (ArchiveWriter, "announce"),
    (ChromaIndex, "put"),
    (ArchiveWriter, "publish"),
    (ChromaIndex, "delete"),
    (ArchiveWriter, "forget"),
    (ArchiveWriter, "tidy"),
    (Manifest, "write"),
]


def test_readers_see_the_old_state_or_the_new_one_whole(
    folder: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Before and after each step, whoever has the index open and whoever opens it then."""
    monkeypatch.setattr(build, "_BATCH_CHUNKS", 1)
    monkeypatch.setattr(session, "_CHUNKS_AT_ONCE", 1)
    whole = Settings(index=tmp_path / "whole")
    live = LiveIndex(settings.index, EMBEDDER, settings)
    old = answers(live)
    change(folder)
    index_paths([folder], whole, EMBEDDER)
    with closing(LiveIndex(whole.index, EMBEDDER, whole)) as then:
        new = answers(then)
    assert all(old[question] != new[question] for question in old)
    seen: list[str] = []

    def look(where: str) -> None:
        with closing(LiveIndex(settings.index, EMBEDDER, settings)) as fresh:
            for reader, name in ((live, "open"), (fresh, "fresh")):
                got = answers(reader)
                assert got in (old, new), (where, name)
                seen.append("old" if got == old else "new")

    def watched(real: Callable[..., Any], name: str) -> Callable[..., Any]:
        def step(*args: Any, **options: Any) -> Any:
            look(f"before {name}")
            result = real(*args, **options)
            look(f"after {name}")
            return result

        return step

    with monkeypatch.context() as patch:
        for owner, name in STEPS:
            patch.setattr(owner, name, watched(getattr(owner, name), name))
        index_paths([folder], settings, EMBEDDER)
    assert seen == sorted(seen, reverse=True), "once new, it stays so"
    assert set(seen) == {"old", "new"}
    assert answers(live) == new
    live.close()


def test_a_new_state_is_read_while_somebody_still_reads_the_old_one(settings: Settings):
    with closing(LiveIndex(settings.index, EMBEDDER, settings)) as live:
        with live.current() as old:
            remove_articles(["lynx"], settings)
            with live.current() as new:
                assert new is not old
                assert new.store.count() == new.archive.counts()["chunks"]
            assert old.archive.counts() == new.archive.counts(), "it is still open"
            assert old.store.count() > 0
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            old.archive.counts()
        with live.current() as index:
            assert index is new


def test_a_new_state_that_cannot_be_opened_costs_nothing_but_the_question(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    """The old one was closed first."""
    with closing(LiveIndex(settings.index, EMBEDDER, settings)) as live:
        with live.current() as old:
            pass
        seals = one(settings, "*/sums.json")
        before = seals.stat().st_mtime_ns
        os.utime(seals, ns=(before + 1, before + 1))
        chroma = one(settings, "*/chroma/chroma.sqlite3").parent
        chroma.rename(chroma.with_name("elsewhere"))
        for _ in range(2):
            with pytest.raises(IndexUnusable, match="qa doctor --repair"), live.current():
                pass
        assert old.archive.counts()["articles"] == ARTICLE_COUNT
        chroma.with_name("elsewhere").rename(chroma)
        os.utime(seals, ns=(before, before))
        with live.current() as index:
            assert index is old


KILLED = """
import os, signal, sys
from pathlib import Path
from qa.index import build
from qa.index.writer import ArchiveWriter
from qa.settings import Settings
from qa.index.chroma import ChromaIndex
from tests.fakes import BagOfWords

def die(*args, **options):
    os.kill(os.getpid(), signal.SIGKILL)

owner, name = sys.argv[1].split(".")
owners = {"ArchiveWriter": ArchiveWriter, "ChromaIndex": ChromaIndex}
setattr(owners[owner], name, die)
build.index_paths([Path(sys.argv[2])], Settings(index=Path(sys.argv[3])), BagOfWords())
"""


@pytest.mark.parametrize(
    ("at", "state"),
    [
        ("ArchiveWriter.publish", "old"),
        ("ChromaIndex.delete", "new"),
        ("ArchiveWriter.forget", "new"),
    ],
)
def test_after_a_killed_run_dense_search_lacks_nothing(
    folder: Path, settings: Settings, tmp_path: Path, at: str, state: str
):
    """It found none of the replaced articles until some run had completed."""
    live = LiveIndex(settings.index, EMBEDDER, settings)
    wanted = {"old": answers(live)}
    change(folder)
    whole = Settings(index=tmp_path / "whole")
    index_paths([folder], whole, EMBEDDER)
    with closing(LiveIndex(whole.index, EMBEDDER, whole)) as then:
        wanted["new"] = answers(then)
    command = [sys.executable, "-c", KILLED, at, str(folder), str(settings.index)]
    done = subprocess.run(command, cwd=ROOT, check=False)
    assert done.returncode < 0
    assert answers(live) == wanted[state]
    with closing(LiveIndex(settings.index, EMBEDDER, settings)) as fresh:
        assert answers(fresh) == wanted[state]
    calls = EMBEDDER.calls
    index_paths([folder], settings, EMBEDDER)
    assert EMBEDDER.calls == calls, "what it had staged or published is not embedded again"
    assert answers(live) == wanted["new"]
    assert contents(settings) == contents(whole)
    live.close()


# Folders and disks


@pytest.fixture
def unwritable(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The index, in a folder that cannot be written; root may write everywhere."""
    may = os.access

    def access(path: Any, mode: int) -> bool:
        return may(path, mode) and not (
            mode & os.W_OK and Path(path).is_relative_to(settings.index)
        )

    monkeypatch.setattr("qa.index.directory.os.access", access)
    return settings.index


def test_a_folder_that_cannot_be_written_is_asked_like_any_other(
    settings: Settings,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    def sums() -> dict[str, str]:
        files = [path for path in settings.index.rglob("*") if path.is_file()]
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    with closing(LiveIndex(settings.index, EMBEDDER, settings)) as live:
        expected = answers(live)
    before = sums()
    request.getfixturevalue("unwritable")
    (tmp_path / "copies").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "copies"))
    with closing(LiveIndex(settings.index, EMBEDDER, settings)) as live:
        assert answers(live) == expected
        assert list((tmp_path / "copies").iterdir())
    assert not list((tmp_path / "copies").iterdir())
    assert sums() == before


def test_who_may_not_write_is_told_to_make_it_writable(
    folder: Path, settings: Settings, unwritable: Path
):
    for use in (
        lambda: index_paths([folder], settings, EMBEDDER),
        lambda: index_paths([folder], settings, EMBEDDER, rebuild=True),
        lambda: remove_articles(["pont"], settings),
    ):
        with pytest.raises(IndexUnusable) as told:
            use()
        assert "Make it writable for this user, then run the command again" in str(told.value)
        assert "rebuild" not in str(told.value)
    findings = doctor.examine(settings, repair=True)
    [bad] = [found for found in findings if (found.what, found.state) == ("index", "bad")]
    assert "Make it writable for this user" in bad.detail


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "Make room on the disk"),
        (errno.EACCES, "Make it writable for this user"),
        (errno.EROFS, "Make it writable for this user"),
    ],
)
def test_what_the_disk_refuses_is_told_in_one_line(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, number: int, advice: str
):
    def refuse(*args: object) -> None:
        raise OSError(number, os.strerror(number), "somewhere")

    with monkeypatch.context() as patch:
        patch.setattr("qa.index.session.seal", refuse)
        with pytest.raises(IndexUnusable, match=advice):
            amend_article("pont", settings, EMBEDDER, title="Le pont")
    assert "pont" in found(settings, QUESTION)
    assert remove_articles(["pont"], settings)


# Backups


def test_a_backup_brings_everything_back_as_another_index(
    folder: Path, settings: Settings, tmp_path: Path
):
    amend_article("lynx", settings, EMBEDDER, title="A lynx")
    before, file = contents(settings), tmp_path / "index.zip"
    live = LiveIndex(settings.index, EMBEDDER, settings)
    retriever = HybridRetriever(index=live, embedder=EMBEDDER)
    back_up(file, settings)
    with pytest.raises(IndexUnusable, match="is there already"):
        back_up(file, settings)
    remove_articles(["pont", "lynx"], settings)
    with pytest.raises(IndexUnusable, match="--replace"):
        put_back(file, settings)
    first, calls = Manifest.read(settings.index), EMBEDDER.calls
    put_back(file, settings, over=True)
    assert EMBEDDER.calls == calls
    assert contents(settings) == before
    assert Manifest.read(settings.index).id != first.id
    assert retriever.search(QUESTION, mode="dense")[0].article.id == "pont"
    live.close()
    assert index_paths([folder], settings, EMBEDDER).unchanged == ARTICLE_COUNT
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index", "index.zip", "news"]

    elsewhere = Settings(index=tmp_path / "elsewhere")
    put_back(file, elsewhere)
    assert contents(elsewhere) == before


def test_an_index_that_is_being_written_or_may_not_be_is_backed_up(
    folder: Path, settings: Settings, tmp_path: Path, request: pytest.FixtureRequest
):
    before = contents(settings)
    with write_lock(settings.index):
        back_up(tmp_path / "written.zip", settings)
    request.getfixturevalue("unwritable")
    back_up(tmp_path / "read-only.zip", settings)
    for name in ("written", "read-only"):
        elsewhere = Settings(index=tmp_path / name)
        put_back(tmp_path / f"{name}.zip", elsewhere)
        assert contents(elsewhere) == before


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_a_damaged_backup_changes_nothing(settings: Settings, tmp_path: Path, place: float):
    file = tmp_path / "index.zip"
    back_up(file, settings)
    before = contents(settings)
    data = bytearray(file.read_bytes())
    data[int(len(data) * place)] ^= 0xFF
    file.write_bytes(bytes(data))
    with pytest.raises(IndexUnusable, match="damaged"):
        put_back(file, settings, over=True)
    assert contents(settings) == before
    assert len([path for path in settings.index.iterdir() if path.is_dir()]) == 1
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as other:
        other.writestr("a.txt", "a")
    for name in ("other.zip", "nowhere.zip"):
        with pytest.raises(IndexUnusable, match=name):
            put_back(tmp_path / name, settings, over=True)
