"""Normalisation: SQuAD's on plain English, and what French and numbers add."""

from __future__ import annotations

import random

import pytest
from torchmetrics.functional.text import squad

from qa.evaluation.answers import token_f1
from qa.evaluation.normalise import contains, tokens

WORDS = (
    "the a an of Theatre anthem, a. cat's U.S. co-op (bank) river; Paris! said that AN The "
    "treaty? theme under_score signed: 'quoted' \"double\" and/or x-ray"
).split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Cat sat on a mat.", "cat sat on mat"),
        ("An apple, an anthem", "apple anthem"),
        ("U.S. co-op's  (the)\tbank", "us coops bank"),
        ("a an the", ""),
        ("Theatre another", "theatre another"),
        ("Saint Bernadette Soubirous!", "saint bernadette soubirous"),
    ],
)
def test_english_by_hand(text, expected):
    assert " ".join(tokens(text, "en")) == expected


def test_exact_match_and_f1_are_those_of_torchmetrics_on_plain_english():
    rng = random.Random(3)
    seen = set()
    for _ in range(300):
        said = " ".join(rng.choices(WORDS, k=rng.randint(1, 8)))
        gold = " ".join(rng.choices(WORDS, k=rng.randint(1, 5)))
        if not tokens(said, "en") or not tokens(gold, "en"):
            continue  # SQuAD 1.1 has no rule for nothing; 2.0 has, tested below
        found = squad(
            [{"prediction_text": said, "id": "q"}],
            [{"answers": {"answer_start": [0], "text": [gold]}, "id": "q"}],
        )
        f1 = token_f1(tokens(said, "en"), tokens(gold, "en"))
        assert f1 == pytest.approx(float(found["f1"]) / 100, abs=1e-6), (said, gold)
        assert (tokens(said, "en") == tokens(gold, "en")) == bool(found["exact_match"])
        seen.add(round(f1, 1))
    assert len(seen) > 5


@pytest.mark.parametrize(("said", "gold", "f1"), [((), (), 1), (("x",), (), 0), ((), ("x",), 0)])
def test_f1_of_nothing_as_in_squad_2(said, gold, f1):
    assert token_f1(said, gold) == f1


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("L’armée d'État", "armée Etat", "fr"),
        ("les « Forces armées »", "forces armees", "fr"),
        ("Une ville du sud", "ville sud", "fr"),
        ("Œuvre d'Émile Zola", "oeuvre Emile Zola", "fr"),
        ("10 000 hommes", "10.000 hommes", "fr"),
        ("10\u202f000 hommes", "dix mille hommes", "fr"),
        ("quatre-vingt-dix-sept", "97", "fr"),
        ("soixante et onze morts", "71 morts", "fr"),
        ("1,5 million d'euros", "1 500 000 euros", "fr"),
        ("14,2 milliards", "14.2 milliards", "fr"),
        ("deux mille dix-sept", "2017", "fr"),
        ("vingt et un", "21", "fr"),
        ("5 €", "5€", "fr"),
        ("10,000 men", "ten thousand men", "en"),
        ("twenty-three", "23", "en"),
        ("one hundred and five", "105", "en"),
        ("one bridge", "1 bridge", "en"),
        ("$1.5 billion", "1,500,000,000", "en"),
        ("3.50", "3.50.", "en"),
    ],
)
def test_the_same_said_twice(one, other, language):
    assert tokens(one, language) == tokens(other, language)


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("3.5", "35", "en"),
        ("2016", "2017", "en"),
        ("le Mans", "la Manche", "fr"),
        ("1,5 million", "15 millions", "fr"),
        ("un pont", "deux ponts", "fr"),
        ("2016 2017", "20162017", "en"),
    ],
)
def test_not_the_same(one, other, language):
    assert tokens(one, language) != tokens(other, language)


def test_contains_needs_whole_tokens_in_a_row():
    text = tokens("The treaty was signed in Paris in 1951.", "en")
    assert contains(text, tokens("Paris, in 1951", "en"))
    assert not contains(text, tokens("Par", "en"))
    assert not contains(text, tokens("signed Paris", "en"))
    assert not contains(text, ())
