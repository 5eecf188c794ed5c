"""Imports point one way: drivers → chain → combine → one ability each → types and rules."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from itertools import permutations
from pathlib import Path

import pytest

import qa

ROOT = Path(qa.__file__).parent
DRIVERS = ("qa.cli", "qa.api", "qa.ui", "qa.evaluation", "app")
ABILITIES = ("store", "lexical", "models", "reader", "rewriting", "extractive", "generative")
RULES = ("errors", "article", "analysis", "language", "settings")


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def owner(module: str) -> str:
    """`qa.models.llm` → `qa.models`."""
    return ".".join(module.split(".")[:2])


@cache
def imports() -> dict[str, set[str]]:
    """Each module of the package → the modules of ours that it names, inside functions too."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        names: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                assert not node.level, f"{path.name} has a relative import"
                names.add(node.module)
                names |= {f"{node.module}.{alias.name}" for alias in node.names}
        found[module_of(path)] = {n for n in names if n.split(".")[0] in ("qa", "app")}
    return found


def test_the_test_sees_imports():
    """At the top, inside functions, and of a name from a package."""
    assert "qa.grounding" in imports()["qa.chain"]
    assert "qa.models.embedder.Embedder" in imports()["qa.models"]
    assert "qa.models" in imports()["qa.assistant"]


def test_nothing_below_imports_a_driver():
    for module, names in imports().items():
        if owner(module) not in DRIVERS:
            wrong = {name for name in names if owner(name) in DRIVERS or name == "app"}
            assert not wrong, f"{module} imports {wrong}"


@pytest.mark.parametrize(("one", "other"), list(permutations(ABILITIES, 2)))
def test_abilities_do_not_know_each_other(one: str, other: str):
    mine = {m: names for m, names in imports().items() if owner(m) == f"qa.{one}"}
    assert mine, f"there is no module {one}"
    for module, names in mine.items():
        assert f"qa.{other}" not in {owner(name) for name in names}, module


@pytest.mark.parametrize("rule", RULES)
def test_types_and_rules_stand_below_everything(rule: str):
    allowed = {f"qa.{name}" for name in RULES}
    assert {owner(name) for name in imports()[f"qa.{rule}"]} <= allowed


def test_everything_is_wired_in_one_place():
    wiring = {m for m, names in imports().items() if "qa.chain" in {owner(n) for n in names}}
    assert wiring == {"qa.assistant"}


def loaded_by(module: str, *, heavy: str) -> str:
    code = f"import sys, {module}; print(*sorted(set({heavy.split()}) & set(sys.modules)))"
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT.parent, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


HEAVY = "numpy torch transformers sentence_transformers chromadb gradio tantivy xllamacpp"


def test_the_command_line_starts_without_models_or_numbers():
    assert loaded_by("qa.cli", heavy=HEAVY) == ""


@pytest.mark.parametrize("module", ["qa.models", "qa.settings", "qa.indexing", "qa.sources"])
def test_what_the_command_line_imports_is_light(module: str):
    assert loaded_by(module, heavy=HEAVY) == ""
