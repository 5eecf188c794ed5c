"""What builders need and users do not: measurements (`benchmarks`) and training."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
