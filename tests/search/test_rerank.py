"""Reading: the best hits in the order that a reader gives, and what it points to."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from qa.answering.quotes import choose
from qa.documents.article import Article
from qa.models.reader import Span as ReadSpan
from qa.search.rerank import AT_ONCE, Reranker, mixed
from tests.fakes import hit


def article(id: str, text: str, language: str = "en") -> Article:
    return Article.create(id=id, text=text, language=language, origin=id)


PORT = article("port", "The port closed. It rained on the docks.")
CITY = article("city", "The mayor spoke of the port.")
VILLE = article("ville", "Le maire a parlé du port.", "fr")


class Pointing:
    """Finds a passage relevant that holds a word, and points to it."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.asked: list[list[str]] = []

    def read(
        self, question: str, passages: Sequence[str], *, titles: Sequence[str] = ()
    ) -> list[ReadSpan]:
        self.asked.append(list(passages))
        return [self._span(number, text) for number, text in enumerate(passages)]

    def _span(self, number: int, text: str) -> ReadSpan:
        start = text.find(self.word)
        found = start >= 0
        start = max(start, 0)
        end = start + len(self.word)
        sure = 1.0 if found else 0.0
        return ReadSpan(number, start, end, text[start:end], 1.0, answerable=sure, relevance=sure)


def test_what_the_reader_finds_relevant_rises_and_is_pointed_to():
    reader = Pointing("mayor")
    hits = [hit(PORT, 0.7, s0=0.7), hit(CITY, 0.6, s0=0.6)]
    first, second = Reranker(reader, 10).order("Who spoke?", hits)
    assert (first.article, second.article) == (CITY, PORT)
    assert first.reading is not None
    assert first.reading.span.of(CITY.text) == "mayor"
    assert 0 <= second.score < first.score <= 1
    assert first.sentences[0].score > second.sentences[0].score


def test_a_long_question_keeps_the_order_that_it_was_found_in():
    long = "Who spoke after " + " and ".join(f"harbour{n} flooded{n}" for n in range(12)) + "?"
    hits = [hit(PORT, 0.7, s0=0.7), hit(CITY, 0.6, s0=0.6)]
    first, second = Reranker(Pointing("mayor"), 10).order(long, hits)
    assert (first.article, second.article) == (PORT, CITY)
    assert second.reading is not None


def test_articles_in_the_other_language_are_read_as_well():
    reader = Pointing("maire")
    first, _ = Reranker(reader, 10).order("Who spoke?", [hit(CITY, 0.7), hit(VILLE, 0.6)])
    assert first.article == VILLE


def test_no_more_are_read_than_wanted():
    reader = Pointing("port")
    found = Reranker(reader, 1).order("Who?", [hit(CITY, 0.7), hit(PORT, 0.6)])
    assert reader.asked == [[CITY.text]]
    assert [h.reading is None for h in found] == [False, True]


def test_a_sentence_that_was_not_read_gains_nothing_on_those_that_were():
    """Their scores are of one scale, or an unread hit would be quoted before a read one."""
    reader = Pointing("mayor")
    hits = [hit(CITY, 0.7, s0=0.6), hit(PORT, 0.6, s0=0.58, s1=0.1)]
    chosen = choose(Reranker(reader, 1).order("Who?", hits), budget=10, most=3)
    assert [evidence.article for evidence in chosen] == [CITY]
    unread = mixed(hits[1], None)
    assert unread.score < 0.6
    assert unread.sentences[0].score < 0.58


def test_who_waits_too_long_is_answered_unread():
    class Busy(Pointing):
        def read(
            self, question: str, passages: Sequence[str], *, titles: Sequence[str] = ()
        ) -> list[ReadSpan]:
            started.release()
            assert go.wait(5)
            return super().read(question, passages, titles=titles)

    started, go = threading.Semaphore(0), threading.Event()
    reading = Reranker(Busy("port"), 10, patience_s=0.01)
    hits = [hit(CITY, 0.7), hit(PORT, 0.6)]
    ahead = [threading.Thread(target=reading.order, args=("Who?", hits)) for _ in range(AT_ONCE)]
    for thread in ahead:
        thread.start()
        assert started.acquire(timeout=5)
    assert reading.order("Who?", hits) == hits
    go.set()
    for thread in ahead:
        thread.join(5)
    assert any(h.reading for h in reading.order("Who?", hits))


def test_who_has_waited_too_long_in_line_is_answered_unread():
    hits = [hit(CITY, 0.7), hit(PORT, 0.6)]
    patient, server = Pointing("port"), Pointing("port")
    assert Reranker(patient, 10).order("Who?", hits, waited_s=60.0) != hits
    assert Reranker(server, 10, patience_s=0.5).order("Who?", hits, waited_s=0.5) == hits
    assert Reranker(server, 10, patience_s=0.5).order("Who?", hits, waited_s=0.1) != hits
    assert len(server.asked) == 1


def test_nothing_to_read_is_left_alone():
    reader = Pointing("x")
    assert Reranker(reader, 10).order("Who?", []) == []
    assert reader.asked == []
