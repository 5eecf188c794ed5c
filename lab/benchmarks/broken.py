"""Broken files of every format, made by a seed, and what their readers make of them.

    python -m lab.benchmarks.broken --inputs 2000 --seed 0 [--keep FOLDER]

A valid file of each format (tests/data/sources, news XML) is damaged, or one is made that takes
time or memory (see `hostile`). Each is read in the process for reading, with small limits, and its
articles are cut as a run of `qa index` cuts them. The table has a line a format:

read      articles came out, also when others in the same file were refused
refused   there are only failures, each with a reason in words
given up  reading took more than the limit
LOST      a crash, a traceback, a wait far beyond the limit, neither an article nor a reason, or a
          reason that is the name of a Python class. The exit code is 1 when anything was.

Inputs that were lost are kept in FOLDER.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from lab import ROOT
from lab.benchmarks import hostile
from qa.documents.article import Article
from qa.documents.chunks import split
from qa.documents.injection import Flagged
from qa.documents.parsers.files import SUPPORTED, ending
from qa.documents.parsers.isolated import Child, Limits, TooMuch
from tests.documents.test_news_data import NEWS_XML

LIMITS = Limits(seconds=2, megabytes=1000)
MOST_S = 60  # by the clock; an input in pieces may take the limit for each
OUTCOMES = ("read", "refused", "given up", "LOST")
_CLASS = re.compile(r"\b[A-Z]\w*(?:Error|Exception|Warning)\b|^\W*$|Traceback|<\w+ object at")


def seeds() -> dict[str, tuple[str, bytes]]:
    """Format → the ending of its files and a valid one."""
    files = sorted((ROOT / "tests" / "data" / "sources").glob("article_*"))
    found = {ending(file): (ending(file), file.read_bytes()) for file in files}
    return found | {f".xml {name}": (".xml", xml.encode()) for name, xml in NEWS_XML.items()}


def inputs(count: int, seed: int) -> Iterator[tuple[str, str, bytes]]:
    """So many (format, name of a file, its bytes), the formats by turns."""
    formats = sorted(seeds().items())
    for n in range(count):
        rng = random.Random(f"{seed} {n}")
        name, (end, data) = formats[n % len(formats)]
        if name in hostile.TO_MAKE and rng.random() < 0.3:
            kind, data = hostile.made(end, rng)
        else:
            kind, data = hostile.damaged(data, rng)
            end = rng.choice(SUPPORTED) if "other-ending" in kind else end
        yield name, f"{n:05}-{kind}{end}", data[: hostile.LARGEST]


def outcome(child: Child, file: Path) -> tuple[str, str]:
    """One of `OUTCOMES` and a detail: the first reason, or what was lost."""
    started, articles, reasons, given_up = time.monotonic(), 0, list[str](), False
    try:
        for item in child.read(file):
            if isinstance(item, Article):
                articles += 1
                for chunk in split(item):
                    assert item.text[chunk.span.start : chunk.span.end] == chunk.text
                Flagged.of(item)
            else:
                reasons.append(item.reason)
                given_up = given_up or isinstance(item, TooMuch)
    except Exception as exc:
        return "LOST", f"{type(exc).__name__}: {exc}"
    spent = time.monotonic() - started
    bad = next((reason for reason in reasons if _CLASS.search(reason)), None)
    if bad is not None or spent > MOST_S or not (articles or reasons):
        return "LOST", f"{bad or f'{articles} articles, {len(reasons)} reasons'} ({spent:.0f} s)"
    if any("or crashed" in reason for reason in reasons) and not _is_full(file):
        return "LOST", "the process for reading has ended"
    kind = "given up" if given_up else "read" if articles else "refused"
    return kind, reasons[0] if reasons else ""


def _is_full(file: Path) -> bool:
    """Whether it is for want of memory that reading it ends: a library in C aborts then."""
    command = [sys.executable, "-m", "qa.documents.parsers.isolated"]
    command += [str(LIMITS.megabytes), str(LIMITS.seconds), "{}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        assert process.stdin
        process.stdin.write(json.dumps(str(file)).encode() + b"\n")
        process.stdin.close()
        _, _, used = os.wait4(process.pid, 0)
    return used.ru_maxrss / 1000 > LIMITS.megabytes / 2  # the limit is one of address space


def campaign(count: int, seed: int, keep: Path | None = None) -> tuple[str, list[str]]:
    """The table and what was lost, a line each; inputs that were lost go into a folder."""
    counted, lost = dict[str, Counter[str]](), list[str]()
    with TemporaryDirectory() as folder, Child(LIMITS) as child:
        for name, file, data in inputs(count, seed):
            path = Path(folder, file)
            path.write_bytes(data)
            kind, detail = outcome(child, path)
            counted.setdefault(name, Counter())[kind] += 1
            if kind == "LOST":
                lost.append(f"{file}: {detail}")
                if keep is not None:
                    keep.mkdir(parents=True, exist_ok=True)
                    (keep / file).write_bytes(data)
            path.unlink()
    rows = [*sorted(counted.items()), ("all", sum(counted.values(), Counter()))]
    lines = [f"| format | {' | '.join(OUTCOMES)} |", "|---" * (len(OUTCOMES) + 1) + "|"]
    lines += [f"| {name} | {' | '.join(str(row[o]) for o in OUTCOMES)} |" for name, row in rows]
    return "\n".join(lines), lost


def main() -> int:
    """Print the table, and what was lost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    table, lost = campaign(given.inputs, given.seed, given.keep)
    print(table, *lost, sep="\n")
    return bool(lost)


if __name__ == "__main__":
    sys.exit(main())
