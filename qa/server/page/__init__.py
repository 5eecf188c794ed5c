"""The chat page: a Gradio interface over an assistant, in French and English.

    page            the components, and what happens to them: begin here
    chats           open conversations and their turns; each answer in a thread of its own
    history         what is kept of them on disk; `owners` says whose it is
    read_ahead      what is typed is read by the model before it is asked
    render          an answer or an article → what `templates/` show, by `templating`
    marks           words marked in a text: quotes, and what the reader points to
    chips           what was understood of a question, piece by piece
    filter_form     what was chosen in the filters
    articles        the list of articles; `uploads` are files that people add
    suggestions     what could be asked next; `examples` what could be asked first
    sharing         pages behind a link; `exports` are files and copies to take along
    texts           every string, from `translations/`
    assets          style and scripts, from `style/` and `scripts/`
    server          the port; `guard` and `connections` limit what it accepts

No request leaves the machine:
system fonts, no analytics, nothing from a content network.
"""

from __future__ import annotations

import os

# Read by Gradio when it is imported.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

from qa.server.page.page import build_page
from qa.server.page.server import launch, serve

__all__ = ["build_page", "launch", "serve"]
