"""A kept conversation as a file to take along: Markdown to read, JSON with every citation.

In the Markdown, nothing that an article says works as a link, an image or HTML; in the JSON every
quote is as it is, with the article's id and the offsets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qa.article import PartialDate
from qa.conversations import Conversation, KeptTurn
from qa.fence import unmarked
from qa.ui import render
from qa.ui.texts import Texts

_ANSWER = (
    *("question", "standalone_question", "answer", "language", "abstained", "reason"),
    *("answerer", "confidence", "filters", "citations"),
)


def as_json(conversation: Conversation, turns: Sequence[KeptTurn]) -> dict[str, Any]:
    """Everything a reader can see, and the offsets."""
    return {
        "id": conversation.id,
        "title": conversation.title,
        "changed": conversation.changed.isoformat(timespec="seconds"),
        "turns": [_turn_json(turn) for turn in turns],
    }


def _turn_json(turn: KeptTurn) -> dict[str, Any]:
    rating = turn.rating
    return {
        "asked": turn.asked.isoformat(timespec="seconds"),
        **{name: turn.document[name] for name in _ANSWER},
        "rating": None
        if rating is None
        else {
            "good": rating.good,
            "comment": rating.comment,
            "correction": rating.correction,
            "unanswerable": rating.unanswerable,
        },
    }


def as_markdown(conversation: Conversation, turns: Sequence[KeptTurn], texts: Texts) -> str:
    """The questions as headings, the answers, and each quote with where it is from."""
    parts = [f"# {_line(conversation.title)}"]
    for turn in turns:
        document = turn.document
        parts.append(f"## {_line(document['question'])}")
        parts.append(f"*{texts.day(PartialDate.of(turn.asked.astimezone()))}*")
        parts.append(unmarked(document["answer"]))
        parts += [_quote(citation, texts) for citation in document["citations"]]
    return "\n\n".join(parts) + "\n"


def _quote(citation: Mapping[str, Any], texts: Texts) -> str:
    link = render.safe_link(citation["url"])
    where = [
        f"**{_line(citation['title'] or texts.untitled)}**",
        texts.day(PartialDate.of(citation["date"])),
        _line(citation["source"] or ""),
        f"<{link}>" if link and not set(link) & set("<>") else "",
        texts.talks.cited.format(
            id=f"`{_line(citation['article_id']).replace('`', '')}`",
            start=citation["start"],
            end=citation["end"],
        ),
    ]
    lines = unmarked(citation["quote"]).split("\n")
    quoted = "\n".join(f"> {line}".rstrip() for line in lines)
    return f"[{citation['n']}]\n\n{quoted}\n>\n> — {', '.join(part for part in where if part)}"


def _line(text: str) -> str:
    return unmarked(" ".join(text.split()))
