"""The components of the page, top to bottom. Knows nothing about what happens to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import gradio as gr

from qa.ui import frame, render
from qa.ui.looks import data
from qa.ui.texts import Texts
from qa.ui.understood import source_list

MOST_EXAMPLES = 4
_POLL_S = 1.0

# How many articles there are by source, language and year.
Facets: TypeAlias = Mapping[str, Mapping[str, int]]


class Layout:
    """The components, made inside the `gr.Blocks` that is open.

    Args:
        texts: the language in which they are first labelled.
        facets: what the filters offer.
        show_article: the panel's HTML for what `script.js` asks.
        articles_tab: makes the Articles tab.
        longest: most characters in a question.
    """

    def __init__(
        self,
        texts: Texts,
        facets: Facets,
        show_article: Callable[[Mapping[str, Any]], str],
        articles_tab: Callable[[], gr.HTML],
        longest: int,
    ) -> None:
        with gr.Column(elem_id="qa-page"):
            with gr.Row(elem_id="qa-head"):
                self.masthead = _html("qa-masthead", render.masthead(texts))
                self.nav = _html("qa-nav", frame.nav(texts.articles), script="frame.js")
                self.switch = gr.Radio(
                    [("FR", "fr"), ("EN", "en")],
                    value=texts.language,
                    label=texts.switch,
                    elem_id="qa-switch",
                    container=False,
                )
                self.archive = gr.HTML(
                    elem_id="qa-archive", apply_default_css=False, js_on_load=data("archive.js")
                )
            with gr.Row(elem_id="qa-main"):
                with gr.Column(elem_id="qa-chat", min_width=0):
                    with gr.Column(elem_id="qa-scroll"):
                        self.past = _html("qa-past", render.welcome(texts))
                        self.latest = _html("qa-latest", "", live=True)
                        with gr.Column(elem_id="qa-examples") as self.example_box:
                            self.example_buttons = [
                                gr.Button(visible=False, elem_classes="qa-example")
                                for _ in range(MOST_EXAMPLES)
                            ]
                    self._composer(texts, facets, longest)
                articles_tab()
                self.panel = gr.HTML(
                    render.no_article(texts.panel_empty, texts),
                    elem_id="qa-panel",
                    apply_default_css=False,
                    js_on_load=data("script.js"),
                    server_functions=[show_article],
                )
        self.refiner = _html("qa-refiner", source_list(facets["source"]), script="refine.js")
        self.timer = gr.Timer(_POLL_S)

    def _composer(self, texts: Texts, facets: Facets, longest: int) -> None:
        with gr.Column(elem_id="qa-composer"):
            self.next = _html("qa-next", "")
            self.notice = _html("qa-notice", "", live=True)
            with gr.Row(elem_id="qa-ask"):
                self.box = gr.Textbox(
                    label=texts.question,
                    show_label=False,
                    placeholder=texts.placeholder,
                    lines=1,
                    max_lines=6,
                    max_length=longest,
                    autofocus=True,
                    container=False,
                    elem_id="qa-question",
                )
                self.send = gr.Button(texts.send, variant="primary", elem_id="qa-send")
                self.stop = gr.Button(texts.stop, visible=False, elem_id="qa-stop")
            with gr.Row(elem_id="qa-tools"):
                with gr.Accordion(texts.filters, open=False, elem_id="qa-filters") as self.filters:
                    with gr.Row():
                        self.since = _date_box(texts.since, texts)
                        self.until = _date_box(texts.until, texts)
                        self.sources = gr.Dropdown(
                            list(facets["source"]),
                            value=[],
                            multiselect=True,
                            label=texts.source,
                            min_width=120,
                        )
                        self.of_language = gr.Dropdown(
                            language_choices(texts, facets),
                            value="",
                            label=texts.article_language,
                            min_width=120,
                            filterable=False,
                        )
                    self.unfilter = gr.Button(texts.remove_filters, elem_id="qa-unfilter")
                self.retry = gr.Button(texts.retry, visible=False, elem_id="qa-retry")
                self.clear = gr.Button(texts.clear, visible=False, elem_id="qa-clear")
            self.scope = _html("qa-in-force", "")
            self.model = _html("qa-model", "", live=True)


def language_choices(texts: Texts, facets: Facets) -> list[tuple[str, str]]:
    """What the filter by language offers: all, or one with its number of articles."""
    return [
        (texts.all_languages, ""),
        *((f"{texts.language_name(code)} ({n})", code) for code, n in facets["language"].items()),
    ]


def _html(elem_id: str, value: str, *, live: bool = False, script: str | None = None) -> gr.HTML:
    """HTML of our own making; what changes in a `live` one is read aloud."""
    template = '<div aria-live="polite">${value}</div>' if live else "${value}"
    return gr.HTML(
        value,
        html_template=template,
        elem_id=elem_id,
        apply_default_css=False,
        js_on_load=data(script) if script else None,
    )


def _date_box(label: str, texts: Texts) -> gr.Textbox:
    return gr.Textbox(label=label, placeholder=texts.date_hint, max_lines=1, min_width=120)
