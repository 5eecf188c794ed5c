"""Filters mean one thing in Python, Chroma, tantivy, SQLite and over the vectors in memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import product
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.archive import Archive
from qa.article import Article, PartialDate
from qa.errors import QuestionError
from qa.filters import Filters, day_number, source_key
from qa.lexical import LexicalIndex
from qa.store import Store
from qa.vectors import ChunkVector, ChunkVectors

DATES = [
    None,
    PartialDate(2016),
    PartialDate(2016, 12, 31),
    PartialDate(2017),
    PartialDate(2017, 1),
    PartialDate(2017, 1, 1),
    PartialDate(2017, 1, 31),
    PartialDate(2017, 2),
    PartialDate(2020, 2, 29),
]
SOURCES = [None, "Le Courrier", "LÉ COURRIER", "The Harbour Post", "0"]
LANGUAGES = ["fr", "en", "de"]
ARTICLES = [
    Article.create(text="word", id=str(n), origin="a", date=day, source=source, language=language)
    for n, (day, source, language) in enumerate(product(DATES, SOURCES, LANGUAGES))
]


class Everywhere(NamedTuple):
    store: Store
    lexical: LexicalIndex
    vectors: ChunkVectors
    archive: Archive


@pytest.fixture(scope="module")
def everywhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everywhere]:
    folder = tmp_path_factory.mktemp("filters")
    store, lexical = Store.open(folder / "chroma"), LexicalIndex.open(folder / "lexical")
    vectors = np.tile(np.eye(1, 4, dtype=np.float32), (len(ARTICLES), 1))
    store.put([article.id for article in ARTICLES], vectors, ARTICLES)
    lexical.put((article.id, article, ["word"]) for article in ARTICLES)
    chunks = [
        ChunkVector(a.id, a.date, a.source, a.language, vector)
        for a, vector in zip(ARTICLES, vectors, strict=True)
    ]
    archive = Archive.open(folder / "articles.sqlite", writable=True)
    archive.replace(ARTICLES, [])
    yield Everywhere(store, lexical, ChunkVectors(chunks, len(chunks), 4), archive)
    archive.close()
    store.close()


_DAYS = st.one_of(
    st.none(),
    st.sampled_from([d for known in DATES if known for d in (known.first, known.last)]),
    st.dates(date(2015, 1, 1), date(2021, 1, 1)),
)
_FILTERS = st.builds(
    Filters,
    since=_DAYS,
    until=_DAYS,
    sources=st.lists(
        st.sampled_from(["le courrier", " The Harbour Post ", "Nobody", "", " ", "0"]), max_size=3
    ).map(tuple),
    language=st.sampled_from([None, "fr", "en", "xx"]),
)


@given(filters=_FILTERS)
def test_all_places_keep_the_same_articles(everywhere: Everywhere, filters: Filters):
    expected = {article.id for article in ARTICLES if filters.matches(article)}
    vector = np.eye(1, 4, dtype=np.float32)[0]
    dense = everywhere.store.nearest(vector, len(ARTICLES), filters)
    query = everywhere.lexical.analyse("word", "en")
    lexical = everywhere.lexical.search(query, len(ARTICLES), filters)
    exact = everywhere.vectors.nearest(vector, len(ARTICLES), filters)
    listing = everywhere.archive.browse(filters, "", 0, len(ARTICLES))
    assert {article.id for article in listing.articles} == expected
    assert listing.total == len(expected)
    assert {id for id, _ in dense} == expected
    assert {id for id, _ in exact} == expected
    assert {id for id, _ in lexical} == expected


def one(**fields: object) -> Article:
    fields = {"text": "x", "origin": "a", "language": "fr", **fields}
    return Article.create(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("since", "until", "kept"),
    [
        ("2017-01-31", None, True),
        ("2017-02", None, False),
        (None, "2017-01-01", True),
        (None, "2016", False),
        ("2017-01-10", "2017-01-20", True),
    ],
)
def test_a_month_passes_when_one_of_its_days_does(since: str, until: str, kept: bool):
    article = one(date=PartialDate(2017, 1))
    assert Filters.parse(since=since, until=until).matches(article) is kept


def test_the_unknown_fails_the_filter_on_it_and_no_other():
    assert not Filters.parse(since="1900").matches(one())
    assert not Filters.parse(sources=["Le Courrier"]).matches(one())
    assert not Filters.parse(sources=[""]).matches(one())
    assert Filters.parse(language="FR").matches(one())


def test_sources_are_compared_without_case_and_accents():
    assert source_key(" L’Écho ") == source_key("l'echo")
    assert Filters(sources=("l’écho",)).matches(one(source="L'Écho"))


def test_a_window_is_whole_days():
    filters = Filters.parse(since="2017-01", until="2017")
    assert (filters.since, filters.until) == (date(2017, 1, 1), date(2017, 12, 31))
    assert day_number(date(2017, 1, 9)) == 20170109


@pytest.mark.parametrize(
    ("since", "until", "says"),
    [
        ("yesterday", None, "--since: 'yesterday' is not a date like 2017"),
        (None, "2017-13", "--until"),
        ("2018", "2017", "from 2018 to 2017 is empty; swap the two dates"),
    ],
)
def test_what_makes_no_sense_is_said(since: str, until: str, says: str):
    with pytest.raises(QuestionError, match=says):
        Filters.parse(since=since, until=until)


def test_no_conditions_are_false_and_print_as_nothing():
    assert not Filters()
    assert Filters.parse(language="fr")
    assert Filters.parse(since="2017-01", sources=["A"]).to_json() == {
        "since": "2017-01-01",
        "until": None,
        "sources": ["A"],
        "language": None,
    }
