"""What builders need and users do not: measurements (`benchmarks`) and training."""

import gzip
import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def rows(path: Path) -> list[dict[str, Any]]:
    """Of a .jsonl or .jsonl.gz file: questions, documents, examples."""
    content = path.read_bytes()
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    return [json.loads(line) for line in text.decode().split("\n") if line.strip()]


def median_p95(values: Sequence[float]) -> tuple[float, float]:
    """The median and the 95th percentile of at least two values."""
    p95 = statistics.quantiles(values, n=20, method="inclusive")[-1]
    return statistics.median(values), p95
