"""The local language model for real: the small one of the catalogue, run by each engine here."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
from langchain_core.messages import BaseMessage, HumanMessage

from qa.answering.generative import Draft, beginning, prompt, write
from qa.answering.passages import Passage
from qa.documents.article import Article, PartialDate
from qa.errors import AnswerError
from qa.language.sentences import Span
from qa.models import LocalModel, open_llm
from qa.models.engine import _RUNS, Run
from qa.models.openvino import OpenVINO
from qa.settings import Settings
from qa.types import Question

pytestmark = pytest.mark.model

NAMES = {
    "llama.cpp": "qwen2.5-coder-0.5b-instruct",
    "openvino": "qwen2.5-coder-1.5b-instruct",  # it does not read how the smaller is quantized
}
TEXT = (
    "The old bridge of Kervalec opened again on Thursday. Engineer Maëlle Tanguy led the works, "
    "which took eighteen months."
)
ARTICLE = Article.create(
    text=TEXT, title="Bridge", date=PartialDate(2019, 3, 14), language="en", origin="a"
)
PASSAGES = [Passage(ARTICLE, (Span(0, len(TEXT)),))]
ASK = prompt(Question("Who led the works?"), PASSAGES, "fact", "en")
# Takes as many tokens as it may.
LONG = [HumanMessage("Write a Python class with twenty methods.")]


@pytest.fixture(scope="module", params=list(NAMES))
def model(request: pytest.FixtureRequest) -> LocalModel:
    if request.param == "openvino":
        pytest.importorskip("openvino_genai", reason="there is no OpenVINO for this machine")
    # Of two threads that share their cores with another test, each waits for the other.
    values = {"llm": NAMES[request.param], "llm_engine": request.param, "threads": 1}
    model = open_llm(Settings.load(values, directory=Path(__file__).parent))
    assert isinstance(model, LocalModel)
    assert model.engine == request.param
    return model


def last(model: LocalModel, messages: Sequence[BaseMessage]) -> Draft:
    *_, draft = write(model, messages)
    return draft


def test_it_answers_from_the_quotes_the_same_each_time(model: LocalModel):
    text = last(model, ASK).text
    assert "Tanguy" in text
    assert last(model, ASK).text == text == model.invoke(ASK).text


def test_words_stream_as_they_come(model: LocalModel):
    drafts = list(write(model, ASK))
    texts = [draft.text for draft in drafts]
    assert len(set(texts)) > 3
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts))
    assert drafts[-1].tokens["completion"] >= len(set(texts)) - 2
    assert 100 < drafts[-1].tokens["prompt"] < 250


def ended(run: Run) -> int:
    """Waits for the run to end; how much it still had to say after nobody listened."""
    run.wait(30)
    assert run not in _RUNS
    return run._events.qsize()


def test_leaving_the_stream_stops_the_model(model: LocalModel):
    drafts = write(model, LONG)
    assert next(draft for draft in drafts if draft.text)
    [run] = _RUNS
    drafts.close()  # type: ignore[attr-defined]
    assert ended(run) < 10


def test_leaving_while_the_prompt_is_read_stops_the_model(model: LocalModel):
    long = [HumanMessage("Tell me about this. " + "The bridge is old and new. " * 400)]
    impatient = model.model_copy(update={"timeout_s": 0.2})
    drafts = write(impatient, long)
    with pytest.raises(AnswerError, match=r"did not finish within 0\.2 s"):
        list(drafts)
    for run in list(_RUNS):
        assert ended(run) < 10
    assert "Tanguy" in last(model, ASK).text


def test_a_prompt_that_is_too_long_says_so(model: LocalModel):
    with pytest.raises(AnswerError, match=r"the prompt has \d+ tokens and .* reads 4096"):
        last(model, [HumanMessage("word " * 9000)])
    assert "Tanguy" in last(model, ASK).text


def test_an_unknown_option_is_refused(model: LocalModel):
    with pytest.raises(TypeError, match="'magic'"):
        model.invoke(ASK, magic=1)


def test_stop_words_and_limits_are_kept(model: LocalModel):
    message = model.invoke([HumanMessage("Say: one two three four five.")], stop=["three"])
    assert "three" not in str(message.content)
    assert len(str(model.invoke(LONG, max_tokens=5).content).split()) <= 5


def test_two_ask_at_once(model: LocalModel):
    with ThreadPoolExecutor(3) as pool:
        texts = pool.map(lambda _: last(model, ASK).text, range(3))
    assert all("Tanguy" in text for text in texts)


def test_what_is_read_ahead_is_not_read_again(model: LocalModel):
    text = "The harbour of Kervalec was dredged in the spring of 1907 by Loïc Le Bihan. " * 20
    article = Article.create(text=text, title="Harbour", language="en", origin="b")
    passages = [Passage(article, (Span(0, len(text)),))]
    question = Question("Who dredged the harbour?")
    assert list(model.read(beginning(question, passages)))
    ask = prompt(question, passages, "fact", "en")
    *_, chunk = (c for c in model.stream(ask) if c.usage_metadata)
    assert chunk.usage_metadata
    details = chunk.usage_metadata.get("input_token_details", {})
    assert details["cache_read"] > 0.8 * chunk.usage_metadata["input_tokens"]


def test_a_request_ends_reading_ahead_and_keeps_what_was_read(model: LocalModel):
    text = "The windmill of Ploumel was moved to the hill in 1911 by Anna Kerzer. " * 16
    article = Article.create(text=text, title="Windmill", language="en", origin="c")
    passages = [Passage(article, (Span(0, len(text)),))]
    question = Question("Who moved the windmill?")
    ahead = model.read(beginning(question, passages))
    for _ in range(3):
        next(ahead)
    ask = prompt(question, passages, "fact", "en")
    *_, chunk = (c for c in model.stream(ask) if c.usage_metadata)
    assert chunk.usage_metadata
    assert chunk.usage_metadata.get("input_token_details", {})["cache_read"] >= 64
    assert len(list(ahead)) < 5  # it has ended, and this is what it had said till then


def test_the_others_go_on_while_a_prompt_is_read(model: LocalModel):
    words = f"{time.time()} " + "Boats of the river were counted in May. " * 60
    reading, ticks, started = iter(model.read([HumanMessage(words)])), 0, time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(list, reading)
        while not read.done():
            time.sleep(0.01)
            ticks += 1
    assert read.result()
    assert ticks > 20 * (time.monotonic() - started)


def test_a_process_that_ended_is_said_and_started_again(model: LocalModel):
    engine = model._engine
    if not isinstance(engine, OpenVINO):
        pytest.skip("it has no process of its own")
    drafts = write(model, LONG)
    next(draft for draft in drafts if draft.text)
    engine._child.process.kill()
    with pytest.raises(AnswerError, match=r"OpenVINO's process ended \(exit code -9\)"):
        list(drafts)
    assert "Tanguy" in last(model, ASK).text
