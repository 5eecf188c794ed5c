"""Page: a run as one HTML file that needs no network: the figures of its Markdown report, and
every question with gold, answer, quotes and the articles found.

Text of articles and models is escaped by the template.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any

from qa.evaluation import report
from qa.evaluation.result import Result
from qa.evaluation.rows import Row

if TYPE_CHECKING:
    from markupsafe import Markup


def html(result: Result) -> str:
    """The report of a run."""
    from jinja2 import Environment, StrictUndefined
    from markdown_it import MarkdownIt
    from markupsafe import Markup

    tables = MarkdownIt("zero").enable(["heading", "table"])  # any other text stays text
    figures = Markup(tables.render(report.markdown(result)))  # noqa: S704  (escaped by the renderer)
    page = resources.files("qa.evaluation").joinpath("report.html").read_text(encoding="utf-8")
    return (
        Environment(autoescape=True, undefined=StrictUndefined)
        .from_string(page)
        .render(
            title=f"Evaluation: {result.run['questions']['name']}",
            figures=figures,
            rows=result.rows,
            outcomes=sorted(Counter(map(report.verdict, result.rows)).items()),
            verdict=report.verdict,
            marked=marked,
            title_of=_title,
        )
    )


def marked(text: str, answers: Sequence[str]) -> Markup:
    """A text with the gold answers in it marked, as whole words."""
    from markupsafe import Markup, escape

    words = [r"\s+".join(map(re.escape, answer.split())) for answer in answers]
    pattern = "|".join(sorted(words, key=len, reverse=True))
    if not words:
        return escape(text)
    parts = re.split(rf"(?<!\w)({pattern})(?!\w)", text, flags=re.IGNORECASE)
    mark = Markup("<mark>{}</mark>")
    return Markup("").join(mark.format(part) if n % 2 else part for n, part in enumerate(parts))


def _title(found: Mapping[str, Any], row: Row) -> str:
    """Of a citation's or a hit's article."""
    gold = " (gold)" if found["article_id"] in row.doc_ids else ""
    return f"{found['title'] or found['article_id']}{gold}"
