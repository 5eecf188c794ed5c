"""A run in a process of its own, that can be killed: slow_run.py CACHE QUESTIONS CORPUS OUT PAUSE.

Each question takes PAUSE seconds longer than it would.
"""

from __future__ import annotations

import sys
import time

import platformdirs

from qa.assistant import Assistant
from qa.evaluation import evaluate
from qa.models.embedder import Embedder
from qa.settings import Settings
from qa.types import Answer
from tests.fakes import BagOfWords


def main() -> None:
    """Run it."""
    cache, questions, corpus, out, pause = sys.argv[1:]
    ask = Assistant.ask

    def slowly(self: Assistant, *args: object, **kwargs: object) -> Answer:
        time.sleep(float(pause))
        return ask(self, *args, **kwargs)  # type: ignore[arg-type]

    setattr(Assistant, "ask", slowly)  # noqa: B010
    setattr(Embedder, "open", lambda settings: BagOfWords())  # noqa: B010
    setattr(platformdirs, "user_cache_dir", lambda *a, **k: cache)  # noqa: B010
    settings = Settings.load({"llm": "none", "abstain_below": 0.2})
    evaluate(questions, settings=settings, corpus=corpus, out=out)


if __name__ == "__main__":
    main()
