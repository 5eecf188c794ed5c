"""What goes into the API and comes out, as pydantic models: they check, and they are the docs.

Every text is cleaned as articles are; one with control characters or with characters that turn
the reading direction is refused, for nobody types them. Lengths that the settings name are
checked in `desk`.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from qa.documents.article import PartialDate, clean_text
from qa.documents.filters import Filters
from qa.settings import AnswererName
from qa.types import Language

# Controls but tab and line ends; overrides and isolates of the reading direction.
UNWELCOME = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

MOST_TURNS = 200


def clean(text: str) -> str:
    """The text as it is understood.

    Raises:
        ValueError: it holds a character that is no text.
    """
    found = UNWELCOME.search(text)
    if found:
        raise ValueError(f"holds the character U+{ord(found[0]):04X}, which is no text")
    return clean_text(text)


def said(text: str) -> str:
    """The text.

    Raises:
        ValueError: there is none.
    """
    if not text:
        raise ValueError("has no visible character")
    return text


def _dated(text: str | None) -> str | None:
    if text:
        try:
            PartialDate.parse(text)
        except ValueError:
            raise ValueError("is no date like 2017, 2017-01 or 2017-01-11") from None
    return text


def _empty(listed: list[str]) -> bool:
    return not listed


Day = Annotated[str | None, Field(max_length=40), AfterValidator(_dated)]
Text = Annotated[str, AfterValidator(clean)]
Said = Annotated[Text, AfterValidator(said)]
Short = Annotated[str, Field(max_length=200), AfterValidator(clean)]
Id = Annotated[str, Field(max_length=500), AfterValidator(clean)]


class In(BaseModel):
    """A body. An unknown field is an error, and so is a number as text."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Filtered(In):
    """Which articles count; all conditions must hold."""

    since: Annotated[Day, Field(description="first date: YYYY, YYYY-MM or YYYY-MM-DD")] = None
    until: Annotated[Day, Field(description="last date, the same way")] = None
    sources: Annotated[list[Short], Field(description="any of these outlets", max_length=100)] = []
    language: Annotated[
        str | None,
        Field(description="of the articles: fr, en …", pattern="^[A-Za-z]{2,3}$"),
    ] = None
    articles: Annotated[
        list[Id], Field(description="ids of the only articles that count", max_length=500)
    ] = []

    def filters(self) -> Filters:
        """As the pipeline takes them.

        Raises:
            QuestionError: the window is empty.
        """
        return Filters.parse(self.since, self.until, self.sources, self.language, self.articles)


class AskIn(Filtered):
    """A question."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"question": "Who led the works on the Kervalec bridge?", "k": 2},
                {"question": "What was seen near Sandmouth?", "since": "2021", "stream": True},
            ]
        }
    )

    question: Annotated[Said, Field(description="in French or English")]
    history: Annotated[
        list[Text],
        Field(
            description="earlier turns, alternating question and answer, oldest first",
            max_length=MOST_TURNS,
        ),
    ] = []
    answerer: Annotated[
        AnswererName | None, Field(description="how the answer is written; unset: the setting")
    ] = None
    k: Annotated[int | None, Field(ge=1, le=100, description="passages to find")] = None
    stream: Annotated[bool, Field(description="answer with server-sent events")] = False


class SearchIn(Filtered):
    """A search."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"query": "pont de Kervalec", "k": 1}]}
    )

    query: Annotated[Said, Field(description="in French or English")]
    k: Annotated[int | None, Field(ge=1, le=100, description="passages to find")] = None
    mode: Annotated[
        Literal["hybrid", "dense", "lexical"], Field(description="both indexes, or one alone")
    ] = "hybrid"


class ErrorBody(BaseModel):
    """What went wrong."""

    type: Annotated[str, Field(description="one word for programs, such as `too_large`")]
    message: Annotated[str, Field(description="what happened and what to do, for people")]


class ErrorOut(BaseModel):
    """Every error of every route."""

    error: ErrorBody


class ArticleFields(BaseModel):
    """An article without its text."""

    article_id: str
    title: str
    date: Annotated[str | None, Field(description="YYYY, YYYY-MM or YYYY-MM-DD, as known")]
    source: str | None
    language: str


class ArticleOut(ArticleFields):
    """An article."""

    url: str | None
    text: str


class CopyOut(BaseModel):
    """Another article with the same words."""

    article_id: str
    title: str
    date: str | None
    source: str | None


class PointedOut(BaseModel):
    """The words of a quote that the reader points to: `text[start:end]` of the article."""

    start: int
    end: int
    text: str


class CorrectionOut(BaseModel):
    """Two wordings of a passage; `day` is when the second was indexed (ISO 8601)."""

    before: str
    after: str
    day: str | None


class CitationOut(ArticleFields):
    """A quote: `quote` is `text[start:end]` of its article, in characters."""

    n: Annotated[int, Field(description="its number in the answer")]
    url: str | None
    start: int
    end: int
    quote: str
    also: Annotated[list[CopyOut], Field(description="other articles that have it word for word")]
    answer: Annotated[PointedOut | None, Field(description="where the reader points inside it")]
    page: Annotated[int | None, Field(description="page of a PDF on which it begins")] = None
    correction: Annotated[
        CorrectionOut | None,
        Field(description="how it was worded before the outlet corrected it"),
    ] = None


class RankedOut(BaseModel):
    """A passage that was found for a question."""

    chunk_id: str
    article_id: str
    title: str
    date: str | None
    score: Annotated[float, Field(description="0 to 1, relative to the same question's others")]
    ranks: Annotated[dict[str, int], Field(description="place in each index's own list, from 1")]


class FiltersOut(BaseModel):
    """The filters as they were understood."""

    since: str | None
    until: str | None
    sources: list[str]
    language: str | None
    articles: Annotated[
        list[str],
        Field(description="ids of the articles chosen; left out when none are", exclude_if=_empty),
    ] = []


class DaysOut(BaseModel):
    """Days from `since` to `until`, each included; null is an open side."""

    since: str | None
    until: str | None


class ConstraintsOut(BaseModel):
    """What the question says of its articles; those that meet it come first."""

    sources: Annotated[list[str], Field(description="outlets that it names")]
    published: Annotated[list[DaysOut], Field(description="when it says that articles appeared")]
    happened: Annotated[list[DaysOut], Field(description="when it says that things happened")]
    met: Annotated[bool, Field(description="an article is of these outlets and days")]


class AnswerOut(BaseModel):
    """An answer, exactly as `qa ask --json` prints it."""

    question: str
    standalone_question: str
    answer: Annotated[str, Field(description="cites as [1], [2] …")]
    language: Language
    abstained: Annotated[
        bool, Field(description="the articles do not say; `citations` are the nearest quotes then")
    ]
    reason: Annotated[
        str | None,
        Field(
            description="why it abstained, why quotes answer instead of the language model, or "
            "that sentences of the model were left out"
        ),
    ]
    answerer: Literal["extractive", "generative", "assistant"]
    confidence: float
    citations: Annotated[
        list[CitationOut], Field(description="what `answer` cites, in order; may be empty")
    ]
    hits: list[RankedOut]
    read: Annotated[int, Field(description="how many of the hits were read with the question")]
    filters: FiltersOut
    constraints: ConstraintsOut
    timings_ms: dict[str, float]
    tokens: Annotated[dict[str, int], Field(description="of the language model; empty without")]


class HitOut(ArticleFields):
    """A passage, exactly as `qa search --json` prints it."""

    chunk_id: str
    start: int
    end: int
    text: str
    score: float
    ranks: dict[str, int]
    signals: dict[str, float]
    copies: Annotated[list[CopyOut], Field(description="other articles that have it nearly so")]


class SearchOut(BaseModel):
    """What a search found, best first."""

    query: str
    hits: list[HitOut]
    timings_ms: dict[str, float]


class HealthOut(BaseModel):
    """The server runs."""

    status: Literal["ok"]
    version: str


class ReadyOut(BaseModel):
    """The server answers."""

    status: Literal["ready"]
    articles: Annotated[int, Field(description="in the index")]
    llm: Annotated[
        dict[str, str | float],
        Field(description="state and fraction fetched of the language model"),
    ]
