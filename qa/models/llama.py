"""The local language model: llama.cpp inside this process, as a LangChain chat model.

What a prompt begins with and an earlier prompt began with too is not read again, so a system prompt
that never changes costs its time once; `warm` pays it before the first question. Requests from two
threads run side by side, later ones wait. Answers are reproducible: temperature 0, fixed seed.

Knows nothing about prompts, quotes or articles, nor how llama.cpp is driven.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessageChunk, BaseMessage, convert_to_openai_messages
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from qa.errors import ModelError
from qa.models.llamaserver import Run, serve

# What a caller may set for one request, beside the stop sequences.
_OPTIONS = frozenset({"max_tokens", "temperature", "top_p", "seed", "response_format"})


class LlamaCpp(BaseChatModel):
    """A .gguf file, loaded. `LlamaCpp.open` makes one; it may be used from several threads.

    Attributes:
        name: what to call it; the catalogue's name, or the file's.
        timeout_s: seconds a request may take, waiting for other requests included.
        max_tokens: most tokens of an answer.
        temperature: 0 always takes the likeliest token.
        seed: for temperatures above 0.
    """

    name: str | None = None
    timeout_s: float
    max_tokens: int = 256
    temperature: float = 0.0
    seed: int = 20240601
    _server: Any = PrivateAttr(default=None)

    @classmethod
    def open(cls, path: Path, *, name: str, timeout_s: float, threads: int | None) -> LlamaCpp:
        """Load a model file; takes seconds, and about the file's size in memory.

        Raises:
            ModelError: there is no such file, or llama.cpp cannot load it.
        """
        if not path.is_file():
            raise ModelError(
                f"the language model {str(path)!r} is no file. Set `llm` to a .gguf file or to a "
                "model of `qa models list`."
            )
        model = cls(name=name, timeout_s=timeout_s)
        model._server = serve(path, threads)
        return model

    def warm(self, messages: Sequence[BaseMessage]) -> None:
        """Read these messages now, so that a request that begins with them need not.

        Raises:
            AnswerError: the model failed or took too long.
        """
        for _ in self._stream(list(messages), max_tokens=1):
            pass

    @property
    def _llm_type(self) -> str:
        return "llama.cpp"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {
            "model": self.name,
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "seed": self.seed,
        }

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, stop, run_manager, **kwargs))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        """Chunks as they are generated; closing the iterator early stops the model."""
        run = Run(self._server, self._request(messages, stop, kwargs), self.timeout_s)
        try:
            for event in run.events():
                chunk = self._chunk(event)
                if chunk is None:
                    continue
                if run_manager is not None and chunk.text:
                    run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk
        finally:
            run.cancel()

    def _request(
        self, messages: list[BaseMessage], stop: list[str] | None, options: dict[str, Any]
    ) -> dict[str, Any]:
        unknown = options.keys() - _OPTIONS
        if unknown:
            raise TypeError(
                f"unknown option {min(unknown)!r}. Options are: {', '.join(sorted(_OPTIONS))}."
            )
        request: dict[str, Any] = {
            "messages": convert_to_openai_messages(messages),
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "seed": self.seed,
            "stop": stop or [],
            "cache_prompt": True,
            "stream": True,
            "stream_options": {"include_usage": True},
            # An event for each batch of the prompt, so that it can be cancelled while it is read.
            "return_progress": True,
        }
        return request | options

    def _chunk(self, event: dict[str, Any]) -> ChatGenerationChunk | None:
        """What LangChain makes of a server event; None for one that says nothing."""
        if "usage" in event:
            message = AIMessageChunk(content="", usage_metadata=_usage(event["usage"]))
            return ChatGenerationChunk(message=message)
        choice = event["choices"][0]
        text = choice["delta"].get("content") or ""
        reason = choice["finish_reason"]
        if not text and reason is None:
            return None
        meta = {} if reason is None else {"finish_reason": reason, "model_name": self.name or ""}
        return ChatGenerationChunk(message=AIMessageChunk(content=text, response_metadata=meta))


def _usage(usage: dict[str, Any]) -> UsageMetadata:
    return UsageMetadata(
        input_tokens=usage["prompt_tokens"],
        output_tokens=usage["completion_tokens"],
        total_tokens=usage["total_tokens"],
        input_token_details={
            "cache_read": usage.get("prompt_tokens_details", {}).get("cached_tokens", 0)
        },
    )
