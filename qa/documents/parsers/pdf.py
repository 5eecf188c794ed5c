"""PDF: the text layer of a document, with its lines put together to paragraphs again.

A PDF knows letters in places, not columns, lines or paragraphs; `layout` finds the columns. Headers
and footers, which return at the same height of other pages, and running page numbers go.
Footnotes stand at the end of the text. A paragraph ends at a wider distance between lines, before
an indented line, or where the first word of the next line had room and is no small letter's.

The title is the one of the properties when it looks like a person's, else the headline above the
text. The date is one that the text begins with: the properties know only when the file was made.
Scans are not read.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from pathlib import Path
from statistics import median

import pypdfium2
import pypdfium2.raw as pdfium

from qa.documents.article import Article, clean_text
from qa.documents.parsers.dateline import dateline
from qa.documents.parsers.divided import BULLET, CLOSES_SENTENCE, compounds, join
from qa.documents.parsers.fields import RAISED, Failure, article_from, origin_of, sane_title
from qa.documents.parsers.layout import Line, Word, lines, rows, same_size
from qa.errors import SourceError

_ENCRYPTED = (
    "the PDF is encrypted; save it without its password, "
    "for instance with `qpdf --decrypt old.pdf new.pdf`"
)
_OCR = "run text recognition on it first, for instance `ocrmypdf --force-ocr`"
_SCAN = "a scan? Run text recognition on it first, for instance `ocrmypdf`"
_TAIL = 4096  # bytes, in which a whole file says that it ends
_MADE_UP = re.compile(
    r"\W*(?:anonymous|slide|layout|mise en page|page|scan\w*|print)?[\W\d_]*", re.I
)

_EDGE_ROWS = 2  # at either end of a page, where headers and footers stand
_SAME_HEIGHT = 4.0  # points
_RETURNS = 0.4  # of the pages: left and right pages may have headers of their own
_APART = 1.6  # of the usual distance between rows
_PAGE_NUMBER = re.compile(
    r"[\s|·•–—-]*(?:p(?:age|\.)?\s*)?(\d{1,4})(?:\s*(?:/|of|sur)\s*\d{1,4})?[\s|·•–—-]*", re.I
)
_WIDER = 1.3  # of the usual distance: between paragraphs
_ABOVE = 4  # paragraphs, among which the headline is
# What a browser prints around a page: its address below, the time and the title above.
_PRINTED = re.compile(
    r"(?:https?|file)://\S+ \d+/\d+|\d{1,2}[/.]\d{1,2}[/.]\d{2,4},? \d{1,2}:\d\d(?: [AP]M)?(?: .*)?"
)
_BOLDER = 60  # of weights, which are 400 and 700 in a font that says so exactly
_INDENTED = 0.6  # of a letter's height
_FIGURES = 0.25  # of a block's lines, that begin with a figure: a list of figures or of dates
_ROOM = 4.0  # of a letter's height, at least, is left by who begins a new line on purpose
_RAGGED = 0.3  # of a column's width, by which lines of another one may differ
_HEADLINE = 1.2  # of the usual size
_LONGEST_HEADLINE = 200
_FEW_WORDS = 4  # from which a line is rather a headline than the name of a paper
_NOTE = 0.92  # of the usual size, at most
_NOTE_MARK = re.compile(r"(?:\(?\d{1,2}[).]?|[*†‡⁰¹²³⁴-⁹]+)\s?(?=[^\W\d_]|[«“\"])")
_RAISED_SIZE = 0.85  # of the size of the letters beside it, at most
_INVISIBLE = 1.5  # points
_PICTURE = 0.7  # of a page, at least, is covered by the pictures of a scan
_STAMP = 200  # letters, at most, that a scan carries beside its picture
_MOST_GARBLED = 0.2  # of the characters

_LETTERS = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
    | {"\x02": "-", "\ufffe": "-"}  # how PDFium writes a hyphen at a line's end
)


_Rows = list[list[Word]]


@dataclass(slots=True)
class _Paragraph:
    text: str
    size: float
    lines: list[Line] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Page:
    words: list[Word]
    is_scan: bool
    characters: int
    garbled: int


def read(path: Path) -> Iterator[Article | Failure]:
    """The article of a PDF file, and a Failure when some of its pages are scans."""
    title, pages = _open(path)
    scans = [number for number, page in enumerate(pages, start=1) if page.is_scan]
    if len(scans) > len(pages) / 2:
        raise SourceError(f"the PDF has no text on {len(scans)} of {len(pages)} pages; {_SCAN}")
    if sum(page.garbled for page in pages) > _MOST_GARBLED * sum(page.characters for page in pages):
        raise SourceError(f"the PDF's fonts do not say which letters they show; {_OCR}")
    body, notes = _body(pages)
    headline, paragraphs = _headline(_paragraphs(body))
    notes_text = [paragraph.text for paragraph in _paragraphs(notes)]
    if not any(char.isalpha() for text in (headline, *paragraphs) for char in text):
        raise SourceError(f"the PDF has no text; {_SCAN}")
    if title and _same(title, headline):
        headline = ""
    elif not title:
        title, headline = headline, ""
    text = "\n\n".join(part for part in (headline, *paragraphs, *notes_text) if part)
    fields = {"title": title, "text": text or title}
    article = article_from(fields, origin_of(path))
    date = dateline(article.text, french=article.language == "fr")
    article = article_from({**fields, "date": date and str(date)}, origin_of(path))
    end = len(article.text) - sum(len(clean_text(text)) + 2 for text in notes_text)
    yield replace(article, pages=_page_starts(article.text, body, end))
    if scans:
        numbers = ", ".join(map(str, scans[:10]))
        yield Failure(origin_of(path), f"pages without text: {numbers}; {_SCAN}")


def _page_starts(text: str, body: Sequence[Sequence[Line]], end: int) -> tuple[int, ...]:
    """`Article.pages` of a text made of the pages' lines, up to its footnotes at `end`.

    A page begins where its first line does, whose last word may be divided. Nothing when one is
    not found, for instance because a later headline stands above the text.
    """
    starts, at = list[int](), 0
    for number, page in enumerate(body):
        if number and page:
            words = clean_text(page[0].text).split()
            at = text.find(" ".join(words[:-1] or words), at, end)
            if at < 0:
                return ()
        starts.append(at)
    return (*starts, max(at, end))


def _open(path: Path) -> tuple[str, list[_Page]]:
    """The title of a document's properties, if it has a sane one, and its pages."""
    data = path.read_bytes()
    if b"%%EOF" not in data[-_TAIL:].upper():
        raise SourceError("the PDF is damaged or cut off: its end is missing; fetch it again")
    try:
        with pypdfium2.PdfDocument(data) as document:
            title = sane_title(document.get_metadata_value("Title"))
            return "" if _MADE_UP.fullmatch(title) else title, [_page(page) for page in document]
    except pypdfium2.PdfiumError as exc:
        if exc.err_code == pdfium.FPDF_ERR_PASSWORD:
            raise SourceError(_ENCRYPTED) from exc
        raise SourceError(f"the PDF is damaged or cut off: {exc}; fetch it again") from exc


def _page(page: pypdfium2.PdfPage) -> _Page:
    left, bottom, right, top = page.get_cropbox()
    letters = _letters(page.get_textpage())
    words = list(_words(_upright(letters, (left, bottom, right, top))))
    area = (right - left) * (top - bottom)
    pictures = (
        thing.get_bounds() for thing in page.get_objects([pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=3)
    )
    covered = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in pictures)
    count = sum(char.isalpha() for word in words for char in word.text)
    return _Page(
        words=words,
        is_scan=covered >= _PICTURE * area and count < _STAMP,
        characters=sum(not letter.char.isspace() for letter in letters),
        garbled=sum(map(_is_garbled, letters)),
    )


@dataclass(frozen=True, slots=True)
class _Letter:
    """One character, " " between words, with its place and the quarter turns of its line."""

    char: str
    left: float
    right: float
    top: float
    bottom: float
    turns: int = 0
    weight: int = 0


def _letters(page: pypdfium2.PdfTextPage) -> list[_Letter]:
    """The characters of a page as the document draws them; upwards is positive."""
    found = []
    for at in range(page.count_chars()):
        char = chr(pdfium.FPDFText_GetUnicode(page, at)).translate(_LETTERS)
        angle = pdfium.FPDFText_GetCharAngle(page, at)
        left, bottom, right, top = page.get_charbox(at, loose=True)
        turns = round(-angle / (math.pi / 2)) % 4  # which PDFium counts clockwise
        weight = pdfium.FPDFText_GetFontWeight(page, at)
        found.append(_Letter(char, left, right, top, bottom, turns, weight))
    return found


def _is_garbled(letter: _Letter) -> bool:
    """Whether a font does not say which letter it shows here."""
    return unicodedata.category(letter.char) in ("Cc", "Cn", "Co") and not letter.char.isspace()


def _upright(letters: Sequence[_Letter], box: tuple[float, float, float, float]) -> list[_Letter]:
    """The letters that stand as most do and within the page, downwards positive."""
    seen = [letter for letter in letters if not letter.char.isspace() and letter.char > " "]
    if not seen:
        return []
    [(most, _)] = Counter(letter.turns for letter in seen).most_common(1)
    left, bottom, right, top = box
    upright = []
    for one in letters:
        blank = one.char.isspace() or one.char < " "
        if blank:
            upright.append(_Letter(" ", 0, 0, 0, 0))
        elif one.turns == most and left <= one.left < right and bottom < one.top <= top + 2:
            place = one.left - left, one.right - left, top - one.top, top - one.bottom
            width, height = right - left, top - bottom
            for _ in range(most):
                x0, x1, y0, y1 = place
                place = height - y1, height - y0, x0, x1
                width, height = height, width
            upright.append(_Letter(one.char, *place, weight=one.weight))
    return upright


def _words(letters: Sequence[_Letter]) -> Iterator[Word]:
    """The words that letters make up, in the order in which they are drawn."""
    word: list[_Letter] = []
    spaced = False
    for letter in letters:
        if letter.char == " ":
            spaced = True
        elif letter.bottom - letter.top > _INVISIBLE:
            if word and not (
                _is_raised(word[-1], letter) if spaced else _follows(word[-1], letter)
            ):
                yield _word(word)
                word = []
            word.append(letter)
            spaced = False
    if word:
        yield _word(word)


def _is_raised(before: _Letter, letter: _Letter) -> bool:
    """Whether a letter is a small one right above the end of another, such as in "m²"."""
    size = before.bottom - before.top
    small = 0.4 * size < letter.bottom - letter.top < _RAISED_SIZE * size
    beside = abs(letter.left - before.right) < size / 6
    return small and beside and before.top < letter.bottom < before.bottom


def _follows(before: _Letter, letter: _Letter) -> bool:
    """Whether a letter stands right after another."""
    size = max(before.bottom - before.top, letter.bottom - letter.top)
    overlap = min(before.bottom, letter.bottom) - max(before.top, letter.top)
    return before.left <= letter.left + size / 4 < before.right + 2 * size and overlap > size / 4


def _word(letters: Sequence[_Letter]) -> Word:
    """A word; figures that are small and raised are written so."""
    size = max(letter.bottom - letter.top for letter in letters)
    bottom = max(letter.bottom for letter in letters)
    text = "".join(
        letter.char.translate(RAISED)
        if letter.bottom - letter.top < _RAISED_SIZE * size and bottom - letter.bottom > size / 10
        else letter.char
        for letter in letters
    )
    return Word(
        text=text,
        left=min(letter.left for letter in letters),
        right=max(letter.right for letter in letters),
        top=min(letter.top for letter in letters),
        bottom=bottom,
        size=size,
        weight=max(letters[0].weight, 0),
    )


def _body(pages: Sequence[_Page]) -> tuple[list[list[Line]], list[list[Line]]]:
    """The lines of the pages' text and of their footnotes, page by page, edges left out."""
    all_rows = [rows(page.words) for page in pages]
    usual = _usual_size(word for page in pages for word in page.words)
    bodies, notes = [], []
    for kept in _without_edges(all_rows):
        count = _note_rows(kept, usual)
        above, below = kept[: len(kept) - count], kept[len(kept) - count :]
        bodies.append(lines([word for row in above for word in row]))
        notes.append(lines([word for row in below for word in row]))
    return bodies, notes


def _usual_size(words: Iterable[Word | _Paragraph]) -> float:
    """The size of most letters, in steps of half a point."""
    sizes: Counter[float] = Counter()
    for word in words:
        sizes[round(2 * word.size) / 2] += len(word.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _without_edges(pages: Sequence[_Rows]) -> Iterator[_Rows]:
    """The rows of each page without headers, footers and page numbers."""
    edges = [_edges(page) for page in pages]
    leading = _leading([pair for page in pages for pair in pairwise(page)])
    for number, page in enumerate(pages):
        yield [
            row
            for at, row in enumerate(page)
            if at not in edges[number]
            or not (
                _returns(row, pages, edges, apart=_apart(at, page, leading))
                or (_continues_count(row, number, pages, edges) and _apart(at, page, leading))
                or (at in (0, len(page) - 1) and _stands_apart(at, page, leading))
                or (at in (0, len(page) - 1) and _PRINTED.fullmatch(_text(row)))
            )
        ]


def _edges(page: _Rows) -> set[int]:
    """The places of a page's rows where headers and footers stand."""
    places = range(len(page))
    return {*places[:_EDGE_ROWS], *places[-_EDGE_ROWS:]}


def _apart(at: int, page: _Rows, leading: float) -> bool:
    """Whether a wide distance parts an edge of the page, up to a row, from the text."""
    top = at < len(page) / 2
    inner = range(at, _EDGE_ROWS) if top else range(at, len(page) - _EDGE_ROWS - 1, -1)
    step = 1 if top else -1
    return any(
        0 <= place + step < len(page)
        and abs(page[place + step][0].bottom - page[place][0].bottom) > _WIDER * leading
        for place in inner
    )


def _leading(pairs: Sequence[tuple[list[Word], list[Word]]]) -> float:
    """The usual distance from one row to the next."""
    return median([below[0].bottom - above[0].bottom for above, below in pairs] or [0.0])


def _returns(
    row: list[Word], pages: Sequence[_Rows], edges: Sequence[set[int]], *, apart: bool
) -> bool:
    """Whether a row in words stands at the same height of other pages.

    Its numbers may be others where it stands apart from the text, as on two pages it has to.
    """
    shaped = _shape if apart else _text
    shape = shaped(row)
    if not re.search(r"[^\W\d_]", shape):
        return False
    alike = sum(
        any(_level(page[at], row) and shaped(page[at]) == shape for at in places)
        for page, places in zip(pages, edges, strict=True)
    )
    return alike >= max(2 if apart else 3, _RETURNS * len(pages))


def _shape(row: Sequence[Word]) -> str:
    """A row with its numbers made alike, so that "Page 2 / 9" equals "Page 3 / 9"."""
    return re.sub(r"\d+", "#", _text(row))


def _text(row: Sequence[Word]) -> str:
    return " ".join(word.text for word in row)


def _level(row: Sequence[Word], other: Sequence[Word]) -> bool:
    return abs(row[0].bottom - other[0].bottom) <= _SAME_HEIGHT


def _continues_count(
    row: list[Word], number: int, pages: Sequence[_Rows], edges: Sequence[set[int]]
) -> bool:
    """Whether a row is a number that goes on by one from page to page."""
    first = _page_number(row)
    return first is not None and any(
        other != number
        and _level(page[at], row)
        and (value := _page_number(page[at])) is not None
        and value - other == first - number
        for other, (page, places) in enumerate(zip(pages, edges, strict=True))
        for at in places
    )


def _page_number(row: Sequence[Word]) -> int | None:
    match = _PAGE_NUMBER.fullmatch(_text(row))
    return int(match[1]) if match else None


def _stands_apart(at: int, page: _Rows, leading: float) -> bool:
    """Whether the first or last row of a page is a number that belongs to no sentence."""
    row = page[at]
    if _page_number(row) is None:
        return False
    if len(page) == 1 or any(char.isalpha() or char == "/" for word in row for char in word.text):
        return True
    beside = page[1] if at == 0 else page[-2]
    distance = abs(row[0].bottom - beside[0].bottom) / min(leading, 1.5 * beside[0].size)
    return distance > 2 * _APART


def _note_rows(page: _Rows, usual: float) -> int:
    """How many rows at the foot of a page are footnotes: small, and the first has a mark."""
    count = 0
    for row in reversed(page):
        if median(word.size for word in row) > _NOTE * usual:
            break
        count += 1
    small = page[len(page) - count :]
    while small and not _NOTE_MARK.match(_text(small[0])):
        small = small[1:]
    return len(small)


def _paragraphs(pages: Sequence[Sequence[Line]]) -> list[_Paragraph]:
    """Lines joined to paragraphs, across columns and pages."""
    hyphenated = compounds(line.text for page in pages for line in page)
    pairs = [pair for page in pages for pair in pairwise(page) if pair[0].block == pair[1].block]
    leading = median([below.bottom - above.bottom for above, below in pairs] or [0.0])
    paragraphs: list[_Paragraph] = []
    for page in pages:
        blocks = [list(group) for _, group in groupby(page, key=lambda line: line.block)]
        for at, block in enumerate(blocks):
            end = (
                paragraphs[-1] if paragraphs and _goes_on_in(paragraphs[-1], blocks[at:]) else None
            )
            figures = sum(line.text[0].isdigit() for line in block)
            listed = figures > 1 and figures >= _FIGURES * len(block)
            for before, line in zip([None, *block], block, strict=False):
                if end and before and before.in_table and line.in_table:
                    end.text += f"\n{line.text}"
                elif end and (
                    before is None
                    or (_goes_on(before, line, leading) and not (listed and line.text[0].isdigit()))
                ):
                    end.text = join(end.text, line.text, hyphenated)
                else:
                    end = _Paragraph(line.text, line.size)
                    paragraphs.append(end)
                end.lines.append(line)
    return paragraphs


def _goes_on_in(end: _Paragraph, blocks: Sequence[Sequence[Line]]) -> bool:
    """Whether a paragraph of another block or page goes on in the first of these, and nowhere else.

    A small letter goes on with what is open; a capital or figure does in a column of the same
    width. Neither does where a later block begins with a small letter after one that is closed.
    """
    before, line = end.lines[-1], blocks[0][0]
    width, other_width = (right - left for left, right in (before.column, line.column))
    fills = line.text[0].isdigit() or not _has_room(before, line)
    alike = abs(width - other_width) <= _RAGGED * width and len(end.lines) > 1 and fills
    elsewhere = (
        other.text[0].islower() and _may_go_on(before, other) and not _may_go_on(last, other)
        for (*_, last), (other, *_) in pairwise(blocks)
    )
    return _may_go_on(before, line) and (line.text[0].islower() or alike) and not any(elsewhere)


def _may_go_on(before: Line, line: Line) -> bool:
    """Whether a line is of the kind of another that closes no sentence."""
    return (
        _alike(before, line)
        and not (before.in_table or line.in_table or _is_closed(before.text))
        and not BULLET.match(line.text)
    )


def _is_closed(text: str) -> bool:
    return CLOSES_SENTENCE.search(text) is not None


def _goes_on(before: Line, line: Line, leading: float) -> bool:
    """Whether a line continues the paragraph of the line above it.

    A new one is indented, or begins with no small letter though its first word had room above.
    """
    if not _alike(before, line) or before.in_table or line.in_table or BULLET.match(line.text):
        return False
    if line.bottom - before.bottom > _WIDER * max(leading, 0.8 * line.size):
        return False
    indented, was_indented = (
        one.left - line.column[0] > _INDENTED * line.size for one in (line, before)
    )
    apart = (before.left - line.left) + (before.right - line.right)
    centred = abs(apart) < line.size and abs(before.left - line.left) > _SAME_HEIGHT / 2
    divided = before.text.endswith(("-", "\u2010"))
    broken = not (divided or line.text[0].islower()) and _has_room(before, line)
    opens = indented and not was_indented and _is_closed(before.text)
    return centred or not (opens or broken)


def _has_room(before: Line, line: Line) -> bool:
    """Whether the first word of a line would have fitted well on the line above."""
    first = len(line.text.split()[0]) / len(line.text) * (line.right - line.left)
    return before.column[1] - before.right - first > _ROOM * line.size


def _alike(line: Line, other: Line) -> bool:
    """Whether two lines are of one size, and not the one bold and the other not."""
    bolder = line.weight and other.weight and abs(line.weight - other.weight) >= _BOLDER
    return not bolder and same_size(line.size, other.size)


def _headline(paragraphs: Sequence[_Paragraph]) -> tuple[str, list[str]]:
    """The headline above a text, or "", and the other paragraphs."""
    texts = [paragraph.text for paragraph in paragraphs]
    if len(paragraphs) > 1:
        usual = _usual_size(paragraphs)
        largest = max(paragraphs[:_ABOVE], key=lambda one: _as_headline(one, usual))
        if largest.size >= _HEADLINE * usual and len(largest.text) <= _LONGEST_HEADLINE:
            at = paragraphs.index(largest)
            return largest.text, [*texts[:at], *texts[at + 1 :]]
    return "", texts


def _as_headline(paragraph: _Paragraph, usual: float) -> tuple[bool, float]:
    """How much a paragraph looks like a headline: words first, since a paper's name is larger."""
    large = paragraph.size >= _HEADLINE * usual
    return large and len(paragraph.text.split()) >= _FEW_WORDS, paragraph.size


def _same(title: str, headline: str) -> bool:
    """Whether two titles have the same words."""
    words, others = (re.findall(r"\w+", one.casefold()) for one in (title, headline))
    return bool(words) and words == others
