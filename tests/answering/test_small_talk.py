"""Small talk is answered at once, and nothing else is taken for it."""

from __future__ import annotations

import pytest

from qa.answering.small_talk import reply


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
        ("OK, merci", "Je vous en prie"),
        ("Parfait, merci", "Je vous en prie"),
        ("Merci, c'est parfait", "Je vous en prie"),
        ("Merci 🙏", "Je vous en prie"),
        ("Non merci, c’est tout.", "Je vous en prie"),
        ("Bonjour, merci pour votre aide", "Je vous en prie"),
        ("Merci, au revoir", "Au revoir"),
        ("Super, merci, bonne journée !", "Au revoir"),
        ("Comment ça va ?", "Bonjour"),
        ("Salut, ça va ?", "Bonjour"),
        ("Merci. À quoi sers-tu ?", "Je réponds"),
        ("Je vous remercie", "Je vous en prie"),
        ("Très bien, merci", "Je vous en prie"),
        ("Merci de votre aide", "Je vous en prie"),
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
        ("OK thanks", "You are welcome"),
        ("Great, thanks", "You are welcome"),
        ("Thank you so much, that's perfect 👍", "You are welcome"),
        ("Thanks, bye", "Goodbye"),
        ("Hello, how are you?", "Hello"),
        ("How does this work?", "I answer"),
        ("Thanks for your help!", "You are welcome"),
        ("Thank you for the answer", "You are welcome"),
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
        "Thanks for the memories",
        "Merci patron, c'est quoi ?",
        "Comment marche l'embargo ?",
        "Help for refugees in Libya",
        "Merci, et quand ?",
        "OK, et Haftar ?",
        "Parfait, où est Tobrouk ?",
        "Great Britain",
        "Super Bowl",
        "Thanks to whom did Haftar win?",
        "Comment ça va se passer ?",
        "Ça va coûter combien ?",
        "OK-Corral ?",
        "🙏",
        "",
        "?",
    ],
)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_question_is_a_question_whatever_stands_in_front(message: str, language):
    assert reply(message, language) is None


BEFORE = ("Qu'est-ce que le bouclier tarifaire ?", "Un plafond du prix de l'électricité [1].")


@pytest.mark.parametrize(
    "message",
    ["Comment ça marche ?", "À quoi ça sert ?", "How does it work?", "OK, how does it work?"],
)
def test_it_is_the_assistant_until_something_was_asked(message: str):
    greeted = ("Bonjour", "Bonjour ! Posez une question.")
    assert reply(message, "en") == reply(message, "en", greeted) == reply("Who are you?", "en")
    assert reply(message, "en", BEFORE) is None
    assert reply(message, "en", (*greeted, *BEFORE, "Merci", "Je vous en prie.")) is None


@pytest.mark.parametrize("message", ["Qui es-tu ?", "How do you work?", "Merci", "Comment ça va ?"])
def test_thanks_and_the_assistant_itself_are_small_talk_at_any_time(message: str):
    assert reply(message, "fr", BEFORE) == reply(message, "fr") is not None


def test_a_long_message_is_told_at_once():
    assert reply("merci ok merci beaucoup super " * 2000 + "Haftar ?", "fr") is None
