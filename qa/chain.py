"""The pipeline: question → understood → evidence found → answered, each step one module.

    rewriting   a follow-up becomes a question that stands alone
    retrieval   the chunks most likely to answer it
    evidence    the few sentences that an answer may rest on
    confidence  how sure they are to hold the answer; below the threshold the assistant abstains
    line        where those wait whose answer a language model is to write
    extractive, generative   the quotes themselves, or a model's words over them
    grounding   what a model wrote is checked against the quotes

`build` makes it a LangChain Runnable: invoke, stream, batch and their async forms. A stream is a
row of whole `Answer` states: the evidence first, then the text as it grows, last the final one.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable, RunnableGenerator, RunnableLambda

from qa import extractive, generative, grounding, talk
from qa.analysis import words
from qa.answer import Answer, Citation, Hit, Language, Question
from qa.confidence import confidence
from qa.constraints import Constraints
from qa.errors import AnswerError
from qa.evidence import choose, cite
from qa.line import Line
from qa.retrieval import HybridRetriever
from qa.rewriting import make_standalone
from qa.settings import Settings
from qa.suspicious import is_spoilt
from qa.wording import at_odds, in_quoted_words

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Found:
    """A question with its evidence. Small talk has a `reply` and nothing else."""

    question: Question
    started: float
    rewrite_ms: float
    retrieve_ms: float = 0.0
    hits: tuple[Hit, ...] = ()
    citations: tuple[Citation, ...] = ()
    confidence: float = 1.0
    constraints: Constraints = field(default_factory=Constraints)
    met: bool = True
    topic: str = ""
    reply: str | None = None

    @property
    def language(self) -> Language:
        """Of the question, which `understand` has told."""
        assert self.question.language is not None
        return self.question.language

    def answer(self, **fields: object) -> Answer:
        """An answer with what is known so far; `fields` say the rest."""
        now = time.perf_counter()
        spent = {"rewrite": self.rewrite_ms, "retrieve": self.retrieve_ms}
        total = (now - self.started) * 1000
        known = Answer(
            question=self.question,
            text="",
            language=self.language,
            citations=self.citations,
            abstained=False,
            reason=None,
            answerer="extractive",
            confidence=self.confidence,
            hits=self.hits,
            constraints=self.constraints,
            met=self.met,
            timings_ms={**spent, "answer": total - sum(spent.values()), "total": total},
        )
        return replace(known, **fields)  # type: ignore[arg-type]


# As many as the local model reads at once.
AT_ONCE = 2


def build(
    retriever: HybridRetriever,
    model: Callable[[], BaseChatModel | None],
    settings: Settings,
    line: Line | None = None,
) -> Runnable[Question, Answer]:
    """The pipeline over an index.

    Args:
        retriever: finds the evidence.
        model: gives the language model once there is one.
        settings: budgets and limits.
        line: for the language model, where several pipelines share it; by default one of its own.
    """
    line = Line(AT_ONCE) if line is None else line

    def understand(question: Question) -> Found:
        started = time.perf_counter()
        question = make_standalone(question)
        assert question.language is not None
        reply = talk.reply(question.text, question.language, question.history)
        return Found(question, started, _ms(started), reply=reply)

    def retrieve(found: Found) -> Found:
        if found.reply is not None:
            return found
        started = time.perf_counter()
        asked, language = found.question.standalone, found.language
        retrieved = retriever.find(
            asked,
            language=language,
            filters=found.question.filters,
            today=found.question.asked_on,
            said=found.question.said,
            constraints=found.question.constraints,
            waited_s=found.question.waited_s,
        )
        topic = _topic(found.question, retrieved.constraints)
        hits = retrieved.hits
        chosen = choose(hits, budget=settings.quote_chars, most=settings.quotes)
        return replace(
            found,
            hits=tuple(hits),
            citations=cite(chosen, asked),
            confidence=confidence(
                topic, language, hits, chosen, follow_up=asked != found.question.text.strip()
            ),
            topic=topic,
            constraints=retrieved.constraints,
            met=retrieved.met,
            retrieve_ms=_ms(started),
        )

    def answer(inputs: Iterator[Found]) -> Iterator[Answer]:
        for found in inputs:
            if found.reply is not None:
                yield found.answer(text=found.reply, answerer="assistant")
            elif found.confidence < settings.abstain_below:
                yield _abstain(found)
            else:
                yield from _answer(found, model, line, settings)

    async def answer_async(inputs: AsyncIterator[Found]) -> AsyncIterator[Answer]:
        async for found in inputs:
            states = answer(iter([found]))
            while (state := await asyncio.to_thread(next, states, None)) is not None:
                yield state

    return (
        RunnableLambda(understand)
        | RunnableLambda(retrieve)
        | RunnableGenerator(answer, answer_async)
    ).with_config(run_name="qa")


def _topic(question: Question, constraints: Constraints) -> str:
    """The question without the outlets that are to tell it, which articles need not mention."""
    typed = question.text.strip()
    # A follow-up may carry the outlet from the question before: "Le Monde" as "Monde".
    carried = question.standalone.removeprefix(typed).removeprefix(" — ").split(", ")
    for outlet in constraints.outlets:
        if outlet.cued:
            typed = typed.replace(outlet.written, " ")
            called = set(words(outlet.written))
            carried = [item for item in carried if not set(words(item)) <= called]
    return ", ".join([typed, *filter(None, carried)])


def _answer(
    found: Found, model: Callable[[], BaseChatModel | None], line: Line, settings: Settings
) -> Iterator[Answer]:
    yield found.answer(stage="evidence")
    answerer = found.question.answerer or settings.answerer
    chat_model = model() if answerer != "extractive" else None
    if chat_model is not None and any(
        is_spoilt(c.article.text, c.span.start, c.span.end) for c in found.citations
    ):
        yield _extract(
            found, reason="the quotes address a machine; no language model is shown them"
        )
    elif chat_model is not None:
        yield from _in_line(found, chat_model, line, settings.llm_timeout_s / 2)
    elif answerer == "generative":
        raise AnswerError(
            "no language model is ready. Fetch it with `qa models pull`, set QA_LLM to another, "
            "or ask with the extractive answerer."
        )
    else:
        yield _extract(found)


def _in_line(found: Found, model: BaseChatModel, line: Line, patience_s: float) -> Iterator[Answer]:
    """The model's answer once it is its turn; the quotes when that takes too long."""
    with line.join() as place:
        for number in place.wait(patience_s):
            yield found.answer(stage="waiting", place=number)
        if place.number == 0:
            yield from _generate(found, model)
            return
    waited = f"{patience_s:g} s"
    yield _extract(found, reason=f"the language model was busy with others for {waited}")


def _extract(found: Found, reason: str | None = None) -> Answer:
    text = extractive.write(found.citations, found.language)
    return found.answer(text=text, reason=reason)


def _abstain(found: Found, **fields: object) -> Answer:
    text, missing = grounding.abstention(found.topic, found.hits, found.language)
    reason = missing or "the evidence found does not answer the question"
    return found.answer(text=text, abstained=True, reason=reason, citations=(), **fields)


def _generate(found: Found, model: BaseChatModel) -> Iterator[Answer]:
    """The model's answer as it grows, then checked; the quotes instead when it fails."""
    messages = generative.prompt(found.question.standalone, found.citations, found.language)
    draft = generative.Draft("", {})
    first_ms = None
    try:
        for draft in generative.write(model, messages):
            first_ms = first_ms if first_ms is not None else _ms(found.started)
            if not generative.may_refuse(draft.text):
                yield found.answer(text=draft.text, answerer="generative", stage="writing")
    except AnswerError as exc:
        # The cause is for whoever runs the program: it may hold what a service said, or a path.
        logger.warning("the language model did not answer: %s", exc)
        yield _extract(found, reason="the language model did not answer")
        return
    said = generative.without_refusals(draft.text)
    if draft.text.strip() and not said:
        final = _abstain(found, answerer="generative", tokens=draft.tokens)
    else:
        final = _checked(found, said, draft.tokens)
    timings = {**final.timings_ms, "first_token": first_ms or 0.0}
    yield replace(final, timings_ms=timings)


def _checked(found: Found, said: str, tokens: dict[str, int]) -> Answer:
    """What a model said, as far as the quotes carry it and the reader agrees; else the quotes."""
    question, language = found.question.standalone, found.language
    checked = grounding.check(said, found.citations, question, language)
    if not checked.text:
        failed = "what the language model wrote did not pass the check"
        return replace(_extract(found, reason=failed), tokens=tokens)
    cited = tuple(c for c in found.citations if c.n in checked.cited)
    if at_odds(checked.text, cited, question, language):
        failed = "the language model took other words from the quotes than the reader"
        return replace(_extract(found, reason=failed), tokens=tokens)
    text, cited = in_quoted_words(checked.text, cited, question, language)
    return found.answer(
        text=text,
        citations=cited,
        answerer="generative",
        tokens=tokens,
        reason=_dropped(checked.dropped),
    )


def _dropped(sentences: tuple[str, ...]) -> str | None:
    if not sentences:
        return None
    return (
        f"{len(sentences)} sentence(s) of the language model were left out: "
        "they did not pass the check"
    )


def _ms(started: float) -> float:
    return (time.perf_counter() - started) * 1000
