"""The Articles tab without a browser: what is listed, what the boxes do, what is said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from qa.assistant import Assistant, LanguageModel
from qa.index import LiveIndex
from qa.indexing import index_paths
from qa.retrieval import HybridRetriever
from qa.settings import Settings
from qa.ui.articles import Wanted, list_html, tab_html
from qa.ui.intake import Intake
from qa.ui.texts import TEXTS
from tests.fakes import ARTICLE_COUNT, BagOfWords
from tests.test_ui_render import EVIL, Markup, text_of

ENGLISH, FRENCH = TEXTS["en"].articles, TEXTS["fr"].articles


@pytest.fixture
def assistant(settings: Settings, live: LiveIndex, retriever: HybridRetriever) -> Assistant:
    """Over the articles of `fakes`."""
    return Assistant(settings, live, retriever, LanguageModel(settings, fetch=False))


def closed(assistant: Assistant) -> Intake:
    """An intake that takes nothing."""
    return Intake(assistant.settings, assistant.add, lambda path: False)


def listed(assistant: Assistant, **asked: Any) -> list[str]:
    """The ids on the page of the list."""
    return re.findall(r'data-article="([^"]+)"', list_html(assistant, {"language": "en", **asked}))


def test_all_articles_are_listed_newest_first_and_undated_last(assistant: Assistant) -> None:
    ids = listed(assistant)
    assert len(ids) == ARTICLE_COUNT
    assert ids[0] == "lynx"
    assert ids[-1] == "musee"
    assert "6 articles, 1 to 6" in text_of(list_html(assistant, {"language": "en"}))


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ({"words": "KERVALEC rouv"}, ["pont"]),
        ({"words": "verre musee"}, ["musee"]),
        ({"source": "The Harbour Post"}, ["lynx", "bridge"]),
        ({"source": "The Harbour Post", "until": "2020"}, ["bridge"]),
        ({"of_language": "fr", "since": "2019-03-14", "until": "2019-03-14"}, ["pont"]),
        ({"words": "100%"}, []),
    ],
)
def test_the_boxes_narrow_the_list(
    assistant: Assistant, asked: dict[str, str], ids: list[str]
) -> None:
    assert listed(assistant, **asked) == ids


def test_nothing_found_and_a_wrong_date_are_said_in_the_page_s_language(
    assistant: Assistant,
) -> None:
    assert FRENCH.none in text_of(list_html(assistant, {"language": "fr", "words": "zzz"}))
    wrong = list_html(assistant, {"language": "fr", "since": "demain"})
    assert 'role="alert"' in wrong
    assert "« demain » n’est pas une date" in text_of(wrong)


def test_what_the_browser_sends_may_be_anything(assistant: Assistant) -> None:
    wild: dict[str, Any] = {"words": ["a"], "since": None, "page": "2", "of_language": {"x": 1}}
    assert Wanted.of(wild).page == 1
    assert Wanted.of({"page": -3}).page == 1
    assert len(Wanted.of({"words": "x" * 10_000}).words) == 200
    assert ENGLISH.none in text_of(list_html(assistant, wild))


def test_the_tab_says_what_is_indexed(assistant: Assistant) -> None:
    said = text_of(tab_html(assistant, closed(assistant), {"language": "fr"}))
    assert "6 articles, 6 passages · du 14 mars 2019 au 2 novembre 2021" in said
    assert "français\u00a03" in said
    assert re.search(r"indexés le \d+(er)? \S+ \d{4} à \d\d:\d\d", said)
    assert "Le Courrier (2)" in said


def test_pages_are_turned_and_whatever_an_article_says_is_inert(tmp_path: Path) -> None:
    rows = [
        f'{{"id": "a{n}", "title": "T{n} <b>{EVIL_JSON}</b>", "text": "Some text {n}.", '
        f'"date": "2020-01-{n:02d}", "source": "<i>S</i>", "language": "en"}}'
        for n in range(1, 26)
    ]
    (tmp_path / "many.jsonl").write_text("\n".join(rows), encoding="utf-8")
    settings = Settings(index=tmp_path / "index", llm="none")
    embedder = BagOfWords()
    index_paths([tmp_path / "many.jsonl"], settings, embedder)
    live = LiveIndex(settings.index, embedder, settings)
    retriever = HybridRetriever(index=live, embedder=embedder)
    model = LanguageModel(settings, fetch=False)
    with Assistant(settings, live, retriever, model) as assistant:
        assert listed(assistant)[0] == "a25"
        assert listed(assistant, page=2) == ["a5", "a4", "a3", "a2", "a1"]
        assert listed(assistant, page=3) == []
        html = tab_html(
            assistant,
            closed(assistant),
            {"language": "en", "page": 2, "words": EVIL, "source": EVIL},
        )
        assert Markup(html).elements.isdisjoint({"img", "b", "i", "script"})
        html = tab_html(assistant, closed(assistant), {"language": "en", "page": 2})
        assert Markup(html).elements.isdisjoint({"img", "b", "i", "script"})
        assert "25 articles, 21 to 25" in text_of(html)
        assert 'data-page="3" disabled' in html
        assert 'data-page="1">' in html


EVIL_JSON = EVIL.replace("\\", "\\\\").replace('"', '\\"')


def test_an_empty_index_says_how_to_fill_it(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\0\1\2")
    settings = Settings(index=tmp_path / "index", llm="none")
    embedder = BagOfWords()
    index_paths([tmp_path / "a.txt"], settings, embedder)
    live = LiveIndex(settings.index, embedder, settings)
    retriever = HybridRetriever(index=live, embedder=embedder)
    model = LanguageModel(settings, fetch=False)
    with Assistant(settings, live, retriever, model) as assistant:
        assert ENGLISH.nothing_indexed in text_of(
            tab_html(assistant, closed(assistant), {"language": "en"})
        )
