"""RTF documents as word processors write them."""

from __future__ import annotations

import pytest

from qa.documents.article import Article
from qa.documents.parsers import read

HEAD = r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fcharset0 Times;}{\f1\fcharset204 Arial;}}"


@pytest.fixture
def parsed(tmp_path):
    """The text of a document with this body."""

    def parsed(body: str) -> str:
        (tmp_path / "a.rtf").write_bytes(f"{HEAD}{body}}}".encode("cp1252"))
        [article] = read(tmp_path / "a.rtf")
        assert isinstance(article, Article), article
        return article.text

    return parsed


@pytest.mark.parametrize(
    "note",
    [
        r"{\super\chftn}{\footnote\pard\plain \chftn  %s}",
        r"{\cs18\super\chftn {\footnote \pard\plain \s17 {\cs18\super \chftn } %s}}",
        r"{\super \chftn{\*\footnote\chftn\pard\plain {%s}}}",
        r"{\super\chftn{\*\footnote\ftnalt\chftn\pard\plain %s}}",
    ],
)
def test_footnotes_stand_after_the_text(note, parsed):
    note %= r"The register \{of 1821\} lists the caf\'e9s."
    body = rf"\pard The market{note} closed on Monday.\par Nobody spoke.\par"
    assert parsed(body) == (
        "The market closed on Monday.\n\nNobody spoke.\n\nThe register {of 1821} lists the cafés."
    )


def test_footnotes_have_the_letters_of_their_font(parsed):
    note = r"{\footnote\pard\plain\f1 \'cc\'fd\'f0}"
    assert parsed(rf"\pard The market{note} closed.\par") == "The market closed.\n\nМэр"


@pytest.mark.parametrize("raised", [r"{\super 6}", r"\super 6\nosupersub ", r"{\f0\super\b 6}"])
def test_raised_figures_stay_raised(raised, parsed):
    assert parsed(rf"\pard It cost 10{raised} crowns.\par") == "It cost 10⁶ crowns."


def test_deleted_words_are_not_read(parsed):
    body = r"\pard The market {\deleted\revauthdel1 never }closed {\v twice }on Monday.\par"
    assert parsed(body) == "The market closed on Monday."
