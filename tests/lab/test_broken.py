"""Broken files of every format are read, refused with a reason, or given up on."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.benchmarks.broken import campaign, inputs, outcome, seeds
from qa.documents.article import Article
from qa.documents.parsers import SUPPORTED, Failure
from qa.documents.parsers.isolated import Child, Limits


def test_no_input_is_lost():
    table, lost = campaign(100, seed=1)
    assert lost == []
    assert table.count("\n") >= len(SUPPORTED)


def test_there_is_an_input_for_every_format_and_the_same_for_the_same_seed():
    assert {ending for ending, _ in seeds().values()} == set(SUPPORTED)
    first, again, other = (list(inputs(200, seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


class Reads(Child):
    """Gives what it is told instead of reading."""

    def __init__(self, *results: Article | Failure) -> None:
        super().__init__(Limits())
        self.read = lambda path: iter(results)  # type: ignore[method-assign]


@pytest.mark.parametrize(
    "reasons", [[], [""], ["ValueError: x"], ["damaged (KeyError)"], ["<Element object at 0x7f>"]]
)
def test_a_file_without_a_reason_in_words_is_lost(reasons: list[str]):
    results = [Failure("a.txt", reason) for reason in reasons]
    assert outcome(Reads(*results), Path("a.txt"))[0] == "LOST"


def test_an_error_is_lost_and_a_reason_is_none():
    article = Article.create(text="A boat leaves.", language="en", origin="a.txt")
    bad = Failure("a.txt#2", "there is no text")
    assert outcome(Reads(article, bad), Path("a.txt")) == ("read", bad.reason)
    assert outcome(Reads(bad), Path("a.txt"))[0] == "refused"

    def broken(path: Path):
        raise KeyError(path)

    child = Reads()
    child.read = broken  # type: ignore[method-assign]
    assert outcome(child, Path("a.txt"))[0] == "LOST"
