"""The index of a set: built once, and again when its articles or its code change."""

from __future__ import annotations

from typing import Any

import pytest

from qa.assistant import Assistant
from qa.errors import SourceError
from qa.evaluation import system
from qa.evaluation.questions import GoldQuestion
from qa.evaluation.system import SystemUnderTest, cached_index, code_fingerprint
from qa.index.directory import Manifest
from qa.types import Answer
from tests.fakes import ARTICLE_COUNT, BagOfWords


class Counting(BagOfWords):
    """Counts the texts that it embeds."""

    embedded = 0

    def passages_with_parts(self, texts, parts):
        """As its parent's."""
        self.embedded += len(texts)
        return super().passages_with_parts(texts, parts)


def test_built_once_and_again_for_other_articles(bench, corpus):
    embedder = Counting()
    first = cached_index(corpus, bench, embedder)
    again = cached_index(corpus, bench, embedder)

    assert first.index == again.index
    assert embedder.embedded == ARTICLE_COUNT
    assert Manifest.read(first.index).counts["articles"] == ARTICLE_COUNT
    (corpus / "new.txt").write_text("A new article about the ferry of Orm.")
    assert cached_index(corpus, bench, embedder).index != first.index


def test_other_code_chunks_or_embedder_is_another_index(bench, corpus, monkeypatch):
    other = BagOfWords()
    monkeypatch.setattr(other, "fingerprint", "1" * 64, raising=False)
    found = {
        cached_index(corpus, bench, BagOfWords()).index,
        cached_index(corpus, bench.model_copy(update={"chunk_chars": 200}), BagOfWords()).index,
        cached_index(corpus, bench, other).index,
    }
    monkeypatch.setattr(system, "_INDEX_ROOMS", ("index",))
    found.add(cached_index(corpus, bench, BagOfWords()).index)
    assert len(found) == 4


def test_code_fingerprints():
    """The evaluation is no part of the pipeline, and everything that makes an index is."""
    whole, index = code_fingerprint(), code_fingerprint(system._INDEX_ROOMS)
    assert len(whole) == len(index) == 16
    assert len({whole, index, code_fingerprint(("evaluation",))}) == 3


@pytest.mark.parametrize(("k", "candidates"), [(1, 50), (2, 5), (10, 5)])
def test_the_answer_is_the_products_and_the_ranking_goes_on(bench, corpus, k, candidates):
    """Once the retriever handed on all it had ranked, and no test saw it."""
    for n in range(20):  # so that the candidates are not simply all there is
        told = " ".join(f"word{m}" for m in range(n))  # no two are equally near
        text = f"Bridge number {n} opened {told}. The works were led. A lynx crossed."
        (corpus / f"extra-{n}.txt").write_text(text)
    settings = cached_index(corpus, bench, BagOfWords())
    settings = settings.model_copy(update={"k": k, "candidates": candidates})
    ours = SystemUnderTest.open(settings, BagOfWords(), writes=True)
    with Assistant.open(settings) as product:
        for text in (
            "Who led the works on the bridge?",
            "Qui veut interdire le pont ?",
            "Lynx?",
            "Who led the works on the bridge? And who saw the lynx?",
            "What do the articles say about the lynx?",
        ):
            outcome = ours.ask(GoldQuestion("q", text))
            expected = product.ask(text)
            assert outcome.answer is not None
            assert untimed(outcome.answer) == untimed(expected)
            assert len(expected.hits) <= k
            assert list(outcome.answer.hits) == list(outcome.hits)[:k]
            alone = ours.search(GoldQuestion("q", text), "hybrid")
            assert [h.chunk.id for h in alone.hits] == [h.chunk.id for h in outcome.hits]
            assert len(outcome.hits) >= min(4, ARTICLE_COUNT)
    ours.close()


def test_yesterday_is_before_the_questions_day_or_the_newest_articles(bench, corpus):
    """So that a run tomorrow gives what it gives today."""
    ours = SystemUnderTest.open(
        cached_index(corpus, bench, BagOfWords()), BagOfWords(), writes=True
    )
    days = {}
    for date in (None, "2019-03"):
        answer = ours.ask(GoldQuestion("q", "What was published yesterday?", date=date)).answer
        assert answer
        days[date] = answer.to_json()["constraints"]["published"][0]["until"]
    assert days == {None: "2021-11-01", "2019-03": "2019-03-30"}
    ours.close()


def untimed(answer: Answer) -> dict[str, Any]:
    """All of an answer but its times."""
    return {name: value for name, value in answer.to_json().items() if name != "timings_ms"}


def test_articles_that_a_set_brings_along(bench):
    documents = [{"id": "a", "text": "One article."}, {"id": "b", "text": "Another one."}]

    settings = cached_index(documents, bench, BagOfWords())

    assert Manifest.read(settings.index).counts["articles"] == 2


def test_articles_that_cannot_be_read_are_told(bench, tmp_path, caplog):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "One."}\n{"title": "empty"}\n')

    cached_index(path, bench, BagOfWords())

    assert "1 articles of the corpus cannot be read" in caplog.text
    with pytest.raises(SourceError, match="does not exist"):
        cached_index(tmp_path / "none", bench, BagOfWords())
