"""Copies: what counts as one text, and what does not."""

from __future__ import annotations

import numpy as np

from qa.documents.article import Article
from qa.documents.chunks import split
from qa.index.archive import IndexedChunk
from qa.search.duplicates import group

WIRE = (
    "The harbour authority of Sandmouth bought three new cranes on Tuesday, ending a strike of "
    "nine days. Dockers had asked for safer cranes since a chain broke in October. The port "
    "handles a third of the fish landed on the coast."
)


def passage(id: str, text: str, direction: float = 0.0) -> IndexedChunk:
    """A chunk with a vector at this angle."""
    article = Article.create(text=text, id=id, language="en", origin="t")
    chunk = split(article)[0]
    lines = tuple(tuple(s.lower().split()) for s in chunk.sentence_texts())
    vectors = np.tile([np.cos(direction), np.sin(direction)], (1 + len(lines), 1))
    return IndexedChunk(chunk, article, (id,), lines, vectors.astype(np.float16))


def test_the_same_dispatch_is_one():
    cut = WIRE.split(" The port handles")[0] + " A local mayor was pleased."
    wire = [
        passage("a", WIRE),
        passage("b", WIRE.replace("bought", "has bought")),
        passage("c", cut),
    ]
    assert group(wire) == [[0, 1, 2]]


def test_another_story_of_the_same_event_is_not():
    other = (
        "Fishermen in Sandmouth welcomed the end of the dockers' strike. Their boats had waited "
        "nine days to unload. Three cranes will arrive before Christmas, the authority says."
    )
    assert group([passage("a", WIRE), passage("b", other)]) == [[0], [1]]


def test_another_month_of_the_same_report_is_no_copy():
    march = (
        "Libya produced 850000 barrels of oil a day in March, the national company said. " + WIRE
    )
    july = march.replace("850000", "620000").replace("March", "July")
    assert group([passage("a", march), passage("b", july)]) == [[0], [1]]
    cut = march.removesuffix(WIRE) + WIRE.split(" Dockers had")[0]
    assert group([passage("a", march), passage("b", cut)]) == [[0, 1]]


def test_chunks_of_one_article_are_never_copies():
    assert group([passage("a", WIRE), passage("a", WIRE)]) == [[0], [1]]


def test_an_article_is_counted_once():
    three = [passage("a", WIRE), passage("b", WIRE), passage("b", WIRE)]
    assert group(three) == [[0, 1], [2]]


def test_a_line_that_everybody_prints_makes_no_copies():
    assert group([passage("a", "Subscribe here now."), passage("b", "Subscribe here now.")]) == [
        [0],
        [1],
    ]


def test_far_vectors_are_not_compared():
    assert group([passage("a", WIRE), passage("b", WIRE, direction=1.0)]) == [[0], [1]]


def test_groups_come_in_the_order_of_their_best():
    rows = [
        passage("x", "An entirely different text stands at the top of this list today."),
        passage("a", WIRE),
        passage("y", "Yet another one."),
        passage("b", WIRE),
    ]
    assert group(rows) == [[0], [1, 3], [2]]


def test_nothing_is_nothing():
    assert group([]) == []
