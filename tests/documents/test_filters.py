"""Filters mean one thing in Python, Chroma, SQLite and over the vectors in memory."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import product
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.documents.article import Article, PartialDate
from qa.documents.chunks import split
from qa.documents.filters import Filters, day_number, source_key
from qa.errors import QuestionError
from qa.index.archive import IndexedChunk
from qa.index.directory import Index, Manifest, WritableIndex
from qa.index.session import complete
from qa.settings import Settings
from tests.fakes import BagOfWords

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


# Apart, for among many equal ones Chroma does not find each (docs/benchmarks/faults.md).
VECTORS = np.random.default_rng(1).normal(size=(len(ARTICLES), 2, 4)).astype(np.float32)
VECTORS /= np.linalg.norm(VECTORS, axis=-1, keepdims=True)
VECTOR = VECTORS[0, 0]


class Everywhere(NamedTuple):
    in_memory: Index
    in_chroma: Index


@pytest.fixture(scope="module")
def everywhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everywhere]:
    folder = tmp_path_factory.mktemp("filters")
    embedder = BagOfWords()
    manifest = replace(Manifest.new("all-0", embedder, Settings()), dimension=len(VECTOR))
    index = WritableIndex.at(folder, manifest)
    passages = [
        IndexedChunk(chunk, article, (), (("word",),), vectors.astype(np.float16))
        for article, vectors in zip(ARTICLES, VECTORS, strict=True)
        for chunk in split(article)
    ]
    index.archive.stage(ARTICLES, passages)
    complete(index)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qa.index.directory._MOST_IN_MEMORY", 0)
        in_chroma = replace(index)
        assert in_chroma._vectors is None
    yield Everywhere(index, in_chroma)
    index.close()


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
    articles=st.lists(
        st.sampled_from([*(article.id for article in ARTICLES), "never there", "", "%"]),
        max_size=9,
    ).map(tuple),
)


@given(filters=_FILTERS)
def test_all_places_keep_the_same_articles(everywhere: Everywhere, filters: Filters):
    expected = {article.id for article in ARTICLES if filters.matches(article)}
    n, index = len(ARTICLES), everywhere.in_memory
    listing = index.archive.browse(filters, "", 0, n)
    assert {article.id for article in listing.articles} == expected
    assert listing.total == len(expected)
    query = index.lexical.analyse("word", "en")
    assert of_articles(index.lexical.search(query, n, filters)) == expected
    assert of_articles(index.nearest(VECTOR, n, filters)) == expected
    assert of_articles(everywhere.in_chroma.nearest(VECTOR, n, filters)) == expected


def of_articles(found: Sequence[tuple[str, float]]) -> set[str]:
    """The articles of the chunks found."""
    return {id.partition("@")[0] for id, _ in found}


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


def test_chosen_articles_are_printed_only_when_there_are_any():
    """What `qa ask --json` prints is a contract, and older answers are made again from it."""
    assert "articles" not in Filters.parse("2017").to_json()
    chosen = Filters.parse(until="2017", articles=["a", "b"])
    assert chosen.to_json()["articles"] == ["a", "b"]
    assert Filters.parse(**chosen.to_json()) == chosen  # type: ignore[arg-type]


def test_chosen_articles_and_the_other_conditions_hold_together():
    filters = Filters.parse("2017", articles=["a", "b"])
    assert filters.matches(one(id="a", date=PartialDate(2017)))
    assert not filters.matches(one(id="a", date=PartialDate(2016)))
    assert not filters.matches(one(id="c", date=PartialDate(2017)))


def test_five_hundred_chosen_articles_take_no_time(everywhere: Everywhere):
    ids = [article.id for article in ARTICLES]
    filters = Filters(articles=(*ids[:2], *(f"never there {n}" for n in range(498))))
    query = everywhere.in_memory.lexical.analyse("word", "en")
    started = time.perf_counter()
    for index in everywhere:
        assert of_articles(index.nearest(VECTOR, 10, filters)) == set(ids[:2])
        assert of_articles(index.lexical.search(query, 10, filters)) == set(ids[:2])
    assert index.archive.browse(filters, "", 0, 10).total == 2
    assert time.perf_counter() - started < 2
