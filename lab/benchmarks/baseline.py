"""Is the assistant better than what a competent developer writes in an afternoon?

    python -m lab.benchmarks.baseline QUESTIONS... --articles PATH --out RUN.jsonl [--sample 100]
    python -m lab.benchmarks.baseline QUESTIONS... --index FOLDER --out RUN.jsonl [--systems ours …]
    python -m lab.benchmarks.baseline QUESTIONS... --out RUN.jsonl --report-only

In one run, question by question, each of those that write with a loaded language model of its own:

    ours       the assistant as it is
    quotes     the same, told to answer with quotes
    baseline   RecursiveCharacterTextSplitter(1000, 200) over title and text, the same embedder,
               Chroma; the four chunks nearest to the question as typed, whole, in a plain prompt,
               with the earlier turns of a follow-up as plain lines. It knows no filters

QUESTIONS are .jsonl files in our own format, or with `article_ids` and `answerable` as the readers'
have. Each row of RUN is on the disk before the next is asked; those that are there are not asked
again, except after an error.

Printed, with 95% intervals, for all questions that every system was asked and by kind: measures of
`qa.evaluation.nuggets`, with the paired differences of ours and the baseline; abstentions; words;
of what was answered, AnswerLanguage and whether it is in the model's words, not only in quotes;
seconds to the first word and in all. An error scores worst.
In the baseline's favour: it has no flag, so phrases in its first thirty words decide whether it
abstained, and what it says then still counts in the recalls, while an abstention of ours is empty
there; and its `Quoted` is over its four chunks, which nobody is shown as quotes.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage

from qa.assistant import Assistant
from qa.cli.terminal import say
from qa.documents.article import Article, PartialDate
from qa.errors import ModelError, QAError, QuestionError
from qa.evaluation import stats
from qa.evaluation.answers import answer_language, worst
from qa.evaluation.nuggets import folded, recalls, wrong_only
from qa.evaluation.progress import meter
from qa.evaluation.questions import GoldQuestion, collect
from qa.evaluation.system import cached_index, code_fingerprint
from qa.evaluation.textfile import json_object, read_text
from qa.models import Embedder, LocalModel, open_llm
from qa.settings import Settings
from qa.types import Question

SYSTEMS = ("ours", "quotes", "baseline")
CHUNKS = 4
_BATCH = 256
# Minutes on a busy machine are no failure: the default of 60 s would turn answers into quotes.
TIMEOUT_S = 600
INSTRUCTION = (
    "Answer the question from the context. If the context does not say, say that you do not know."
)
_WARM_UP = "What happened there first?"

_COMPARED = ("VitalRecall", "AllVital")
_ABSTAINED = {True: "abstained, answerable", False: "abstained, unanswerable", None: ""}
_SHARES = (
    *("NuggetRecall", *_COMPARED, "VitalRecallQuoted", "WrongOnly", _ABSTAINED[True]),
    *(_ABSTAINED[False], "AnswerLanguage", "ModelsWords"),
)
_MEASURES: list[tuple[str, str, stats.Statistic]] = [
    *((name, name, stats.mean) for name in (*_SHARES, "words")),
    *((f"first word, s, p{q}", "first_s", stats.percentile(q)) for q in (50, 95)),
    *((f"in all, s, p{q}", "seconds", stats.percentile(q)) for q in (50, 95)),
]

# Looked for in a folded text: lower case, no accents.
_TEXTS = r"\b(?:contexte?|texte?|article|passage|document|information|source)s?(?: \w+){0,3}"
_UNKNOWN = re.compile(
    r"\bi (?:do not|don't|cannot|can't|could not) (?:\w+ )?(?:know|say|tell|answer|find)\b"
    rf"|{_TEXTS} (?:do|does|did)(?: not|n't) (?:\w+ )?"
    r"(?:say|mention|state|specif|give|provide|contain|include|tell|indicate|answer|explain)"
    r"|\bnot (?:\w+ )?(?:mentioned|specified|stated|given in|provided in|found in)\b"
    r"|\bno (?:\w+ )?(?:information|mention|answer|indication)\b|\bnot enough information\b"
    r"|\b(?:unable|not possible) to (?:answer|say|find|determine)"
    r"|\bcannot be (?:answered|found|determined)"
    r"|\b(?:je|on) ne (?:le )?(?:sais|sait|peux|peut) pas\b|\bje l'ignore\b"
    rf"|{_TEXTS} (?:ne |n')(?:\w+ )?"
    r"(?:di[st]|mention|precis|indiqu|donn|contien|fourni|permet|repond|parl)\w* (?:pas|rien|auc)"
    r"|\bn(?:'est|e sont) pas (?:\w+ )?(?:mention|precis|indiqu|donn|fourni)\w+"
    r"|\baucune (?:\w+ )?(?:information|mention|reponse|indication)\b"
    r"|\bimpossible de (?:repondre|dire|savoir)|\bpas (?:assez )?d'informations?\b"
)

System = Callable[[GoldQuestion], dict[str, Any]]
"""What became of a question: the fields of a row that depend on it."""
Row = Mapping[str, Any]


def admits(text: str) -> bool:
    """Whether an answer begins by saying that it does not know."""
    return _UNKNOWN.search(" ".join(folded(text).split()[:30])) is not None


def chosen(paths: Sequence[Path], sample: int | None, seed: int) -> list[GoldQuestion]:
    """The questions of all files, or a seeded sample of them in their order."""
    rows = (
        (f"{path}, line {number}", _converted(json_object(line)))
        for path in paths
        for number, line in enumerate(read_text(path).split("\n"), 1)
        if line.strip()
    )
    found = collect(paths[0], rows)
    for problem in found.problems:
        say(f"not asked: {problem}")
    questions = list(found.questions)
    if sample is None or sample >= len(questions):
        return questions
    places = random.Random(seed).sample(range(len(questions)), sample)
    return [questions[place] for place in sorted(places)]


def _converted(row: Mapping[str, object] | QuestionError) -> Mapping[str, object] | QuestionError:
    """A row of a readers' file in our format; any other as it is."""
    if isinstance(row, QuestionError):
        return row
    kind = str(row.get("kind") or "")
    if row.get("answerable") is False and "unanswerable" not in kind.lower():
        row = {**row, "kind": f"unanswerable {kind}".strip()}
    return {**row, "doc_ids": row["article_ids"]} if "article_ids" in row else row


def ours(assistant: Assistant, answerer: Literal["extractive"] | None = None) -> System:
    """The assistant, asked on the question's own day, or on that of its newest article."""
    newest = next((article.date.last for article in assistant.articles() if article.date), None)

    def ask(question: GoldQuestion) -> dict[str, Any]:
        day = PartialDate.parse(question.date).last if question.date else newest
        asked = replace(question.asked(), asked_on=day, answerer=answerer)
        draft = ""
        for answer in assistant.stream(asked):
            draft = answer.text if answer.stage == "writing" else draft
        return {
            "answer": answer.text,
            "draft": draft,
            "abstained": answer.abstained,
            "citations": [{"quote": c.quote, "article_id": c.article.id} for c in answer.citations],
            "answerer": answer.answerer,
            "reason": answer.reason,
            "first_s": answer.timings_ms.get("first_token", 0.0) / 1000,
        }

    return ask


class Tutorial:
    """What most tutorials build: text in pieces, an embedder, Chroma."""

    def __init__(self, articles: Iterable[Article], embedder: Embedder, folder: Path) -> None:
        import chromadb
        from chromadb.config import Settings as ChromaSettings
        from langchain_text_splitters import RecursiveCharacterTextSplitter

        splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
        chunks = [
            (text, article.id)
            for article in articles
            for text in splitter.split_text(f"{article.title}\n\n{article.text}")
        ]
        options = ChromaSettings(anonymized_telemetry=False)
        self._client: Any = chromadb.PersistentClient(str(folder), options)
        self._chunks = self._client.create_collection("tutorial", embedding_function=None)
        self._embedder = embedder
        with meter() as show:
            for start in range(0, len(chunks), _BATCH):
                some = chunks[start : start + _BATCH]
                self._chunks.add(
                    ids=[str(start + place) for place in range(len(some))],
                    embeddings=embedder.passages([text for text, _ in some]),
                    documents=[text for text, _ in some],
                    metadatas=[{"article": id} for _, id in some],
                )
                show("tutorial", start + len(some), len(chunks))

    def search(self, question: str) -> list[tuple[str, str]]:
        """The nearest chunks, each with its article's id."""
        found = self._chunks.query(
            query_embeddings=self._embedder.queries([question]),
            n_results=min(CHUNKS, self._chunks.count()),
            include=["documents", "metadatas"],
        )
        assert found["documents"] is not None
        assert found["metadatas"] is not None
        ids = [str(row["article"]) for row in found["metadatas"][0]]
        return list(zip(found["documents"][0], ids, strict=True))

    def close(self) -> None:
        """Release the index."""
        self._client.close()


def baseline(tutorial: Tutorial, model: BaseChatModel) -> System:
    """The afternoon's work."""

    def ask(question: GoldQuestion) -> dict[str, Any]:
        started, first, said = time.perf_counter(), 0.0, ""
        chunks = tutorial.search(question.text)
        asked = prompt(question, [text for text, _ in chunks])
        for part in model.stream([HumanMessage(asked)]):
            said += str(part.text)
            if not first and said.strip():
                first = time.perf_counter() - started
        return {
            "answer": said.strip(),
            "abstained": None,
            "citations": [{"quote": chunk, "article_id": article} for chunk, article in chunks],
            "first_s": first,
        }

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
    given = {
        "index": arguments.index,
        "llm": arguments.llm,
        "llm_timeout_s": TIMEOUT_S,
        "answerer": "auto" if "ours" in names else "extractive",
    }
    settings = Settings.load(given)
    embedder = Embedder.open(settings)
    if arguments.articles:
        settings = cached_index(arguments.articles, settings, embedder)
    with ExitStack() as stack:
        assistant = stack.enter_context(Assistant.open(settings))
        status = assistant.llm_status()
        if "ours" in names and status.state != "ready":
            raise ModelError(f"no language model is ready ({status.note or 'set --llm'}).")
        assistant.ask(Question(_WARM_UP, answerer="extractive"))
        systems = {"ours": ours(assistant), "quotes": ours(assistant, "extractive")}
        if "baseline" in names:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            tutorial = Tutorial(assistant.articles(), embedder, folder)
            stack.callback(tutorial.close)
            tutorial.search(_WARM_UP)
            model = open_llm(settings)
            if model is None:
                raise ModelError("the baseline needs a language model: set --llm.")
            if isinstance(model, LocalModel):
                for _ in model.read([HumanMessage(INSTRUCTION)]):
                    pass
            systems["baseline"] = baseline(tutorial, model)
        yield systems


def rows_of(path: Path) -> dict[tuple[str, str], Row]:
    """(system, id) → its last row. Half a line at the end, of a killed run, is left out."""
    lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []
    return {(row["system"], row["id"]): row for row in map(json.loads, filter(None, lines))}


def ask(questions: Sequence[GoldQuestion], arguments: argparse.Namespace) -> None:
    """Ask what is not in the file yet, question by question."""
    done = {key for key, row in rows_of(arguments.out).items() if row["error"] is None}
    left = [(s, q) for q in questions for s in arguments.systems if (s, q.id) not in done]
    if not left:
        return
    made = {"llm": arguments.llm or Settings.load().llm, "code": code_fingerprint()}
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    with opened(arguments) as systems, meter() as show, arguments.out.open("a+b") as file:
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
        for number, (name, question) in enumerate(left, 1):
            started = time.perf_counter()
            try:
                answer = systems[name](question) | {"error": None}
            except QAError as exc:
                answer = {"answer": "", "abstained": None, "citations": [], "error": str(exc)}
            spent = time.perf_counter() - started
            row = {"system": name, "id": question.id, **answer, "seconds": spent, **made}
            row["first_s"] = row.get("first_s") or spent
            file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
            file.flush()
            show("answers", number, len(left))


def graded(question: GoldQuestion, row: Row) -> dict[str, float]:
    """The measures that apply."""
    sort = _ABSTAINED[question.answerable]
    if row["error"] is not None:
        failed = worst(question) | {sort: float(not question.unanswerable)}
        return {name: value for name, value in failed.items() if name in _SHARES}
    answer, quotes = row["answer"], [citation["quote"] for citation in row["citations"]]
    said = "" if row["abstained"] else answer
    abstained = admits(answer) if row["abstained"] is None else row["abstained"]
    found = {name: row[name] for name in ("first_s", "seconds")}
    found |= {sort: float(abstained), "words": len(answer.split())}
    if question.nuggets and not question.unanswerable:
        found |= recalls(question.nuggets, said, quotes)
    if question.judged:
        words, right = answer if question.unanswerable else said, found.get("AllVital") == 1
        found["WrongOnly"] = wrong_only(question.wrong, words, right=right)
    if answer and not abstained:
        cited = [SimpleNamespace(quote=quote) for quote in quotes]
        told: Any = SimpleNamespace(text=answer, citations=cited, question=question)
        found["AnswerLanguage"] = answer_language(told, question.lang)
        found["ModelsWords"] = float(row.get("answerer", "generative") == "generative")
    return found


def report(questions: Sequence[GoldQuestion], arguments: argparse.Namespace) -> str:
    """The tables, in Markdown."""
    rows = rows_of(arguments.out)
    counts = {s: sum((s, q.id) in rows for q in questions) for s in arguments.systems}
    systems = [name for name, count in counts.items() if count]
    shared = [q for q in questions if systems and all((s, q.id) in rows for s in systems)]
    if not shared:
        raise QuestionError(f"{arguments.out} holds no question that every system was asked.")
    used = [rows[name, question.id] for name in systems for question in shared]
    facts = {
        "rows": ", ".join(f"{name} {count}" for name, count in counts.items()),
        "errors": str(sum(row["error"] is not None for row in used)),
        "models": ", ".join(sorted({row["llm"] for row in used})),
        "code": ", ".join(sorted({row["code"] for row in used})),
    }
    told = "; ".join(f"{name}: {value}" for name, value in facts.items())
    lines = [f"{len(shared)} of {len(questions)} questions, asked of all. {told}"]
    kinds = sorted({question.kind or "no kind" for question in shared})
    for kind in ("", *(kinds if len(kinds) > 1 else ())):
        some = [q for q in shared if kind in ("", q.kind or "no kind")]
        grades = {name: [graded(q, rows[name, q.id]) for q in some] for name in systems}
        lines += ["", f"## {kind or 'All'}: {len(some)} questions", "", *_table(grades)]
    return "\n".join(lines) + "\n"


def _table(grades: Mapping[str, Sequence[Mapping[str, float]]]) -> Iterator[str]:
    """A row for each measure; n is of how many questions, for each system where they differ."""
    both = {"ours", "baseline"} <= grades.keys()
    header = ["", "n", *grades, *["ours − baseline"] * both]
    yield "| " + " | ".join(header) + " |"
    yield "|---" * len(header) + "|"
    for label, name, statistic in _MEASURES:
        columns = {
            system: np.array([[grade[name]] for grade in some if name in grade], np.float64)
            for system, some in grades.items()
        }
        if not any(map(len, columns.values())):
            continue
        digits = 3 if name in _SHARES else 2
        cells = [
            _cell(stats.bootstrap(column, statistic), f".{digits}f") if len(column) else "–"
            for column in columns.values()
        ]
        if both and name in _COMPARED:
            gap = stats.paired_bootstrap(columns["baseline"], columns["ours"], stats.mean)
            cells.append(_cell(gap, "+.3f"))
        n = "/".join(dict.fromkeys(str(len(column)) for column in columns.values()))
        row = [label, n, *cells]
        yield "| " + " | ".join(row + [""] * (len(header) - len(row))) + " |"


def _cell(found: stats.Interval, form: str) -> str:
    return f"{found.value:{form}} [{found.low:{form}}, {found.high:{form}}]"


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
