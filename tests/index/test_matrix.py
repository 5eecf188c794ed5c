"""The vectors in memory: the same order as Chroma's, and as plain arithmetic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qa.documents.filters import Filters
from qa.index import directory as index_module
from qa.index.build import index_paths
from qa.index.directory import Index
from qa.index.matrix import ChunkVector, ChunkVectors
from qa.settings import Settings
from tests.fakes import BagOfWords

N, D = 200, 8


def unit_rows(n: int) -> np.ndarray:
    rows = np.random.default_rng(0).standard_normal((n, D)).astype(np.float32)
    unit: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def held(rows: np.ndarray, count: int | None = None) -> ChunkVectors:
    """Every tenth is in English, the others in French."""
    chunks = [
        ChunkVector(str(n), str(n), None, None, "fr" if n % 10 else "en", row)
        for n, row in enumerate(rows)
    ]
    return ChunkVectors(chunks, len(rows) if count is None else count, D)


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("n", [1, 7, 20, 500])
def test_the_nearest_that_pass_come_first_with_their_cosine(language: str, n: int):
    """Few pass (their rows are copied) or most do (all are compared)."""
    rows = unit_rows(N)
    question = unit_rows(N + 1)[-1]
    passing = [i for i in range(N) if ("fr" if i % 10 else "en") == language]
    expected = sorted(passing, key=lambda i: -float(rows[i] @ question))[:n]
    hits = held(rows).nearest(question, n, Filters(language=language))
    assert [id for id, _ in hits] == [str(i) for i in expected]
    assert [cosine for _, cosine in hits] == pytest.approx(
        [float(rows[i] @ question) for i in expected], abs=1e-6
    )


def test_chunks_that_come_or_go_while_they_are_read_do_no_harm():
    """Another process may write between the count and the reading."""
    question = unit_rows(1)[0]
    for count in (N - 50, N + 50):
        hits = held(unit_rows(N), count).nearest(question, 2 * N, Filters(language="fr"))
        assert len(hits) == len([i for i in range(min(N, count)) if i % 10])


def test_none_at_all():
    assert held(unit_rows(0)).nearest(unit_rows(1)[0], 5, Filters(language="fr")) == []


@pytest.mark.parametrize(
    "filters",
    [Filters(), Filters(language="fr"), Filters.parse(since="2019-05"), Filters(sources=("x",))],
)
def test_an_index_gives_what_chroma_gives(
    tmp_path: Path, article_folder: Path, filters: Filters, monkeypatch: pytest.MonkeyPatch
):
    embedder = BagOfWords()
    settings = Settings(index=tmp_path / "index")
    index_paths([article_folder], settings, embedder)
    question = embedder.queries(["Qui a dirigé le chantier du pont de Kervalec ?"])[0]
    index = Index.open(settings.index, embedder, settings)
    try:
        from_memory = index.nearest(question, 10, filters)
        from_chroma = index.store.nearest(question, 10, filters)
        # As mappings: the archive's vectors are float16, and near ties may change places.
        assert dict(from_memory) == pytest.approx(dict(from_chroma), abs=2e-3)
        assert from_memory == sorted(from_memory, key=lambda hit: -hit[1])
    finally:
        index.close()
    monkeypatch.setattr(index_module, "_MOST_IN_MEMORY", 1)
    large = Index.open(settings.index, embedder, settings)
    try:
        assert large.nearest(question, 10, filters) == from_chroma
        assert large._vectors is None
    finally:
        large.close()


def test_chosen_articles_are_the_only_ones(
    tmp_path: Path, article_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    """Whether the vectors are in memory or Chroma is asked."""
    embedder = BagOfWords()
    settings = Settings(index=tmp_path / "index")
    index_paths([article_folder], settings, embedder)
    question = embedder.queries(["Qui a dirigé le chantier du pont de Kervalec ?"])[0]
    filters = Filters(articles=("lynx", "bridge", "never there"))
    for most in (1000, 1):
        monkeypatch.setattr(index_module, "_MOST_IN_MEMORY", most)
        index = Index.open(settings.index, embedder, settings)
        found = [id.partition("@")[0] for id, _ in index.nearest(question, 10, filters)]
        index.close()
        assert found == ["bridge", "lynx"]
