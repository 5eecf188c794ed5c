"""Articles to check gold against, or to ask questions about: by id, from wherever they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from qa.documents.article import Article
from qa.documents.parsers import Failure, find, read
from qa.documents.parsers.fields import article_from
from qa.errors import QuestionError
from qa.index.archive import Archive
from qa.index.directory import Manifest


def of_index(directory: Path) -> dict[str, Article]:
    """Those of an index, newest first.

    Raises:
        IndexMissing, IndexUnusable: there is none.
    """
    manifest = Manifest.read(directory)
    archive = Archive.open(directory / manifest.generation / "articles.sqlite")
    try:
        return _by_id(archive.articles())
    finally:
        archive.close()


def of_files(path: Path) -> dict[str, Article]:
    """Those of a file or folder; what cannot be read is left out, and `qa index` says what.

    Raises:
        SourceError: there is nothing to read.
        QuestionError: two articles have the same id.
    """
    items = (item for file in find([path]) for item in read(file))
    return _by_id(item for item in items if not isinstance(item, Failure))


def of_set(documents: Sequence[Mapping[str, object]]) -> dict[str, Article]:
    """Those that a question set brings along.

    Raises:
        SourceError: one has no text.
        QuestionError: two articles have the same id.
    """
    return _by_id(article_from(fields, "the question set") for fields in documents)


def _by_id(articles: Iterable[Article]) -> dict[str, Article]:
    found: dict[str, Article] = {}
    for article in articles:
        if found.setdefault(article.id, article).text != article.text:
            raise QuestionError(f"two articles have the id {article.id!r}; give each its own.")
    return found
