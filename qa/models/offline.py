"""Keeps the model libraries away from the network.

Everything they would look for is already on this machine: `qa.models.download` is the only part of
the project that downloads, and it checks what it gets.
"""

from __future__ import annotations

import os
import sys

_OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "DO_NOT_TRACK": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    # Tokenizers warn when a process forks after using threads; one thread is enough for our sizes.
    "TOKENIZERS_PARALLELISM": "false",
}


def go_offline() -> None:
    """Set the variables that these libraries read while they are imported. Call it before that."""
    os.environ.update(_OFFLINE)
    hub = sys.modules.get("huggingface_hub.constants")
    if hub is not None:  # somebody imported it before us: its copy of the variable is what counts
        vars(hub)["HF_HUB_OFFLINE"] = True
