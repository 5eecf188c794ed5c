"""Answers and articles as HTML: pure functions, and the only place where markup is made.

Whatever comes from an article, a question, a model or an error is escaped, here, once; it is
never read as Markdown. Elements that open an article carry its id and the quote's offsets in
data attributes, which `script.js` reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import groupby
from pathlib import PurePath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from qa import extractive
from qa.answer import Answer, Citation, Hit
from qa.article import Article
from qa.chunks import Span
from qa.ui.archive import actions
from qa.ui.talks import Turn
from qa.ui.texts import Texts
from qa.ui.understood import understood
from qa.ui.why import why

if TYPE_CHECKING:
    from qa.assistant import LLMStatus

_NUMBER = re.compile(r"\[(\d{1,3})\]")
_LAST_NUMBER = re.compile(r" \[(\d{1,3})\]$")
_MARKS = "“”«»\u00a0 "
_ITEM = "- "
_NEAREST = 3


def conversation(turns: Iterable[Turn], texts: Texts, *, latest: bool = False) -> str:
    """Turns, oldest first; what was understood of the `latest` one can be changed."""
    return "".join(turn_html(turn, texts, latest=latest) for turn in turns)


def turn_html(turn: Turn, texts: Texts, *, latest: bool = False) -> str:
    """A question and its answer, in whatever state."""
    busy = str(turn.running).lower()
    return (
        '<section class="qa-turn">'
        f'<div class="qa-asked" data-testid="user"><span class="qa-hidden">{escape(texts.you)}: '
        f'</span><p class="qa-asked-text">{escape(turn.text)}</p></div>'
        f'<div class="{_kind(turn)}" data-testid="bot" aria-busy="{busy}" '
        f'data-stage="{_stage(turn)}"><h2 class="qa-hidden">{escape(texts.assistant)}</h2>'
        f"{_body(turn, texts, latest=latest)}</div>{actions(turn, texts)}</section>"
    )


def _kind(turn: Turn) -> str:
    if turn.error is not None:
        return "qa-answer qa-failed"
    if turn.answer is not None and turn.answer.abstained:
        return "qa-answer qa-abstained"
    return "qa-answer"


def _stage(turn: Turn) -> str:
    if turn.error is not None:
        return "failed"
    if turn.stopped:
        return "stopped"
    return turn.answer.stage if turn.answer else "searching"


def _body(turn: Turn, texts: Texts, *, latest: bool) -> str:
    answer = turn.answer
    if answer is None:
        return _state(turn, texts)
    parts = [
        understood(answer, texts, editable=latest and not turn.running),
        _state(turn, texts),  # above a draft, to be read first
        answer_text(answer, texts),
        _remark(answer, texts),
        evidence(answer, texts),
    ]
    if not turn.running:
        parts.append(why(answer, texts))
    return "".join(parts)


def _state(turn: Turn, texts: Texts) -> str:
    """What went wrong, or what is being done."""
    if turn.error is not None:
        return f'<p class="qa-error" role="alert">{escape(turn.error)}</p>'
    if turn.stopped:
        return _note(texts.stopped)
    if not turn.running or _stage(turn) == "final":  # the final state comes before the end
        return ""
    doing = escape(_doing(turn.answer, texts))
    return f'<p class="qa-doing"><i aria-hidden="true"></i>{doing}</p>'


def _doing(answer: Answer | None, texts: Texts) -> str:
    if answer is None:
        return texts.searching
    if answer.stage == "waiting":
        return texts.in_line.format(place=answer.place)
    return texts.draft if answer.stage == "writing" else texts.writing


def _note(text: str) -> str:
    return f'<p class="qa-note">{escape(text)}</p>'


def _remark(answer: Answer, texts: Texts) -> str:
    """Why another answerer wrote, or that something was left out."""
    if answer.abstained or not answer.reason or answer.stage != "final":
        return ""
    text = texts.left_out if answer.answerer == "generative" else texts.quotes_instead
    return _note(text)


def answer_text(answer: Answer, texts: Texts) -> str:
    """The answer's text, a paragraph a line; lines that begin with a dash are a list, and quotes
    look like quotes. Each [n] that is cited becomes a button, any other stays as written.

    While it is being written it is a draft, which cites nothing.
    """
    if not answer.text:
        return ""
    cited = _cited(answer)
    blocks = []
    for listed, lines in groupby(_lines(answer), lambda line: line.startswith(_ITEM)):
        if listed:
            items = "".join(
                f"<li>{_line(line.removeprefix(_ITEM), cited, texts)}</li>" for line in lines
            )
            blocks.append(f'<ul class="qa-items">{items}</ul>')
        else:
            blocks += [_paragraph(line, cited, texts) for line in lines]
    kind = "qa-text qa-draft" if answer.stage == "writing" else "qa-text"
    return f'<div class="{kind}" lang="{escape(answer.language)}">{"".join(blocks)}</div>'


def _lines(answer: Answer) -> list[str]:
    return [line for line in answer.text.split("\n") if line.strip()]


def _cited(answer: Answer) -> Mapping[int, Citation]:
    """What the numbers of its text are."""
    return {} if answer.stage == "writing" else {c.n: c for c in answer.citations}


def _paragraph(line: str, cited: Mapping[int, Citation], texts: Texts) -> str:
    quoted = _quoted(line, cited)
    if quoted is None:
        return f"<p>{_line(line, cited, texts)}</p>"
    language = escape(quoted.article.language)
    return f'<p class="qa-quoted" lang="{language}">{_line(line, cited, texts)}</p>'


def _quoted(line: str, cited: Mapping[int, Citation]) -> Citation | None:
    """The citation whose quote is the whole line, as `extractive.write` puts it there."""
    number = _LAST_NUMBER.search(line)
    citation = cited.get(int(number[1])) if number else None
    if number is None or citation is None or line[0] not in _MARKS:
        return None
    said = line[: number.start()].strip(_MARKS)
    return citation if said == extractive.shown(citation.quote).strip(_MARKS) else None


def _line(line: str, cited: Mapping[int, Citation], texts: Texts) -> str:
    parts = []
    # An odd place of the split holds what the pattern's group matched.
    pieces = _NUMBER.split(line)
    for place, piece in enumerate(pieces):
        if place % 2 == 0:
            quoted = cited.get(int(pieces[place + 1])) if place + 1 < len(pieces) else None
            parts.append(pointed(piece, quoted))
        elif int(piece) in cited:
            parts.append(_number(cited[int(piece)], texts))
        else:
            parts.append(f"[{piece}]")
    return "".join(parts)


def pointed(text: str, citation: Citation | None) -> str:
    """The text escaped; strong what the reader points to, where it holds the quote."""
    if citation is None or citation.answer is None:
        return escape(text)
    quote = extractive.shown(citation.quote)
    words = extractive.shown(citation.answer.of(citation.article.text))
    before = citation.quote[: citation.answer.start - citation.span.start]
    # White space was folded: with a letter behind it, what ends in some keeps one space.
    start = text.find(quote) + len(extractive.shown(before + "x")) - 1
    end = start + len(words)
    if quote not in text or text[start:end] != words:
        return escape(text)
    return _strong(text, start, end)


def _strong(text: str, start: int, end: int) -> str:
    """The text escaped, its characters [start, end) strong."""
    words = f'<strong class="qa-pointed">{escape(text[start:end])}</strong>'
    return escape(text[:start]) + words + escape(text[end:])


def _quote(citation: Citation) -> str:
    """All its characters, escaped, what the reader points to strong."""
    if citation.answer is None:
        return escape(citation.quote)
    start, end = citation.answer.start, citation.answer.end
    return _strong(citation.quote, start - citation.span.start, end - citation.span.start)


def _number(citation: Citation, texts: Texts) -> str:
    title = citation.article.title or texts.untitled
    label = texts.source_of.format(n=citation.n, title=title)
    return (
        f'<button type="button" class="qa-number" '
        f"{_opens(citation.article, citation.span, citation.answer)} "
        f'aria-label="{escape(label)}" title="{escape(title)}">[{citation.n}]</button>'
    )


def _opens(article: Article, span: Span | None, answer: Span | None) -> str:
    place = f' data-start="{span.start}" data-end="{span.end}"' if span else ""
    if answer:
        place += f' data-answer-start="{answer.start}" data-answer-end="{answer.end}"'
    return f'data-article="{escape(article.id)}"{place}'


def evidence(answer: Answer, texts: Texts) -> str:
    """A card for each citation; for the nearest articles when the assistant abstained without.

    A card has its quote unless the text shows it.
    """
    shown = [_quoted(line, _cited(answer)) for line in _lines(answer)]
    cards = [_card(c.article, texts, c, quote=c not in shown) for c in answer.citations]
    if answer.abstained and not cards:
        cards = [_card(article, texts) for article in nearest(answer.hits)]
    if not cards:
        return ""
    heading = texts.nearest if answer.abstained else texts.sources
    items = "".join(f"<li>{card}</li>" for card in cards)
    return f'<h3 class="qa-cards-title">{escape(heading)}</h3><ul class="qa-cards">{items}</ul>'


def suggested(turn: Turn | None, texts: Texts) -> str:
    """Buttons that ask what is suggested after a turn; `refine.js` asks it."""
    if turn is None or turn.answer is None or not turn.suggestions:
        return ""
    language = escape(turn.answer.language)
    items = "".join(
        f'<li><button type="button" class="qa-suggestion" data-ask="{escape(question)}" '
        f'lang="{language}">{escape(question)}</button></li>'
        for question in turn.suggestions
    )
    heading = escape(texts.evidence.suggestions)
    return f'<section aria-label="{heading}"><ul class="qa-suggestions">{items}</ul></section>'


def nearest(hits: Sequence[Hit]) -> list[Article]:
    """The articles of the best hits, each once."""
    return list({hit.article.id: hit.article for hit in hits}.values())[:_NEAREST]


def _card(
    article: Article, texts: Texts, citation: Citation | None = None, *, quote: bool = True
) -> str:
    number = f'<span class="qa-card-n">{citation.n}</span>' if citation else ""
    said, span, words = "", None, None
    if citation:
        span, words = citation.span, citation.answer
    if citation and quote:
        said = f'<q class="qa-card-quote" lang="{escape(article.language)}">{_quote(citation)}</q>'
    if citation and citation.also:
        said += f'<span class="qa-card-where">{escape(_copies(citation, texts))}</span>'
    return (
        f'<button type="button" class="qa-card" {_opens(article, span, words)}>'
        f'{number}<span class="qa-card-body"><span class="qa-card-title" '
        f'lang="{escape(article.language)}">{escape(article.title or texts.untitled)}</span>'
        f'<span class="qa-card-where">{_where(article, texts)}</span>{said}</span></button>'
    )


def _copies(citation: Citation, texts: Texts) -> str:
    articles = (citation.article, *citation.also)
    sources = {article.source for article in articles if article.source}
    said = texts.copies.format(articles=len(articles))
    if len(sources) > 1:
        said += f", {texts.sources_of_copies.format(sources=len(sources))}"
    return said


def _where(article: Article, texts: Texts) -> str:
    known = [texts.day(article.date), article.source, texts.language_name(article.language)]
    return " · ".join(escape(part) for part in known if part)


def article_html(
    article: Article, span: Span | None, texts: Texts, answer: Span | None = None
) -> str:
    """The whole article; the quote, where `span` is one, in a <mark>, and `answer` strong in it."""
    link = safe_link(article.url)
    published = ""
    if link:
        published = (
            f'<p class="qa-link"><a href="{escape(link)}" target="_blank" '
            f'rel="noopener noreferrer">{escape(link)}</a></p>'
        )
    elif article.url:
        published = f'<p class="qa-link">{escape(article.url)}</p>'
    return _panel(
        f'<article class="qa-article"><header>{_close(texts)}'
        f'<h2 tabindex="-1" lang="{escape(article.language)}">'
        f"{escape(article.title or texts.untitled)}</h2>"
        f'<p class="qa-where">{_where(article, texts)}</p>{published}</header>'
        f'<div class="qa-article-text" lang="{escape(article.language)}">'
        f"{highlighted(article.text, span, answer)}</div></article>",
        texts,
    )


def highlighted(text: str, span: Span | None, answer: Span | None = None) -> str:
    """The text escaped, with the span's characters, and no others, inside <mark>.

    The `answer`, words that the reader points to, is strong if it lies inside the span.
    """
    if span is None or not 0 <= span.start < span.end <= len(text):
        return escape(text)
    before, quote, after = text[: span.start], span.of(text), text[span.end :]
    marked = escape(quote)
    if answer is not None and span.start <= answer.start < answer.end <= span.end:
        marked = _strong(quote, answer.start - span.start, answer.end - span.start)
    return f'{escape(before)}<mark tabindex="-1">{marked}</mark>{escape(after)}'


def no_article(message: str, texts: Texts, *, closable: bool = False) -> str:
    """The panel without an article."""
    close = _close(texts) if closable else ""
    return _panel(f'<div class="qa-no-article">{close}<p>{escape(message)}</p></div>', texts)


def _panel(content: str, texts: Texts) -> str:
    """With the sentence to show when the server does not answer."""
    return (
        f'<section class="qa-panel" aria-label="{escape(texts.article)}" '
        f'data-unreachable="{escape(texts.unreachable)}">{content}</section>'
    )


def _close(texts: Texts) -> str:
    return (
        f'<button type="button" class="qa-close" data-close aria-label="{escape(texts.close)}" '
        f'title="{escape(texts.close)}">×</button>'
    )


def safe_link(url: str | None) -> str | None:
    """The address when it is a plain http or https one, else None."""
    if not url or any(c.isspace() or not c.isprintable() for c in url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


def notice(message: str | None) -> str:
    """A sentence about what was typed, said aloud by screen readers."""
    return f'<p class="qa-notice" role="alert">{escape(message)}</p>' if message else ""


def welcome(texts: Texts) -> str:
    """What stands where the conversation will be."""
    return (
        f'<div class="qa-welcome"><h2>{escape(texts.welcome)}</h2>'
        f"<p>{escape(texts.welcome_more)}</p></div>"
    )


def masthead(texts: Texts) -> str:
    """The name of the page and what it does."""
    return f'<h1 class="qa-name">qa</h1><p class="qa-tagline">{escape(texts.tagline)}</p>'


def model_line(status: LLMStatus, texts: Texts) -> str:
    """Where the language model stands; empty once it is ready."""
    said = {
        "none": texts.model_none,
        "fetching": texts.model_fetching,
        "loading": texts.model_loading,
        "failed": texts.model_failed,
    }.get(status.state)
    if said is None:
        return ""
    percent = round(status.fraction * 100)
    note = status.note.strip().removesuffix(".")
    name = PurePath(status.name).name  # of a file, not where it lies
    text = said.format(name=name, note=note, percent=percent).replace(" ()", "")
    bar = ""
    if status.state == "fetching":
        bar = f'<progress max="100" value="{percent}" aria-hidden="true"></progress>'
    return f'<p class="qa-model qa-model-{status.state}">{bar}{escape(text)}</p>'
