"""The articles beside the chat: the list, what the form does, the panel, what is mended."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from qa.assistant import Assistant
from qa.errors import IndexUnusable
from qa.index.directory import write_lock
from qa.server.page.articles import Articles, Wanted
from qa.server.page.texts import ENGLISH, FRENCH
from qa.server.page.uploads import Uploads
from qa.settings import Settings
from tests.fakes import ARTICLE_COUNT
from tests.hostile import Markup
from tests.page import EVIL, indexed, text_of

WORDS, MOTS = ENGLISH.articles, FRENCH.articles


@pytest.fixture
def articles(assistant: Assistant) -> Articles:
    """Those of `fakes`; nothing can be added."""
    return Articles(assistant, Uploads(assistant, tuple))


@contextmanager
def opened(folder: Path, name: str, content: bytes, **settings: Any) -> Iterator[Articles]:
    """Those of an index of one file."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    made = Settings(index=folder.parent / "index", llm="none", **settings)
    with indexed(made, folder / name) as assistant:
        yield Articles(assistant, Uploads(assistant, tuple))


@pytest.fixture
def added(tmp_path: Path) -> Iterator[Articles]:
    """One article, which somebody added."""
    folder = tmp_path / "uploads"
    rows = b'{"id": "otter", "text": "Otters came back to Orm.", "title": "Otters"}'
    with opened(folder, "rows.jsonl", rows, uploads=folder) as articles:
        yield articles


def listed(articles: Articles, **asked: Any) -> list[str]:
    """The ids on the page of the list."""
    html = articles.listed({"language": "en", **asked})
    ids = re.findall(r'data-article="([^"]+)"', html)
    assert re.findall(r'class="choose" value="([^"]+)"', html) == ids
    return ids


def test_all_articles_are_listed_newest_or_oldest_first_and_undated_last(
    articles: Articles,
) -> None:
    ids = listed(articles)
    assert len(ids) == ARTICLE_COUNT
    assert ids[0] == "lynx"
    assert listed(articles, order="oldest") == [*ids[-2::-1], "musee"]
    assert "6 articles, 1 to 6" in text_of(articles.listed({"language": "en"}))


def test_words_of_titles_texts_and_outlets_and_the_filters_narrow_the_list(
    articles: Articles,
) -> None:
    for asked, ids in (
        ({"words": "KERVALEC rouv"}, ["pont"]),
        ({"words": "tanguy rain"}, ["bridge"]),
        ({"words": "verre musee"}, ["musee"]),
        ({"words": "harbour post"}, ["lynx", "bridge"]),
        ({"words": "100%"}, []),
        ({"filtered": "on", "filters": {"language": "fr", "until": "2019-04"}}, ["pont"]),
        ({"filtered": "on", "filters": {"sources": ["Le Courrier"], "since": "2019"}}, ["pont"]),
        ({"filtered": "on", "filters": {"articles": ["lynx", "pont"]}}, ["lynx", "pont"]),
        ({"filters": {"language": "fr"}, "words": "lynx"}, ["lynx"]),
    ):
        assert listed(articles, **asked) == ids, asked


def test_nothing_found_and_a_wrong_date_are_said_in_the_page_s_language(
    articles: Articles,
) -> None:
    assert MOTS.none in text_of(articles.listed({"language": "fr", "words": "zzz"}))
    filtered = {"language": "fr", "filtered": "on", "filters": {"since": "demain"}}
    wrong = articles.listed(filtered)
    assert 'role="alert"' in wrong
    assert "« demain » n’est pas une date" in text_of(wrong)
    assert "« demain »" not in text_of(articles.listed({**filtered, "filtered": ""}))


def test_what_the_browser_sends_may_be_anything(articles: Articles) -> None:
    wild: dict[str, Any] = {"words": ["a"], "page": "2", "order": {}, "filters": "[", "files": 3}
    assert Wanted.of(wild).page == 1
    assert Wanted.of({"page": -3}).page == 1
    assert len(Wanted.of({"words": "x" * 10_000}).words) == 200
    assert WORDS.none in text_of(articles.listed({**wild, "filtered": True}))
    for function in articles.functions():
        assert function({**wild, "language": 7, "id": {"a": 1}, "spans": [1], "at": "x"})


def test_the_view_says_what_is_indexed_and_keeps_what_was_wanted(articles: Articles) -> None:
    html = articles.whole({"language": "fr", "words": "pont", "order": "oldest", "filtered": "on"})
    assert "6 articles · du 14 mars 2019 au 2 novembre 2021" in text_of(html)
    assert "français\u00a0(3)" in text_of(html)
    assert "Le Courrier (2), The Harbour Post (2)" in text_of(html)
    assert 'value="pont"' in html
    assert 'value="oldest" selected' in html
    assert 'name="filtered" checked' in html
    assert 'type="file"' not in html
    assert [function.__name__ for function in articles.functions()] == (
        ["show_article", "show_articles", "show_list"]
    )


def test_pages_are_turned_and_whatever_an_article_says_is_inert(tmp_path: Path) -> None:
    rows = [
        {"id": f"a{n}{EVIL}", "title": f"T{n} {EVIL}", "text": f"Some text {n}.", "source": EVIL}
        | {"date": f"2020-01-{n - 10:02d}" if n > 10 else f"2019-01-{n:02d}", "language": "en"}
        for n in range(1, 36)
    ]
    rows[0]["title"], rows[0]["text"] = "", "word " * 40
    content = "\n".join(map(json.dumps, rows)).encode()
    with opened(tmp_path / "news", "many.jsonl", content) as articles:
        assert len(listed(articles)) == 30
        assert len(listed(articles, page=2)) == 5
        assert listed(articles, page=3) == []
        html = articles.whole({"language": "en", "page": 2})
        assert "35 articles, 31 to 35" in text_of(html)
        assert 'data-page="3" disabled' in html
        assert 'data-page="1">' in html
        assert "T5 " in text_of(html)
        assert f"{'word ' * 14}word…" in text_of(html)
        for each in (html, articles.whole({"language": "fr", "words": EVIL})):
            assert Markup(each).wrong == []


def test_an_empty_index_says_how_to_fill_it(tmp_path: Path) -> None:
    with opened(tmp_path / "news", "a.txt", b"\0\1\2") as articles:
        assert WORDS.nothing_indexed in text_of(articles.whole({"language": "en"}))


def test_the_panel_shows_the_whole_article_with_its_quotes(
    articles: Articles, assistant: Assistant
) -> None:
    pont = assistant.article("pont")
    assert pont
    asked = {"id": "pont", "spans": "0-10,20-30", "at": 1, "pointed": "20-23", "language": "en"}
    html = articles.article(asked)
    assert pont.text in text_of(html)
    assert html.count("<mark") == 2
    marked = f"{pont.text[20:23]}</strong>{pont.text[23:30]}</mark>"
    assert f'class="current"><strong class="pointed">{marked}' in html
    for spans in ("", "5", "9-3", "0-99999999", "-1-4", "a-b", "0-1" + "0" * 30, None, [[0, 3]]):
        assert "<mark" not in articles.article({**asked, "spans": spans})
    assert 'class="current"' not in articles.article({**asked, "at": True, "spans": "0-10"})
    gone = articles.article({"id": "no such", "language": "fr"})
    assert FRENCH.article_gone in text_of(gone)


def test_an_added_article_is_mended_and_removed(added: Articles) -> None:
    asked = {"id": "otter", "language": "fr"}
    assert f"{FRENCH.undated} · anglais · {MOTS.yours}" in " ".join(
        text_of(added.listed(asked)).split()
    )
    assert 'data-mend="otter"' in added.article(asked)
    assert MOTS.remove_warning in text_of(added.article(asked))
    assert added.mend({**asked, "title": f" {EVIL} ", "date": "2022-05"}) == {"error": ""}
    assert EVIL in text_of(added.article(asked))
    assert "mai 2022" in text_of(added.article(asked))
    wrong = added.mend({**asked, "title": "x", "date": "demain"})
    assert "« demain » n’est pas une date" in wrong["error"]
    assert EVIL in text_of(added.article(asked))
    assert added.remove(asked) == {"error": ""}
    assert added.remove(asked) == {"error": FRENCH.article_gone}
    assert listed(added) == []


def test_nothing_is_mended_or_removed_while_somebody_writes_nor_is_the_reason_mistaken(
    added: Articles, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"id": "otter", "language": "en", "title": "x", "date": "2022"}
    with write_lock(added._assistant.settings.index):
        assert added.mend(asked) == added.remove(asked) == {"error": WORDS.index_busy}

    def broken(id: str, **_: object) -> None:
        raise IndexUnusable("/srv/secret cannot be read")

    monkeypatch.setattr(added._assistant, "amend", broken)
    assert added.mend(asked) == {"error": WORDS.add_failed}


def test_what_nobody_added_is_neither_mended_nor_removed(
    articles: Articles, added: Articles, assistant: Assistant
) -> None:
    assert "data-mend" not in articles.article({"id": "pont"})
    for shelf in (articles, added):
        for id in ("pont", "gone", "", None, 7, ["otter"], {"id": "otter"}, "../otter", "\0"):
            asked = {"id": id, "language": "en", "title": "Mine", "date": "2022"}
            assert shelf.mend(asked) == shelf.remove(asked) == {"error": ENGLISH.article_gone}
    assert listed(added) == ["otter"]
    assert len(listed(articles)) == ARTICLE_COUNT
    assert assistant.browse(words="Mine").total == 0
