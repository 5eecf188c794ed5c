"""The articles beside the chat: what is indexed, found by words and order, and what people add.

The HTML is asked for by `scripts/articles.js`, without Gradio's events; an entry of the list opens
the same panel as a citation does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from qa.documents.filters import Filters
from qa.documents.listing import Listing
from qa.errors import ArticleError, IndexLocked, QAError, QuestionError
from qa.language.sentences import Span
from qa.server.page import render
from qa.server.page.filter_form import Typed, read_date
from qa.server.page.templating import html
from qa.server.page.texts import TEXTS, Texts, language_of
from qa.server.page.uploads import Problem, Sent, Uploads, megabytes

if TYPE_CHECKING:
    from qa.assistant import Assistant

log = logging.getLogger(__name__)

_PER_PAGE = 30
_LONGEST = 200  # characters of a box that are read
_LAST_PAGE = 1_000_000
_MOST_OUTLETS = 6  # named in the line about what is indexed

Asked = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the form asks for."""

    words: str = ""  # of title, text or outlet
    oldest: bool = False  # whether the oldest come first
    filtered: bool = False  # whether only those that the filters of the chat let through
    page: int = 1

    @classmethod
    def of(cls, asked: Asked) -> Self:
        """From what the browser sent, of whatever kind."""
        page = asked.get("page")
        return cls(
            words=str(asked.get("words") or "")[:_LONGEST],
            oldest=asked.get("order") == "oldest",
            filtered=bool(asked.get("filtered")),
            page=min(max(page, 1), _LAST_PAGE) if isinstance(page, int) else 1,
        )


class Articles:
    """What the browser may ask of the articles."""

    def __init__(self, assistant: Assistant, uploads: Uploads) -> None:
        self._assistant = assistant
        self._uploads = uploads

    def functions(self) -> list[Callable[[Asked], Any]]:
        """Those for the browser; Gradio marks each, which it cannot with a method."""
        shown = {
            "show_article": self.article,
            "show_articles": self.whole,
            "show_list": self.listed,
        }
        added = {
            "offer_files": self.offer,
            "add_files": self.begin,
            "added_files": self.state,
            "mend_article": self.mend,
            "remove_article": self.remove,
        }
        offered = shown | (added if self._uploads.folder is not None else {})
        return [_function(name, do) for name, do in offered.items()]

    def article(self, asked: Asked) -> str:
        """The panel for `{"id", "spans", "at", "pointed", "language"}`.

        `spans` are the quotes, "12-80,95-140"; `at` says which is meant, `pointed` which words of
        it. All three may be missing.
        """
        texts = _texts(asked)
        article = self._assistant.article(str(asked.get("id")))
        if article is None:
            return render.article_html(None, texts, message=texts.article_gone)
        at = asked.get("at")
        return render.article_html(
            article,
            texts,
            _spans(asked.get("spans")),
            at=at if isinstance(at, int) else 0,
            answer=next(iter(_spans(asked.get("pointed"))), None),
            upload=self._uploads.is_upload(article),
        )

    def whole(self, asked: Asked) -> str:
        """What is indexed, the form and the list, for `Wanted`, "filters" and a "language"."""
        texts, contents = _texts(asked), self._assistant.contents()
        outlets = list(contents.facets["source"].items())
        return html(
            "articles",
            texts,
            contents=contents,
            about=render.about(contents, texts),
            outlets=outlets[:_MOST_OUTLETS],
            more_outlets=max(0, len(outlets) - _MOST_OUTLETS),
            upload=self._upload(texts),
            wanted=Wanted.of(asked),
            list=self.listed(asked),
        )

    def listed(self, asked: Asked) -> str:
        """The page of the list that is wanted, or what is wrong with the filters."""
        texts, wanted = _texts(asked), Wanted.of(asked)
        start = (wanted.page - 1) * _PER_PAGE
        listing, error = Listing((), start, 0), ""
        try:
            filters = (
                Typed.read(asked.get("filters")).filters(texts) if wanted.filtered else Filters()
            )
            listing = self._assistant.browse(
                filters,
                words=wanted.words,
                start=start,
                count=_PER_PAGE,
                oldest_first=wanted.oldest,
            )
        except QuestionError as exc:
            error = str(exc)
        return html(
            "list",
            texts,
            listing=listing,
            error=error,
            count=_count(listing, texts),
            page=wanted.page,
            last_page=-(-listing.total // _PER_PAGE),
            is_upload=self._uploads.is_upload,
        )

    def _upload(self, texts: Texts) -> str:
        uploads = self._uploads
        limits = texts.articles.limits.format(
            types=" ".join(uploads.types),
            megabytes=megabytes(uploads.most_bytes),
            files=uploads.most_files,
        )
        return html("upload", texts, folder=uploads.folder, types=uploads.types, limits=limits)

    def offer(self, asked: Asked) -> dict[str, Any]:
        """Which of the offered "files" ("name", "size") may be sent.

        Returns:
            "take": their numbers; "html": why the others may not.
        """
        texts, files, uploads = _texts(asked), _files(asked), self._uploads
        words = texts.articles
        if uploads.folder is None or len(files) > uploads.most_files:
            whole = words.too_many.format(files=len(files), most=uploads.most_files)
            reason = words.uploads_off if uploads.folder is None else whole
            return {"take": [], "html": render.notice(reason)}
        take: list[int] = []
        problems: list[Problem] = []
        for n, file in enumerate(files):
            size = file.get("size")
            wrong = uploads.refusal(_name(file), size if isinstance(size, int) else 0, words)
            if wrong:
                problems.append(Problem(_name(file), None, wrong))
            else:
                take.append(n)
        return {"take": take, "html": _job(texts, problems=problems) if problems else ""}

    def begin(self, asked: Asked) -> dict[str, Any]:
        """Take in the "files" ("name", "path") that were sent; the "job" says how far they are."""
        files = [Sent(_name(file), Path(str(file.get("path") or ""))) for file in _files(asked)]
        return {"job": self._uploads.start(files, _texts(asked).articles)}

    def state(self, asked: Asked) -> dict[str, Any]:
        """How far a "job" is, as "html", and whether it is "done"."""
        texts = _texts(asked)
        words, job = texts.articles, self._uploads.job(str(asked.get("job")))
        if job is None:
            return {"done": True, "html": render.notice(words.file_gone)}
        step, report = job.step, job.report
        said = words.nothing_new
        if report:
            said = words.done.format(
                added=report.added,
                updated=report.updated,
                unchanged=report.unchanged + report.duplicates,
            )
        found = (self._assistant.article(id) for id in job.articles)
        content = _job(
            texts,
            stage=job.stage,
            articles=step.articles if step else 0,
            about=step.about if step else 0,
            said=said,
            read=[article for article in islice(found, 100) if article],
            problems=job.problems,
        )
        return {"done": job.stage == "done", "html": content}

    def mend(self, asked: Asked) -> dict[str, str]:
        """Put the "title" and the "date" of the added article "id" right; what is wrong, if so."""
        texts = _texts(asked)
        article = self._assistant.article(str(asked.get("id")))
        if article is None or not self._uploads.is_upload(article):
            return {"error": texts.article_gone}
        title, date = (str(asked.get(name) or "").strip()[:300] for name in ("title", "date"))
        day = read_date(date)
        try:
            self._assistant.amend(article.id, title=title, date=str(day) if day else date)
        except IndexLocked:
            return {"error": texts.articles.index_busy}
        except ArticleError:
            return {"error": texts.bad_date.format(value=date)}
        except QAError:
            log.exception("an article is not amended")
            return {"error": texts.articles.add_failed}
        return {"error": ""}

    def remove(self, asked: Asked) -> dict[str, str]:
        """Remove the added article "id"; what is wrong, if something is."""
        texts = _texts(asked)
        try:
            gone = self._uploads.remove(str(asked.get("id")))
        except IndexLocked:
            return {"error": texts.articles.index_busy}
        return {"error": "" if gone else texts.article_gone}


def _function(name: str, do: Callable[[Asked], Any]) -> Callable[[Asked], Any]:
    def function(asked: Asked) -> Any:
        return do(asked)

    function.__name__ = name
    return function


def _job(texts: Texts, *, problems: Sequence[Problem], stage: str = "refused", **more: Any) -> str:
    """What a job is doing or has done, and what was not read."""
    words, said = texts.articles, {"said": "", "read": (), "articles": 0, "about": 0, **more}
    told = [
        (words.row if problem.row else words.whole_file).format(
            name=problem.name, row=problem.row, reason=problem.reason
        )
        for problem in problems
    ]
    return html("job", texts, stage=stage, problems=told, **said)


def _count(listing: Listing, texts: Texts) -> str:
    words = texts.articles
    if listing.total == 1:
        return words.one
    last = listing.start + len(listing.articles)
    return words.many.format(total=listing.total, first=listing.start + 1, last=last)


def _spans(sent: object) -> list[Span]:
    """Offsets as `data-spans` has them; what is none is left out."""
    pairs = (pair.split("-") for pair in str(sent or "").split(",")[:100])
    return [
        Span(int(start), int(end))
        for start, end in (pair for pair in pairs if len(pair) == 2)
        if start.isdecimal() and end.isdecimal() and len(start + end) < 20 and int(start) < int(end)
    ]


def _texts(asked: Asked) -> Texts:
    return TEXTS[language_of(str(asked.get("language")))]


def _files(asked: Asked) -> Sequence[Asked]:
    files = asked.get("files")
    return [file for file in files if isinstance(file, dict)] if isinstance(files, list) else []


def _name(file: Asked) -> str:
    return str(file.get("name") or "")[-_LONGEST:]
