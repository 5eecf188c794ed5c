"""What is behind a link, conversations as files, and answers for the clipboard."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import gradio as gr
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from markdown_it import MarkdownIt

from qa.answering import extractive
from qa.conversations.answer_json import to_document
from qa.conversations.store import Conversations, KeptTurn, Rating, new_id
from qa.documents.article import Article, PartialDate
from qa.documents.filters import Filters
from qa.errors import IndexMissing
from qa.server.page.exports import quote_with_reference, with_references
from qa.server.page.owners import COOKIE, BrowserCookie, Owners
from qa.server.page.server import _auth
from qa.server.page.sharing import HEADERS, add_addresses
from qa.server.page.texts import ENGLISH, FRENCH
from qa.settings import Settings
from qa.types import Answer, Citation, Language, Question
from tests.fakes import hit
from tests.hostile import PAYLOADS, Markup
from tests.page import answer, cite, text_of

BRIDGE = Article(
    id="bridge/1",
    title="Kervalec bridge opens again",
    text="It rained.\n\nThe bridge opened on Thursday. It is old. Maëlle Tanguy led the works.\n\n"
    "The mayor wants no cars.",
    date=PartialDate(2019, 3, 15),
    source="The Harbour Post",
    language="en",
    url="https://harbour.example/bridge?a=1&b=2",
    origin="a.md",
)
PONT = Article(
    id="pont",
    title="Le pont rouvre",
    text="Le pont a rouvert\njeudi.",
    date=PartialDate(2019, 3),
    source=None,
    language="fr",
    url="javascript:alert(1)",
    origin="b.md",
)
OPENED, LED, CARS = "The bridge opened on Thursday.", "Maëlle Tanguy led the works.", "The mayor"
ASKED = datetime(2026, 3, 14, 12, tzinfo=UTC)


def said(
    question: str, text: str, *citations: Citation, language: Language = "en", **changes: Any
) -> Answer:
    """An answer that a language model wrote."""
    asked = Question(question, standalone=question, language=language)
    return answer(text, question=asked, language=language, citations=citations, **changes)


def carrying(before: str, follow_up: Answer) -> Answer:
    """The answer to a question that leans on one before."""
    question = follow_up.question
    whole = replace(question, carried=before, standalone=f"{before} {question.text}")
    return replace(follow_up, question=whole)


FIRST = said(
    "Who led the works?",
    "Maëlle Tanguy led them [1] when it opened [2], in spring [3]. Not [7].",
    cite(1, BRIDGE, LED),
    cite(2, BRIDGE, OPENED),
    cite(3, PONT, PONT.text),
)
SECOND = carrying(
    "Who led the works?",
    said("And what of cars?", "None, says the mayor [1].", cite(1, BRIDGE, CARS)),
)


@dataclass
class Site:
    """A server with conversations, and a visitor whose they are."""

    app: FastAPI
    kept: Conversations
    articles: dict[str, Article]
    cookie: str
    owner: str

    def keep(self, *answers: Answer, conversation: str = "talk") -> list[KeptTurn]:
        turns = [KeptTurn(new_id(), to_document(answer), ASKED) for answer in answers]
        for turn in turns:
            self.kept.keep(self.owner, conversation, turn)
        return turns

    def browser(self, cookie: str | None = None) -> TestClient:
        """Somebody's; the visitor's when it has their cookie."""
        return TestClient(self.app, cookies={COOKIE: cookie} if cookie else None)

    def shared(self, turn: KeptTurn | None = None) -> str:
        """The page of a turn, or of the conversation, as anybody reads it."""
        return self.browser().get(self.address(turn)).text

    def address(self, turn: KeptTurn | None = None) -> str:
        if turn is None:
            return f"/share/{self.kept.share_conversation(self.owner, 'talk')}"
        return f"/share/{self.kept.share(self.owner, turn)}"

    def file(self, kind: str, language: str = "en") -> str:
        address = f"/conversations/talk.{kind}?language={language}"
        return self.browser(self.cookie).get(address).text


@pytest.fixture
def site(kept: Conversations) -> Site:
    """With the two articles indexed."""
    articles = {article.id: article for article in (BRIDGE, PONT)}
    cookie = secrets.token_urlsafe(32)
    owner = f"browser:{hashlib.sha256(cookie.encode()).hexdigest()}"
    return Site(served(kept, articles.get), kept, articles, cookie, owner)


def served(kept: Conversations, find: Callable[[str], Article | None], logins: str = "") -> FastAPI:
    """As `launch` puts it together, in an event loop, with an empty page."""

    async def make() -> FastAPI:
        app = FastAPI()
        app.add_middleware(BrowserCookie)
        add_addresses(app, kept, Owners(logins=bool(logins)), find)
        auth = _auth(Settings(logins=logins).passwords) if logins else None
        with gr.Blocks() as page:
            pass
        mounted: FastAPI = gr.mount_gradio_app(app, page, path="/", auth=auth)
        return mounted

    return asyncio.run(make())


# Behind a link


def test_a_link_shows_one_answer_to_anybody_until_it_is_revoked(site: Site) -> None:
    _, second = site.keep(FIRST, SECOND)
    response = site.browser().get(site.address(second))
    assert response.status_code == 200
    assert {name: response.headers[name] for name in HEADERS} == HEADERS
    text = text_of(response.text)
    for shown in ("And what of cars?", SECOND.text, CARS, ENGLISH.shared.answer):
        assert shown in text
    assert f"{ENGLISH.shared.continues} Who led the works?" in text
    assert FIRST.text[:20] not in text
    assert site.kept.revoke(site.owner, site.address(second).rpartition("/")[2])
    gone = site.browser().get(response.url.path, headers={"Accept-Language": "fr-FR"})
    assert gone.status_code == 404
    assert FRENCH.shared.no_link in text_of(gone.text)
    assert {name: gone.headers[name] for name in HEADERS} == HEADERS
    assert site.browser().get("/share/guessed").status_code == 404


def test_the_link_of_a_conversation_shows_all_its_turns_as_they_are_when_it_is_read(
    site: Site,
) -> None:
    site.keep(FIRST)
    address = site.address()
    site.keep(SECOND)
    site.kept.rename(site.owner, "talk", "The <bridge>")
    text = text_of(site.browser().get(address).text)
    places = [text.index(part) for part in ("The <bridge>", FIRST.question.text, LED, CARS)]
    assert places == sorted(places)
    assert text.count("Asked on 14 March 2026; answered from the articles as of that day.") == 2
    site.kept.delete(site.owner, "talk")
    assert site.browser().get(address).status_code == 404


def test_numbers_go_through_all_answers_and_one_that_cites_nothing_is_no_number(
    site: Site,
) -> None:
    site.keep(FIRST, SECOND)
    page = site.shared()
    text = text_of(page)
    assert "led them [1] when it opened [2], in spring [3]. Not (7)." in text
    assert "None, says the mayor [4]." in text
    for n in range(1, 5):
        assert page.count(f'id="quote-{n}"') == page.count(f'href="#quote-{n}"') == 1


def test_quotes_stand_by_article_within_quotation_marks_and_in_their_paragraph(
    site: Site,
) -> None:
    page = site.shared(site.keep(FIRST)[0])
    text = text_of(page)
    assert page.count("<li ") == 2
    assert f"[1] “{LED}”" in text
    assert f"[2] “{OPENED}”" in text
    assert f"[3] «\u00a0{PONT.text}\u00a0»" in text
    # One paragraph with both quotes, once; the French quote is its whole paragraph.
    assert f"<mark>{OPENED}</mark> It is old. <mark>{LED}</mark></p>" in page
    assert page.count('class="passage"') == 1
    assert "It rained" not in text
    assert "The Harbour Post · 15 March 2019" in text
    assert 'href="https://harbour.example/bridge?a=1&amp;b=2"' in page
    assert "javascript" not in page
    assert "characters" not in text


def test_an_article_that_is_still_indexed_can_be_opened_at_its_quotes(site: Site) -> None:
    page = site.shared(site.keep(FIRST)[0])
    first, second = re.findall(r'href="(../#article=[^"]*)"', page)
    spans = [(citation.span.start, citation.span.end) for citation in FIRST.citations]
    (led, opened, _) = spans
    assert first == (f"../#article=bridge%2F1&amp;spans={opened[0]}-{opened[1]},{led[0]}-{led[1]}")
    assert unquote(second) == f"../#article=pont&amp;spans=0-{len(PONT.text)}"


@pytest.mark.parametrize("now", [None, replace(BRIDGE, text="Something else.")])
def test_of_an_article_that_does_not_say_so_any_more_only_the_quote_is_shown(
    site: Site, now: Article | None
) -> None:
    (turn,) = site.keep(SECOND)
    if now is None:
        del site.articles[BRIDGE.id]
    else:
        site.articles[BRIDGE.id] = now
    page = site.shared(turn)
    assert f"“{CARS}”" in page
    assert "The Harbour Post" in page
    assert ENGLISH.shared.changed in page
    for part in ("../#article", "<mark>", "wants no cars", "Something else"):
        assert part not in page


def test_a_long_paragraph_is_cut_with_dots(site: Site) -> None:
    long = replace(BRIDGE, id="long", text=f"{'a ' * 1000}The end.{' b' * 1000}")
    site.articles["long"] = long
    page = site.shared(site.keep(said("Q?", "A [1].", cite(1, long, "The end.")))[0])
    assert '<p class="passage">… a a' in page
    assert "b b …</p>" in page


def test_an_abstention_shows_its_nearest_quotes_or_articles(site: Site) -> None:
    quoted = said("Q?", "Not found. The nearest: [1]", cite(1, BRIDGE, LED), abstained=True)
    named = said("R?", "Not found.", abstained=True, hits=(hit(BRIDGE), hit(BRIDGE), hit(PONT)))
    first, second = site.keep(quoted, named)
    text = text_of(site.shared(first))
    assert text.index("Not found.") < text.index(ENGLISH.nearest) < text.index(LED)
    page = site.shared(second)
    assert page.count("<li ") == 2
    assert 'href="../#article=pont"' in page
    assert ENGLISH.nearest in page


def test_a_question_understood_otherwise_says_how(site: Site) -> None:
    """As answers were kept before they told what was carried."""
    said = replace(SECOND, question=replace(SECOND.question, carried=""))
    assert f"{ENGLISH.understood} – {said.question.standalone}" in text_of(
        site.shared(site.keep(said)[0])
    )


def test_filters_are_told_with_the_question_they_were_put_to(site: Site) -> None:
    filters = Filters.parse("2017", sources=["Post"])
    site.keep(replace(FIRST, question=replace(FIRST.question, filters=filters)), SECOND)
    said = f"{ENGLISH.shared.only} since 1 January 2017, Post"
    assert text_of(site.shared()).count(said) == 1
    assert site.file("md").count(f"*{said}*") == 1


def test_the_style_is_the_one_that_the_headers_allow_and_prints_the_references(
    site: Site,
) -> None:
    site.keep(FIRST, SECOND)
    page = site.shared()
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert "&" not in style
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{allowed}'" in HEADERS["Content-Security-Policy"]
    assert ".references { display: none; }" in style.partition("@media print")[0]
    listed = text_of(page[page.index('<section class="references">') :])
    assert f"[1] [2] [4] {BRIDGE.title}, The Harbour Post, 15 March 2019, {BRIDGE.url}" in listed
    assert f"[3] {PONT.title}, March 2019\n" in listed


# Files


def test_a_conversation_as_markdown(site: Site) -> None:
    quoting = said("What else?", extractive.write([cite(1, BRIDGE, LED)], "en"))
    quoting = replace(quoting, citations=(cite(1, BRIDGE, LED),))
    site.keep(FIRST, SECOND, quoting)
    assert site.file("md") == (
        "# Who led the works?\n\n"
        "## Who led the works?\n\n"
        "*Asked on 14 March 2026; answered from the articles as of that day.*\n\n"
        "Maëlle Tanguy led them [1] when it opened [2], in spring [3]. Not (7).\n\n"
        f"> [1] “{LED}”\n\n"
        f"> [2] “{OPENED}”\n\n"
        "> [3] «\u00a0Le pont a rouvert jeudi.\u00a0»\n\n"
        "## And what of cars?\n\n"
        "*Asked on 14 March 2026; answered from the articles as of that day.*\n\n"
        "*Following on from: Who led the works?*\n\n"
        "None, says the mayor [4].\n\n"
        f"> [4] “{CARS}”\n\n"
        "## What else?\n\n"
        "*Asked on 14 March 2026; answered from the articles as of that day.*\n\n"
        f"One article says:\n\n“{LED}” [5]\n\n"
        "## References\n\n"
        f"- [1] [2] [4] [5] **{BRIDGE.title}**, The Harbour Post, 15 March 2019, <{BRIDGE.url}>\n"
        "- [3] **Le pont rouvre**, March 2019\n"
    )
    assert f"## {FRENCH.shared.references}" in site.file("md", "fr")


def test_the_exported_page_is_for_its_owner_and_to_be_printed(site: Site) -> None:
    site.keep(FIRST, SECOND)
    address = "/conversations/talk.html?language=fr"
    response = site.browser(site.cookie).get(address)
    assert {name: response.headers[name] for name in HEADERS} == HEADERS
    assert "content-disposition" not in response.headers
    assert '<html lang="fr">' in response.text
    assert FRENCH.shared.references in response.text
    assert f"<mark>{CARS}</mark>" in response.text
    assert FRENCH.shared.read_only not in response.text


def test_a_conversation_as_json_has_every_citation_with_its_own_number(site: Site) -> None:
    first, _ = site.keep(FIRST, SECOND)
    site.kept.rate(site.owner, first, Rating(True))
    response = site.browser(site.cookie).get("/conversations/talk.json")
    assert response.headers["content-disposition"].startswith("attachment")
    one, two = response.json()["turns"]
    assert (one["question"], one["answer"]) == (FIRST.question.text, FIRST.text)
    assert one["rating"]["good"]
    assert [citation["n"] for citation in one["citations"] + two["citations"]] == [1, 2, 3, 1]
    for citation in one["citations"]:
        assert {"title", "source", "date", "url"} <= set(citation)
        text = site.articles[citation["article_id"]].text
        assert text[citation["start"] : citation["end"]] == citation["quote"]


def test_another_browser_exports_nothing(site: Site) -> None:
    site.keep(FIRST)
    for kind in ("md", "json", "html"):
        for browser in (site.browser(), site.browser(secrets.token_urlsafe(32))):
            response = browser.get(f"/conversations/talk.{kind}")
            assert response.status_code == 404
            assert "works" not in response.text
    assert site.browser(site.cookie).get("/conversations/talk.txt").status_code == 404


def test_a_file_or_an_index_that_fails_is_said_in_a_page_that_tells_nothing(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """The addresses once answered with a bare 500."""
    site.keep(FIRST)
    shared = site.address()

    def missing(id: str) -> Article | None:
        raise IndexMissing(f"no index at secret/{id}")

    broken = replace(site, app=served(site.kept, missing))
    for address in (shared, "/conversations/talk.md", "/conversations/talk.html"):
        _fails(broken, address, FRENCH.no_index, "secret", caplog)
    site.kept.close()
    for address in ("/share/x", "/conversations/talk.md"):
        _fails(site, address, FRENCH.talks.unusable, "talks.sqlite", caplog)


def _fails(
    site: Site, address: str, said: str, secret: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    failed = site.browser(site.cookie).get(address, headers={"Accept-Language": "fr"})
    assert failed.status_code == 503
    assert {name: failed.headers[name] for name in HEADERS} == HEADERS
    assert said in text_of(failed.text)
    assert secret not in failed.text
    assert secret in caplog.text


def evil(payload: str) -> Answer:
    """The same answer, with a payload wherever words come from outside."""
    article = Article(
        id=f"id {payload}",
        title=f"T {payload}",
        text=f"Before {payload}. QUOTE {payload} ends. After {payload}.",
        date=None,
        source=f"S {payload}",
        language="en",
        url="https://example.org/a?b=1&c=2",
        origin="",
    )
    whole = said(f"{payload} who?", f"{payload} [1]", cite(1, article, f"QUOTE {payload} ends."))
    return carrying(f"{payload} what?", whole)


def test_nothing_on_a_page_runs(site: Site) -> None:
    pages = []
    for payload in ("plain", *PAYLOADS):
        said = evil(payload)
        site.articles |= {c.article.id: c.article for c in said.citations}
        pages.append(site.shared(site.keep(said)[0]))
        assert 'href="https://example.org/a?b=1&amp;c=2"' in pages[-1]
        assert "<mark>" in pages[-1]
    pages += [site.shared(), site.file("html")]
    assert {_markup(page) for page in pages[:-2]} == {_markup(pages[0])}
    for page in pages:
        assert not {"script", "img", "iframe", "form"} & _markup(page)[0]


MARKDOWN = (
    "[x][y] ![x][y] ![x]: [y] [1] [1](http://evil.example)",
    "\n\n[y]: http://evil.example\n\n[1]: http://evil.example",
    "<http://evil.example> <me@evil.example> <b>x</b> <!-- -->",
    "http://evil.example https://evil.example www.evil.example me@evil.example",
    "*a* _b_ `c` ~~d~~ \\ &lt;b&gt; &#60;",
    "```\n~~~",
    "\n# h\n> q",
)


@pytest.mark.parametrize("payload", [*MARKDOWN, *PAYLOADS])
def test_in_the_markdown_only_the_references_link(site: Site, payload: str) -> None:
    said = evil(payload)
    site.keep(said, said)
    text = site.file("md")
    html = MarkdownIt("commonmark").render(text)
    seen = Markup(html)
    assert seen.elements <= {*"h1 h2 p em strong a ul ol li blockquote hr".split()}
    assert re.findall(r'href="([^"]*)"', html) == ["https://example.org/a?b=1&amp;c=2"]
    # Nor by what GitHub makes links of without being asked.
    assert not re.search(r"(?<!<)https?://|www\.|[^\\]@", text)
    quoted = " ".join(said.citations[0].quote.split())
    assert quoted in " ".join(text_of(html).split())


# Who may read


def test_a_browser_gets_an_id_that_scripts_and_other_sites_do_not_get(site: Site) -> None:
    first = site.browser()
    given = first.get("/").headers["set-cookie"]
    assert "HttpOnly" in given
    assert "SameSite=lax" in given
    assert "Secure" not in given
    id = first.cookies[COOKIE]
    first.get("/")
    assert first.cookies[COOKIE] == id
    assert site.browser().get("/").cookies[COOKIE] != id
    secure = TestClient(site.app, base_url="https://news").get("/")
    assert "Secure" in secure.headers["set-cookie"]
    assert site.browser("forged").get("/").cookies[COOKIE] != "forged"
    assert "set-cookie" not in first.get("/share/x").headers


def test_where_people_log_in_a_link_is_for_them(site: Site) -> None:
    logins = "ann:tulip, bob:rose"
    known = replace(site, app=served(site.kept, site.articles.get, logins), owner="login:ann")
    known.keep(FIRST)
    share, export = known.address(), "/conversations/talk.json"

    def logged_in(name: str, password: str) -> TestClient:
        browser = known.browser()
        form = {"username": name, "password": password}
        assert browser.post("/login", data=form).status_code == 200
        return browser

    nobody = known.browser(site.cookie)
    assert nobody.get(share).status_code == 401
    assert ENGLISH.shared.log_in in text_of(nobody.get(share).text)
    assert nobody.get(export).status_code == 404
    assert logged_in("bob", "rose").get(share).status_code == 200
    assert logged_in("bob", "rose").get(export).status_code == 404
    exported = logged_in("ann", "tulip").get(export)
    assert json.loads(exported.text)["turns"][0]["question"] == FIRST.question.text


# For the clipboard


def test_an_answer_is_copied_with_its_references() -> None:
    assert with_references(FIRST, ENGLISH) == (
        f"{FIRST.text}\n\n"
        f"[1] “{LED}” — {BRIDGE.title}, The Harbour Post, 15 March 2019, {BRIDGE.url}\n"
        f"[2] “{OPENED}” — {BRIDGE.title}, The Harbour Post, 15 March 2019, {BRIDGE.url}\n"
        "[3] «\u00a0Le pont a rouvert jeudi.\u00a0» — Le pont rouvre, March 2019"
    )
    assert with_references(said("Hello", "Hello!"), ENGLISH) == "Hello!"


def test_a_quote_that_the_answer_says_is_not_copied_twice() -> None:
    citation = cite(1, PONT, PONT.text)
    quoting = said("Quand ?", extractive.write([citation], "fr"), citation, language="fr")
    assert with_references(quoting, FRENCH) == (
        "Un article le dit :\n\n« Le pont a rouvert jeudi. » [1]\n\n[1] Le pont rouvre, mars 2019"
    )


def test_one_quote_is_copied_with_its_reference() -> None:
    untitled = replace(PONT, title="", date=None, source="Le Courrier")
    assert quote_with_reference(cite(2, untitled, "jeudi."), FRENCH) == (
        "«\u00a0jeudi.\u00a0» — Article sans titre, Le Courrier, date inconnue"
    )


def _markup(html: str) -> tuple[frozenset[str], frozenset[str]]:
    """The names of the elements and the attributes."""
    seen = Markup(html)
    return frozenset(seen.elements), frozenset(seen.attributes)
