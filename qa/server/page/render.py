"""Answers and articles as HTML: what the templates show, worked out.

Whatever comes from an article, a question, a model or an error is escaped, by the templates or
by `marked`; it is never read as Markdown. Elements that open an article carry its id and the
quotes' offsets in data attributes, which `scripts/article.js` reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import PurePath
from typing import TYPE_CHECKING, Literal

from markupsafe import Markup, escape

from qa.answering import extractive
from qa.documents.article import Article
from qa.documents.listing import Contents
from qa.errors import QAError
from qa.language.sentences import Span
from qa.server.page.chats import Talk, Turn
from qa.server.page.chips import chip_text, chips_of, chips_read
from qa.server.page.exports import quote_with_reference, safe_link, with_references
from qa.server.page.marks import highlighted, in_marks, joined, pointed, spans_of
from qa.server.page.suggestions import follow_ups
from qa.server.page.templating import html
from qa.server.page.texts import ENGLISH, Texts
from qa.types import CITATION_MARK, Answer, Citation, Constraints, Hit

if TYPE_CHECKING:
    from qa.models.loading import LLMStatus

_LAST_NUMBER = re.compile(r" \[(\d{1,3})\]$")
_MARKS = "“”«»\u00a0 "
_ITEM = "- "
_NEAREST = 3


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph of an answer, a list with its lines, or a line that is one quote."""

    kind: Literal["paragraph", "list", "quote"]
    lines: Sequence[Markup]
    quoted: Citation | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """A quote on the card of its article.

    Attributes:
        citation: its words, and where they are from.
        n: its number in the text; 0 when the text does not use it.
        shown: whether the card shows it; the text may already do so.
        marked: its words, what the reader points to strong, in quotation marks.
    """

    citation: Citation
    n: int
    shown: bool
    marked: Markup


@dataclass(frozen=True, slots=True)
class Source:
    """An article with its quotes.

    Attributes:
        article, quotes: these.
        used: whether the answer cites it, or may still.
        copies: in how many articles the same text stands; empty when in one.
    """

    article: Article
    quotes: Sequence[Quote] = ()
    used: bool = True
    copies: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a passage was found, in words and in numbers."""

    hit: Hit
    said: str
    numbers: Sequence[tuple[str, str]]


# A conversation


def conversation(
    talk: Talk, texts: Texts, contents: Callable[[], Contents], *, latest: bool
) -> str:
    """The turns of a conversation, oldest first.

    Args:
        talk: the conversation.
        texts: the page's language.
        contents: what is indexed; asked when an answer was not found.
        latest: whether from the first unfinished one on, or those before it.
    """
    turns, first = tuple(talk.turns), talk.unfinished
    places = range(first, len(turns)) if latest else range(first)
    return "".join(_turn(talk, turns, place, texts, contents) for place in places)


def _turn(
    talk: Talk,
    turns: Sequence[Turn],
    place: int,
    texts: Texts,
    contents: Callable[[], Contents],
) -> str:
    """A question and its answer, in whatever state; of the latest, chips can be changed."""
    turn = turns[place]
    answer, found = turn.answer, dict[str, object]()
    if answer is not None:
        found = {
            **_understood(answer, texts),
            "blocks": list(_blocks(answer, texts)),
            "sources": _sources(turn, answer, texts),
            "copy": partial(quote_with_reference, texts=texts),
        }
    if answer is not None and turn.state == "final":
        confidence = texts.number(answer.confidence)
        found |= {
            "remark": _remark(answer, texts),
            "wider": _wider(turn, answer, texts, contents),
            "reasons": [_reason(hit, answer, texts) for hit in answer.hits if hit.signals],
            "confidence": texts.evidence.confidence.format(value=confidence),
            "unnumbered": _unnumbered(answer),
            "references": with_references(answer, texts) if answer.citations else "",
        }
    return html(
        "turn",
        texts,
        turn=turn,
        answer=answer,
        talk=talk,
        place=place,
        latest=place == len(turns) - 1,
        final=answer is not None and turn.state == "final",
        editable=found.get("standalone") or turn.text,
        doing=_doing(turn, texts),
        failure=_failure(turn, texts),
        spans=spans_of,
        **found,
    )


def _doing(turn: Turn, texts: Texts) -> str:
    if turn.state == "waiting" and turn.answer is not None:
        return texts.in_line.format(place=turn.answer.place)
    if turn.state == "reading" and turn.answer is not None:
        return texts.reading.format(percent=round(turn.answer.progress * 100))
    said = {
        "queued": texts.queued,
        "searching": texts.searching,
        "quotes": texts.writing,
        "writing": texts.draft,
    }
    return said.get(turn.state, "")


def _failure(turn: Turn, texts: Texts) -> str:
    if turn.failure is None:
        return ""
    return texts.trouble(turn.failure) if isinstance(turn.failure, QAError) else texts.failed


def _remark(answer: Answer, texts: Texts) -> str:
    """Why another answerer wrote, or that something was left out."""
    if answer.abstained or not answer.reason:
        return ""
    if answer.answerer == "generative":
        return texts.left_out
    late = "did not answer" in answer.reason or "was busy" in answer.reason
    unsafe = "address a machine" in answer.reason
    return texts.quotes_late if late else texts.quotes_unsafe if unsafe else texts.quotes_instead


def _wider(turn: Turn, answer: Answer, texts: Texts, contents: Callable[[], Contents]) -> str:
    """After filters that let nothing fitting through: which days there are articles of."""
    known = contents() if answer.abstained and turn.filters else None
    if not (known and known.first and known.last):
        return ""
    return texts.filters_hold.format(first=texts.day(known.first), last=texts.day(known.last))


# What was understood


def _understood(answer: Answer, texts: Texts) -> dict[str, object]:
    """The question as it was searched, where that is not what was typed, and rows of chips."""
    question = answer.question
    typed, carried = question.text.strip(), question.carried.strip()
    standalone = "" if carried else question.standalone.strip()
    only, read = chips_of(question.filters, texts), chips_read(answer.constraints, texts)
    rows = [("only", texts.only, only), ("first", texts.first, read)]
    return {
        "carried": carried,
        "standalone": "" if standalone == typed else standalone,
        "chip_rows": [
            (row, label, [(chip, chip_text(chip)) for chip in chips]) for row, label, chips in rows
        ],
        "unmet": _unmet(answer.constraints, texts) if read and not answer.met else "",
    }


def _unmet(constraints: Constraints, texts: Texts) -> str:
    """What no article is, in the words of what was asked for (see `qa.search.boosts.meets`)."""
    if not any(outlet.cued for outlet in constraints.outlets):
        return texts.unmet_date
    return texts.unmet_both if constraints.articles else texts.unmet_source


# The text of an answer


def _blocks(answer: Answer, texts: Texts) -> Iterator[Block]:
    """A paragraph a line; lines that begin with a dash are a list, quotes look like quotes.

    Each [n] that is cited becomes a button, any other stays as written. While it is being written
    it is a draft, which cites nothing.
    """
    cited = _cited(answer)
    for listed, lines in groupby(_lines(answer), lambda line: line.startswith(_ITEM)):
        if listed:
            yield Block("list", [_line(line.removeprefix(_ITEM), cited, texts) for line in lines])
            continue
        for line in lines:
            quoted = _quoted(line, cited)
            kind: Literal["quote", "paragraph"] = "quote" if quoted else "paragraph"
            yield Block(kind, [_line(line, cited, texts)], quoted)


def _unnumbered(answer: Answer) -> str:
    """The text without the numbers of its quotes."""
    cited = _cited(answer)
    return re.sub(r" ?\[(\d{1,3})\]", lambda n: "" if int(n[1]) in cited else n[0], answer.text)


def _lines(answer: Answer) -> list[str]:
    return [line for line in answer.text.split("\n") if line.strip()]


def _cited(answer: Answer) -> Mapping[int, Citation]:
    """What the numbers of its text are."""
    return {} if answer.stage == "writing" else {c.n: c for c in answer.citations}


def _quoted(line: str, cited: Mapping[int, Citation]) -> Citation | None:
    """The citation whose quote is the whole line, as `extractive.write` puts it there."""
    number = _LAST_NUMBER.search(line)
    citation = cited.get(int(number[1])) if number else None
    if number is None or citation is None or line[0] not in _MARKS:
        return None
    said = line[: number.start()].strip(_MARKS)
    return citation if said == extractive.shown(citation.quote).strip(_MARKS) else None


def _line(line: str, cited: Mapping[int, Citation], texts: Texts) -> Markup:
    parts = []
    # An odd place of the split holds what the pattern's group matched.
    pieces = CITATION_MARK.split(line)
    for place, piece in enumerate(pieces):
        if place % 2 == 0:
            quoted = cited.get(int(pieces[place + 1])) if place + 1 < len(pieces) else None
            parts.append(pointed(piece, quoted))
        elif int(piece) in cited:
            parts.append(_number(cited[int(piece)], cited, texts))
        else:
            parts.append(escape(f"[{piece}]"))
    return Markup("").join(parts)


def _number(citation: Citation, cited: Mapping[int, Citation], texts: Texts) -> Markup:
    beside = [c for c in cited.values() if c.article.id == citation.article.id]
    return html(
        "number",
        texts,
        citation=citation,
        spans=spans_of,
        beside=beside,
        at=beside.index(citation),
        quote=texts.quoted(extractive.shown(citation.quote), citation.article.language),
    )


# Its sources


def _sources(turn: Turn, answer: Answer, texts: Texts) -> list[Source]:
    """One an article, as the text numbers them, then what was found and is not used.

    Of an abstention without quotes, the nearest articles.
    """
    if answer.abstained and not answer.citations:
        return [Source(article) for article in nearest(answer.hits)]
    done = turn.state == "final"
    cited = list(answer.citations) if done or not turn.found else list(turn.found)
    unused = [c for c in turn.found if done and not any(_within(c, used) for used in cited)]
    in_text = {id(c) for line in _lines(answer) if (c := _quoted(line, _cited(answer)))}
    groups: dict[str, list[tuple[Citation, bool]]] = {}
    for citation, used in [*((c, True) for c in cited), *((c, False) for c in unused)]:
        groups.setdefault(citation.article.id, []).append((citation, used))
    return [
        Source(
            group[0][0].article,
            [
                Quote(c, c.n if used and done else 0, id(c) not in in_text, in_marks(c, texts))
                for c, used in group
            ],
            any(used for _, used in group),
            next((_copies(c, texts) for c, _ in group if c.also), ""),
        )
        for group in groups.values()
    ]


def _within(citation: Citation, other: Citation) -> bool:
    """Whether all that one quotes stands in the other."""
    same = citation.article.id == other.article.id
    return same and other.span.start <= citation.span.start and citation.span.end <= other.span.end


def nearest(hits: Sequence[Hit]) -> list[Article]:
    """The articles of the best hits, each once."""
    return list({hit.article.id: hit.article for hit in hits}.values())[:_NEAREST]


def _copies(citation: Citation, texts: Texts) -> str:
    articles = (citation.article, *citation.also)
    sources = {article.source for article in articles if article.source}
    said = texts.copies.format(articles=len(articles))
    if len(sources) > 1:
        said += f", {texts.sources_of_copies.format(sources=len(sources))}"
    return said


# Why a passage was found


def _reason(hit: Hit, answer: Answer, texts: Texts) -> Reason:
    words = texts.evidence
    numbers = [
        f"[{c.n}]"
        for c in answer.citations
        if c.article.id == hit.article.id
        and c.span.start < hit.chunk.span.end
        and hit.chunk.span.start < c.span.end
    ]
    cited = words.why_quoted.format(numbers=" ".join(numbers)) if numbers else words.why_unquoted
    said = [cited]
    said += [
        words.why_rank.format(rank=rank, by=getattr(words.by, name))
        for name, rank in hit.ranks.items()
    ]
    measured = [(words.score, hit.score)]
    measured += [(getattr(words.signals, name), value) for name, value in hit.signals.items()]
    if hit.reading is not None:
        answers, about = hit.reading.answerable, hit.reading.relevance
        if max(answers, about) >= 0.5:
            said.append(words.why_answers if answers >= 0.5 else words.why_about)
        measured += [(words.answerable, answers), (words.relevance, about)]
    values = [(name, texts.number(value)) for name, value in measured]
    told = ", ".join(said)
    return Reason(hit, f"{told[0].upper()}{told[1:]}.", values)


# An article


def article_html(
    article: Article | None,
    texts: Texts,
    spans: Sequence[Span] = (),
    *,
    at: int = 0,
    answer: Span | None = None,
    upload: bool = False,
    message: str = "",
) -> str:
    """The panel: the whole article with its quotes in <mark>, or a message without one.

    Args:
        article: None shows the message.
        texts: the page's language.
        spans: the quotes.
        at: which of them is meant.
        answer: words that the reader points to in it.
        upload: whether a person added it here, and may mend and remove it.
        message: see above.
    """
    marks = [span for span in spans if article and 0 <= span.start < span.end <= len(article.text)]
    return html(
        "article",
        texts,
        article=article,
        link=safe_link(article.url) if article else None,
        marks=len(joined(marks)),
        text=highlighted(article.text, marks, at, answer) if article else "",
        upload=upload,
        message=message,
    )


# Beside the conversation


def notice(message: str | None) -> str:
    """A sentence about what was typed, said aloud by screen readers."""
    return html("notice", ENGLISH, message=message)


def welcome(texts: Texts, contents: Contents, examples: Sequence[str]) -> str:
    """What stands where the conversation will be."""
    return html(
        "welcome", texts, contents=contents, examples=examples, about=about(contents, texts)
    )


def about(contents: Contents, texts: Texts) -> str:
    """How many articles there are, from when to when, from whom, in which languages."""
    if not contents.articles:
        return texts.articles.nothing_indexed
    outlets, languages = contents.facets["source"], contents.facets["language"]
    words, one = texts.articles, contents.articles == 1
    first, last = texts.day(contents.first), texts.day(contents.last)
    said = [
        words.counted_one if one else words.counted.format(articles=contents.articles),
        words.dated.format(first=first, last=last) if contents.first and contents.last else "",
        words.outlets.format(n=len(outlets)) if len(outlets) > 1 else "".join(outlets),
    ]
    said += [f"{texts.language_name(code)}\u00a0({n})" for code, n in languages.items()]
    return " · ".join(filter(None, said))


def suggested(turns: Sequence[Turn], texts: Texts) -> str:
    """Buttons that ask what could be asked after the last turn, once it is answered."""
    answer = turns[-1].answer if turns else None
    if answer is None or turns[-1].state != "final" or turns[-1].running:
        return ""
    questions = follow_ups(answer, [turn.text for turn in turns])
    return html("next", texts, suggestions=questions, language=answer.language)


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
    text = said.format(
        name=PurePath(status.name).name,  # of a file, not where it lies
        note=status.note.strip().removesuffix("."),
        percent=(percent := round(status.fraction * 100)),
    )
    return html("model", texts, state=status.state, percent=percent, text=text.replace(" ()", ""))
