"""Build: articles → index, doing only what changed, safe to kill at any moment.

Changed articles are read and embedded a batch at a time and staged beside the archive, where no
reader looks. A batch is embedded in a thread while the next is read, cut and analysed. Once all are
there, they become visible at once (see `session`). Killed while it stages, a run costs the next
one nothing: that takes up what is staged. Files are read and vectors made by an engine: this
process and a child of it, or the machines of a Ray cluster (see `ray_engine`). Taking articles out
and putting one right (`remove_articles`, `amend_article`) are runs too, without files.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from qa.documents.article import Article
from qa.documents.chunks import Chunk, header, split
from qa.documents.corrections import Amendment, tidy_title
from qa.documents.injection import Flagged
from qa.documents.parsers import Failure, count, leading_out
from qa.documents.parsers.fields import Notice, origin_of
from qa.documents.parsers.isolated import Child, Limits, TooMuch
from qa.errors import ArticleError
from qa.index.archive import IndexedChunk, file_of
from qa.index.directory import EmbedderIdentity, WritableIndex
from qa.index.identity import Identities, is_of_another, path_of, untracked
from qa.index.session import (
    changing,
    complete,
    drop_other_generations,
    manifests,
    take_over,
    write_session,
    writing,
)
from qa.index.shared import follow
from qa.index.sources import kinds_not_read, to_read
from qa.language.terms import terms
from qa.settings import Settings

if TYPE_CHECKING:
    import numpy as np

T = TypeVar("T")

# A batch ends with the article that fills it. Both bound what is in memory, two batches at most: an
# article of any length is one transaction, but its vectors are made float16 a few chunks at a time.
_BATCH_CHUNKS = 256
_EMBED_AT_ONCE = 64
_MOST_NAMED = 1000


class PassageEmbedder(EmbedderIdentity, Protocol):
    """What indexing needs of an embedder."""

    def passages_with_parts(
        self, texts: Sequence[str], parts: Sequence[Sequence[tuple[int, int]]]
    ) -> Sequence[np.ndarray]:
        """For each text (1 + its parts, d) float32, unit length: the text's, then its parts'."""
        ...


Cut = Sequence[tuple[Article, Chunk]]
# Of a chunk: the terms of its header, then those of each sentence; (1 + sentences, d) float16.
Analysed = tuple[Sequence[tuple[str, ...]], "np.ndarray"]


class Engine(Protocol):
    """Reads files and analyses chunks; what changed is decided, and written, by the run alone.

    Attributes:
        files_ahead: files that are begun while one is read.
        batches_ahead: batches that are begun while one is waited for.
    """

    files_ahead: int
    batches_ahead: int

    def read(self, file: Path) -> Iterator[Article | Failure]:
        """As `Child.read`."""
        ...

    def analyse(self, cut: Cut) -> Callable[[], Sequence[Analysed]]:
        """Begin with some chunks; what is returned waits for the result."""
        ...

    def close(self) -> None:
        """Stop what is under way. May be called again."""
        ...


class Local:
    """This process: a child reads, a thread embeds, terms are made by whoever asks."""

    files_ahead = 0
    batches_ahead = 1

    def __init__(self, settings: Settings, embedder: PassageEmbedder) -> None:
        self._embedder = embedder
        self._child = reading_child(settings)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="embedding")

    def read(self, file: Path) -> Iterator[Article | Failure]:
        """See `Engine`."""
        return self._child.read(file)

    def analyse(self, cut: Cut) -> Callable[[], Sequence[Analysed]]:
        """See `Engine`."""
        vectors = self._pool.submit(embedded, self._embedder, cut)
        lines = chunk_terms(cut)
        return lambda: list(zip(lines, vectors.result(), strict=True))

    def close(self) -> None:
        """See `Engine`."""
        self._pool.shutdown(cancel_futures=True)
        self._child.close()


@dataclass(frozen=True, slots=True)
class Step:
    """How far a run is.

    Attributes:
        articles: read and done with, whether they had to be written or not.
        about: how many there are: rows of the files that are read row by row, and the other
            files. Some of those, feeds for one, hold several articles, so there may be more.
        chunks: embedded in this run.
        file, files: which of the files is being read.
    """

    articles: int
    about: int
    chunks: int
    file: int
    files: int


ProgressCallback = Callable[[Step], None]


@dataclass
class Report:
    """What a run did.

    Attributes:
        added, updated, unchanged, removed: articles.
        duplicates: articles that another file of the run holds too, word for word.
        failures: what could not be read, with the reason.
        renamed: file → how many of the articles added have an id of their own, because an article
            of another file, with other content, has the one that the file gives.
        not_read: ending → how many files of that kind, which is not read, the folders hold.
        suspicious: of the articles added or updated, those with a passage addressed to a machine.
        embedded: chunks that went through the embedder; 0 when nothing changed.
        seconds: wall-clock time.
        counts: articles and chunks in the index afterwards.
        articles: ids of the articles that the paths hold and the index has afterwards, in the order
            of reading, each once; the first 1,000 of them.
        notices: what there is to know about what was read all the same.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    duplicates: int = 0
    failures: list[Failure] = field(default_factory=list)
    renamed: Counter[str] = field(default_factory=Counter)
    not_read: Counter[str] = field(default_factory=Counter)
    suspicious: list[Flagged] = field(default_factory=list)
    embedded: int = 0
    seconds: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    articles: tuple[str, ...] = ()
    notices: list[Notice] = field(default_factory=list)

    def to_json(self) -> dict[str, object]:
        """As `qa index --json` prints it."""
        return {
            "added": self.added,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "removed": self.removed,
            "duplicates": self.duplicates,
            "failed": len(self.failures),
            "failures": [{"origin": f.origin, "reason": f.reason} for f in self.failures],
            "renamed": self.renamed,
            "not_read": self.not_read,
            "suspicious": [flagged.to_json() for flagged in self.suspicious],
            "embedded_chunks": self.embedded,
            "seconds": round(self.seconds, 3),
            "index": self.counts,
            "notices": [{"origin": n.origin, "reason": n.reason} for n in self.notices],
        }


def index_paths(
    paths: Sequence[Path],
    settings: Settings,
    embedder: PassageEmbedder,
    *,
    rebuild: bool = False,
    progress: ProgressCallback | None = None,
    names: Mapping[Path, str] | None = None,
    allow_empty: bool = False,
    engine: Engine | None = None,
) -> Report:
    """Bring the index at `settings.index` in step with the articles under `paths`.

    Articles that were read from under these paths before and are no longer there are removed, but
    not all of a path at once unless `allow_empty` is given; those of other paths stay. With
    `rebuild` the index afterwards holds these paths only. What people have put right
    (`amend_article`) is applied to what is read, after a rebuild as well.

    Args:
        paths: files and folders.
        settings: where the index is, and how articles are cut.
        embedder: makes their vectors.
        rebuild: start from nothing; the old index is in use until it is done.
        progress: is told how far the run is.
        names: titles for articles that have none, by their file; rows of a file are numbered.
            One that is indexed already from another file stays as it is.
        allow_empty: a path from which articles were read may now hold nothing or be gone.
        engine: reads files and makes vectors in place of this process; closed afterwards.

    Raises:
        SourceError: a path is missing or holds no article; nothing has been changed then.
        IndexMismatch: the index was built with other settings and `rebuild` is not given.
        IndexLocked: another process writes to it.
    """
    started = time.monotonic()
    paths = [path.resolve() for path in paths]
    follow(settings)
    files = to_read(paths, None if rebuild else settings.index, allow_empty=allow_empty)
    with writing(settings) as shared:
        before, manifest = manifests(settings, embedder, rebuild=rebuild)
        with write_session(settings.index, manifest, shared) as index:
            if not (settings.index / "manifest.json").exists():
                manifest.write(settings.index)  # from here on there is an index, still empty
            if rebuild:
                take_over(index)
            titles = {path.resolve(): tidy_title(name) for path, name in (names or {}).items()}
            engine = engine or Local(settings, embedder)
            run = _Run(index, settings, engine, progress, paths, titles, whole=rebuild)
            run.report.failures += leading_out(paths)
            run.report.not_read = kinds_not_read(paths)
            report = run.run(files)
        drop_other_generations(settings.index, manifest, before, shared=shared is not None)
    report.seconds = time.monotonic() - started
    return report


def remove_articles(ids: Iterable[str], settings: Settings) -> list[Article]:
    """Take articles out of the index, with what was put right about them; returns those it had.

    Their files stay: the next run over them brings the articles back.

    Raises:
        IndexMissing: there is no index.
        IndexLocked: another process writes to it.
    """
    with changing(settings) as index:
        found = [a for id in dict.fromkeys(ids) if (a := index.archive.article(id)) is not None]
        complete(index, [article.id for article in found], for_good=True)
    return found


def amend_article(
    id: str,
    settings: Settings,
    embedder: PassageEmbedder,
    *,
    title: str | None = None,
    date: str | None = None,
) -> Article:
    """Put an article's title or date right, and keep that for whenever its file is read again.

    Args:
        id: of the article; it stays the same.
        settings: where the index is, and how articles are cut.
        embedder: makes its vectors anew, for its title and date are part of them.
        title: the new one; may be empty. None leaves it.
        date: YYYY, YYYY-MM or YYYY-MM-DD; empty when it is unknown. None leaves it.

    Raises:
        ArticleError: the index does not hold the article, or the date is none.
        IndexMissing, IndexMismatch: there is no index, or it was built with other settings.
        IndexLocked: another process writes to it.
    """
    asked = Amendment().with_changes(title, date)
    with changing(settings) as index:
        index.manifest.check(settings.index, embedder, settings)
        before = index.archive.article(id)
        if before is None:
            raise ArticleError(f"the index holds no article with the id {id!r:.60}.")
        known = index.archive.amendment(id) or Amendment()
        article = asked.of(before)
        run = _Run(index, settings, Local(settings, embedder), None, ())
        run.stage([[(article, split(article, settings.chunk_chars))]])
        complete(index, amendments={id: known.with_changes(title, date)})
    return article


@dataclass(frozen=True, slots=True)
class _Batch:
    """Articles on their way into the archive.

    Attributes:
        articles: all of them, also those without a chunk.
        cut: their chunks.
        coming: what is made of the chunks in order, some at a time.
    """

    articles: Sequence[Article]
    cut: Cut
    coming: Sequence[Callable[[], Sequence[Analysed]]]


class _Run:
    """One pass over the files."""

    def __init__(
        self,
        index: WritableIndex,
        settings: Settings,
        engine: Engine,
        progress: ProgressCallback | None,
        roots: Sequence[Path],
        names: Mapping[Path, str] | None = None,
        *,
        whole: bool = False,
    ) -> None:
        """
        Args:
            index: open for writing.
            settings: how articles are cut.
            engine: reads files and makes vectors.
            progress: is told how far the run is.
            roots: paths whose articles are removed where they were not read.
            names: titles for articles that have none, by their file.
            whole: whether all others are removed too; a rebuild may find what a killed one left.
        """
        self.index = index
        self.whole = whole
        self.roots = roots
        self.settings = settings
        self.engine = engine
        self.progress = progress
        self.report = Report()
        self.identities = Identities(index.archive, names or {}, whole=whole)
        self.held: dict[str, None] = {}  # in the order of reading
        self.done = 0  # articles
        self.about = 0
        self.file, self.files = 0, 0

    def run(self, files: Sequence[Path]) -> Report:
        self.files = len(files)
        if self.progress:
            self.about = sum(map(count, files))
        self.stage(self._batches(self._changed(files)))
        gone = self._missing()
        complete(self.index, gone)
        self.report.removed = len(gone)
        self.report.articles = tuple(self.held)
        self.report.counts = self.index.archive.counts()
        return self.report

    def _tell(self, articles: int = 0) -> None:
        """Say how far the run is, some articles further than before."""
        self.done += articles
        if self.progress:
            chunks = self.report.embedded
            self.progress(Step(self.done, self.about, chunks, self.file, self.files))

    def _changed(self, files: Sequence[Path]) -> Iterator[Article]:
        begun = _ahead(map(self._read, files), self.engine.files_ahead)
        for self.file, items in enumerate(begun, 1):
            yield from self._changed_in(items)

    def _read(self, file: Path) -> Iterator[Article | Failure]:
        """What a file holds; one that was given up on is not read again until it changes."""
        archive, status = self.index.archive, file.stat() if file.exists() else None
        state = f"{status.st_size} {status.st_mtime_ns}" if status else ""
        reason = archive.refused(origin_of(file), state)
        if reason is not None:
            return iter([Failure(origin_of(file), reason)])
        return self._noted(self.engine.read(file), file, state)

    def _noted(
        self, items: Iterable[Article | Failure], file: Path, state: str
    ) -> Iterator[Article | Failure]:
        for item in items:
            if isinstance(item, TooMuch):
                self.index.archive.refuse(origin_of(file), state, item.reason)
            yield item

    def _changed_in(self, items: Iterable[Article | Failure]) -> Iterator[Article]:
        for item in items:
            if isinstance(item, Notice):
                self.report.notices.append(item)
            elif isinstance(item, Failure):
                self.report.failures.append(item)
            elif (article := self._register(untracked(item))) is not None:
                if flagged := Flagged.of(article):
                    self.report.suspicious.append(flagged)
                if not self.index.archive.take_up(article):
                    self.identities.waiting[article.fingerprint] = article
                    yield article
                    continue
            self._tell(1)

    def _batches(self, articles: Iterable[Article]) -> Iterator[list[tuple[Article, list[Chunk]]]]:
        """Articles with their chunks, enough at a time to fill a batch."""
        batch: list[tuple[Article, list[Chunk]]] = []
        for article in articles:
            batch.append((article, split(article, self.settings.chunk_chars)))
            if sum(len(chunks) for _, chunks in batch) >= _BATCH_CHUNKS:
                yield batch
                batch = []
        yield batch

    def _register(self, read: Article) -> Article | None:
        """The article as it is to be indexed; None when it is already done, which is decided here.

        A copy does not take an article over while its file is there: who may remove the copy may
        not remove the article.
        """
        archive, report, identities = self.index.archive, self.report, self.identities
        article = identities.of(read)
        before, known = archive.seen(article.id), archive.known(article.id)
        if before and before.fingerprint == article.fingerprint:
            report.duplicates += 1
            self._hold(article)
            return None
        others = [v for v in (before, known) if v and v.fingerprint != article.fingerprint]
        corrected = [other for other in others if identities.corrects(article, other)]
        if later := next((v for v in corrected if _saved(read.origin) < _saved(v.origin)), None):
            report.duplicates += 1
            self._note_earlier(article, later.origin)
            return None
        if before and before not in corrected:
            # The page tells the reason to whoever added the file: the other's name alone.
            reason = f"its id {read.id!r} is already that of {Path(before.origin).name}"
            report.failures.append(Failure(read.origin, f"{reason}, with other content"))
            return None
        archive.see(article)
        self._hold(article)
        if before:
            if known is not None and known.fingerprint == before.fingerprint:
                report.unchanged -= 1  # as which the earlier version was counted
                report.updated += 1
            else:
                self._note_earlier(identities.article(before), read.origin)
            return article
        if known is None:
            report.added += 1
            if article.id != read.id:
                report.renamed[file_of(read.origin)] += 1
            return article
        if known.fingerprint != article.fingerprint:
            report.updated += 1
            return article
        report.unchanged += 1
        if known.origin != article.origin and not self._is_elsewhere(known.origin, article):
            archive.move(article.id, article.origin)
        return None

    def _note_earlier(self, earlier: Article | None, corrected_in: str) -> None:
        """Keep a state of an article that no run has published; None when it is gone."""
        if earlier is not None:
            day = datetime.fromtimestamp(_saved(corrected_in)[0] / 1e9, UTC).date().isoformat()
            self.index.archive.note_earlier(earlier, day, _saved(earlier.origin)[0])

    def _hold(self, article: Article) -> None:
        if len(self.held) < _MOST_NAMED:
            self.held[article.id] = None

    def _is_elsewhere(self, origin: str, article: Article) -> bool:
        """Whether the article still stands in a newer file, or one that is not being read now."""
        if not is_of_another(article, origin):
            return False
        being_read = self.whole or _under(origin, self.roots)
        return not being_read or _saved(article.origin) < _saved(origin)

    def stage(self, batches: Iterable[Sequence[tuple[Article, Sequence[Chunk]]]]) -> None:
        """Embed articles with their chunks, and put them where `complete` finds them.

        The engine always finds the next batch waiting; whatever decides or writes happens here.
        """
        with closing(self.engine):
            begun = (self._begun(batch) for batch in batches if batch)
            for batch in _ahead(begun, self.engine.batches_ahead):
                self._end(batch)

    def _begun(self, batch: Sequence[tuple[Article, Sequence[Chunk]]]) -> _Batch:
        cut = [(article, chunk) for article, chunks in batch for chunk in chunks]
        coming = [
            self.engine.analyse(cut[start : start + _EMBED_AT_ONCE])
            for start in range(0, len(cut), _EMBED_AT_ONCE)
        ]
        return _Batch([article for article, _ in batch], cut, coming)

    def _end(self, batch: _Batch) -> None:
        """Put a batch into the archive once its vectors are there."""
        analysed: list[Analysed] = []
        for result in batch.coming:
            some = result()
            analysed += some
            self.report.embedded += len(some)
            self._tell()
        passages = [
            IndexedChunk(chunk, article, top, tuple(lines), rows)
            for (article, chunk), ((top, *lines), rows) in zip(batch.cut, analysed, strict=True)
        ]
        self.index.archive.stage(batch.articles, passages)
        for article in batch.articles:
            self.identities.waiting.pop(article.fingerprint, None)
        self._tell(len(batch.articles))

    def _missing(self) -> list[str]:
        """The articles that were not read where they should be."""
        failed = {path_of(failure.origin) for failure in self.report.failures}
        return [
            id
            for id, origin in self.index.archive.unseen()
            if path_of(origin) not in failed and (self.whole or _under(origin, self.roots))
        ]


def embedding_input(article: Article, chunk: Chunk) -> tuple[str, list[tuple[int, int]]]:
    """What is embedded for a chunk, header and text, and where its sentences are in that."""
    top = header(article)
    before = f"{top}\n" if top else ""
    shift = len(before) - chunk.span.start
    return before + chunk.text, [(s.start + shift, s.end + shift) for s in chunk.sentences]


def embedded(embedder: PassageEmbedder, cut: Cut) -> list[np.ndarray]:
    """The vectors of chunks: for each (1 + sentences, d) float16."""
    prepared = [embedding_input(article, chunk) for article, chunk in cut]
    vectors = embedder.passages_with_parts(
        [text for text, _ in prepared], [parts for _, parts in prepared]
    )
    return [rows.astype("float16") for rows in vectors]


def chunk_terms(cut: Cut) -> list[Sequence[tuple[str, ...]]]:
    """The terms of chunks: for each those of its header, then those of each sentence."""
    return [
        [tuple(terms(line, a.language)) for line in (header(a), *chunk.sentence_texts())]
        for a, chunk in cut
    ]


def reading_child(settings: Settings) -> Child:
    """What reads files within the limits that the settings give."""
    limits = Limits(settings.file_seconds, settings.file_megabytes)
    return Child(limits, dict(pair.split("=", 1) for pair in settings.fields))


def _ahead(items: Iterable[T], count: int) -> Iterator[T]:
    """The items, each once so many that follow have been begun."""
    begun = deque[T]()
    for item in items:
        begun.append(item)
        if len(begun) > count:
            yield begun.popleft()
    while begun:
        yield begun.popleft()


def _saved(origin: str) -> tuple[int, str]:
    """When a file was saved; of two saved at once, the order of their names."""
    file = path_of(origin)
    return file.stat().st_mtime_ns, file.name


def _under(origin: str, roots: Sequence[Path]) -> bool:
    file = path_of(origin)
    return any(root == file or root in file.parents for root in roots)
