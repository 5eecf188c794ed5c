"""Small talk: greetings, thanks and questions about the assistant, answered without retrieval.

A message is small talk when nothing else is left of it: a question with a greeting in front is
still a question. "How does it work?" is about the assistant until something was asked, and then
about that. Knows nothing about articles.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa.language.terms import fold
from qa.types import Language

_GREETING = (
    r"(?:bonjour|bonsoir|salut|coucou|hello|hi|hey|good (?:morning|afternoon|evening))"
    r"(?: (?:a tous|tout le monde|there|all|everyone|everybody))?|"
    r"(?:comment )?(?:ca va|vas-tu|allez-vous)(?: bien)?|how are you(?: doing)?(?: today)?"
)
_THANKS = (
    r"(?:non |tres bien |bien )?(?:merci|je (?:te|vous) remercie)"
    r"(?: (?:beaucoup|bien|infiniment|encore|d'avance|a (?:toi|vous)|pour tout|"
    r"(?:pour|de) (?:ces?|cette|l'|la|les|vos|votre|tes|ta|ton) ?"
    r"(?:aide|infos?|informations?|precisions?|reponses?)))*|"
    r"(?:no |many )?(?:thanks|thx|thank you)(?: (?:a lot|so much|very much|again|"
    r"for (?:your|the|all the|all your|that|this) ?(?:help|answers?|info|information|reply)?))*|"
    r"(?:c'est |that's |that is )?(?:tres |very )?"
    r"(?:bien note|parfait|super|genial|excellent|great|perfect|ok|okay|all right|clear|clair)|"
    r"d'accord|c'est (?:bon|tout)|that's (?:all|it|good)|got it|j'ai compris"
)
_BYE = (
    r"au revoir|bye(?: bye)?|goodbye|a (?:bientot|demain|plus tard)|"
    r"bonne (?:journee|soiree|nuit)|good night|see you(?: (?:later|soon|tomorrow))?|"
    r"have a (?:nice|good|great) (?:day|evening|one)"
)
_ABOUT = (
    r"qui (?:es-tu|etes-vous)|tu es qui|vous etes qui|"
    r"que (?:sais-tu|savez-vous|peux-tu|pouvez-vous) faire|"
    r"comment (?:tu|vous) (?:marches|marchez|fonctionnes|fonctionnez)|"
    r"a quoi (?:sers-tu|servez-vous)|aide|help|who are you|what are you|what can you do|"
    r"how do you work"
)
# About the assistant when nothing else was spoken of.
_PERHAPS_ABOUT = (
    r"comment (?:ca|cela) (?:marche|fonctionne)|a quoi (?:ca|cela) sert|how does (?:this|it) work"
)

_GREETED: dict[Language, str] = {
    "fr": "Bonjour ! Posez une question sur les articles : je cite la phrase exacte.",
    "en": "Hello! Ask about the articles: I quote the exact sentence.",
}
_THANKED: dict[Language, str] = {
    "fr": "Je vous en prie. Une autre question sur les articles ?",
    "en": "You are welcome. Anything else about the articles?",
}
_LEFT: dict[Language, str] = {"fr": "Au revoir !", "en": "Goodbye!"}
_INTRODUCED: dict[Language, str] = {
    "fr": "Je réponds, en français ou en anglais, à partir des seuls articles qui m'ont "
    "été donnés. Chaque réponse cite les phrases sur lesquelles elle repose ; quand les "
    "articles ne disent rien, je le dis.",
    "en": "I answer, in French or English, from the articles I was given and from nothing "
    "else. Each answer quotes the sentences it rests on; when the articles do not say, "
    "I say so.",
}

_WORD = re.compile(r"[\w'-]+")
_POLITE = re.compile(
    rf"(?<![\w'-])(?:(?P<left>{_BYE})|(?P<thanked>{_THANKS})|(?P<greeted>{_GREETING}))(?![\w'-])"
)
# What of a message of several is answered: "Hello, and thanks" is thanks.
_POLITE_REPLIES = (("left", _LEFT), ("thanked", _THANKED), ("greeted", _GREETED))


def is_small_talk(message: str, history: Sequence[str] = ()) -> bool:
    """Whether a message is no question for the articles."""
    return reply(message, "en", history) is not None


def reply(message: str, language: Language, history: Sequence[str] = ()) -> str | None:
    """A short reply to small talk, or None when the message is a question for the articles.

    Args:
        message: as typed.
        language: of the reply.
        history: the turns before it, the user's first.
    """
    said = " ".join(_WORD.findall(fold(message)))
    rest = " ".join(_POLITE.sub(" ", said).split())
    if not rest:
        kinds = {match.lastgroup for match in _POLITE.finditer(said)}
        return next((replies[language] for kind, replies in _POLITE_REPLIES if kind in kinds), None)
    if re.fullmatch(_ABOUT, rest):
        return _INTRODUCED[language]
    if re.fullmatch(_PERHAPS_ABOUT, rest) and all(is_small_talk(asked) for asked in history[::2]):
        return _INTRODUCED[language]
    return None
