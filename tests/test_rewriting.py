"""Follow-ups: what leans on the history is completed from it, and nothing else is touched.

The table is in data/followups.tsv: what was talked of, a word that a question must carry from it
("-" for nothing at all), and the question.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

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


TALKS = {
    ("fr", "navy"): (
        "Pourquoi Haftar a-t-il visité le porte-avions Kouznetsov en janvier 2017 ?",
        "Pour une visioconférence avec Moscou, près de Tobrouk [1].",
    ),
    ("en", "navy"): (
        "Why did Haftar visit the carrier Kuznetsov in January 2017?",
        "For a video call with Moscow, off Tobruk [1].",
    ),
    ("fr", "prices"): (
        "Qu'est-ce que le bouclier tarifaire ?",
        "Un plafond du prix de l'électricité, payé par l'État [1].",
    ),
    ("en", "prices"): (
        "What is the energy price cap?",
        "A limit on what suppliers may charge, set by the regulator [1].",
    ),
}
with (Path(__file__).parent / "data" / "followups.tsv").open(encoding="utf-8") as file:
    TABLE = list(csv.DictReader(file, delimiter="\t"))


def test_the_table_has_both_kinds_in_both_languages():
    for language in ("fr", "en"):
        new = [row["carried"] == "-" for row in TABLE if row["language"] == language]
        assert (new.count(True), new.count(False)) == (20, 20)


@pytest.mark.parametrize("row", TABLE, ids=[row["question"] for row in TABLE])
def test_a_follow_up_carries_its_topic_and_a_new_topic_nothing(row: dict[str, str]):
    carried = added(row["question"], *TALKS[row["language"], row["talk"]])
    if row["carried"] == "-":
        assert carried == ""
    else:
        assert row["carried"] in carried


@pytest.mark.parametrize(
    ("text", "leans"),
    [
        ("So who pays?", True),
        ("So who won the World Cup in Qatar?", False),
        ("But why did Haftar visit the Kremlin?", True),
        ("But why did Spain win the Cup?", False),
        ("Then what happened in May 2018?", True),
        ("Is it true?", True),
        ("Is it true that Haftar died?", True),
        ("Is it true that Elvis died?", False),
        ("Is it legal to smoke in Spain?", False),
        ("Is it legal to do so in Spain?", True),
        ("Is it close to Spain?", True),
        ("How long did it take to reach Spain?", True),
        ("What happened this week?", True),
        ("What happened this week in Spain?", False),
        ("What happened that week in Spain?", True),
        ("Which is the law that bans Telegram?", False),
        ("Who signed that law in Spain?", True),
        ("Were both pilots killed?", True),
        ("Were both pilots killed in Nepal?", False),
        ("Were both killed in Nepal?", True),
    ],
)
def test_weak_signs_count_unless_the_question_names_something_else(text: str, leans: bool):
    assert (added(text, *TALKS["en", "navy"]) != "") is leans


@pytest.mark.parametrize(
    ("text", "leans"),
    [
        ("Alors qui a payé ?", True),
        ("Alors qu'a dit Haftar ?", True),
        ("Alors qui a gagné le Tour de France ?", False),
        ("Mais où en est l'enquête ?", True),
        ("Mais où en est l'enquête de Grenoble ?", False),
        ("Que s'est-il passé ce matin ?", True),
        ("Que s'est-il passé ce matin à Grenoble ?", False),
        ("Que s'est-il passé ce jour-là à Grenoble ?", True),
        ("Sa sœur était-elle ce matin à Grenoble ?", True),
    ],
)
def test_weak_signs_in_french(text: str, leans: bool):
    assert (added(text, *TALKS["fr", "navy"]) != "") is leans


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "Démissionnera-t-il ?"),
        ("fr", "Fera-t-il appel ?"),
        ("fr", "Explique-moi ça"),
        ("en", "Isn't he in jail?"),
        ("en", "Didn't they agree?"),
    ],
)
def test_a_verb_with_a_capital_names_no_new_topic(language: str, text: str):
    talk = TALKS[language, "navy"]
    assert "Haftar" in added(text, *talk)
    then = "Et quand ?" if language == "fr" else "And when?"
    assert "Haftar" in added(then, *talk, text, "On ne sait pas [1].")


def test_a_new_topic_behind_a_weak_sign_is_the_topic_of_what_follows():
    history = (*TALKS["en", "navy"], "So who won the 2022 World Cup?", "Argentina did [1].")
    carried = added("And when?", *history)
    assert "World Cup" in carried
    assert "Kuznetsov" not in carried


def test_accents_may_be_written_as_signs_of_their_own():
    written = "Pourquoi c\u0327a ferme-t-il en hiver comme en automne, la\u0300-bas ?"
    assert needs_history(written, "fr")
    assert not needs_history(
        written.replace(", la\u0300-bas", "").replace("c\u0327a", "Lyon"), "fr"
    )


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


@pytest.mark.parametrize("row", ["asdf qwer", "tunnel mandibule"])
def test_a_row_of_keywords_is_searched_as_it_is(row: str):
    assert added(row, *FRENCH) == ""


def test_what_is_no_question_is_no_topic_unless_it_found_something():
    nothing = ("asdf qwer", "Les articles ne le disent pas.")
    assert "asdf" not in added("Et où ?", *FRENCH, *nothing)
    assert "Tobrouk" in added("Et pourquoi ?", *FRENCH, *nothing)
    found = ("pont kervalec", "Un article le dit : « Le pont de Kervalec rouvre. » [1]")
    assert "kervalec" in added("Et quand ?", *found).lower()


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


@pytest.mark.parametrize(
    ("asked", "before", "added"),
    [
        ("Hello, who trained them?", "Who trained the Libyan soldiers?", True),
        ("Bonjour, et en 2022 ?", "Qui a remporté la Coupe du monde en 2018 ?", True),
        ("I'd like to know who trained them", "Who trained the Libyan soldiers?", True),
        ("Qu'est-ce que l'inflation ?", "Qui a remporté la Coupe du monde en 2018 ?", False),
        ("What is inflation?", "Who trained the Libyan soldiers?", False),
        ("What is the embargo?", "Who broke the embargo on arms?", True),
    ],
)
def test_a_greeting_hides_no_follow_up_and_a_definition_is_whole(
    asked: str, before: str, added: bool
):
    found = make_standalone(Question(asked, history=(before, "Somebody [1].")))
    assert (" — " in found.standalone) is added


def test_a_greeting_is_not_carried():
    history = ("Hello, who trained the Libyan soldiers?", "Somebody [1].")
    assert "Hello" not in make_standalone(Question("When?", history=history)).standalone
