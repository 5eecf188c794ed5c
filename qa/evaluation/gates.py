"""Gates: what a run must reach, so that a build fails when it does not.

A gate is `measure>=x` or, for errors and costs, `measure<=x`. Floors are gates kept in a file
together with the fingerprint of the question set they were measured on:

    {"questions": "1b145382828455f8", "floors": {"R@5": 0.858}}

Written from a run, a floor is the worse end of the measure's interval: a new run falls below it
by chance alone about once in forty times.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from qa.errors import QAError, QuestionError
from qa.evaluation.comparison import Comparison
from qa.evaluation.measures import BY_NAME, Estimate, lower_is_better
from qa.evaluation.result import Result
from qa.evaluation.textfile import write

_GATE = re.compile(r"\s*([\w@]+)\s*(>=|<=)\s*(\S+)\s*")


class GateFailed(QAError):
    """A run did not reach what was asked of it."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition on a measure's value."""

    measure: str
    sign: str
    bound: float

    @classmethod
    def parse(cls, text: str) -> Self:
        """`R@5>=0.7` or `latency_p95_ms<=500`.

        Raises:
            ValueError: anything else, or no such measure.
        """
        match = _GATE.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a gate like 'R@5>=0.7'")
        name, sign, number = match.groups()
        if name not in BY_NAME:
            raise ValueError(f"no measure {name!r}; choose from {', '.join(BY_NAME)}")
        try:
            bound = float(number)
        except ValueError:
            bound = math.nan
        if not math.isfinite(bound):
            raise ValueError(f"{number!r} in {text!r} is not a number")
        return cls(name, sign, bound)

    def failure(self, measures: Mapping[str, Estimate]) -> str | None:
        """Why the measures do not pass, or None. A measure that is not there does not pass."""
        if self.measure not in measures:
            return f"{self.measure} does not apply to any question of this run"
        value = measures[self.measure].value
        holds = value >= self.bound if self.sign == ">=" else value <= self.bound
        return None if holds else f"{self.measure} is {value:.4g}, not {self.sign} {self.bound:g}"


def check(result: Result, gates: Iterable[Gate]) -> None:
    """Nothing, or GateFailed with every gate that does not hold."""
    failures = [failure for gate in gates if (failure := gate.failure(result.measures))]
    if failures:
        raise GateFailed(f"{len(failures)} gate(s) failed: {'; '.join(failures)}.")


def check_comparison(comparison: Comparison) -> None:
    """Nothing, or GateFailed with every measure that became significantly worse."""
    failures = [
        f"{name} {'rose' if found.b > found.a else 'fell'} from {found.a:.4g} to {found.b:.4g} "
        f"(p = {found.p_holm:.2g})"
        for name in comparison.regressions
        if (found := comparison.differences[name])
    ]
    if failures:
        raise GateFailed(f"{len(failures)} measure(s) became worse: {'; '.join(failures)}.")


@dataclass(frozen=True)
class Floors:
    """What a floor file says: a gate for each measure, and of which question set."""

    path: Path
    questions: str
    gates: tuple[Gate, ...]

    @classmethod
    def read(cls, path: Path) -> Self:
        """The floors of a file.

        Raises:
            QuestionError: it cannot be read or makes no sense.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            gates = [
                Gate.parse(f"{name}{'<=' if lower_is_better(name) else '>='}{float(bound)!r}")
                for name, bound in values["floors"].items()
            ]
            return cls(path, str(values["questions"]), tuple(gates))
        except OSError as exc:
            raise QuestionError(f"{path} cannot be read: {exc.strerror or exc}.") from exc
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise QuestionError(
                f"{path} is no floor file ({exc}); write one with `qa eval … --write-floor {path}`."
            ) from exc

    def check(self, result: Result) -> None:
        """Nothing, or GateFailed.

        Raises:
            QuestionError: the result is of another question set.
        """
        here = result.run["questions"]["fingerprint"]
        if self.questions != here:
            raise QuestionError(
                f"the floors in {self.path} were measured on the question set {self.questions}, "
                f"this run is of {here}; measure them again with `--write-floor {self.path}`."
            )
        check(result, self.gates)


def write_floors(path: Path, result: Result) -> None:
    """A floor file from a run: the worse end of every measure's interval, costs left out.

    Raises:
        QuestionError: the file cannot be written.
    """
    floors = {}
    for name, estimate in result.measures.items():
        if BY_NAME[name].family == "cost":
            continue
        if lower_is_better(name) and estimate.high < 1:
            floors[name] = math.ceil(estimate.high * 1000) / 1000
        elif not lower_is_better(name) and estimate.low > 0:
            floors[name] = math.floor(estimate.low * 1000) / 1000
    values = {"questions": result.run["questions"]["fingerprint"], "floors": floors}
    write(path, json.dumps(values, indent=2) + "\n")
