"""Small talk: greetings, thanks and questions about the assistant, answered without retrieval.

A table of patterns over the whole message, so that a question with a greeting in front is still
a question. Knows nothing about articles.
"""

from __future__ import annotations

import re

from qa.analysis import fold
from qa.answer import Language

_GREETING = (
    r"(?:(?:bonjour|bonsoir|salut|coucou|hello|hi|hey|good (?:morning|afternoon|evening))"
    r"(?:,? (?:a tous|tout le monde|there|all|everyone|everybody))?)"
)
_THANKS = (
    r"(?:merci|merci (?:beaucoup|bien|a toi|a vous)|thanks|thank you|thanks a lot|"
    r"thank you very much|thx|parfait|super|great|perfect|ok|d'accord)"
)
_BYE = r"(?:au revoir|bye|goodbye|a bientot|bonne (?:journee|soiree)|see you)"
_ABOUT = (
    r"(?:qui (?:es-tu|etes-vous)|tu es qui|vous etes qui|"
    r"que (?:sais-tu|savez-vous|peux-tu|pouvez-vous) faire|"
    r"comment (?:ca|tu|vous) (?:marche|marches|marchez|fonctionne|fonctionnes|fonctionnez)|"
    r"a quoi (?:sers-tu|servez-vous|ca sert)|aide|help|who are you|what are you|what can you do|"
    r"how do you work|how does (?:this|it) work)"
)

_REPLIES: tuple[tuple[str, dict[Language, str]], ...] = (
    (
        _GREETING,
        {
            "fr": "Bonjour ! Posez une question sur les articles : je cite la phrase exacte.",
            "en": "Hello! Ask about the articles: I quote the exact sentence.",
        },
    ),
    (
        _THANKS,
        {
            "fr": "Je vous en prie. Une autre question sur les articles ?",
            "en": "You are welcome. Anything else about the articles?",
        },
    ),
    (_BYE, {"fr": "Au revoir !", "en": "Goodbye!"}),
    (
        _ABOUT,
        {
            "fr": "Je réponds, en français ou en anglais, à partir des seuls articles qui m'ont "
            "été donnés. Chaque réponse cite les phrases sur lesquelles elle repose ; quand les "
            "articles ne disent rien, je le dis.",
            "en": "I answer, in French or English, from the articles I was given and from nothing "
            "else. Each answer quotes the sentences it rests on; when the articles do not say, "
            "I say so.",
        },
    ),
)
_PATTERNS = [
    (re.compile(rf"^(?:{_GREETING}[ ,]*)?{pattern}$"), replies) for pattern, replies in _REPLIES
]


def is_small_talk(message: str) -> bool:
    """Whether a message is no question for the articles."""
    return reply(message, "en") is not None


def reply(message: str, language: Language) -> str | None:
    """A short reply to small talk, or None when the message is a question for the articles."""
    said = " ".join(re.sub(r"[.!?…;:]+", " ", fold(message)).split())
    for pattern, replies in _PATTERNS:
        if pattern.match(said):
            return replies[language]
    return None
