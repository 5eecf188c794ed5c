"""The house in numbers: its rooms, the imports between them, and how much stands where.

    python -m lab.rooms

A room is a package of `qa`, or a module that stands directly in it; two rooms count as one import
however often one names the other. Lines are lines of Python, empty ones too; words are those of
the README, CONTRIBUTING.md and docs/.
"""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

from lab import ROOT


def room_of(module: str, packages: set[str]) -> str:
    """`qa.language.dates.parse` → `qa.language.dates`; a module directly in `qa` is its own."""
    parts = module.split(".")
    for count in range(len(parts), 1, -1):
        if ".".join(parts[:count]) in packages:
            return ".".join(parts[:count])
    return ".".join(parts[:2])


def lines(folder: Path) -> int:
    """Lines of Python under a folder."""
    return sum(len(path.read_text("utf-8").splitlines()) for path in folder.rglob("*.py"))


def main() -> None:
    """One table, and the sums."""
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in (ROOT / "qa").rglob("*.py")
    }
    packages = {m for m, path in modules.items() if path.name == "__init__.py" and m != "qa"}
    sizes = Counter[str]()
    files = Counter[str]()
    imports: set[tuple[str, str]] = set()
    for module, path in modules.items():
        room = room_of(module, packages)
        text = path.read_text("utf-8")
        sizes[room] += len(text.splitlines())
        files[room] += 1
        for node in ast.walk(ast.parse(text)):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in names:
                while name.startswith("qa.") and name not in modules:
                    name = name.rpartition(".")[0]
                if name.startswith("qa.") and module != "qa":
                    imports.add((room, room_of(name, packages)))
    between = sum(one != other for one, other in imports)
    print(f"{'room':28}{'files':>6}{'lines':>8}")
    for room in sorted(sizes):
        print(f"{room:28}{files[room]:6}{sizes[room]:8}")
    texts = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    words = sum(len(path.read_text("utf-8").split()) for path in texts)
    print(f"\n{len(sizes) - 1} rooms, {between} imports between them")
    print("lines:", *(f"{name}/ {lines(ROOT / name)}" for name in ("qa", "tests", "lab")))
    print(f"words of docs: {words}")


if __name__ == "__main__":
    main()
