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
# The order stands at the beginning, however long the conversation behind it.
_BEGINNING = 400

_ORDER = re.compile(
    r"\W*(?:task\W+)?(?:please\W+)?(?:based on|given|generat|creat|provid|writ|produc|suggest|"
    r"propos|summari[sz]|analy[sz]|give|come up|g[ée]n[èé]r|cré|rédig|donne)",
    re.IGNORECASE,
)
_CHAT = re.compile(
    r"\b(?:(?:conversation|chat|thread|dialogue?|(?:user|first) message)s?|user['’]s|"
    r"(?:this|cette) (?:discussion|session|exchange))\b",
    re.IGNORECASE,
)
_TITLE = re.compile(
    r"\b(?:an?|une?|\d)\b[^.?!\n]{0,60}\b(?:title|titre)\b|\b(?:four|five|\d) words or less\b",
    re.IGNORECASE,
)
_NAMING = re.compile(rf"{_TITLE.pattern}|\btitl(?:es|ing)\b", re.IGNORECASE)
_OTHER = re.compile(
    r"\b(?:tags|emoji|search queries|(?:follow-?\s?up|next|related) (?:questions|prompts))\b",
    re.IGNORECASE,
)
_TURN = re.compile(
    r"^\W*(?:user|human|utilisateur)(?: message| query)?\W*:\W*(.+)$", re.IGNORECASE | re.MULTILINE
)
_KEY = re.compile(r'\{\s*"(\w*title\w*)"', re.IGNORECASE)


def title(messages: Sequence[Message]) -> str | None:
    """The title that is asked for, as JSON where that is; None when it is a question that is asked.

    Raises:
        ApiError: 422, something else is asked for that only a language model could make.
    """
    asked = [message.text for message in messages if message.role == "user"]
    orders = [message.text for message in messages if message.role in ("system", "developer")]
    order = next((text for text in orders if _orders(text) or _names(text)), None)
    if order is None:
        if not _orders(asked[-1]):
            return None
        order = asked.pop()
        about = _TURN.findall(order)[:1] or asked[:1] or [order.strip().splitlines()[-1]]
    else:
        about = _TURN.findall(asked[-1])[:1] or asked[-1:]
    if not _NAMING.search(order[:_BEGINNING]):
        message = "this server answers questions and names conversations; it makes nothing else."
        raise ApiError(422, "unsupported_task", message)
    named = _short(about[0])
    key = _KEY.search(order)
    return json.dumps({key[1]: named}, ensure_ascii=False) if key else named


def _orders(text: str) -> bool:
    """Whether it begins by ordering something to be made of a conversation."""
    text = text[:_BEGINNING]
    wanted = _TITLE.search(text) or _OTHER.search(text)
    return bool(_ORDER.match(text) and _CHAT.search(text) and wanted)


def _names(text: str) -> bool:
    """Whether it tells a machine that naming conversations is what it is for."""
    sentences = re.split(r"[.?!\n]", text[:_BEGINNING])
    return any(_CHAT.search(sentence) and _NAMING.search(sentence) for sentence in sentences)


def _short(text: str) -> str:
    """The words of it that a title has room for."""
    text = " ".join(text.split()).strip("\"'“”«» ").rstrip("?!.: ")
    if len(text) <= _LONGEST:
        return text
    return (text[:_LONGEST].rpartition(" ")[0] or text[:_LONGEST]).rstrip(",;: ") + "…"
