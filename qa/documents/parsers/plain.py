"""Plain text: an optional header, an optional title line, then the article.

    date 2017-01 En Libye, la première phase de l'accord…

A first line of its own, short, followed by an empty line and without a full stop at its end is
the title; so is one that is underlined. Otherwise there is none, and no word of the text is taken
for it. The date is the one above the text or of its dateline (see `dateline`).

Text with lines of sixty letters, as agencies and mail send it, becomes paragraphs again (see
`unwrap`), and what they put around it is left out: a mail's header, of which subject and date are
used, its signature and marks of quotation, an agency's line of codes and its editors' initials.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path

from qa.documents.article import Article, PartialDate, clean_text
from qa.documents.parsers import exports
from qa.documents.parsers.charset import decode, not_utf8
from qa.documents.parsers.dateline import alone, dateline
from qa.documents.parsers.fields import Failure, article_from, origin_of
from qa.documents.parsers.unwrap import unwrap
from qa.language.detect import detect

__all__ = ["COMMENT", "decode", "not_utf8", "read", "sent_on", "split_title", "without_breaks"]

_DATE = re.compile(r"date (\d{4}(?:-\d{1,2}){0,2})(?:\s+|$)", re.A)
_LONGEST_TITLE = 120
_HTML = re.compile(r"\s*<(?:!doctype html|html)\b", re.I)
_UNDERLINED = re.compile(r"([^\n]{1,120})\n(?:={3,}|-{3,}|~{3,}|\*{3,})\n+")

_FIELD = re.compile(r"([^\W\d_][\w-]{0,30})\s?:\s*(.*)")
_FIELDS = {
    "title": "subject objet sujet title titre headline".split(),
    "date": "date sent envoyé published publié".split(),
    "source": "source publication journal".split(),
    "sender": "from de".split(),
    "": "to à cc cci bcc by par author auteur reply-to message-id mime-version".split(),
}
_MEANING = {name: field for field, names in _FIELDS.items() for name in names}
_CODES = re.compile(r"(?=.*\b[A-Z]{2,5}\d{3,5}\b)(?:[A-Z0-9/&-]+\s+){2,}\S+(?:\s+\S+){0,3}")
_MAIL_SIGNATURE = re.compile(r"\n-- ?\n(?:.*(?:\n|\Z)){0,12}\Z")
_LAST_LINE = re.compile(r"[a-z]{2,4}(?:[-/][a-z]{2,4})+/?|#{3}|-(?:30|0)-|\(?(?:ENDS?|FIN)\)?")
_TIME = re.compile(r",?(?: at| à)? \d{1,2}[:h]\d\d.*")
_QUOTED = re.compile(r"^(?:> ?)+", re.M)
_MESSAGE = re.compile(r"(?i)(?=(?:[\w-]+:.*\n(?:[ \t].*\n)*)*?content-type:)[\w-]+:")
_NESTED = re.compile(r"(?im)^(?:from|de|subject|objet|date)\s?:")
COMMENT = 160  # characters, at most, above a message that is sent on, which go


def read(path: Path) -> Iterator[Article | Failure]:
    """The one article of a text file."""
    raw = decode(path.read_bytes())
    if _HTML.match(raw):
        from qa.documents.parsers import html

        yield from html.read(path)
        return
    raw = re.sub(r"\r\n?", "\n", raw)
    if _MESSAGE.match(raw):
        from qa.documents.parsers import mail

        yield from mail.read(path)
        return
    if several := exports.of_text(raw):
        yield from exports.articles(several, path, None)
        return
    fields, body = _header(raw)
    text = clean_text(without_breaks(body))
    french = detect(text, default="") == "fr"
    date: str | PartialDate | None = _date(fields.get("date", ""), french=french)
    if match := _DATE.match(text):
        date, text = match[1], text[match.end() :]
    line, _, rest = text.partition("\n")
    if date is None and rest and (date := alone(line, french=french)):
        text = rest.lstrip("\n")
    title = fields.get("title", "")
    if not title:
        title, text = split_title(text)
    date = date or dateline(text, french=french)
    yield article_from(
        {**fields, "date": date and str(date), "title": title, "text": text}, origin_of(path)
    )


def split_title(text: str) -> tuple[str, str]:
    """The title line, or "", and the text after it."""
    if underlined := _UNDERLINED.match(text):
        return underlined[1], text[underlined.end() :]
    line, gap, rest = text.partition("\n\n")
    is_title = gap and "\n" not in line and len(line) <= _LONGEST_TITLE and line[-1:] != "."
    return (line, rest) if is_title else ("", text)


def without_breaks(text: str) -> str:
    """The paragraphs of a text as a mail program or an agency sends it."""
    return unwrap(_body(text))


def sent_on(text: str, *, french: bool) -> tuple[dict[str, object], str]:
    """The title, date and sender of a message that another one sends on, and its text.

    Nothing and the text, when no header of a message stands near its top.
    """
    bare = re.sub(r"\r\n?", "\n", _QUOTED.sub("", text))
    for match in _NESTED.finditer(bare[:COMMENT]):
        fields, rest = _header(bare[match.start() :])
        if {"title", "date", "sender"} <= fields.keys():
            day = _date(fields["date"], french=french)
            return {**fields, "date": day and str(day)}, rest
    return {}, text


def _header(text: str) -> tuple[dict[str, str], str]:
    """The fields above a text that is a mail or begins with a few of them, and the text."""
    block, _, rest = text.lstrip("\ufeff \n").partition("\n\n")
    if not rest.strip():
        return {}, text
    if len(block) <= _LONGEST_TITLE and _CODES.fullmatch(block.strip()):
        return {}, rest
    lines = re.sub(r"\n[ \t]+", " ", block).split("\n")
    matches = [match for match in map(_FIELD.fullmatch, lines) if match]
    known = [match for match in matches if match[1].lower() in _MEANING]
    if len(matches) < len(lines) or len(known) < min(2, len(lines)):
        return {}, text
    fields = {_MEANING[match[1].lower()]: match[2] for match in known}
    return {name: value for name, value in fields.items() if name and value}, rest


def _body(text: str) -> str:
    """A text without what a mail program or an agency adds: marks of quotation, signatures."""
    if len(_QUOTED.findall(text)) > 1:
        text = _QUOTED.sub("", text)
    text = _MAIL_SIGNATURE.sub("", text).rstrip()
    above, _, last = text.rpartition("\n")
    return above if above.strip() and _LAST_LINE.fullmatch(last.strip()) else text


def _date(text: str, *, french: bool) -> PartialDate | None:
    """The day of a header's date in whatever form; None when it names none."""
    if day := alone(_TIME.sub("", text), french=french):
        return day
    try:
        return PartialDate.of(parsedate_to_datetime(text))
    except ValueError:
        return None
