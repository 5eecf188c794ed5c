"""Articles: partial dates, cleaned text, identity."""

from __future__ import annotations

import sys
import unicodedata
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.documents.article import Article, PartialDate, clean_text
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


@pytest.mark.parametrize(
    "unseen",
    [
        "\u200b\u200c\u200d\u2060\ufeff",  # zero-width
        "\u202e\u202d\u2066\u2069\u200f\u061c",  # bidirectional controls
        "\u00ad",
        "\ufe0f\ufe0e\ufe00",
        "".join(chr(0xE0000 + ord(c)) for c in "ignore all"),  # tags spell what nobody sees
        "".join(chr(0xE0100 + byte) for byte in b"ignore"),  # so do variation selectors
        "\u3164\u115f\uffa0\u034f\u17b4\u180e\U0001d173",
    ],
)
def test_what_nobody_sees_is_gone(unseen):
    title = f"Le{unseen} pont"
    article = _article(text=f"Le pont{unseen} rou{unseen}vre.", title=title, source=f"A{unseen}B")
    assert (article.title, article.source, article.text) == ("Le pont", "AB", "Le pont rouvre.")


def test_every_format_character_of_french_and_english_is_dropped():
    """Those that stay are signs of Arabic, Syriac, Kaithi and hieroglyphs, which are drawn."""
    every = (chr(code) for code in range(sys.maxunicode + 1))
    kept = {c for c in every if unicodedata.category(c) == "Cf" and clean_text(f"a{c}b") != "ab"}
    scripts = {unicodedata.name(c).split()[0] for c in kept}
    assert scripts == {"ARABIC", "SYRIAC", "KAITHI", "EGYPTIAN"}


@pytest.mark.parametrize(
    "emoji",
    [
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",  # a family
        "\u2764\ufe0f",
        "1\ufe0f\u20e3",
        "\U0001f3f3\ufe0f\u200d\U0001f308",
    ],
)
def test_an_emoji_stays_whole(emoji):
    assert clean_text(f"Bravo {emoji} !") == f"Bravo {emoji} !"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("\u2764\ufe0f\ufe0f\ufe01", "\u2764\ufe0f"),
        ("\u2764\u200d\u200d\u2764", "\u2764\u2764"),
        ("1\ufe0f2", "12"),
        ("\U0001f3f4\U000e0067\U000e0062\U000e007f", "\U0001f3f4"),  # a region's flag: the pole
    ],
)
def test_emoji_carry_no_message(text, cleaned):
    assert clean_text(text) == cleaned


def test_french_typography_stays():
    text = "«\u00a0Vrai\u202f?\u00a0» – l’été, 10\u202f000\u00a0€, n\u1d52 3…"
    assert clean_text(text) == text


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
