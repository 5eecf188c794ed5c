"""OpenAI's protocol: an answer as a chat completion, with its sources.

`qa-auto`, `qa-extractive` and `qa-generative` are the answerers. The text cites as [1], [2] … and
ends with a line for each source, for most clients show nothing else; a program finds the same as
`citations`, beside `qa`, which says whether the articles answer at all.

A stream sends only checked text. A language model's draft may lose sentences that no quote
carries, and a client that has been sent them cannot be told to forget them: so a stream says at
once that it has begun, and its words come when they have been checked.
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from qa.answering import extractive
from qa.answering.escape import unmarked
from qa.language.detect import question_language
from qa.server.api import streaming, titles
from qa.server.api.chat import ChatIn, Message
from qa.server.api.desk import Desk
from qa.server.api.errors import ApiError
from qa.server.api.logs import request_id
from qa.server.api.schemas import MOST_TURNS, UNWELCOME, AskIn, clean
from qa.settings import AnswererName
from qa.types import Answer, Citation, Question

MODELS: dict[str, AnswererName] = {
    "qa-auto": "auto",
    "qa-extractive": "extractive",
    "qa-generative": "generative",
}

_SOURCES = re.compile(r"(?:\n\n)(?:\[\d+\] [^\n]+(?:\n|$))+$")
_WORDS = re.compile(r"\S+\s*|\s+")


def models(created: int) -> dict[str, Any]:
    """The list of models; `created` is when the server started."""
    return {"object": "list", "data": [model(name, created) for name in MODELS]}


def model(name: str, created: int) -> dict[str, Any]:
    """One model.

    Raises:
        ApiError: 404, there is none of that name.
    """
    _answerer(name)
    return {"id": name, "object": "model", "created": created, "owned_by": "qa"}


def question(chat: ChatIn, most: int) -> AskIn:
    """The last question of a conversation, and as many of the turns before it as there is room for.

    A chat program cannot leave out old turns: refused once, it would be refused for ever.

    Args:
        chat: the conversation.
        most: characters in the earlier turns together.
    Raises:
        ApiError: 404, there is no such model.
    """
    turns = _turns(chat.messages)
    last, begin = len(turns) - 1, len(turns) - 1
    while begin and last - begin < MOST_TURNS:
        most -= len(turns[begin - 2]) + len(turns[begin - 1])
        if most < 0:
            break
        begin -= 2
    return AskIn(question=turns[last], history=turns[begin:last], answerer=_answerer(chat.model))


async def complete(desk: Desk, chat: ChatIn) -> dict[str, Any]:
    """The completion. Raises as `Desk.ask` and `question`."""
    async with aclosing(_states(desk, chat)) as states:
        answer = [state async for state in states][-1]
    message = {"role": "assistant", "content": with_sources(answer), "refusal": None}
    return {
        "id": _id(),
        "object": "chat.completion",
        "created": int(time.time()),
        "model": chat.model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": _usage(answer),
        **_beside(answer),
    }


async def stream(desk: Desk, chat: ChatIn) -> AsyncGenerator[bytes]:
    """The completion's chunks as server-sent events. Raises as `complete` before the first."""
    same = {"id": _id(), "object": "chat.completion.chunk", "created": int(time.time())}
    same["model"] = chat.model

    def chunk(delta: dict[str, Any], reason: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        return streaming.event({**same, "choices": [choice], **more})

    begun = False
    async with aclosing(_states(desk, chat)) as states:
        try:
            async for state in states:
                if not begun:
                    yield chunk({"role": "assistant", "content": ""})
                    begun = True
                if state.stage == "final":
                    for words in _WORDS.findall(with_sources(state)):
                        yield chunk({"content": words})
                    yield chunk({}, "stop", **_beside(state))
                    if chat.stream_options is not None and chat.stream_options.include_usage:
                        yield streaming.event({**same, "choices": [], "usage": _usage(state)})
        except Exception as exc:
            if not begun:
                raise
            yield streaming.event(streaming.failure(exc))
            return
    yield b"data: [DONE]\n\n"


async def _states(desk: Desk, chat: ChatIn) -> AsyncGenerator[Answer]:
    """Those of the answer; for who wants a title, that alone."""
    asked = question(chat, desk.settings.max_history_chars)
    named = titles.title(chat.messages)
    if named is not None:
        language = question_language(asked.question)
        yield Answer(Question(asked.question), named, language, (), False, None, "assistant", 1, ())
        return
    async with aclosing(desk.stream(asked)) as states:
        async for state in states:
            yield state


def with_sources(answer: Answer) -> str:
    """The text, then a line a source; after an abstention the nearest quotes between them."""
    if not answer.citations:
        return answer.text
    text = answer.text
    if answer.abstained:
        text = extractive.write(answer.citations, answer.language, lead_in=text)
    return "\n\n".join([text, "\n".join(map(_source, answer.citations))])


def without_sources(text: str) -> str:
    """What `with_sources` was given, so that the next question is not read with its titles."""
    return _SOURCES.sub("", text)


def _source(citation: Citation) -> str:
    article = citation.article
    about = [article.source, str(article.date) if article.date else None, article.url]
    told = ", ".join(part for part in about if part)
    return unmarked(
        f"[{citation.n}] {article.title or article.id}" + (f" ({told})" if told else "")
    )


def _turns(messages: Sequence[Message]) -> list[str]:
    """User and assistant by turns up to the user's last; what is neither's is left out.

    Who asked twice in a row had no answer to the first. Characters that no question may hold are
    taken out of what was said before, which nobody can change any more.
    """
    *earlier, last = (m for m in messages if m.role in ("user", "assistant"))
    while last.role != "user":
        last = earlier.pop()
    turns: list[str] = []
    for message in earlier:
        users = message.role == "user"
        text = clean(UNWELCOME.sub("", message.text))
        text = text if users else without_sources(text)
        if (len(turns) % 2 == 0) == users:
            turns.append(text)
        elif turns:
            turns[-1] += f"\n{text}"
    return [*turns, *([""] if len(turns) % 2 else []), clean(last.text)]


def _answerer(name: str) -> AnswererName:
    if name not in MODELS:
        *most, last = MODELS
        message = f"there is no such model; take {', '.join(most)} or {last}."
        raise ApiError(404, "model_not_found", message)
    return MODELS[name]


def _usage(answer: Answer) -> dict[str, int]:
    """Tokens of the language model; none were used for quotes."""
    prompt, completion = (answer.tokens.get(kind, 0) for kind in ("prompt", "completion"))
    total = prompt + completion
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total}


def _beside(answer: Answer) -> dict[str, Any]:
    told = answer.to_json()
    about = ("abstained", "reason", "answerer", "confidence", "language", "standalone_question")
    return {"citations": told["citations"], "qa": {name: told[name] for name in about}}


def _id() -> str:
    return f"chatcmpl-{request_id.get()}"
