"""The chat page over the index that the settings name: `python app.py`, then open the address."""

from __future__ import annotations

import sys

import qa.ui
from qa.errors import QAError
from qa.settings import Settings

if __name__ == "__main__":
    try:
        qa.ui.serve(Settings.load())
    except QAError as exc:
        sys.exit(f"error: {exc}")
