"""The archive: what goes in comes out, all or nothing, and the journal of leftovers."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qa.documents.article import Article, PartialDate
from qa.documents.chunks import header, split
from qa.documents.corrections import Amendment
from qa.documents.filters import Filters
from qa.errors import IndexUnusable
from qa.index.archive import Archive, IndexedChunk, packed, unpacked
from qa.index.writer import ArchiveWriter, Version
from qa.language.terms import terms

TEXT = "Le pont rouvre. Il est neuf.\n\nLa mairie est contente. " * 8


def article(id: str, text: str = TEXT, **fields: object) -> Article:
    given = {"language": "fr", "origin": f"/{id}.txt", "title": "Le pont", **fields}
    return Article.create(id=id, text=text, **given)  # type: ignore[arg-type]


def passages(article: Article) -> list[IndexedChunk]:
    return [
        IndexedChunk(
            chunk=chunk,
            article=article,
            header_terms=tuple(terms(header(article), article.language)),
            terms=tuple(tuple(terms(s, article.language)) for s in chunk.sentence_texts()),
            vectors=np.full((1 + len(chunk.sentences), 4), 0.5, np.float16),
        )
        for chunk in split(article, 200)
    ]


def put(archive: ArchiveWriter, *articles: Article) -> list[str]:
    made = [passage for article in articles for passage in passages(article)]
    archive.stage(articles, made)
    archive.publish(1)
    return [passage.chunk.id for passage in made]


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[ArchiveWriter]:
    archive = ArchiveWriter.open(tmp_path / "articles.sqlite")
    yield archive
    archive.close()


def test_what_goes_in_comes_out(archive: ArchiveWriter):
    full = article("a", date=PartialDate(2017, 1), source="Le Courrier", url="https://a.example")
    bare = article("b", title="")
    put(archive, full, bare)
    assert archive.article("a") == full
    assert archive.article("b") == bare
    assert archive.article("c") is None
    written = passages(full)
    read = archive.passages([passage.chunk.id for passage in written])
    for was, now in zip(written, read, strict=True):
        assert (now.chunk, now.article) == (was.chunk, was.article)
        assert (now.header_terms, now.terms) == (was.header_terms, was.terms)
        np.testing.assert_array_equal(now.vectors, was.vectors)
    asked = [*(passage.chunk.id for passage in reversed(written)), "never there"]
    assert [p.chunk.id for p in archive.passages(asked)] == asked[:-1]


@pytest.mark.parametrize("sentences", [0, 1, 2, 7])
@pytest.mark.parametrize("dimension", [383, 384])
def test_vectors_of_sentences_come_back_nearly_the_same_in_half_the_room(
    sentences: int, dimension: int
):
    """The chunk's own comes back bit by bit, for Chroma is made again from it."""
    drawn = np.random.default_rng(sentences).standard_normal((1 + sentences, dimension))
    given = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float16)
    blob = packed(given)
    back = unpacked(blob, sentences)
    assert (back.shape, back.dtype) == (given.shape, given.dtype)
    assert (back[0] == given[0]).all()
    assert len(blob) <= (2 + sentences) * dimension + 1
    cosines = np.sum(back.astype(np.float32) * given.astype(np.float32), axis=1)
    assert cosines == pytest.approx(np.ones(1 + sentences), abs=1e-3)
    assert (unpacked(given.tobytes(), sentences) == given).all(), "as earlier versions stored them"


def test_a_sentence_without_terms_keeps_its_place(archive: ArchiveWriter):
    """ "C'est là." has small words only; the empty line must not shift the others."""
    [chunk_id] = put(archive, article("a", "C'est là. Le pont rouvre. Et là.", title=""))
    [passage] = archive.passages([chunk_id])
    assert (passage.header_terms, passage.terms[0], passage.terms[2]) == ((), (), ())
    assert len(passage.terms[1]) == 2


def listed(archive: ArchiveWriter, words: str = "", *, oldest_first: bool = False) -> list[str]:
    """The ids of the articles that have these words."""
    listing = archive.browse(Filters(), words, 0, 10, oldest_first=oldest_first)
    assert listing.total == len(listing.articles)
    return [article.id for article in listing.articles]


def test_a_page_may_begin_with_the_oldest_undated_last_both_ways(archive: ArchiveWriter):
    dates = {"a": None, "b": PartialDate(2017), "c": PartialDate(2019, 3), "d": PartialDate(2018)}
    put(archive, *(article(id, date=date) for id, date in dates.items()))
    assert listed(archive) == ["c", "d", "b", "a"]
    assert listed(archive, oldest_first=True) == ["b", "d", "c", "a"]


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ("choïgou", ["a"]),
        ("CHOIGOU", ["a"]),
        ("sergueï choï", ["a"]),
        ("courrier", ["a", "b"]),
        ("courrier pont", ["b"]),
        ("rencontre visite", ["a"]),
        ("guerre rencontre", []),
        ("oeuvre", ["b"]),
        ("100%", []),
        ("  ", ["a", "b"]),
    ],
)
def test_every_word_is_in_the_title_the_source_or_the_text(
    archive: ArchiveWriter, words: str, ids: list[str]
):
    put(
        archive,
        article("a", "Choïgou à une RENCONTRE.", title="Sergueï Visite", source="Le Courrier"),
        article("b", "L’œuvre est là.", source="LE COURRIER"),
    )
    assert listed(archive, words) == ids


def test_the_articles_of_a_file_are_known(archive: ArchiveWriter):
    origins = {"a": "/x.jsonl#1", "b": "/x.jsonl#12", "c": "/x.jsonl.gz#1", "d": "/x.jsonl#b.txt"}
    put(archive, *(article(id, origin=origin) for id, origin in origins.items()))
    assert archive.of_file("/x.jsonl") == ["a", "b"]
    assert archive.of_file("/x.jsonl#b.txt") == ["d"]
    assert archive.of_file("/x") == []


def test_what_was_put_right_stays_when_its_article_is_gone_unless_for_good(archive: ArchiveWriter):
    right = Amendment("Le pont", "2019-03", "pont")
    put(archive, article("a"))
    archive.stage([article("a")], [])
    archive.publish(1, amendments={"a": Amendment("Le pont")})
    archive.amend({"a": right, "b": Amendment(date="")})
    archive.publish(1, ["a"])
    assert archive.amendments() == {"a": right, "b": Amendment(date="")}
    archive.publish(1, ["a"], for_good=True)
    assert archive.amendment("a") is None


def test_listing_goes_page_by_page_and_passes_over_what_is_removed_meanwhile(
    archive: ArchiveWriter, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("qa.index.archive.PAGE", 2)
    put(archive, *(article(id) for id in "abcde"))
    listed = archive.articles()
    assert next(listed).id == "a"
    archive.publish(1, ["d"])
    assert [a.id for a in listed] == ["b", "c", "e"]


def test_what_a_run_has_read_is_told_from_what_it_has_not(
    archive: ArchiveWriter, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("qa.index.archive.PAGE", 2)
    put(archive, *(article(id) for id in "abcde"))
    for id in "bx":
        archive.see(article(id))
    assert archive.seen("b") == Version("b", article("b").fingerprint, "/b.txt", "")
    assert archive.seen("a") is None
    assert list(archive.unseen()) == [(id, f"/{id}.txt") for id in "acde"]


def test_facets_count_what_is_known(archive: ArchiveWriter):
    put(
        archive,
        article("a", date=PartialDate(2017, 1, 3), source="Le Courrier"),
        article("b", date=PartialDate(2017), language="en"),
    )
    assert archive.facets() == {
        "language": {"en": 1, "fr": 1},
        "source": {"Le Courrier": 1},
        "year": {"2017": 2},
    }


def test_the_journal_knows_what_chroma_may_hold_and_no_article_does(archive: ArchiveWriter):
    old = put(archive, article("a"), article("b"))
    assert archive.leftovers() == []
    new = article("a", "Le pont ferme.")
    made = [passage.chunk.id for passage in passages(new)]
    archive.stage([new], passages(new))
    assert archive.article("a") == article("a"), "nobody sees what is staged"
    assert listed(archive, "ferme") == []
    archive.announce()
    archive.announce()
    assert archive.leftovers() == archive.due() == made
    archive.publish(7)
    assert archive.article("a") == new
    assert listed(archive, "ferme") == ["a"]
    replaced = [id for id in old if id.startswith("a@")]
    assert (sorted(archive.leftovers()), archive.due()) == (sorted(replaced), [])
    archive.forget(replaced)
    archive.publish(8, ["a", "never there"])
    assert archive.leftovers() == made
    assert archive.passages(made) == []
    assert archive.state() == (8, 1, len(old) - len(replaced), len(made))


def test_a_failed_replacement_changes_nothing(archive: ArchiveWriter):
    before = put(archive, article("a"))
    with pytest.raises(sqlite3.IntegrityError):
        archive.stage([article("b"), replace(article("c"), origin=None)], [])  # type: ignore[arg-type]
    assert archive.rows("SELECT id FROM coming.article") == [("a",)]
    assert archive.chunk_ids() == set(before)


def test_threads_share_the_file(archive: ArchiveWriter, tmp_path: Path):
    ids = put(archive, article("a"))
    with (
        closing(Archive.open(tmp_path / "articles.sqlite")) as reader,
        ThreadPoolExecutor(8) as pool,
    ):
        assert set(pool.map(lambda _: len(reader.passages(ids)), range(40))) == {len(ids)}


def test_what_a_killed_run_has_staged_is_taken_up_by_the_next_if_it_is_still_the_same(
    archive: ArchiveWriter, tmp_path: Path
):
    archive.stage([article("a"), article("b")], passages(article("a")))
    archive.close()
    with closing(ArchiveWriter.open(tmp_path / "articles.sqlite")) as again:
        assert again.due() == []
        assert not again.take_up(article("a", "Le pont ferme."))
        assert again.take_up(article("a"))
        again.publish(1)
        assert [found.id for found in again.articles()] == ["a"]
        assert len(again.passages(sorted(again.chunk_ids()))) == len(passages(article("a")))
        assert again.take_up(article("b"))
        again.tidy()
        assert (tmp_path / "coming.sqlite").exists()
        again.publish(2)
        again.tidy()
    assert not (tmp_path / "coming.sqlite").exists()


def test_a_letter_that_has_changed_on_the_disk_is_never_quoted(
    archive: ArchiveWriter, tmp_path: Path
):
    ids = put(archive, article("a"), article("b"))
    archive.close()
    with closing(sqlite3.connect(tmp_path / "articles.sqlite")) as connection:
        connection.execute("UPDATE article SET text = replace(text, 'neuf', 'veuf') WHERE id = 'a'")
        connection.commit()
    with closing(Archive.open(tmp_path / "articles.sqlite")) as reader:
        assert reader.damaged() == [("a", "/a.txt")]
        assert reader.article("b") is not None
        for use in (lambda: reader.article("a"), lambda: reader.passages(ids)):
            with pytest.raises(IndexUnusable, match=r"'a' .* is damaged.*qa doctor --repair"):
                use()


def test_a_damaged_page_and_a_full_disk_are_told_in_one_line(
    archive: ArchiveWriter, tmp_path: Path
):
    put(archive, *(article(str(n)) for n in range(50)))
    archive._connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(IndexUnusable, match=r"disk is full.*Make room on the disk"):
        put(archive, *(article(str(n), TEXT * 9) for n in range(50)))
    path = tmp_path / "articles.sqlite"
    archive._connection.close()
    pages = path.read_bytes()
    path.write_bytes(pages[:4096] + b"\xab" * (len(pages) - 4096))
    with pytest.raises(IndexUnusable, match=r"malformed.*qa restore FILE --replace"):
        Archive.open(path)


def test_a_reader_sees_the_file_and_cannot_write(archive: ArchiveWriter, tmp_path: Path):
    put(archive, article("a"))
    with closing(Archive.open(tmp_path / "articles.sqlite")) as reader:
        assert reader.article("a") is not None
        with pytest.raises(IndexUnusable, match=r"readonly.*Make it writable for this user"):
            reader.rows("DELETE FROM article")


KILLED = """
import os, signal, sys
from pathlib import Path
from qa.index.archive import Archive
from qa.index.writer import ArchiveWriter
archive = ArchiveWriter.open(Path(sys.argv[1]))
archive._connection.execute("PRAGMA cache_size = 1")  # pages reach the file before the commit
with archive._transaction() as connection:
    connection.execute("UPDATE article SET title = 'half done', text = text || ?", ("x" * 500_000,))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_reader_undoes_what_a_killed_writer_left_half_done(
    archive: ArchiveWriter, tmp_path: Path
):
    """A reader that opened the file read-only could not, and said "attempt to write a readonly
    database" until the next indexing run.
    """
    put(archive, article("a"), article("b"))
    archive.close()
    path = tmp_path / "articles.sqlite"
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False, env=dict(os.environ))
    assert (tmp_path / "articles.sqlite-journal").exists()
    reader = Archive.open(path)
    assert [a.title for a in reader.articles()] == ["Le pont", "Le pont"]
    reader.close()
