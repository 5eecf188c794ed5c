"""The evaluator's commands, as they are typed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from qa import cli
from tests.evaluation.conftest import QUESTIONS, write_jsonl


@pytest.fixture
def qa(bench, monkeypatch, capsys):
    """Runs a command line; gives its exit code, output and messages."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["qa", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit:
            cli.main()
        said = capsys.readouterr()
        return int(exit.value.code or 0), said.out, said.err

    return run


def test_json_is_all_that_is_printed_and_what_run_json_holds(qa, questions, corpus, tmp_path):
    out = tmp_path / "run"

    code, said, _ = qa("eval", questions, "--corpus", corpus, "--out", out, "--json")

    assert code == 0
    found = json.loads(said)
    assert found == json.loads((out / "run.json").read_text())
    assert found["n"] == 6
    assert set(found["measures"]["MRR@10"]) == {"value", "low", "high", "n"}
    assert {"settings", "models", "index", "questions", "code", "machine"} <= set(found["run"])
    assert "kind=factoid" in found["slices"]


def test_a_person_sees_a_table_and_where_the_report_is(qa, questions, corpus, tmp_path):
    code, said, told = qa("eval", questions, "--corpus", corpus, "--out", tmp_path / "run")

    assert code == 0
    lines = said.splitlines()
    assert lines[0] == "6 questions, 0 failed"
    assert "n=5 (1 left out)" in lines[1]
    assert lines[-1] == f"report: {tmp_path / 'run'}/report.html"
    assert (tmp_path / "run" / "report.md").read_text().startswith("# questions.jsonl")
    assert "questions: 6 of 6" in told


def test_bad_rows_are_told_and_counted(qa, corpus, tmp_path):
    path = tmp_path / "q.jsonl"
    write_jsonl(path, QUESTIONS[:1])
    with path.open("a") as file:
        file.write("nonsense\n")

    code, said, told = qa("eval", path, "--corpus", corpus, "--json")

    assert code == 0
    assert json.loads(said)["run"]["questions"]["bad_rows"] == 1
    assert "line 2: not valid JSON" in told
    code, _, told = qa("eval", path, "--corpus", corpus, "--strict")
    assert code == 1
    assert "line 2: not valid JSON" in told


def test_squads_own_articles_and_an_index_of_others(qa, corpus, tmp_path):
    text = "Engineer Maëlle Tanguy led the works on the Kervalec bridge."
    asked = "Who led the works on the Kervalec bridge?"
    qas = [{"id": "who", "question": asked, "answers": [{"text": "Maëlle Tanguy"}]}]
    path, index = tmp_path / "dev.json", tmp_path / "other"
    data = {"data": [{"title": "Bridge", "paragraphs": [{"context": text, "qas": qas}]}]}
    path.write_text(json.dumps(data))

    code, said, _ = qa("eval", path, "--json")

    assert code == 0
    assert json.loads(said)["measures"]["R@1"]["value"] == 1
    assert qa("index", corpus, "--index", index)[0] == 0
    code, said, _ = qa("eval", path, "--index", index, "--json")
    assert code == 0
    found = json.loads(said)
    assert found["run"]["index"]["counts"]["articles"] == 6
    assert "GoldInAnswer" in found["measures"]
    assert "R@1" not in found["measures"]


def test_gates_and_floors_set_the_exit_code(qa, questions, corpus, tmp_path):
    arguments = ("eval", questions, "--corpus", corpus, "--out", tmp_path / "run")
    floor = tmp_path / "floors.json"
    assert qa(*arguments, "--gate", "R@10>=0.9", "--write-floor", floor)[0] == 0
    assert qa(*arguments, "--floor", floor)[0] == 0

    code, said, told = qa(*arguments, "--gate", "EM>=0.99", "--gate", "R@10>=0.9")

    assert code == 1
    assert said.startswith("6 questions")
    assert "1 gate(s) failed: EM is" in told


def test_compare(qa, questions, corpus, tmp_path):
    for mode in ("hybrid", "lexical"):
        arguments = ("--retrieval-only", "--mode", mode, "--out", tmp_path / mode)
        assert qa("eval", questions, "--corpus", corpus, *arguments)[0] == 0

    code, said, _ = qa("compare", tmp_path / "hybrid", tmp_path / "lexical", "--json")

    assert code == 0
    found = json.loads(said)
    assert found["n"] == 6
    assert {"a", "b", "difference", "low", "high", "p", "p_holm", "detectable", "n"} <= set(
        found["measures"]["MRR@10"]
    )
    out = tmp_path / "c.md"
    code, said, _ = qa(
        "compare", tmp_path / "hybrid", tmp_path / "hybrid", "--no-regression", "--out", out
    )
    assert code == 0
    assert said == out.read_text()
    assert "0 won, 0 lost" in said
    code, _, told = qa("compare", tmp_path / "hybrid", tmp_path / "none")
    assert code == 1
    assert "there is no run at" in told


def test_lint(qa, questions, corpus, tmp_path):
    code, said, _ = qa("lint", questions, "--corpus", corpus)
    assert code == 0
    assert said.splitlines()[-1].startswith("6 questions, 0 errors")

    gone = write_jsonl(tmp_path / "gone.jsonl", [{**QUESTIONS[0], "doc_ids": ["gone"]}])
    code, said, told = qa("lint", gone, "--corpus", corpus, "--json")
    assert code == 1
    assert [f["check"] for f in json.loads(said)["findings"]] == ["no-article", "few-rows"]
    assert "has 1 errors" in told


def test_help_loads_no_numerical_library():
    code = "import qa.cli.evaluation, sys; print({'numpy', 'torch', 'jinja2'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_the_package_exports_what_it_says():
    import qa.evaluation as evaluation

    assert all(getattr(evaluation, name) for name in evaluation.__all__)
    with pytest.raises(AttributeError, match="no attribute 'other'"):
        evaluation.other  # noqa: B018
