"""Walls: what stands before an article instead of it, and is no article.

A dialog that asks for consent to cookies is cut out of the page, and a page that has nothing else
is refused. So are error messages, checks for robots and a page with the first lines of an article
whose rest is for subscribers: what is not there cannot be quoted, and the beginning alone would
pass for the whole.
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
_DIALOG = re.compile(
    r"""(?ix)(?:^|[\s_-])(?:cookies?|consent\w*|gdpr|rgpd|cmp\w*|didomi|onetrust|ot-sdk|truste
    |tarteaucitron\w*|axeptio|sp_?message|qc-cmp2?|usercentrics|cookiebot|cybot\w*|fc-consent
    |cmplz|privacy-(?:popup|banner|modal|notice)|cc-window|appconsent)(?:$|[\s_-])"""
)
# How such dialogs speak, in French and English. An article about cookies says one of these at most.
_SPEECH = re.compile(
    r"""(?ix)
    (?:nous|et)\s(?:et\s)?(?:nos\s)?[\s\d]*(?:partenaires)?,?\s*(?:utilisons|stockons|déposons)
    |avec\snos\s[\s\d]*partenaires
    |cookies\sou\s(?:des\s)?technologies\s(?:similaires|équivalentes)
    |(?:retirer|donner|gérer|modifier|exprimer)\s(?:\w+\s)?(?:votre|vos)\s(?:consentement|choix|préférences)
    |vous\spouvez\s(?:\w+\s){0,3}(?:accepter|refuser|gérer|retirer|paramétrer)
    |(?:continuer|naviguer)\ssans\saccepter|tout\s(?:accepter|refuser)|accepter\set\s(?:continuer|fermer)
    |(?:respect\sde\s)?votre\svie\sprivée
    |contenus?\s(?:et\s\w+\s)?personnalisés?|publicités?\s(?:adaptées?|personnalisées?|ciblées?)
    |we\s(?:and\sour\s[\s\d]*(?:third-party\s)?(?:partners|vendors)\s)?(?:use|store)\s.{0,40}(?:cookies|information)
    |we\svalue\syour\sprivacy|your\sprivacy|cookies\s(?:and|or)\s(?:similar|other)\stechnolog
    |(?:accept|reject|allow)\s(?:all|cookies)|manage\s(?:\w+\s)?(?:choices|preferences|settings|cookies)
    |withdraw\s(?:\w+\s)?consent|your\sconsent|personali[sz]ed\s(?:content|ads|advertising)
    |(?:informations?|identifiants)\s.{0,30}sur\s(?:votre|un)\s(?:appareil|terminal)
    |information\son\s(?:your|a)\sdevice"""
)
_ENOUGH_SPEECH = 2
_LONGEST_WALL = 400  # words
# Said only where the rest is missing.
_SHARE_MISSING = re.compile(r"(?i)il\svous\sreste\s[\d,.]+\s*%")
# How a page asks its reader to pay or to log in; on whole articles as well, so it counts where the
# text is short. Only at the beginning of what is said, and not within quotation marks: articles
# about subscriptions speak of it, too.
_REST_MISSING = re.compile(
    r"""(?ix)
    (?:la\ssuite|le\sreste|l['’]intégralité|la\stotalité|la\slecture)\s(?:de\s\S+\s\S+\s|du\s\S+\s|intégrale\s)?(?:est|de\s.{0,30}est)\s
        (?:\w+\s)?réservée?s?\s(?:aux|à\snos)
    |(?:offrez|débloquez|achetez)\S*\s(?:la\ssuite|cet\sarticle|l['’]article)
    |pour\s(?:continuer|poursuivre|débloquer|(?:lire|accéder\sà|découvrir)\s(?:la\ssuite|le\sreste|tout
        |l['’](?:intégralité|article)|cet\sarticle))(?:\s\S+){0,6}?,?\s
        (?:abonnez|connectez|inscrivez|identifiez|créez\sun\scompte)
    |(?:abonnez|connectez|inscrivez|identifiez)-vous\s(?:\S+\s){0,5}?pour\s(?:continuer|poursuivre|débloquer
        |(?:lire|accéder\sà|découvrir)\s(?:la\ssuite|le\sreste|l['’](?:intégralité|article)|cet\sarticle))
    |vous\savez\s(?:lu|atteint|utilisé|consulté)\s(?:\S+\s){0,6}?(?:articles?\sgratuits?|limite)
    |il\svous\sreste\s(?:\S+\s){1,3}articles?
    |(?:subscribe|sign\s(?:in|up)|log\s?in|register|become\sa\s(?:member|subscriber))\s(?:\S+\s){0,5}?(?:to|for)\s
        (?:continue|keep|finish|unlock|full\saccess|(?:read|access)\s(?:on|more|this|the\s(?:full|rest|whole|entire)))
    |to\s(?:continue|keep|finish|go\son)\sreading|to\s(?:read|unlock)\s(?:on|more|this\s\w+|the\s(?:full|rest|whole|entire))
    |(?:continue|keep)\sreading\s(?:\S+\s){0,4}?(?:with\sa|by)\s(?:\S+\s){0,2}?(?:subscri|trial|account)
    |(?:want\sto\s)?(?:read\smore\?|unlock\s(?:this|the)\s)
    |you(?:['’]ve|\shave)\s(?:\S+\s){0,9}?(?:free|complimentary)\s(?:\S+\s){0,2}?(?:articles?|stories|limit)
    |you(?:['’]ve|\shave)\sreached\syour\s(?:\S+\s){0,2}limit
    |the\s(?:rest|remainder)\s(?:of\s\S+\s\S+\s)?is\s(?:\w+\s)?(?:for|available\sto)\s(?:\S+\s){0,2}?(?:subscribers|members)"""
)
# A label that subscribers see as well; it counts only where hardly anything stands beside it.
_LABEL = re.compile(
    r"""(?ix)(?:(?:cet\s)?article|(?:ce\s)?contenu|offre)\s(?:\w+\s){0,2}réservée?\s(?:aux|à\snos)\sabonnés
    |réservé\s(?:aux|à\snos)\sabonnés
    |(?:this\s)?(?:article|content|story)\s(?:is\s)?(?:\w+\s)?(?:for|(?:available|open|exclusive|reserved)\s(?:to|for))\s(?:\w+\s)?(?:subscribers|members)(?:\sonly)?
    |(?:for\s)?(?:subscribers?|members?)[\s-](?:only|exclusive)|premium\s(?:article|content)
""",
)
_LOG_IN = re.compile(
    r"(?i)already\s(?:a\s(?:subscriber|member)|subscribed|have\san\saccount)|déjà\sabonnée?"
)
_NOT_FREE = re.compile(r"""["']isAccessibleForFree["']\s*:\s*["']?false""", re.I)
_TEASER = 130  # words
_BEGINNING = 250
_LONGEST_SAYING = 30  # words of a line that asks
_LEAD_IN = 3  # words before what asks
ERROR = "the page is an error message of its site, not an article; open the article's page again"
ROBOTS = (
    "the page is the site's check for robots, not its article; open it in a browser, then save it"
)
# Titles of pages that a server sends instead, all of the title or a part of it between bars.
_ERROR_TITLE = re.compile(
    r"""(?ix)(?=.*\w)(?:oops\W+|désolée?\W+)?(?:(?:http\s)?(?:erreur|error)\s*)?(?:40[0-9]|410|429|451|50[0-9])?[\s:–—-]*
    (?:(?:the\s|cette\s|la\s)?(?:requested\s)?(?:page|article|url|file)\s(?:demandée?\s)?(?:(?:can(?:not|['’]t)\sbe|could\snot\sbe|was\snot|is\snot|not|is\sno\slonger|no\slonger)\s(?:found|available)
        |introuvable|non\strouvée?|n['’](?:existe|est)\s(?:pas|plus)(?:\sdisponible)?|(?:does|doesn['’]t)\s(?:not\s)?exist)
    |not\sfound|forbidden|access\s(?:denied|to\sthis\spage\shas\sbeen\sdenied)|accès\s(?:refusé|interdit)|unauthorized
    |bad\s(?:gateway|request)|gateway\stime-?out|service\s(?:temporarily\s)?unavailable|service\sindisponible
    |(?:internal\s)?server\serror|erreur\s(?:interne\s)?du\sserveur|too\smany\srequests|unavailable\s(?:due\sto|for)\slegal\sreasons)?[\s.!]*"""
)
_ROBOTS_TITLE = re.compile(
    r"""(?ix)just\sa\smoment|un\sinstant|attention\srequired\W*(?:cloudflare)?|are\syou\sa\srobot|pardon\sour\sinterruption
    |(?:security|bot|human)\s(?:check|verification)|vérification\s(?:de\ssécurité|en\scours)|ddos-guard|captcha"""
)
_ROBOTS = re.compile(
    r"""(?ix)(?:please\s)?verify(?:ing)?\s(?:that\s)?you\sare\s(?:a\s)?(?:human|not\sa\srobot)|checking\s(?:if\sthe\ssite|your\sbrowser)
    |\S+\sneeds\sto\sreview\sthe\ssecurity|(?:please\s)?(?:enable|turn\son)\s(?:js|javascript)(?:\sand|\W*$)|you\sdon['’]t\shave\spermission\sto\saccess
    |to\scontinue,\splease\sclick|our\ssystems\shave\sdetected\sunusual|press\s(?:&|and)\shold
    |(?:nous\s(?:devons|allons)\s)?vérifi(?:er|ez|ons)\sque\svous\s(?:êtes\s(?:un\s)?humain|n['’]êtes\spas\sun\srobot)|(?:veuillez\s)?active[rz]\sjavascript"""
)
_NO_HEADLINE = re.compile(r"(?i)[45]\d\d|page|url")  # any other one may be that of a story
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
        if element.tag in ("html", "body", "head", "article", "main") or not _is_dialog(element):
            continue
        size = len(words(element).split())
        asks = element.xpath("descendant::button | descendant::input") or _SPEECH.search(
            words(element)
        )
        small = 2 * size < whole and not element.xpath(_HOLDS) and (asks or _has_role(element))
        if small or (size <= _LONGEST_WALL and speaks_of_consent(words(element))):
            element.drop_tree()


def speaks_of_consent(text: str) -> bool:
    """Whether a text asks its reader for consent, as no article does."""
    return len({match[0].lower() for match in _SPEECH.finditer(text)}) >= _ENOUGH_SPEECH


def wall(text: str, lines: Sequence[str], scripts: str) -> str | None:
    """Why the text found in a page is not its article; None when it may be.

    Args:
        text: what was found.
        lines: all that the page shows but its menus, block by block.
        scripts: what the page declares for machines.
    """
    size = len(text.split())
    if size <= _LONGEST_WALL and speaks_of_consent(text):
        asking = [line for line in text.split("\n") if speaks_of_consent(line)]
        if 2 * sum(len(line.split()) for line in asking) >= size:
            return COOKIE_WALL
    first = text.partition("\n")[0][:_COMPARED]
    start = next((n for n, line in enumerate(lines) if first in line), 0)
    missing = any(map(_SHARE_MISSING.search, lines[start:]))
    asks = size < _BEGINNING and any(_is_told(_REST_MISSING, line) for line in lines[start:])
    label = any(_is_told(_LABEL, line) for line in lines)
    log_in = any(_is_told(_LOG_IN, line) for line in lines[start:])
    short = size < _TEASER and (label or log_in or _NOT_FREE.search(scripts))
    if missing or asks or short:
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
    parts = [part.strip(" .…!?") for title in titles for part in _BARS.split(title)]
    errors = [part for part in parts if part and _ERROR_TITLE.fullmatch(part)]
    if any(size <= _FEW or _NO_HEADLINE.search(part) for part in errors):
        return ERROR
    robots = sum(_is_told(_ROBOTS, line) for line in lines)
    robots += any(_ROBOTS_TITLE.fullmatch(part) for part in parts)
    return ROBOTS if robots > (size > _FEW) and size <= _TEASER else None


def _is_told(pattern: re.Pattern[str], line: str) -> bool:
    """Whether a short line says something itself, and does not quote or report it."""
    for match in pattern.finditer(line) if len(line.split()) <= _LONGEST_SAYING else ():
        before = line[: match.start()]
        begin = max((m.end() for m in _BEGINS.finditer(before)), default=0)
        quoted = before.count('"') % 2 or _OPEN_QUOTE.search(before)
        if len(before[begin:].split()) <= _LEAD_IN and not quoted:
            return True
    return False


def is_label(line: str) -> bool:
    """Whether a line says only that an article is for subscribers."""
    return any(p.fullmatch(line.strip(" .!?")) for p in (_LABEL, _LOG_IN))


def _is_dialog(element: html.HtmlElement) -> bool:
    return _has_role(element) or bool(_DIALOG.search(named(element)))


def _has_role(element: html.HtmlElement) -> bool:
    modal = (element.get("aria-modal") or "").lower() == "true"
    return modal or (element.get("role") or "").lower() in ("dialog", "alertdialog")
