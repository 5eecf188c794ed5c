"""What the README promises: its Python runs, its files are there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.model
def test_the_python_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    shutil.copytree(ROOT / "corpus", tmp_path / "corpus")
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "[1]" in printed
    assert "2017-01-12" in printed  # the article's date
    assert "porte-avions russe Amiral Kouznetsov" in printed


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_what_it_links_to_is_there(target: str):
    assert (ROOT / target).exists()


def test_no_figure_is_left_to_be_filled_in():
    assert "FIGURES" not in README
