"""What a person puts right about an article: checked, tidied, and applied to what a file says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qa.documents.article import Article, PartialDate
from qa.documents.corrections import Amendment, reworded
from qa.errors import ArticleError

ARTICLE = Article.create(
    text="Le pont rouvre.", title="Le pont", date=PartialDate(2017), language="fr", origin="a"
)
UNTITLED = replace(ARTICLE, title="")


def test_nothing_put_right_changes_nothing():
    assert Amendment().of(ARTICLE) == ARTICLE
    assert Amendment().with_changes(None, None) == Amendment()


def test_what_is_put_right_counts_and_the_rest_stays():
    amended = Amendment().with_changes("  La\u200b\npasserelle ", " 2017-1 ").of(ARTICLE)
    assert amended == replace(ARTICLE, title="La passerelle", date=PartialDate(2017, 1))
    assert Amendment().with_changes("", "").of(ARTICLE) == replace(UNTITLED, date=None)


def test_a_name_is_the_title_only_where_there_is_none():
    named = Amendment(name="pont")
    assert named.of(UNTITLED).title == "pont"
    assert named.of(ARTICLE).title == "Le pont"
    assert named.with_changes("", None).of(UNTITLED).title == ""


@pytest.mark.parametrize("date", ["2017-02-30", "hier", "0000", "17"])
def test_a_date_that_is_none_is_said(date: str):
    with pytest.raises(ArticleError, match=f"'{date}' is no date; write it as 2017"):
        Amendment().with_changes(None, date)


BEFORE = "The bridge cost 3 million euros. It opens on Thursday. A band plays."


@pytest.mark.parametrize(
    ("quote", "before"),
    [
        ("It opens on Thursday.", None),
        ("It opens\non Thursday.", None),
        ("The bridge cost 5 million euros.", "The bridge cost 3 million euros."),
        (
            "The bridge cost 5 million euros. It opens on Thursday.",
            "The bridge cost 3 million euros.",
        ),
        ("Entry is free.", ""),
        (
            "The bridge cost 5 million euros, said the town, correcting its first figure.",
            "The bridge cost 3 million euros.",
        ),
    ],
)
def test_a_quote_is_compared_with_another_version_sentence_by_sentence(
    quote: str, before: str | None
):
    changed = reworded(quote, BEFORE, "en")
    assert (changed and changed[1]) == before
    assert changed is None or changed[0] in quote
