"""The chat page, and the API beside it, over the index that the settings name: `python app.py`."""

from __future__ import annotations

import sys

from qa.errors import QAError
from qa.server.app import serve
from qa.settings import Settings

if __name__ == "__main__":
    try:
        serve(Settings.load())
    except QAError as exc:
        sys.exit(f"error: {exc}")
