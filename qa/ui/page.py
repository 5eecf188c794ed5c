"""The page: what happens to the components of `layout`.

Earlier turns and the latest one are two components, so that a growing answer redraws itself
alone. Both are `gr.HTML`, whose updates change only what differs: the focus stays where it is
and nothing is ever read as Markdown. The article panel asks the server for an article by itself
(`script.js`), without waiting behind questions.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Iterator, Mapping
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeAlias

import gradio as gr

from qa.answer import Question
from qa.chunks import Span
from qa.constraints import Constraints
from qa.conversations import Conversations
from qa.errors import QAError, QuestionError
from qa.ui import frame, render
from qa.ui.articles import articles_tab
from qa.ui.chips import changed
from qa.ui.examples import Examples
from qa.ui.filtering import Typed, in_force
from qa.ui.following import follow
from qa.ui.intake import Intake
from qa.ui.keeping import Keeping
from qa.ui.layout import MOST_EXAMPLES, Layout, language_choices
from qa.ui.suggesting import follow_ups
from qa.ui.talks import Talk, Talks, Turn
from qa.ui.texts import ENGLISH, TEXTS, Texts, language_of
from qa.ui.understood import filters_line

if TYPE_CHECKING:
    from qa.assistant import Assistant

log = logging.getLogger(__name__)

# Answers on their way, each in a thread; who waits for the language model waits among them, and
# sees it. Some threads are left for all that is quick.
_AT_ONCE = 64
_THREADS = _AT_ONCE + 16
# Files that were sent but never added are looked for, and removed, once they are this old.
_KEEP_SENT_S = (3600, 3600)

# The choice made before, else the browser's language.
_TELL_LANGUAGE = """(_, ...filters) => {
    const wanted = localStorage.getItem("qa-language") || navigator.language || "en";
    document.documentElement.lang = wanted.toLowerCase().startsWith("fr") ? "fr" : "en";
    return [document.documentElement.lang, ...filters];
}"""
# Which conversation the tab had; `archive.js` remembers it.
_TELL_CONVERSATION = '() => [sessionStorage.getItem("qa-talk") ?? ""]'
_KEEP_LANGUAGE = """(chosen, ...filters) => {
    localStorage.setItem("qa-language", chosen);
    document.documentElement.lang = chosen;
    return [chosen, ...filters];
}"""

# A component and its new value or properties; what is not named stays as it is.
Updates: TypeAlias = dict[Any, Any]


def build_page(
    assistant: Assistant,
    examples: Examples | None = None,
    conversations: Conversations | None = None,
) -> gr.Blocks:
    """The page over an open assistant.

    Args:
        assistant: answers, articles and the state of the language model.
        examples: questions to start with, by interface language.
        conversations: where turns are kept; None keeps nothing.
    """
    page: gr.Blocks = Page(assistant, examples or {}, conversations).blocks
    return page


class Page(Layout):
    """The components of `blocks`, and the conversations held over them."""

    def __init__(
        self, assistant: Assistant, examples: Examples, conversations: Conversations | None = None
    ) -> None:
        self.assistant = assistant
        self.examples = examples
        self.talks = Talks()
        self._suggesting = Lock()
        self.keeping = Keeping(conversations, assistant.settings, assistant.article)

        def show_article(asked: Mapping[str, Any]) -> str:  # Gradio marks it; a method it cannot
            return self.show_article(asked)

        self.blocks = gr.Blocks(
            title="qa", analytics_enabled=False, fill_width=True, delete_cache=_KEEP_SENT_S
        )
        with self.blocks:
            intake = Intake(assistant.settings, assistant.add, self._was_sent)
            shelf = partial(articles_tab, assistant, intake)
            longest = assistant.settings.max_question_chars
            super().__init__(ENGLISH, assistant.facets(), show_article, shelf, longest)
            self._wire()
        self.blocks.max_threads = _THREADS
        self.blocks.queue(default_concurrency_limit=_AT_ONCE, max_size=64, api_open=False)

    def _was_sent(self, path: str) -> bool:
        return path in self.blocks.upload_file_set

    def _wire(self) -> None:
        filters = [self.since, self.until, self.sources, self.of_language]
        shown = [self.past, self.latest, self.next, self.example_box]
        shown += [self.box, self.notice, self.filters, self.send, self.stop, self.retry, self.clear]
        judged = [self.scope, self.filters, self.notice]
        spoken = [*shown, *filters, *self.example_buttons]
        spoken += [
            self.masthead,
            self.nav,
            self.switch,
            self.panel,
            self.unfilter,
            self.scope,
            self.model,
            self.archive,
        ]
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        at_once = {**quiet, "queue": False}
        asking = {**quiet, "concurrency_id": "asking"}

        refined = [*shown, *filters, self.scope]
        answered = [
            gr.on(
                [self.box.submit, self.send.click], self.ask, [self.box, *filters], shown, **asking
            ),
            *(
                button.click(self.ask_example, [button, *filters], shown, **asking)
                for button in self.example_buttons
            ),
            self.retry.click(self.ask_again, filters, shown, **asking),
            self.refiner.submit(self.ask_otherwise, filters, refined, **asking),
        ]
        for event in answered:
            event.then(self.suggest, None, [self.next], **at_once)
        self.stop.click(self.stop_answer, None, [self.stop], **at_once)
        self.clear.click(self.forget, None, shown, **at_once)
        self.archive.submit(self.act, None, [self.archive, *shown], **at_once)
        changes = [self.since.blur, self.since.submit, self.until.blur, self.until.submit]
        changes += [self.sources.input, self.of_language.input]
        # What is typed while the last one is judged is judged after it.
        last = {**at_once, "trigger_mode": "always_last"}
        gr.on(changes, self.judge_filters, filters, judged, **last)
        self.unfilter.click(self.drop_filters, None, [*filters, *judged], **at_once)
        tongue = [self.switch, *filters]
        loaded = self.blocks.load(self.speak, tongue, spoken, js=_TELL_LANGUAGE, **at_once)
        # Not beside it: whichever came last would show what it had seen first.
        loaded.then(self.resume, [self.archive], shown, js=_TELL_CONVERSATION, **at_once)
        self.switch.input(self.speak, tongue, spoken, js=_KEEP_LANGUAGE, **at_once)
        self.timer.tick(self.watch_model, None, [self.model, self.timer], **at_once)
        self.blocks.unload(self.leave)

    def ask(
        self, text: str, since: str, until: str, sources: list[str], of: str, request: gr.Request
    ) -> Iterator[Updates]:
        """Answer what is in the box; it stays there when it cannot be asked."""
        for updates in self._ask(text, Typed(since, until, sources, of), request):
            yield {**updates, self.box: ""} if self.past in updates else updates

    def ask_example(
        self, text: str, since: str, until: str, sources: list[str], of: str, request: gr.Request
    ) -> Iterator[Updates]:
        """Answer an example; what is in the box stays."""
        yield from self._ask(text, Typed(since, until, sources, of), request)

    def ask_again(
        self, since: str, until: str, sources: list[str], of: str, request: gr.Request
    ) -> Iterator[Updates]:
        """Answer the latest question again, with the filters now in force."""
        turns = self.talks.of(request.session_hash).turns
        text, constraints = (turns[-1].text, turns[-1].constraints) if turns else ("", None)
        typed = Typed(since, until, sources, of)
        yield from self._ask(text, typed, request, again=True, constraints=constraints)

    def ask_otherwise(
        self,
        since: str,
        until: str,
        sources: list[str],
        of: str,
        request: gr.Request,
        event: gr.EventData,
    ) -> Iterator[Updates]:
        """Answer what is proposed, or the latest question with what was understood changed."""
        wanted: Mapping[str, Any] = event._data or {}
        if "ask" in wanted:
            yield from self._ask(str(wanted["ask"]), Typed(since, until, sources, of), request)
            return
        talk = self.talks.of(request.session_hash)
        texts, answer = TEXTS[talk.language], talk.turns[-1].answer if talk.turns else None
        try:
            instead = answer and changed(answer, wanted, texts, self.assistant.sources())
        except QuestionError as exc:
            yield {self.notice: render.notice(str(exc))}
            return
        if not instead:
            yield {self.notice: ""}
            return
        typed = Typed.of(instead.filters)
        boxes = {
            self.since: typed.since,
            self.until: typed.until,
            self.sources: typed.sources,
            self.of_language: typed.language,
            **self._judged(typed, texts),
        }
        for updates in self._ask(
            instead.text,
            typed,
            request,
            again=True,
            alone=instead.alone,
            constraints=instead.constraints,
        ):
            yield {**boxes, **updates} if self.past in updates else updates

    def _ask(
        self,
        text: str,
        typed: Typed,
        request: gr.Request,
        *,
        again: bool = False,
        alone: bool = False,
        constraints: Constraints | None = None,
    ) -> Iterator[Updates]:
        """The first updates, and no others, redraw the whole conversation.

        Args:
            again: instead of the latest question.
            alone: without what was said before.
            constraints: what it asks of articles; None reads its words.
        """
        talk, text = self.talks.of(request.session_hash), text.strip()
        texts, most = TEXTS[talk.language], self.assistant.settings.max_question_chars
        if len(text) > most:
            # The box takes no more, but whoever calls the page need not use its box.
            too_long = texts.too_long.format(characters=len(text), most=most)
            yield {self.notice: render.notice(too_long)}
            return
        try:
            filters = typed.filters(texts)
        except QuestionError as exc:
            yield {self.notice: render.notice(str(exc)), self.filters: gr.update(open=True)}
            return
        turn = talk.begin(text, again=again) if text and not talk.busy else None
        if turn is None:
            # Gradio empties every output of a generator that yields nothing.
            yield {self.notice: ""}
            return
        history = () if alone else talk.history
        question = Question(text, history, filters, constraints=constraints)
        turn.constraints = constraints
        stop, started = talk.stop, time.perf_counter()
        yield {**self._conversation(talk), self.notice: ""}
        try:
            for state in follow(lambda: self.assistant.stream(question), stop):
                turn.answer = state
                yield self._latest(talk)
        except QAError as exc:
            log.error("not answered: %s", exc)
            turn.error = texts.trouble(exc)
        except Exception:
            log.exception("answering failed")
            turn.error = TEXTS[talk.language].failed
        finally:
            turn.end()
            _log(turn, time.perf_counter() - started)
        kept = self.keeping.keep(request, talk, turn)
        unkept = {} if kept else {self.notice: render.notice(TEXTS[talk.language].talks.unkept)}
        yield {**self._latest(talk), **self._buttons(talk), **unkept}

    def suggest(self, request: gr.Request) -> Updates:
        """What could be asked next, once the answer is there; nothing while others are told so."""
        talk = self.talks.of(request.session_hash)
        turn = talk.turns[-1] if talk.turns else None
        answer = turn.answer if turn and not (turn.running or turn.stopped or turn.error) else None
        # One at a time: they are tried out, which is work, and questions that were asked go first.
        if turn and answer and self._suggesting.acquire(blocking=False):
            try:
                turn.suggestions = follow_ups(answer, talk.history[::2], self.assistant.try_out)
            finally:
                self._suggesting.release()
        return self._next(talk)

    def stop_answer(self, request: gr.Request) -> Updates:
        """Stop the answer; what is there of it stays."""
        self.talks.of(request.session_hash).stop.set()
        return {self.stop: gr.update(interactive=False)}

    def forget(self, request: gr.Request) -> Updates:
        """Start over; filters and language stay."""
        talk = self.talks.of(request.session_hash)
        talk.clear()
        return {**self._conversation(talk), self.notice: ""}

    def resume(self, conversation: str, request: gr.Request) -> Updates:
        """Open the conversation that the tab had before it was loaded again, if it is kept."""
        talk = self.talks.of(request.session_hash)
        asked = {"do": "open", "id": conversation}
        opened = not talk.turns and self.keeping.act(request, talk, asked).talk
        return self._conversation(talk) if opened else {self.notice: ""}

    def act(self, request: gr.Request, event: gr.EventData) -> Updates:
        """What is done with kept conversations and answers, by a button of `archive`."""
        talk = self.talks.of(request.session_hash)
        outcome = self.keeping.act(request, talk, event._data)
        updates: Updates = {self.notice: render.notice(outcome.notice)}
        if outcome.drawer is not None:
            updates[self.archive] = outcome.drawer
        return {**updates, **(self._conversation(talk) if outcome.talk else {})}

    def leave(self, request: gr.Request) -> None:
        """The tab was closed, or its connection broke and it will go on."""
        self.talks.leave(request.session_hash)

    def show_article(self, asked: Mapping[str, Any]) -> str:
        """The panel for `{"id", "start", "end", "answer_start", "answer_end", "language"}`.

        Offsets may be missing: the quote's, and those of what the reader points to in it.
        """
        texts = TEXTS[language_of(str(asked.get("language")))]
        if asked.get("id") is None:
            return render.no_article(texts.panel_empty, texts)
        article = self.assistant.article(str(asked["id"]))
        if article is None:
            return render.no_article(texts.article_gone, texts, closable=True)
        span, answer = _span(asked, "start", "end"), _span(asked, "answer_start", "answer_end")
        return render.article_html(article, span, texts, answer)

    def judge_filters(
        self, since: str, until: str, sources: list[str], of: str, request: gr.Request
    ) -> Updates:
        """Say what is in force, or what is wrong with it."""
        typed = Typed(since, until, sources, of)
        return self._judged(typed, TEXTS[self.talks.of(request.session_hash).language])

    def drop_filters(self, request: gr.Request) -> Updates:
        """Back to all articles."""
        texts = TEXTS[self.talks.of(request.session_hash).language]
        emptied = {self.since: "", self.until: "", self.sources: [], self.of_language: ""}
        return {**emptied, **self._judged(Typed(), texts)}

    def watch_model(self, request: gr.Request) -> Updates:
        """The line about the language model, until nothing more will change."""
        texts = TEXTS[self.talks.of(request.session_hash).language]
        waiting = self.assistant.llm_status().state in ("fetching", "loading")
        return {self.model: self._model_line(texts), self.timer: gr.Timer(active=waiting)}

    def speak(
        self,
        language: str,
        since: str,
        until: str,
        sources: list[str],
        of: str,
        request: gr.Request,
    ) -> Updates:
        """Everything in one language; the conversation stays."""
        talk = self.talks.of(request.session_hash)
        talk.language = language_of(language)
        texts = TEXTS[talk.language]
        facets = self.assistant.facets()
        return {
            **self._conversation(talk),
            **self._judged(Typed(since, until, sources, of), texts),
            **self._examples(talk),
            self.masthead: render.masthead(texts),
            self.nav: frame.nav(texts.articles),
            self.switch: gr.update(value=texts.language, label=texts.switch),
            self.box: gr.update(label=texts.question, placeholder=texts.placeholder),
            self.since: gr.update(label=texts.since, placeholder=texts.date_hint),
            self.until: gr.update(label=texts.until, placeholder=texts.date_hint),
            self.sources: gr.update(label=texts.source, choices=list(facets["source"])),
            self.of_language: gr.update(
                label=texts.article_language,
                choices=language_choices(texts, facets),
            ),
            self.unfilter: texts.remove_filters,
            self.panel: render.no_article(texts.panel_empty, texts),
            self.model: self._model_line(texts),
            self.archive: self.keeping.empty_drawer(talk),
        }

    # Parts of what is shown.

    def _conversation(self, talk: Talk) -> Updates:
        texts = TEXTS[talk.language]
        past = render.conversation(talk.turns[:-1], texts) if talk.turns else render.welcome(texts)
        examples = gr.update(visible=not talk.turns and bool(self.examples.get(talk.language)))
        return {
            self.past: past,
            self.example_box: examples,
            **self._latest(talk),
            **self._next(talk),
            **self._buttons(talk),
        }

    def _next(self, talk: Talk) -> Updates:
        latest = talk.turns[-1] if talk.turns else None
        return {self.next: render.suggested(latest, TEXTS[talk.language])}

    def _latest(self, talk: Talk) -> Updates:
        turns, texts = talk.turns[-1:], TEXTS[talk.language]
        return {self.latest: render.conversation(turns, texts, latest=True)}

    def _buttons(self, talk: Talk) -> Updates:
        texts, done = TEXTS[talk.language], bool(talk.turns) and not talk.busy
        return {
            self.send: gr.update(value=texts.send, visible=not talk.busy),
            self.stop: gr.update(value=texts.stop, visible=talk.busy, interactive=True),
            self.retry: gr.update(value=texts.retry, visible=done),
            self.clear: gr.update(value=texts.clear, visible=bool(talk.turns)),
        }

    def _examples(self, talk: Talk) -> Updates:
        given = [*self.examples.get(talk.language, ())]
        given += [""] * (MOST_EXAMPLES - len(given))
        return {
            button: gr.update(value=text, visible=bool(text))
            for button, text in zip(self.example_buttons, given, strict=False)
        }

    def _judged(self, typed: Typed, texts: Texts) -> Updates:
        try:
            filters = typed.filters(texts)
        except QuestionError as exc:
            return {
                self.scope: "",
                self.notice: render.notice(str(exc)),
                self.filters: gr.update(label=texts.filters),
            }
        n = in_force(filters)
        label = texts.filters_on.format(n=n) if n else texts.filters
        return {
            self.scope: filters_line(filters, texts),
            self.notice: "",
            self.filters: gr.update(label=label),
        }

    def _model_line(self, texts: Texts) -> str:
        return render.model_line(self.assistant.llm_status(), texts)


def _span(asked: Mapping[str, Any], first: str, last: str) -> Span | None:
    start, end = asked.get(first), asked.get(last)
    return Span(start, end) if isinstance(start, int) and isinstance(end, int) else None


def _log(turn: Turn, seconds: float) -> None:
    """What became of a question, in a line that does not say what was asked."""
    answer = turn.answer
    ended = answer is not None and answer.stage == "final"  # not so when the tab was closed
    fields = {
        "outcome": "failed" if turn.error else "final" if ended else "stopped",
        "answerer": answer.answerer if answer else None,
        "abstained": answer.abstained if answer else None,
        "ms": round(seconds * 1000, 1),
        "request_id": secrets.token_hex(8),
    }
    log.info("answer", extra=fields)
