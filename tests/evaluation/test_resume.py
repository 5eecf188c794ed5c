"""Killed in the middle and started again, a run ends as if it had never been killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import filelock
import pytest

from qa.errors import QuestionError
from qa.evaluation import evaluate
from qa.evaluation.rows import read_rows
from tests import ROOT


def start(
    tmp_path: Path, questions: Path, corpus: Path, out: Path, pause: float
) -> subprocess.Popen[bytes]:
    """The run as a process."""
    arguments = [str(tmp_path / "cache"), str(questions), str(corpus), str(out), str(pause)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.evaluation.slow_run", *arguments], env=environment, cwd=ROOT
    )


def scores(out: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The rows as they are on the disk, times aside, and the measures, latency aside."""
    rows = [json.loads(line) for line in (out / "rows.jsonl").read_text().splitlines()]
    for row in rows:
        del row["timings_ms"]
    measures = json.loads((out / "run.json").read_text())["measures"]
    return rows, {name: value for name, value in measures.items() if "latency" not in name}


def test_killed_and_resumed(bench, questions, corpus, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert start(tmp_path, questions, corpus, whole, 0).wait() == 0

    process = start(tmp_path, questions, corpus, killed, 0.4)
    until = time.monotonic() + 60
    while not (killed / "rows.jsonl").exists() or not (killed / "rows.jsonl").read_text():
        assert time.monotonic() < until, "no row came"
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = len(read_rows(killed / "rows.jsonl"))
    assert 0 < done < 6
    assert not (killed / "run.json").exists()
    with (killed / "rows.jsonl").open("a") as file:
        file.write('{"id": "half a li')

    assert start(tmp_path, questions, corpus, killed, 0).wait() == 0

    assert scores(killed) == scores(whole)
    run = json.loads((killed / "run.json").read_text())["run"]
    assert run["asked"] == 6 - done


def test_killed_again_while_going_on(bench, questions, corpus, tmp_path):
    out = tmp_path / "run"

    def dies(done, total, row):
        if row is not None:
            raise KeyboardInterrupt

    for done in (1, 2, 3):
        with pytest.raises(KeyboardInterrupt):
            evaluate(questions, corpus=corpus, out=out, progress=dies)
        assert len(read_rows(out / "rows.jsonl")) == done
        with (out / "rows.jsonl").open("a") as file:
            file.write('{"id": "half a li')

    assert len(evaluate(questions, corpus=corpus, out=out).rows) == 6


def test_a_finished_run_asks_nothing_again(bench, questions, corpus, tmp_path, monkeypatch):
    first = evaluate(questions, corpus=corpus, out=tmp_path / "run")
    monkeypatch.setattr("qa.evaluation.system.SystemUnderTest.ask", None)

    second = evaluate(questions, corpus=corpus, out=tmp_path / "run")

    assert second.rows == first.rows
    assert second.run["asked"] == 0


def test_a_damaged_file_of_rows_is_told(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": 1}\n{"id": 2}\n')
    with pytest.raises(QuestionError, match="line 1 is no row of a run"):
        read_rows(path)


def test_a_folder_that_cannot_be_a_runs_is_told(bench, questions, corpus, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(QuestionError, match="cannot be a run's folder"):
        evaluate(questions, corpus=corpus, out=tmp_path / "file")
    evaluate(questions, corpus=corpus, out=tmp_path / "run")
    for text, reason in (("{", "cannot be read"), ("[]", "is not what")):
        (tmp_path / "run" / "header.json").write_text(text)
        with pytest.raises(QuestionError, match=f"{reason}.*--fresh"):
            evaluate(questions, corpus=corpus, out=tmp_path / "run")


def test_two_processes_do_not_share_a_folder(bench, questions, corpus, tmp_path):
    (tmp_path / "run").mkdir()
    with (
        filelock.FileLock(tmp_path / "run" / "run.lock"),
        pytest.raises(QuestionError, match="another `qa eval` is writing"),
    ):
        evaluate(questions, corpus=corpus, out=tmp_path / "run")
