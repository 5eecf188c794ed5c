"""The benchmarks of size do what they say on an index of six articles."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from lab.benchmarks import changes, graph
from qa.settings import Settings
from tests.fakes import BagOfWords


def test_each_change_of_an_index_is_timed(
    tmp_path: Path, built: Path, fake_embedder: BagOfWords, capsys: pytest.CaptureFixture[str]
):
    shutil.copytree(built, tmp_path / "index")
    changes.measure(Settings(index=tmp_path / "index"), tmp_path / "more", fake_embedder)
    lines = [line.split("|") for line in capsys.readouterr().out.splitlines()]
    steps = ["added", "changed", "nothing new", "removed", "a reader opens and asks"]
    assert [line[0] for line in lines] == 2 * steps
    assert all(float(number) >= 0 for line in lines for number in line[1:])


def test_a_small_graph_finds_the_nearest():
    vectors = np.random.default_rng(0).standard_normal((400, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    _, recall, _ = graph.measure(vectors, 100, 100, 16, 64)
    assert float(recall) > 0.95
