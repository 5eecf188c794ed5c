"""What is lost without each rule and constant of answering.

    python -m lab.benchmarks.ablation RUN.jsonl QUESTIONS... --articles PATH [--quotes]
        [--only NAME …]

RUN is what `lab.benchmarks.baseline --systems ours` wrote for the same questions and articles. Its
drafts, what the language model wrote before anything was checked, are given to the pipeline again,
so no model is asked and a switch changes nothing but itself; with --quotes nothing but quotes is
asked for. For each switch are printed VitalRecall, AllVital, WrongOnly, abstentions of answerable
and unanswerable questions, words, and the vital facts in the passages that a model reads; and the
paired difference to the pipeline as it ships in VitalRecall, with its 95% interval. A draft is the
same whatever the switch, so one that changes what is read shows in the passages alone.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import Field

from lab.benchmarks import baseline
from qa import pipeline
from qa.answering import confidence, finding, followups, grounding, passages, quotes
from qa.assistant import open_reranker
from qa.evaluation import stats
from qa.evaluation.nuggets import recalls
from qa.evaluation.questions import GoldQuestion
from qa.evaluation.system import cached_index
from qa.index.live import LiveIndex
from qa.models import Embedder
from qa.search.retriever import HybridRetriever, Retrieved
from qa.settings import Settings
from qa.types import Answer

_NEVER = re.compile(r"(?!)")
# name → (module, attribute, value) of what is switched.
SWITCHES: Mapping[str, Sequence[tuple[Any, str, Any]]] = {
    "as it ships": (),
    "every question open": ((pipeline, "kind_of", lambda *_: "open"),),
    "every question a fact": ((pipeline, "kind_of", lambda *_: "fact"),),
    "all judged as facts": ((pipeline, "confidence", lambda *a, **_: confidence.confidence(*a)),),
    "framing words searched": ((followups, "_FRAME", _NEVER),),
    "several questions as one": ((followups, "_QUESTION", _NEVER),),
    "prefaces searched": ((followups, "_without_preface", lambda text, _: text),),
    "compared in one row": ((pipeline, "_not_quoted", lambda *_: []),),
    "joined questions as one": ((followups, "_joined", lambda text: [text]),),
    "old names carried": ((finding, "newly_named", lambda *_: []),),
    "quotes of any article": ((pipeline, "naming", lambda hits, _: hits),),
    "nothing carried": ((followups, "needs_history", lambda *_: False),),
    "a wider gap between quotes": ((quotes, "_SCORE_GAP", 0.2),),
    "any chunk read": ((passages, "_LEAST_SHARE", 0.0),),
    "chunks near the best read": ((passages, "_LEAST_SHARE", 0.8),),
    "no antecedents": ((quotes, "opens_with_pronoun", lambda _: False),),
    "nothing quoted below": ((pipeline, "_BELOW", 0), (pipeline, "_BELOW_A_FACT", 0)),
    "eight quoted below": ((pipeline, "_BELOW", 8),),
    "left out: half": ((quotes, "_LEFT_OUT", 0.5),),
    "model and reader need not agree": ((pipeline, "_SURE", 0.0),),
    "all that is written stands": ((grounding._Claim, "stands", lambda *_: True),),
    "names unchecked": ((grounding, "mentioned", lambda *_, **__: True),),
    "numbers unchecked": ((grounding, "claimed", lambda *_: frozenset()),),
    "half of the words": ((grounding, "_CARRIED", 0.5),),
    "nine tenths of the words": ((grounding, "_CARRIED", 0.9),),
    "any cosine": ((grounding, "_SAME_MEANING", 0.0), (grounding, "_SAME_MEANING_UNNAMED", 0.0)),
    "one source a sentence": ((grounding, "_MOST_SOURCES", 1),),
    "copied sentences stand": ((grounding, "_TELLING", 10**6),),
    "repeated sentences stand": ((grounding, "_SAME", 2.0),),
}


class Drafted(BaseChatModel):
    """A chat model that says the draft it holds."""

    draft: str = ""

    @property
    def _llm_type(self) -> str:
        return "drafted"

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError("only streams")

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        yield ChatGenerationChunk(message=AIMessageChunk(content=self.draft))


class Remembering(HybridRetriever):
    """Finds each text once: retrieval is the dear part, and most switches leave it alone."""

    found: dict[str, Retrieved] = Field(default_factory=dict)

    def find(self, question: str, **options: Any) -> Retrieved:
        """As the parent's."""
        key = f"{question} {sorted(options.items(), key=str)}"
        if key not in self.found:
            self.found[key] = super().find(question, **options)
        return self.found[key]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("questions", nargs="+", type=Path)
    parser.add_argument("--articles", type=Path, required=True)
    parser.add_argument("--quotes", action="store_true")
    parser.add_argument("--only", nargs="*", choices=SWITCHES)
    arguments = parser.parse_args()
    rows = baseline.rows_of(arguments.run)
    questions = baseline.chosen(arguments.questions, None, 1)
    questions = [q for q in questions if ("ours", q.id) in rows]
    settings = Settings.load({"llm": "none"})
    embedder = Embedder.open(settings)
    settings = cached_index(arguments.articles, settings, embedder)
    model = Drafted()
    index = LiveIndex(settings.index, embedder, settings)
    retriever = Remembering(
        index=index,
        embedder=embedder,
        candidates=settings.candidates,
        k=settings.k,
        reading=open_reranker(settings),
    )
    given = None if arguments.quotes else model
    built = pipeline.build(retriever, lambda: given, settings)
    shipped: list[float] = []
    print(f"{len(questions)} questions\n")
    print("without|VitalRecall|difference|AllVital|WrongOnly|abstained A, U|words|read")
    print("|".join(["---"] * 8))
    for name in dict.fromkeys(["as it ships", *(arguments.only or SWITCHES)]):
        grades = []
        with ExitStack() as stack:
            for place, attribute, value in SWITCHES[name]:
                stack.enter_context(patch.object(place, attribute, value))
            for question in questions:
                model.draft = rows["ours", question.id]["draft"]
                answer = built.invoke(question.asked())
                row = {
                    **rows["ours", question.id],
                    "answer": answer.text,
                    "abstained": answer.abstained,
                    "citations": [{"quote": c.quote} for c in answer.citations],
                }
                grade = baseline.graded(question, row)
                if "VitalRecall" in grade:
                    grade["read"] = _read(question, answer, settings)
                grades.append(grade)
        print(_line(name, grades, shipped), flush=True)
    index.close()


def _read(question: GoldQuestion, answer: Answer, settings: Settings) -> float:
    """Share of the vital facts that the passages hold."""
    read = passages.select(answer.hits, budget=settings.passage_chars)
    return recalls(question.nuggets, " ".join(p.text for p in read), ())["VitalRecall"]


def _line(name: str, grades: Sequence[Mapping[str, float]], shipped: list[float]) -> str:
    def mean(measure: str) -> float:
        return float(np.mean([grade[measure] for grade in grades if measure in grade] or [np.nan]))

    vital = [grade["VitalRecall"] for grade in grades if "VitalRecall" in grade]
    difference = "–"
    if not shipped:
        shipped += vital
    else:
        apart = np.subtract(vital, shipped)[:, None]
        found = stats.bootstrap(apart, stats.mean)
        difference = f"{found.value:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"
    abstained = f"{mean('abstained, answerable'):.3f}, {mean('abstained, unanswerable'):.2f}"
    return (
        f"{name}|{np.mean(vital):.3f}|{difference}|{mean('AllVital'):.3f}|"
        f"{mean('WrongOnly'):.3f}|{abstained}|{mean('words'):.0f}|{mean('read'):.3f}"
    )


if __name__ == "__main__":
    main()
