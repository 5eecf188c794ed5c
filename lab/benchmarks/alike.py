"""Whether one archive answers alike wherever it lies: embedded, on servers, and made by Ray.

    python -m lab.benchmarks.alike

Indexes corpus/ three times: as `qa index` does it; into a PostgreSQL and a Chroma server of the
script's own, answered from a second machine's copy; and with `--engine ray`. Asks each the shipped
questions, without a language model, and prints how many answers are not the same to the letter,
with their citations and confidence. Needs Linux and PostgreSQL.
"""

from __future__ import annotations

import statistics
import tempfile
from contextlib import closing
from pathlib import Path

from lab import ROOT
from lab.benchmarks.load import questions
from qa.assistant import Assistant
from qa.conversations.answer_json import to_document
from qa.index.build import index_paths
from qa.index.ray_engine import RayEngine
from qa.models import Embedder
from qa.settings import Settings
from tests.index.test_chroma import chroma_server
from tests.postgres import postgres_server


def main() -> None:
    """Print a line for each way."""
    corpus = [ROOT / "corpus"]
    with (
        tempfile.TemporaryDirectory() as name,
        postgres_server() as postgres,
        chroma_server(Path(name, "chroma")) as chroma,
    ):
        embedded, rayed = (
            Settings.load({"index": Path(name, way), "llm": "none"}) for way in ("embedded", "ray")
        )
        shared = {"chroma_url": chroma, "database_url": postgres.url, "llm": "none"}
        writer, reader = (
            Settings.load({**shared, "index": Path(name, machine)}) for machine in ("one", "two")
        )
        embedder = Embedder.open(embedded)
        index_paths(corpus, embedded, embedder)
        index_paths(corpus, writer, embedder)
        with closing(RayEngine(rayed, embedder)) as engine:
            index_paths(corpus, rayed, embedder, engine=engine)
        expected, spent = answers(embedded)
        print(f"embedded: {spent:.0f} ms a question")
        for way, settings in (("servers", reader), ("ray", rayed)):
            found, spent = answers(settings)
            differ = sum(a != b for a, b in zip(expected, found, strict=True))
            print(f"{way}: {spent:.0f} ms; {differ} of {len(found)} answers are other ones")


def answers(settings: Settings) -> tuple[list[str], float]:
    """Each answer as it is kept, without the time it took, and the median of that, ms."""
    with Assistant.open(settings) as assistant:
        told, spent = [], []
        for asked in questions():
            history = tuple(str(said) for said in asked["history"])  # type: ignore[attr-defined]
            answer = assistant.ask(str(asked["question"]), history)
            spent.append(answer.timings_ms["total"])
            document = to_document(answer)
            told.append(repr({name: document[name] for name in document if name != "timings_ms"}))
        return told, statistics.median(spent)


if __name__ == "__main__":
    main()
