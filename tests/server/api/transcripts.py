"""The transcripts of docs/api.md, made by running what stands there: `python -m
tests.server.api.transcripts` writes them, `test_docs` compares.

A block of `bash` holds one call of curl, a block of `python` a program. The block after it, of
`json` or `text`, is what it prints; without one it has only to succeed. Times are
shown as 1.0, other fractions with two digits.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import httpx

from qa.index.build import index_paths
from qa.server.api import build
from qa.settings import Settings
from tests import ROOT
from tests.fakes import BagOfWords, Scripted, write_articles
from tests.server.api.servers import opened, served

PAGE = ROOT / "docs" / "api.md"
ADDRESS = "http://127.0.0.1:7860"

_BLOCKS = re.compile(
    r"^```(?P<kind>bash|python)\n(?P<code>.*?)^```\n(?:\n```(?P<form>json|text)\n(?P<out>.*?)^```\n)?",
    re.DOTALL | re.MULTILINE,
)
_WIDTH = 100


def again(page: str, address: str) -> str:
    """The page with every transcript made anew."""

    def made(block: re.Match[str]) -> str:
        code = block["code"].replace(ADDRESS, address)
        out = (_python if block["kind"] == "python" else _curl)(code).replace(address, ADDRESS)
        call = f"```{block['kind']}\n{block['code']}```\n"
        return call + (f"\n```{block['form']}\n{out}```\n" if block["form"] else "")

    return _BLOCKS.sub(made, page)


def _python(code: str) -> str:
    with redirect_stdout(io.StringIO()) as out:
        exec(compile(code, str(PAGE), "exec"), {})
    return out.getvalue().rstrip("\n") + "\n"


def _curl(command: str) -> str:
    """What a call of curl prints: JSON on many lines, events on lines of no more than a hundred."""
    reader = argparse.ArgumentParser(prog="curl", exit_on_error=False)
    reader.add_argument("curl", choices=["curl"])
    reader.add_argument("url")
    reader.add_argument("-N", "--no-buffer", action="store_true")
    reader.add_argument("-H", "--header", action="append", default=[])
    reader.add_argument("-d", "--data")
    asked = reader.parse_args(shlex.split(command.replace("\\\n", " ")))
    answer = httpx.request(
        "POST" if asked.data else "GET",
        asked.url,
        headers=dict(header.split(": ", 1) for header in asked.header),
        content=asked.data,
        timeout=30,
    )
    if answer.headers["content-type"] == "application/json":
        return json.dumps(_plain(answer.json()), ensure_ascii=False, indent=2) + "\n"
    assert answer.is_success, answer.text
    lines = answer.text.strip().splitlines()
    return "".join(f"{ln[:_WIDTH]} …\n" if len(ln) > _WIDTH else f"{ln}\n" for ln in lines)


def _plain(value: Any, key: str = "") -> Any:
    """JSON without what differs from run to run or from machine to machine."""
    if key == "timings_ms":
        return dict.fromkeys(value, 1.0)
    if isinstance(value, dict):
        return {name: _plain(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return round(value, 2) if isinstance(value, float) else value


@contextmanager
def server(directory: Path) -> Iterator[str]:
    """The address of an API over the made-up articles, with a model that knows one answer."""
    chosen = Settings(index=directory / "index", llm="none", abstain_below=0.2)
    index_paths([write_articles(directory / "news")], chosen, BagOfWords())
    model = Scripted(reply="Engineer Maëlle Tanguy led the works.")
    with opened(chosen, BagOfWords(), model) as assistant, served(build(assistant)) as address:
        yield address


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as running:
        PAGE.write_text(again(PAGE.read_text(encoding="utf-8"), running), encoding="utf-8")
