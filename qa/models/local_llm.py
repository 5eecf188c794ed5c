"""The local language model: an engine inside this process, as a LangChain chat model.

What a prompt begins with and an earlier prompt began with too is not read again, so a system prompt
that never changes costs its time once; `read` pays it before the question. Requests from two
threads run side by side, later ones wait. Answers are reproducible: temperature 0, fixed seed.

Knows nothing about prompts, quotes or articles, nor how an engine is driven.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Any, Self

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessageChunk, BaseMessage, convert_to_openai_messages
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from qa.models.engine import Engine, Event, Request, Run


class Streaming(BaseChatModel):
    """A chat model whose whole answer is the sum of what it streams."""

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, stop, run_manager, **kwargs))


class LocalModel(Streaming):
    """A model file, loaded. `LocalModel.on` makes one; it may be used from several threads.

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
    _engine: Engine = PrivateAttr()
    _ahead: set[Run] = PrivateAttr(default_factory=set)

    @classmethod
    def on(cls, engine: Engine, name: str, timeout_s: float) -> Self:
        """The model that an engine has loaded."""
        model = cls(name=name, timeout_s=timeout_s)
        model._engine = engine
        return model

    @property
    def engine(self) -> str:
        """What runs it: `llama.cpp` or `openvino`."""
        return self._engine.name

    def read(self, messages: Sequence[BaseMessage]) -> Generator[None]:
        """Read these messages now, so that a request that begins with them need not.

        Yields after each part that is read; closing it stops the reading, and so does any request.
        What was read stays read.

        Raises:
            AnswerError: the model failed or took too long.
        """
        request = self._request(list(messages), None, {"max_tokens": 1})
        run = self._engine.start(request, self.timeout_s)
        self._ahead.add(run)
        try:
            for _ in run.events():
                yield
        finally:
            run.cancel()
            self._ahead.discard(run)

    @property
    def _llm_type(self) -> str:
        return self.engine

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        """Chunks as they are generated; closing the iterator early stops the model.

        Before the first word, chunks without text say how much of the prompt is read: `reading` in
        their `response_metadata` is [[tokens read, of so many]].
        """
        request = self._request(messages, stop, kwargs)
        for ahead in tuple(self._ahead):
            ahead.cancel()
            ahead.wait(self.timeout_s)  # what was read is known only then
        run = self._engine.start(request, self.timeout_s)
        try:
            for event in run.events():
                chunk = ChatGenerationChunk(message=self._message(event))
                if run_manager is not None and chunk.text:
                    run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk
        finally:
            run.cancel()

    def _request(
        self, messages: list[BaseMessage], stop: list[str] | None, options: dict[str, Any]
    ) -> Request:
        usual = {"max_tokens": self.max_tokens, "temperature": self.temperature, "seed": self.seed}
        asked = convert_to_openai_messages(messages)
        return Request(asked, stop=tuple(stop or ()), **(usual | options))

    def _message(self, event: Event) -> AIMessageChunk:
        """What LangChain makes of an event of the engine."""
        if event.used is not None:
            prompt, written, known = event.used
            usage = UsageMetadata(
                input_tokens=prompt,
                output_tokens=written,
                total_tokens=prompt + written,
                input_token_details={"cache_read": known},
            )
            return AIMessageChunk(content="", usage_metadata=usage)
        meta: dict[str, Any] = {}
        if event.read is not None:
            meta = {"reading": [list(event.read)]}  # a list: LangChain adds up what chunks say
        elif event.ended is not None:
            meta = {"finish_reason": event.ended, "model_name": self.name or ""}
        return AIMessageChunk(content=event.text, response_metadata=meta)
