"""What another embedder changes: two runs of `lab.benchmarks.retrieval`, question by question.

    QA_EMBEDDER=ONE python -m lab.benchmarks.retrieval SET --json one.json
    QA_EMBEDDER=OTHER python -m lab.benchmarks.retrieval SET --json other.json
    python -m lab.benchmarks.embedders one.json other.json [one.json other.json]...

Prints a row for each set, system and measure: both means, and the difference with its 95% bootstrap
interval over questions. The two runs must be of the same questions.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lab.benchmarks.judging import differences, estimates

MEASURES = ("R@1", "MRR@10", "R@10")


def rows(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[str]:
    """The lines of one set.

    Raises:
        ValueError: the runs asked different questions.
    """
    if one["questions"]["fingerprint"] != other["questions"]["fingerprint"]:
        raise ValueError(f"the runs of {one['set']} asked different questions")
    for system in one["scores"]:
        before, after = (
            {name: np.array(run["scores"][system][name]) for name in MEASURES}
            for run in (one, other)
        )
        places = range(one["questions"]["n"])
        first, second = estimates(before, places), estimates(after, places)
        for name, gain in differences(before, after, places).items():
            cells = (
                one["set"],
                str(len(places)),
                system,
                name,
                f"{first[name].value:.3f}",
                f"{second[name].value:.3f}",
                f"{gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]",
            )
            yield f"| {' | '.join(cells)} |"


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path, nargs="+", help="files of runs, in pairs")
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in parser.parse_args().runs]
    names = [run["embedder"]["name"] for run in runs[:2]]
    print(f"| set | questions | system | measure | {' | '.join(names)} | difference |")
    print("|---|---|---|---|---|---|---|")
    for one, other in zip(runs[::2], runs[1::2], strict=True):
        try:
            print("\n".join(rows(one, other)))
        except ValueError as exc:
            sys.exit(str(exc))


if __name__ == "__main__":
    main()
