"""A quote from a PDF says on which page it stands, wherever it is shown."""

from __future__ import annotations

from pathlib import Path

from qa.index.build import amend_article, index_paths
from qa.index.live import LiveIndex
from qa.pipeline import build
from qa.search.retriever import HybridRetriever
from qa.server.page.exports import quote_with_reference
from qa.server.page.texts import ENGLISH
from qa.settings import Settings
from qa.types import Citation, Question
from tests.documents.parsers.pdf_maker import column, pdf
from tests.fakes import BagOfWords

FIRST = "The town of Kervalec wants a new bridge. Its mayor spoke for an hour on Monday."
SECOND = "The ferry to Orm sails four times a day. Its crew has nine people in the summer."
QUESTION = Question("How many times a day does the ferry to Orm sail?")


def cited(settings: Settings) -> Citation:
    index = LiveIndex(settings.index, BagOfWords(), settings)
    retriever = HybridRetriever(index=index, embedder=BagOfWords())
    answer = build(retriever, lambda: None, settings).invoke(QUESTION)
    index.close()
    [quote] = [citation for citation in answer.citations if "four times" in citation.quote]
    return quote


def test_a_quote_knows_its_page_also_after_its_title_was_put_right(tmp_path: Path):
    settings = Settings(index=tmp_path / "index", abstain_below=0.0)
    file = tmp_path / "news.pdf"
    file.write_bytes(pdf(*([*column(60, 100, 400, text)] for text in (FIRST, SECOND))))
    index_paths([file], settings, BagOfWords())
    quote = cited(settings)
    assert (quote.page, quote.to_json()["page"]) == (2, 2)
    assert quote_with_reference(quote, ENGLISH).endswith(", p. 2")
    amend_article(quote.article.id, settings, BagOfWords(), title="The ferry")
    assert cited(settings).page == 2


def test_other_files_have_no_pages(tmp_path: Path):
    settings = Settings(index=tmp_path / "index", abstain_below=0.0)
    (tmp_path / "news.txt").write_text(f"{FIRST} {SECOND}")
    index_paths([tmp_path / "news.txt"], settings, BagOfWords())
    quote = cited(settings)
    assert (quote.page, quote.to_json()["page"]) == (None, None)
    assert ", p. " not in quote_with_reference(quote, ENGLISH)
