"""Small PDF files, written letter by letter: text in places, pictures, properties."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

# (left, distance from the top, size, text), in points on a page of 595 by 842.
Piece = tuple[float, float, float, str]
WIDTH, HEIGHT = 595, 842
_PICTURE = (
    b"<</Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray"
    b"/BitsPerComponent 8/Length 1>>stream\n\x80\nendstream"
)


def column(
    left: float, top: float, width: float, text: str, size: float = 10, leading: float = 13
) -> Iterator[Piece]:
    """A text set in a column: lines broken at words, paragraphs after the first indented."""
    for number, paragraph in enumerate(text.split("\n")):
        indent = size if number else 0
        wrapped = textwrap.wrap(paragraph, int((width - indent) / size / 0.5))
        for at, line in enumerate(wrapped):
            yield left + (indent if at == 0 else 0), top, size, line
            top += leading


def pdf(
    *pages: Sequence[Piece],
    title: str | None = None,
    pictures: Mapping[int, float] | None = None,
    turned: Sequence[Piece] = (),
) -> bytes:
    """A file with these pages.

    Args:
        title: in the properties; a date of creation, 29 November 2026, is always there.
        pictures: page, from 0, to the share of it that a picture covers.
        turned: pieces set upwards along the edge of every page.
    """
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        _PICTURE,
        b"<</CreationDate(D:20261129170441Z)/Title %s>>" % _text(title or ""),
    ]
    kids = []
    for number, page in enumerate(pages):
        share = (pictures or {}).get(number, 0.0)
        content = b"".join(
            b"BT /F1 %g Tf 1 0 0 1 %g %g Tm %s Tj ET\n" % (size, left, HEIGHT - top, _text(text))
            for left, top, size, text in page
        )
        content += b"".join(
            b"BT /F1 %g Tf 0 1 -1 0 %g %g Tm %s Tj ET\n" % (size, left, HEIGHT - top, _text(text))
            for left, top, size, text in turned
        )
        if share:
            content = b"q %g 0 0 %g 0 0 cm /I1 Do Q\n" % (WIDTH, share * HEIGHT) + content
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(content), content))
        kids.append(b"%d 0 R" % (len(objects) + 1))
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]/Contents %d 0 R"
            b"/Resources<</Font<</F1 3 0 R>>/XObject<</I1 4 0 R>>>>>>"
            % (WIDTH, HEIGHT, len(objects))
        )
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(pages), b" ".join(kids))
    file, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(file))
        file += b"%d 0 obj%s endobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return file + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R/Info 5 0 R>>\n"
        b"startxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table, len(objects) + 1, len(file))
    )


def _text(text: str) -> bytes:
    escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return b"(" + escaped.encode("cp1252") + b")"
