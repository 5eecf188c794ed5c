"""What a text is about, once the words that say nothing about it are left out.

Beside the stop words these are the words of asking and chatting: "tell", "interesting", "explique".
They were collected by reading questions; the list is not complete and need not be.
"""

from __future__ import annotations

import re
from functools import lru_cache

from qa.analysis import fold, terms, words

PLAIN = frozenset(
    """
    able actually add advice affaire affect ailleurs ajoute aller also always annee annees
    another anything apparait appeler appelle appelle-t aren't around article articles
    aspect aspects assez autant avis aware away bad based basic beaucoup became become
    becomes began begin best better bien big biggest bit bon bonne call called can can't cas
    case cause causes chose choses combien come comes common compare compared compte
    concerne connait connu connue consequence consequences consider considered cool could
    day days deep dernier derniere describe detail details did didn't difference different
    dire dit do does doesn't don't done donne donner effet else endroit ensuite even
    evenement ever every everything exactement exactly example examples exemple explain
    explique expliquer facon fact faire fait fallu famous far faut feel find first fois
    forme found gave genre get gets getting give given go goes going gone good got grand
    grande great guess had happen happened happens hard hear heard help helped hey hi high
    hold how's i'd i'll i'm i've idea ideas impact important importante include included
    information interessant interested interesting involved isn't it'll it's item items jour
    jours just juste keep kind kinds know known large last later learn least let let's lets
    lien like likely list little long look looking lot lots made main major make makes
    making mal maniere many matter maybe mean means meilleur meilleure mention mentioned
    mentionne mieux might mind moment more moved much must name named need needed needs
    never new next nice nom nombre nomme nommee notable nouveau nouvelle number objectif
    occur occurred off oh ok okay one ones open other others oui parle parler part partie
    passe pense people perhaps permet person personne personnes petit peu place please point
    possible pourrait pouvoir precise prefer premier premiere premieres premiers prend
    principal principale principales principaux probleme propos propose put quelque question
    questions quite raconte raison raisons read real really reason reasons receive recommend
    relate related remember resultat right role said sait same savoir saw say says second
    seconde see seem sees selon semble sert set several shall short show significant similar
    simplement since situation situe situee small so some somebody someone something soon
    sort sorte sound sounds specific start started still stop story such suggest sujet
    support sure surtout take taken takes talk talking tell temps term terms thank thanks
    that's there there's they're thing things think thought time times tip today took top
    total toujours travail trouve true try turn two type types understand unique up us use
    used uses using usually utilise various very veut veux vient voir vraiment want wanted
    wants was wasn't way ways we're well went what's whats where's whether who's whole will
    won't wonder wondering word work worked works worth would wow write wrong yeah year
    years yes yet you'd you're
    """.split()
)

# What one says before going on: "OK, …", "Interesting. …".
_REACTION = re.compile(
    r"^(?:(?:oui|non|ok|okay|d'accord|ah|oh|hm+|wow|woah|whoa|yes|yeah|no|nope|sure|right|cool|"
    r"great|nice|deep|interesting|intéressant|awesome|wait|thanks|merci|well|i see|really|vraiment|"
    r"hello|hi|hey|bonjour|bonsoir|salut|coucou|please|svp|stp)"
    r"\b[^\w]+)+",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def content(text: str, language: str) -> frozenset[str]:
    """The terms of a text without plain words."""
    return frozenset(
        term for word in words(text) if word not in PLAIN for term in terms(word, language)
    )


def is_plain(written: str) -> bool:
    """Whether a word says nothing about a topic."""
    return fold(written) in PLAIN


def without_reaction(text: str) -> str:
    """A message without the "OK," or "Interesting." that it opens with."""
    return _REACTION.sub("", text.strip())
