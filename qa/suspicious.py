"""Suspicious: passages of an article that are addressed to a machine instead of a reader.

Rules in French and English, each with a name, over one sentence at a time in lower case without
accents. They want an order together with what only a language model has (instructions, a prompt,
a role, an answer to give, a turn of a conversation), so that ordinary news is left alone; what they
flag there is in docs/answering.md. A passage that is flagged is still text: it can be found, read
and quoted, but it is not shown to a language model.

Cannot see an order without these marks, a lie, or an attack in another language.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from qa.analysis import fold
from qa.article import Article, clean_text


@dataclass(frozen=True, slots=True)
class Sign:
    """A sentence that is flagged, and the rule that did it."""

    rule: str
    text: str


# Characters of a sentence that are shown to a person.
_SHOWN = 160
# Characters behind a flagged sentence in which others are taken to belong to it.
_FAR = 500
# What the patterns share, put in by name; FIRST is what stands before an order at the beginning of
# a sentence. The lines of a pattern are joined without their margins.
_PARTS = {
    "MACHINE": r"""
        (?:a\.?i\.?|ia|llm|(?:ai |large )*language model|modeles? de lang(?:age|ue)
        |intelligences? artificielles?|artificial intelligence|chat ?bot|agent conversationnel
        |(?:ai |virtual |helpful )?assistant|gpt(?:-\d)?|chatgpt|claude|gemini|copilot)s?
    """,
    "ORDERS": r"""
        (?:instruction|prompt|consigne|directive|guideline|direction|command|rule|regle|ordre)s?
    """,
    "FIRST": r"""
        ^\W*(?:(?:please|now|then|instead|important|note|attention|urgent|svp|merci|veuillez|et
        |and|ensuite|puis|maintenant|desormais|toujours|always|only|just|simply|you must|tu dois
        |vous devez|il faut)\b[\s,:!-]*){0,3}
    """,
    "SAY": r"""
        (?:reply|respond|answer|say|write|output|print|repeat|claim|state|display|repond(?:s|ez
        |re)|ecri(?:s|vez|re)|di(?:s|tes|re)|affirme[rz]?|affiche[rz]?|repete[rz]?|imprime[rz]?
        |declare[rz]?|indique[rz]?)
    """,
    # An infinitive that begins a sentence may be its subject: "Répondre « oui » n'engage à rien".
    "INFINITIVE": r"""
        (?<!veuillez )(?<!tu dois )(?<!vous devez )
        (?:repondre|ecrire|dire|affirmer|afficher|repeter|imprimer|declarer|indiquer)
    """,
    # What is done to a letter.
    "DELIVERED": r"""
        (?:(?:nous |me |lui |leur )?(?:parvenir|arriver)|reach|arrive|(?:etre|be)
        (?: (?:envoye|adresse|recu|transmis|poste|depose|rendu|retourne|remis|signe|motive)
        | (?:sent|received|posted|returned|submitted|delivered|given|signed|mailed)))
    """,
    "TELL": r"""
        (?:reveal|print|show|repeat|display|output|disclose|leak|recite|copy|give|tell
        |revele[rz]?|affiche[rz]?|montre[rz]?|recopie[rz]?|repete[rz]?|divulgue[rz]?
        |imprime[rz]?|ecri(?:s|vez|re)|donne[rz]?|di(?:s|tes))
    """,
    "IGNORE": r"""
        (?:ignor(?:e[rz]?|ing)|disregard|forget|override|bypass|oublie[rz]?|neglige[rz]?
        |contourne[rz]?|(?:do not|stop) (?:follow|obey)(?:ing)?|ne (?:suis|suivez) (?:pas|plus)
        |ne (?:tiens|tenez|tenir) (?:pas|plus|aucun) compte d|fai(?:s|tes|re) abstraction d)
    """,
    "BECOME": r"""
        (?:you are (?:now|no longer)|(?:tu (?:es|n'es)|vous (?:etes|n'etes)) (?:desormais
        |maintenant|a present|plus)|act as|pretend (?:to be|you are)|role-?play as|agi(?:s
        |ssez) (?:comme|en tant que)|comporte-toi|comportez-vous|fai(?:s|tes) semblant d'etre
        |joue[rz]? le role|incarne[rz]?)
    """,
    "ADD": r"""
        (?:append|include|insert|embed|render|add|encode|send|ajoute[rz]?|inclu(?:s|ez|re)
        |insere[rz]?|affiche[rz]?|encode[rz]|envoie|envoye[rz])
    """,
    "ANY": r"""
        (?:to (?:any|every|all|each)|a (?:toutes?|chaque|n'importe quelle))
    """,
    "USER": r"""
        (?:you are|the user|a user|l'utilisateur|un utilisateur|te|vous|on te|on vous)
    """,
}
_RULES = {
    "override": r"""
        (?<!told to )(?<!asked to )(?<!urged to )\bIGNORE[^.]{0,40}\b(?:previous|prior|above
          |earlier|preceding|foregoing|your|system|tes
          |vos)\b[^.]{0,15}\bORDERS\b
        |\bIGNORE[^.]{0,40}\bORDERS\b[^.]{0,25}\b(?:above|before|given|you|precedent\w*
          |anterieur\w*|ci-dessus|plus haut|initial\w*|recu\w*|systeme|qui precede\w*)\b
        |\bIGNORE[^.]{0,40}\b(?:everything|anything|all|tout)\b[^.]{0,12}\b(?:above|before this
          |you were told|ce qui precede|ci-dessus)
        |^\W*(?:new|updated|nouvelles?|real|true|vraies?) (?:system )?ORDERS\s*:
        |\bORDERS (?:prioritaires?|systemes?|override)\b
    """,
    "role": r"""
        \bBECOME\b[^.]{0,40}\b(?:MACHINE|unrestricted|sans (?:limites?|restrictions?|filtres?)
          |dan|persona|pirate|evil|jailbr\w+|admin(?:istrat\w+)? mode|developer mode
          |mode (?:developpeur|admin\w*|debug|libre))\b
        |\b(?:from now on|henceforth),?\s*you (?:only|speak|answer|reply)\b
        |\b(?:from now on|henceforth),?\s*you (?:are|will|must|shall)\b[^.]{0,40}\b(?:SAY|TELL
          |IGNORE|MACHINE|ORDERS|unrestricted|obey|respond|recommend|claim|state|instructions?)\b
        |\b(?:a partir de maintenant|desormais|dorenavant),?\s*(?:tu (?:es|dois|reponds|parles)
          |vous (?:repondez|parlez))\b
        |\b(?:a partir de maintenant|desormais|dorenavant),?\s*vous devez\b[^.]{0,40}\b(?:SAY|TELL
          |IGNORE|MACHINE|ORDERS|obei\w*|recommand\w*|affirm\w*|ecri\w*|parler)\b
        |\b(?:developer|debug|god|dan|admin) mode (?:is )?(?:enabled|on|activated)
        |\bmode (?:developpeur|debug|admin\w*) (?:est )?active
    """,
    "turn": r"""
        <\s*\|?\s*/?\s*(?:im_start|im_end|system|user|assistant|end|endoftext|eot_id|think|sys
          |begin_of_text|start_header_id|start_of_turn|end_of_turn|tool_call|tool_response)\b
        |<\s*[|｜]|[|｜]\s*>|<\s*<\s*/?\s*sys|</?\s*quote\s*>
        |\[\s*/?\s*(?:inst|system|system_prompt|tool_results|tool_calls|available_tools)\s*\]
        |^\W*#{2,}\s*(?:instruction|response|system|human|user|assistant|reponse|consigne)s?\b
        |^\W*(?:instructions?|response)\s*:$
        |^\W*(?:system (?:prompt|message|override|note)|message systeme|assistant
          |prompt systeme)\s*[:>\]]
        |^\W*(?:system|systeme|prompt|ai|human)\s*(?:[>\]]|:\W*(?:$|(?:please|now|then|ok|sure
          |you|tu|vous|(?:the|this) user|l'utilisateur|cet utilisateur|do not|never|always|follow
          |obey|new|override|access|mode|from now|desormais|maintenant|suis|suivez|obeis
          |obeissez|bien sur|SAY|TELL|IGNORE|BECOME|ADD)\b))
        |[\"']?\brole[\"']?\s*[:=]\s*[\"']?(?:system|assistant|user)\b
        |^\W*(?:tool|function|outil|fonction)[ _-]?(?:output|result|response|call|sortie)s?\b
        |^\W*(?:resultat|sortie|reponse) (?:de l'outil|d'outil|de la fonction)\b
        |[-=#*_\[(<]\s*(?:end|fin|begin|debut|start) (?:of |de l'|de la |de |du |des )
          (?:the )?(?:quote|citation|article|context|contexte|document|evidence|source|extrait
          |system|systeme|user|prompt|instruction|input|data|donnee)s?\b
        |\bnot in the quotes\b
    """,
    "reply": r"""
        FIRST(?!INFINITIVE (?:par|avec)\b)SAY(?: (?:me|moi|to|a)\b[^.,:]{0,30})?
          (?:[ ,](?:only|exactly|always|simply|just
          |instead|uniquement|seulement|exactement|toujours|simplement|plutot|juste|ensuite|then
          |now))*\s*(?:\b(?:with|that the answer|que la reponse|exactly|exactement|par|avec|only
          |uniquement|la phrase|ce qui suit|le (?:mot|texte|lien)|the (?:following|word|phrase
          |sentence|text))\b|\bin (?:rhyme|verse|pirate|base64|all caps|json|french|english)
          |\ben (?:rimes|vers|anglais|francais|majuscules|base64|json|pirate))
        |\b(?:your|ta|votre) (?:next |final |prochaine |only )?(?:answer|response|reply|output
          |reponse)s? (?:finale )?(?:must|should|shall|has to|is to|will|doit|doivent
          |devra)\b(?! DELIVERED)
        |FIRST(?!INFINITIVE)SAY\s?:?\s?[\"«“]
        |FIRSTSAY\s?:?\s?[\"«“][^.]{0,80}\b(?:utilisateur|user|prompt|MACHINE)\b
        |\b(?:in|to|of|begin|start|end) your (?:answer|response|reply|output|summary)\b
        |\b(?:dans|de|commence[rz]?|termine[rz]?) (?:ta|votre) reponse\b
        |\b(?:if|when|whenever|si|quand|lorsque?)\b[^.]{0,12}\bUSER\b[^.]{0,12}\b(?:ask(?:s|ed)?
          |demand\w+|interrog\w+|question\w*)\b[^.]{0,80}\b(?:SAY|tell)\b
        |\bthe answer to (?:any|every|all|each) questions? is\b|^\W*summari[sz]e this \w+ as\b
        |\b(?:do not|never|ne|n')\s?[^.]{0,40}\b(?:(?:to|tell) the user
          |(?:a|devant) l'utilisateur)\b
        |\b(?:translate|tradui\w+) (?:your|ta|votre) (?:answer|reply|response|reponse)\b
        |\bANY (?:the |les )?questions?\b[^.]{0,40}\bSAY\b
        |FIRSTSAY\b[^.]{0,40}\bANY (?:the |les )?questions?\b
        |\bSAY\b[^.]{0,10}\b(?:that the answer is|que la reponse est)\b
        |\b(?:cite[rz]?|citing|citant|quote)\b[^.]{0,25}\[\s*\d+\s*\]
        |\b(?:refuse[rz]? (?:to answer|de repondre)|(?:do not|never) answer|ne repond(?:s
          |ez) (?:pas|rien|jamais))\b[^.]{0,25}\b(?:question|user|utilisateur)
    """,
    "leak": r"""
        ^\W*(?:repeat|print|repete[rz]?|recopie[rz]?) [^.]{0,20}\b(?:words|text|mots|texte)\b
          [^.]{0,12}(?:above|ci-dessus|qui precede)
        |\bTELL\b[^.]{0,30}\b(?:system|initial|hidden|secret|your|tes|vos|ton|votre)\s
          (?:own |system |hidden |secret )?(?:prompt|instruction|consigne|message systeme)s?\b
        |\bTELL\b[^.]{0,30}\b(?:prompt (?:systeme|initial)|message systeme|(?:instruction
          |consigne)s? (?:systeme|initiale|secrete|cachee)s?)\b
    """,
    "addressed": r"""
        \b(?:if you are|si (?:tu es|vous etes)) (?:an?|une?|le|la|the) MACHINE\b
        |^\W*(?:as an?|en tant qu') ?MACHINE,? (?:you|tu|vous)\b
        |\b(?:note|message|attention|consigne|memo)s?\b[^.]{0,15}\b(?:to|for|pour|a|aux
          |a destination de|a l'attention de)\s*(?:the |any |all |every |l'|les |tou\w+ |une? )*
          MACHINE\b\s*(?::|[^.]{0,40}\b(?:reading|processing|summari\w+|li(?:t|s|sent|sant)
          |trait\w+|resum\w+)\b)
        |^\W*(?:attention|dear|cher|chere|hey|hello|bonjour|salut)[ ,]+(?!claude\b)MACHINE\b
        |\bMACHINE (?:that |who |which |qui )?(?:(?:is|are) )?(?:reading|processing|parsing
          |summari[sz]ing|lisent|lit|traitent|traite|resument|resume) (?:this|these|ceci|ce texte
          |cet article|ce document|cette page)\b
    """,
    "link": r"""
        !\[[^\]]{0,200}\]\s*\(|\]\(\s*(?:https?:|javascript:|data:|//|www\.)
        |(?:https?://|www\.)\S{0,300}(?:\{|%7b|\$\(|\[|<)
        |\bADD\b[^.]{0,60}\b(?:markdown|placeholder|query string|this (?:link|image|url)|ce lien
          |cette (?:image|url|adresse))\b
        |\bADD\b[^.]{0,60}\b(?:question|conversation|chat history|historique
          |user'?s? data)[^.]{0,30}\b(?:https?:|url|link|lien|adresse)
    """,
    "markup": r"""
        <\s*/?\s*(?:script|img|iframe|svg|object|embed|form|style|link|meta|body|html|base|input
          |button|video|audio|a)\b[^>]{0,200}(?:>|$)
        |\bon(?:error|load|click|mouseover|focus)\s*=\s*[\"'\w]|\bjavascript:\s*\w
          |\bdata:text/html
    """,
    "encoded": r"""
        \b(?:decode[rz]?|decipher|dechiffre[rz]?|execute[rz]?|run)\b[^.]{0,40}\b(?:base ?64
          |rot ?13|hexadecimal)\b
        |\b(?:base ?64|rot ?13)\b[^.]{0,40}\b(?:decode[rz]?|instruction|execute[rz]?|follow|obey
          |suis|suivez)
    """,
    "spaced": r"""
        (?:(?<!\w)[^\W\d_][ .·_*-]){9,}[^\W\d_](?!\w)
    """,
}


def _pattern(written: str) -> re.Pattern[str]:
    names = re.compile("|".join(_PARTS))
    return re.compile(names.sub(lambda match: _joined(_PARTS[match.group()]), _joined(written)))


def _joined(written: str) -> str:
    return "".join(line.strip() for line in written.splitlines())


_COMPILED = {rule: _pattern(written) for rule, written in _RULES.items()}
_PIECES = re.compile(r"(?:[^\n.!?…]|[.!?…](?![\s»”\"']))+[.!?…»”\"']*")
_BASE64 = re.compile(r"(?<![\w/+=.-])[A-Za-z0-9+/]{24,}={0,2}(?![\w/+=])")
# A word of Latin letters with others among them that only look like theirs.
_MIXED = re.compile(r"\b(?=\w*[a-zA-Z]\w*[a-zA-Z])\w*[\u0370-\u03ff\u0400-\u052f]\w*")


def signs(text: str) -> Iterator[Sign]:
    """The sentences of a text that are flagged, in order, each by the first rule that it meets."""
    for match in _PIECES.finditer(text):
        piece = match.group().strip()
        if piece and (rule := _rule(piece)):
            yield Sign(rule, piece)


def is_suspicious(text: str) -> bool:
    """Whether any sentence of a text is flagged."""
    return next(signs(clean_text(text)), None) is not None


def is_spoilt(text: str, start: int, end: int) -> bool:
    """Whether a part of a text is flagged, or stands close behind what is.

    What an order is about comes after it: "Ignore the above. The mayor was arrested."
    """
    return is_suspicious(text[max(0, start - _FAR) : end])


def signs_of(article: Article) -> Iterator[Sign]:
    """What is flagged of an article: of its title, its source and its text."""
    for part in (article.title, article.source or "", article.text):
        yield from signs(part)


@dataclass(frozen=True, slots=True)
class Flagged:
    """An article with something flagged.

    Attributes:
        id, title, origin: of the article.
        signs: what is flagged, in order; never empty.
    """

    id: str
    title: str
    origin: str
    signs: tuple[Sign, ...]

    @classmethod
    def of(cls, article: Article) -> Self | None:
        """An article's, or None when nothing in it is flagged."""
        found = tuple(signs_of(article))
        return cls(article.id, article.title, article.origin, found) if found else None

    def to_json(self) -> dict[str, object]:
        """As `qa index --json` prints it."""
        return {
            "article_id": self.id,
            "title": self.title,
            "origin": self.origin,
            "signs": [{"rule": sign.rule, "text": sign.text[:_SHOWN]} for sign in self.signs],
        }

    def __str__(self) -> str:
        first = self.signs[0]
        more = f" and {len(self.signs) - 1} more" if len(self.signs) > 1 else ""
        return f"{self.origin}: {first.rule}: “{first.text[:_SHOWN]}”{more}"


@lru_cache(maxsize=4096)  # the same sentences are looked at for each that stands behind them
def _rule(sentence: str) -> str | None:
    folded = " ".join(fold(sentence).split())
    for rule, pattern in _COMPILED.items():
        if pattern.search(folded):
            return rule
    if any(_hides_words(run.group()) for run in _BASE64.finditer(sentence)):
        return "encoded"
    return "look-alike" if _MIXED.search(sentence) else None


def _hides_words(run: str) -> bool:
    """Whether a run of letters is a sentence in base64."""
    try:
        said = base64.b64decode(run + "=" * (-len(run) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return False
    return said.isprintable() and " " in said.strip()
