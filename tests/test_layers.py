"""Imports point one way, from room to room, and the command line starts light."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import qa

ROOT = Path(qa.__file__).parent
# Each room may import those before it, and none after it. A room is a package, or a module that
# stands directly in qa/.
ROOMS = """
errors settings database language language.dates documents types documents.parsers
models.conversion models index search answering telemetry pipeline assistant conversations
server.http server.api server.page server evaluation cli
""".split()


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def room_of(module: str) -> str:
    """`qa.language.dates.parse` → `language.dates`; empty for the public names in `qa`."""
    parts = module.split(".")[1:]
    found = [".".join(parts[:n]) for n in (2, 1) if ".".join(parts[:n]) in ROOMS]
    assert found or parts[:1] in ([], ["__version__"]), f"{module} stands in no room"
    return found[0] if found else ""


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
    assert "qa.answering.grounding" in imports()["qa.pipeline"]
    assert "qa.models.embedder.Embedder" in imports()["qa.models"]
    assert "qa.models" in imports()["qa.assistant"]


@pytest.mark.parametrize("room", ROOMS)
def test_imports_point_one_way(room: str):
    mine = {m: names for m, names in imports().items() if m != "qa" and room_of(m) == room}
    assert mine, f"there is no room {room}"
    allowed = {"", *ROOMS[: ROOMS.index(room) + 1]}
    for module, names in mine.items():
        assert {room_of(name) for name in names if name.startswith("qa")} <= allowed, module


@pytest.mark.parametrize("path", sorted(ROOT.rglob("__init__.py")), ids=lambda p: p.parent.name)
def test_the_list_of_a_folder_names_modules_that_are_there(path: Path):
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")), clean=False) or ""
    named = re.findall(r"^(?: {4})?((?:[a-z_0-9]+, )*[a-z_0-9]+) {2,}\S", text, re.M)
    for name in ", ".join(named).split(", ") if named else ():
        assert (path.parent / f"{name}.py").exists() or (path.parent / name).is_dir(), name


def test_everything_is_wired_in_one_place():
    wiring = {m for m, names in imports().items() if "qa.pipeline" in names}
    assert wiring == {"qa.assistant"}


def loaded_by(module: str, *, heavy: str) -> str:
    code = f"import sys, {module}; print(*sorted(set({heavy.split()}) & set(sys.modules)))"
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT.parent, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


HEAVY = "numpy torch transformers sentence_transformers chromadb gradio xllamacpp"


def test_the_command_line_starts_without_models_or_numbers():
    assert loaded_by("qa.cli", heavy=HEAVY) == ""


@pytest.mark.parametrize(
    "module", ["qa.models", "qa.settings", "qa.index.build", "qa.documents.parsers"]
)
def test_what_the_command_line_imports_is_light(module: str):
    assert loaded_by(module, heavy=HEAVY) == ""
