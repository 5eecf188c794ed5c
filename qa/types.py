"""Question, Hit, Citation, Answer: what goes into the pipeline, between its stages, and out.

All frozen. A citation is a slice: `article.text[start:end] == quote`. Knows nothing about how
any of them is made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Literal

from qa.documents.article import Article, PartialDate
from qa.documents.chunks import Chunk
from qa.documents.filters import Filters
from qa.language.dates import TimeExpression
from qa.language.sentences import Span

Language = Literal["fr", "en"]
Stage = Literal["evidence", "waiting", "reading", "writing", "final"]

# A history may be long, and looking for times takes as long as its length squared.
_MOST_BEFORE = 2000
# How an answer names its citations: [1].
CITATION_MARK = re.compile(r"\[(\d{1,3})\]")


@dataclass(frozen=True, slots=True)
class Outlet:
    """A name in the question, and the sources it stands for.

    Attributes:
        span: where in the text that was read, which may be an earlier question.
        sources: as the index writes them; "BBC News" may stand for several of its sections.
        cued: the words around say that it told something; otherwise it may be what is asked about.
        written: the name as it stands there.
    """

    span: Span
    sources: tuple[str, ...]
    cued: bool
    written: str


@dataclass(frozen=True, slots=True)
class Window:
    """Days in which an article is looked for; None is an open side.

    Attributes:
        firm: the question says when the article appeared; otherwise it says when something
            happened, and an article after `until` is likelier than one before `since`.
    """

    since: date | None
    until: date | None
    firm: bool

    def days_off(self, day: PartialDate) -> int:
        """0 inside; the days by which an article is too old (negative) or too recent (positive).

        An article dated to the month or the year is inside when any of its days is.
        """
        if self.since and day.last < self.since:
            return (day.last - self.since).days
        if self.until and day.first > self.until:
            return (day.first - self.until).days
        return 0


@dataclass(frozen=True, slots=True)
class Constraints:
    """What was understood; empty when the question names no time and no outlet.

    Attributes:
        articles: when articles appeared, in the order of the question; any of them will do.
        events: when things happened, in the order of the question.
        outlets: named outlets, in the order of the question; any of them will do.
    """

    articles: tuple[TimeExpression, ...] = ()
    events: tuple[TimeExpression, ...] = ()
    outlets: tuple[Outlet, ...] = ()

    @property
    def times(self) -> tuple[TimeExpression, ...]:
        """All time expressions, in the order of the question."""
        return tuple(sorted(self.articles + self.events, key=lambda time: time.span))

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that the outlets stand for, each once."""
        return tuple(dict.fromkeys(s for outlet in self.outlets for s in outlet.sources))

    @property
    def since(self) -> date | None:
        """First day of the firm windows together; None when there are none or one is open."""
        days = [time.since for time in self.articles]
        return min((day for day in days if day), default=None) if all(days) else None

    @property
    def until(self) -> date | None:
        """Last day of the firm windows together; None when there are none or one is open."""
        days = [time.until for time in self.articles]
        return max((day for day in days if day), default=None) if all(days) else None

    def windows(self) -> tuple[Window, ...]:
        """One for each time expression, the firm ones first; an article in any of them will do."""
        firm = [Window(time.since, time.until, firm=True) for time in self.articles]
        soft = [Window(time.since, time.until, firm=False) for time in self.events]
        return tuple(firm + soft)

    def to_json(self) -> dict[str, object]:
        """As in `qa ask --json`: the outlets, and the days of articles and of events."""
        return {
            "sources": list(self.sources),
            "published": [_days(time) for time in self.articles],
            "happened": [_days(time) for time in self.events],
        }

    def __bool__(self) -> bool:
        return self != Constraints()


def _days(time: TimeExpression) -> dict[str, str | None]:
    return {
        "since": time.since.isoformat() if time.since else None,
        "until": time.until.isoformat() if time.until else None,
    }


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes:
        text: as typed.
        history: earlier turns, alternating user and assistant, oldest first.
        filters: which articles to answer from.
        standalone: the question with what it carries in front; empty until `followups` fills it.
        carried: the user's earlier questions that it leans on; empty where it stands alone.
        language: of the question and so of the answer; None until it is told or detected.
        answerer: which answerer to use; None leaves it to the settings.
        asked_on: the day from which "yesterday" counts; None is the present one.
        constraints: what it asks of articles, when a reader says so; None reads its words.
        waited_s: seconds it stood in a server's line before its turn.
    """

    text: str
    history: tuple[str, ...] = ()
    filters: Filters = field(default_factory=Filters)
    standalone: str = ""
    carried: str = ""
    language: Language | None = None
    answerer: Literal["auto", "extractive", "generative"] | None = None
    asked_on: date | None = None
    constraints: Constraints | None = None
    waited_s: float = 0.0

    @property
    def said(self) -> tuple[str, ...]:
        """The words typed, and for a follow-up the first of the question before.

        Here outlets and dates are looked for, and not in the stand-alone question: it carries
        questions from further back, whose dates ask for nothing any more.
        """
        before = tuple(text[:_MOST_BEFORE] for text in self.history[-2:-1])
        return (self.text, *before) if self.carried else (self.text,)


@dataclass(frozen=True, slots=True)
class ScoredSentence:
    """A sentence of a hit. `score` compares within one question only; `dense` is a cosine."""

    span: Span
    score: float
    dense: float
    coverage: float


@dataclass(frozen=True, slots=True)
class ReaderResult:
    """What the reader makes of a hit.

    Attributes:
        span: of the article's text, the shortest that may answer the question.
        score: how much likelier it is than that the hit does not answer, as a logit.
        answerable: calibrated probability, in [0, 1], that the hit answers.
        relevance: in [0, 1], of the reader's relevance head.
    """

    span: Span
    score: float
    answerable: float
    relevance: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk found for a question.

    Attributes:
        chunk, article: what was found.
        score: in [0, 1]; of a search in one index alone, that index's own value (cosine or BM25).
        ranks: place in each index's own list, from 1; an index that did not find it is left out.
        signals: the values behind the score: see `search.scoring`.
        sentences: the chunk's sentences in reading order.
        copies: other articles that have the chunk nearly word for word, best first.
        reading: what the reader makes of it; None when it was not read.
    """

    chunk: Chunk
    article: Article
    score: float
    ranks: Mapping[str, int]
    signals: Mapping[str, float]
    sentences: tuple[ScoredSentence, ...]
    copies: tuple[Article, ...] = ()
    reading: ReaderResult | None = None

    def to_json(self) -> dict[str, Any]:
        """As in `qa search --json`."""
        return {
            "chunk_id": self.chunk.id,
            **{k: v for k, v in self.article.to_json().items() if k != "url"},
            "start": self.chunk.span.start,
            "end": self.chunk.span.end,
            "text": self.chunk.text,
            "score": round(self.score, 6),
            "ranks": dict(self.ranks),
            "signals": {name: round(value, 6) for name, value in self.signals.items()},
            "copies": [_named(article) for article in self.copies],
        }


def _named(article: Article) -> dict[str, Any]:
    return {name: article.to_json()[name] for name in ("article_id", "title", "date", "source")}


@dataclass(frozen=True, slots=True)
class Correction:
    """Two wordings of a passage, of which the second replaced the first.

    Attributes:
        before, after: the sentences that differ; empty where there was nothing, or is nothing left.
        day: on which the second was indexed (ISO 8601); None when that is not known.
    """

    before: str
    after: str
    day: str | None = None

    @property
    def date(self) -> PartialDate | None:
        """The day as a date."""
        return PartialDate.of(self.day)


@dataclass(frozen=True, slots=True)
class Citation:
    """A numbered quote: `quote == article.text[span.start:span.end]`. Numbers start at 1.

    Attributes:
        also: other articles that have the quote word for word; wire copies, mostly.
        answer: of the article's text, inside `span`: the words that the reader points to; None
            where it was not asked or does not point here.
        correction: how the quote was worded before, or is worded now where it is an old answer's;
            None where nothing has changed.
    """

    n: int
    article: Article
    span: Span
    also: tuple[Article, ...] = ()
    answer: Span | None = None
    correction: Correction | None = None

    @property
    def quote(self) -> str:
        """The article's own words."""
        return self.span.of(self.article.text)

    @property
    def page(self) -> int | None:
        """The page of the file on which it begins; None where that is not known."""
        return self.article.page_of(self.span.start)

    def holds(self, other: Citation) -> bool:
        """Whether it quotes all that another quotes."""
        return self.article.id == other.article.id and self.span.holds(other.span)

    def to_json(self) -> dict[str, Any]:
        """As in `qa ask --json`."""
        return {
            "n": self.n,
            **self.article.to_json(),
            "start": self.span.start,
            "end": self.span.end,
            "quote": self.quote,
            "also": [_named(article) for article in self.also],
            "answer": self.answer
            and {
                "start": self.answer.start,
                "end": self.answer.end,
                "text": self.answer.of(self.article.text),
            },
            "page": self.page,
            "correction": self.correction and asdict(self.correction),
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """What the assistant says.

    Attributes:
        question: as asked, with its stand-alone form.
        text: the answer; cites as [1], [2] …
        language: in which it is written.
        citations: each number in `text` once, in order; for an abstention the nearest.
        abstained: whether the articles do not say.
        reason: why it abstained, or why another answerer than the one asked for answered.
        answerer: which one wrote the text.
        confidence: in [0, 1], that the quotes hold the answer.
        hits: what was retrieved, best first; shown as the nearest articles when abstaining.
        constraints: the outlets and dates that the question names, which its articles met best.
        met: whether any article is of those outlets and dates; true when it names none.
        timings_ms: milliseconds by stage, and `total`.
        tokens: prompt and completion tokens of a language model; empty without one.
        stage: `evidence`, `waiting`, `reading` and `writing` are on the way, `final` is the answer.
        place: while waiting, its place in the line for the language model; 1 is served next.
        progress: while a language model reads, the share that it has read, 0 to 1.
    """

    question: Question
    text: str
    language: Language
    citations: tuple[Citation, ...]
    abstained: bool
    reason: str | None
    answerer: Literal["extractive", "generative", "assistant"]
    confidence: float
    hits: tuple[Hit, ...]
    constraints: Constraints = field(default_factory=Constraints)
    met: bool = True
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    tokens: Mapping[str, int] = field(default_factory=dict)
    stage: Stage = "final"
    place: int = 0
    progress: float = 0.0

    @property
    def read(self) -> int:
        """How many of the hits the reader has read with the question."""
        return sum(hit.reading is not None for hit in self.hits)

    def __add__(self, later: Answer) -> Answer:
        """A later state replaces an earlier one (how LangChain gathers a stream)."""
        return later

    def to_json(self) -> dict[str, Any]:
        """As `qa ask --json` prints it."""
        return {
            "question": self.question.text,
            "standalone_question": self.question.standalone,
            "answer": self.text,
            "language": self.language,
            "abstained": self.abstained,
            "reason": self.reason,
            "answerer": self.answerer,
            "confidence": round(self.confidence, 4),
            "citations": [citation.to_json() for citation in self.citations],
            "hits": [
                {
                    "chunk_id": hit.chunk.id,
                    "article_id": hit.article.id,
                    "title": hit.article.title,
                    "date": str(hit.article.date) if hit.article.date else None,
                    "score": round(hit.score, 6),
                    "ranks": dict(hit.ranks),
                }
                for hit in self.hits
            ],
            "read": self.read,
            "filters": self.question.filters.to_json(),
            "constraints": {**self.constraints.to_json(), "met": self.met},
            "timings_ms": {name: round(value, 1) for name, value in self.timings_ms.items()},
            "tokens": dict(self.tokens),
        }
