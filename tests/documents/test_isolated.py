"""Files are read in a process of their own: none stops or starves whoever reads it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from qa.documents.article import Article
from qa.documents.parsers import Failure, count, find, read
from qa.documents.parsers.isolated import Child, Limits, TooMuch
from qa.index.build import index_paths
from qa.settings import Settings
from tests.fakes import BagOfWords

GOOD = "---\ntitle: Harbour\ndate: 2017-01\n---\nThe harbour of Tobruk was closed on Monday.\n"


def aliases(levels: int) -> str:
    """A front matter whose title, written out, has 9 to the power of `levels` pieces."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(["---", *lines, f"title: *a{levels - 1}", "---", "A text."])


@pytest.fixture
def bomb(tmp_path: Path) -> Path:
    """A file that no reader gets to the end of."""
    path = tmp_path / "bomb.md"
    path.write_text("a <b> " * 200_000, encoding="utf-8")
    return path


def test_results_are_those_of_reading_here(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(GOOD, encoding="utf-8")
    (tmp_path / "b.jsonl").write_text('{"text": "Été à Tobrouk."}\n{"text": ""}\n', "utf-8")
    (tmp_path / "c.pdf").write_bytes(b"no pdf")
    with Child(Limits()) as child:
        for path in find([tmp_path]):
            assert list(child.read(path)) == list(read(path))


def test_a_file_that_takes_too_long_is_given_up_on_and_the_next_is_read(
    tmp_path: Path, bomb: Path
) -> None:
    good = tmp_path / "good.md"
    good.write_text(GOOD, encoding="utf-8")
    with Child(Limits(seconds=1)) as child:
        (failure,) = child.read(bomb)
        assert isinstance(failure, TooMuch)
        assert "more than 1 seconds" in failure.reason
        (article,) = child.read(good)
    assert isinstance(article, Article)
    assert article.title == "Harbour"


@pytest.mark.skipif(os.name != "posix", reason="no limit for memory")
def test_a_file_that_takes_too_much_memory_is_given_up_on(tmp_path: Path) -> None:
    path = tmp_path / "aliases.md"
    path.write_text(aliases(9), encoding="utf-8")
    with Child(Limits(seconds=60, megabytes=400)) as child:
        (failure,) = child.read(path)
    assert isinstance(failure, TooMuch)
    assert "400 MB" in failure.reason


def test_a_text_that_takes_too_long_to_be_cut_is_given_up_on_as_well(tmp_path: Path) -> None:
    """It was cut by whoever had it read, without a limit: 100,000 such marks took minutes."""
    path = tmp_path / "marks.txt"
    path.write_text("The harbour is closed. " + "`" * 4_000_000, encoding="utf-8")
    with Child(Limits(seconds=2)) as child:
        (failure,) = child.read(path)
    assert isinstance(failure, TooMuch)
    assert "more than 2 seconds" in failure.reason


def test_a_long_text_that_says_the_same_over_and_over_is_refused(tmp_path: Path) -> None:
    """A thousand passages that are the same hid all others from dense search."""
    path = tmp_path / "same.txt"
    path.write_text("The harbour was closed on Monday. " * 4_000, encoding="utf-8")
    with Child(Limits()) as child:
        (failure,) = child.read(path)
        assert isinstance(failure, Failure)
        assert "the same over and over" in failure.reason
        path.write_text(" ".join(f"Boat {n} left." for n in range(20_000)), encoding="utf-8")
        (article,) = child.read(path)
        assert isinstance(article, Article)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)
    assert count(pipe) == 1
    (failure,) = read(pipe)
    assert isinstance(failure, Failure)
    assert "regular file" in failure.reason


def test_a_file_that_was_given_up_on_is_not_read_again_until_it_changes(
    tmp_path: Path, bomb: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "good.md").write_text(GOOD, encoding="utf-8")
    settings = Settings(index=tmp_path / "index", file_seconds=1, llm="none")
    first = index_paths([bomb, tmp_path / "good.md"], settings, BagOfWords())
    assert (first.added, len(first.failures)) == (1, 1)
    with monkeypatch.context() as watched:
        read_again: list[Path] = []

        def noted(_: Child, path: Path) -> Iterator[Article]:
            read_again.append(path)
            return iter(())

        watched.setattr(Child, "read", noted)
        again = index_paths([bomb, tmp_path / "good.md"], settings, BagOfWords())
    assert read_again == [tmp_path / "good.md"]
    assert [f.reason for f in again.failures] == [f.reason for f in first.failures]
    bomb.write_text(GOOD.replace("Harbour", "Changed"), encoding="utf-8")
    assert index_paths([bomb], settings, BagOfWords()).added == 1


def test_a_rebuild_keeps_only_what_it_was_told_to_also_after_a_killed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
        text = GOOD.replace("Tobruk", folder.name)
        (folder / "a.md").write_text(text, encoding="utf-8")
    settings = Settings(index=tmp_path / "index", llm="none")
    index_paths([one], settings, BagOfWords())
    with monkeypatch.context() as killed:

        def die(*args: object) -> None:
            raise KeyboardInterrupt

        killed.setattr("qa.index.build.drop_other_generations", die)
        killed.setattr("qa.index.directory.Manifest.after_run", die)
        with pytest.raises(KeyboardInterrupt):
            index_paths([one], settings, BagOfWords(), rebuild=True)
    report = index_paths([other], settings, BagOfWords(), rebuild=True)
    assert report.counts["articles"] == 1
