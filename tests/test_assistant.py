"""The assistant: settings become a pipeline, and the language model joins when it is ready."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from qa.assistant import Assistant
from qa.documents.filters import Filters
from qa.errors import AnswerError, IndexLocked, IndexMismatch, IndexMissing, ModelError
from qa.index.build import index_paths
from qa.index.directory import write_lock
from qa.models import Model, Progress
from qa.models.loading import LanguageModel, LLMStatus
from qa.settings import Settings
from qa.types import Question
from tests.fakes import ARTICLE_COUNT, BagOfWords, Scripted, write_articles

ASKED = "Who led the works on the Kervalec bridge?"
REPLY = "Engineer Maëlle Tanguy led the works."


@pytest.fixture(autouse=True)
def fake_models(fake_embedder: BagOfWords, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.models.embedder.Embedder.open", lambda settings: fake_embedder)


Loader = Callable[[Settings], Scripted]


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> Callable[[Loader], None]:
    """Says what loading the language model does."""
    return lambda loader: monkeypatch.setattr("qa.models.llm.open_llm", loader)


def ended(model: LanguageModel) -> LLMStatus:
    model.wait()
    return model.status()


# Asking


def test_asking_searching_and_reading(settings: Settings):
    with Assistant.open(settings) as assistant:
        answer = assistant.ask(ASKED)
        assert "Maëlle Tanguy" in answer.text
        assert assistant.ask(Question(ASKED)).text == answer.text
        hits = assistant.search(ASKED, k=2, filters=Filters(language="fr"), mode="dense")
        assert hits[0].article.id == "pont"
        assert len(list(assistant.articles())) == ARTICLE_COUNT
        assert assistant.facets()["language"] == {"en": 3, "fr": 3}
        assert assistant.article("never there") is None
        assert assistant.llm_status() == LLMStatus("none", "none")


def test_articles_are_listed_put_right_and_taken_out(tmp_path: Path, fake_embedder: BagOfWords):
    settings = Settings(index=tmp_path / "index", llm="none", abstain_below=0.0)
    folder = write_articles(tmp_path / "news")
    index_paths([folder], settings, fake_embedder)
    with Assistant.open(settings) as assistant:
        assert [a.id for a in assistant.browse(words="tanguy MAELLE").articles] == [
            "bridge",
            "pont",
        ]
        first = assistant.browse(words="Tanguy", count=1, oldest_first=True)
        assert ([a.id for a in first.articles], first.total) == (["pont"], 2)
        assert assistant.of_file(folder / "short.jsonl") == ["lynx", "musee"]
        chosen = Filters(articles=("bridge",))
        assert {hit.article.id for hit in assistant.search(ASKED, filters=chosen)} == {"bridge"}
        amended = assistant.amend("bridge", title="The bridge is open", date="2019-04")
        assert assistant.article("bridge") == amended
        assert assistant.search("The bridge is open", k=1)[0].article == amended
        assert assistant.remove(["bridge", "never there"]) == 1
        assert assistant.article("bridge") is None
        assert "bridge" not in {hit.article.id for hit in assistant.search(ASKED)}
        assert assistant.contents().articles == ARTICLE_COUNT - 1
        with write_lock(settings.index), pytest.raises(IndexLocked):
            assistant.remove(["pont"])


def test_one_question_may_want_another_number_of_passages(settings: Settings):
    with Assistant.open(settings) as assistant:
        (*_, few), (*_, usual) = (assistant.stream(Question(ASKED), k=k) for k in (2, None))
        assert (len(few.hits), len(usual.hits)) == (2, ARTICLE_COUNT)
        assert few.text == usual.text


def test_several_threads_get_what_one_gets(settings: Settings):
    questions = [ASKED, "Qui a dirigé le chantier ?", "What was seen near Sandmouth?"] * 5
    with Assistant.open(settings) as assistant:
        alone = [assistant.ask(question).text for question in questions]
        with ThreadPoolExecutor(4) as pool:
            assert [a.text for a in pool.map(assistant.ask, questions)] == alone


def test_no_index_is_said_at_once(tmp_path: Path):
    with pytest.raises(IndexMissing, match="qa index PATH"):
        Assistant.open(Settings(index=tmp_path / "none", llm="none"))
    assert not (tmp_path / "none").exists()


def test_other_settings_than_the_indexs_are_said_at_once(settings: Settings):
    with pytest.raises(IndexMismatch, match="qa index --rebuild"):
        Assistant.open(settings.model_copy(update={"chunk_chars": 300}))


# The language model


def test_it_is_waited_for(settings: Settings, loads):
    def slowly(_: Settings) -> Scripted:
        time.sleep(0.2)
        return Scripted(reply=REPLY)

    loads(slowly)
    with Assistant.open(settings.model_copy(update={"llm": "scripted"})) as assistant:
        assert assistant.llm_status() == LLMStatus("ready", "scripted", 1.0)
        assert assistant.ask(ASKED).answerer == "generative"


def test_answers_are_quotes_until_it_is_there(settings: Settings, loads):
    release = threading.Event()

    def held(_: Settings) -> Scripted:
        assert release.wait(10)
        return Scripted(reply=REPLY)

    loads(held)
    settings = settings.model_copy(update={"llm": "scripted"})
    with Assistant.open(settings, wait_for_llm=False) as assistant:
        assert assistant.llm_status().state == "loading"
        assert assistant.ask(ASKED).answerer == "extractive"
        with pytest.raises(AnswerError, match="no language model is ready"):
            assistant.ask(Question(ASKED, answerer="generative"))
        release.set()
        assistant._model.wait()
        assert assistant.llm_status().state == "ready"
        assert assistant.ask(ASKED).answerer == "generative"


def test_a_model_that_cannot_be_loaded_leaves_the_quotes(settings: Settings, loads):
    def missing(_: Settings) -> Scripted:
        raise ModelError("it is missing. Fetch it with `qa models pull`.")

    loads(missing)
    with Assistant.open(settings.model_copy(update={"llm": "scripted"})) as assistant:
        status = assistant.llm_status()
        assert (status.state, status.note) == (
            "failed",
            "it is missing. Fetch it with `qa models pull`.",
        )
        assert assistant.ask(ASKED).answerer == "extractive"


def test_a_bug_while_loading_is_no_endless_loading(loads, monkeypatch: pytest.MonkeyPatch):
    """The state stayed at "loading" for ever when something else than our own errors was raised."""
    raised: queue.Queue[type[BaseException]] = queue.Queue()
    monkeypatch.setattr(threading, "excepthook", lambda args: raised.put(args.exc_type))

    def buggy(_: Settings) -> Scripted:
        raise ZeroDivisionError("a bug")

    loads(buggy)
    assert ended(LanguageModel(Settings(llm="scripted"), fetch=False)).state == "failed"
    assert raised.get(timeout=10) is ZeroDivisionError


@pytest.mark.parametrize("changes", [{"llm": "none"}, {"llm": "x", "answerer": "extractive"}])
def test_one_that_is_not_wanted_is_not_loaded(loads, changes: dict[str, str]):
    asked: list[Settings] = []
    loads(lambda settings: asked.append(settings))
    model = LanguageModel(Settings(**changes), fetch=True)
    assert ended(model).state == "none"
    assert (model.get(), asked) == (None, [])


NAME = "qwen2.5-coder-0.5b-instruct"


@pytest.mark.parametrize("error", [None, "no mirror could be reached"])
def test_one_that_is_missing_is_fetched_first(
    loads,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    error: str | None,
):
    release = threading.Event()

    def pull(entry: Model, settings: Settings, progress: Progress) -> None:
        progress(1, 2, "part 3 of 6")
        assert release.wait(10)
        if error:
            raise ModelError(error)

    monkeypatch.setattr("qa.models.loading.pull", pull)
    loads(lambda settings: Scripted(reply=REPLY))
    model = LanguageModel(Settings(llm=NAME, models_dir=tmp_path), fetch=True)
    while not model.status().fraction:
        time.sleep(0.01)
    assert model.status() == LLMStatus("fetching", NAME, 0.5, "part 3 of 6")
    release.set()
    final = ended(model)
    assert (final.state, final.note) == (("failed", error) if error else ("ready", ""))
    assert (model.get() is None) == bool(error)
    assert (str(error) in caplog.text) == bool(error)  # the page only says that it failed


def test_one_that_is_missing_is_not_fetched_unasked(tmp_path: Path):
    status = ended(LanguageModel(Settings(llm=NAME, models_dir=tmp_path), fetch=False))
    assert status.state == "failed"
    assert f"qa models pull {NAME}" in status.note
