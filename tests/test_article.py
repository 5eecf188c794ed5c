"""Articles: partial dates, cleaned text, identity."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.article import Article, PartialDate, clean_text
from qa.errors import SourceError


@pytest.mark.parametrize(
    ("value", "expected", "first", "last"),
    [
        ("2017", "2017", date(2017, 1, 1), date(2017, 12, 31)),
        (2017, "2017", date(2017, 1, 1), date(2017, 12, 31)),
        ("2017-01", "2017-01", date(2017, 1, 1), date(2017, 1, 31)),
        ("2016-2", "2016-02", date(2016, 2, 1), date(2016, 2, 29)),
        (" 2017-01-11 ", "2017-01-11", date(2017, 1, 11), date(2017, 1, 11)),
        ("2017-01-11T08:30:00+01:00", "2017-01-11", date(2017, 1, 11), date(2017, 1, 11)),
        ("2017-01-11 08:30", "2017-01-11", date(2017, 1, 11), date(2017, 1, 11)),
        ("2017-01-11T083000Z", "2017-01-11", date(2017, 1, 11), date(2017, 1, 11)),
        (date(2017, 1, 11), "2017-01-11", date(2017, 1, 11), date(2017, 1, 11)),
        (datetime(2017, 1, 11, 23, tzinfo=UTC), "2017-01-11", date(2017, 1, 11), date(2017, 1, 11)),
    ],
)
def test_a_date_keeps_its_precision(value, expected, first, last):
    read = PartialDate.of(value)
    assert read is not None
    assert (str(read), read.first, read.last) == (expected, first, last)


@pytest.mark.parametrize(
    "value",
    ["hier", "2017-13", "2017-02-30", "20170111", "11/01/2017", "17", True, 2017.5, "0000", []],
)
def test_what_is_no_date_is_refused(value):
    with pytest.raises(ValueError, match=r"."):
        PartialDate.of(value)


@pytest.mark.parametrize("value", ["2017 was a good year", "2017-01-11 or so", "2017-01 12:30"])
def test_words_after_a_date_are_not_dropped_in_silence(value):
    """Anything after a space used to be ignored, as if it were a time."""
    with pytest.raises(ValueError, match="is not a date like"):
        PartialDate.parse(value)


@pytest.mark.parametrize("value", [None, ""])
def test_nothing_is_no_date(value):
    assert PartialDate.of(value) is None


@given(st.dates())
def test_a_date_is_read_as_it_is_written(day):
    assert str(PartialDate.parse(day.isoformat())) == day.isoformat()


@given(st.text())
def test_cleaning_twice_changes_nothing(text):
    assert clean_text(clean_text(text)) == clean_text(text)


@given(st.text(st.characters(exclude_categories=[])))
def test_cleaned_text_can_be_written(text):
    clean_text(text).encode()


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  a \t b \r\n c\rd  ", "a b\nc\nd"),
        ("a\n\n\n\nb", "a\n\nb"),
        ("vrai\u00a0?", "vrai\u00a0?"),
        ("\ufeffa\u200bb\u00adc\u202e", "abc"),
        ("e\u0301te\u0301", "été"),
    ],
)
def test_cleaning(text, cleaned):
    assert clean_text(text) == cleaned


def test_an_accent_joins_its_letter_across_the_invisible():
    """Composing came before the invisible characters were dropped: the result was not NFC."""
    assert clean_text("e\u200b\u0301") == "é"


@pytest.mark.parametrize("end", ["\f", "\v", "\x85", "\u2028", "\r", "\r\n"])
def test_every_line_end_keeps_words_apart(end):
    """A form feed, as between the pages of a text file, used to glue two words together."""
    assert clean_text(f"un{end}deux") == "un\ndeux"


def test_half_a_surrogate_pair_stops_nothing():
    """JSON can hold a cut emoji; hashing the text then raised UnicodeEncodeError."""
    article = Article.create(text="Bravo \ud83d!", title="\ud83d", language="fr", origin="a")
    assert (article.title, article.text) == ("", "Bravo !")


def _article(**changes: Any) -> Article:
    fields: dict[str, Any] = {"text": "Le pont rouvre.", "language": "fr", "origin": "a.txt"}
    return Article.create(**{**fields, **changes})


def test_the_id_comes_from_the_content_and_not_from_the_place():
    assert _article().id == _article(origin="b.jsonl#3", text=" Le pont  rouvre. \n").id
    ids = {
        _article(**change).id
        for change in (
            {},
            {"text": "Le pont ferme."},
            {"title": "Le pont"},
            {"source": "Le Courrier"},
            {"date": PartialDate(2017, 1)},
        )
    }
    assert len(ids) == 5


def test_an_id_from_the_file_is_kept():
    assert _article(id="pont-1").id == "pont-1"


def test_the_fingerprint_changes_with_what_a_reader_sees():
    assert _article(origin="b").fingerprint == _article().fingerprint
    assert _article(url="https://a.example").fingerprint != _article().fingerprint


@pytest.mark.parametrize("text", ["", " \n ", "\u200b"])
def test_an_article_has_a_text(text):
    with pytest.raises(SourceError, match="no text"):
        _article(text=text)
