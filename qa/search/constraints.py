"""Constraints: what a question says about when, and in which outlet, its articles appeared.

"published on 5 October 2023" is about the article, "since 2011" about the event. The first bounds
the articles' dates, the second only says where they are likely to lie: news is dated around what
it tells, rarely before. Decides nothing about ranking; knows no index and no model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from qa.language.dates import TimeExpression, time_expressions
from qa.language.sentences import Span
from qa.language.vocabulary import plain
from qa.search.source_names import find_outlets
from qa.types import Constraints, Outlet

_NEAR = 260  # characters around a time that are read

# Words before a time that make it the day of an article; "@" stands for an outlet.
_PUBLISHED = (
    r"(?:published|publish|posted|dated|printed|aired|mise?s? en ligne|"
    r"(?:publie|paru|date|diffuse|poste|imprime)e?s?)"
)
# Said of hostages, laws and ships as well: these need an outlet or an article beside them.
_TOLD = (
    r"(?:appeared|released|updated|reported|written|wrote|covered|issued|said|"
    r"(?:ecrit|rapporte|sorti|relate)e?s?)"
)
_ARTICLE = (
    r"(?:articles?|reports?|story|stories|pieces?|coverage|reviews?|interviews?|editions?|"
    r"posts?|editorials?|headlines?|news|newspapers?|reporting|"
    r"reportages?|depeches?|numeros?|papiers?|enquetes?|entretiens?|tribunes?|actualites?|actus?|"
    r"infos?|nouvelles|journal|journaux)"
)
# Mostly something else ("the issues in 2019", "y en a-t-il eu une en 2020"): these need an outlet
# beside them, or an article before them in the same clause.
_VAGUE = r"(?:issues?|unes?|ones?|celui|celle|ceux|celles)"
_OUTLET = r"(?:(?:by|from|in|of|de|du|dans|sur|par) )?(?:the |le |la |l')?@"
_CLAUSE = r"(?:(?!\b(?:that|who|whom|which|what|when|where|why|que|qu'|qui|quand|ou|dont)\b)[^?;])"
_LINK = (
    r"(?:,? *(?:shortly|both|back|again|just|later|on|in|at|from|of|for|during|over|around|the|"
    r"and|a|le|la|les|l'|du|de|d'|des|en|au|aux|ce|cette|dans|sur|depuis|courant|"
    r"\d\d?[:h]\d\d(?::\d\d)?)(?<=['\w]))* *[\"'«“‘(]*"
)
_BEFORE = re.compile(
    rf"(?:\b{_PUBLISHED}(?: {_OUTLET})?|"
    rf"\b{_TOLD} {_OUTLET}|@ {_TOLD}|\b{_ARTICLE} (?:\w+ )?{_TOLD}|"
    rf"\b{_ARTICLE}(?:['’]s?)?(?: (?:published|paru|publiee?))?(?: {_OUTLET})?|"
    rf"@(?: report(?:ed)?| article| said| a \w+)?|"
    rf"@(?:['’]s?)? {_VAGUE}|\b{_VAGUE} {_OUTLET}|\b{_ARTICLE}\b{_CLAUSE}*\b{_VAGUE}) ?{_LINK}$"
)
_AFTER = re.compile(rf"[\"'»”’)]?(?:'s)?,? (?:(?:@ )?{_ARTICLE}\b|@ {_VAGUE}\b|{_VAGUE} {_OUTLET})")
# An outlet told something on a day, with what it told in between, but no clause that may have the
# day to itself.
_TOLD_ON = re.compile(
    r"(?:@['’]?s? ?(?:\w+ )?(?:report|article|story|review|interview|coverage|sa[iy]|wr[io]t|"
    r"publish|cover|reveal|highlight|describ|announc|discuss|shar|rapport|affirm|annon|revel|"
    r"indiqu|expliqu|racont|publi|ecri|dit|dis)\w*|"
    r"\b(?:dit|disait|ecrit|ecrivait|rapporte|rapportait|racontait|publie|publiait|annonce|"
    r"annoncait|report|say|write)(?:-t-| )(?:le |la |l')?@)"
    rf"{_CLAUSE}{{0,200}}"
    r"(?:\b(?:on(?: the)?|le) |, )[\"'«“‘(]*$"
)
_AND = re.compile(
    r"[\"'»”’)]*(?: ?,| and| et| or| ou)+(?: (?:on|the|in|again|then|le|du|de|en))* [\"'«“‘(]*"
)


def understand(question: str, language: str, sources: Sequence[str], today: date) -> Constraints:
    """What a question says about the dates and outlets of its articles.

    Args:
        question: as typed.
        language: "fr" or "en"; any other is read as English.
        sources: the index's outlet names; others are not known.
        today: the day from which "yesterday" counts.
    """
    outlets = find_outlets(question, sources)
    times = [
        time
        for time in time_expressions(question, language, today)
        if not any(_overlap(time.span, outlet.span) for outlet in outlets)  # Business Today
    ]
    articles: list[TimeExpression] = []
    events: list[TimeExpression] = []
    masked = _masked(plain(question), outlets)
    for time in times:
        about_article = _dates_an_article(masked, time) or any(
            _AND.fullmatch(masked[before.span.end : time.span.start]) or before.span == time.span
            for before in articles
        )
        (articles if about_article else events).append(time)
    return Constraints(tuple(articles), tuple(events), outlets)


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def _masked(text: str, outlets: Sequence[Outlet]) -> str:
    """The text with "@" for each outlet, padded so that offsets stay."""
    for outlet in outlets:
        start, end = outlet.span.start, outlet.span.end
        text = text[:start] + "@".rjust(end - start, "\0") + text[end:]
    return text


def _dates_an_article(masked: str, time: TimeExpression) -> bool:
    """Whether the words around a time say that something was published then."""
    before = masked[: time.span.start].replace("\0", "")[-_NEAR:]
    after = masked[time.span.end : time.span.end + _NEAR].replace("\0", "")
    if _BEFORE.search(before) or _AFTER.match(after):
        return True
    return time.since == time.until and bool(_TOLD_ON.search(before))
