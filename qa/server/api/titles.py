"""What chat programs ask beside a conversation: a title for it, tags, what could be asked next.

They send it like any question, in a message of the user's that orders it or with a system message
that does. A title is made of the first question; all else is refused, which they pass over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from qa.server.api.chat import Message
from qa.server.api.errors import ApiError

_LONGEST = 60
# The order stands at the beginning or at the end, however long the conversation between them.
_EDGE = 400

_NUMBER = r"(?:1?\d|three|four|five|six|seven|eight|ten|trois|quatre|cinq|sept|huit|dix)"
# Beginnings of what orders something, of what a conversation is called, and of its name.
_ORDER = re.compile(
    r"\W*(?:task\W+)?(?:(?:please|veuillez|you (?:need to|must|will|should)|vous devez)\W+)?"
    r"(?:based on|given|generat|creat|provid|writ|produc|suggest|propos|summari[sz]|analy[sz]|give"
    r"|come up|reply with|name|what (?:would|could) be an?\b|g[ée]n[èé]r|cré|rédig|donne|résum"
    r"|nomme|trouve)",
    re.IGNORECASE,
)
_CHAT = re.compile(
    r"\b(?<!du |le |un )(?:(?:conversation|chat|thread|dialogue?|(?:user|first) message)s?"
    r"|user['’]s|(?:this|our|previous|following|cette|notre)"
    r" (?:discussion|session|exchange|quer(?:y|ies)|messages?))\b"
    r"(?! (?:téléphon\w+|between|with|of|on|about|entre|avec|sur|de(?! l['’]util)|du|des)\b)",
    re.IGNORECASE,
)
_TITLE = re.compile(
    r"\b(?:an?|une?|\d)\b(?:[^.?!\n]{0,60}\b(?:title|titre)|(?: [\w-]+){0,2} (?:name|nom))\b"
    r"|\bname (?:this|our)\b|\bnomme[rz]? (?:cette|notre|les)\b|\bas a title\b"
    rf"|\b{_NUMBER}[ -](?:words?|mots)\b",
    re.IGNORECASE,
)
_NAMING = re.compile(rf"{_TITLE.pattern}|\btitl(?:es|ing)\b", re.IGNORECASE)
# Nothing but a title is wanted, of whatever was said.
_BARE = re.compile(
    rf"\w+ (?:me )?(?:an? |une? )(?:[\w-]+ ){{0,3}}(?:title|titre(?: concis| court)?)\W*"
    rf"|.*\b{_NUMBER}-word title|\w+ (?:[\w-]+ ){{0,3}}(?:follow-?up|next|related) questions\W*",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"\b(?:tags|emoji|search queries|autocompletion|questions? de suivi"
    r"|(?:follow-?\s?up|next|related) (?:questions|prompts))\b",
    re.IGNORECASE,
)
_TURN = re.compile(
    r"^\W*(?:user|human|utilisateur)(?: message| query)?\W*:[\s*]*(?:\"([^\"\n]+)\"|(.+)$)"
    r'|"role": ?"user"[^{}]*?"(?:content|text|mainText)": ?"([^"]+)"'
    r"|[\"“«]([^\"”»\n]{8,})[\"”»]\W*\Z",
    re.IGNORECASE | re.MULTILINE,
)
_KEY = re.compile(r'\{\s*"(\w*title\w*)"', re.IGNORECASE)


def title(messages: Sequence[Message]) -> str | None:
    """The title that is asked for, as JSON where that is; None when it is a question that is asked.

    Raises:
        ApiError: 422, something else is asked for that only a language model could make.
    """
    asked = [message.text for message in messages if message.role == "user"]
    systems = [message.text for message in messages if message.role in ("system", "developer")]
    orders = [text for text in systems if _names(text) or _orders(text)]
    orders += filter(_orders, asked[-1:])
    if not orders:
        return None
    order = orders[0]
    about = _TURN.search("\n".join(asked))
    lines = [line for text in asked for line in text.splitlines() if _says(line)]
    if not _NAMING.search(_edges(order)):
        message = "this server answers questions and names conversations; it makes nothing else."
        raise ApiError(422, "unsupported_task", message)
    if not about and not lines:
        return None
    named = _short(next(filter(None, about.groups())) if about else lines[0])
    key = _KEY.search(order)
    return json.dumps({key[1]: named}, ensure_ascii=False) if key else named


def _edges(text: str) -> str:
    return text if len(text) <= 2 * _EDGE else f"{text[:_EDGE]}\n{text[-_EDGE:]}"


def _sentences(text: str) -> list[str]:
    return re.split(r"[.?!:]\s|\n", _edges(text))


def _orders(text: str) -> bool:
    """Whether it orders something to be made of a conversation, at its beginning or its end."""
    if text.startswith("### Task") and _OTHER.search(text[:_EDGE]):
        return True
    for part in (text[:_EDGE], *_sentences(text)):
        wanted = _TITLE.search(part) or _OTHER.search(part)
        if _ORDER.match(part) and (
            _BARE.fullmatch(part.strip()) or (wanted and _CHAT.search(part))
        ):
            return True
    return False


def _names(text: str) -> bool:
    """Whether it tells a machine that naming conversations is what it is for."""
    return any(_CHAT.search(line) and _NAMING.search(line) for line in _sentences(text))


def _says(line: str) -> bool:
    """Whether a line of a conversation is one of those that say something."""
    return bool(re.search(r"\w", line)) and not line.rstrip().endswith(":") and not _orders(line)


def _short(text: str) -> str:
    """The words of it that a title has room for."""
    text = " ".join(text.split()).strip("\"'“”«» ").rstrip("?!.: ")
    if len(text) <= _LONGEST:
        return text
    return (text[:_LONGEST].rpartition(" ")[0] or text[:_LONGEST]).rstrip(",;: ") + "…"
