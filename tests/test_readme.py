"""What the README promises: its Python runs. Whatever docs and comments link to is there."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import DATA, ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [
    *ROOT.glob("*.md"),
    *(path for room in ("docs", "lab", "qa") for path in (ROOT / room).rglob("*.md")),
]
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_NAMED = re.compile(r"\b(?:docs|lab)/[\w/.-]+\.(?:md|svg|png)\b")
_COMMENTED = {".py", ".toml", ".yaml", ".html", ".js", ".css"}


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


def test_no_figure_is_left_to_be_filled_in():
    assert "FIGURES" not in README


def anchors(page: Path) -> set[str]:
    """The names of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\s-]", "", text.lower()).replace(" ", "-") for text in headings}


def broken(page: Path, text: str) -> Iterator[str]:
    """The links in a page's text to files and headings that are not there."""
    for link in _LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, heading = link.partition("#")
        path = page.parent / target if target else page
        if not path.exists() or (heading and heading not in anchors(path)):
            yield f"{page.relative_to(ROOT)}: {link}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path):
    assert list(broken(page, page.read_text(encoding="utf-8"))) == []


def test_a_broken_link_is_seen():
    page = ROOT / "docs" / "page.md"
    links = "[a](page.md) [b](https://news.example) [c](gone.md) [d](page.md#gone) [e](#the-page)"
    assert list(broken(page, links)) == ["docs/page.md: gone.md", "docs/page.md: page.md#gone"]


def test_every_page_that_code_and_docs_name_is_there():
    """As docs/NAME.md, in comments and docstrings as well."""
    rooms = (path for room in ("qa", "lab", "tests") for path in (ROOT / room).rglob("*"))
    code = [p for p in rooms if p.suffix in _COMMENTED and not p.is_relative_to(DATA)]
    named = {
        (str(path.relative_to(ROOT)), name)
        for path in [*code, *PAGES, ROOT / "Makefile", ROOT / "Dockerfile", ROOT / "compose.yaml"]
        if path != Path(__file__)
        for name in _NAMED.findall(path.read_text(encoding="utf-8"))
    }
    assert len(named) > 10
    assert {(path, name) for path, name in named if not (ROOT / name).exists()} == set()


def test_every_test_that_a_table_names_is_there():
    page = (ROOT / "docs" / "benchmarks" / "public-reports.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", page)
    assert len(named) > 40
    gone = [n for n in named if f"def {n[1]}(" not in (ROOT / "tests" / n[0]).read_text("utf-8")]
    assert gone == []
