"""The list of conversations and what stands below an answer, as HTML; `archive.js` works them.

A button says with `data-do` what it wants done, and `keeping` does it. Knows nothing about how
conversations are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from qa.article import PartialDate
from qa.conversations import Conversation, KeptTurn
from qa.ui.talks import Turn
from qa.ui.texts import Texts, Words

MOST_LISTED = 100
_LONGEST = 2000
_THUMB = (
    '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M2 10h4v11H2zM8 20V10l4-8c1.6 0 2.7 1.2 '
    '2.4 2.8L13.7 9H20c1.4 0 2.3 1.3 2 2.6l-1.9 7.7c-.3 1-1.2 1.7-2.2 1.7H10z"/></svg>'
)


# Below an answer


def actions(turn: Turn, texts: Texts) -> str:
    """Rating and sharing; empty for an answer that can be neither."""
    if not turn.id:
        return ""
    words = texts.talks
    stale = f'<p class="qa-note">{escape(words.stale)}</p>' if turn.stale else ""
    return (
        f'<div class="qa-actions" data-turn="{escape(turn.id)}" '
        f'data-talk="{escape(turn.conversation)}">{stale}'
        f'<div class="qa-bar" role="group" aria-label="{escape(words.about_answer)}">'
        f"{_thumb(turn, words, good=True)}{_thumb(turn, words, good=False)}"
        f"{_sharing(turn.token, words)}</div>{_saying(turn, words)}</div>"
    )


def _thumb(turn: Turn, words: Words, *, good: bool) -> str:
    pressed = turn.rating is not None and turn.rating.good == good
    return (
        f'<button type="button" class="qa-act qa-{"up" if good else "down"}" data-do="rate" '
        f'data-good="{str(good).lower()}" aria-pressed="{str(pressed).lower()}">{_THUMB}'
        f"{escape(words.good if good else words.bad)}</button>"
    )


def _sharing(token: str | None, words: Words) -> str:
    """A button to share, or those of a link. The first stays in its place, and so the focus."""
    if token is None:
        return (
            '<button type="button" class="qa-act" data-do="share">'
            f"{escape(words.share)}</button>{_status()}"
        )
    return f"{_link_buttons(token, words)}{_status()}"


def _link_buttons(token: str, words: Words) -> str:
    address = escape(f"/share/{token}")
    return (
        f'<button type="button" class="qa-act" data-do="copy" data-link="{address}" '
        f'data-copied="{escape(words.copied)}" data-not-copied="{escape(words.not_copied)}">'
        f"{escape(words.copy)}</button>"
        f'<a class="qa-act" href="{address}" target="_blank" rel="noopener">'
        f"{escape(words.shared_page)}</a>"
        f'<button type="button" class="qa-act" data-do="revoke" data-token="{escape(token)}">'
        f"{escape(words.revoke)}</button>"
    )


def _status() -> str:
    return '<span class="qa-status" role="status"></span>'


def _saying(turn: Turn, words: Words) -> str:
    """What a rated answer may be told besides; open where a correction is missing."""
    rating = turn.rating
    if rating is None:
        return ""
    said = bool(rating.comment or rating.correction or rating.unanswerable)
    asked = ""
    if not rating.good:
        checked = " checked" if rating.unanswerable else ""
        asked = (
            _area("correction", words.correction, rating.correction)
            + f'<label class="qa-check"><input type="checkbox" name="unanswerable"{checked}> '
            f"{escape(words.unanswerable)}</label>"
        )
    return (
        f'<p class="qa-note qa-thanks">{escape(words.thanks)}</p>'
        f'<details class="qa-say"{"" if said or rating.good else " open"}>'
        f"<summary>{escape(words.said if said else words.say_more)}</summary>"
        f'<form data-do="comment">{asked}{_area("comment", words.comment, rating.comment)}'
        f'<button class="qa-act">{escape(words.save)}</button></form></details>'
    )


def _area(name: str, label: str, value: str) -> str:
    return (
        f'<label>{escape(label)}<textarea name="{name}" rows="2" maxlength="{_LONGEST}">'
        f"{escape(value)}</textarea></label>"
    )


# The list


def drawer(
    texts: Texts,
    listed: Sequence[Conversation] | None = None,
    links: Sequence[KeptTurn] = (),
    *,
    search: str = "",
    current: str = "",
    kept: bool = True,
) -> str:
    """The button that opens the list, and the list.

    Args:
        texts: the page's language.
        listed: conversations, the newest first; None as long as nobody has asked for them.
        links: what the visitor shares.
        search: what they were searched for.
        current: the conversation that is open.
        kept: whether conversations are kept at all.
    """
    words = texts.talks
    name = escape(words.conversations)
    content = ""
    if listed is not None:
        content = (
            _list(listed, texts, words, search, current)
            if kept
            else (f'<p class="qa-none">{escape(words.not_kept)}</p>')
        )
        content += _links(links, words)
        if listed or links or search:
            content += _sure(
                words.delete_all, words.delete_all_warning, words.delete_all_surely, "delete-all"
            )
    return (
        f'<button type="button" class="qa-open-talks" data-do="toggle" aria-expanded="false" '
        f'aria-controls="qa-drawer" title="{name}"><span aria-hidden="true">☰</span>'
        f'<span class="qa-open-label">{name}</span></button>'
        f'<div id="qa-drawer" role="dialog" aria-modal="true" aria-label="{name}">'
        f'<div class="qa-drawer-head"><h2 tabindex="-1">{name}</h2>'
        f'<button type="button" class="qa-close" data-do="close" '
        f'aria-label="{escape(words.close)}" title="{escape(words.close)}">×</button></div>'
        f'{_search(words, search) if kept else ""}<div aria-live="polite">{content}</div></div>'
    )


def _search(words: Words, search: str) -> str:
    label = escape(words.search)
    return (
        f'<form role="search" data-do="search"><input type="search" name="search" maxlength="200" '
        f'autocomplete="off" aria-label="{label}" placeholder="{label}" '
        f'value="{escape(search)}"></form>'
    )


def _list(
    listed: Sequence[Conversation], texts: Texts, words: Words, search: str, current: str
) -> str:
    if not listed:
        return f'<p class="qa-none">{escape(words.none_found if search else words.none)}</p>'
    items = "".join(_item(c, texts, words, current=c.id == current) for c in listed)
    more = ""
    if len(listed) >= MOST_LISTED:
        more = f'<p class="qa-none">{escape(words.most.format(most=MOST_LISTED))}</p>'
    return f'<ul class="qa-talks">{items}</ul>{more}'


def _item(conversation: Conversation, texts: Texts, words: Words, *, current: bool) -> str:
    id, title = escape(conversation.id), escape(conversation.title)
    n = conversation.turns
    facts = [texts.day(PartialDate.of(conversation.changed.astimezone()))]
    facts.append(words.question if n == 1 else words.questions.format(n=n))
    if current:
        facts.append(words.current)
    here = ' aria-current="true"' if current else ""
    export = f"/conversations/{id}"
    return (
        f'<li><button type="button" class="qa-talk" data-do="open" data-id="{id}"{here}>'
        f'<span class="qa-talk-title">{title}</span>'
        f'<span class="qa-card-where">{escape(" · ".join(facts))}</span></button>'
        f'<details class="qa-more"><summary aria-label="{escape(words.more.format(title=title))}">'
        '<span aria-hidden="true">⋯</span></summary><div>'
        f'<a class="qa-act" href="{export}.md?language={texts.language}" download>'
        f"{escape(words.export_markdown)}</a>"
        f'<a class="qa-act" href="{export}.json" download>{escape(words.export_json)}</a>'
        f'<form data-do="rename" data-id="{id}"><input name="title" maxlength="80" '
        f'aria-label="{escape(words.new_title)}" value="{title}">'
        f'<button class="qa-act">{escape(words.rename)}</button></form>'
        f"{_sure(words.delete, words.delete_warning, words.delete_surely, 'delete', id)}"
        "</div></details></li>"
    )


def _sure(label: str, warning: str, surely: str, do: str, id: str = "") -> str:
    """A button behind another, so that nothing is deleted by a slip."""
    return (
        f'<details class="qa-sure"><summary class="qa-act">{escape(label)}</summary>'
        f"<p>{escape(warning)}</p>"
        f'<button type="button" class="qa-act" data-do="{do}" data-id="{id}">{escape(surely)}'
        "</button></details>"
    )


def _links(links: Sequence[KeptTurn], words: Words) -> str:
    if not links:
        return ""
    items = "".join(
        f'<li data-turn="{escape(turn.id)}"><p class="qa-talk-title">{escape(turn.question)}</p>'
        f'<div class="qa-bar">{_link_buttons(turn.token, words)}{_status()}</div></li>'
        for turn in links
        if turn.token
    )
    return f'<h3 class="qa-cards-title">{escape(words.links)}</h3><ul class="qa-links">{items}</ul>'
