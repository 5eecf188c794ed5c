"""Asking, searching and reading for every door: checked, in the right lane, within its time.

HTTP, OpenAI's protocol and MCP all come here; nothing here knows how an answer is sent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any, TypeVar

from qa.assistant import Assistant
from qa.errors import QuestionError
from qa.server.api.errors import ApiError
from qa.server.api.metrics import Metrics
from qa.server.api.schemas import AskIn, SearchIn
from qa.server.api.worker import Worker
from qa.types import Answer, Question

T = TypeVar("T")

# Reading an index keeps a core busy for milliseconds. Who wants a language model's answer waits for
# it in the pipeline, in a thread of his own, with the quotes already found.
_QUICK, _SLOW = 4, 34
_WAITING = 256
# How long a count of the articles is good for.
_COUNTED_S = 1.0


class Desk:
    """Where questions are taken.

    Args:
        assistant: open; it is not closed here.
        metrics: is told of each answer.
    """

    def __init__(self, assistant: Assistant, metrics: Metrics) -> None:
        self.assistant = assistant
        self.settings = assistant.settings
        self.metrics = metrics
        self._quick = Worker("quick", at_once=_QUICK, waiting=_WAITING)
        self._slow = Worker("slow", at_once=_SLOW, waiting=0)
        self._counting = asyncio.Lock()
        self._counted = (float("-inf"), 0)

    async def ask(self, asked: AskIn) -> Answer:
        """The answer.

        Raises:
            QuestionError: the question is too long, or its filters make no sense.
            ApiError: 503 when too many wait, 504 when it takes too long.
            QAError: the index or the language model failed.
        """
        async with aclosing(self.stream(asked)) as states:
            async for state in states:
                if state.stage == "final":
                    return state
        raise AssertionError("a stream ends with a final state")

    async def stream(self, asked: AskIn) -> AsyncGenerator[Answer]:
        """The states of the answer. Closing it stops the language model. Raises as `ask`."""
        question = self._question(asked)
        lane = self._slow
        if not self._may_generate(question):
            # Said outright, for the model may become ready while the question waits.
            question, lane = replace(question, answerer="extractive"), self._quick
        deadline, came = self._deadline(), time.monotonic()

        def states_of() -> Iterator[Answer]:
            waited = time.monotonic() - came
            return self.assistant.stream(replace(question, waited_s=waited), k=asked.k)

        async with aclosing(lane.stream(states_of)) as states:
            while True:
                async with self._until(deadline):
                    state = await anext(states, None)
                if state is None:
                    return
                if state.stage == "final":
                    self.metrics.answered(state)
                yield state

    async def search(self, asked: SearchIn) -> dict[str, Any]:
        """As `qa search --json`. Raises as `ask`."""
        self._check(asked.query)
        filters = asked.filters()

        def search() -> dict[str, Any]:
            started = time.perf_counter()
            found = self.assistant.search(asked.query, filters=filters, k=asked.k, mode=asked.mode)
            spent = (time.perf_counter() - started) * 1000
            return {
                "query": asked.query,
                "hits": [hit.to_json() for hit in found],
                "timings_ms": {"retrieve": round(spent, 1)},
            }

        return await self._call(search)

    async def article(self, id: str) -> dict[str, Any] | None:
        """An article with its text; None when the index does not hold it."""
        article = await self._call(lambda: self.assistant.article(id))
        return None if article is None else {**article.to_json(), "text": article.text}

    async def count(self) -> int:
        """How many articles the index held a second ago at most; fails when it cannot be searched.

        Whoever asks, however often, the index is searched once a second.
        """
        async with self._counting:
            moment, count = self._counted
            if time.monotonic() - moment >= _COUNTED_S:
                count = await self._call(self.assistant.ready)
                self._counted = (time.monotonic(), count)
            return count

    async def drain(self) -> None:
        """Wait for the threads that still run, within reason."""
        await asyncio.gather(*(lane.drain(2) for lane in (self._quick, self._slow)))

    async def _call(self, work: Callable[[], T]) -> T:
        async with self._until(self._deadline()):
            return await self._quick.call(work)

    def _question(self, asked: AskIn) -> Question:
        self._check(asked.question, asked.history)
        return Question(
            asked.question, tuple(asked.history), asked.filters(), answerer=asked.answerer
        )

    def _check(self, question: str, history: Sequence[str] = ()) -> None:
        most = self.settings.max_question_chars
        if len(question) > most:
            raise QuestionError(
                f"the question has {len(question)} characters; {most} are allowed. Shorten it."
            )
        most, said = self.settings.max_history_chars, sum(map(len, history))
        if said > most:
            raise QuestionError(
                f"the history has {said} characters; {most} are allowed. Leave out old turns."
            )

    def _may_generate(self, question: Question) -> bool:
        wanted = question.answerer or self.settings.answerer
        if wanted == "auto":
            return self.assistant.llm_status().state == "ready"
        return wanted == "generative"

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self.settings.request_timeout_s

    @asynccontextmanager
    async def _until(self, deadline: float) -> AsyncGenerator[None]:
        try:
            async with asyncio.timeout_at(deadline):
                yield
        except TimeoutError:
            limit = self.settings.request_timeout_s
            message = f"there was no answer within {limit:g} s. Ask again, or ask for quotes."
            raise ApiError(504, "timeout", message) from None
