"""Language models behind an API, with errors that a person can read.

    openai:NAME      OpenAI, or any server that speaks its protocol (`llm_base_url`)
    ollama:NAME      a local Ollama
    anthropic:NAME   Anthropic

Wraps a LangChain chat model of another package, which is optional. What that package raises becomes
an AnswerError with the service's name and what to do; the time limit holds for the whole answer; a
key is never part of a message.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import time
from collections.abc import Iterator
from typing import Any

import httpx
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk
from pydantic import Field

from qa.errors import AnswerError, MissingExtra, ModelError
from qa.models.local_llm import Streaming
from qa.settings import Settings

OLLAMA_URL = "http://127.0.0.1:11434/v1"
SCHEMES = ("openai", "ollama", "anthropic")
# The root of what each package raises when its service fails.
_FAILURES = {"openai": "OpenAIError", "anthropic": "AnthropicError"}


class Service(Streaming):
    """A chat model of another package.

    Attributes:
        spec: as in the settings, for example `openai:gpt-4.1-mini`.
        inner: the chat model that does the work.
        timeout_s: seconds an answer may take.
        key: kept out of messages; empty without one.
        failures: what the package raises when the service fails.
    """

    spec: str
    inner: BaseChatModel = Field(repr=False)
    timeout_s: float
    key: str = Field(repr=False)
    failures: tuple[type[Exception], ...] = Field(repr=False)

    @property
    def _llm_type(self) -> str:
        return self.spec.partition(":")[0]

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        deadline = time.monotonic() + self.timeout_s
        failures: tuple[type[Exception], ...] = (*self.failures, httpx.HTTPError)
        try:
            for chunk in self.inner._stream(messages, stop, run_manager, **kwargs):
                if time.monotonic() > deadline:
                    raise AnswerError(
                        f"{self.spec} did not finish within {self.timeout_s:g} s. Raise "
                        "`llm_timeout_s`, or set `answerer` to extractive."
                    )
                yield chunk
        except failures as exc:
            words = (str(exc) or type(exc).__name__).strip().rstrip(".")
            words = words.replace(self.key, "***") if self.key else words
            raise AnswerError(
                f"{self.spec} failed: {words}. Check that the service runs and that `llm`, "
                "`llm_base_url` and its key are right, or set `answerer` to extractive."
            ) from None  # the original may carry the request, and with it the key


def open_service(scheme: str, model: str, settings: Settings) -> Service:
    """The chat model of a service.

    Raises:
        ModelError: its key is not set.
        MissingExtra: its package is not installed.
    """
    provider = "anthropic" if scheme == "anthropic" else "openai"
    package = f"langchain_{provider}"
    if importlib.util.find_spec(package) is None:
        raise MissingExtra(package.replace("_", "-"), provider, f"llm = {scheme}:{model}")
    from langchain.chat_models import init_chat_model

    options: dict[str, Any] = {}
    if url := settings.llm_base_url or (OLLAMA_URL if scheme == "ollama" else None):
        options["base_url"] = url
        if provider == "openai":  # whose newer models accept no temperature but their own
            options["temperature"] = 0.0
    key = _key(scheme, settings)
    inner = init_chat_model(
        model,
        model_provider=provider,
        api_key=key or "none",  # sent where a server wants the field filled
        timeout=settings.llm_timeout_s,
        max_retries=0,  # a second try would take the time limit a second time
        stream_usage=True,
        **options,
    )
    failure = getattr(importlib.import_module(provider), _FAILURES[provider])
    spec = f"{scheme}:{model}"
    return Service(
        spec=spec, inner=inner, timeout_s=settings.llm_timeout_s, key=key, failures=(failure,)
    )


def _key(scheme: str, settings: Settings) -> str:
    variable = f"{scheme.upper()}_API_KEY"
    key = os.environ.get(variable, "") if scheme != "ollama" else ""
    # A server of one's own seldom wants a key.
    if not key and (scheme == "anthropic" or (scheme == "openai" and not settings.llm_base_url)):
        raise ModelError(
            f"{scheme} needs a key: set the environment variable {variable}, or set `llm` to a "
            "model that runs on this machine."
        )
    return key
