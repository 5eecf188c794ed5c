"""Thoughts before an answer, cut into pieces in every way."""

from __future__ import annotations

import pytest

from qa.models.thoughts import Thoughts


def said(pieces: list[str]) -> str:
    thoughts = Thoughts()
    found = [thoughts.without(piece) for piece in pieces]
    return "".join([*found, thoughts.without("", last=True)])


@pytest.mark.parametrize(
    ("whole", "answer"),
    [
        ("<think>Who? Her.</think>\n\nTanguy led them.", "Tanguy led them."),
        ("\n<think></think>\n\nTanguy.", "Tanguy."),
        ("Tanguy led them.", "Tanguy led them."),
        (" Tanguy wrote <think>, he says.", " Tanguy wrote <think>, he says."),
        ("<thin paper>", "<thin paper>"),
        ("<thi", "<thi"),
        ("<think>It never ends", ""),
        ("", ""),
    ],
)
def test_thoughts_are_left_out_wherever_pieces_end(whole: str, answer: str):
    for size in range(1, len(whole) + 2):
        pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
        assert said(pieces) == answer


def test_an_answer_is_not_held_back():
    thoughts = Thoughts()
    assert thoughts.without("Tan") == "Tan"
    assert thoughts.without("guy") == "guy"
