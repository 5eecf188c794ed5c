"""Source names: which of the index's sources a question names, as "according to TechCrunch".

A source answers to its name, to its name without section ("The Independent - Sports"), article,
or domain ending ("rfi.fr"), however it is spaced ("CBS Sports" is CBSSports.com), and to the
initials of a longer name. A name that is one common word ("Fortune", "Le Point", "Time") needs
more than itself: a capital and words that say that it told something, or its article with it.
Knows no outlet but those it is given.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from qa.language.names import MONTHS
from qa.language.sentences import Span
from qa.language.vocabulary import plain
from qa.types import Outlet

_WORD = re.compile(r"[^\W_]+")
_SECTION = re.compile(r" [-–—|/] | ?[|:] ")
_DOMAIN = re.compile(
    r"^(?:https?://)?(?:www\.)?(.+?)\.(?:com|fr|org|net|co\.uk|co|info|eu|be|ch|ca|tv|news|uk|int)$"
)
_ARTICLES = ("the", "le", "la", "les", "l")
_NEAR = 60  # characters around a name in which its cue stands
_INITIALS = 3  # words that a name must have to be called by its initials

_TELLING = (
    "report|publish|cover|cit|mention|describ|stat|not|claim|featur|present|discuss|suggest|portray|"
    "detail|highlight|alleg|quot|list|depict|identif|shar|post|outlin|explain|accord|writ|wrot|"
    "sa|tell|told|credit|indicat|attribut|reveal|argu|estimat|interview|consider|call|focus|"
    "mak|includ|provid|emphasi|depict|impl|compar|accus|name|rank|show|announc|review|warn"
)
_PIECE = (
    "article|report|story|storie|piece|coverage|interview|review|post|reporting|reportage|news|"
    "editorial|edition|page|site|website|newspaper|magazine|journalist|reporter|source|enquete|"
    "entretien|papier|depeche|tribune|journal|quotidien|hebdomadaire|chaine|radio|redaction|"
    "information|account|portrayal|blog|actualite"
)
_SURELY_BEFORE = re.compile(
    rf"\b(?:according to|as per|per|via|told|sources?(?: such as| like)|source ?:|"
    rf"(?:{_TELLING})\w* (?:\w+ )?(?:both )?(?:by|in|on|from)|"
    rf"(?:{_PIECE})s?(?: \w+)? (?:both )?(?:by|in|on|from|of)|between|"
    rf"selon|d'apres|que (?:dit|disait|ecrit|ecrivait|rapporte|rapportait|raconte|publie|titre)|"
    rf"(?:{_PIECE})s? (?:\w+ )?(?:de|du|des|dans|sur|par|d')|"
    rf"(?:publie|paru|rapporte|cite|revele|annonce|explique|indique|confie|declare|dit|diffuse|"
    rf"interroge|raconte)e?s? (?:par|dans|sur|a|au)|au micro de|dans les colonnes d[eu]) ?$"
)
_PERHAPS_BEFORE = re.compile(r"\b(?:in|from|by|on|both|dans|sur|par|than|lu|lit|read|chez) ?$")
_SURELY_AFTER = re.compile(rf"(?:['’]s?)? (?:\w+ )?(?:{_PIECE})s?\b")
_PERHAPS_AFTER = re.compile(
    rf" (?:\w+ly |also |has |have |had |later |a |ont |avait )?(?:(?:{_TELLING})\w*\b|(?:dit|ecrit|"
    rf"rapport|affirm|annonc|revel|indiqu|expliqu|racont|publi|precis|not|estim|soulign|signal|"
    rf"assur|parl|pens|consacr)[a-z]*\b)|['’]s? |-t-(?:il|elle)"
)
_QUOTED = re.compile(r"[\"'‘’“”«»*_] ?$")
_UNQUOTED = re.compile(r" ?[\"'’”»*_]")
_BREAK = re.compile(r"[?!;]|\. |, ")
_LIST = re.compile(
    r"['\"’”»]?(?: ?, ?(?:and |et |or |ou )?| (?:and|et|or|ou|&) )(?:the |also )?['\"‘“« ]*"
)


@dataclass(frozen=True, slots=True)
class Name:
    """One way to call some sources.

    Attributes:
        words: number of words without an article.
        marked: written unlike a common word: TechCrunch, RFI.
        article: begins with one.
        initials: they are capitals in a question.
        sources: those so called.
    """

    words: int
    marked: bool
    article: bool
    initials: bool
    sources: tuple[str, ...]


def find_outlets(question: str, sources: Sequence[str]) -> tuple[Outlet, ...]:
    """The sources that a question names, in order, the longest name at each place.

    Args:
        question: as typed.
        sources: the index's outlet names.
    """
    known = _names(tuple(sources))
    beginnings = _beginnings(tuple(sources))
    text, tokens = plain(question), [m.span() for m in _WORD.finditer(plain(question))]
    found: list[tuple[Outlet, Name]] = []
    position = 0
    while position < len(tokens):
        candidate = _longest(text, tokens, position, known, beginnings)
        if candidate is None:
            position += 1
            continue
        name, end = candidate
        span = Span(tokens[position][0], tokens[end][1])
        cued = _cued(question, text, span)
        found.append((Outlet(span, name.sources, cued, span.of(question)), name))
        position = end + 1
    return tuple(
        outlet for outlet, name in _share_cues(text, found) if _is_meant(question, outlet, name)
    )


def _longest(
    text: str,
    tokens: list[tuple[int, int]],
    first: int,
    known: dict[str, Name],
    beginnings: frozenset[str],
) -> tuple[Name, int] | None:
    """The longest name that begins with a word, and the number of its last word."""
    key, best = "", None
    for number in range(first, len(tokens)):
        start, end = tokens[number]
        key += text[start:end]
        if key not in beginnings:
            break
        if number > first and _BREAK.search(text[tokens[number - 1][1] : start]):
            break
        if key in known:
            best = (known[key], number)
    return best


@lru_cache(maxsize=8)
def _beginnings(sources: tuple[str, ...]) -> frozenset[str]:
    return frozenset(key[:end] for key in _names(sources) for end in range(1, len(key) + 1))


@lru_cache(maxsize=8)
def _names(sources: tuple[str, ...]) -> dict[str, Name]:
    """What sources are called, without case, accents and spaces."""
    called: dict[str, dict[str, tuple[str, bool]]] = {}
    for source in sources:
        for alias, initials in _aliases(source):
            called.setdefault(_key(alias), {})[source] = (alias, initials)
    names = {}
    for key, by_source in called.items():
        alias, initials = next(iter(by_source.values()))
        words = _WORD.findall(plain(alias))
        article = words[0] in _ARTICLES and len(words) > 1
        names[key] = Name(
            words=len(words) - article,
            marked=any(_is_marked(word) for word in _WORD.findall(alias)),
            article=article,
            initials=initials,
            sources=tuple(by_source),
        )
    return names


def _aliases(source: str) -> list[tuple[str, bool]]:
    """(name, whether it is initials), the source itself first; never an empty one."""
    short = _SECTION.split(source.strip())[0]
    domain = _DOMAIN.match(short.lower())
    bases = [source, short]
    if domain:
        bases.append(short[short.lower().index(domain[1]) :][: len(domain[1])])
    found = [(base, False) for base in bases]
    for base in bases[1:]:
        words = _WORD.findall(base)
        without = words[1:] if len(words) > 1 and plain(words[0]) in _ARTICLES else words
        found.append((" ".join(without), False))
        if len(without) == 2 and without[1] == "News" and without[0].isupper():
            found.append((without[0], False))
        if len(without) >= _INITIALS and not domain:
            found.append(("".join(word[0].upper() for word in without), True))
    return [(alias, initials) for alias, initials in found if _key(alias)]


def _key(name: str) -> str:
    return "".join(_WORD.findall(plain(name)))


def _is_marked(word: str) -> bool:
    """Whether its letters say that it is a name: RFI, TechCrunch; a plain number is none."""
    return not word.isdigit() and any(c.isupper() or c.isdigit() for c in word[1:])


def _cued(question: str, text: str, span: Span) -> bool:
    """Whether the words around a name say that it told something."""
    before = text[max(0, span.start - _NEAR) : span.start]
    before = re.sub(r"(?:\b(?:the|an?|le|la|les|l'|both)? ?)[\"'‘“«*_ ]*$", "", before)
    before = before.rstrip() + " "
    after = re.sub(r"^ ?[\"”»*_]", "", text[span.end : span.end + _NEAR])
    after = re.sub(r"^['’](?!s)", "", after)
    if _SURELY_BEFORE.search(before) or _SURELY_AFTER.match(after):
        return True
    if not question[span.start].isupper():
        return bool(_PERHAPS_AFTER.match(after)) and not after.startswith(("'", "’"))
    quoted = _QUOTED.search(text[max(0, span.start - 2) : span.start]) and _UNQUOTED.match(
        text, span.end
    )
    return bool(quoted or _PERHAPS_BEFORE.search(before) or _PERHAPS_AFTER.match(after))


def _share_cues(text: str, found: list[tuple[Outlet, Name]]) -> list[tuple[Outlet, Name]]:
    """Outlets in one list are cued together."""
    shared = list(found)
    for order in (range(1, len(shared)), range(len(shared) - 1, 0, -1)):
        for number in order:
            (one, first), (other, second) = shared[number - 1], shared[number]
            if one.cued != other.cued and _LIST.fullmatch(text[one.span.end : other.span.start]):
                shared[number - 1] = (replace(one, cued=True), first)
                shared[number] = (replace(other, cued=True), second)
    return shared


def _is_meant(question: str, outlet: Outlet, name: Name) -> bool:
    """Whether the words are the outlet and not common ones, or part of a longer name."""
    written: list[str] = _WORD.findall(outlet.span.of(question))
    capital = written[-1][0].isupper()
    if name.initials:
        return written[0].isupper()
    if name.marked:
        return outlet.cued or any(_is_marked(word) for word in written)
    if name.words > 1:
        return outlet.cued or all(w[0].isupper() or w[0].isdigit() for w in written)
    if _goes_on(question, outlet.span.end):
        return False
    if capital:
        return outlet.cued or (name.article and written[0][0].isupper())
    return outlet.cued and question == question.lower()


def _goes_on(question: str, end: int) -> bool:
    """Whether a longer name continues: Fortune 500, The Age of Ultron, La Croix-Rouge."""
    match = re.match(r"(?: (?:(?:of|de|du) )?|[-‐‑])([A-ZÀ-Þ][^\W_]*|\d+)", question[end:])
    return match is not None and plain(match.group(1)) not in MONTHS
