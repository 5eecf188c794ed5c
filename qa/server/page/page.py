"""The page: its components, and what happens to them.

Earlier turns and those from the first unfinished one on are two components, so that a growing
answer redraws itself alone. What is typed goes through Gradio's own box and buttons; all else that
is clicked comes as one event, an object whose "do" says what is wanted (`scripts/channel.js`).
Which button is shown follows, in the style sheet, from the state that the latest turn says.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import suppress
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import gradio as gr

from qa.conversations.store import Conversations
from qa.documents.filters import Filters
from qa.errors import QuestionError
from qa.server.http.body import read_json
from qa.server.page import render
from qa.server.page.articles import Articles
from qa.server.page.assets import script
from qa.server.page.chats import Tab, Tabs, Talk, Turn
from qa.server.page.chips import changed, chosen
from qa.server.page.examples import Examples
from qa.server.page.filter_form import Typed
from qa.server.page.history import History
from qa.server.page.read_ahead import ReadAhead
from qa.server.page.templating import html
from qa.server.page.texts import ENGLISH, TEXTS, Texts, language_of
from qa.server.page.uploads import Uploads
from qa.types import Answer, Question

if TYPE_CHECKING:
    from qa.assistant import Assistant

log = logging.getLogger(__name__)

# Tabs that follow an answer, each in a thread; some are left for all that is quick.
_AT_ONCE = 64
_THREADS = _AT_ONCE + 16
_POLL_S = 1.0
# How often files that were sent but not added are looked for, and how old those are that go.
_KEEP_SENT_S = (60, 600)

# What an event of the browser adds to what Gradio sends: see `scripts/channel.js`.
_WITH_FILTERS = "(text) => qa.typed(text)"
_BEGINNING = "() => [qa.beginning()]"

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


class Page:
    """The components of `blocks`, and the conversations held over them."""

    def __init__(
        self, assistant: Assistant, examples: Examples, conversations: Conversations | None = None
    ) -> None:
        self.assistant = assistant
        self.examples = examples
        self.tabs = Tabs()
        self.history = History(conversations, assistant.settings, assistant.article)
        self.ahead = ReadAhead(assistant.read_ahead, lambda: not assistant.running)
        self._following = BoundedSemaphore(_AT_ONCE)
        self.blocks = gr.Blocks(
            title="qa", analytics_enabled=False, fill_width=True, delete_cache=_KEEP_SENT_S
        )
        with self.blocks:
            uploads = Uploads(assistant, lambda: self.blocks.upload_file_set)
            self._lay(Articles(assistant, uploads))
            self._wire()
        self.blocks.max_threads = _THREADS
        self.blocks.queue(default_concurrency_limit=_AT_ONCE, max_size=64, api_open=False)

    # The components, top to bottom.

    def _lay(self, articles: Articles) -> None:
        with gr.Column(elem_id="qa-page"):
            self.head = _html("qa-head")
            with gr.Row(elem_id="qa-main"):
                self.talks = _html("qa-talks")
                with gr.Column(elem_id="qa-chat", min_width=0):
                    with gr.Column(elem_id="qa-scroll"):
                        self.past = _html("qa-past")
                        self.latest = _html("qa-latest", live=True)
                        self.next = _html("qa-next")
                    with gr.Column(elem_id="qa-composer"):
                        self.notice = _html("qa-notice", live=True)
                        with gr.Row(elem_id="qa-ask"):
                            self.box = gr.Textbox(
                                label=ENGLISH.question,
                                show_label=False,
                                placeholder=ENGLISH.placeholder,
                                lines=1,
                                max_lines=6,
                                autofocus=True,
                                container=False,
                                elem_id="qa-question",
                            )
                            self.send = gr.Button(
                                ENGLISH.send, variant="primary", elem_id="qa-send"
                            )
                            self.stop = gr.Button(ENGLISH.stop, elem_id="qa-stop")
                        self.filters = _html("qa-filters")
                        self.model = _html("qa-model", live=True)
                with gr.Column(elem_id="qa-side", min_width=0):
                    self.articles = gr.HTML(
                        "",
                        elem_id="qa-articles",
                        apply_default_css=False,
                        js_on_load=script("articles", "adding", "article"),
                        server_functions=articles.functions(),
                    )
                    _html("qa-panel")
        self.channel = gr.HTML(
            "", elem_id="qa-channel", apply_default_css=False, js_on_load=script("channel")
        )
        self.timer = gr.Timer(_POLL_S)

    def _wire(self) -> None:
        shown = [self.past, self.latest, self.next, self.notice, self.filters, self.box]
        shown += [self.head, self.talks, self.send, self.stop, self.model]
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        at_once = {**quiet, "queue": False}
        # What is asked while an answer is written waits for it.
        asking = {**quiet, "concurrency_id": "asking", "trigger_mode": "multiple"}
        typed, told = [self.box, self.filters], [self.channel]
        sends = [self.box.submit, self.send.click]
        gr.on(sends, self.ask, typed, shown, js=_WITH_FILTERS, **asking)
        self.channel.submit(self.act, None, shown, **asking)
        self.blocks.load(self.begin, told, shown, js=_BEGINNING, **asking)
        if self.assistant.settings.read_ahead:
            typing = {**at_once, "js": _WITH_FILTERS, "trigger_mode": "always_last"}
            self.box.input(self.typing, typed, None, **typing)
        self.stop.click(self.stop_answer, None, [self.notice], **at_once)
        self.timer.tick(self.watch_model, None, [self.model, self.timer], **at_once)
        self.blocks.unload(self.leave)

    # What happens to them.

    def ask(self, text: str, told: str, request: gr.Request) -> Iterator[Updates]:
        """Ask what is in the box; it stays there when it cannot be asked."""
        asked = _read(told)
        tab, typed = self._tab_as_told(request, asked), Typed.read(asked.get("filters"))
        pasted = asked.get("characters")
        yield from self._answered(
            tab,
            Turn(text.strip()),
            typed,
            request,
            first={self.box: ""},
            refused=self._filters(typed, TEXTS[tab.language]),
            length=pasted if isinstance(pasted, int) else 0,
        )

    def typing(self, text: str, told: str, request: gr.Request) -> None:
        """Something is being typed in the box, and may be asked."""
        tab = self._tab(request)
        typed = Typed.read(_read(told).get("filters"))
        if len(text) > self.assistant.settings.max_question_chars:
            return
        with suppress(QuestionError):  # filters that make no sense are said when it is asked
            history = tab.talk.history_before(len(tab.turns))
            question = Question(text, history, typed.filters(TEXTS[tab.language]))
            self.ahead.typed(tab, question)

    def _stream(self, question: Question) -> Iterator[Answer]:
        self.ahead.stop()
        return self.assistant.stream(question)

    def begin(self, known: str, request: gr.Request) -> Iterator[Updates]:
        """The page was loaded, or found its server again: everything in its language.

        What it knows is an object as JSON: "language", "filters", the "talk" that was open, and
        what was "asked" in it and not answered yet.
        """
        asked = _read(known)
        tab = self._tab(request)
        tab.language = language_of(str(asked.get("language")))
        opened = self.history.open(request, tab, self.tabs, str(asked.get("talk") or ""))
        lost = str(asked.get("asked") or "")
        notice = "" if lost else opened.notice  # one whose first answer is lost was never kept
        if lost and not any(turn.text == lost for turn in tab.turns):
            tab.talk.turns.append(Turn(lost, running=False, lost=True))
        updates = {
            **self._spoken(tab, Typed.read(asked.get("filters"))),
            self.notice: render.notice(notice),
            self.talks: self.history.list(request, tab),
        }
        yield from self._followed(tab, request, updates)

    def act(self, request: gr.Request, event: gr.EventData) -> Iterator[Updates]:
        """Do what was clicked: what its `data-do` says, with what else is told of it."""
        asked: Mapping[str, Any] = event._data if isinstance(event._data, dict) else {}
        tab = self._tab_as_told(request, asked)
        typed = Typed.read(asked.get("filters"))
        match asked.get("do"):
            case "ask" | "edit" | "again" | "change" | "unfilter" as what:
                yield from self._asked(tab, what, asked, typed, request)
            case "filters":
                yield self._filters(typed, TEXTS[tab.language])
            case "speak":
                tab.language = language_of(str(asked.get("language")))
                yield {
                    **self._spoken(tab, typed),
                    **self._conversation(tab),
                    self.talks: self.history.list(request, tab),
                }
            case "new":
                tab.talk = Talk()
                self._tab(request)  # by which it is found again
                yield {
                    **self._conversation(tab),
                    self.notice: "",
                    self.talks: self.history.list(request, tab),
                }
            case _:
                outcome = self.history.act(request, tab, self.tabs, asked)
                updates: Updates = {self.notice: render.notice(outcome.notice)}
                if outcome.listed:
                    updates[self.talks] = self.history.list(request, tab)
                if outcome.talk:
                    yield from self._followed(tab, request, updates)
                else:
                    yield updates

    def _asked(
        self, tab: Tab, what: str, asked: Mapping[str, Any], typed: Typed, request: gr.Request
    ) -> Iterator[Updates]:
        """Ask something that is not in the box: proposed, once more, or otherwise."""
        place, turns = asked.get("place"), tab.turns
        before = turns[place] if isinstance(place, int) and 0 <= place < len(turns) else None
        latest = before is not None and before is turns[-1]
        turn = Turn(str(asked.get("text") or "").strip())
        if what == "unfilter":
            typed = Typed()
            if before is None:
                yield self._filters(typed, TEXTS[tab.language])
                return
            turn = Turn(before.text)
        elif what == "again" and before is not None:
            quotes: Literal["extractive"] | None = "extractive" if asked.get("quotes") else None
            turn = Turn(before.text, constraints=before.constraints, answerer=quotes)
        elif what == "change":
            answer = turns[-1].answer if turns else None
            texts, sources = TEXTS[tab.language], self.assistant.sources()
            try:
                instead = changed(answer, asked, texts, sources) if answer else None
            except QuestionError as exc:
                yield {self.notice: render.notice(str(exc))}
                return
            if instead is None:
                yield {self.notice: ""}
                return
            turn = Turn(instead.text, instead.filters, instead.constraints)
            typed, latest = Typed.of(turn.filters), True
        if what in ("edit", "again") and before is not None and not latest:
            turn.history = tab.talk.history_before(turns.index(before))
        yield from self._answered(
            tab,
            turn,
            typed,
            request,
            first=self._filters(typed, TEXTS[tab.language]),
            again=latest and not tab.talk.busy,
        )

    def _answered(
        self,
        tab: Tab,
        turn: Turn,
        typed: Typed,
        request: gr.Request,
        *,
        first: Updates,
        refused: Updates | None = None,
        again: bool = False,
        length: int = 0,
    ) -> Iterator[Updates]:
        """Put a turn into the conversation of a tab, and follow it, or say why not.

        Args:
            tab, turn, typed, request: what is asked, where, of which articles, by whom.
            first: what else changes once it is asked; `refused`, when it cannot be.
            again: it replaces the latest.
            length: characters that were typed, where more than the turn has.
        """
        alone = not tab.talk.busy
        notice = self._refusal(tab, turn, typed, length)
        if notice is None and not tab.talk.ask(turn, again=again):
            notice = TEXTS[tab.language].too_many_waiting
        if notice is not None:
            yield {self.notice: render.notice(notice), **(refused or {})}
            return
        owner = self.history.owner(request)
        tab.talk.answer_next(self._stream, self.history.keeper(owner))
        yield from self._followed(tab, request, first, alone=alone)

    def _refusal(self, tab: Tab, turn: Turn, typed: Typed, length: int) -> str | None:
        """Why a turn cannot be asked, None when it has its filters now; nothing has no reason."""
        texts, most = TEXTS[tab.language], self.assistant.settings.max_question_chars
        length = max(length, len(turn.text))
        if not turn.text:
            return ""
        if length > most:
            return texts.too_long.format(characters=length, most=most)
        try:
            turn.filters = typed.filters(texts)
        except QuestionError as exc:
            return str(exc)
        return None

    def _followed(
        self, tab: Tab, request: gr.Request, first: Updates, *, alone: bool = True
    ) -> Iterator[Updates]:
        """The conversation, and what changes in it as long as answers are on their way.

        Whoever adds a question to a conversation that is followed already shows it once; `first`
        changes with it.
        """
        talk, place, seen = tab.talk, -1, -1
        if not alone or not self._following.acquire(blocking=False):
            yield {**first, **self._conversation(tab), self.notice: ""}
            return
        try:
            for version in talk.follow():
                if tab.talk is not talk:
                    return
                if version == seen:
                    continue
                before, place, seen = place, talk.unfinished, version
                grows = place == before
                now = {self.latest: self._latest(tab)} if grows else self._conversation(tab)
                yield {**first, **now}
                first = {}
        finally:
            self._following.release()
        yield {**self._conversation(tab), self.talks: self.history.list(request, tab)}

    def stop_answer(self, request: gr.Request) -> Updates:
        """Stop the answer; what was found stays, and what waited for it is next."""
        talk = self._tab(request).talk
        talk.stop()
        talk.answer_next(self._stream, self.history.keeper(self.history.owner(request)))
        return {self.notice: ""}

    def leave(self, request: gr.Request) -> None:
        """The tab was closed, or its connection broke; an answer goes on if it is kept."""
        owner = self.history.owner(request)
        if owner is None or not self.history.whole:
            self._tab(request).talk.stop(waiting=True)

    def watch_model(self, request: gr.Request) -> Updates:
        """The line about the language model, until nothing more will change."""
        status = self.assistant.llm_status()
        waiting = status.state in ("fetching", "loading")
        line = render.model_line(status, TEXTS[self._tab(request).language])
        return {self.model: line, self.timer: gr.Timer(active=waiting)}

    # Parts of what is shown.

    def _tab(self, request: gr.Request) -> Tab:
        history = self.history
        return self.tabs.of(history.owner(request), request.session_hash, history.source(request))

    def _tab_as_told(self, request: gr.Request, told: Mapping[str, Any]) -> Tab:
        """The tab; one that a restarted server does not know any more as it says that it was."""
        tab = self._tab(request)
        tab.language = language_of(str(told.get("language")))
        if not tab.known and told.get("talk"):
            self.history.open(request, tab, self.tabs, str(told["talk"]))
        tab.known = True
        return tab

    def _spoken(self, tab: Tab, typed: Typed) -> Updates:
        """All but the conversation, in the tab's language."""
        texts = TEXTS[tab.language]
        return {
            self.head: html("head", texts, kept=self.history.offered),
            self.box: gr.update(label=texts.question, placeholder=texts.placeholder),
            self.send: texts.send,
            self.stop: texts.stop,
            self.model: render.model_line(self.assistant.llm_status(), texts),
            **self._filters(typed, texts),
        }

    def _conversation(self, tab: Tab) -> Updates:
        talk, texts, contents = tab.talk, TEXTS[tab.language], self.assistant.contents
        if talk.turns:
            past = render.conversation(talk, texts, contents, latest=False)
        else:
            past = render.welcome(texts, contents(), self.examples.get(tab.language, ()))
        suggested = render.suggested(talk.turns, texts)
        return {self.past: past, self.latest: self._latest(tab), self.next: suggested}

    def _latest(self, tab: Tab) -> str:
        texts = TEXTS[tab.language]
        return render.conversation(tab.talk, texts, self.assistant.contents, latest=True)

    def _filters(self, typed: Typed, texts: Texts) -> Updates:
        """The chip beside the box, and the form behind it with what is wrong in it."""
        errors = typed.errors(texts)
        filters = Filters() if any(errors.values()) else typed.filters(texts)
        known = [article for id in typed.articles if (article := self.assistant.article(id))]
        named = [chosen(len(known), texts)] if known else []
        if filters.since or filters.until:
            named.append(" – ".join(dict.fromkeys((typed.since or "…", typed.until or "…"))))
        named += filters.sources
        named += [texts.language_name(filters.language)] if filters.language else []
        content = html(
            "filters",
            texts,
            typed=typed,
            errors=errors,
            facets=self.assistant.facets(),
            chosen=known,
            on=bool(filters),
            label=", ".join(named) or texts.all_articles,
        )
        return {self.filters: content}


def _html(elem_id: str, *, live: bool = False) -> gr.HTML:
    """HTML of our own making; what changes in a `live` one is read aloud."""
    template = '<div aria-live="polite">${value}</div>' if live else "${value}"
    return gr.HTML("", html_template=template, elem_id=elem_id, apply_default_css=False)


def _read(sent: str) -> Mapping[str, Any]:
    """An object that the browser sent as JSON; without content when it is none."""
    try:
        known = read_json(sent or "{}")
    except (ValueError, RecursionError):
        return {}
    return known if isinstance(known, dict) else {}
