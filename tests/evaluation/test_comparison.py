"""Comparison and gates: what differs, what is more than chance, and what a build may rest on."""

from __future__ import annotations

import json

import pytest

from qa.errors import QuestionError
from qa.evaluation import compare, gates, report
from qa.evaluation.gates import Floors, Gate, GateFailed
from tests.evaluation.made import result, row


def runs(gain: int):
    """Two runs of 60 questions, the second right on `gain` more."""
    first = [row(f"q{n}", {"GoldInAnswer": float(n < 20), "F1": 0.5}) for n in range(60)]
    second = [row(f"q{n}", {"GoldInAnswer": float(n < 20 + gain), "F1": 0.5}) for n in range(60)]
    return result(first), result(second)


def test_a_real_difference_is_significant_and_its_questions_are_listed():
    a, b = runs(15)

    found = compare(a, b)

    gold = found.differences["GoldInAnswer"]
    assert gold.difference == pytest.approx(15 / 60)
    assert 0.1 < gold.low < 0.25 < gold.high < 0.4
    assert gold.significant
    assert gold.better
    assert gold.detectable == pytest.approx(0.158, abs=0.002)
    assert found.by == "GoldInAnswer"
    assert [change.a.id for change in found.won] == [f"q{n}" for n in range(20, 35)]
    assert found.lost == ()
    assert found.regressions == []
    assert compare(b, a).regressions == ["GoldInAnswer"]


def test_a_measure_that_did_not_change_is_the_same():
    a, b = runs(0)

    found = compare(a, b)

    assert {difference.p_holm for difference in found.differences.values()} == {1.0, None}
    assert found.differences["F1"].detectable is None
    assert found.differences["F1"].better is None
    assert not found.won
    assert not found.lost


def test_costs_have_an_interval_and_no_test():
    a = result([row(f"q{n}", timings_ms={"wall": 10.0}) for n in range(9)])
    b = result([row(f"q{n}", timings_ms={"wall": 20.0}) for n in range(9)])

    found = compare(a, b).differences["latency_p50_ms"]

    assert (found.difference, found.p, found.better) == (10, None, False)


def test_only_questions_in_both_runs_count():
    a, b = runs(15)
    shorter = result(b.rows[5:])

    found = compare(a, shorter)

    assert (found.n, found.alone) == (55, 5)
    with pytest.raises(QuestionError, match="share no question"):
        compare(a, result([row("other")]))
    with pytest.raises(QuestionError, match="choose from F1, GoldInAnswer"):
        compare(a, b, by="R@1")


def test_the_markdown_names_both_answers():
    a, b = runs(15)

    text = report.comparison_markdown(compare(a, b), questions=2)

    assert "| **GoldInAnswer** | 0.333 | 0.583 | +0.250 |" in text
    assert "15 won, 0 lost" in text
    assert text.count("  - a: It is gold [1].") == 2


@pytest.mark.parametrize(
    ("gate", "passes"),
    [
        ("GoldInAnswer>=0.3", True),
        ("GoldInAnswer >= .34", False),
        ("latency_p50_ms<=10", True),
        ("latency_p50_ms<=9.5", False),
        ("R@5>=0", False),
    ],
)
def test_gates(gate, passes):
    run, _ = runs(0)
    if passes:
        gates.check(run, [Gate.parse(gate)])
    else:
        with pytest.raises(GateFailed, match=r"1 gate\(s\) failed"):
            gates.check(run, [Gate.parse(gate)])


@pytest.mark.parametrize("text", ["R@5", "R@5>0.7", "R@6>=1", "R@5>=high", "R@5>=nan"])
def test_what_is_no_gate(text):
    with pytest.raises(ValueError, match=r"."):
        Gate.parse(text)


def test_floors_hold_for_their_set_only(tmp_path):
    a, b = runs(15)
    path = tmp_path / "floors.json"
    gates.write_floors(path, b)

    floors = Floors.read(path)
    floors.check(b)
    assert json.loads(path.read_text())["floors"]["GoldInAnswer"] == pytest.approx(
        b.measures["GoldInAnswer"].low, abs=0.001
    )
    with pytest.raises(GateFailed, match=r"GoldInAnswer is 0\.3333, not >="):
        floors.check(a)
    path.write_text(path.read_text().replace("f" * 16, "0" * 16))
    with pytest.raises(QuestionError, match="measured on the question set 0000"):
        Floors.read(path).check(b)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"floors": {"R@5": 1}}', '{"questions": "", "floors": {"R": 1}}']
)
def test_a_broken_floor_file_is_told(tmp_path, text):
    path = tmp_path / "floors.json"
    path.write_text(text)
    with pytest.raises(QuestionError, match="is no floor file"):
        Floors.read(path)
    with pytest.raises(QuestionError, match="cannot be read"):
        Floors.read(tmp_path / "none.json")


def test_floors_that_cannot_be_written_are_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(QuestionError, match="cannot be written"):
        gates.write_floors(tmp_path / "file" / "floors.json", runs(0)[0])


def errors(n: int):
    """A run of 60 questions, n of them wrong."""
    return result([row(f"q{i}", {"WrongOnly": float(i < n), "F1": 0.5}) for i in range(60)])


def test_more_errors_are_worse():
    few, many = errors(5), errors(25)

    found = compare(few, many, by="WrongOnly")

    assert found.differences["WrongOnly"].better is False
    assert found.regressions == ["WrongOnly"]
    assert ([c.a.id for c in found.lost], found.won) == ([f"q{n}" for n in range(5, 25)], ())
    assert compare(many, few).regressions == []
    with pytest.raises(GateFailed, match=r"WrongOnly rose from 0.08333 to 0.4167"):
        gates.check_comparison(found)


def test_of_an_error_rate_a_floor_file_bounds_the_rise(tmp_path):
    few, many = errors(5), errors(25)
    path = tmp_path / "floors.json"
    gates.write_floors(path, few)

    assert json.loads(path.read_text())["floors"]["WrongOnly"] == pytest.approx(
        few.measures["WrongOnly"].high, abs=0.001
    )
    Floors.read(path).check(few)
    Floors.read(path).check(errors(0))
    with pytest.raises(GateFailed, match=r"WrongOnly is 0\.4167, not <="):
        Floors.read(path).check(many)
    gates.write_floors(path, errors(60))
    assert "WrongOnly" not in json.loads(path.read_text())["floors"]


def test_no_regression():
    a, b = runs(15)
    gates.check_comparison(compare(a, b))
    with pytest.raises(GateFailed, match=r"GoldInAnswer fell from 0.5833 to 0.3333"):
        gates.check_comparison(compare(b, a))
