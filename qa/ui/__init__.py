"""The chat page: a Gradio interface over an assistant, in French and English.

    texts, texts_articles, texts_evidence    every string of the interface, in both languages
    render      answers and articles → HTML in which nothing but our own markup is active
    chips       what was understood of a question, piece by piece, and without a piece
    understood  the same as HTML that can be changed
    why         the ranks and values of each passage, as a table
    talks       the conversations that are open, one a browser tab
    following   an answer's states from a thread, so that Stop works while the model is busy
    frame       the tabs, light and dark
    articles    the Articles tab: what is indexed, filtered and page by page
    intake      files that people add: checked, kept, indexed
    adding      the same as HTML
    suggesting  questions to go on or to begin with, made from names and times in articles
    examples    questions to start with, from a question set beside the corpus or made so
    page        the page itself: components and what happens to them
    server      the page on a port, until Ctrl-C

No request leaves the machine: system fonts, no analytics, nothing from a content network.
"""

from __future__ import annotations

import os

# Read by Gradio when it is imported.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

from qa.ui.page import build_page
from qa.ui.server import launch, serve

__all__ = ["build_page", "launch", "serve"]
