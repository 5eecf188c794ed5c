"""What retrieval is measured on: articles, and those of a set's questions that can be judged.

A question counts when the set says that it has an answer and in which article. `also_relevant` of
a row names articles that are neither right nor wrong, such as the one that a headline was taken
from when its translation is sought: they are passed over wherever they are ranked.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from qa.documents.article import Article
from qa.documents.parsers import find, read
from qa.errors import QuestionError
from qa.evaluation.questions import GoldQuestion, fingerprint, load
from qa.evaluation.textfile import json_object, read_text

By = Literal["lang", "kind"]
# The question is the article's title: only to be asked of an index without titles.
_TITLE_AS_QUESTION = "known-item-title"


@dataclass(frozen=True)
class Corpus:
    """Articles, as the project indexes them and one by one.

    Attributes:
        source: what `cached_index` takes: a path, or rows where titles are left out.
        articles: each of them.
        titles: whether they have their titles.
    """

    source: Path | Sequence[Mapping[str, Any]]
    articles: tuple[Article, ...]
    titles: bool

    @classmethod
    def read(cls, path: Path, *, titles: bool = True) -> Corpus:
        """Every article under a path; what is none is passed over, as when it is indexed."""
        found = (result for file in find([path]) for result in read(file))
        articles = tuple(result for result in found if isinstance(result, Article))
        if titles:
            return cls(path, articles, True)
        bare = [_row_without_title(article) for article in articles]
        return cls(bare, articles, False)

    def text(self, article: Article) -> str:
        """An article as one text, its title in front."""
        return f"{article.title}\n\n{article.text}" if self.titles else article.text


@dataclass(frozen=True)
class Task:
    """Questions of a set, and how they were picked.

    Attributes:
        name: of the set.
        questions: those that are asked, in the order of the set.
        of: how many of the set could have been.
        left_out: reason → how many questions of the file are not asked for it.
        passed_over: question id → articles that its ranking is read without.
        languages: question id → its language, with an arrow to the article's where that differs.
        gold_missing: questions asked though none of their articles is in the corpus.
    """

    name: str
    questions: tuple[GoldQuestion, ...]
    of: int
    left_out: Mapping[str, int]
    passed_over: Mapping[str, frozenset[str]]
    languages: Mapping[str, str]
    gold_missing: int = 0
    by_default: tuple[By, ...] = field(default=())

    @property
    def fingerprint(self) -> str:
        """A hash of the questions and all that is known about them."""
        return fingerprint(self.questions)

    def slices(self, by: Sequence[By]) -> dict[str, list[int]]:
        """`kind=factoid` → the places of its questions; only properties in which they differ."""
        found: dict[str, list[int]] = {}
        for name in dict.fromkeys((*self.by_default, *by)):
            groups: dict[str, list[int]] = {}
            for place, question in enumerate(self.questions):
                value = self.languages[question.id] if name == "lang" else question.kind
                groups.setdefault(value or "unknown", []).append(place)
            if len(groups) > 1:
                found |= {f"{name}={value}": groups[value] for value in sorted(groups)}
        return found


def read_task(
    path: Path,
    corpus: Corpus,
    *,
    sample: int | None = None,
    seed: int = 1,
    kinds: Sequence[str] = (),
) -> Task:
    """The questions of a file that have an answer and an article in which it is.

    Args:
        path: a question file, as `qa eval` reads it.
        corpus: that it is asked of.
        sample: at most so many, drawn with `seed`: those that `qa eval --sample` draws from a set
            of answerable questions when the seed is 1.
        seed: of the draw.
        kinds: only these; all when there is none.

    Raises:
        QuestionError: the file cannot be read, or no question of it can be asked.
    """
    found = load(path)
    reasons = {question.id: _left_out(question, corpus, kinds) for question in found.questions}
    usable = [question for question in found.questions if reasons[question.id] is None]
    if not usable:
        raise QuestionError(f"{path} holds no question with an answer and an article.")
    chosen = usable
    if sample is not None and sample < len(usable):
        places = random.Random(seed).sample(range(len(usable)), sample)
        chosen = [usable[place] for place in sorted(places)]
    language_of = {article.id: article.language for article in corpus.articles}
    languages = {question.id: _languages(question, language_of) for question in chosen}
    ids = {question.id for question in chosen}
    return Task(
        name=_name(path),
        questions=tuple(chosen),
        of=len(usable),
        left_out=Counter(reason for reason in reasons.values() if reason)
        + Counter({"unreadable": len(found.problems)}),
        passed_over={id: names for id, names in _passed_over(path).items() if id in ids},
        languages=languages,
        gold_missing=sum(not set(question.gold) & set(language_of) for question in chosen),
        by_default=("lang",) if any("→" in value for value in languages.values()) else (),
    )


def _left_out(question: GoldQuestion, corpus: Corpus, kinds: Sequence[str]) -> str | None:
    """Why a question is not asked."""
    if kinds and question.kind not in kinds:
        return "of another kind"
    if question.unanswerable:
        return "unanswerable"
    if not question.gold:
        return "without a gold article"
    if corpus.titles and question.kind == _TITLE_AS_QUESTION:
        return "the article's own title, which is indexed"
    return None


def _languages(question: GoldQuestion, language_of: Mapping[str, str]) -> str:
    asked = question.lang or "unknown"
    written = {language_of[id] for id in question.gold if id in language_of}
    others = sorted(written - {asked})
    return f"{asked}→{'+'.join(others)}" if others and asked not in written else asked


def _passed_over(path: Path) -> dict[str, frozenset[str]]:
    """The field that no other reader of questions knows; only our own format has it."""
    if not path.name.lower().removesuffix(".gz").endswith(".jsonl"):
        return {}
    found = {}
    for line in filter(str.strip, read_text(path).split("\n")):
        row = json_object(line)
        if isinstance(row, Mapping) and isinstance(names := row.get("also_relevant"), list):
            found[str(row.get("id"))] = frozenset(map(str, names))
    return found


def _name(path: Path) -> str:
    """`piaf` for piaf/questions.jsonl.gz."""
    return path.resolve().parent.name if path.name.startswith("questions.") else path.name


def _row_without_title(article: Article) -> dict[str, Any]:
    row = {
        "id": article.id,
        "text": article.text,
        "date": str(article.date) if article.date else None,
        "source": article.source,
        "language": article.language,
    }
    return {name: value for name, value in row.items() if value is not None}
