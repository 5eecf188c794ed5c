"""Identity: the id under which an article is indexed, and whether it is a version of another.

An article keeps the id that its file gives, unless another file has another story under that. Two
files tell one story where they give one id and one heading (see `writer.story`), and most of the
words; of its versions the one saved last counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from qa.documents.article import Article
from qa.documents.corrections import Amendment, is_version
from qa.documents.parsers.fields import address
from qa.index.archive import file_of
from qa.index.writer import OWN_ID, ArchiveWriter, Version, story


class Identities:
    """Tells the articles of a run apart."""

    def __init__(self, archive: ArchiveWriter, names: Mapping[Path, str], *, whole: bool) -> None:
        """
        Args:
            archive: what was indexed before, and what this run has read.
            names: titles for articles that have none, by their file.
            whole: whether nothing that was indexed before is to stay.
        """
        self.waiting: dict[str, Article] = {}  # by fingerprint: read and not staged yet
        self._archive = archive
        self._names = names
        self._whole = whole

    def of(self, read: Article) -> Article:
        """The article, put right, under an id that no other file's article has.

        Two outlets may both number their articles from 1. The second gets an id of its own, which
        it keeps when it changes, in a newer file as well; a copy of it gets the same.
        """
        file = file_of(read.origin)
        made_of = (read.fingerprint, f"{read.fingerprint} {file}")
        own = [hashlib.sha256(text.encode()).hexdigest()[:OWN_ID] for text in made_of]
        others = self._archive.own_versions(read.id)
        kept = [other.id for other in others if file_of(other.origin) == file][:1]
        kept += [other.id for other in others if self.corrects(read, other)]
        for id in (*kept, read.id, *(f"{read.id}~{digits}" for digits in own)):
            article = self._put_right(replace(read, id=id))
            if not self._is_taken(article):
                break
        return article

    def corrects(self, read: Article, other: Version) -> bool:
        """Whether the two are versions of one story in two files: told alike, under one heading."""
        same = bool(other.story) and other.story == story(read)
        if not (same and is_of_another(read, other.origin)):
            return False
        article = self.article(other)
        return article is not None and is_version(read, article)

    def article(self, version: Version) -> Article | None:
        """The article in a state that it had when it was read or indexed."""
        return self.waiting.get(version.fingerprint) or self._archive.version(version)

    def _put_right(self, article: Article) -> Article:
        """The article with what was put right about it, and its file's name if it has no title."""
        archive = self._archive
        amendment = archive.amendment(article.id) or Amendment()
        row = article.origin.removeprefix(file_of(article.origin)).removeprefix("#")
        name = self._names.get(path_of(article.origin))
        if name and not (article.title or amendment.name):
            known = archive.seen(article.id) or archive.known(article.id)
            if known is None or file_of(known.origin) == file_of(article.origin):
                amendment = replace(amendment, name=f"{name} ({row})" if row else name)
                archive.amend({article.id: amendment})
        return amendment.of(article)

    def _is_taken(self, article: Article) -> bool:
        """Whether another file, which is there, has another story under this id."""
        archive = self._archive
        others = (archive.seen(article.id), None if self._whole else archive.known(article.id))
        return any(
            other.fingerprint != article.fingerprint
            and is_of_another(article, other.origin)
            and not self.corrects(article, other)
            for other in others
            if other is not None
        )


def is_of_another(article: Article, origin: str) -> bool:
    """Whether an origin is in another file than the article's, and that is there."""
    file = path_of(origin)
    return file != path_of(article.origin) and file.exists()


def path_of(origin: str) -> Path:
    """The file of an origin."""
    return Path(file_of(origin))


def untracked(article: Article) -> Article:
    """The article, its id free of what counts readers where that is an address."""
    return replace(article, id=address(article.id)) if "://" in article.id else article
