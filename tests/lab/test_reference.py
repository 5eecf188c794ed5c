"""docs/reference/: every command and setting, as the code has them now."""

from __future__ import annotations

from pathlib import Path

from lab import reference
from qa.settings import Settings


def test_the_pages_are_what_the_code_says():
    """Else run `python -m lab.reference`."""
    assert reference.stale() == []


def test_a_page_that_is_old_or_missing_is_seen(tmp_path: Path):
    (tmp_path / "commands.md").write_text(reference.commands(), encoding="utf-8")
    (tmp_path / "settings.md").write_text(reference.settings()[:-2], encoding="utf-8")
    assert reference.stale(tmp_path) == [tmp_path / "settings.md"]
    (tmp_path / "commands.md").unlink()
    assert len(reference.stale(tmp_path)) == 2


def test_nothing_is_left_out():
    """Every setting, and a command of a command with its options and their choices."""
    page = reference.settings()
    assert all(f"|`{name}`|`QA_{name.upper()}`|" in page for name in Settings.model_fields)
    assert str(Path.home()) not in page
    told = reference.commands()
    assert "## `qa models pull [NAMES...]`" in told
    assert "one of auto, extractive, generative" in told
    assert "`--no-regression`" in told
