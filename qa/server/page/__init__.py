"""The chat page: a Gradio interface over an assistant, in French and English.

docs/architecture.md says what each module is; begin with `page`. No request leaves the machine:
system fonts, no analytics, nothing from a content network.
"""

from __future__ import annotations

import os

# Read by Gradio when it is imported.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

from qa.server.page.page import build_page
from qa.server.page.server import launch, serve

__all__ = ["build_page", "launch", "serve"]
