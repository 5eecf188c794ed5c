"""How the page looks and moves: system fonts, our own style and scripts, nothing fetched.

The style goes into the page's head as it is: through Gradio's own `css`, each rule would be
rewritten. Scripts in `scripts` hold one concern each; those that call the server are given to a
component, the others run in the head.
"""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.themes.utils.fonts import Font

from qa.server.page.templating import file_text

_SANS = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
_MONO = ("ui-monospace", "Consolas", "monospace")

# In this order, later rules winning.
_STYLE = ("frame", "conversation", "composer", "articles", "talks", "narrow", "print")
_SCRIPTS = ("store", "views", "scroll", "copy", "keys")

# A quotation mark, drawn here so that the tab asks nobody for an icon.
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E"
    "%3Crect width='32' height='32' rx='7' fill='%238c2f1b'/%3E"
    "%3Cpath d='M7 21v-5l4-7h4l-3 6h3v6zm10 0v-5l4-7h4l-3 6h3v6z' fill='%23fff'/%3E%3C/svg%3E"
)


def looks() -> dict[str, Any]:
    """What Gradio is told about looks when the page is mounted."""
    theme = gr.themes.Base(font=[Font(name) for name in _SANS], font_mono=[Font(n) for n in _MONO])
    theme.set(
        body_background_fill="#faf8f3",
        body_background_fill_dark="#16181b",
        body_text_color="#1f1d1a",
        body_text_color_dark="#e8e4db",
    )
    style = "\n".join(file_text(f"style/{name}.css") for name in _STYLE)
    head = (
        f'<link rel="icon" href="{_ICON}"><meta name="color-scheme" content="light dark">'
        f"<style>{style}</style><script>{script(*_SCRIPTS)}</script>"
    )
    return {"theme": theme, "head": head}


def script(*names: str) -> str:
    """Scripts one after the other, each in a scope of its own."""
    return "\n".join(f"{{\n{file_text(f'scripts/{name}.js')}}}" for name in names)
