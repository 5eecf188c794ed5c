"""Build: articles → index, doing only what changed, safe to kill at any moment.

Changed articles are read and embedded a batch at a time and staged beside the archive, where no
reader looks. A batch is embedded in a thread while the next is read, cut and analysed. Once all are
there:

    1. announce   the new chunks' ids are noted as leftovers, and the seal is broken
    2. put        vectors go to Chroma
    3. publish    one SQLite transaction puts the new articles in place of the old, their words
                  with them, and takes out what is gone: from here on readers see the new state,
                  and the chunks that nothing holds any more are leftovers
    4. clear      leftovers are deleted from Chroma, then forgotten; the seal is renewed

Readers see the state before step 3 or the one after it. Killed while it stages, a run costs the
next one nothing: that takes up what is staged. Killed in one of the steps, it leaves leftovers, and
the next run begins by clearing them. Taking articles out and putting one right (`remove_articles`,
`amend_article`) are runs too, without files.
"""

from __future__ import annotations

import hashlib
import logging
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from qa.documents.article import Article
from qa.documents.chunks import Chunk, header, split
from qa.documents.corrections import Amendment, tidy_title
from qa.documents.injection import Flagged
from qa.documents.parsers import Failure, count, find, leading_out
from qa.documents.parsers.fields import Notice, origin_of
from qa.documents.parsers.isolated import Child, Limits, TooMuch
from qa.errors import ArticleError, IndexMissing, IndexUnusable
from qa.index.archive import Archive, IndexedChunk, file_of
from qa.index.checksums import break_seal, seal
from qa.index.chroma import ChromaIndex
from qa.index.directory import EmbedderIdentity, Index, Manifest, check_count, write_lock
from qa.language.terms import terms
from qa.settings import Settings

if TYPE_CHECKING:
    import numpy as np

log = logging.getLogger(__name__)

# A batch ends with the article that fills it. Both bound what is in memory, two batches at most: an
# article of any length is one transaction, but its vectors are made float16 a few chunks at a time.
_BATCH_CHUNKS = 256
_EMBED_AT_ONCE = 64
_MOST_NAMED = 1000
_GENERATION = re.compile(r"[0-9a-f]{12}-\d+")  # as `generation` names them


class PassageEmbedder(EmbedderIdentity, Protocol):
    """What indexing needs of an embedder."""

    def passages_with_parts(
        self, texts: Sequence[str], parts: Sequence[Sequence[tuple[int, int]]]
    ) -> Sequence[np.ndarray]:
        """For each text (1 + its parts, d) float32, unit length: the text's, then its parts'."""
        ...


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
) -> Report:
    """Bring the index at `settings.index` in step with the articles under `paths`.

    Articles that were read from under these paths before and are no longer there are removed;
    those of other paths stay. With `rebuild` the index afterwards holds these paths only. What
    people have put right (`amend_article`) is applied to what is read, after a rebuild as well.

    Args:
        paths: files and folders.
        settings: where the index is, and how articles are cut.
        embedder: makes their vectors.
        rebuild: start from nothing; the old index is in use until it is done.
        progress: is told how far the run is.
        names: titles for articles that have none, by their file; rows of a file are numbered.
            One that is indexed already from another file stays as it is.

    Raises:
        SourceError: a path is missing or holds no article; nothing has been changed then.
        IndexMismatch: the index was built with other settings and `rebuild` is not given.
        IndexLocked: another process writes to it.
    """
    started = time.monotonic()
    paths = [path.resolve() for path in paths]
    files = find(paths)
    with write_lock(settings.index):
        before, manifest = _manifests(settings, embedder, rebuild=rebuild)
        with write_session(settings.index, manifest) as index:
            if not (settings.index / "manifest.json").exists():
                manifest.write(settings.index)  # from here on there is an index, still empty
            if rebuild:
                _take_amendments_over(index)
            run = _Run(index, settings, embedder, progress, paths, whole=rebuild)
            run.report.failures += leading_out(paths)
            run.names = {path.resolve(): tidy_title(name) for path, name in (names or {}).items()}
            report = run.run(files)
        drop_other_generations(settings.index, manifest, before)
    report.seconds = time.monotonic() - started
    return report


def remove_articles(ids: Iterable[str], settings: Settings) -> list[Article]:
    """Take articles out of the index, with what was put right about them; returns those it had.

    Their files stay: the next run over them brings the articles back.

    Raises:
        IndexMissing: there is no index.
        IndexLocked: another process writes to it.
    """
    with _changing(settings) as index:
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
    with _changing(settings) as index:
        index.manifest.check(settings.index, embedder, settings)
        before = index.archive.article(id)
        if before is None:
            raise ArticleError(f"the index holds no article with the id {id!r:.60}.")
        known = index.archive.amendment(id) or Amendment()
        article = asked.of(before)
        run = _Run(index, settings, embedder, None, ())
        run.stage([[(article, split(article, settings.chunk_chars))]])
        complete(index, amendments={id: known.with_changes(title, date)})
    return article


@contextmanager
def write_session(directory: Path, manifest: Manifest) -> Iterator[Index]:
    """The index, open for a run; sealed and told in its manifest once that has completed.

    Without a seal, nobody knows what a killed run has done to Chroma's files: that is made again
    first, from the archive.
    """
    index = Index.at(directory, manifest, writable=True)
    try:
        archive = index.archive
        if index.seal is None:
            if manifest.id or not manifest.chroma_url:  # else it may be another index's as well
                index.store.empty()
            for ids in _parts(sorted(archive.chunk_ids())):
                _put_vectors(index, archive.passages(ids))
        clear_leftovers(index)
        yield index
        check_count(index.store, archive)
        archive.tidy()
        done, words = manifest.after_run(archive), archive.lexical.sum()
    finally:
        index.close()
    shutil.rmtree(index.home / "lexical", ignore_errors=True)  # of earlier versions
    seal(index.home, words)
    done.write(directory)


@contextmanager
def _changing(settings: Settings) -> Iterator[Index]:
    """The index, open for a change of its own."""
    Manifest.read(settings.index)  # before the lock makes a folder
    with (
        write_lock(settings.index),
        write_session(settings.index, Manifest.read(settings.index)) as index,
    ):
        yield index


def _manifests(
    settings: Settings, embedder: PassageEmbedder, *, rebuild: bool
) -> tuple[Manifest | None, Manifest]:
    """The current manifest, and the one to go on with: the same, or one for a new generation."""
    try:
        current = Manifest.read(settings.index)
    except IndexMissing:
        return None, new_manifest(settings, embedder, 0)
    except IndexUnusable:
        if not rebuild:
            raise
        return None, new_manifest(settings, embedder, int(time.time()))
    if rebuild:
        number = int(current.generation.rsplit("-", 1)[1]) + 1
        return current, new_manifest(settings, embedder, number, current.id)
    current.check(settings.index, embedder, settings)
    return current, current


def new_manifest(
    settings: Settings, embedder: EmbedderIdentity, number: int, id: str = ""
) -> Manifest:
    """For a new generation; of a new index unless an id is given."""
    manifest = Manifest.new("", embedder, settings, id)
    return replace(manifest, generation=generation(manifest, number))


def generation(manifest: Manifest, number: int) -> str:
    """A name that tells generations apart by what they were built with, then by number.

    A rebuild that was killed finds its unfinished generation again under the same name.
    """
    made_of = (
        manifest.embedder_fingerprint,
        manifest.chunk_chars,
        manifest.chroma_url,
        manifest.id,
    )
    return f"{hashlib.sha256(repr(made_of).encode()).hexdigest()[:12]}-{number}"


def _take_amendments_over(index: Index) -> None:
    """Note what was put right in the generations that this one replaces, the latest last."""
    archives = [
        path
        for child in _other_generations(index.directory, index.manifest)
        if (path := child / "articles.sqlite").exists()
    ]
    for path in sorted(archives, key=lambda path: path.stat().st_mtime):
        try:
            old = Archive.open(path)
        except IndexUnusable as exc:
            log.warning("titles and dates that were put right there are lost: %s", exc)
            continue
        with closing(old):
            index.archive.amend(old.amendments())


def drop_other_generations(directory: Path, manifest: Manifest, before: Manifest | None) -> None:
    """Remove what the current generation replaces.

    Args:
        directory: of the index.
        manifest: names the current generation.
        before: of the index as it was; one without an id may share its collection with another.
    """
    for child in _other_generations(directory, manifest):
        if manifest.chroma_url and before and before.id:
            other = replace(manifest, generation=child.name)
            ChromaIndex.drop(manifest.chroma_url, other.collection)
        shutil.rmtree(child)


def _other_generations(directory: Path, manifest: Manifest) -> list[Path]:
    return [
        child
        for child in directory.iterdir()
        if child.name != manifest.generation and _GENERATION.fullmatch(child.name)
    ]


@dataclass(frozen=True, slots=True)
class _Batch:
    """Articles on their way into the archive.

    Attributes:
        articles: all of them, also those without a chunk.
        cut: their chunks.
        terms: of each chunk, those of its header, then those of each sentence.
        vectors: of the chunks in order, some at a time: for each (1 + sentences, d) float16.
    """

    articles: Sequence[Article]
    cut: Sequence[tuple[Article, Chunk]]
    terms: Sequence[Sequence[tuple[str, ...]]]
    vectors: Sequence[Future[list[np.ndarray]]]


class _Run:
    """One pass over the files."""

    def __init__(
        self,
        index: Index,
        settings: Settings,
        embedder: PassageEmbedder,
        progress: ProgressCallback | None,
        roots: Sequence[Path],
        *,
        whole: bool = False,
    ) -> None:
        """
        Args:
            index: open for writing.
            settings: how articles are cut, and what reading a file may take.
            embedder: makes vectors.
            progress: is told how far the run is.
            roots: paths whose articles are removed where they were not read.
            whole: whether all others are removed too; a rebuild may find what a killed one left.
        """
        self.index = index
        self.whole = whole
        self.roots = roots
        self.settings = settings
        self.embedder = embedder
        self.progress = progress
        self.report = Report()
        self.names: Mapping[Path, str] = {}
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
        limits = Limits(self.settings.file_seconds, self.settings.file_megabytes)
        with Child(limits) as child:
            for self.file, file in enumerate(files, 1):
                yield from self._changed_in(self._read(child, file))

    def _read(self, child: Child, file: Path) -> Iterator[Article | Failure]:
        """What a file holds; one that was given up on is not read again until it changes."""
        archive, status = self.index.archive, file.stat() if file.exists() else None
        state = f"{status.st_size} {status.st_mtime_ns}" if status else ""
        reason = archive.refused(origin_of(file), state)
        if reason is not None:
            yield Failure(origin_of(file), reason)
            return
        for item in child.read(file):
            if isinstance(item, TooMuch):
                archive.refuse(origin_of(file), state, item.reason)
            yield item

    def _changed_in(self, items: Iterable[Article | Failure]) -> Iterator[Article]:
        for item in items:
            if isinstance(item, Notice):
                self.report.notices.append(item)
            elif isinstance(item, Failure):
                self.report.failures.append(item)
                self._tell(1)
            elif self._register(article := self._put_right(item)):
                if flagged := Flagged.of(article):
                    self.report.suspicious.append(flagged)
                if self.index.archive.take_up(article):
                    self._tell(1)
                else:
                    yield article
            else:
                self._tell(1)

    def _batches(self, articles: Iterable[Article]) -> Iterator[list[tuple[Article, list[Chunk]]]]:
        """Articles with their chunks, enough at a time to fill a batch."""
        batch: list[tuple[Article, list[Chunk]]] = []
        size = 0
        for article in articles:
            chunks = split(article, self.settings.chunk_chars)
            batch.append((article, chunks))
            size += len(chunks)
            if size >= _BATCH_CHUNKS:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _put_right(self, article: Article) -> Article:
        """The article with what was put right about it, and its file's name if it has no title."""
        archive = self.index.archive
        amendment = archive.amendment(article.id) or Amendment()
        row = article.origin.removeprefix(file_of(article.origin)).removeprefix("#")
        name = self.names.get(_file(article.origin))
        if name and not (article.title or amendment.name or self._is_of_another(article)):
            amendment = replace(amendment, name=f"{name} ({row})" if row else name)
            archive.amend({article.id: amendment})
        return amendment.of(article)

    def _is_of_another(self, article: Article) -> bool:
        """Whether the index has the article from another file."""
        known = self.index.archive.known(article.id)
        return known is not None and _file(known[1]) != _file(article.origin)

    def _register(self, article: Article) -> bool:
        """The one place that decides whether an article is already done."""
        archive = self.index.archive
        if before := archive.seen(article.id):
            fingerprint, origin = before
            if fingerprint == article.fingerprint:
                self.report.duplicates += 1
                self._hold(article)
            else:
                self._clash(article, origin)
            return False
        archive.see(article)
        known = archive.known(article.id)
        if known is None:
            self.report.added += 1
            self._hold(article)
            return True
        fingerprint, origin = known
        if fingerprint != article.fingerprint and self._is_elsewhere(origin, article):
            self._clash(article, origin)
            return False
        self._hold(article)
        if fingerprint != article.fingerprint:
            self.report.updated += 1
            return True
        self.report.unchanged += 1
        # A copy does not take an article over while its file is there: who may remove the copy
        # may not remove the article.
        if origin != article.origin and not self._is_elsewhere(origin, article):
            archive.move(article.id, article.origin)
        return False

    def _hold(self, article: Article) -> None:
        if len(self.held) < _MOST_NAMED:
            self.held[article.id] = None

    def _is_elsewhere(self, origin: str, article: Article) -> bool:
        """Whether an article of this id still stands in a file that is not being read now."""
        file = _file(origin)
        gone = self.whole or _under(origin, self.roots) or not file.exists()
        return file != _file(article.origin) and not gone

    def _clash(self, article: Article, origin: str) -> None:
        # Its file's name: the page tells the reason to whoever added the article.
        other = Path(origin).name
        reason = f"its id {article.id!r} is already that of {other}, with other content"
        self.report.failures.append(Failure(article.origin, reason))

    def stage(self, batches: Iterable[Sequence[tuple[Article, Sequence[Chunk]]]]) -> None:
        """Embed articles with their chunks, and put them where `complete` finds them.

        The embedder has a thread, which always finds the next batch waiting; everything else, and
        whatever writes, happens in the caller's.
        """
        pool = ThreadPoolExecutor(1, thread_name_prefix="embedding")
        try:
            before = None
            for batch in batches:
                begun = self._begun(batch, pool)
                if before is not None:
                    self._end(before)
                before = begun
            if before is not None:
                self._end(before)
        finally:
            pool.shutdown(cancel_futures=True)

    def _begun(
        self, batch: Sequence[tuple[Article, Sequence[Chunk]]], embedding: Executor
    ) -> _Batch:
        """A batch with its terms; its vectors are on their way."""
        cut = [(article, chunk) for article, chunks in batch for chunk in chunks]
        vectors = [
            embedding.submit(self._vectors, cut[start : start + _EMBED_AT_ONCE])
            for start in range(0, len(cut), _EMBED_AT_ONCE)
        ]
        lines = list[Sequence[tuple[str, ...]]]()
        for article, chunks in batch:
            [top] = _terms([header(article)], article)
            lines += [(top, *_terms(chunk.sentence_texts(), article)) for chunk in chunks]
        return _Batch([article for article, _ in batch], cut, lines, vectors)

    def _vectors(self, cut: Sequence[tuple[Article, Chunk]]) -> list[np.ndarray]:
        """In the embedder's thread."""
        prepared = [embedding_input(article, chunk) for article, chunk in cut]
        vectors = self.embedder.passages_with_parts(
            [text for text, _ in prepared], [parts for _, parts in prepared]
        )
        return [rows.astype("float16") for rows in vectors]

    def _end(self, batch: _Batch) -> None:
        """Put a batch into the archive once its vectors are there."""
        vectors: list[np.ndarray] = []
        for coming in batch.vectors:
            some = coming.result()
            vectors += some
            self.report.embedded += len(some)
            self._tell()
        passages = [
            IndexedChunk(chunk, article, top, tuple(lines), rows)
            for (article, chunk), (top, *lines), rows in zip(
                batch.cut, batch.terms, vectors, strict=True
            )
        ]
        self.index.archive.stage(batch.articles, passages)
        self._tell(len(batch.articles))

    def _missing(self) -> list[str]:
        """The articles that were not read where they should be."""
        failed = {_file(failure.origin) for failure in self.report.failures}
        return [
            id
            for id, origin in self.index.archive.unseen()
            if _file(origin) not in failed and (self.whole or _under(origin, self.roots))
        ]


def complete(
    index: Index,
    gone: Sequence[str] = (),
    amendments: Mapping[str, Amendment] | None = None,
    *,
    for_good: bool = False,
) -> None:
    """Steps 1 to 4 for what is staged; the other arguments are those of `Archive.publish`."""
    archive = index.archive
    due = archive.due()
    if due or gone:
        archive.announce()
        break_seal(index.home)
    for ids in _parts(due):
        _put_vectors(index, archive.passages(ids, staged=True))
    revision = 1 + max(archive.revision, index.manifest.revision)
    archive.publish(revision, gone, amendments, for_good=for_good)
    clear_leftovers(index)


def clear_leftovers(index: Index) -> None:
    """Take out of Chroma what no article holds."""
    ids = index.archive.leftovers()
    if ids:
        break_seal(index.home)
        index.store.delete(ids)
        index.archive.forget(ids)


def embedding_input(article: Article, chunk: Chunk) -> tuple[str, list[tuple[int, int]]]:
    """What is embedded for a chunk, header and text, and where its sentences are in that."""
    top = header(article)
    before = f"{top}\n" if top else ""
    shift = len(before) - chunk.span.start
    return before + chunk.text, [(s.start + shift, s.end + shift) for s in chunk.sentences]


def _terms(lines: Iterable[str], article: Article) -> list[tuple[str, ...]]:
    return [tuple(terms(line, article.language)) for line in lines]


def _put_vectors(index: Index, passages: Sequence[IndexedChunk]) -> None:
    import numpy as np

    index.store.put(
        [p.chunk.id for p in passages],
        np.stack([p.vectors[0] for p in passages]).astype(np.float32),
        [p.article for p in passages],
    )


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _BATCH_CHUNKS] for start in range(0, len(ids), _BATCH_CHUNKS))


def _file(origin: str) -> Path:
    return Path(file_of(origin))


def _under(origin: str, roots: Sequence[Path]) -> bool:
    file = _file(origin)
    return any(root == file or root in file.parents for root in roots)
