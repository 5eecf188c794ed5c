"""Where sentences begin and end, as spans: half-open ranges of a text's characters.

Boundaries come from sentencex (Wikimedia), mended where it cuts after an initial or a title
("M. Haftar", "O.N.U.").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open character range [start, end) of an article's text."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """The characters of `text` that the span covers."""
        return text[self.start : self.end]

    def holds(self, other: Span) -> bool:
        """Whether all of another span lies in this one."""
        return self.start <= other.start and other.end <= self.end

    def __len__(self) -> int:
        return self.end - self.start


# Words that end in a full stop without ending a sentence, as sentencex 1.0 misses them:
# French titles, initials ("J. Dupont", "O.N.U.", "J.-L."), and list numbers ("1.").
_GOES_ON = re.compile(
    r"(?:^|[\s(«\"'’.]|\.-)(?:[A-ZÀ-Þ]|MM|Mgr|Me|St|Ste|Dr|Pr|Gal|[Gg]én|av)\.$|^\d{1,2}\.$"
)
_WORD_AFTER = re.compile(r"[\wÀ-ÿ]|-[A-ZÀ-Þ]\.")
_AT_ONCE = 10_000
_LOOKED_AT = 40  # characters on either side of a full stop, more than the patterns below take
_FILLED = re.compile(r"\S")
# A year before Christ may end a sentence.
_ERA = re.compile(r"\ba(?:v|p|pr)\. ?J\.-C\.$")
# Words that do so before a figure only: "de l'art." may end a sentence, "l'art. 5" does not.
_NUMBERED = re.compile(
    r"\b(?:art|janv?|févr?|feb|mar|avr|apr|jun|juil|jul|aug|sept?|oct|nov|déc|dec)\.$", re.I
)
# Where web pages lose the space behind a full stop: "la semaine.Le tribunal".
_GLUED = re.compile(r"(?<=[a-zà-ÿ0-9][a-zà-ÿ0-9][.…])(?=[«“\"]?[A-ZÀ-Þ][a-zà-ÿ’'])")


def sentences(text: str, language: str, max_chars: int = 1000) -> list[Span]:
    """Spans of the sentences of `text`, without the white space around them, in order.

    A sentence longer than `max_chars` is cut at the last white space before that limit.
    """
    spans: list[Span] = []
    for span in _boundaries(text, language):
        if spans and _continues(text, spans[-1], span):
            spans[-1] = Span(spans[-1].start, span.end)
        else:
            spans.append(span)
    return [piece for span in spans for piece in _pieces(text, span, max_chars)]


def _boundaries(text: str, language: str) -> Iterator[Span]:
    for found in _cut(text, language):
        # A line that ends without punctuation (a heading) is a sentence of its own.
        for line in re.finditer(r"[^\n]+", found.of(text)):
            start = found.start + line.start()
            for piece in _GLUED.split(line.group()):
                stripped = piece.strip()
                if stripped:
                    begin = start + piece.index(stripped)
                    yield Span(begin, begin + len(stripped))
                start += len(piece)


def _cut(text: str, language: str) -> Iterator[Span]:
    """What sentencex finds, a part of the text after the other: marks of quotation cost it their
    square, and a hundred thousand of them minutes.

    A part ends with a paragraph or, where that is longer, with the last sentence but one.
    """
    import sentencex

    start = 0
    while start < len(text):
        end = start + _AT_ONCE
        paragraph = text.rfind("\n\n", start + 1, end) if end < len(text) else -1
        part = text[start : paragraph if paragraph > 0 else end]
        found = [
            Span(start + boundary["start_index"], start + boundary["end_index"])
            for boundary in sentencex.get_sentence_boundaries(language, part)
        ]
        if end < len(text) and paragraph < 0 and len(found) > 1:
            found.pop()  # it may go on
        yield from found
        start = found[-1].end if found else start + len(part)


def _continues(text: str, before: Span, after: Span) -> bool:
    if "\n" in text[before.end : after.start]:
        return False
    if not any(character.isalnum() for character in after.of(text)):
        return True  # closing quotes and brackets belong to the sentence they close
    first = text[max(before.start, before.end - _LOOKED_AT) : before.end]
    second = text[after.start : after.start + _LOOKED_AT]
    if _ERA.search(first):
        return second[0].islower()
    if _NUMBERED.search(first):
        return second[0].isdigit()
    return bool(_GOES_ON.search(first) and _WORD_AFTER.match(second))


def _pieces(text: str, span: Span, max_chars: int) -> Iterator[Span]:
    start = span.start
    while span.end - start > max_chars:
        cut = max(
            text.rfind(" ", start + 1, start + max_chars),
            text.rfind("\u00a0", start + 1, start + max_chars),
        )
        if cut <= start:
            cut = start + max_chars
        end = start + len(text[start:cut].rstrip())
        yield Span(start, end)
        following = _FILLED.search(text, cut, span.end)
        start = following.start() if following else span.end
    if start < span.end:
        yield Span(start, span.end)
