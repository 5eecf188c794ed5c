"""The index of a set: built once, again when its code changes, but never embedded twice."""

from __future__ import annotations

import pytest

from qa.errors import SourceError
from qa.evaluation import pipeline
from qa.evaluation.pipeline import cached_index, code_fingerprint
from qa.index import Manifest
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


def test_other_code_or_chunks_take_the_vectors_over(bench, corpus, monkeypatch):
    embedder = Counting()
    first = cached_index(corpus, bench, embedder)
    monkeypatch.setattr(pipeline, "_INDEX_MODULES", ("analysis",))
    second = cached_index(corpus, bench, embedder)
    smaller = cached_index(corpus, bench.model_copy(update={"chunk_chars": 200}), embedder)

    assert len({first.index, second.index, smaller.index}) == 3
    assert ARTICLE_COUNT < embedder.embedded < 2 * ARTICLE_COUNT
    one, other = (pipeline.Pipeline.open(s, embedder, writes=False) for s in (first, second))
    from qa.evaluation.questions import GoldQuestion

    asked = GoldQuestion("q", "Who led the works on the bridge?")
    hits = [[(h.chunk.id, h.score) for h in each.ask(asked).hits] for each in (one, other)]
    assert hits[0] == hits[1]
    assert hits[0]
    one.close()
    other.close()


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


def test_the_code_of_the_evaluation_is_not_that_of_the_pipeline(monkeypatch):
    whole = code_fingerprint()
    monkeypatch.setattr(pipeline, "_NOT_THE_PIPELINE", ("evaluation", "ui", "chain"))
    assert len(whole) == 16
    assert code_fingerprint() != whole
