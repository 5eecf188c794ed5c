"""The API in the process of the tests, and on a port."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from fastapi.testclient import TestClient
from langchain_core.language_models import BaseChatModel

from qa.server.api import build
from qa.settings import Settings
from tests.fakes import BagOfWords
from tests.server.api.servers import opened, served

# An address as the server knows itself; the client's usual one is `testserver`.
BASE = "http://127.0.0.1"

Open = Callable[..., TestClient]
Serve = Callable[..., str]


@pytest.fixture
def open_api(settings: Settings, fake_embedder: BagOfWords) -> Iterator[Open]:
    """Opens the API with other settings, a language model or a client of another address."""
    with ExitStack() as stack:

        def open_api(
            model: BaseChatModel | None = None, base: str = BASE, **changed: Any
        ) -> TestClient:
            changed_settings = Settings(**{**settings.model_dump(), **changed})
            assistant = stack.enter_context(opened(changed_settings, fake_embedder, model))
            client = TestClient(build(assistant), base_url=base, raise_server_exceptions=False)
            return stack.enter_context(client)

        yield open_api


@pytest.fixture
def api(open_api: Open) -> TestClient:
    """The API as it comes."""
    return open_api()


@pytest.fixture
def serve(settings: Settings, fake_embedder: BagOfWords) -> Iterator[Serve]:
    """Serves the API on a port; gives its address."""
    with ExitStack() as stack:

        def serve(model: BaseChatModel | None = None, **changed: Any) -> str:
            changed_settings = Settings(**{**settings.model_dump(), **changed})
            assistant = stack.enter_context(opened(changed_settings, fake_embedder, model))
            return stack.enter_context(served(build(assistant)))

        yield serve
