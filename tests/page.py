"""The page without a browser: tabs that remember what they show, and answers to show."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from html import unescape
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr

from qa.assistant import Assistant
from qa.conversations.store import Conversations
from qa.documents.article import Article, PartialDate
from qa.index.build import index_paths
from qa.index.live import LiveIndex
from qa.language.sentences import Span
from qa.models.loading import LanguageModel
from qa.search.retriever import HybridRetriever
from qa.server.page.chats import Talk
from qa.server.page.examples import Examples
from qa.server.page.owners import COOKIE
from qa.server.page.page import Page, Updates
from qa.settings import Settings
from qa.types import Answer, Citation, Question
from tests.fakes import BagOfWords

EVIL = "<img src=x onerror=alert(1)>\"'`${1}{{2}}"
ARTICLE = Article.create(
    title=f"Title {EVIL}",
    text=f"Before. The quoted sentence {EVIL} ends. After & more.",
    date=PartialDate(2017, 1, 14),
    source=f"Source {EVIL}",
    language="en",
    url="https://example.org/a?b=1&c=2",
    origin="a.md",
)
QUOTE = Span(8, ARTICLE.text.index(" After"))
ASKED = "Who led the works on the bridge of Kervalec?"

_PARTS = "head talks past latest next notice box send stop filters model".split()


def answer(text: str = "Said so [1], not [7].", **changes: Any) -> Answer:
    """An answer with one citation."""
    whole = Answer(
        question=Question("Who?", standalone="Who?", language="en"),
        text=text,
        language="en",
        citations=(Citation(1, ARTICLE, QUOTE),),
        abstained=False,
        reason=None,
        answerer="generative",
        confidence=0.9,
        hits=(),
    )
    return replace(whole, **changes)


def cite(n: int, article: Article, words: str) -> Citation:
    """A citation of these words."""
    start = article.text.index(words)
    return Citation(n, article, Span(start, start + len(words)))


def text_of(html: str) -> str:
    """What is left without tags."""
    return unescape(re.sub(r"<[^>]*>", "", html))


def stages(html: str) -> list[str]:
    """How far each turn is."""
    return re.findall(r'data-stage="(\w+)"', html)


def open_page(
    assistant: Assistant,
    examples: Examples | None = None,
    kept: Conversations | None = None,
    **settings: Any,
) -> Page:
    """A page, made in an event loop: without one, Gradio opens its own and leaves it open."""
    assistant.settings = assistant.settings.model_copy(update=settings)

    async def make() -> Page:
        return Page(assistant, examples or {}, kept)

    return asyncio.run(make())


@contextmanager
def indexed(
    settings: Settings, *paths: Path, embedder: BagOfWords | None = None
) -> Iterator[Assistant]:
    """An assistant without a language model, over an index that is made of these files."""
    embedder = embedder or BagOfWords()
    index_paths(paths, settings, embedder)
    live = LiveIndex(settings.index, embedder, settings)
    retriever = HybridRetriever(index=live, embedder=embedder)
    with Assistant(settings, live, retriever, LanguageModel(settings, fetch=False)) as opened:
        yield opened


class Browser:
    """A tab of a page, in a browser with its cookie; it tells the server what the scripts tell.

    What does something takes all its updates and says which parts each changed; what is called
    "-ing" gives them one by one.
    """

    def __init__(self, page: Page, cookie: str | None = None, login: str | None = None) -> None:
        self.page = page
        self.cookie = secrets.token_urlsafe(32) if cookie is None else cookie
        self.login = login
        self.language = "en"
        self.filters: dict[str, Any] = {}
        self.open = ""
        self.load()

    def load(self, page: Page | None = None) -> None:
        """The page is loaded again, perhaps from another server; `begin` comes next."""
        self.page = page or self.page
        self.shown = dict.fromkeys(_PARTS, "")
        given = {"session_hash": secrets.token_hex(6), "username": self.login}
        cookies = {COOKIE: self.cookie}
        self.tab = cast("gr.Request", SimpleNamespace(**given, cookies=cookies))

    def asking(self, text: str = ASKED, **told: Any) -> Iterator[set[str]]:
        """Send what is in the box."""
        self.shown["box"] = text
        sent = json.dumps(self._told(**{"characters": len(text), **told}))
        return self._seen(self.page.ask(text, sent, self.tab))

    def doing(self, what: object, **more: object) -> Iterator[set[str]]:
        """Click what has this `data-do`."""
        event = SimpleNamespace(_data=self._told(do=what, **more))
        return self._seen(self.page.act(self.tab, cast("gr.EventData", event)))

    def beginning(self, asked: str = "") -> Iterator[set[str]]:
        """What comes of loading, when `asked` was not answered yet."""
        return self._seen(self.page.begin(json.dumps(self._told(asked=asked)), self.tab))

    def ask(self, text: str = ASKED, **told: Any) -> list[set[str]]:
        """Send what is in the box."""
        return list(self.asking(text, **told))

    def do(self, what: object, **more: object) -> list[set[str]]:
        """Click what has this `data-do`."""
        return list(self.doing(what, **more))

    def begin(self, asked: str = "") -> list[set[str]]:
        """What comes of loading."""
        return list(self.beginning(asked))

    def stop(self) -> None:
        """Press the button, which the page shows while an answer is written."""
        list(self._seen([self.page.stop_answer(self.tab)]))

    def __getitem__(self, part: str) -> str:
        return self.shown[part]

    @property
    def html(self) -> str:
        """The conversation."""
        return self.shown["past"] + self.shown["latest"]

    @property
    def says(self) -> str:
        """The conversation's text."""
        return text_of(self.html)

    @property
    def listed(self) -> str:
        """The text of the list of conversations."""
        return text_of(self.shown["talks"])

    @property
    def talk(self) -> Talk:
        """What is open, as the server has it."""
        return self.page.tabs.of(self.page.history.owner(self.tab), self.tab.session_hash).talk

    @property
    def turn(self) -> str:
        """The latest turn's id."""
        return self.talk.turns[-1].id

    def _told(self, **more: object) -> dict[str, object]:
        if more.get("do") in ("new", "open"):
            self.open = ""
        told = {"filters": self.filters, "talk": self.open, "language": self.language}
        if more.get("do") == "speak":
            self.language = str(more["language"])
        return {**told, **more}

    def _seen(self, updates: Iterable[Updates]) -> Iterator[set[str]]:
        parts = {getattr(self.page, part): part for part in _PARTS}
        for update in updates:
            # What is a dictionary, or None, changes how a component looks.
            said = {parts[each]: value for each, value in update.items()}
            self.shown |= {part: value for part, value in said.items() if isinstance(value, str)}
            if "latest" in said:
                self.open = (re.findall(r'data-talk="([^"]*)"', self.html) or [self.open])[-1]
            yield set(said)


class Held:
    """A stream that finds a quote and writes half an answer, then waits until it is let go."""

    def __init__(self) -> None:
        self.asked: list[Question] = []
        self._gates: defaultdict[str, Event] = defaultdict(Event)

    def __call__(self, question: Question) -> Iterator[Answer]:
        self.asked.append(question)
        yield answer("", stage="evidence", question=question)
        yield answer("Half of", stage="writing", question=question)
        assert self._gates[question.text].wait(20)
        yield answer("More than half of", stage="writing", question=question)
        yield answer(f"All of {question.text} [1]", question=question)

    def go(self, *questions: str) -> None:
        """Let the answers to these be written."""
        for question in questions:
            self._gates[question].set()
