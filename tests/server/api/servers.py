"""A server of the API on loopback, with stand-ins for the models."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from langchain_core.language_models import BaseChatModel

from qa.assistant import Assistant
from qa.index.live import LiveIndex
from qa.models.loading import LanguageModel, LLMStatus
from qa.search.retriever import HybridRetriever
from qa.settings import Settings
from tests.fakes import BagOfWords

ASKED = "Who led the works on the Kervalec bridge?"


class Given(LanguageModel):
    """A language model that is there from the start."""

    def __init__(self, settings: Settings, model: BaseChatModel) -> None:
        super().__init__(settings, fetch=False)
        self._given = model

    def get(self) -> BaseChatModel | None:
        """The model."""
        return self._given

    def status(self) -> LLMStatus:
        """Ready."""
        return LLMStatus("ready", "given", 1.0)


@contextmanager
def opened(
    settings: Settings, embedder: BagOfWords, model: BaseChatModel | None = None
) -> Iterator[Assistant]:
    """An assistant over the index that the settings name."""
    index = LiveIndex(settings.index, embedder, settings)
    retriever = HybridRetriever(
        index=index, embedder=embedder, candidates=settings.candidates, k=settings.k
    )
    place = Given(settings, model) if model else LanguageModel(settings, fetch=False)
    assistant = Assistant(settings, index, retriever, place)
    try:
        yield assistant
    finally:
        assistant.close()


@contextmanager
def served(app: FastAPI, http: type[asyncio.Protocol] | None = None) -> Iterator[str]:
    """The address of a server that runs `app` in a thread, with connections of this kind."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(
            uvicorn.Config(
                app, log_config=None, timeout_graceful_shutdown=2, ws="none", http=http or "auto"
            )
        )
        thread = threading.Thread(
            target=asyncio.run, args=(server.serve(sockets=[listening]),), daemon=True
        )
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
            assert not thread.is_alive(), "the server did not stop"
