"""Answers of a language model to be read by hand, each beside what it was written from.

    python -m lab.benchmarks.generated RUN.jsonl QUESTIONS... --articles PATH [--answers 50]
        [--seed 1]

RUN.jsonl is what `baseline --out` wrote, QUESTIONS are the files that it asked, such as
SETS/readers/questions.jsonl or news.jsonl, PATH is where their articles are.
So many answers in the words of the system `ours`, drawn by seed, are printed as Markdown: the
question, a right answer where the file has one, the answer, which vital nuggets are not in its
words, and the articles that it cites, the sentences cited in bold. To be judged are whether each
sentence is true of its passage, whether it answers the question, and what is missing.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab import rows
from lab.benchmarks.baseline import Row, chosen, rows_of
from lab.benchmarks.injection import own_words
from qa.documents.article import Article
from qa.evaluation.articles import of_files
from qa.evaluation.nuggets import stands
from qa.evaluation.questions import GoldQuestion

# Around a sentence cited so much of its article is shown.
_AROUND = 400


def shown(
    question: GoldQuestion, row: Row, articles: Mapping[str, Article], right: str
) -> list[str]:
    """An answer as lines of Markdown."""
    said = own_words(row["answer"])
    missing = [
        nugget.any[0]
        for nugget in question.nuggets
        if nugget.vital and not any(stands(text, said) for text in nugget.any)
    ]
    lines = [f"## {question.id}: {question.text}", ""]
    lines += [f"*{turn}*\n" for turn in question.history]
    lines += [f"Right: {right}\n"] if right else []
    lines += [row["answer"], "", f"Vital and not in its words: {', '.join(missing) or 'nothing'}"]
    lines += [row["reason"]] if row["reason"] else []
    for citation in row["citations"]:
        article, quote = articles[citation["article_id"]], citation["quote"]
        start = article.text.index(quote)
        before = article.text[max(0, start - _AROUND) : start]
        after = article.text[start + len(quote) :][:_AROUND]
        passage = " ".join(f"{before}**{quote}**{after}".split())
        lines += ["", f"> {article.title} ({article.date or 'no date'}): … {passage} …"]
    return [*lines, ""]


def main() -> None:
    """Draw, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("questions", nargs="+", type=Path)
    parser.add_argument("--articles", type=Path, required=True)
    parser.add_argument("--answers", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    asked = {question.id: question for question in chosen(arguments.questions, None, 0)}
    told: dict[str, Any] = {str(r.get("id")): r for path in arguments.questions for r in rows(path)}
    articles = of_files(arguments.articles)
    written = [
        row
        for (system, id), row in sorted(rows_of(arguments.run).items())
        if system == "ours" and id in asked and row.get("answerer") == "generative"
        if not row["abstained"]
    ]
    drawn = random.Random(arguments.seed).sample(written, min(arguments.answers, len(written)))
    print(f"# {len(drawn)} of {len(written)} answers, seed {arguments.seed}\n")
    for row in drawn:
        right = told.get(row["id"], {}).get("reference", "")
        print("\n".join(shown(asked[row["id"]], row, articles, right)))


if __name__ == "__main__":
    main()
