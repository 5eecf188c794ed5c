"""Walls: what stands before an article instead of it, and is no article.

A dialog that asks for consent to cookies is cut out of the page, and a page that has nothing else
is refused. So is a page with the first lines of an article whose rest is for subscribers: what is
not there cannot be quoted, and the beginning alone would pass for the whole.
"""

from __future__ import annotations

import re

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
# Said there, and as an invitation beside whole articles; it counts where the text is short.
_REST_MISSING = re.compile(
    r"""(?ix)
    (?:la\ssuite|le\sreste|l['’]intégralité|la\stotalité|la\slecture)\s(?:de\s\S+\s\S+\s|du\s\S+\s|intégrale\s)?(?:est|de\s.{0,30}est)\s
        (?:\w+\s)?réservée?s?\s(?:aux|à\snos)
    |pour\s(?:continuer|poursuivre|débloquer|(?:lire|accéder\sà|découvrir)\s(?:la\ssuite|le\sreste|tout
        |l['’](?:intégralité|article)|cet\sarticle))(?:\s\S+){0,6}?,?\s
        (?:abonnez|connectez|inscrivez|identifiez|créez\sun\scompte)
    |(?:abonnez|connectez|inscrivez|identifiez)-vous\s(?:\S+\s){0,5}?pour\s(?:continuer|poursuivre|débloquer
        |(?:lire|accéder\sà|découvrir)\s(?:la\ssuite|le\sreste|l['’](?:intégralité|article)|cet\sarticle))
    |(?:subscribe|sign\s(?:in|up)|log\s?in|register|become\sa\s(?:member|subscriber))\s(?:\S+\s){0,5}?to\s
        (?:continue|keep|finish|unlock|(?:read|access)\s(?:on|more|this|the\s(?:full|rest|whole|entire)))
    |to\s(?:continue|keep|finish)\sreading(?:\s\S+){0,5}?[,.:]?\s(?:please\s)?(?:subscribe|sign|log|register|become)
    |(?:continue|keep)\sreading\s(?:\S+\s){0,4}?(?:with\sa|by)\s(?:\S+\s){0,2}?(?:subscri|trial|account)
    |you\s(?:have|['’]ve)\s(?:reached|read|used)\s(?:\S+\s){0,6}?(?:free|complimentary)\s(?:\S+\s){0,2}?(?:articles?|stories|limit)
    |the\s(?:rest|remainder)\s(?:of\s\S+\s\S+\s)?is\s(?:\w+\s)?(?:for|available\sto)\s(?:\S+\s){0,2}?(?:subscribers|members)"""
)
# A label that subscribers see as well; it counts only where hardly anything stands beside it.
_LABEL = re.compile(
    r"""(?ix)(?:article|contenu|offre)\s(?:\w+\s)?réservée?\s(?:aux|à\snos)\sabonnés
    |réservé\saux\sabonnés|(?:article|content|story)\s(?:is\s)?(?:for|available\sto)\s(?:\w+\s)?(?:subscribers|members)
    |subscribers?[\s-]only|premium\s(?:article|content)|already\sa\s(?:subscriber|member)
    |déjà\sabonné""",
)
_NOT_FREE = re.compile(r"""["']isAccessibleForFree["']\s*:\s*["']?false""", re.I)
_TEASER = 130  # words
_BEGINNING = 250
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


def wall(text: str, page: str, scripts: str) -> str | None:
    """Why the text found in a page is not its article; None when it may be.

    Args:
        text: what was found.
        page: all words that the page shows.
        scripts: what the page declares for machines.
    """
    size = len(text.split())
    if size <= _LONGEST_WALL and speaks_of_consent(text):
        asking = [line for line in text.split("\n") if speaks_of_consent(line)]
        if 2 * sum(len(line.split()) for line in asking) >= size:
            return COOKIE_WALL
    after = page[max(page.find(text.partition("\n")[0][:_COMPARED]), 0) :]
    if _SHARE_MISSING.search(after) or (size < _BEGINNING and _REST_MISSING.search(after)):
        return PAYWALL
    if size < _TEASER and (_LABEL.search(page) or _NOT_FREE.search(scripts)):
        return PAYWALL
    return None


def is_label(line: str) -> bool:
    """Whether a line says only that an article is for subscribers."""
    return _LABEL.fullmatch(line.strip(" .!?")) is not None


def _is_dialog(element: html.HtmlElement) -> bool:
    return _has_role(element) or bool(_DIALOG.search(named(element)))


def _has_role(element: html.HtmlElement) -> bool:
    modal = (element.get("aria-modal") or "").lower() == "true"
    return modal or (element.get("role") or "").lower() in ("dialog", "alertdialog")
