"""Whether it is ready, when what it needs runs elsewhere."""

from __future__ import annotations

from pathlib import Path

from qa.index.build import index_paths
from qa.settings import Settings
from tests.fakes import ARTICLE_COUNT, BagOfWords
from tests.index.test_chroma import chroma_server
from tests.server.api.conftest import Open
from tests.server.api.test_worker import until


def test_it_is_not_ready_while_the_chroma_server_is_away(
    tmp_path: Path, article_folder: Path, fake_embedder: BagOfWords, open_api: Open
):
    """It once said that it was, and each question was a 503."""
    with chroma_server(tmp_path / "chroma") as url:
        settings = Settings(index=tmp_path / "index", chroma_url=url)
        index_paths([article_folder], settings, fake_embedder)
        api = open_api(index=settings.index, chroma_url=url)
        assert api.get("/readyz").json()["articles"] == ARTICLE_COUNT
    until(lambda: api.get("/readyz").status_code == 503)
    assert api.get("/healthz").status_code == 200
