"""Questions: a question set as it is measured, and the reader of our own format.

Our format has the fields of `GoldQuestion`, one JSON object a line: docs/evaluation.md. Other
formats are read by `squad`, `tables` and `beir`, which all end in `question_from`. A bad row does
not stop the others: it is a `Problem` with its place and reason. Knows nothing about measures.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qa.documents.article import PartialDate
from qa.documents.filters import Filters
from qa.errors import QuestionError
from qa.evaluation.nuggets import Nugget, folded
from qa.evaluation.textfile import json_object, read_text
from qa.types import Question

_FILTERS = frozenset({"since", "until", "sources", "language", "articles"})
# Other people's names for the same fields.
_ALIASES = {"answer": "answers", "doc_id": "doc_ids", "language": "lang", "fact": "facts"}


@dataclass(frozen=True, slots=True)
class GoldQuestion:
    """A question and what is known about its answer.

    Attributes:
        id: unique in its set.
        text: as a person would type it.
        answers: each of them right; for the kind `multi`, all of them needed.
        doc_ids: the articles that hold the answer.
        grades: how relevant each of them is, 1 where nothing else is said.
        facts: sentences of these articles that the answer rests on, word for word.
        lang: of the question, None when it is not said.
        kind: what sort of question it is, None when it is not said.
        history: earlier turns, alternating user and assistant, oldest first.
        filters: which articles it is asked of.
        date: the day, month or year of the question, from which "yesterday" counts; None when it
            is not said.
        nuggets: the pieces of a full answer, one at least of them vital; none when not said.
        wrong: strings that wrong answers have.
        judged: whether answers are looked through for wrong strings: the row has the field
            `nuggets` or `wrong`, be it empty.
    """

    id: str
    text: str
    answers: tuple[str, ...] = ()
    doc_ids: tuple[str, ...] = ()
    grades: tuple[int, ...] = ()
    facts: tuple[str, ...] = ()
    lang: str | None = None
    kind: str | None = None
    history: tuple[str, ...] = ()
    filters: Filters = field(default_factory=Filters)
    date: str | None = None
    nuggets: tuple[Nugget, ...] = ()
    wrong: tuple[str, ...] = ()
    judged: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "judged", self.judged or bool(self.nuggets or self.wrong))

    @property
    def unanswerable(self) -> bool:
        """Whether the right answer is to abstain."""
        return "unanswerable" in re.split(r"[^a-z]+", (self.kind or "").lower())

    @property
    def answerable(self) -> bool | None:
        """Whether the articles hold an answer; None when the set does not say."""
        if self.unanswerable:
            return False
        return True if self.answers or self.doc_ids or self.facts or self.nuggets else None

    @property
    def needs_all(self) -> bool:
        """Whether every one of `answers` is needed, instead of any."""
        return self.kind == "multi"

    @property
    def gold(self) -> dict[str, int]:
        """Article id → grade, of the relevant articles."""
        grades = self.grades or (1,) * len(self.doc_ids)
        return {id: grade for id, grade in zip(self.doc_ids, grades, strict=True) if grade > 0}

    def asked(self) -> Question:
        """As the assistant is asked it. Its language is for the assistant to tell."""
        return Question(self.text, self.history, self.filters)

    def to_json(self) -> dict[str, Any]:
        """Every field that says something, in our own format."""
        values: dict[str, Any] = {"id": self.id, "question": self.text}
        for name in ("answers", "doc_ids", "grades", "facts", "history"):
            if getattr(self, name) or name == "answers":
                values[name] = list(getattr(self, name))
        for name in ("lang", "kind", "date"):
            if getattr(self, name):
                values[name] = getattr(self, name)
        if self.filters:
            values["filters"] = {k: v for k, v in self.filters.to_json().items() if v}
        if self.nuggets:
            values["nuggets"] = [{"any": list(n.any), "vital": n.vital} for n in self.nuggets]
        if self.judged:
            values["wrong"] = list(self.wrong)
        return values


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that could not be read: where it is and why."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


@dataclass(frozen=True)
class QuestionSet:
    """What a file of questions holds.

    Attributes:
        name: of the file or folder.
        questions: in the order of the file.
        problems: the rows that could not be read.
        documents: the articles that came with the questions (SQuAD, BEIR), as `qa index` reads
            them from a .jsonl file; None when the set has none of its own.
    """

    name: str
    questions: tuple[GoldQuestion, ...]
    problems: tuple[Problem, ...] = ()
    documents: tuple[Mapping[str, Any], ...] | None = None


Rows = Iterable[tuple[str, Mapping[str, object] | QuestionError]]
"""Where a row stands, and the row, or what is wrong with it."""


def fingerprint(questions: Iterable[GoldQuestion]) -> str:
    """A hash of questions and all that is known about them, 16 hexadecimal digits."""
    rows = (json.dumps(q.to_json(), ensure_ascii=False, sort_keys=True) for q in questions)
    return hashlib.sha256("".join(f"{row}\n" for row in rows).encode()).hexdigest()[:16]


def load(path: Path | str, *, strict: bool = False) -> QuestionSet:
    """Read a question set: .jsonl, SQuAD .json, .csv, .tsv, each also .gz, or a BEIR folder.

    Args:
        path: the file or folder.
        strict: whether the first bad row is an error.

    Raises:
        QuestionError: it cannot be read, holds no question, or, if strict, has a bad row.
    """
    path = Path(path)
    found = _reader(path)(path)
    if found.problems and (strict or not found.questions):
        rest = len(found.problems) - 1
        more = f" ({rest} more rows are bad)" if rest else ""
        raise QuestionError(f"{path}: {found.problems[0]}{more}")
    if not found.questions:
        raise QuestionError(f"{path} holds no question.")
    return found


def _reader(path: Path) -> Callable[[Path], QuestionSet]:
    """Which module reads it, told from its name."""
    from qa.evaluation import beir, squad, tables

    if path.is_dir():
        return beir.read
    if not path.exists():
        raise QuestionError(f"there is no question file at {path}.")
    name = path.name.lower().removesuffix(".gz")
    readers = {
        ".jsonl": _read_jsonl,
        ".ndjson": _read_jsonl,
        ".json": squad.read,
        ".csv": tables.read,
        ".tsv": tables.read,
    }
    ending = Path(name).suffix
    if ending not in readers:
        raise QuestionError(
            f"no reader for the question file {path}; it should be a BEIR folder or end in "
            f"{', '.join(readers)}, with or without .gz."
        )
    return readers[ending]


def _read_jsonl(path: Path) -> QuestionSet:
    lines = enumerate(read_text(path).split("\n"), 1)
    return collect(path, ((f"line {n}", json_object(line)) for n, line in lines if line.strip()))


def collect(
    path: Path, rows: Rows, documents: Iterable[Mapping[str, Any]] | None = None
) -> QuestionSet:
    """Rows → a set: the good ones as questions, the bad ones as problems."""
    questions: dict[str, GoldQuestion] = {}
    places: dict[str, str] = {}
    problems: list[Problem] = []
    for place, row in rows:
        try:
            if isinstance(row, QuestionError):
                raise row
            question = question_from(row)
            if question.id in questions:
                raise QuestionError(
                    f"the id {question.id!r} is that of {places[question.id]} already"
                )
            questions[question.id], places[question.id] = question, place
        except QuestionError as exc:
            problems.append(Problem(place, str(exc)))
    own = None if documents is None else tuple(documents)
    return QuestionSet(path.name, tuple(questions.values()), tuple(problems), own)


def question_from(row: Mapping[str, object]) -> GoldQuestion:
    """A question from its fields, as described at the top of this module.

    A question without an id gets one from its text and history.

    Raises:
        QuestionError: `question` is missing, a field makes no sense, or it is a draft of `synth`.
    """
    fields = {_ALIASES.get(name, name): value for name, value in row.items() if value is not None}
    if fields.get("draft"):
        raise QuestionError("still a draft: read it, mend it, and remove 'draft' to accept it")
    text = fields.get("question", "")
    if not isinstance(text, str):
        raise QuestionError(f"'question' should be text but is {text!r:.60}")
    if not any(character.isalnum() for character in text):
        raise QuestionError("'question' is missing or empty")
    history = _texts(fields, "history")
    doc_ids = _texts(fields, "doc_ids")
    grades = fields.get("grades", [])
    if not isinstance(grades, list) or not all(type(grade) is int for grade in grades):
        raise QuestionError(f"'grades' should be a list of whole numbers but is {grades!r:.60}")
    if grades and len(grades) != len(doc_ids):
        raise QuestionError(f"there are {len(doc_ids)} 'doc_ids' but {len(grades)} 'grades'")
    if len(set(doc_ids)) < len(doc_ids):
        raise QuestionError("'doc_ids' names an article twice")
    return GoldQuestion(
        id=_word(fields, "id")
        or hashlib.sha256("\x1f".join((*history, text)).encode()).hexdigest()[:12],
        text=text.strip(),
        answers=_texts(fields, "answers"),
        doc_ids=doc_ids,
        grades=tuple(grades),
        facts=_texts(fields, "facts"),
        lang=(_word(fields, "lang") or "").lower() or None,
        kind=_word(fields, "kind"),
        history=history,
        filters=_filters(fields.get("filters", {})),
        date=_date(fields.get("date")),
        nuggets=_nuggets(fields.get("nuggets", [])),
        wrong=_wanted(fields, "wrong"),
        judged="nuggets" in fields or "wrong" in fields,
    )


def _word(fields: Mapping[str, object], name: str) -> str | None:
    value = fields.get(name)
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise QuestionError(f"{name!r} should be text but is {value!r:.60}")


def _texts(fields: Mapping[str, object], name: str) -> tuple[str, ...]:
    value = fields.get(name, [])
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise QuestionError(f"{name!r} should be a list of texts but is {value!r:.60}")
    if not all(item.strip() for item in value):
        raise QuestionError(f"{name!r} holds an empty text")
    return tuple(value)


def _wanted(fields: Mapping[str, object], name: str) -> tuple[str, ...]:
    """Texts to look for in an answer."""
    texts = _texts(fields, name)
    for text in texts:
        if not folded(text.removeprefix("^")).strip():
            raise QuestionError(f"{name!r} holds {text!r:.60}, which leaves nothing to look for")
    return texts


def _nuggets(value: object) -> tuple[Nugget, ...]:
    if not isinstance(value, list):
        raise QuestionError(f"'nuggets' should be a list but is {value!r:.60}")
    found = []
    for nugget in value:
        if not isinstance(nugget, dict) or type(nugget.get("vital")) is not bool:
            raise QuestionError(
                "a nugget should be an object with 'any', a list of texts, and 'vital', true or "
                f"false, but is {nugget!r:.60}"
            )
        if not (texts := _wanted(nugget, "any")):
            raise QuestionError(f"a nugget has no text in 'any': {nugget!r:.60}")
        found.append(Nugget(texts, nugget["vital"]))
    if found and not any(nugget.vital for nugget in found):
        raise QuestionError("none of the 'nuggets' is vital")
    return tuple(found)


def _filters(value: object) -> Filters:
    if not isinstance(value, dict) or set(value) - _FILTERS:
        raise QuestionError(
            f"'filters' should be an object with {', '.join(sorted(_FILTERS))} but is {value!r:.60}"
        )
    return Filters.parse(
        _word(value, "since"),
        _word(value, "until"),
        _texts(value, "sources"),
        _word(value, "language"),
        _texts(value, "articles"),
    )


def _date(value: object) -> str | None:
    try:
        date = PartialDate.of(value)
    except ValueError as exc:
        raise QuestionError(f"'date': {exc}") from exc
    return str(date) if date else None
