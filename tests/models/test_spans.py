"""Decoding: the span told is one of those given, near most of them, and short."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.models.spans import best_span

TEXT = "Le pont a rouvert jeudi à Kervalec, en Bretagne. Maëlle Tanguy a dirigé les travaux."


def place(part: str) -> tuple[int, int]:
    start = TEXT.index(part)
    return start, start + len(part)


def told(**scores: float) -> str:
    parts = {name.replace("_", " "): score for name, score in scores.items()}
    start, end = best_span(TEXT, [place(part) for part in parts], list(parts.values()))
    return TEXT[start:end]


def test_one_span_is_told_whatever_it_costs():
    assert best_span("à Kervalec", [(0, 10)], [-7.0]) == (0, 10)


def test_many_that_overlap_outweigh_a_likelier_one_elsewhere():
    parts = {"jeudi": 1.0, "Maëlle Tanguy": 0.8, "Maëlle": 0.5, "Tanguy": 0.5}
    start, end = best_span(TEXT, [place(p) for p in parts], list(parts.values()))
    assert TEXT[start:end] == "Maëlle Tanguy"


def test_far_likelier_is_told_all_the_same():
    assert told(jeudi=9.0, Maëlle_Tanguy=0.8, Maëlle=0.5, Tanguy=0.5) == "jeudi"


@pytest.mark.parametrize(
    ("long", "short"),
    [
        ("à Kervalec", "Kervalec"),
        ("Bretagne. Maëlle Tanguy", "Bretagne"),
        ("Kervalec, en Bretagne", "Kervalec"),
    ],
)
def test_of_two_that_are_alike_the_shorter_is_told(long: str, short: str):
    start, end = best_span(TEXT, [place(long), place(short)], [0.1, 0.0])
    assert TEXT[start:end] == short


def test_an_abbreviation_ends_no_sentence():
    text = "au VIIIe siècle av. J.-C. dans la plaine"
    both = [(3, 25), (3, 15)]
    assert best_span(text, both, [1.0, 0.5]) == (3, 25)


@given(st.text(max_size=80), st.data())
def test_it_is_one_of_those_given(text: str, data: st.DataObject):
    text = f"{text}x"
    pair = st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))
    some = st.lists(pair.filter(lambda p: p[0] < p[1]), min_size=1, max_size=20, unique=True)
    spans = data.draw(some)
    scores = data.draw(st.lists(st.floats(-1e9, 50), min_size=len(spans), max_size=len(spans)))
    assert best_span(text, spans, scores) in spans
