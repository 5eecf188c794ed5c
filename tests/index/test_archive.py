"""The archive: what goes in comes out, all or nothing, and the journal of leftovers."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from qa.documents.article import Article, PartialDate
from qa.documents.chunks import header, split
from qa.documents.corrections import Amendment
from qa.documents.filters import Filters
from qa.errors import IndexUnusable
from qa.index.archive import Archive, IndexedChunk
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


def put(archive: Archive, *articles: Article) -> list[str]:
    made = [passage for article in articles for passage in passages(article)]
    archive.stage(articles, made)
    archive.publish(1)
    return [passage.chunk.id for passage in made]


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    archive = Archive.open(tmp_path / "articles.sqlite", writable=True)
    yield archive
    archive.close()


def test_what_goes_in_comes_out(archive: Archive):
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


def test_a_sentence_without_terms_keeps_its_place(archive: Archive):
    """ "C'est là." has small words only; the empty line must not shift the others."""
    [chunk_id] = put(archive, article("a", "C'est là. Le pont rouvre. Et là.", title=""))
    [passage] = archive.passages([chunk_id])
    assert (passage.header_terms, passage.terms[0], passage.terms[2]) == ((), (), ())
    assert len(passage.terms[1]) == 2


def test_passages_come_in_the_order_asked_and_the_unknown_are_left_out(archive: Archive):
    ids = put(archive, article("a"))
    assert len(ids) > 1
    asked = [*reversed(ids), "never there"]
    assert [p.chunk.id for p in archive.passages(asked)] == asked[:-1]
    assert archive.passages([]) == []


def test_articles_are_listed_newest_first_undated_last(archive: Archive):
    dates = {"a": None, "b": PartialDate(2017), "c": PartialDate(2019, 3), "d": PartialDate(2018)}
    put(archive, *(article(id, date=date) for id, date in dates.items()))
    assert [a.id for a in archive.articles()] == ["c", "d", "b", "a"]


def listed(archive: Archive, words: str = "", *, oldest_first: bool = False) -> list[str]:
    """The ids of the articles that have these words."""
    listing = archive.browse(Filters(), words, 0, 10, oldest_first=oldest_first)
    assert listing.total == len(listing.articles)
    return [article.id for article in listing.articles]


def test_a_page_may_begin_with_the_oldest_undated_last_both_ways(archive: Archive):
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
    archive: Archive, words: str, ids: list[str]
):
    put(
        archive,
        article("a", "Choïgou à une RENCONTRE.", title="Sergueï Visite", source="Le Courrier"),
        article("b", "L’œuvre est là.", source="LE COURRIER"),
    )
    assert listed(archive, words) == ids


def test_what_is_removed_is_not_found_by_its_words(archive: Archive):
    put(archive, article("a"), article("b"))
    archive.publish(1, ["a"])
    assert listed(archive, "mairie") == ["b"]


def test_a_file_of_an_earlier_version_is_read_as_it_is_and_completed_by_the_next_writer(
    archive: Archive, tmp_path: Path
):
    put(archive, article("a", "Choïgou est là."), article("b"))
    archive.close()
    path = tmp_path / "articles.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("DROP TABLE searched; DROP TABLE amendment;")
    with closing(Archive.open(path)) as reader:
        assert listed(reader, "choigou") == ["a"]
        assert reader.amendments() == {}
        with closing(Archive.open(path, writable=True)) as writer:
            assert listed(writer, "choigou") == ["a"]
            put(writer, article("c", "Choïgou n’est plus là."))
        assert listed(reader, "choigou") == ["a", "c"]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM searched").fetchone() == (3,)


def test_the_articles_of_a_file_are_known(archive: Archive):
    origins = {"a": "/x.jsonl#1", "b": "/x.jsonl#12", "c": "/x.jsonl.gz#1", "d": "/x.jsonl#b.txt"}
    put(archive, *(article(id, origin=origin) for id, origin in origins.items()))
    assert archive.of_file("/x.jsonl") == ["a", "b"]
    assert archive.of_file("/x.jsonl#b.txt") == ["d"]
    assert archive.of_file("/x") == []


def test_what_was_put_right_stays_when_its_article_is_gone_unless_for_good(archive: Archive):
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
    archive: Archive, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("qa.index.archive._PAGE", 2)
    put(archive, *(article(id) for id in "abcde"))
    listed = archive.articles()
    assert next(listed).id == "a"
    archive.publish(1, ["d"])
    assert [a.id for a in listed] == ["b", "c", "e"]


def test_what_a_run_has_read_is_told_from_what_it_has_not(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("qa.index.archive._PAGE", 2)
    put(archive, *(article(id) for id in "abcde"))
    for id in "bx":
        archive.see(article(id))
    assert archive.seen("b") == (article("b").fingerprint, "/b.txt")
    assert archive.seen("a") is None
    assert list(archive.unseen()) == [(id, f"/{id}.txt") for id in "acde"]


def test_what_a_run_has_read_is_gone_with_it(archive: Archive, tmp_path: Path):
    archive.see(article("a"))
    archive.close()
    again = Archive.open(tmp_path / "articles.sqlite", writable=True)
    assert again.seen("a") is None
    again.close()


def test_facets_count_what_is_known(archive: Archive):
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


def test_replacing_makes_the_earlier_chunks_leftovers(archive: Archive):
    old = put(archive, article("a"))
    assert archive.leftovers() == []
    new = put(archive, article("a", "Le pont ferme."))
    assert set(archive.leftovers()) == set(old)
    assert archive.chunk_ids() == set(new)
    archive.forget(old)
    assert archive.leftovers() == []


def test_what_is_announced_is_a_leftover_until_it_is_there(archive: Archive):
    made = passages(article("a"))
    archive.stage([article("a")], made)
    assert archive.leftovers() == []
    archive.announce()
    archive.announce()
    assert archive.leftovers() == archive.due() == [passage.chunk.id for passage in made]
    archive.publish(1)
    assert archive.leftovers() == archive.due() == []


def test_what_is_staged_is_seen_when_it_is_published_and_not_before(archive: Archive):
    put(archive, article("a"))
    new = article("a", "Le pont ferme.")
    archive.stage([new], passages(new))
    assert archive.article("a") == article("a")
    assert listed(archive, "ferme") == []
    archive.publish(7)
    assert archive.article("a") == new
    assert listed(archive, "ferme") == ["a"]
    assert archive.state() == (7, 1, 1, len(passages(article("a"))))


def test_what_a_killed_run_has_staged_is_taken_up_by_the_next_if_it_is_still_the_same(
    archive: Archive, tmp_path: Path
):
    archive.stage([article("a"), article("b")], passages(article("a")))
    archive.close()
    with closing(Archive.open(tmp_path / "articles.sqlite", writable=True)) as again:
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


def test_a_letter_that_has_changed_on_the_disk_is_never_quoted(archive: Archive, tmp_path: Path):
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


def test_a_damaged_page_and_a_full_disk_are_told_in_one_line(archive: Archive, tmp_path: Path):
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


def test_removing_takes_the_chunks_along(archive: Archive):
    ids = put(archive, article("a"), article("b"))
    archive.publish(1, ["a", "never there"])
    assert archive.article("a") is None
    assert archive.counts()["articles"] == 1
    gone = [id for id in ids if id.startswith("a@")]
    assert set(archive.leftovers()) == set(gone)
    assert archive.passages(gone) == []


def test_a_move_changes_the_origin_only(archive: Archive):
    put(archive, article("a"))
    archive.move("a", "/elsewhere.txt")
    assert archive.known("a") == (article("a").fingerprint, "/elsewhere.txt")
    assert archive.known("never there") is None


def test_a_failed_replacement_changes_nothing(archive: Archive):
    put(archive, article("a"))
    before = archive.chunk_ids()
    twice = passages(article("b"))[:1] * 2
    with pytest.raises(sqlite3.IntegrityError):
        archive.stage([article("b")], twice)
    assert archive.article("b") is None
    assert archive.chunk_ids() == before


def test_a_reader_sees_the_file_and_cannot_write(archive: Archive, tmp_path: Path):
    put(archive, article("a"))
    reader = Archive.open(tmp_path / "articles.sqlite")
    assert reader.article("a") is not None
    with pytest.raises(IndexUnusable, match="readonly"):
        reader.move("a", "/elsewhere.txt")
    reader.close()


def test_opening_to_read_creates_nothing(tmp_path: Path):
    with pytest.raises(IndexUnusable, match=r"is gone.*qa index --rebuild"):
        Archive.open(tmp_path / "none.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_damage_names_the_command(tmp_path: Path):
    path = tmp_path / "articles.sqlite"
    path.write_bytes(b"not a database, " * 100)
    with pytest.raises(IndexUnusable, match="qa index --rebuild"):
        Archive.open(path)


KILLED = """
import os, signal, sys
from pathlib import Path
from qa.index.archive import Archive
archive = Archive.open(Path(sys.argv[1]), writable=True)
archive._connection.execute("PRAGMA cache_size = 1")  # pages reach the file before the commit
with archive._transaction() as connection:
    connection.execute("UPDATE article SET title = 'half done', text = text || ?", ("x" * 500_000,))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_reader_undoes_what_a_killed_writer_left_half_done(archive: Archive, tmp_path: Path):
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


def test_each_thread_reads_for_itself(archive: Archive):
    ids = put(archive, article("a"))
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda _: len(archive.passages(ids)), range(40)))
    assert set(counts) == {len(ids)}


def test_many_threads_share_one_connection(tmp_path: Path):
    with closing(Archive.open(tmp_path / "a.sqlite", writable=True)):
        pass
    before = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0
    with closing(Archive.open(tmp_path / "a.sqlite")) as archive:
        with ThreadPoolExecutor(50) as pool:
            assert list(pool.map(lambda _: archive.counts()["articles"], range(200))) == [0] * 200
        after = len(list(Path("/proc/self/fd").iterdir())) if before else 0
    assert after <= before + 5
