"""docs/reference/: the commands and the settings, written from the code.

    python -m lab.reference            writes commands.md and settings.md
    python -m lab.reference --check    exits with 1 if one of them is not what would be written

Commands come from the Typer app with their help texts, settings from `qa.settings.Settings` with
their descriptions. Paths in defaults are named by the folder of the user that they lie in, so that
the pages are the same on every machine.
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import platformdirs
import typer

from lab import ROOT
from qa.cli.commands import app
from qa.settings import Settings

FOLDER = ROOT / "docs" / "reference"

_NOTE = "<!-- Written by `python -m lab.reference`; do not edit. -->"
# The setting that each group begins with, in the order of the class.
_GROUPS = {
    "index": "Where things are kept",
    "embedder": "Models",
    "answerer": "Finding and answering",
    "host": "Server",
}
_FOLDERS = {
    platformdirs.user_data_dir("qa", appauthor=False): "DATA",
    platformdirs.user_cache_dir("qa", appauthor=False): "CACHE",
}


def commands() -> str:
    """The page of commands."""
    root = typer.main.get_command(app)
    found = list(_leaves(root, "qa"))
    shared = _shared(command for _, command in found)
    told = dict(reversed(shared))
    lines = [
        "# Commands",
        "",
        _NOTE,
        "",
        (
            f"{root.help} Results go to standard output, everything else to standard error. Exit "
            "codes: 0 done, 1 an error that says what to do, 2 wrong usage."
        ),
        "",
        "These options mean the same wherever a command takes them:",
        "",
        *_table(("option", "meaning"), told.items()),
    ]
    for name, command in found:
        lines += ["", *_section(name, command, shared)]
    return "\n".join(lines) + "\n"


def settings() -> str:
    """The page of settings."""
    lines = [
        "# Settings",
        "",
        _NOTE,
        "",
        (
            "Later wins: the default; `qa.toml` in the working directory, or the file that "
            "`QA_CONFIG` names; the environment; the command line. `qa settings` prints each value "
            "and where it comes from. Lists have commas between their values. DATA and CACHE are "
            "the user's folders, on Linux `~/.local/share/qa` and `~/.cache/qa`."
        ),
    ]
    groups: dict[str, list[Sequence[str]]] = {}
    heading = ""
    for name, field in Settings.model_fields.items():
        heading = _GROUPS.get(name, heading)
        row = f"`{name}`", f"`QA_{name.upper()}`", _default(field.default), field.description or ""
        groups.setdefault(heading, []).append(row)
    for title, rows in groups.items():
        lines += ["", f"## {title}", ""]
        lines += _table(("setting", "environment", "default", "meaning"), rows)
    return "\n".join(lines) + "\n"


PAGES = {"commands.md": commands, "settings.md": settings}


def stale(folder: Path = FOLDER) -> list[Path]:
    """The pages that are missing or not what would be written now."""
    made = {folder / name: page() for name, page in PAGES.items()}
    return [
        path
        for path, text in made.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]


def _leaves(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Each command that does something, with its whole name, sorted by it."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    for word in sorted(inner):
        yield from _leaves(inner[word], f"{name} {word}")


def _section(name: str, command: Any, shared: Sequence[tuple[str, str]]) -> list[str]:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    usage = " ".join([name, *(_usage(argument) for argument in arguments)])
    rows = [(_usage(p), p.help or "") for p in arguments]
    also = []
    for option in _options(command):
        label, meaning = _described(option, command)
        if (label, meaning) in shared:
            also.append(label)
        else:
            rows.append((label, meaning))
    lines = [f"## `{usage}`", "", " ".join((command.help or "").split())]
    lines += ["", *_table(("", ""), rows)] if rows else []
    lines += ["", f"Also: {', '.join(also)}."] if also else []
    return lines


def _options(command: Any) -> list[Any]:
    """A command's own options, without `--help`."""
    found = [p for p in command.params if p.param_type_name == "option"]
    return [option for option in found if option.name != "help"]


def _shared(found: Iterable[Any]) -> list[tuple[str, str]]:
    """The options that several commands have in the same words, the commonest first."""
    seen = Counter(_described(option, c) for c in found for option in _options(c))
    return [described for described, count in seen.most_common() if count > 1]


def _usage(argument: Any) -> str:
    name = argument.name.upper() + ("..." if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _described(option: Any, command: Any) -> tuple[str, str]:
    """An option's name, and what it means with its choices and default."""
    values = _choices(option.name, command)
    notes = [f"one of {', '.join(values)}"] if values else []
    if option.default not in (None, False):
        notes.append(f"default {option.default}")
    note = f" ({'; '.join(notes)})" if notes else ""
    return f"`{option.opts[0]}`", f"{(option.help or '').rstrip('.')}{note}"


def _choices(name: str, command: Any) -> tuple[str, ...]:
    hint = get_type_hints(inspect.unwrap(command.callback)).get(name)
    for each in (hint, *get_args(hint)):
        if get_origin(each) is Literal:
            return get_args(each)
    return ()


def _default(value: object) -> str:
    if value is None or value == ():
        return "–"
    if isinstance(value, Path):
        text = str(value)
        for folder, name in _FOLDERS.items():
            text = text.replace(folder, name)
        return f"`{text}`"
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [
        f"|{'|'.join(cell.replace('|', chr(92) + '|') for cell in row)}|"
        for row in (head, ("---",) * len(head), *rows)
    ]


def main() -> None:
    """Write both pages, or check them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if stale")
    if parser.parse_args().check:
        for path in (old := stale()):
            print(f"{path.relative_to(ROOT)} is stale: run `python -m lab.reference`")
        sys.exit(bool(old))
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
