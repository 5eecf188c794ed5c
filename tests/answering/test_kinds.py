"""Kinds of question: clear ones are told apart by their words alone, in both languages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from qa.answering.kinds import KINDS, WEIGHTS, Kind, asked_sentence, buckets, kind_of, read
from tests.fakes import BagOfWords

CLEAR: list[tuple[Kind, str]] = [
    ("fact", "Quand le pont de Kervalec a-t-il rouvert ?"),
    ("fact", "Où le sommet a-t-il eu lieu ?"),
    ("fact", "How many people crossed the bridge?"),
    ("fact", "Who led the works?"),
    ("list", "Quels pays ont voté contre la résolution ?"),
    ("list", "Citez les villes touchées par les inondations."),
    ("list", "Name the companies that were fined."),
    ("open", "Pourquoi le maire a-t-il démissionné ?"),
    ("open", "Comment l'accident s'est-il produit ?"),
    ("open", "How did the fire start?"),
    ("yesno", "Le pont est-il fermé aux voitures ?"),
    ("yesno", "Est-ce que les dockers ont repris le travail ?"),
    ("yesno", "Did the mayor resign?"),
    ("summary", "Résume les articles sur la grève."),
    ("summary", "Summarise the strike at the port."),
    ("person", "Qui est Maëlle Tanguy ?"),
    ("person", "Who is Ida Brandt?"),
    ("compare", "Quelle est la différence entre le pont et le tunnel ?"),
    ("compare", "Compare the plans of the mayor and of the engineer."),
    ("index", "Combien d'articles avez-vous ?"),
    ("index", "De quelles sources viennent les articles ?"),
    ("index", "How many articles do you have?"),
    ("talk", "Bonjour, comment ça va ?"),
    ("talk", "Que sais-tu faire ?"),
    ("talk", "Thank you very much!"),
]


@pytest.mark.parametrize(("kind", "question"), CLEAR)
def test_a_clear_question_is_told_without_the_embedder(kind: Kind, question: str):
    assert kind_of(question) == kind


def test_the_table_has_every_kind_twice():
    counts = Counter(kind for kind, _ in CLEAR)
    assert counts.keys() == set(KINDS)
    assert min(counts.values()) >= 2


def test_an_embedder_that_the_weights_were_not_trained_with_does_not_count():
    embedder = BagOfWords()
    assert read("Who led the works?", embedder) == read("Who led the works?")
    assert embedder.calls == 0


def test_the_embedder_of_the_weights_counts_once_for_a_message():
    asked: list[str] = []

    class Known:
        fingerprint = str(np.load(WEIGHTS)["embedder"])

        def queries(self, texts: Sequence[str]) -> np.ndarray:
            asked.extend(texts)
            return np.eye(len(texts), 384, dtype=np.float32)

    embedder = Known()
    first = read("Zut. Who led the works?", embedder)
    assert read("Zut. Who led the works?", embedder) == first
    assert asked == ["Who led the works?"]
    assert first.leans != read("Zut. Who led the works?").leans


@pytest.mark.parametrize(
    ("leaning", "whole"),
    [
        ("Et pourquoi ?", "Pourquoi les dockers de Sandmouth ont-ils fait grève ?"),
        ("And when?", "Who led the works on the Kervalec bridge?"),
        ("Qui l'a dirigé ?", "Quand le pont de Kervalec a-t-il rouvert ?"),
        ("Why did it close?", "Who is Ida Brandt?"),
    ],
)
def test_what_leans_on_the_conversation_is_likelier_to(leaning: str, whole: str):
    assert read(leaning).leans > 0.7 > 0.4 > read(whole).leans


@pytest.mark.parametrize(
    ("message", "asked"),
    [
        ("The bridge is open. Who led the works?", "Who led the works?"),
        ("Who led the works? Thank you.", "Who led the works?"),
        ("Who led them? When did it open?", "When did it open?"),
        ("Did it open? No?", "Did it open?"),
        ("Kervalec bridge", "Kervalec bridge"),
        ("", ""),
    ],
)
def test_of_several_sentences_the_last_that_asks_counts(message: str, asked: str):
    assert asked_sentence(message) == asked


def test_the_topic_does_not_count():
    assert set(buckets("Quand Kervalec ?")) & set(buckets("Quand Harwick ?"))
    names = ["Who is Kervalec?", "Who is Harwick?", "Who is Brandt?"]
    assert {kind_of(name) for name in names} == {"person"}
