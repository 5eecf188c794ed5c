"""The filters as a person types them, or as a browser may send them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.documents.filters import Filters
from qa.errors import QuestionError
from qa.server.page.filter_form import Typed
from qa.server.page.texts import ENGLISH, FRENCH, Texts

BOXES = ("since", "until", "sources", "language", "articles")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(BOXES), inner),
)


def test_typed_filters_are_read() -> None:
    chosen = {"since": "2017", "until": "2017-02", "sources": ["RFI"], "language": "fr"}
    typed = Typed.read({**chosen, "articles": ["a", "b"]})
    filters = Filters.parse("2017", "2017-02", ["RFI"], "fr", ["a", "b"])
    assert typed.filters(ENGLISH) == filters
    assert Typed.read(json.dumps({**chosen, "articles": ["a", "b"]})) == typed
    assert Typed.of(filters).filters(ENGLISH) == filters
    assert not Typed("", " ", [], "").filters(ENGLISH)


@pytest.mark.parametrize(
    ("typed", "texts", "box", "says"),
    [
        (Typed("soon"), ENGLISH, "since", "“soon” is not a date like 2017, 2017-01"),
        (Typed("2017-02-30"), FRENCH, "since", "« 2017-02-30 » n’est pas une date"),
        (Typed("2018", "2017-13"), ENGLISH, "until", "“2017-13” is not a date"),
        (Typed("2018", "2017-03"), ENGLISH, "until", "from 2018 to March 2017 is empty; swap"),
        (Typed("2018", "2017-03"), FRENCH, "until", "de 2018 à mars 2017 est vide ; échangez"),
    ],
)
def test_what_is_wrong_is_said_by_its_box_in_the_language_of_the_page(
    typed: Typed, texts: Texts, box: str, says: str
) -> None:
    errors = typed.errors(texts)
    assert says in errors[box]
    assert [name for name, error in errors.items() if error] == [box]
    with pytest.raises(QuestionError, match=re.escape(says)):
        typed.filters(texts)


@given(ANYTHING | st.text() | st.fixed_dictionaries({}, optional=dict.fromkeys(BOXES, ANYTHING)))
def test_whatever_is_sent_is_filters_or_an_error(sent: Any) -> None:
    for each in (sent, json.dumps(sent)):
        typed = Typed.read(each)
        if any(typed.errors(ENGLISH).values()):
            continue
        filters = typed.filters(ENGLISH)
        assert all(isinstance(value, str) for value in (*filters.sources, *filters.articles))


def test_what_is_sent_has_an_end() -> None:
    typed = Typed.read({"since": "x" * 9999, "sources": ["y" * 9999] * 9999, "articles": [7, "a"]})
    assert len(typed.since) == 200
    assert [len(source) for source in typed.sources] == [200] * 500
    assert typed.articles == ("a",)
    assert Typed.read("[" * 100_000) == Typed.read(None)
