"""Tests, a folder for each room of `qa`; `test_pipeline` is a tour of the whole."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
DATA = ROOT / "tests" / "data"
