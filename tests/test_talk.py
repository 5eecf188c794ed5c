"""Small talk is answered at once, and nothing else is taken for it."""

from __future__ import annotations

import pytest

from qa.talk import reply


@pytest.mark.parametrize(
    ("message", "starts"),
    [
        ("Bonjour !", "Bonjour"),
        ("Bonsoir", "Bonjour"),
        ("Bonjour à tous !", "Bonjour"),
        ("merci beaucoup", "Je vous en prie"),
        ("Bonjour, qui es-tu ?", "Je réponds"),
        ("Comment ça marche ?", "Je réponds"),
        ("à bientôt…", "Au revoir"),
    ],
)
def test_french(message: str, starts: str):
    assert (reply(message, "fr") or "").startswith(starts)


@pytest.mark.parametrize(
    ("message", "starts"),
    [
        ("Hello", "Hello"),
        ("Good morning!", "Hello"),
        ("Hi there", "Hello"),
        ("Hello everyone, who are you?", "I answer"),
        ("thanks a lot", "You are welcome"),
        ("Hi, who are you?", "I answer"),
        ("What can you do?", "I answer"),
        ("Bye!", "Goodbye"),
    ],
)
def test_english(message: str, starts: str):
    assert (reply(message, "en") or "").startswith(starts)


@pytest.mark.parametrize(
    "message",
    [
        "Bonjour, qui est le maréchal Haftar ?",
        "Hello, where did the training take place?",
        "Merci de me dire où est Tobrouk",
        "Qui es-tu allé voir à Tobrouk ?",
        "Who are you quoting on Libya?",
        "Bonjour tristesse",
        "Comment marche l'embargo ?",
        "Help for refugees in Libya",
        "",
        "?",
    ],
)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_question_is_a_question_whatever_stands_in_front(message: str, language):
    assert reply(message, language) is None
