"""Escaping: words from outside made harmless where they are put between words of ours.

`inert` is for a prompt: nothing it returns can close a fence, open a turn of the conversation or
pass for one of our numbers, whatever the model's chat template. All of these need angle, square or
curly brackets or bars, so each of those, and each character that looks like one, becomes a round
bracket or a stroke; then no list of tokens has to be complete. `unmarked` is for text that other
programs may show as Markdown: no link, image or element of HTML in it works.

Knows nothing about who wrote the words.
"""

from __future__ import annotations

import re

from qa.documents.article import clean_text
from qa.types import CITATION_MARK

# By Unicode's compatibility forms and its table of confusables. French quotation marks stay.
_LIKE = {
    "(": "<[{＜［｛﹤﹛‹〈〈⟨《⟪❬❮❰˂ᐸ︷﹇≺≪⦑⧼𝈶【〔〖〘〚⟦⟮❲⁅⦋",
    ")": ">]}＞］｝﹥﹜›〉〉⟩》⟫❭❯❱˃ᐳ︸﹈≻≫⦒⧽𝈷】〕〗〙〛⟧⟯❳⁆⦌",
    "/": "|｜¦∣ǀ│┃❘❙❚￨︱⏐⎪︳𝄀‖∥ǁ",
}
_INERT = str.maketrans({like: plain for plain, likes in _LIKE.items() for like in likes})
_MARKDOWN = re.compile(r"(\])(?=\()|(<)(?=[a-zA-Z/!?])")


def inert(text: str) -> str:
    """Text on one line, without invisible characters and without anything that marks up."""
    return " ".join(clean_text(text).translate(_INERT).split())


def unnumbered(text: str) -> str:
    """Text whose numbers in square brackets, which would read as citations, are in round ones."""
    return CITATION_MARK.sub(r"(\1)", text)


def unmarked(text: str) -> str:
    """Text with a space wherever Markdown would begin an address or HTML an element."""
    return _MARKDOWN.sub(r"\g<0> ", text)
