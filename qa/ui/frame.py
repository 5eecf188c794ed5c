"""The page's frame: the tabs and the switch between light and dark, which `frame.js` works."""

from __future__ import annotations

from html import escape

from qa.ui.texts import Words

# The views, and the element that each shows.
VIEWS = {"ask": "qa-chat", "articles": "qa-articles"}


def nav(words: Words) -> str:
    """The tabs and the switch; `frame.js` says which tab is chosen and how light the page is."""
    labels = {"ask": words.ask, "articles": words.articles}
    tabs = "".join(
        f'<button type="button" role="tab" id="qa-tab-{view}" data-view="{view}" '
        f'aria-controls="{shows}">{escape(labels[view])}</button>'
        for view, shows in VIEWS.items()
    )
    return (
        f'<div class="qa-tabs" role="tablist" aria-label="{escape(words.views)}">{tabs}</div>'
        f'<button type="button" class="qa-dark" aria-label="{escape(words.lightness)}" '
        f'title="{escape(words.lightness)}"><span aria-hidden="true">◐</span></button>'
    )
