"""The Articles tab: what is indexed, a form that filters it, a page of the list.

Its HTML is asked for by `articles.js`, without Gradio's events, and an entry of the list opens the
same panel as a citation does. Whatever comes from an article or a person is escaped here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Self

import gradio as gr

from qa.article import Article, PartialDate
from qa.browsing import Contents, Listing
from qa.errors import QuestionError
from qa.ui import adding
from qa.ui.filtering import Typed
from qa.ui.intake import Intake
from qa.ui.looks import data
from qa.ui.texts import TEXTS, Texts, Words, language_of

if TYPE_CHECKING:
    from qa.assistant import Assistant

_PER_PAGE = 20
_LONGEST = 200  # characters of a box that are read
_LAST_PAGE = 1_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the form asks for. Everything may be empty.

    Attributes:
        words: of the title.
        since, until: dates as typed.
        source, of_language: one of those offered.
        page: from 1.
    """

    words: str = ""
    since: str = ""
    until: str = ""
    source: str = ""
    of_language: str = ""
    page: int = 1

    @classmethod
    def of(cls, asked: Mapping[str, Any]) -> Self:
        """From what the browser sent, of whatever kind."""

        def box(name: str) -> str:
            return str(asked.get(name) or "")[:_LONGEST]

        page = asked.get("page")
        return cls(
            words=box("words"),
            since=box("since"),
            until=box("until"),
            source=box("source"),
            of_language=box("of_language"),
            page=min(max(page, 1), _LAST_PAGE) if isinstance(page, int) else 1,
        )


def articles_tab(assistant: Assistant, intake: Intake) -> gr.HTML:
    """The component; it asks for its content when it is first shown."""

    def show_articles(asked: Mapping[str, Any]) -> str:  # Gradio marks it; a method it cannot
        return tab_html(assistant, intake, asked)

    def show_list(asked: Mapping[str, Any]) -> str:
        return list_html(assistant, asked)

    called: list[Callable[..., Any]] = [show_articles, show_list]
    script = data("articles.js")
    if intake.folder is not None:
        called += adding.functions(intake)
        script += data("adding.js")
    return gr.HTML(
        "",
        elem_id="qa-articles",
        apply_default_css=False,
        js_on_load=script,
        server_functions=called,
    )


def tab_html(assistant: Assistant, intake: Intake, asked: Mapping[str, Any]) -> str:
    """The whole tab, for `Wanted` and a "language"."""
    language = language_of(str(asked.get("language")))
    words, texts = TEXTS[language].articles, TEXTS[language]
    contents = assistant.contents()
    return (
        f'<div class="qa-shelf" data-unreachable="{escape(words.unreachable)}">'
        f'<h2 tabindex="-1">{escape(words.articles)}</h2>'
        f"{contents_html(contents, texts, words)}{adding.box_html(intake, words)}"
        f"{form_html(Wanted.of(asked), contents, texts, words)}"
        f'<div class="qa-found">{list_html(assistant, asked)}</div></div>'
    )


def contents_html(contents: Contents, texts: Texts, words: Words) -> str:
    """How many articles there are, of which days, and when they were indexed."""
    if not contents.articles:
        return f'<p class="qa-contents">{escape(words.nothing_indexed)}</p>'
    said = [words.counted.format(articles=contents.articles, chunks=contents.chunks)]
    if contents.first and contents.last:
        first, last = texts.day(contents.first), texts.day(contents.last)
        said.append(words.dated.format(first=first, last=last))
    languages = contents.facets["language"].items()
    said += [f"{texts.language_name(code)}\u00a0{n}" for code, n in languages]
    day, time = texts.day(PartialDate.of(contents.updated)), f"{contents.updated:%H:%M}"
    moment = escape(contents.updated.isoformat(timespec="seconds"))
    updated = escape(words.updated.format(day=day, time=time))
    parts = [*map(escape, said), f'<time datetime="{moment}">{updated}</time>']
    return f'<p class="qa-contents">{" · ".join(parts)}</p>'


def form_html(wanted: Wanted, contents: Contents, texts: Texts, words: Words) -> str:
    """The boxes, holding what is wanted."""
    sources = [(name, f"{name} ({n})") for name, n in contents.facets["source"].items()]
    languages = [
        (code, f"{texts.language_name(code)} ({n})")
        for code, n in contents.facets["language"].items()
    ]
    boxes = (
        _box("words", words.in_title, wanted.words),
        _box("since", words.since, wanted.since, words.date_hint),
        _box("until", words.until, wanted.until, words.date_hint),
        _choice("source", words.source, wanted.source, [("", words.all_sources), *sources]),
        _choice(
            "of_language",
            words.article_language,
            wanted.of_language,
            [("", words.all_languages), *languages],
        ),
    )
    return (
        f'<form class="qa-shelf-form" role="search" aria-label="{escape(words.search)}">'
        f'{"".join(boxes)}<div class="qa-shelf-buttons">'
        f'<button type="submit" class="qa-main-button">{escape(words.show)}</button>'
        f'<button type="reset" class="qa-plain-button">{escape(words.reset)}</button></div></form>'
    )


def _box(name: str, label: str, value: str, hint: str = "") -> str:
    return (
        f'<label class="qa-field"><span>{escape(label)}</span><input type="text" name="{name}" '
        f'maxlength="{_LONGEST}" autocomplete="off" value="{escape(value)}" '
        f'placeholder="{escape(hint)}"></label>'
    )


def _choice(name: str, label: str, value: str, offered: Iterable[tuple[str, str]]) -> str:
    options = "".join(
        f'<option value="{escape(each)}"{" selected" if each == value else ""}>'
        f"{escape(shown)}</option>"
        for each, shown in offered
    )
    return (
        f'<label class="qa-field"><span>{escape(label)}</span>'
        f'<select name="{name}">{options}</select></label>'
    )


def list_html(assistant: Assistant, asked: Mapping[str, Any]) -> str:
    """The page of the list that is wanted, or what is wrong with the boxes."""
    language = language_of(str(asked.get("language")))
    words, texts = TEXTS[language].articles, TEXTS[language]
    wanted = Wanted.of(asked)
    sources = [wanted.source] if wanted.source else []
    try:
        typed = Typed(wanted.since, wanted.until, sources, wanted.of_language)
        filters = typed.filters(texts)
    except QuestionError as exc:
        return f'<p class="qa-notice" role="alert">{escape(str(exc))}</p>'
    start = (wanted.page - 1) * _PER_PAGE
    listing = assistant.browse(filters, words=wanted.words, start=start, count=_PER_PAGE)
    if not listing.articles:
        return f'<p class="qa-count" role="status">{escape(words.none)}</p>'
    items = "".join(f"<li>{_entry(article, texts)}</li>" for article in listing.articles)
    return (
        f'<p class="qa-count" role="status">{escape(_count(listing, words))}</p>'
        f'<ol class="qa-list">{items}</ol>{_pager(listing, wanted.page, words)}'
    )


def _count(listing: Listing, words: Words) -> str:
    if listing.total == 1:
        return words.one
    last = listing.start + len(listing.articles)
    return words.many.format(total=listing.total, first=listing.start + 1, last=last)


def _entry(article: Article, texts: Texts) -> str:
    where = [texts.day(article.date), article.source, texts.language_name(article.language)]
    said = " · ".join(escape(part) for part in where if part)
    return (
        f'<button type="button" class="qa-entry" data-article="{escape(article.id)}">'
        f'<span class="qa-card-title" lang="{escape(article.language)}">'
        f"{escape(article.title or _beginning(article))}</span>"
        f'<span class="qa-card-where">{said}</span></button>'
    )


def _beginning(article: Article, most: int = 80) -> str:
    """The first words of an article that has no title."""
    text = " ".join(article.text[: most * 2].split())
    return text if len(text) <= most else f"{text[:most].rsplit(' ', 1)[0]}…"


def _pager(listing: Listing, page: int, words: Words) -> str:
    last = -(-listing.total // _PER_PAGE)
    if last == 1:
        return ""

    def button(label: str, to: int) -> str:
        off = "" if 1 <= to <= last else " disabled"
        return (
            f'<button type="button" class="qa-plain-button" data-page="{to}"{off}>'
            f"{escape(label)}</button>"
        )

    return (
        f'<nav class="qa-pager" aria-label="{escape(words.pages)}">'
        f"{button(words.previous, page - 1)}<span>{page} / {last}</span>"
        f"{button(words.next, page + 1)}</nav>"
    )
