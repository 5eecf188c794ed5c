"""Result: a run's rows with what they come to; a folder with rows.jsonl and run.json."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from qa.errors import QuestionError
from qa.evaluation.measures import Estimate, estimates, slices
from qa.evaluation.rows import Row, read_rows

ROWS, RUN, HEADER = "rows.jsonl", "run.json", "header.json"


@dataclass(frozen=True)
class Result:
    """What a run came to.

    Attributes:
        rows: one a question, in the order of the set.
        run: what was run: questions, settings, models, index, code, machine.
        measures: name → value with interval, over all rows.
        slices: `kind=factoid` → the same over some of the rows.
        directory: where it is kept.
    """

    rows: tuple[Row, ...]
    run: Mapping[str, Any]
    measures: Mapping[str, Estimate]
    slices: Mapping[str, Mapping[str, Estimate]] = field(default_factory=dict)
    directory: Path | None = None

    @classmethod
    def of(cls, rows: Sequence[Row], run: Mapping[str, Any], directory: Path | None = None) -> Self:
        """Measure the rows."""
        whole = estimates(rows)
        parts = {
            name: whole if len(part) == len(rows) else estimates(part)
            for name, part in slices(rows).items()
        }
        return cls(tuple(rows), run, whole, parts, directory)

    @classmethod
    def read(cls, path: Path | str) -> Self:
        """A finished run, from its folder or from the run.json or rows.jsonl in it.

        Raises:
            QuestionError: there is none, or it is not finished.
        """
        path = Path(path)
        folder = path if path.is_dir() else path.parent
        try:
            values = json.loads((folder / RUN).read_text(encoding="utf-8"))
        except FileNotFoundError as exc:
            begun = (folder / HEADER).exists()
            raise QuestionError(
                f"the run at {folder} is not finished; repeat its `qa eval … --out {folder}`."
                if begun
                else f"there is no run at {path}. Make one with `qa eval QUESTIONS --out {folder}`."
            ) from exc
        except (OSError, ValueError) as exc:
            raise QuestionError(f"{folder / RUN} cannot be read ({exc}).") from exc
        if not isinstance(values, dict) or not isinstance(values.get("run"), dict):
            raise QuestionError(f"{folder / RUN} is not what `qa eval` writes.")
        return cls.of(read_rows(folder / ROWS), values["run"], folder)

    def to_json(self) -> dict[str, Any]:
        """As `qa eval --json` prints it and run.json holds it."""
        return {
            "n": len(self.rows),
            "errors": sum(row.error is not None for row in self.rows),
            "measures": _to_json(self.measures),
            "slices": {name: _to_json(part) for name, part in self.slices.items()},
            "run": dict(self.run),
        }


def _to_json(measures: Mapping[str, Estimate]) -> dict[str, Any]:
    return {name: estimate.to_json() for name, estimate in measures.items()}
