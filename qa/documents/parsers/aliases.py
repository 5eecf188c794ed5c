"""Aliases: the names that other programs give the fields of an article, and the shapes of values.

NewsAPI, JSON Feed, WordPress, schema.org, scrapers and the exports of databases each call the same
things differently. Names are compared without case, accents and punctuation, so "publishedAt",
"published_at" and "Published At" are one. Of several aliases the one named first here counts,
and a field's own name before all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from html import unescape

from qa.documents.parsers.html import plain

# THE TABLE: a field, and what others call it, the best first.
ALIASES: Mapping[str, tuple[str, ...]] = {
    name: (name, *others.split())
    for name, others in {
        "id": "_id guid uuid articleid docid documentid identifier identifiant",
        "title": ("headline headlines heading titre hed name webtitle articletitle ogtitle"),
        "text": (
            "content body articlebody fulltext maintext bodytext articletext contenttext plaintext"
            " contenthtml bodyhtml html contenu texte textecomplet corps article story"
            " contentelements leadparagraph description summary abstract excerpt resume chapo"
        ),
        "date": (
            "published publishedat publisheddate publishdate publicationdate datepublished"
            " datepublication datepublish publishedon publishtime pubdate datedepublication"
            " firstpublishdate displaydate dateparution datedeparution parution webpublicationdate"
            " firstpublished datetime timestamp createdat created"
        ),
        "source": (
            "outlet publisher newspaper journal media sitename sourcename publication site"
            " publicationname sourcetitle editeur medium sourcedomain domain"
        ),
        "language": "lang langue inlanguage languagecode",
        "url": "link weburl canonicalurl permalink href externalurl lien adresse",
    }.items()
}
_FIELD_OF = {alias: field for field, aliases in ALIASES.items() for alias in aliases}
_DESCRIPTIONS = frozenset("leadparagraph description summary abstract excerpt resume chapo".split())
# Where objects that stand for one value keep it: {"name": "Le Littoral"}, {"rendered": "<p>…"}.
_VALUES = (
    "name",
    "title",
    "main",
    "basic",
    "rendered",
    "value",
    "text",
    "content",
    "#text",
    "$date",
    "$oid",
)
_TAG = re.compile(
    r"</?(?:p|br|div|span|a|b|i|em|strong|h[1-6]|[uo]l|li|table|img|figure)\b[^<>]*>", re.I
)
_ENTITY = re.compile(r"&(?:[a-z]{2,8}\d?|#\d{2,6}|#x[\da-f]{2,5});", re.I)
# NewsAPI ends so what it gives of a text.
CUT_OFF = re.compile(r"(?:…|\.\.\.)?\s*\[\+\s*\d+ (?:chars|characters)\]\s*$")


_given: dict[str, str] = {}


def prefer(names: Mapping[str, str]) -> None:
    """Let these names count before all others, for whatever this process reads.

    Args:
        names: a field and what rows call it; a dot leads into an object ("source.name").
    """
    _given.clear()
    _given.update(names)


def _given_value(row: Mapping[str, object], field: str) -> object:
    """What a row has under the name that was given for a field; None without either."""
    value: object = row if field in _given else None
    for part in _given.get(field, "").split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return _one(field, value)


def canonical(row: Mapping[str, object]) -> dict[str, object]:
    """A row under the names and in the shapes that `article_from` knows; other fields left out."""
    found: dict[str, list[tuple[int, object]]] = {}
    for name, value in row.items():
        key = simple(name)
        field = _FIELD_OF.get(key)
        if field and (value := _one(field, value)) not in (None, ""):
            found.setdefault(field, []).append((ALIASES[field].index(key), value))
    fields = {field: min(values, key=lambda pair: pair[0])[1] for field, values in found.items()}
    given = {field: _given_value(row, field) for field in _given}
    fields |= {field: value for field, value in given.items() if value not in (None, "")}
    return {field: _shown(field, value) for field, value in fields.items()}


def simple(name: str) -> str:
    """A name without case, accents and punctuation; the "_" before "_id" counts."""
    bare = unicodedata.normalize("NFKD", name).casefold()
    return "".join(char for char in bare if char.isalnum()) if name != "_id" else name


def has_text(row: object, *, whole: bool = False) -> bool:
    """Whether a value is an object with a text; `whole`: with more than a description of one."""
    if not isinstance(row, Mapping):
        return False
    if _given_value(row, "text"):
        return True
    return any(
        _FIELD_OF.get(key := simple(name)) == "text"
        and not (whole and key in _DESCRIPTIONS)
        and isinstance(text := _one("text", value), str)
        and text != ""
        for name, value in row.items()
    )


def _one(field: str, value: object) -> object:
    """The value that an object or a list stands for; anything else as it is."""
    if isinstance(value, dict):
        return next((value[name] for name in _VALUES if value.get(name)), value)
    if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        return "\n\n".join(str(_shown(field, p)) for p in value) if field == "text" else value[0]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        if field != "text":
            return _one(field, value[0])
        if not any(
            "title" in part or "headline" in part for part in value if isinstance(part, dict)
        ):
            pieces = [_shown(field, _one(field, p)) for p in value if isinstance(p, dict)]
            return "\n\n".join(piece for piece in pieces if isinstance(piece, str)) or value
    if field == "id" and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _shown(field: str, value: object) -> object:
    """What people see of a value that is HTML."""
    if not isinstance(value, str) or field not in ("text", "title", "source"):
        return value
    if _TAG.search(value):
        return plain(value)
    return unescape(value) if _ENTITY.search(value) else value
