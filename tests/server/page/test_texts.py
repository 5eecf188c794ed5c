"""Every name that templates and code use exists in both translations, and none is left over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from qa.documents.article import PartialDate
from qa.server.page import texts as module
from qa.server.page.texts import ENGLISH, FRENCH, language_of

FOLDER = Path(module.__file__).parent
SIGNALS = [FOLDER.parents[1] / "search" / "calibration.py"]  # whose names have strings of their own


def strings(table: Mapping[str, Any]) -> Iterator[str]:
    """The strings of a translation by their last names."""
    for name, value in table.items():
        yield from strings(value) if isinstance(value, dict) else (name,)


def test_a_string_that_one_translation_lacks_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"fr": {"send": "Envoyer"}, "en": {"send": "Send", "talks": {"share": "Share {n}"}}}
    monkeypatch.setattr(module, "_strings", files.__getitem__)
    with pytest.raises(ValueError, match=r"talks\.share"):
        module._both()


def test_no_string_is_left_over() -> None:
    used = {
        word
        for path in (*FOLDER.glob("*.py"), *FOLDER.glob("templates/*.html"), *SIGNALS)
        for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))
    }
    assert [name for name in strings(module._strings("en")) if name not in used] == []


@pytest.mark.parametrize(
    ("date", "french", "english"),
    [
        ("2017-01-01", "1er janvier 2017", "1 January 2017"),
        ("2017-08-21", "21 août 2017", "21 August 2017"),
        ("2017-08", "août 2017", "August 2017"),
        ("2017", "2017", "2017"),
        ("2015-05-01", "1er mai 2015", "1 May 2015"),
    ],
)
def test_a_date_is_said_to_the_precision_known(date: str, french: str, english: str) -> None:
    day = PartialDate.parse(date)
    assert (FRENCH.day(day), ENGLISH.day(day)) == (french, english)


def test_an_unknown_date_and_language_are_said_as_such() -> None:
    assert ENGLISH.day(None) == ENGLISH.undated
    assert (FRENCH.language_name("en"), FRENCH.language_name("xx")) == ("anglais", "xx")


def test_any_french_browser_gets_french() -> None:
    assert [language_of(v) for v in ("fr", "fr-CA", "FR", "en-US", "de", "", None)] == (
        ["fr", "fr", "fr", "en", "en", "en", "en"]
    )
