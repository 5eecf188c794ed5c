"""The lexical index: real tantivy, scores against the formula written out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from qa.documents.article import Article
from qa.documents.filters import Filters
from qa.errors import IndexUnusable
from qa.index.lexical import LexicalIndex
from qa.language.terms import terms

TEXTS = {
    "fr1": ("fr", "Les soldats russes forment les soldats libyens à Tobrouk"),
    "fr2": ("fr", "Le port de Tobrouk est fermé"),
    "en1": ("en", "Russian soldiers train Libyan soldiers in Tobruk"),
    "en2": ("en", "The harbour was closed on Monday"),
    "de1": ("de", "Der Hafen von Tobruk ist geschlossen"),
}

PONT = Article.create(text="Le pont.", language="fr", origin="a")


def rows(*ids: str) -> list[tuple[str, Article, list[str]]]:
    articles = {
        id: Article.create(text=TEXTS[id][1], language=TEXTS[id][0], origin=id, id=id) for id in ids
    }
    return [(id, a, terms(a.text, a.language)) for id, a in articles.items()]


@pytest.fixture
def index(tmp_path: Path) -> LexicalIndex:
    index = LexicalIndex.open(tmp_path / "lexical")
    index.put(rows(*TEXTS))
    return index


def found(index: LexicalIndex, question: str, language: str, n: int = 10) -> list[str]:
    return [id for id, _ in index.search(index.analyse(question, language), n, Filters())]


def test_words_find_their_inflections_in_their_own_language(index: LexicalIndex):
    assert found(index, "formation de soldat", "fr")[0] == "fr1"
    assert found(index, "a soldier's training", "en")[0] == "en1"


def test_names_find_articles_in_any_language(index: LexicalIndex):
    assert set(found(index, "Tobruk", "fr")) == {"en1", "de1"}
    assert set(found(index, "Tobrouk", "en")) == {"fr1", "fr2"}


def test_the_best_come_first_and_no_more_than_wanted(index: LexicalIndex):
    hits = index.search(index.analyse("soldats Tobrouk", "fr"), 1, Filters())
    assert [id for id, _ in hits] == ["fr1"]
    every = index.search(index.analyse("soldats Tobrouk", "fr"), 10, Filters())
    scores = [score for _, score in every]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("question", ["", "?!", "où est-ce que le la", "the of"])
def test_a_question_without_terms_finds_nothing(index: LexicalIndex, question: str):
    assert found(index, question, "fr" if "où" in question else "en") == []


@pytest.mark.parametrize("question", ['"', "AND OR NOT (", "title:x^2 ~ *", "\\", "a" * 70_000])
def test_a_question_is_words_and_never_query_syntax(index: LexicalIndex, question: str):
    assert found(index, f"{question} Tobrouk", "fr")[:2] != []


def test_putting_again_replaces(index: LexicalIndex):
    index.put(rows("fr2"))
    assert found(index, "Tobrouk", "fr").count("fr2") == 1
    [(_, article, _)] = rows("fr2")
    index.put([("fr2", article, ["autre"])])
    assert found(index, "Tobrouk", "fr") == ["fr1"]


def test_what_is_deleted_is_gone_and_the_unknown_is_passed_over(index: LexicalIndex):
    index.delete(["fr1", "never there"])
    assert index.ids() == set(TEXTS) - {"fr1"}
    assert found(index, "Tobrouk", "fr") == ["fr2"]


def test_it_is_still_there_when_opened_again(index: LexicalIndex, tmp_path: Path):
    assert LexicalIndex.open(tmp_path / "lexical").ids() == set(TEXTS)
    assert LexicalIndex.open(tmp_path / "empty").ids() == set()


def test_damage_names_the_command(index: LexicalIndex, tmp_path: Path):
    (tmp_path / "lexical" / "meta.json").write_text("{")
    with pytest.raises(IndexUnusable, match="qa doctor --repair"):
        LexicalIndex.open(tmp_path / "lexical")


def test_rare_terms_weigh_more(index: LexicalIndex):
    """idf = ln(1 + (N − n + ½) / (n + ½)), N = 5 chunks."""
    weights = index.analyse("soldats Tobrouk", "fr").of("fr")
    soldiers, place = terms("soldats Tobrouk", "fr")
    assert weights[soldiers] == pytest.approx(math.log(1 + 4.5 / 1.5))
    assert weights[place] == pytest.approx(math.log(1 + 3.5 / 2.5))


def test_tantivy_scores_by_bm25(index: LexicalIndex):
    """One field, one term: idf · tf · (k1 + 1) / (tf + k1 · (1 − b + b · length / average))."""
    query = index.analyse("fermé", "fr")
    [(id, score)] = index.search(query, 10, Filters())
    french = [terms(text, "fr") for language, text in TEXTS.values() if language == "fr"]
    # tantivy averages over all documents, those without the field as well.
    average = sum(map(len, french)) / len(TEXTS)
    assert id == "fr2"
    [(term, idf)] = query.of("fr").items()
    tf, length = french[1].count(term), len(french[1])
    expected = idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * length / average))
    assert score == pytest.approx(expected, rel=0.02)


def test_a_batch_that_fails_leaves_nothing_behind_for_the_next_to_commit(tmp_path: Path):
    def failing() -> Iterator[tuple[str, Article, list[str]]]:
        yield "half", PONT, ["pont"]
        raise OSError("the source is gone")

    index = LexicalIndex.open(tmp_path)
    with pytest.raises(OSError, match="gone"):
        index.put(failing())
    index.put([("whole", PONT, ["pont"])])
    assert index.ids() == {"whole"}
    index.close()


def test_one_writer_serves_many_batches_and_lets_the_next_in_when_closed(tmp_path: Path):
    """A new writer for each batch grew the process by 150 MB over a run."""
    first, second = LexicalIndex.open(tmp_path), LexicalIndex.open(tmp_path)
    for n in range(3):
        first.put([(f"{n}", PONT, ["pont"])])
    writer = first._writer
    first.delete(["0"])
    assert first._writer is writer
    with pytest.raises(IndexUnusable, match="LockBusy"):
        second.put([("3", PONT, ["pont"])])
    first.close()
    first.close()
    second.put([("3", PONT, ["pont"])])
    second.close()
    assert second.ids() == {"1", "2", "3"}
