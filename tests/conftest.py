"""Fixtures for every test: a clean environment, a few articles, an index of them, the models.

Tests with the marker `model` fail when a model is not on this machine; `make test` fetches them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from qa.assistant import Assistant
from qa.conversations.store import Conversations
from qa.index.build import index_paths
from qa.index.live import LiveIndex
from qa.models.loading import LanguageModel
from qa.search.retriever import HybridRetriever
from qa.settings import Settings
from tests.fakes import BagOfWords, write_articles

if TYPE_CHECKING:
    from qa.models import Embedder

# The settings of whoever runs the tests change nothing; where the models are must be known.
for _name in [name for name in os.environ if name.startswith("QA_")]:
    if _name != "QA_MODELS_DIR":
        del os.environ[_name]
os.environ["HF_HUB_OFFLINE"] = "1"

# A busy machine is no failure.
hypothesis.settings.register_profile("qa", deadline=None)
hypothesis.settings.load_profile("qa")


@pytest.fixture(scope="session")
def fake_embedder() -> BagOfWords:
    """An embedder that counts words."""
    return BagOfWords()


@pytest.fixture(scope="session")
def article_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the articles of `fakes`; tests that change files write their own."""
    return write_articles(tmp_path_factory.mktemp("articles"))


@pytest.fixture(scope="session")
def built(
    tmp_path_factory: pytest.TempPathFactory, article_folder: Path, fake_embedder: BagOfWords
) -> Path:
    """An index of the articles, only to be read."""
    directory = tmp_path_factory.mktemp("built") / "index"
    index_paths([article_folder], Settings(index=directory), fake_embedder)
    return directory


@pytest.fixture
def settings(built: Path) -> Settings:
    """Settings for the index that is there, without a language model."""
    return Settings(index=built, llm="none", abstain_below=0.0)


@pytest.fixture
def live(settings: Settings, fake_embedder: BagOfWords) -> Iterator[LiveIndex]:
    """The index, open."""
    index = LiveIndex(settings.index, fake_embedder, settings)
    yield index
    index.close()


@pytest.fixture
def retriever(live: LiveIndex, fake_embedder: BagOfWords) -> HybridRetriever:
    """A retriever over the index."""
    return HybridRetriever(index=live, embedder=fake_embedder)


@pytest.fixture
def assistant(settings: Settings, live: LiveIndex, retriever: HybridRetriever) -> Assistant:
    """Over the index, without a language model."""
    return Assistant(settings, live, retriever, LanguageModel(settings, fetch=False))


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Conversations]:
    """A file of conversations, open."""
    conversations = Conversations.open(tmp_path / "talks.sqlite")
    yield conversations
    conversations.close()


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The real embedder. Fails when it has not been fetched."""
    from qa.models import Embedder

    return Embedder.open(Settings.load(directory=Path(__file__).parent))
