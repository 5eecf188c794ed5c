"""Fusion: each value by hand, on passages of a few words."""

from __future__ import annotations

import numpy as np
import pytest

from qa.documents.article import Article
from qa.documents.chunks import split
from qa.index.archive import IndexedChunk
from qa.index.lexical import QueryTerms
from qa.search.calibration import SENTENCE, passage_weights, unrelated_cosine
from qa.search.scoring import Scored, score

UNRELATED = unrelated_cosine("en", "en")


def passage(text: str, *cosines: float, title: str = "", language: str = "en") -> IndexedChunk:
    """A chunk whose vectors have these cosines with (1, 0): its own, then its sentences'."""
    article = Article.create(text=text, title=title, language=language, origin="t")
    chunk = split(article)[0]
    assert len(cosines) == 1 + len(chunk.sentences)
    rows = [(cosine, (1 - cosine**2) ** 0.5) for cosine in cosines]
    lines = tuple(tuple(s.lower().rstrip(".").split()) for s in chunk.sentence_texts())
    return IndexedChunk(
        chunk, article, tuple(title.lower().split()), lines, np.array(rows, np.float16)
    )


def scored(question: str, *passages: IndexedChunk, idf: float = 1.0, **more: float) -> Scored:
    """Scores for a question all of whose words weigh the same in every language."""
    weights = dict.fromkeys(question.lower().split(), idf)
    query = QueryTerms({"en": weights, "fr": weights, "other": weights})
    return score(passages, np.array([1.0, 0.0], np.float32), query, "en", **more)


def test_nearness_is_what_exceeds_unrelated_texts():
    values = scored("x", passage("Cranes came. Dockers left.", UNRELATED, 1.0, 0.9)).values
    assert values["dense"] == pytest.approx([0], abs=0.01)
    assert values["sentence_dense"] == pytest.approx([1], abs=0.01)


def test_coverage_is_of_chunk_and_header():
    found = scored(
        "harbour strike cranes ended",
        passage("Cranes fell. A strike.", *[0.8] * 3, title="harbour"),
    )
    assert found.values["coverage"] == pytest.approx([3 / 4])
    assert found.sentence_values["coverage"] == pytest.approx([2 / 4, 2 / 4])


def test_adjacent_terms_by_their_distance():
    """Of the pairs (port, strike) and (strike, pay): side by side, two apart, too far."""
    near = passage("The port strike.", 0.8, 0.8)
    two = passage("The port workers strike.", 0.8, 0.8)
    far = passage("The port of the city saw a strike.", 0.8, 0.8)
    values = scored("port strike pay", near, two, far).values["adjacency"]
    assert values == pytest.approx([1 / 2, 1 / 4, 0])


def test_bm25_is_a_share_of_the_most_it_could_be():
    one = passage("Port.", 0.8, 0.8)
    many = passage("Port port port port port port.", 0.8, 0.8)
    rare, common = scored("port", one, many).values["lexical"]
    assert 0 < rare < common < 1
    # tf = 1, length 1 of 3.5 on average: 1 / (1 + 1.2 · (0.25 + 0.75 / 3.5))
    assert rare == pytest.approx(1 / (1 + 1.2 * (0.25 + 0.75 / 3.5)))


def test_scores_are_weighted_means():
    found = scored("port strike", passage("The port strike.", 0.9, 0.95))
    weights = passage_weights(2)
    total = sum(weight * found.values[name][0] for name, weight in weights.items())
    assert found.scores[0] == pytest.approx(total / sum(weights.values()))
    own = {**{k: v[0] for k, v in found.sentence_values.items()}}
    total = sum(weight * own[name] for name, weight in SENTENCE.items())
    assert found.sentence_scores[0] == pytest.approx(total / sum(SENTENCE.values()))


def test_another_language_is_not_held_to_the_questions_words():
    """The same cosines above those of unrelated texts, and no word in common."""
    english = passage("Something else.", *[UNRELATED + 0.15] * 2)
    there = unrelated_cosine("en", "fr")
    share = 0.15 / (1 - UNRELATED)
    french = passage("Autre chose.", *[there + share * (1 - there)] * 2, language="fr")
    with_words = passage("A port strike.", *[UNRELATED] * 2)
    own, foreign, _ = scored("port strike", english, french, with_words).scores
    assert foreign > own
    # Where no text in its own language has them either, they speak for none.
    own, foreign = scored("port strike", english, french).scores
    assert foreign == pytest.approx(own, abs=1e-3)


def test_what_is_asked_for_lifts_chunk_and_sentences():
    one, other = passage("The port.", 0.8, 0.8), passage("The port.", 0.8, 0.8)
    plain = scored("port", one, other)
    lifted = scored("port", one, other, lift=np.array([0.3, 0.0]), most=0.3)  # type: ignore[arg-type]
    assert plain.scores[0] == plain.scores[1]
    assert lifted.scores == pytest.approx([(plain.scores[0] + 0.3) / 1.3, plain.scores[1] / 1.3])
    assert lifted.sentence_scores[0] > lifted.sentence_scores[1]


def test_no_terms_and_no_sentence_in_common_is_no_error():
    found = scored("", passage("The port.", 0.5, 0.4))
    assert found.values["lexical"] == found.values["coverage"] == found.values["adjacency"] == [0]
    assert found.scores == [0]


def test_words_weigh_more_the_more_there_are():
    few, some, many = passage_weights(3), passage_weights(14), passage_weights(30)
    assert few["sentence_dense"] > some["sentence_dense"] > many["sentence_dense"]
    assert few["lexical"] < some["lexical"] < many["lexical"]
    assert passage_weights(0) == few
    assert passage_weights(20) == many
    for weights in (few, some, many):
        assert sum(weights.values()) == pytest.approx(1)
