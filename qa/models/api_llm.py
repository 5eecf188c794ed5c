"""Language models behind an API, with errors that a person can read.

Wraps a LangChain chat model of another package. What that package raises becomes an AnswerError
with the service's name and what to do; the time limit holds for the whole answer; a key is never
part of a message.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import Field

from qa.errors import AnswerError


class Service(BaseChatModel):
    """A chat model of another package.

    Attributes:
        spec: as in the settings, for example `openai:gpt-4.1-mini`.
        inner: the chat model that does the work.
        timeout_s: seconds an answer may take.
        key_variable: the environment variable with the key, kept out of messages; None without one.
        failures: what the package raises when the service fails.
    """

    spec: str
    inner: BaseChatModel = Field(repr=False)
    timeout_s: float
    key_variable: str | None = None
    failures: tuple[type[Exception], ...] = Field(default=(), repr=False)

    @property
    def _llm_type(self) -> str:
        return self.spec.partition(":")[0]

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.spec}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with self._translated():
            return self.inner._generate(messages, stop, run_manager, **kwargs)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with self._translated():
            return await self.inner._agenerate(messages, stop, run_manager, **kwargs)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        deadline = time.monotonic() + self.timeout_s
        with self._translated():
            for chunk in self.inner._stream(messages, stop, run_manager, **kwargs):
                self._check(deadline)
                yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        deadline = time.monotonic() + self.timeout_s
        with self._translated():
            async for chunk in self.inner._astream(messages, stop, run_manager, **kwargs):
                self._check(deadline)
                yield chunk

    def _check(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise AnswerError(
                f"{self.spec} did not finish within {self.timeout_s:g} s. Raise `llm_timeout_s`, "
                "or set `answerer` to extractive."
            )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        failures: tuple[type[Exception], ...] = (*self.failures, httpx.HTTPError)
        try:
            yield
        except failures as exc:
            raise AnswerError(
                f"{self.spec} failed: {self._words(exc)}. Check that the service runs and that "
                "`llm`, `llm_base_url` and its key are right, or set `answerer` to extractive."
            ) from None  # the original may carry the request, and with it the key

    def _words(self, exc: Exception) -> str:
        words = (str(exc) or type(exc).__name__).strip().rstrip(".")
        key = os.environ.get(self.key_variable) if self.key_variable else None
        return words.replace(key, "***") if key else words
