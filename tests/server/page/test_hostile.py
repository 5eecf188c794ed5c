"""Every template, in both languages, filled with what attacks whoever shows it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Template
from markupsafe import Markup as Escaped

from qa.assistant import Assistant
from qa.conversations.store import Conversations
from qa.server.page import templating
from qa.server.page.articles import Articles
from qa.server.page.sharing import shared_page
from qa.server.page.texts import TEXTS
from qa.server.page.uploads import Sent, Uploads
from qa.settings import Settings
from tests.hostile import PAYLOADS, QUESTION, Markup, write_articles
from tests.page import Browser, indexed, open_page
from tests.server.api.test_worker import until

FOLDER = Path(templating.__file__).parent / "templates"
# Of these, nothing comes from outside.
OURS = {"head.html", "upload.html", "model.html"}
# Of these, names alone.
NAMES = {"next.html"}


@pytest.fixture
def filled(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """All that the templates make, by their names; also of those that others take in."""
    found: defaultdict[str, str] = defaultdict(str)
    environment = templating._TEMPLATES
    get = environment.get_template

    def recorded(name: str, *args: Any, **more: Any) -> Template:
        found[name] += ""
        return get(name, *args, **more)

    def html(template: str, texts: Any, **values: Any) -> Escaped:
        made = usual(template, texts, **values)
        found[f"{template}.html"] += made
        return made

    usual = templating.html
    monkeypatch.setattr(environment, "get_template", recorded)
    for module in ("articles", "history", "page", "render", "sharing"):
        monkeypatch.setattr(f"qa.server.page.{module}.html", html)
    return found


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    """Over the hostile articles; takes files."""
    folder = tmp_path_factory.mktemp("hostile")
    settings = Settings(
        index=folder / "index", llm="none", abstain_below=0.0, uploads=folder / "uploads"
    )
    with indexed(settings, write_articles(folder / "news")) as opened:
        yield opened


@pytest.mark.parametrize("language", TEXTS)
def test_nothing_that_anybody_wrote_does_anything(
    assistant: Assistant,
    kept: Conversations,
    filled: dict[str, str],
    language: str,
    tmp_path: Path,
) -> None:
    ann = Browser(open_page(assistant, {"fr": PAYLOADS, "en": PAYLOADS}, kept))
    ann.language = language
    ann.begin()
    for payload in PAYLOADS:
        ann.filters = {"since": payload, "language": payload, "articles": [f"0{PAYLOADS[0]}"]}
        ann.ask(payload)
        ann.filters = {"sources": [f"Post {payload}", payload]}
        ann.ask(f"{QUESTION} {payload}")
        ann.do("rate", turn=ann.turn, good="false")
        ann.do("comment", turn=ann.turn, comment=payload, correction=payload)
        ann.do("change", row="only", n=0, value=payload)
        ann.do("rename", id=ann.open, title=payload)
        ann.do("search", search=payload)
        ann.do("search", search="")
        ann.do("share", turn=ann.turn)
        ann.do("share-talk", id=ann.open)
        for link in (ann.talk.token, ann.talk.turns[-1].token):
            shared = kept.shared(link or "")
            assert shared
            filled["shared.html"] += shared_page(shared, assistant.article)
        ann.do("new")
    _articles(assistant, language, tmp_path)
    assert set(filled) == {path.name for path in FOLDER.glob("*.html")}
    for name, html in filled.items():
        # The shared pages are whole ones, with a head of their own.
        pieces = re.split(r"<body>|</body>", html)[1::2] if name.startswith("shared") else [html]
        assert [Markup(piece).wrong for piece in pieces if Markup(piece).wrong] == [], name
        included = name in {
            "parts.html",
            "correction.html",
            "shared_turn.html",
            "shared_frame.html",
        }
        assert included or name in OURS | NAMES or "hacked=1&lt;" in html, name


def _articles(assistant: Assistant, language: str, folder: Path) -> None:
    """The list, the panel of each article, and files with such names and contents."""
    files: list[Sent] = []
    uploads = Uploads(assistant, lambda: [str(file.path) for file in files])
    shelf, told = Articles(assistant, uploads), {"language": language}
    for number, payload in enumerate(PAYLOADS):
        path = folder / str(number)
        path.write_text(f"Otter {number} {language} said {payload} to the lynx.", encoding="utf-8")
        files.append(Sent(f"{payload}.txt" if number % 2 else payload, path))
    job = shelf.begin({**told, "files": [{"name": f.name, "path": str(f.path)} for f in files]})
    until(lambda: bool(shelf.state({**told, **job})["done"]), 30)
    ids = [article.id for article in assistant.articles()]
    assert len(ids) > 2 * len(PAYLOADS)
    for id in ids:
        shelf.article({**told, "id": id, "spans": "0-9,12-40", "at": 1, "pointed": "13-20"})
        shelf.mend({**told, "id": id, "title": PAYLOADS[0], "date": PAYLOADS[0]})
    for words in ("", *PAYLOADS):
        shelf.whole({**told, "words": words})
