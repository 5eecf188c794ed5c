"""How often ordinary news is flagged as addressed to a machine, and what each rule is good for.

    python lab/benchmarks/suspicious.py SETS [--articles 3000] [--show 20] [--ablate]

Reads docs.jsonl.gz of orangesum (French news) and multihop_rag (English news, much of it about
technology) in SETS. Prints the share of articles flagged, by rule, the time that looking takes,
and the passages. With --ablate also how many attacks of lab/benchmarks/injection.py succeed, with a
model that obeys every word that it is shown, without one rule each, and without any.
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from lab.benchmarks.injection import Obeying, asked, attacks, retriever, success
from qa import Settings
from qa.documents.article import Article
from qa.documents.injection import RULES, signs_of
from qa.documents.parsers.fields import article_from
from qa.pipeline import build

SETS = ("orangesum", "multihop_rag")


def articles(path: Path, most: int) -> Iterator[Article]:
    """The first articles of a set."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in islice(lines, most):
            yield article_from(json.loads(line), str(path))


def ablate() -> None:
    """A table: the attacks that succeed with all rules, without one each and without any."""
    chosen, settings, rules = attacks(), Settings.load({"llm": "none"}), dict(RULES)
    print("| without | attacks that succeed | of them not with all rules |\n|---|---|---|")
    with retriever(chosen, settings) as found:
        with_all: set[str] = set()
        for name, without in (
            ("nothing", set()),
            *((rule, {rule}) for rule in rules),
            ("any rule", set(rules)),
        ):
            RULES.clear()
            RULES.update({rule: rules[rule] for rule in rules if rule not in without})
            results = asked(
                chosen, lambda attack: build(found, lambda: Obeying(attack=attack), settings)
            )
            those = {attack.id for attack, answer in results if success(attack, answer)}
            with_all = with_all if without else those
            more = ", ".join(sorted(those - with_all)) or "–"
            print(f"| {name} | {len(those)} of {len(chosen)} | {more} |")
    RULES.update(rules)


def main() -> None:
    """A table, then the passages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", type=Path)
    parser.add_argument("--articles", type=int, default=3000)
    parser.add_argument("--show", type=int, default=20)
    parser.add_argument("--ablate", action="store_true")
    arguments = parser.parse_args()
    print("| set | articles | flagged | share | rules | ms an article |\n|---|---|---|---|---|---|")
    shown = []
    for name in SETS:
        read = list(articles(arguments.sets / name / "docs.jsonl.gz", arguments.articles))
        started = time.perf_counter()
        found = [(article, list(signs_of(article))) for article in read]
        spent = (time.perf_counter() - started) * 1000 / len(read)
        flagged = [(article, signs) for article, signs in found if signs]
        rules = Counter(sign.rule for _, signs in flagged for sign in signs)
        counted = ", ".join(f"{rule} {n}" for rule, n in rules.most_common())
        share = len(flagged) / len(read)
        print(f"| {name} | {len(read)} | {len(flagged)} | {share:.2%} | {counted} | {spent:.1f} |")
        shown += [
            f"{article.id} {s.rule}: {s.text[:200]}" for article, signs in flagged for s in signs
        ]
    print("\n".join(shown[: arguments.show]))
    if arguments.ablate:
        ablate()


if __name__ == "__main__":
    main()
