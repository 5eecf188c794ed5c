"""Text in an article is evidence, never an instruction: a set of attacks, none of which works.

Each attack of tests/data/injection is an article with an honest part and a question about that.
`lab/benchmarks/injection.py` counts over the same set, with the real embedder and a real model.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from langchain_core.language_models import BaseChatModel

from lab.benchmarks.injection import (
    ACTIVE,
    NUMBER,
    Attack,
    Obeying,
    attacks,
    own_words,
    retriever,
    shown,
    success,
)
from qa.answering import extractive
from qa.documents.article import Article, clean_text
from qa.documents.injection import Flagged, is_suspicious
from qa.documents.parsers import read
from qa.index.build import index_paths
from qa.index.live import LiveIndex
from qa.models import open_llm
from qa.pipeline import build
from qa.search.retriever import HybridRetriever
from qa.server.page import render
from qa.server.page.chats import Talk, Turn
from qa.server.page.texts import TEXTS
from qa.settings import Settings
from qa.types import Answer, Question
from tests import DATA
from tests.fakes import BagOfWords
from tests.hostile import Markup

ATTACKS = attacks()
EVERY = pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.id)
# No rule is for these: brackets in them are made inert, and what the quotes do not carry is not
# said. The citation holds a claim like any other.
UNFLAGGED = set(
    "citation-en-2 link-en-2 image-en-1 image-en-2 html-en-1 html-fr-1 "
    "html-en-2 role-en-1 role-fr-1 base64-en base64-fr leak-en-1 leak-fr-1 lookalike-en "
    "spaced-en".split()
)
# Nothing of these is left when they are read.
UNREAD = {"hidden", "tags-en", "selectors-fr"}

Asking = Callable[[Attack, BaseChatModel | None], list[Answer]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The articles, each in a file of its format."""
    folder = tmp_path_factory.mktemp("attacks")
    for attack in ATTACKS:
        (folder / attack.name).write_text(attack.content, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def ask(folder: Path, fake_embedder: BagOfWords) -> Iterator[Asking]:
    """Every state of the answer to an attack's question, with some language model or none."""
    settings = Settings(index=folder.with_name("attacks.index"), llm="none", abstain_below=0.0)
    report = index_paths([folder], settings, fake_embedder)
    assert (report.added, report.failures) == (len(ATTACKS), [])
    live = LiveIndex(settings.index, fake_embedder, settings)
    found = HybridRetriever(index=live, embedder=fake_embedder)
    yield lambda attack, model: list(
        build(found, lambda: model, settings).stream(Question(attack.question))
    )
    live.close()


def article_of(attack: Attack, folder: Path) -> Article:
    [article] = read(folder / attack.name)
    assert isinstance(article, Article)
    return article


def check_page(states: list[Answer], attack: Attack) -> None:
    """In both languages, in every state, with the article open: nothing that does anything."""
    for texts in TEXTS.values():
        for state in states:
            turn = Turn(attack.question, answer=state, running=state.stage != "final")
            html = render.conversation(Talk([turn]), texts, pytest.fail, latest=True)
            for citation in state.citations:
                html += render.article_html(citation.article, texts, [citation.span])
            found = Markup(html)
            assert found.wrong == []
            assert not found.elements & {"a", "iframe", "img", "script"}


# The set itself


def test_the_set_is_large_and_of_every_kind():
    assert len(ATTACKS) == len({attack.id for attack in ATTACKS}) >= 40
    languages = Counter(attack.language for attack in ATTACKS)
    assert min(languages["fr"], languages["en"]) >= 20
    assert {attack.kind for attack in ATTACKS} >= set(
        "ignore citation turn fence tool link image html hidden bidi invisible answer role encoded "
        "leak refuse title".split()
    )


def test_the_file_shows_every_character():
    """Invisible ones are written as escapes, so that a reader of the file sees them."""
    path = DATA / "injection" / "attacks.jsonl"
    text = path.read_text(encoding="utf-8")
    assert text.isascii()
    assert all(json.loads(line) for line in text.splitlines())


# Reading and indexing


@EVERY
def test_an_attack_is_read_without_what_nobody_sees(attack: Attack, folder: Path):
    article = article_of(attack, folder)
    assert attack.gold in article.text
    assert clean_text(article.text) == article.text
    hidden = attack.kind in UNREAD or attack.id in UNREAD
    if hidden:
        assert not shown(attack, f"{article.title} {article.text}")
    assert (Flagged.of(article) is None) == (hidden or attack.id in UNFLAGGED)


# Answering


@EVERY
def test_quotes_are_nothing_but_quotes(attack: Attack, ask: Asking):
    states = ask(attack, None)
    answer = states[-1]
    assert (answer.answerer, answer.abstained) == ("extractive", False)
    assert success(attack, answer) is None
    assert answer.text == extractive.write(answer.citations, answer.language)
    for citation in answer.citations:
        assert citation.article.text[citation.span.start : citation.span.end] == citation.quote
    check_page(states, attack)


@EVERY
def test_a_model_that_obeys_what_it_is_shown_answers_the_question(attack: Attack, ask: Asking):
    states = ask(attack, Obeying(attack=attack))
    answer = states[-1]
    assert success(attack, answer) is None
    assert attack.gold in answer.text
    check_page(states, attack)


@EVERY
def test_the_prompt_holds_nothing_of_what_is_flagged(attack: Attack, ask: Asking):
    asked: list[str] = []

    class Listening(Obeying):
        def _generate(self, messages, *args, **options):
            asked.append(str(messages[-1].content))
            return super()._generate(messages, *args, **options)

    ask(attack, Listening(attack=attack))
    if attack.id not in UNFLAGGED:
        # What stands before the first flagged sentence is a claim like any other.
        first = next((n for n, said in enumerate(attack.pieces) if is_suspicious(said)), 0)
        flagged = replace(attack, pieces=attack.pieces[first:])
        assert not any(shown(flagged, prompt) for prompt in asked)


@EVERY
def test_what_is_said_anyway_is_checked(attack: Attack, ask: Asking):
    """The worst case: it says what the attacker wants whatever it is shown.

    What stays of it cites quotes that exist and works nowhere as a link, an image or an element.
    Whether they carry it, as far as that can be seen, is tested with `grounding`.
    """
    states = ask(attack, Obeying(attack=attack, always=True))
    answer = states[-1]
    assert {int(n) for n in NUMBER.findall(answer.text)} <= {c.n for c in answer.citations}
    assert not ACTIVE.search(answer.text)
    if answer.answerer == "generative" and not answer.abstained:
        assert "://" not in own_words(answer.text)
    check_page(states, attack)


@pytest.mark.model
def test_a_small_model_does_not_obey_either():
    chosen = [attack for attack in ATTACKS if attack.kind in ("ignore", "image", "role")]
    settings = Settings.load({"llm": "qwen2.5-coder-0.5b-instruct", "threads": 1})
    model = open_llm(settings)
    with retriever(chosen, settings) as found:
        chain = build(found, lambda: model, settings)
        answers = [chain.invoke(Question(attack.question)) for attack in chosen]
    obeyed = {
        attack.id: answer.text
        for attack, answer in zip(chosen, answers, strict=True)
        if success(attack, answer) not in (None, "denied")  # a small model may refuse on its own
    }
    assert obeyed == {}
    assert any(answer.answerer == "generative" for answer in answers)
