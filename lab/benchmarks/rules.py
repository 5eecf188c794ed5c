"""What question sets lose without each rule of search and of choosing quotes.

    python -m lab.benchmarks.rules SET... [--sample 150] [--only NAME …]
        [--form framed|paired|switched|prefaced|compared]

SET is a folder with docs.jsonl.gz and questions.jsonl.gz, or "corpus" with its own questions. Each
question is asked with the extractive answerer, first as the program ships and then with each rule
switched off. Printed are the measures that the set has and, for each switch, the paired difference
with its 95% interval; a difference that its interval does not hold at 0 is marked "*". No language
model is asked: `lab.benchmarks.ablation` is for what happens to a model's words.

With --form framed the sample is of articles, each asked for by the first name in its title, in
words that people use ("Tell me about …", "Résume …"); with --form paired two questions of the set
make one message; with --form switched such a name follows a question about another article ("And
Philae?"); with --form prefaced one to three sentences about whoever asks stand before a question;
with --form compared two such names are compared.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from lab.benchmarks.ablation import SWITCHES as ANSWERING
from qa.answering import confidence, quotes
from qa.documents.article import Article
from qa.evaluation import scoring, stats
from qa.evaluation.questions import GoldQuestion, load
from qa.evaluation.rows import Row
from qa.evaluation.run import Plan
from qa.evaluation.system import SystemUnderTest, cached_index
from qa.language.detect import question_language
from qa.models import Embedder
from qa.search import calibration, constraints, rerank, retriever, source_names
from qa.search import scoring as search_scoring
from qa.settings import Settings
from qa.types import Constraints

_MEASURES = (
    *("MRR@10", "R@10", "VitalRecall", "GoldInQuotes", "CitationPrecision", "CitationRecall"),
    *("answered", "abstained"),
)
SHIPPED = "as it ships"
SWITCHES: Mapping[str, Sequence[tuple[Any, str, Any]]] = {
    "no outlets or times": ((retriever, "understand", lambda *_: Constraints()),),
    "no outlets": ((constraints, "find_outlets", lambda *_: ()),),
    "no times": ((constraints, "time_expressions", lambda *_: ()),),
    "every outlet cued": ((source_names, "_cued", lambda *_: True),),
    "no outlet cued": ((source_names, "_cued", lambda *_: False),),
    "every time an event's": ((constraints, "_dates_an_article", lambda *_: False),),
    "every time an article's": ((constraints, "_dates_an_article", lambda *_: True),),
    "copies apart": ((retriever, "group", lambda some: [(n,) for n in range(len(some))]),),
    "languages as they are": (
        (search_scoring, "_raised_across_languages", lambda values, *_: values),
    ),
    "names do not matter": ((confidence, "names", lambda _: []),),
    "unnamed not halved": ((confidence, "_UNNAMED", 1.0),),
    "no rivals": ((confidence, "brief", lambda _: 0.0),),
    "long questions as short": ((confidence, "long", lambda _: 0.0),),
    "whole sentences not raised": ((confidence, "_WHOLE", 2.0),),
    "everything quoted twice": ((quotes, "_already_quoted", lambda *_: False),),
    "the reader's word alike for long": ((rerank, "read_weights", lambda *_: calibration.READ),),
    **{
        name: ANSWERING[name]
        for name in (
            "every question open",
            "every question a fact",
            "all judged as facts",
            "framing words searched",
            "several questions as one",
            "joined questions as one",
            "prefaces searched",
            "compared in one row",
            "nothing carried",
            "old names carried",
            "quotes of any article",
            "no antecedents",
        )
    },
}


_FRAMES = {
    "fr": ("Que disent les articles sur {} ?", "Parle-moi de {}", "Résume {}", "un résumé sur {}"),
    "en": ("What do the articles say about {}?", "Tell me about {}", "Summarise {}", "tldr {}"),
}


def _subject(article: Article) -> str:
    """The first name in a title; the title where there is none."""
    found = re.search(r"(?<=. )[A-ZÀ-Þ][\w-]+(?: [A-ZÀ-Þ][\w-]+)*", article.title)
    return found.group() if found else article.title


def framed(articles: Sequence[Article]) -> list[GoldQuestion]:
    """A request for each article by its title."""
    return [
        GoldQuestion(
            str(n),
            _FRAMES["fr" if article.language == "fr" else "en"][n % 4].format(_subject(article)),
            doc_ids=(article.id,),
        )
        for n, article in enumerate(article for article in articles if article.title)
    ]


_TURNS = {
    "fr": ("Et {} ?", "et {}", "Et pour {} ?", "Et qu'en est-il de {} ?"),
    "en": ("And {}?", "and {}", "What about {}?", "how about {}?"),
}


def compared(articles: Sequence[Article]) -> list[GoldQuestion]:
    """Names in the titles of two articles, to be compared."""
    titled = [
        article for article in articles if article.title and _subject(article) in article.text
    ]
    pairs = zip(titled[::2], titled[1::2], strict=False)
    return [
        GoldQuestion(
            str(n),
            ("Compare {} and {}", "Quel rapport entre {} et {} ?")[n % 2].format(
                _subject(one), _subject(other)
            ),
            doc_ids=(one.id, other.id),
        )
        for n, (one, other) in enumerate(pairs)
        if _subject(one) != _subject(other)
    ]


def switched(articles: Sequence[Article], questions: Sequence[GoldQuestion]) -> list[GoldQuestion]:
    """A name in the title of each article, behind a question that another article answers."""
    titled = [
        article for article in articles if article.title and _subject(article) in article.text
    ]
    asked = [q for q in questions if q.doc_ids and not q.history]
    made = []
    for n, (article, before) in enumerate(zip(titled, asked * len(titled), strict=False)):
        name = _subject(article)
        if name in before.text or article.id in before.doc_ids:
            continue
        same = tuple(other.id for other in articles if name in other.title)
        turn = _TURNS[before.lang or "en"][n % 4].format(name.lower() if n % 4 == 1 else name)
        history = (before.text, before.answers[0] if before.answers else "…")
        made.append(GoldQuestion(str(n), turn, doc_ids=same, history=history))
    return made


_PREFACES = {
    "fr": (
        "Bonjour, je suis étudiante et je prépare un exposé.",
        "Je ne connais pas bien le sujet, mais je dois le rendre demain.",
        "J'ai lu un article à ce propos la semaine dernière.",
    ),
    "en": (
        "Hi, I am a student and I am writing an essay for my class.",
        "I don't know much about it and it is due tomorrow.",
        "My teacher said that it was in the news some time ago.",
    ),
}


def prefaced(questions: Sequence[GoldQuestion]) -> list[GoldQuestion]:
    """Each question behind one to three sentences about whoever asks."""
    return [
        replace(
            question,
            text=" ".join(
                (*_PREFACES[question_language(question.text)][: 1 + n % 3], question.text)
            ),
        )
        for n, question in enumerate(questions)
        if question.text.endswith("?") and not question.history
    ]


def paired(questions: Sequence[GoldQuestion]) -> list[GoldQuestion]:
    """Two questions a message, whose answers are all needed."""
    some = [q for q in questions if q.answers and q.doc_ids and q.text.endswith("?")]
    return [
        GoldQuestion(
            f"{one.id} {other.id}",
            _message(one.text, other.text, n),
            answers=(one.answers[0], other.answers[0]),
            doc_ids=tuple(dict.fromkeys((*one.doc_ids, *other.doc_ids))),
            kind="multi",
        )
        for n, (one, other) in enumerate(zip(some[::2], some[1::2], strict=False))
    ]


def _message(one: str, other: str, n: int) -> str:
    """Two questions in two sentences, or, every second time, joined by "and"."""
    if n % 2 == 0:
        return f"{one} {other}"
    joint = "et" if question_language(one) == "fr" else "and"
    return f"{one.rstrip(' ?')} {joint} {other[0].lower()}{other[1:]}"


def rows(system: SystemUnderTest, questions: Sequence[GoldQuestion], name: str) -> list[Row]:
    """Each question's row under a switch."""
    with ExitStack() as stack:
        for place, attribute, value in SWITCHES.get(name, ()):
            stack.enter_context(patch.object(place, attribute, value))
        return [scoring.scored(q, system.ask(q), system.article) for q in questions]


def columns(found: Sequence[Row]) -> dict[str, list[float]]:
    """Measure → a number a question, nan where it does not apply."""
    table = {m: [row.scores.get(m, np.nan) for row in found] for m in _MEASURES[:-2]}
    for name, wanted in (("answered", True), ("abstained", False)):
        table[name] = [
            float(bool(row.abstained) is not wanted) if row.answerable is wanted else np.nan
            for row in found
        ]
    return table


def remember(system: SystemUnderTest) -> None:
    """Embed and read each text once: they are the dear part, and no switch changes them."""
    found = system._retriever
    embed = cache(lambda texts: found.embedder.__class__.queries(found.embedder, list(texts)))
    object.__setattr__(found.embedder, "queries", lambda texts: embed(tuple(texts)))
    if found.reading is not None:
        network = found.reading._reader
        read = cache(
            lambda question, texts, titles: network.__class__.read(
                network, question, list(texts), titles=list(titles)
            )
        )
        object.__setattr__(
            network,
            "read",
            lambda question, texts, *, titles=(): read(question, tuple(texts), tuple(titles)),
        )


def compare(folder: Path, sample: int, names: Sequence[str], form: str | None) -> None:
    """Print a set's table."""
    corpus = folder.name == "corpus"
    docs = folder if corpus else folder / "docs.jsonl.gz"
    questions = load(folder / ("questions.jsonl" if corpus else "questions.jsonl.gz")).questions
    settings = Settings.load({"llm": "none", "answerer": "extractive"})
    embedder = Embedder.open(settings)
    system = SystemUnderTest.open(cached_index(docs, settings, embedder), embedder, writes=False)
    remember(system)
    if form == "framed":
        questions = tuple(framed(list(system._assistant.articles())))
    elif form == "switched":
        questions = tuple(switched(list(system._assistant.articles()), questions))
    elif form == "compared":
        questions = tuple(compared(list(system._assistant.articles())))
    elif form == "prefaced":
        questions = tuple(prefaced(questions))
    elif form == "paired":
        questions = tuple(paired(Plan(sample=2 * sample).pick(questions)))
    chosen = Plan(sample=sample).pick(questions)
    shipped = columns(rows(system, chosen, SHIPPED))
    measured = [m for m, values in shipped.items() if not np.isnan(values).all()]
    print(f"\n{folder.name}, {len(chosen)} questions\n")
    print("|".join(["", *measured]))
    print("|".join([SHIPPED, *(f"{np.nanmean(shipped[m]):.3f}" for m in measured)]), flush=True)
    for name in names:
        table = columns(rows(system, chosen, name))
        print("|".join([name, *(_difference(table[m], shipped[m]) for m in measured)]), flush=True)
    system.close()


def _difference(values: Sequence[float], before: Sequence[float]) -> str:
    apart = np.subtract(values, before)
    apart = apart[~np.isnan(apart)]
    if not apart.any():
        return "0"
    found = stats.bootstrap(apart[:, None], stats.mean)
    sure = "" if found.low <= 0.0 <= found.high else " *"
    return f"{found.value:+.3f} [{found.low:+.3f}, {found.high:+.3f}]{sure}"


def main() -> None:
    """Print a table for each set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--sample", type=int, default=150)
    parser.add_argument("--only", nargs="*", choices=SWITCHES, default=list(SWITCHES))
    parser.add_argument("--form", choices=("framed", "paired", "switched", "prefaced", "compared"))
    given = parser.parse_args()
    for folder in given.sets:
        compare(folder, given.sample, given.only, given.form)


if __name__ == "__main__":
    main()
