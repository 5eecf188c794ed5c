"""The page: components, and what happens to them.

Earlier turns and the latest one are two components, so that a growing answer redraws itself
alone. Both are `gr.HTML`, whose updates change only what differs: the focus stays where it is
and nothing is ever read as Markdown. The article panel asks the server for an article by itself
(`script.js`), without waiting behind questions.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any, TypeAlias

import gradio as gr

from qa.answer import Language, Question
from qa.article import PartialDate
from qa.chunks import Span
from qa.errors import QAError, QuestionError
from qa.filters import Filters
from qa.ui import render
from qa.ui.examples import Examples
from qa.ui.following import follow
from qa.ui.talks import Talk, Talks, Turn
from qa.ui.texts import ENGLISH, TEXTS, Texts, language_of

if TYPE_CHECKING:
    from qa.assistant import Assistant

log = logging.getLogger(__name__)

_AT_ONCE = 8
_MOST_EXAMPLES = 4
_LONGEST_QUESTION = 2000
_POLL_S = 1.0

# The choice made before, else the browser's language.
_TELL_LANGUAGE = "() => [localStorage.getItem('qa-language') || navigator.language || 'en']"
_KEEP_LANGUAGE = "(chosen) => { localStorage.setItem('qa-language', chosen); return [chosen]; }"

# A component and its new value or properties; what is not named stays as it is.
Updates: TypeAlias = dict[Any, Any]


def build_page(assistant: Assistant, examples: Examples | None = None) -> gr.Blocks:
    """The page over an open assistant.

    Args:
        assistant: answers, articles and the state of the language model.
        examples: questions to start with, by interface language.
    """
    return _Page(assistant, examples or {}).blocks


def looks() -> Mapping[str, Any]:
    """What Gradio is told about the page's looks when it is mounted: system fonts, no links."""
    sans = ["ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
    mono = ["ui-monospace", "Consolas", "monospace"]
    theme = gr.themes.Base(font=sans, font_mono=mono).set(
        body_background_fill="#fbfaf6",
        body_background_fill_dark="#15171a",
        body_text_color="#1d1d1b",
        body_text_color_dark="#e9e6df",
    )
    return {"theme": theme, "css": _data("style.css"), "footer_links": []}


def _data(name: str) -> str:
    return files("qa.ui").joinpath(name).read_text(encoding="utf-8")


class _Page:
    def __init__(self, assistant: Assistant, examples: Examples) -> None:
        self.assistant = assistant
        self.examples = examples
        self.talks = Talks()
        with gr.Blocks(title="qa", analytics_enabled=False, fill_width=True) as self.blocks:
            self._lay_out(ENGLISH)
            self._wire()
        self.blocks.queue(default_concurrency_limit=_AT_ONCE, max_size=64, api_open=False)

    # The components, top to bottom.

    def _lay_out(self, texts: Texts) -> None:
        with gr.Column(elem_id="qa-page"):
            with gr.Row(elem_id="qa-head"):
                self.masthead = _html("qa-masthead", render.masthead(texts))
                self.switch = gr.Radio(
                    [("FR", "fr"), ("EN", "en")],
                    value=texts.language,
                    label=texts.switch,
                    elem_id="qa-switch",
                    container=False,
                )
            with gr.Row(elem_id="qa-main"):
                with gr.Column(elem_id="qa-chat", min_width=0):
                    with gr.Column(elem_id="qa-scroll"):
                        self.past = _html("qa-past", render.welcome(texts))
                        self.latest = _html("qa-latest", "")
                        with gr.Column(elem_id="qa-examples") as self.example_box:
                            self.example_buttons = [
                                gr.Button(visible=False, elem_classes="qa-example")
                                for _ in range(_MOST_EXAMPLES)
                            ]
                    self._lay_out_composer(texts)
                self.panel = gr.HTML(
                    render.no_article(texts.panel_empty, texts),
                    elem_id="qa-panel",
                    apply_default_css=False,
                    js_on_load=_data("script.js"),
                    server_functions=[self.show_article],
                )
        self.timer = gr.Timer(_POLL_S)

    def _lay_out_composer(self, texts: Texts) -> None:
        with gr.Column(elem_id="qa-composer"):
            self.notice = _html("qa-notice", "")
            self.scope = _html("qa-in-force", "")
            with gr.Row(elem_id="qa-ask"):
                self.box = gr.Textbox(
                    label=texts.question,
                    show_label=False,
                    placeholder=texts.placeholder,
                    lines=1,
                    max_lines=6,
                    max_length=_LONGEST_QUESTION,
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
                            list(self.assistant.facets().get("source", {})),
                            value=[],
                            multiselect=True,
                            label=texts.source,
                            min_width=120,
                        )
                        self.of_language = gr.Dropdown(
                            self._language_choices(texts),
                            value="",
                            label=texts.article_language,
                            min_width=120,
                            filterable=False,
                        )
                    self.unfilter = gr.Button(texts.remove_filters, size="sm")
                self.retry = gr.Button(texts.retry, size="sm", interactive=False)
                self.clear = gr.Button(texts.clear, size="sm", interactive=False)
            self.model = _html("qa-model", "")

    def _language_choices(self, texts: Texts) -> list[tuple[str, str]]:
        known = self.assistant.facets().get("language", {})
        return [
            (texts.all_languages, ""),
            *((f"{texts.language_name(code)} ({n})", code) for code, n in known.items()),
        ]

    # What happens.

    def _wire(self) -> None:
        filters = [self.since, self.until, self.sources, self.of_language]
        shown = [self.past, self.latest, self.box, self.notice, self.example_box, self.scope]
        shown += [self.filters, self.send, self.stop, self.retry, self.clear]
        spoken = [*shown, self.masthead, self.switch, self.panel, self.model, self.unfilter]
        spoken += [*filters, *self.example_buttons]
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        at_once = {**quiet, "queue": False}

        gr.on(
            [self.box.submit, self.send.click], self.ask, [self.box, *filters], shown, **quiet
        )
        for button in self.example_buttons:
            button.click(self.ask, [button, *filters], shown, **quiet)
        self.retry.click(self.ask_again, filters, shown, **quiet)
        self.stop.click(self.stop_answer, None, [self.stop], **at_once)
        self.clear.click(self.forget, None, shown, **at_once)
        gr.on(
            [self.since.blur, self.until.blur, self.sources.input, self.of_language.input],
            self.show_filters,
            filters,
            [self.scope, self.filters, self.notice],
            **at_once,
        )
        self.unfilter.click(
            self.drop_filters, None, [*filters, self.scope, self.filters, self.notice], **at_once
        )
        self.blocks.load(self.speak, self.switch, spoken, js=_TELL_LANGUAGE, **at_once)
        self.switch.input(
            self.speak_again, [self.switch, *filters], spoken, js=None, **at_once
        ).then(None, self.switch, None, js=_KEEP_LANGUAGE, **at_once)
        self.timer.tick(self.watch_model, None, [self.model, self.timer], **at_once)
        self.blocks.unload(self.leave)

    def ask(
        self, text: str, since: str, until: str, sources: list[str], of: str, request: gr.Request
    ) -> Iterator[Updates]:
        """Answer what is in the box; what was typed stays there when a filter is no filter."""
        talk = self.talks.of(request.session_hash)
        if talk.busy or not text.strip():
            return
        try:
            filters = _filters(since, until, sources, of, TEXTS[talk.language])
        except QuestionError as exc:
            yield {self.notice: render.notice(str(exc))}
            return
        yield from self._answer(talk, Question(text.strip(), talk.history, filters))

    def ask_again(
        self, since: str, until: str, sources: list[str], of: str, request: gr.Request
    ) -> Iterator[Updates]:
        """Answer the latest question again, with the filters now in force."""
        talk = self.talks.of(request.session_hash)
        if talk.turns and not talk.busy:
            text = talk.turns.pop().text
            yield from self.ask(text, since, until, sources, of, request)

    def _answer(self, talk: Talk, question: Question) -> Iterator[Updates]:
        turn = talk.begin(question.text)
        stop = talk.stop
        yield {**self._conversation(talk), self.box: "", self.notice: ""}
        try:
            for turn.answer in follow(lambda: self.assistant.stream(question), stop):
                yield self._latest(talk, turn)
            turn.stopped = turn.answer is None or turn.answer.stage != "final"
        except QAError as exc:
            turn.error = str(exc)
        except Exception:
            log.exception("answering %r failed", question.text)
            turn.error = TEXTS[talk.language].failed
        finally:
            turn.running = False
        yield {**self._latest(talk, turn), **self._buttons(talk)}

    def stop_answer(self, request: gr.Request) -> Updates:
        """Stop the answer; what is there of it stays."""
        self.talks.of(request.session_hash).stop.set()
        return {self.stop: gr.update(interactive=False)}

    def forget(self, request: gr.Request) -> Updates:
        """Start over; filters and language stay."""
        talk = self.talks.of(request.session_hash)
        talk.clear()
        return {**self._conversation(talk), self.notice: ""}

    def leave(self, request: gr.Request) -> None:
        """The tab was closed."""
        self.talks.close(request.session_hash)

    def show_article(self, asked: Mapping[str, Any]) -> str:
        """The panel for `{"id", "start", "end", "language"}`; offsets may be missing."""
        texts = TEXTS[language_of(str(asked.get("language")))]
        article = self.assistant.article(str(asked.get("id")))
        if article is None:
            return render.no_article(texts.article_gone, texts, closable=True)
        start, end = asked.get("start"), asked.get("end")
        span = Span(start, end) if isinstance(start, int) and isinstance(end, int) else None
        return render.article_html(article, span, texts)

    def show_filters(self, since: str, until: str, sources: list[str], of: str, request: gr.Request) -> Updates:
        """Say what is in force, or what is wrong with it."""
        return self._filters_shown(since, until, sources, of, self._texts(request))

    def drop_filters(self, request: gr.Request) -> Updates:
        """Back to all articles."""
        emptied = {self.since: "", self.until: "", self.sources: [], self.of_language: ""}
        return {**emptied, **self._filters_shown("", "", [], "", self._texts(request))}

    def watch_model(self, request: gr.Request) -> Updates:
        """The line about the language model, until nothing more will change."""
        status = self.assistant.llm_status()
        waiting = status.state in ("fetching", "loading")
        return {self.model: self._model_line(self._texts(request)), self.timer: gr.Timer(active=waiting)}

    def speak(self, language: str, request: gr.Request) -> Updates:
        """Everything in one language; the conversation stays."""
        talk = self.talks.of(request.session_hash)
        talk.language = language_of(language)
        texts = TEXTS[talk.language]
        given = self.examples.get(talk.language, ())
        return {
            **self._conversation(talk),
            self.masthead: render.masthead(texts),
            self.switch: gr.update(value=texts.language, label=texts.switch),
            self.box: gr.update(label=texts.question, placeholder=texts.placeholder),
            self.send: gr.update(value=texts.send),
            self.filters: gr.update(label=texts.filters),
            self.since: gr.update(label=texts.since, placeholder=texts.date_hint),
            self.until: gr.update(label=texts.until, placeholder=texts.date_hint),
            self.sources: gr.update(label=texts.source),
            self.of_language: gr.update(
                label=texts.article_language, choices=self._language_choices(texts)
            ),
            self.unfilter: texts.remove_filters,
            self.model: self._model_line(texts),
            self.notice: "",
        }
