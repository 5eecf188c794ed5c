"""Markdown: optional front matter (YAML, or TOML between +++), then a body that becomes plain text.

Front matter gives id, title, date, source, language (or lang) and url. Without a title there,
the first heading of level 1 is the title and leaves the text; without a date, the one of a line or
dateline above the text counts (see `dateline`). Link texts and code stay;
addresses, images and raw HTML go, and with it the words that it hides (see `hidden`). List items
begin with "• " or their number, table cells are joined by " | ".

All values of YAML are read as text: it would make `language: no` a false and `id: 007` a seven. A
value with a colon, as French titles have it ("Orbec : fin de la grève"), needs no quotes here.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from qa.documents.article import Article
from qa.documents.parsers.charset import decode
from qa.documents.parsers.dateline import dateline
from qa.documents.parsers.divided import join
from qa.documents.parsers.fields import article_from, origin_of
from qa.documents.parsers.hidden import hides
from qa.errors import SourceError

_FRONT_MATTER = re.compile(r"\s*^---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.M | re.S)
_TOML = re.compile(r"\s*^\+\+\+[ \t]*\n(.*?)^\+\+\+[ \t]*(?:\n|\Z)", re.M | re.S)
_OPENING = re.compile(r"\s*^---[ \t]*\n(?=\w+:)", re.M)
_COLON_IN_VALUE = re.compile(r"^(\w[\w-]*:[ \t]+)([^\s\"'\[{|>&*!#%@`].*:(?:[ \t].*)?)$", re.M)
_NOTE = re.compile(r"^\[\^[^\]\s]+\]:[ \t]*|\[\^[^\]\s]+\]", re.M)
_SHORTCODE = re.compile(r"\{\{[<%].*?[%>]\}\}")


def read(path: Path) -> Iterator[Article]:
    """The one article of a Markdown file."""
    source = decode(path.read_bytes()).replace("\r\n", "\n").replace("\r", "\n")
    fields, body = _split(source)
    body = _SHORTCODE.sub("", _NOTE.sub("", body))
    tokens: Sequence[Token] = _shown(_parser().parse(body))
    title = fields.get("title")
    if not title:
        title, tokens = _take_title(tokens)
    fields = {**fields, "title": title, "text": _render(tokens)}
    article = article_from(fields, origin_of(path))
    if article.date is None:
        date = dateline(article.text, french=article.language == "fr")
        article = article_from({**fields, "date": date and str(date)}, origin_of(path))
    yield article


def _split(source: str) -> tuple[Mapping[str, object], str]:
    """The fields of the front matter and the text after it."""
    if match := _TOML.match(source):
        return _toml(match[1]), source[match.end() :]
    if match := _FRONT_MATTER.match(source):
        return _fields(match[1]), source[match.end() :]
    if _OPENING.match(source):
        raise SourceError("the front matter opened in line 1 is never closed; add a line of ---")
    return {}, source


def _toml(front_matter: str) -> dict[str, object]:
    try:
        return tomllib.loads(front_matter)
    except tomllib.TOMLDecodeError as exc:
        raise SourceError(f"malformed front matter between +++: {exc}") from exc
    except RecursionError as exc:
        raise SourceError("malformed front matter: nested too deeply") from exc


def _fields(front_matter: str) -> dict[str, object]:
    front_matter = _COLON_IN_VALUE.sub(
        lambda match: match[1] + json.dumps(match[2].rstrip(), ensure_ascii=False), front_matter
    )
    try:
        # BaseLoader makes nothing but texts, lists and mappings.
        value = yaml.load(front_matter, Loader=yaml.BaseLoader)  # noqa: S506
    except yaml.MarkedYAMLError as exc:
        line = exc.problem_mark.line + 2 if exc.problem_mark else 1
        raise SourceError(f"malformed front matter in line {line}: {exc.problem}") from exc
    except yaml.YAMLError as exc:
        raise SourceError(f"malformed front matter: {exc}") from exc
    except RecursionError as exc:
        raise SourceError("malformed front matter: nested too deeply") from exc
    if not isinstance(value, dict):
        if not front_matter.strip():
            return {}
        raise SourceError("malformed front matter: lines of `key: value` belong between the ---")
    return {key: None if item in ("", "~", "null") else item for key, item in value.items()}


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def _shown(tokens: Sequence[Token]) -> list[Token]:
    """The tokens without those that stand within raw HTML which hides its words."""
    html = _RawHtml()
    shown: list[Token] = []
    for token in tokens:
        if token.type == "html_block":
            html.feed(token.content)
        elif token.children is not None:
            token.children = _shown_inline(token.children, html)
            shown.append(token)
        elif not html.hiding or token.nesting:
            shown.append(token)
    return shown


def _shown_inline(tokens: Sequence[Token], html: _RawHtml) -> list[Token]:
    shown = []
    for token in tokens:
        if token.type == "html_inline":
            html.feed(token.content)
        elif not html.hiding or token.nesting:
            shown.append(token)
    return shown


class _RawHtml(HTMLParser):
    """Follows raw HTML piece by piece, and knows whether an open element hides what comes."""

    _EMPTY = frozenset("area base br col embed hr img input link meta source track wbr".split())

    def __init__(self) -> None:
        super().__init__()
        self._open: list[tuple[str, bool]] = []

    @property
    def hiding(self) -> bool:
        return any(hidden for _, hidden in self._open)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self._EMPTY:
            self._open.append((tag, hides(tag, dict(attrs))))

    def handle_endtag(self, tag: str) -> None:
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place][0] == tag:
                del self._open[place:]
                return


def _take_title(tokens: Sequence[Token]) -> tuple[str, Sequence[Token]]:
    """The first heading of level 1, or "", and the other tokens."""
    for at, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag == "h1":
            return _inline(tokens[at + 1].children or []), [*tokens[:at], *tokens[at + 3 :]]
    return "", tokens


def _render(tokens: Sequence[Token]) -> str:
    """Block tokens as plain text, an empty line between blocks, none within a tight list."""
    parts: list[str] = []
    markers: list[int | None] = []  # of the open lists: the next number, None for a bullet
    for token in tokens:
        match token.type:
            case "bullet_list_open":
                markers.append(None)
            case "ordered_list_open":
                markers.append(int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                markers.pop()
                parts.append("\n")
            case "list_item_open":
                number = markers[-1]
                parts.append("• " if number is None else f"{number}. ")
                markers[-1] = None if number is None else number + 1
            case "list_item_close":
                parts.append("" if parts[-1].endswith("\n") else "\n")
            case "inline":
                parts.append(_inline(token.children or []))
            case "fence" | "code_block":
                parts.append(token.content + "\n")
            case "th_close" | "td_close":
                parts.append(" | ")
            case "tr_close":
                parts[-1] = "\n"  # in the place of the last cell's bar
            case "heading_close" | "table_close":
                parts.append("\n\n")
            case "paragraph_close":
                parts.append("\n" if token.hidden else "\n\n")
    return "".join(parts)


def _inline(tokens: Sequence[Token]) -> str:
    """Inline tokens as plain text."""
    parts: list[str] = []
    broken = False  # after a line that ends in a hyphen
    bare_address = False  # within <https://…>, whose text is nothing but the address
    for token in tokens:
        if token.type == "link_open":
            bare_address = token.markup == "autolink"
        elif token.type == "link_close":
            bare_address = False
        elif token.type in ("text", "code_inline", "text_special") and not bare_address:
            if broken and parts:
                parts[-1] = join(parts[-1], token.content, frozenset())
            else:
                parts.append(token.content)
            broken = False
        elif token.type == "softbreak":
            broken = bool(parts and parts[-1].endswith("-"))
            if not broken:
                parts.append(" ")
        elif token.type == "hardbreak":
            parts.append("\n")
    return "".join(parts)
