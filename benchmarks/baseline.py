"""Is the assistant better than what a competent developer writes in an afternoon?

    python -m benchmarks.baseline QUESTIONS... --articles PATH --out RUN.jsonl [--sample 100]
    python -m benchmarks.baseline QUESTIONS... --index FOLDER --out RUN.jsonl --systems ours baseline
    python -m benchmarks.baseline QUESTIONS... --out RUN.jsonl --report-only

In one run, question by question, each with a language model of its own, loaded from the same file:

    ours       the assistant as it is
    quotes     the same, told to answer with quotes
    baseline   RecursiveCharacterTextSplitter(1000, 200) over title and text, the same embedder,
               Chroma; the four chunks nearest to the question as typed, whole, in a plain prompt;
               of a follow-up the turns before as plain lines. It knows no filters

QUESTIONS have nuggets: our own format, or rows with `article_ids` and `answerable`. Rows of RUN are
on the disk before the next is asked, and those that are there are not asked again, except after an
error. One system's rows alone are also what `score.py` of the readers' questions takes.

Printed, with 95% intervals, for all questions that every system was asked, then by kind: measures
of `qa.evaluation.nuggets`; abstentions; words; AnswerLanguage of what was answered; seconds to the
first word and in all; then the paired differences of ours and the baseline. An error scores worst.
In the baseline's favour: it has no flag, so that phrases in its first thirty words decide whether
it abstained, and what it says then still counts in the recalls, while an abstention of ours is
empty there; and its `Quoted` is over its four chunks, which no reader was shown as quotes.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, cast

import numpy as np
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage

from benchmarks.systems import Tutorial
from benchmarks.tasks import Corpus
from qa.answer import Question
from qa.article import PartialDate
from qa.assistant import Assistant
from qa.errors import ModelError, QAError, QuestionError
from qa.evaluation import stats
from qa.evaluation.answers import answer_language, worst
from qa.evaluation.nuggets import folded, recalls, wrong_only
from qa.evaluation.pipeline import cached_index, code_fingerprint
from qa.evaluation.progress import meter
from qa.evaluation.questions import GoldQuestion, QuestionSet, collect, load
from qa.evaluation.textfile import json_object, read_text
from qa.models import Embedder, LlamaCpp, open_llm
from qa.settings import Settings
from qa.terminal import say

SYSTEMS = ("ours", "quotes", "baseline")
CHUNKS = 4
# Minutes on a busy machine are no failure: the default of 60 s would turn answers into quotes.
TIMEOUT_S = 600
INSTRUCTION = (
    "Answer the question from the context. If the context does not say, say that you do not know."
)
_WARM_UP = "What happened there first?"

_SHARES = ("NuggetRecall", "VitalRecall", "AllVital", "VitalRecallQuoted", "WrongOnly")
_COMPARED = ("VitalRecall", "AllVital")
_MEASURES: tuple[tuple[str, str, stats.Statistic], ...] = (
    *((name, name, stats.mean) for name in _SHARES),
    *((f"abstained, {sort}",) * 2 + (stats.mean,) for sort in ("answerable", "unanswerable")),
    ("words", "words", stats.mean),
    ("AnswerLanguage", "AnswerLanguage", stats.mean),
    *(
        (f"{name}, p{q}", name, stats.percentile(q))
        for name in ("first word s", "in all s")
        for q in (50, 95)
    ),
)

# Looked for in a folded text: lower case, no accents.
_PAPERS = r"(?:contexte?|texte?|article|passage|document|excerpt|extrait|information|source)s?"
_UNKNOWN = re.compile(
    r"\bi (?:do not|don't|cannot|can't|could not) (?:\w+ )?(?:know|say|tell|answer|find|determine)\b"
    rf"|\b{_PAPERS}(?: \w+){{0,3}} (?:(?:do|does|did) not|(?:do|does|did)n't) (?:\w+ )?"
    r"(?:say|mention|state|specify|give|provide|contain|include|tell|indicate|answer|explain)"
    r"|\b(?:is|are|was|were) not (?:\w+ )?(?:mentioned|specified|stated|given|provided|said|known)"
    rf"(?: (?:in|by|from) (?:\w+ ){{0,2}}{_PAPERS}\b|\.|$)"
    r"|\bno (?:\w+ )?(?:information|mention|answer|indication)\b|\bnot enough information\b"
    r"|\bunable to (?:answer|say|find|determine)|\bcannot be (?:answered|found|determined)"
    r"|\b(?:je|on) ne (?:le )?(?:sais|sait) pas\b|\bje ne (?:peux|saurais) (?:pas )?(?:\w+ )?"
    r"(?:repondre|dire|trouver|determiner)|\bje l'ignore\b"
    rf"|\b{_PAPERS}(?: \w+){{0,3}} (?:ne |n')(?:\w+ )?(?:dit|disent|mention\w*|precis\w*|indiqu\w*"
    r"|donn\w*|contien\w*|fourni\w*|permet\w*|repond\w*|parl\w*) (?:pas|rien|aucune?)\b"
    r"|\bn(?:'est|e sont) pas (?:mention\w*|precise\w*|indique\w*|donne\w*|connue?s?|fourni\w*)"
    r"|\baucune (?:\w+ )?(?:information|mention|reponse|indication)\b"
    r"|\bimpossible de (?:repondre|dire|savoir|determiner)|\bpas (?:assez )?d'informations?\b"
)

System = Callable[[GoldQuestion], dict[str, Any]]
"""What became of a question: the fields of a row that depend on it."""
Row = Mapping[str, Any]


def admits(text: str) -> bool:
    """Whether an answer begins by saying that it does not know."""
    return _UNKNOWN.search(" ".join(folded(text).split()[:30])) is not None


def read_questions(path: Path) -> QuestionSet:
    """As `questions.load`; rows of a readers' file become ours."""
    if not path.name.lower().removesuffix(".gz").endswith(".jsonl"):
        return load(path)
    lines = enumerate(read_text(path).split("\n"), 1)
    return collect(path, ((f"line {n}", _ours(json_object(x))) for n, x in lines if x.strip()))


def _ours(row: Mapping[str, object] | QuestionError) -> Mapping[str, object] | QuestionError:
    if isinstance(row, QuestionError):
        return row
    kind = str(row.get("kind") or "")
    if row.get("answerable") is False and "unanswerable" not in kind.lower():
        row = {**row, "kind": f"unanswerable {kind}".strip()}
    return {**row, "doc_ids": row["article_ids"]} if "article_ids" in row else row


def chosen(paths: Sequence[Path], sample: int | None, seed: int) -> list[GoldQuestion]:
    """The questions of all files, or a seeded sample of them in their order."""
    found: dict[str, GoldQuestion] = {}
    for path in paths:
        read = read_questions(path)
        for problem in read.problems:
            say(f"{path}: {problem}")
        for question in read.questions:
            if question.id in found:
                raise QuestionError(f"{path}: the id {question.id!r} is in another file already.")
            found[question.id] = question
    questions = list(found.values())
    if sample is None or sample >= len(questions):
        return questions
    places = sorted(random.Random(seed).sample(range(len(questions)), sample))
    return [questions[place] for place in places]


def ours(assistant: Assistant, answerer: Literal["extractive"] | None = None) -> System:
    """The assistant, asked on the question's own day, or on that of its newest article."""
    newest = next((article.date.last for article in assistant.articles() if article.date), None)

    def ask(question: GoldQuestion) -> dict[str, Any]:
        day = PartialDate.parse(question.date).last if question.date else newest
        answer = assistant.ask(replace(question.asked(), asked_on=day, answerer=answerer))
        first_ms = answer.timings_ms.get("first_token")
        cited = [{"quote": c.quote, "article_id": c.article.id} for c in answer.citations]
        return {
            "answer": answer.text,
            "abstained": answer.abstained,
            "citations": cited,
            "answerer": answer.answerer,
            "reason": answer.reason,
            "first_s": first_ms / 1000 if first_ms else None,
        }

    return ask


def baseline(tutorial: Tutorial, model: BaseChatModel) -> System:
    """The afternoon's work."""

    def ask(question: GoldQuestion) -> dict[str, Any]:
        started, first, text = time.perf_counter(), None, ""
        found = tutorial.search(question)
        chunks = list(zip(found.texts, found.articles, strict=True))[:CHUNKS]
        for part in model.stream([HumanMessage(prompt(question, [text for text, _ in chunks]))]):
            text += str(part.text)
            if first is None and text.strip():
                first = time.perf_counter() - started
        cited = [{"quote": chunk, "article_id": article} for chunk, article in chunks]
        return {"answer": text.strip(), "abstained": None, "citations": cited, "first_s": first}

    return ask


def prompt(question: GoldQuestion, chunks: Sequence[str]) -> str:
    """All that the baseline tells the model."""
    context = "\n\n".join(chunks)
    turns = "".join(
        f"{('User', 'Assistant')[place % 2]}: {turn}\n"
        for place, turn in enumerate(question.history)
    )
    before = f"Conversation so far:\n{turns}\n" if turns else ""
    return f"{INSTRUCTION}\n\nContext:\n{context}\n\n{before}Question: {question.text}"


@contextmanager
def opened(arguments: argparse.Namespace) -> Iterator[dict[str, System]]:
    """The systems, warm."""
    names = arguments.systems
    given = {"llm": arguments.llm, "llm_timeout_s": TIMEOUT_S, "index": arguments.index}
    settings = Settings.load(given | ({} if "ours" in names else {"answerer": "extractive"}))
    embedder = Embedder.open(settings)
    if arguments.articles:
        settings = cached_index(arguments.articles, settings, embedder)
    found: dict[str, System] = {}
    with ExitStack() as stack:
        assistant = stack.enter_context(Assistant.open(settings))
        if "ours" in names and assistant.llm_status().state != "ready":
            raise ModelError(f"no language model is ready ({assistant.llm_status().note}).")
        assistant.ask(Question(_WARM_UP, answerer="extractive"))
        found = {"ours": ours(assistant), "quotes": ours(assistant, "extractive")}
        if "baseline" in names:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            corpus = Corpus((), tuple(assistant.articles()), titles=True)
            with meter() as show:
                Tutorial.build(corpus, folder, embedder.passages, show)
            tutorial = Tutorial(folder, embedder.queries)
            stack.callback(tutorial.close)
            tutorial.search(GoldQuestion("", _WARM_UP))
            model = open_llm(settings)
            if model is None:
                raise ModelError("the baseline needs a language model: set --llm.")
            if isinstance(model, LlamaCpp):
                model.warm([HumanMessage(INSTRUCTION)])
            found["baseline"] = baseline(tutorial, model)
        yield {name: found[name] for name in names}


def rows_of(path: Path) -> dict[tuple[str, str], Row]:
    """(system, id) → its last row; half a line at the end, of a killed run, is cut off."""
    data = path.read_bytes() if path.exists() else b""
    whole = data[: data.rfind(b"\n") + 1]
    if whole != data:
        path.write_bytes(whole)
    rows = [json.loads(line) for line in whole.split(b"\n") if line.strip()]
    return {(row["system"], row["id"]): row for row in rows}


def ask(questions: Sequence[GoldQuestion], arguments: argparse.Namespace) -> None:
    """Ask what is not in the file yet, question by question."""
    done = {key for key, row in rows_of(arguments.out).items() if not row["error"]}
    left = [(q, s) for q in questions for s in arguments.systems if (s, q.id) not in done]
    if not left:
        return
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    code = code_fingerprint()
    with opened(arguments) as systems, arguments.out.open("a", encoding="utf-8") as file:
        with meter() as show:
            for number, (question, name) in enumerate(left, 1):
                started = time.perf_counter()
                row: dict[str, Any] = {"system": name, "id": question.id, "error": None}
                try:
                    row |= systems[name](question)
                except QAError as exc:
                    failed = {"answer": "", "abstained": None, "citations": [], "first_s": None}
                    row |= {**failed, "error": str(exc)}
                row["seconds"] = time.perf_counter() - started
                row["first_s"] = row["first_s"] or row["seconds"]
                row |= {"llm": arguments.llm or Settings.load().llm, "code": code}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
                file.flush()
                show("answers", number, len(left))


def graded(question: GoldQuestion, row: Row) -> dict[str, float]:
    """The measures that apply, by the names of `_MEASURES`."""
    sort = (
        None
        if question.answerable is None
        else f"abstained, {'un' * question.unanswerable}answerable"
    )
    if row["error"]:
        found = {k: v for k, v in worst(question).items() if k in (*_SHARES, "AnswerLanguage")}
        return found | ({} if sort is None else {sort: float(not question.unanswerable)})
    answer, quotes = row["answer"], [citation["quote"] for citation in row["citations"]]
    said = "" if row["abstained"] else answer
    abstained = admits(answer) if row["abstained"] is None else row["abstained"]
    found = {
        "words": len(answer.split()),
        "first word s": row["first_s"],
        "in all s": row["seconds"],
    }
    if question.nuggets and not question.unanswerable:
        found |= recalls(question.nuggets, said, quotes)
    if question.judged:
        words, right = answer if question.unanswerable else said, found.get("AllVital") == 1
        found["WrongOnly"] = wrong_only(question.wrong, words, right=right)
    if sort is not None:
        found[sort] = float(abstained)
    if answer and not abstained:
        cited = [SimpleNamespace(quote=quote) for quote in quotes]
        told = SimpleNamespace(text=answer, citations=cited, question=question)
        found["AnswerLanguage"] = answer_language(cast(Any, told), question.lang)
    return found


Grades = Mapping[str, Sequence[Mapping[str, float]]]
"""System → the measures of each question, in the same order."""


def report(questions: Sequence[GoldQuestion], arguments: argparse.Namespace) -> str:
    """The tables, in Markdown."""
    rows = rows_of(arguments.out)
    counts = {s: sum((s, q.id) in rows for q in questions) for s in arguments.systems}
    systems = [name for name, count in counts.items() if count]
    shared = [q for q in questions if systems and all((s, q.id) in rows for s in systems)]
    if not shared:
        raise QuestionError(f"{arguments.out} holds no question that every system was asked.")
    used = {name: [rows[name, question.id] for question in shared] for name in systems}
    grades = {s: [graded(q, row) for q, row in zip(shared, used[s], strict=True)] for s in systems}
    every = [row for some in used.values() for row in some]
    groups: dict[str, list[int]] = {"all": list(range(len(shared)))}
    for place, question in enumerate(shared):
        groups.setdefault(question.kind or "no kind", []).append(place)
    parts = {
        name: {s: [grades[s][place] for place in places] for s in systems}
        for name, places in groups.items()
    }
    lines = [
        f"{len(shared)} of {len(questions)} questions; rows: "
        + ", ".join(f"{name} {count}" for name, count in counts.items())
        + f"; errors: {sum(bool(row['error']) for row in every)}; models "
        + ", ".join(sorted({row["llm"] for row in every}))
        + "; code "
        + ", ".join(sorted({row["code"] for row in every})),
    ]
    for name, part in parts.items():
        lines += ["", f"## {name}: {len(groups[name])} questions", "", *_table(part)]
    if {"ours", "baseline"} <= set(systems):
        lines += ["", "## ours − baseline, paired", "", *_differences(parts)]
    return "\n".join(lines) + "\n"


def _table(grades: Grades) -> Iterator[str]:
    """A row for each measure, a column for each system; n is how many questions it applies to."""
    yield "| | n | " + " | ".join(grades) + " |"
    yield "|---" * (2 + len(grades)) + "|"
    for label, name, statistic in _MEASURES:
        columns = [
            _column([grade for grade in some if name in grade], name) for some in grades.values()
        ]
        ns = "/".join(dict.fromkeys(str(len(column)) for column in columns))
        cells = [_cell(stats.bootstrap(c, statistic), name) if len(c) else "–" for c in columns]
        if any(map(len, columns)):
            yield f"| {label} | {ns} | " + " | ".join(cells) + " |"


def _differences(parts: Mapping[str, Grades]) -> Iterator[str]:
    yield "| questions | n | " + " | ".join(_COMPARED) + " |"
    yield "|---" * (2 + len(_COMPARED)) + "|"
    for title, grades in parts.items():
        pairs = [
            pair
            for pair in zip(grades["baseline"], grades["ours"], strict=True)
            if all(name in grade for grade in pair for name in _COMPARED)
        ]
        if not pairs:
            continue
        cells = []
        for name in _COMPARED:
            theirs, mine = (_column(some, name) for some in zip(*pairs, strict=True))
            cells.append(_cell(stats.paired_bootstrap(theirs, mine, stats.mean), name, sign="+"))
        yield f"| {title} | {len(pairs)} | " + " | ".join(cells) + " |"


def _column(grades: Sequence[Mapping[str, float]], name: str) -> stats.Floats:
    return np.array([[grade[name]] for grade in grades], np.float64).reshape(-1, 1)


def _cell(interval: stats.Interval, name: str, sign: str = "") -> str:
    digits = {"words": 1, "first word s": 2, "in all s": 2}.get(name, 3)
    value, low, high = (
        f"{number:{sign}.{digits}f}" for number in (interval.value, interval.low, interval.high)
    )
    return f"{value} [{low}, {high}]"


def main() -> None:
    """Ask, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("questions", nargs="+", type=Path)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--articles", type=Path, help="indexed in the cache at the first use")
    where.add_argument("--index", type=Path, help="an index that is there")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    parser.add_argument("--sample", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--llm")
    parser.add_argument("--report-only", action="store_true")
    arguments = parser.parse_args()
    questions = chosen(arguments.questions, arguments.sample, arguments.seed)
    if not arguments.report_only:
        if not (arguments.articles or arguments.index):
            parser.error("name the --articles or the --index")
        ask(questions, arguments)
    print(report(questions, arguments), end="")


if __name__ == "__main__":
    main()
