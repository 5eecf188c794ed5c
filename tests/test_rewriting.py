"""Follow-ups: what leans on the history is completed from it, and nothing else is touched."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.answer import Question
from qa.errors import AnswerError
from qa.filters import Filters
from qa.rewriting import make_standalone, needs_history, rewrite_with
from tests.fakes import Scripted

FRENCH = (
    "Qui a formé les soldats libyens en janvier 2017 ?",
    "Des experts russes, à Tobrouk et à Benghazi [1].",
)
ENGLISH = (
    "Who visited the carrier Kuznetsov in January 2017?",
    "Khalifa Haftar visited it on 11 January [1].",
)


def added(text: str, *history: str) -> str:
    """What was put behind the question, or nothing."""
    standalone = make_standalone(Question(text, history)).standalone
    assert standalone.startswith(text.strip())
    return standalone[len(text.strip()) :]


@pytest.mark.parametrize(
    "text",
    [
        "Et où ?",
        "Où ?",
        "Combien étaient-ils ?",
        "Et en 2019 ?",
        "Qui les a payés, et pourquoi eux ?",
        "Que font-ils là-bas ?",
        "Pourquoi ?",
    ],
)
def test_french_follow_ups_get_their_topic(text: str):
    assert "soldats" in added(text, *FRENCH)


@pytest.mark.parametrize(
    "text", ["And in 2019?", "When?", "What did he say?", "Why there?", "How long did it last?"]
)
def test_english_follow_ups_get_their_topic(text: str):
    assert "Kuznetsov" in added(text, *ENGLISH)


@pytest.mark.parametrize(
    "text",
    [
        "Où se tient la conférence de Palerme ?",
        "Who signed the Skhirat agreement in Morocco?",
        "Y a-t-il un embargo sur les armes en Libye ?",
        "Qu'est-ce que le gouvernement d'union nationale ?",
        "Was there an explosion in the port of Beirut?",
    ],
)
def test_what_stands_alone_is_left_alone(text: str):
    history = FRENCH if text.startswith(("Où", "Y", "Qu")) else ENGLISH
    assert added(text, *history) == ""


@pytest.mark.parametrize("text", ["Et où ?", "Who trained them?"])
def test_without_history_nothing_is_added(text: str):
    assert added(text) == ""


def test_a_date_in_the_follow_up_replaces_the_topics():
    assert "2017" not in added("Et en 2019 ?", *FRENCH)
    assert "janvier" not in added("Et en 2019 ?", *FRENCH)
    assert "2017" in added("Et où ?", *FRENCH)


def test_names_of_the_answer_are_carried_over():
    assert "Tobrouk" in added("Pourquoi là-bas ?", *FRENCH)
    assert "[1]" not in added("Pourquoi là-bas ?", *FRENCH)


def test_the_topic_lasts_through_several_follow_ups():
    history = (*FRENCH, "Et combien ?", "Une dizaine [1].", "Pourquoi ?", "Pour les former [1].")
    assert "soldats" in added("Et quand ?", *history)


def test_a_new_question_changes_the_topic():
    history = (*FRENCH, "Où se tient la conférence de Palerme ?", "À Palerme, en Sicile [1].")
    follow_up = added("Et quand ?", *history)
    assert "Palerme" in follow_up
    assert "soldats" not in follow_up


def test_words_already_there_are_not_repeated():
    assert "soldats" not in added("Et ces soldats ?", *FRENCH)


def test_the_language_is_that_of_the_question_or_of_the_talk():
    assert make_standalone(Question("And where?", FRENCH)).language == "en"
    assert make_standalone(Question("Tobrouk ?", FRENCH)).language == "fr"
    assert make_standalone(Question("Tobrouk?", ENGLISH)).language == "en"
    assert make_standalone(Question("Where?", language="fr")).language == "fr"


def test_all_else_of_the_question_stays():
    question = Question("Et où ?", FRENCH, Filters(language="fr"), answerer="extractive")
    rewritten = make_standalone(question)
    assert (rewritten.text, rewritten.history) == (question.text, question.history)
    assert (rewritten.filters, rewritten.answerer) == (question.filters, "extractive")


@given(st.text(max_size=60), st.lists(st.text(max_size=40), max_size=4))
def test_what_was_typed_is_never_changed(text: str, history: list[str]):
    rewritten = make_standalone(Question(text, tuple(history)))
    assert rewritten.standalone.startswith(text.strip())
    assert rewritten.language in ("fr", "en")


def test_the_gate_by_itself():
    assert needs_history("Et où ?", "fr")
    assert not needs_history("Où est Tobrouk ?", "fr")


HISTORY = ("Where will Russia train Haftar's troops?", "In Tobruk, says a source in Libya [1].")


@pytest.mark.parametrize(
    "text",
    [
        "Will there be elections in Libya?",
        "What is the arms embargo?",
        "quelle est la recette des crêpes",
        "How many victims have there been in Beirut after the explosion?",
        "Who said that Macron resigned?",
        "What did Italy do about its ports?",
        "Where did Sarraj and his ministers land?",
        "Pourquoi Sarraj et son équipe sont-ils venus en bateau ?",
    ],
)
def test_a_new_topic_gets_nothing_of_the_old_one(text: str):
    assert make_standalone(Question(text, HISTORY)).standalone == text


@pytest.mark.parametrize("thanks", ["Merci", "Thanks!", "Bonjour", "OK, merci", "Great, thanks 🙏"])
def test_small_talk_is_neither_rewritten_nor_a_topic(thanks: str):
    assert make_standalone(Question(thanks, HISTORY)).standalone == thanks
    after = (*HISTORY, thanks, "You are welcome.")
    followed = make_standalone(Question("And when?", after)).standalone
    assert "Russia" in followed
    assert "welcome" not in followed
    alone = make_standalone(Question("And when?", (thanks, "You are welcome."))).standalone
    assert alone == "And when?"


def test_names_of_an_answer_are_whole_and_nothing_more():
    said = "On 23 June the United Kingdom decided to leave, says L'équipe de France de football."
    standalone = make_standalone(Question("And why?", ("Who voted?", said))).standalone
    assert "United Kingdom" in standalone
    assert "decided" not in standalone
    assert not re.search(r"\bde(?:,|$)", standalone)


BORN = Question("Where was she born?", ("Who led the works?", "Maëlle Tanguy [1]."))


def test_a_model_rewrites_what_leans_on_its_history():
    model = Scripted(reply="Where was Maëlle Tanguy born?\nIn Kervalec.")
    assert rewrite_with(model, BORN) == "Where was Maëlle Tanguy born?"
    asked = str(model.asked[0][-1].content)
    assert "Maëlle Tanguy" in asked
    assert asked.endswith("Where was she born?")


def test_a_model_is_stopped_after_its_first_line():
    model = Scripted(reply="Where was Maëlle Tanguy born?\n and then much more")
    assert rewrite_with(model, BORN)
    assert model.closed
    assert "more " not in model.said


@pytest.mark.parametrize(
    "reply",
    [
        "In Brest.",
        "Where was Maëlle Tanguy born in 1974?",
        "Where was Nora Quill born?",
        "Who led the works?",
        "Where was she born?",
        "Where was she born? And when was Maëlle Tanguy born?",
        "Where was she born, " + "and so on " * 40 + "?",
        "",
    ],
)
def test_what_a_model_may_not_say(reply: str):
    """No answer, new name or number, other or same question, second question, or flood."""
    assert rewrite_with(Scripted(reply=reply), BORN) is None


@pytest.mark.parametrize(
    "question",
    [
        Question("Where was she born?"),
        Question("Where is the port of Beirut?", BORN.history),
    ],
)
def test_a_model_is_not_asked_about_what_stands_alone(question: Question):
    model = Scripted(reply="anything?")
    assert rewrite_with(model, question) is None
    assert model.asked == []


def test_a_model_that_fails_leaves_it_to_the_rules(caplog: pytest.LogCaptureFixture):
    model = Scripted(reply="Where was", fails_after=1, failure=AnswerError("out of time"))
    assert rewrite_with(model, BORN) is None
    assert "out of time" in caplog.text


def test_a_model_is_asked_in_the_language_of_the_question():
    model = Scripted(reply="Où est née Maëlle Tanguy ?")
    question = Question("Où est-elle née ?", ("Qui a dirigé les travaux ?", "Maëlle Tanguy [1]."))
    assert rewrite_with(model, question) == "Où est née Maëlle Tanguy ?"
    assert str(model.asked[0][-1].content).startswith("Utilisateur : ")


LONG = (
    *("Why did the dockers of Sandmouth go on strike?", "They asked for safer cranes [1]."),
    *("How long did it last?", "Nine days [1]."),
    *("Who led it?", "A crane driver, Ida Brandt [1]."),
    *("Was she paid?", "The fund of the union paid [2]."),
    *("And the others?", "The others too [2]."),
    *("How did the harbour authority react?", "It bought three cranes [1]."),
    *("What did they cost?", "Four million [3]."),
    *("Why so much?", "Steel was dear [3]."),
    *("Who sold them?", "A firm in Orm [3]."),
    *("When?", "In May [3]."),
    *("Did the strike end then?", "It ended at once [1]."),
    *("And after that?", "Work went on [1]."),
)


@pytest.mark.parametrize("turns", range(1, 13))
def test_over_a_dozen_turns_the_topic_is_neither_lost_nor_a_bag(turns: int):
    carried = added("And what did they say about it?", *LONG[: 2 * turns])
    assert re.search("strike|dockers|Sandmouth", carried)
    assert len(carried.removeprefix(" — ").split()) <= 8


def test_what_is_carried_is_what_the_talk_comes_back_to():
    history = (
        "I am hosting a dinner and was out of the loop. What was the Palermo conference about?",
        "The Palermo conference was about elections.",
        "Who was at the conference?",
        "Haftar came late.",
    )
    carried = added("Why?", *history)
    assert "conference" in carried
    assert "hosting" not in carried
    assert "loop" not in carried


@pytest.mark.parametrize(
    "text",
    [
        "Interesting. Tell me more.",
        "They're not all bad, right?",
        "Are there any others?",
        "Y en a-t-il d'autres ?",
        "Dites-m'en plus.",
    ],
)
def test_it_also_leans_when_it_says_so(text: str):
    assert needs_history(text, "fr" if text.startswith(("Y", "D")) else "en")


def test_a_reaction_before_a_whole_question_changes_nothing():
    text = "OK, where is the port of Beirut?"
    assert added(text, *ENGLISH) == ""


def test_a_question_on_the_same_thing_gets_little():
    history = ("Are search engines biased?", "They can be biased, like their designers.")
    carried = added("How are unbiased results found?", *history)
    assert "engines" in carried
    assert 0 < len(carried.removeprefix(" — ").split()) <= 3


@pytest.mark.parametrize(
    "text",
    [
        "Could you provide the procedures for a child support case?",
        "When do I start saving for my retirement?",
        "I keep seeing the word Kubernetes, but I am not understanding this term",
        "There certainly are scientists who care about violent culture!",
    ],
)
def test_what_says_itself_what_it_is_about_gets_nothing(text: str):
    """Each of these was taken for a follow-up and found the old topic's passages instead."""
    history = ("How is support for the retirement of scientists saved?", "By case, in a fund.")
    assert added(text, *history) == ""
