"""Walls: what stands before an article instead of it, and is no article.

A dialog that asks for consent to cookies is cut out of the page, and a page that has nothing else
is refused. So are error messages, checks for robots and a page with the first lines of an article
whose rest is for subscribers: what is not there cannot be quoted, and the beginning alone would
pass for the whole.

Each of them is told by its few words, and by being short: an article about walls is longer, puts
what they say between quotation marks, or speaks of somebody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from lxml import etree, html  # type: ignore[import-untyped]

from qa.documents.parsers.blocks import named, words

COOKIE_WALL = (
    "the page shows only its dialog about cookies; answer the dialog, then save the page again"
)
PAYWALL = (
    "the page has only the beginning of its article, the rest is for subscribers; save it while "
    "you are logged in"
)
ERROR = "the page is an error message of its site, not an article; open the article's page again"
ROBOTS = (
    "the page is the site's check for robots, not its article; open it in a browser, then save it"
)
_DIALOG = re.compile(
    r"(?i)(?:^|[\s_-])(?:cookie\w*|\w*consent\w*|gdpr|rgpd|cmp\w*|didomi|onetrust|ot-sdk|usercentrics|truste"
    r"|cybot\w*|sp_?message|qc-cmp2?|tarteaucitron\w*|axeptio|privacy-\w+|cc-window)(?:$|[\s_-])"
)
# Of what such dialogs speak to their reader.
_READER = re.compile(r"(?i)\b(?:nous|vous|vos|votre|we|you|your|(?:tout|sans)\saccepter)\b")
_CONSENT = re.compile(
    r"(?i)\b(?:(cookies?)|(consent)|(privacy|vie\sprivée)|(appareil|device)"
    r"|(partenaires|partners|vendors)|(accept)|(refus|reject)|(préférences|preferences|choices|vos\schoix)"
    r"|(personn?ali[sz])|(information)|(audience|navigation|exp[eé]rience))"
)
_SUBJECTS = 4  # the first, one of which such a dialog is about
_ENOUGH_CONSENT = 3
_LONGEST_WALL = 400  # words
# How a page asks its reader to pay or to log in.
_ACT = (
    r"(?:abonnez|connectez|inscrivez|identifiez|créez|offrez|débloquez|achetez|join|create|become"
    r"|réservée?s?\s(?:aux|à\snos)|subscri(?:be|ption)|sign\s(?:in|up)|log\s?in|register|unlock|trial"
    r"|(?:for|to)\s(?:\w+\s)?(?:subscribers|members))\b"
)
_REST = (
    r"\b(?:la\ssuite|(?:l['’]|cet\s)?article|contenu|(?:la|votre)\slecture|this\s(?:article|content|story)"
    r"|the\s(?:rest|full|whole|entire)\s(?:of\sth\w+\s)?(?:article|story)|(?:full|unlimited)\saccess"
    r"|read(?:ing)?\smore|(?:continue|keep|finish)\sreading|to\scontinue$)\b"
)
_ASKS = re.compile(
    rf"(?i){_ACT}.{{0,60}}?{_REST}|{_REST}.{{0,60}}?{_ACT}|to\s(?:continue|keep)\sreading"
    r"|(?:avez|have|['’]ve)\s.{0,30}(?:articles\sgratuits|free\s(?:articles|stories)|your\s.{0,15}limit)"
)
_MEMBERS = re.compile(r"(?i)already\s(?:a\s|subscribed|have\san)|déjà\sabonnée?")
_SHARE_MISSING = re.compile(r"(?i)il\svous\sreste\s[\d,.]+\s*%")  # said by no whole article
_NOT_FREE = re.compile(r"""["']isAccessibleForFree["']\s*:\s*["']?false""", re.I)
_TEASER = 130  # words
_BEGINNING = 250
_LONGEST_SAYING = 30  # words of a line that asks
_LEAD_IN = 4  # words before what asks
# Titles of pages that a server sends instead have only such words, and one of the first.
_FAULTS = frozenset(
    """
    404 403 410 429 451 500 502 503 504 error erreur found introuvable trouvée forbidden denied
    refusé interdit unauthorized unavailable indisponible gateway requests exist existe
    """.split()
)
_BESIDE = frozenset(
    """
    the this that requested page article url file http not no longer be can cannot could was is does
    isn doesn t
    oops sorry désolé désolée cette la demandée non n est pas plus access accès to has been bad
    time out service temporarily internal server interne du serveur too many due legal reasons
    """.split()
)
_ROBOTS_TITLE = re.compile(
    r"(?i)just\sa\smoment|un\sinstant|attention\srequired|are\syou\sa\srobot|security\scheck"
    r"|vérification\s(?:de\ssécurité|en\scours)"
)
_ROBOTS = re.compile(
    r"(?i)\b(?:verify|confirm|check|review|click|enable|turn\son|vérifi|activ).{0,60}"
    r"(?:you\sare\s(?:a\s)?human|your\s(?:browser|connection)|site\sconnection|a\srobot|javascript|js\b|humain)"
    r"|you\sdon['’]t\shave\spermission\sto\saccess"
)
_FEW = 60  # words
_BARS = re.compile(r"\s[|–—-]\s|\s*\|\s*")
_OPEN_QUOTE = re.compile(r"[«“][^»”]*$")
_BEGINS = re.compile(r"(?:^|[.!?…:|][»”\"]?\s)")
_COMPARED = 60  # characters
_HOLDS = "descendant-or-self::main | descendant-or-self::article"


def drop_dialogs(tree: html.HtmlElement) -> None:
    """Cut out of a page, in place, the dialogs that lie over it."""
    whole = len(words(tree).split())
    for element in list(tree.iter(etree.Element)):
        role = (element.get("role") or "").lower() in ("dialog", "alertdialog")
        role = role or (element.get("aria-modal") or "").lower() == "true"
        kept = element.tag in ("html", "body", "head", "article", "main")
        if kept or not (role or _DIALOG.search(named(element))):
            continue
        said = words(element)
        size = len(said.split())
        asks = (
            role or _CONSENT.search(said) or element.xpath("descendant::button | descendant::input")
        )
        small = 2 * size < whole and not element.xpath(_HOLDS) and asks
        if small or (size <= _LONGEST_WALL and speaks_of_consent(said)):
            element.drop_tree()


def speaks_of_consent(text: str) -> bool:
    """Whether a text asks its reader for consent, as no article does."""
    told = {match.lastindex or 0 for match in _CONSENT.finditer(text)}
    about = min(told, default=_SUBJECTS + 1) <= _SUBJECTS
    return about and len(told) >= _ENOUGH_CONSENT and _READER.search(text) is not None


def wall(text: str, lines: Sequence[str], scripts: str) -> str | None:
    """Why the text found in a page is not its article; None when it may be.

    Args:
        text: what was found.
        lines: all that the page shows but its menus, block by block.
        scripts: what the page declares for machines.
    """
    size = len(text.split())
    asking = [line for line in text.split("\n") if speaks_of_consent(line)]
    if size <= _LONGEST_WALL and 2 * sum(len(line.split()) for line in asking) >= size:
        return COOKIE_WALL
    first = text.partition("\n")[0][:_COMPARED]
    below = lines[next((n for n, line in enumerate(lines) if first in line), 0) :]
    if (
        any(map(_SHARE_MISSING.search, below))
        or (size < _BEGINNING and _any_says(_ASKS, below))
        or (size < _TEASER and (_any_says(_ASKS, lines) or _any_says(_MEMBERS, below)))
        or (size < _TEASER and _NOT_FREE.search(scripts))
    ):
        return PAYWALL
    return None


def refusal(titles: Iterable[str], text: str, lines: Sequence[str]) -> str | None:
    """Why a page is what a server sends instead of an article; None when it may be one.

    Args:
        titles: what the page calls itself, in its head and its headlines.
        text: what was found in it, if anything.
        lines: all that it shows but its menus, block by block.
    """
    size = len((text or " ".join(lines)).split())
    parts = [part.lower() for title in titles for part in _BARS.split(title)]
    for told in (set(re.findall(r"\w+", part)) for part in parts):
        sure = any(word.isdecimal() or word in ("page", "url") for word in told)
        sure = sure or (size <= _FEW and len(told) > 1)  # a single word may be a story's headline
        if sure and told & _FAULTS and told <= _FAULTS | _BESIDE:
            return ERROR
    robots = sum(_any_says(_ROBOTS, [line]) for line in lines)
    robots += any(_ROBOTS_TITLE.match(part) for part in parts)
    return ROBOTS if robots > (size > _FEW) and size <= _TEASER else None


def is_label(line: str) -> bool:
    """Whether a line says only that an article is for subscribers."""
    return len(line.split()) <= 8 and (_any_says(_ASKS, [line]) or _any_says(_MEMBERS, [line]))


def _any_says(pattern: re.Pattern[str], lines: Iterable[str]) -> bool:
    """Whether a short line says something itself, and does not quote or report it."""
    for line in lines:
        for match in pattern.finditer(line) if len(line.split()) <= _LONGEST_SAYING else ():
            before = line[: match.start()]
            begin = max((m.end() for m in _BEGINS.finditer(before)), default=0)
            quoted = before.count('"') % 2 or _OPEN_QUOTE.search(before)
            if len(before[begin:].split()) <= _LEAD_IN and not quoted:
                return True
    return False
