"""The lexical index: the archive's full-text table, scores against the formula written out."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from qa.documents.article import Article
from qa.documents.chunks import split
from qa.documents.filters import Filters
from qa.index.archive import IndexedChunk
from qa.index.lexical import LexicalIndex
from qa.index.writer import ArchiveWriter
from qa.language.terms import terms

TEXTS = {
    "fr1": ("fr", "Les soldats russes forment les soldats libyens à Tobrouk"),
    "fr2": ("fr", "Le port de Tobrouk est fermé"),
    "en1": ("en", "Russian soldiers train Libyan soldiers in Tobruk"),
    "en2": ("en", "The harbour was closed on Monday"),
    "de1": ("de", "Der Hafen von Tobruk ist geschlossen"),
}


def put(archive: ArchiveWriter, **texts: tuple[str, str]) -> None:
    """Publish articles of one chunk, and of one sentence, each."""
    articles = [
        Article.create(id=id, text=text, language=language, origin=id)
        for id, (language, text) in texts.items()
    ]
    passages = [
        IndexedChunk(
            chunk, article, (), (tuple(terms(article.text, article.language)),), np.ones((2, 4))
        )
        for article in articles
        for chunk in split(article)
    ]
    archive.stage(articles, passages)
    archive.publish(1)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[ArchiveWriter]:
    with closing(ArchiveWriter.open(tmp_path / "articles.sqlite")) as archive:
        put(archive, **TEXTS)
        yield archive


@pytest.fixture
def index(archive: ArchiveWriter) -> LexicalIndex:
    return archive.lexical


def found(index: LexicalIndex, question: str, language: str, n: int = 10) -> list[str]:
    hits = index.search(index.analyse(question, language), n, Filters())
    return [id.partition("@")[0] for id, _ in hits]


def test_words_find_their_inflections_in_their_own_language(index: LexicalIndex):
    assert found(index, "formation de soldat", "fr")[0] == "fr1"
    assert found(index, "a soldier's training", "en")[0] == "en1"
    assert found(index, "soldats Tobrouk", "fr", 1) == ["fr1"]


def test_names_find_articles_in_any_language(index: LexicalIndex):
    assert set(found(index, "Tobruk", "fr")) == {"en1", "de1"}
    assert set(found(index, "Tobrouk", "en")) == {"fr1", "fr2"}


@pytest.mark.parametrize("question", ["", "?!", "où est-ce que le la", "the of"])
def test_a_question_without_terms_finds_nothing(index: LexicalIndex, question: str):
    assert found(index, question, "fr" if "où" in question else "en") == []


@pytest.mark.parametrize(
    "question",
    [
        '"',
        "AND OR NOT NEAR(",
        "title:x^2 ~ *",
        "fr : other",
        "\\",
        "a" * 70_000,
        " ".join(f"w{n}" for n in range(5000)),
    ],
)
def test_a_question_is_words_and_never_query_syntax(index: LexicalIndex, question: str):
    assert set(found(index, f"{question} Tobrouk", "fr")) >= {"fr1", "fr2"}


@pytest.mark.parametrize("term", ["10.5", "o'neil", "1⁄2", "東京", "ελληνικα", 'x"y', "a.m."])
def test_a_term_stays_whole_and_as_it_is(archive: ArchiveWriter, index: LexicalIndex, term: str):
    """Whatever `terms` makes, now or later: it is neither split nor folded once more."""
    article = Article.create(id="x", text="Le mot.", language="fr", origin="x")
    [chunk] = split(article)
    archive.stage([article], [IndexedChunk(chunk, article, (), ((term, "mot"),), np.ones((2, 4)))])
    archive.publish(1)
    with closing(sqlite3.connect(archive._path)) as file:
        file.execute("CREATE VIRTUAL TABLE temp.v USING fts5vocab(main, word, col)")
        assert file.execute("SELECT doc FROM v WHERE term = ?", (term,)).fetchall() == [(1,)]
    assert index.problem() is None


def test_what_is_replaced_or_removed_is_found_no_more(archive: ArchiveWriter, index: LexicalIndex):
    put(archive, fr2=("fr", "Le pont est ouvert"))
    assert found(index, "Tobrouk", "fr") == ["fr1"]
    assert found(index, "pont", "fr") == ["fr2"]
    archive.publish(2, ["fr1", "never there"])
    assert found(index, "Tobrouk", "fr") == []
    assert index.problem() is None


def test_what_is_wrong_with_it_is_told_and_mended(archive: ArchiveWriter, index: LexicalIndex):
    assert index.problem() is None
    archive.rows("INSERT INTO word(word) VALUES ('delete-all')")
    assert index.problem() == "lacks 5 chunks and has 0 too many"
    archive.rows("INSERT INTO word(rowid, fr) SELECT rowid, 'nothing' FROM chunk")
    assert "does not find a chunk by its word" in str(index.problem())
    archive.index_words()
    assert index.problem() is None
    assert found(index, "Tobrouk", "fr") == ["fr2", "fr1"]


def test_rare_terms_weigh_more(index: LexicalIndex):
    """idf = ln(1 + (N − n + ½) / (n + ½)), N = 5 chunks."""
    weights = index.analyse("soldats Tobrouk", "fr").of("fr")
    soldiers, place = terms("soldats Tobrouk", "fr")
    assert weights[soldiers] == pytest.approx(math.log(1 + 4.5 / 1.5))
    assert weights[place] == pytest.approx(math.log(1 + 3.5 / 2.5))


def test_scores_are_bm25(index: LexicalIndex):
    """One term: idf · tf · (k1 + 1) / (tf + k1 · (1 − b + b · length / average)).

    FTS5's idf is without the one, and its average over all chunks.
    """
    [(id, score)] = index.search(index.analyse("fermé", "fr"), 10, Filters())
    lengths = {id: len(terms(text, language)) for id, (language, text) in TEXTS.items()}
    average = sum(lengths.values()) / len(lengths)
    assert id.startswith("fr2@")
    expected = math.log(4.5 / 1.5) * 2.2 / (1 + 1.2 * (0.25 + 0.75 * lengths["fr2"] / average))
    assert score == pytest.approx(expected)
