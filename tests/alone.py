"""A whole run by itself, to be watched: `python -m tests.alone FOLDER`, as `test_alone` does it.

Articles are indexed and asked, then served; the page is loaded with all that it loads, and a
question is asked there and through the API. Each command is the program that people start.
"""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from tests.fakes import write_articles
from tests.tab import Tab, seen

# By engine; OpenVINO has no wheels for some machines.
MODELS = {"llama.cpp": "qwen2.5-coder-0.5b-instruct"}
if importlib.util.find_spec("openvino_genai"):
    MODELS["openvino"] = "qwen2.5-coder-1.5b-instruct"
ASKED = "Who led the works on the Kervalec bridge?"


def command(*arguments: str) -> list[str]:
    """What `qa` does."""
    return [sys.executable, "-c", "from qa.cli.commands import main; main()", *arguments]


def main(folder: Path) -> None:
    """Index, ask, serve."""
    write_articles(folder / "news")
    subprocess.run(command("index", str(folder / "news")), check=True)
    for engine, model in MODELS.items():
        environ = {**os.environ, "QA_LLM": model, "QA_LLM_ENGINE": engine}
        subprocess.run(command("ask", ASKED), env=environ, check=True)
    with subprocess.Popen(command("serve", "--port", "0"), stdout=subprocess.PIPE, text=True) as qa:
        assert qa.stdout
        address = qa.stdout.readline().removeprefix("Chat page: ").strip()
        try:
            visit(address)
        finally:
            qa.send_signal(signal.SIGTERM)
    assert qa.returncode == 0


def visit(address: str) -> None:
    """What a browser asks for, and a program."""
    with httpx.Client(base_url=address, timeout=120) as client:
        page = client.get("/").raise_for_status().text
        for path in re.findall(r'(?:src|href)="\.?(/[^"]+)"', page):
            client.get(path)
        with Tab(client).ask(ASKED) as messages:
            assert "Maëlle Tanguy" in seen([*messages][-1])
        answer = client.post("/v1/ask", json={"question": ASKED}).raise_for_status()
        assert answer.json()["citations"]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
