"""A conversation in OpenAI's form, as pydantic models: what `openai` turns into a question."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from qa.server.api.schemas import clean, said


class TextFormat(BaseModel):
    """The one form an answer has."""

    type: Literal["text"]


class Part(BaseModel):
    """A part of a message; only text can be read."""

    type: str
    text: str = ""


class Message(BaseModel):
    """A turn of a conversation in OpenAI's form."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None

    @property
    def text(self) -> str:
        """Its texts together."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type == "text")
        return self.content or ""


class StreamOptions(BaseModel):
    """OpenAI's options of a stream."""

    include_usage: bool = False


class ChatIn(BaseModel):
    """A chat completion in OpenAI's form.

    The last user message is the question and the turns before it its history, as many of the
    latest as there is room for. Instructions (`system`, `developer`), messages of tools and
    sampling options are taken and have no effect: the prompt is fixed. What would change the form
    of the answer (`n` over 1, `tools`, a JSON `response_format`) is refused.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model": "qa-auto",
                    "messages": [
                        {"role": "user", "content": "Who led the works on the Kervalec bridge?"}
                    ],
                }
            ]
        }
    )

    model: Annotated[str, Field(description="one of /v1/models", max_length=200)]
    messages: Annotated[list[Message], Field(min_length=1)]
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = None
    tools: Annotated[list[Any] | None, Field(max_length=0)] = None
    functions: Annotated[list[Any] | None, Field(max_length=0)] = None
    response_format: TextFormat | None = None

    @model_validator(mode="after")
    def _asks(self) -> Self:
        question = next((m for m in reversed(self.messages) if m.role == "user"), None)
        if question is None:
            raise ValueError("no message is the user's")
        if isinstance(question.content, list) and any(p.type != "text" for p in question.content):
            raise ValueError("the question may hold nothing but text")
        said(clean(question.text))
        return self
