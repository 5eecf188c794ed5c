"""The pipeline: question → understood → evidence found → answered, each step one module.

    followups   a follow-up becomes a question that stands alone
    kinds       what kind of question it is: a fact, a list, why or what happened, a summary …
    finding     the chunks most likely to answer it, by the retriever
    quotes      the sentences that are quoted
    confidence  how sure they are to hold the answer; below the threshold the assistant abstains
    queue       where those wait whose answer a language model is to write
    passages    what a language model reads
    generative, extractive   a model's words over the passages, or the quotes themselves
    grounding   what a model wrote gets the sentences that carry it; the rest is dropped

`build` makes it a LangChain Runnable: invoke, stream, batch and their async forms. A stream is a
row of whole `Answer` states: the evidence first, then the text as it grows, last the final one.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable, RunnableGenerator, RunnableLambda

from qa.answering import collection, extractive, finding, generative, grounding, small_talk
from qa.answering.abstention import FOREIGN, abstention, is_foreign
from qa.answering.confidence import confidence
from qa.answering.followups import make_standalone, own_words, queries, written_in
from qa.answering.kinds import Kind, kind_of
from qa.answering.passages import select
from qa.answering.queue import Queue
from qa.answering.quotes import Evidence, choose, cite, left_out, naming
from qa.documents.corrections import reworded
from qa.errors import AnswerError
from qa.language.names import mentioned, named
from qa.language.sentences import Span
from qa.language.terms import words
from qa.search.retriever import HybridRetriever, Retrieved, in_turn
from qa.settings import Settings
from qa.types import Answer, Citation, Constraints, Correction, Hit, Language, Question

logger = logging.getLogger(__name__)

# As many as the local model reads at once.
AT_ONCE = 2
# Of so many of the best sentences, those that a model's answer leaves out are quoted below it: see
# docs/answering.md.
_BELOW, _BELOW_A_FACT = 5, 1
# Quotes below the threshold are shown from this share of it on, as the nearest that was found.
_NEAR_SHARE, _MOST_NEAR = 0.5, 2
# Below this confidence the model and the reader must agree on a short fact, or it is not answered.
_SURE = 0.5


@dataclass(frozen=True)
class Prepared:
    """A question with its evidence. What needs none has a `reply` and nothing else."""

    question: Question
    started: float
    rewrite_ms: float
    kind: Kind = "open"
    retrieve_ms: float = 0.0
    hits: tuple[Hit, ...] = ()
    evidence: tuple[Evidence, ...] = ()
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


def build(
    retriever: HybridRetriever,
    model: Callable[[], BaseChatModel | None],
    settings: Settings,
    queue: Queue | None = None,
) -> Runnable[Question, Answer]:
    """The pipeline over an index.

    Args:
        retriever: finds the evidence.
        model: gives the language model once there is one.
        settings: budgets and limits.
        queue: for the language model, where several pipelines share it; by default one of its own.
    """
    queue = Queue(AT_ONCE) if queue is None else queue

    def understand(question: Question) -> Prepared:
        started = time.perf_counter()
        question = make_standalone(question, retriever.embedder)
        assert question.language is not None
        kind = kind_of(own_words(question), retriever.embedder)
        reply = small_talk.reply(question.text, question.language, question.history)
        if is_foreign(question.text):
            reply = FOREIGN
        if reply is None and kind == "index":
            with retriever.index.current() as index:
                reply = collection.reply(question, index.archive, index.sources)
        return Prepared(question, started, _ms(started), kind, reply=reply)

    def retrieve(prepared: Prepared) -> Prepared:
        if prepared.reply is not None:
            return prepared
        started = time.perf_counter()
        searches, question = finding.search(retriever, prepared.question)
        prepared = replace(prepared, question=question)
        hits = in_turn([search.hits for search in searches])
        # A message of several questions wants more than one sentence. So does a follow-up: what it
        # carries weighs in the search, and the fact itself may stand further down.
        several = len(searches) > 1 or (prepared.kind == "fact" and prepared.question.carried)
        kind: Kind = "open" if several else prepared.kind
        chosen = _evidence(searches, question, kind, settings)
        retrieved = searches[0]
        topic = _untold(own_words(prepared.question), retrieved.constraints)
        return replace(
            prepared,
            kind=kind,
            hits=tuple(hits),
            evidence=tuple(chosen),
            citations=cite(chosen, by_date=kind == "summary"),
            confidence=confidence(
                f"{prepared.question.carried} {topic}".strip(),
                written_in(prepared.question),
                hits,
                chosen,
                kind=kind,
                follow_up=bool(prepared.question.carried),
            ),
            topic=topic,
            constraints=retrieved.constraints,
            met=retrieved.met,
            retrieve_ms=_ms(started),
        )

    def answer(inputs: Iterator[Prepared]) -> Iterator[Answer]:
        for prepared in inputs:
            if prepared.reply is not None:
                yield _reply(prepared)
            elif not prepared.citations or prepared.confidence < settings.abstain_below:
                least = _NEAR_SHARE * settings.abstain_below
                near = bool(prepared.citations) and prepared.confidence >= least
                yield _corrected(_abstain(prepared, near=near), retriever)
            else:
                for state in _answer(prepared, retriever, model, queue, settings):
                    yield _corrected(state, retriever) if state.stage == "final" else state

    async def answer_async(inputs: AsyncIterator[Prepared]) -> AsyncIterator[Answer]:
        async for prepared in inputs:
            states = answer(iter([prepared]))
            while (state := await asyncio.to_thread(next, states, None)) is not None:
                yield state

    return (
        RunnableLambda(understand)
        | RunnableLambda(retrieve)
        | RunnableGenerator(answer, answer_async)
    ).with_config(run_name="qa")


def _evidence(
    searches: Sequence[Retrieved], question: Question, kind: Kind, settings: Settings
) -> list[Evidence]:
    """The sentences to quote; of several searches each gets its part of the budget."""
    rows = [
        naming(search.hits, _untold(text, search.constraints))
        for search, text in zip(searches, queries(question), strict=True)
    ]
    quoted = _quoted(kind, settings)
    share = {name: max(1, limit // len(rows)) for name, limit in quoted.items()}
    chosen: dict[tuple[str, Span], Evidence] = {}
    for row in rows:
        found = choose(row, **share)
        if kind == "compare":
            found += _not_quoted(row, own_words(question), found, share)
        for item in found:
            chosen.setdefault((item.article.id, item.sentence.span), item)
    return list(chosen.values())


def _not_quoted(
    hits: Sequence[Hit], question: str, chosen: Sequence[Evidence], limits: Mapping[str, int]
) -> list[Evidence]:
    """The sentences on what is compared and named in titles, but of which nothing is quoted yet."""
    compared = named(question, finding.texts(hits))
    share = {name: max(1, limit // len(compared)) for name, limit in limits.items() if compared}
    more: list[Evidence] = []
    for name in compared:
        own = [hit for hit in hits if mentioned(name, hit.article.title)]
        if {hit.article.id for hit in own}.isdisjoint(item.article.id for item in [*chosen, *more]):
            more += choose(own, **share)
    return more


def _quoted(kind: Kind, settings: Settings) -> dict[str, int]:
    """The budget of quotes: a fact needs few, yes or no some, all else whole thoughts."""
    if kind == "fact":
        return {"budget": settings.quote_chars, "most": settings.quotes}
    if kind == "yesno":
        return {"budget": 2 * settings.quote_chars, "most": settings.quotes + 2}
    return {"budget": settings.open_quote_chars, "most": settings.open_quotes}


def _untold(text: str, constraints: Constraints) -> str:
    """A question without the outlets that are to tell it, which articles need not mention."""
    for outlet in constraints.outlets:
        if outlet.cued:
            text = text.replace(outlet.written, " ")
    return text


def _answer(
    prepared: Prepared,
    retriever: HybridRetriever,
    model: Callable[[], BaseChatModel | None],
    queue: Queue,
    settings: Settings,
) -> Iterator[Answer]:
    yield prepared.answer(stage="evidence")
    answerer = prepared.question.answerer or settings.answerer
    chat_model = model() if answerer != "extractive" else None
    if chat_model is not None and _quotes_tell(prepared):
        yield _extract(prepared)
    elif chat_model is not None:
        yield from _queued(prepared, retriever, chat_model, queue, settings)
    elif answerer == "generative":
        raise AnswerError(
            "no language model is ready. Fetch it with `qa models pull`, set QA_LLM to another, "
            "or ask with the extractive answerer."
        )
    else:
        yield _extract(prepared)


def _corrected(answer: Answer, retriever: HybridRetriever) -> Answer:
    """The answer, its quotes beside what an earlier version of their articles said instead."""
    if not answer.citations:
        return answer
    with retriever.index.current() as index:
        earlier = index.archive.earlier([citation.article.id for citation in answer.citations])

    def beside(citation: Citation) -> Citation:
        article = citation.article
        if article.id not in earlier:
            return citation
        text, day = earlier[article.id]
        changed = reworded(citation.quote, text, article.language)
        if changed is None:
            return citation
        after, before = changed
        return replace(citation, correction=Correction(before, after, day))

    return replace(answer, citations=tuple(map(beside, answer.citations)))


def _quotes_tell(prepared: Prepared) -> bool:
    """Whether the quotes say it better than a small model, which cannot tell yes from no."""
    best = prepared.evidence[0].article
    return prepared.kind == "yesno" and best.language == prepared.language


def _queued(
    prepared: Prepared,
    retriever: HybridRetriever,
    model: BaseChatModel,
    queue: Queue,
    settings: Settings,
) -> Iterator[Answer]:
    """The model's answer once it is its turn; the quotes when that takes too long."""
    patience_s = settings.llm_timeout_s / 2
    with queue.join() as place:
        for number in place.wait(patience_s):
            yield prepared.answer(stage="waiting", place=number)
        if place.number == 0:
            yield from _generate(prepared, retriever, model, settings)
            return
    waited = f"{patience_s:g} s"
    yield _extract(prepared, reason=f"the language model was busy with others for {waited}")


def _extract(prepared: Prepared, reason: str | None = None) -> Answer:
    text = extractive.write(prepared.citations, prepared.language)
    return prepared.answer(text=text, reason=reason)


def _reply(prepared: Prepared) -> Answer:
    replied = prepared.answer(text=prepared.reply, answerer="assistant")
    if prepared.reply != FOREIGN:
        return replied
    reason = "the question is neither in French nor in English"
    return replace(replied, abstained=True, reason=reason, confidence=0.0)


def _abstain(prepared: Prepared, *, near: bool) -> Answer:
    """No answer, with the nearest quotes where articles are about what was asked."""
    filtered = bool(prepared.question.filters)
    text = abstention(
        prepared.topic, prepared.hits, prepared.language, near=near, filtered=filtered
    )
    if not near:
        about = "no article found is about what was asked"
        none = "no article passes the filters" if filtered else "there are no articles"
        reason = about if prepared.hits else none
        return prepared.answer(text=text, abstained=True, reason=reason, citations=())
    quotes = prepared.citations[:_MOST_NEAR]
    marks = "".join(f"[{citation.n}]" for citation in quotes)
    return prepared.answer(
        text=f"{text} {marks}",
        abstained=True,
        reason="the evidence found does not answer the question",
        citations=quotes,
    )


def _generate(
    prepared: Prepared, retriever: HybridRetriever, model: BaseChatModel, settings: Settings
) -> Iterator[Answer]:
    """The model's answer as it grows, then checked; the quotes instead when it fails."""
    passages = select(prepared.hits, budget=settings.passage_chars)
    if not passages:
        yield _extract(prepared, reason="the passages address a machine; no model is shown them")
        return
    messages = generative.prompt(prepared.question, passages, prepared.kind, prepared.language)
    draft = generative.Draft("", {})
    first_ms = None
    try:
        for draft in generative.write(model, messages):
            if not draft.text and draft.read is not None:
                yield prepared.answer(stage="reading", progress=draft.read)
                continue
            if draft.text and first_ms is None:
                first_ms = _ms(prepared.started)
            yield prepared.answer(text=draft.text, answerer="generative", stage="writing")
    except AnswerError as exc:
        # The cause is for whoever runs the program: it may hold what a service said, or a path.
        logger.warning("the language model did not answer: %s", exc)
        yield _extract(prepared, reason="the language model did not answer")
        return
    checked = grounding.check(
        draft.text, passages, prepared.language, retriever.embedder.queries, prepared.question.text
    )
    final = _grounded(prepared, checked, draft.tokens)
    timings = {**final.timings_ms, "first_token": first_ms or 0.0}
    yield replace(final, timings_ms=timings)


def _grounded(prepared: Prepared, checked: grounding.Checked, tokens: dict[str, int]) -> Answer:
    """What a model said, as far as the passages carry it, and quotes of what it leaves out."""
    unsure = prepared.kind == "fact" and prepared.confidence < _SURE
    if unsure and not _agree(prepared, checked):
        return replace(_abstain(prepared, near=True), tokens=tokens)
    if not checked.kept:
        failed = "what the language model wrote is not in the articles"
        return replace(_extract(prepared, reason=failed), tokens=tokens)
    text, composed = grounding.compose(checked)
    citations = tuple(
        replace(citation, answer=_pointed(prepared, citation)) for citation in composed
    )
    best = prepared.evidence[: _BELOW_A_FACT if prepared.kind == "fact" else _BELOW]
    below = cite(left_out(best, text), by_date=prepared.kind == "summary")
    quotes, new = list[Citation](), list[Citation]()
    for quote in below:
        cited = next((c for c in citations if c.holds(quote)), None)
        if cited is None:
            new.append(replace(quote, n=len(citations) + len(new) + 1))
            quotes.append(new[-1])
        elif cited not in quotes and prepared.kind != "fact":
            quotes.append(cited)
    return prepared.answer(
        text=extractive.more(text, quotes, prepared.language),
        citations=(*citations, *new),
        answerer="generative",
        tokens=tokens,
        reason=_dropped(checked.dropped),
    )


def _pointed(prepared: Prepared, citation: Citation) -> Span | None:
    """The words that the reader points to in a citation, if any."""
    spans = (
        e.answer for e in prepared.evidence if e.answer and e.article.id == citation.article.id
    )
    return next((span for span in spans if citation.span.holds(span)), None)


def _agree(prepared: Prepared, checked: grounding.Checked) -> bool:
    """Whether the model says any word that the reader points to, and the question does not."""
    said = {word for part in checked.kept for word in words(part.text)}
    pointed = {
        word
        for citation in prepared.citations
        if citation.answer
        for word in words(citation.answer.of(citation.article.text))
    }
    return bool(said & pointed - set(words(prepared.question.text)))


def _dropped(sentences: tuple[str, ...]) -> str | None:
    if not sentences:
        return None
    return (
        f"{len(sentences)} sentence(s) of the language model were left out: no passage carries them"
    )


def _ms(started: float) -> float:
    return (time.perf_counter() - started) * 1000
