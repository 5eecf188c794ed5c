"""What is proposed to be asked next: about names of the quotes that nobody has asked about."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from qa.assistant import Assistant
from qa.documents.article import Article
from qa.language.sentences import Span
from qa.server.page.chats import Turn
from qa.server.page.render import suggested
from qa.server.page.suggestions import LONGEST, follow_ups, named
from qa.server.page.texts import ENGLISH, FRENCH
from qa.types import Answer, Citation, Language, Question
from tests.fakes import hit
from tests.page import ASKED, Browser, answer, open_page

TEXT = (
    "Ida Brandt read the Harbour Post near Sandmouth, said Yann Le Goff. "
    "Norwegian experts of the WHO came on Tuesday."
)


def quoting(text: str, asked: str = "Who?", language: Language = "en", **changes: Any) -> Answer:
    """An answer that quotes a text."""
    article = Article.create(text=text, origin="a", language=language)
    question = Question(asked, standalone=asked, language=language)
    cited = (Citation(1, article, Span(0, len(article.text))),)
    return answer(question=question, language=language, **{"citations": cited, **changes})


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (TEXT, ["Ida Brandt", "Harbour Post", "Sandmouth", "Yann Le Goff"]),
        ("L’Union de la Mer parla d’Ida Brandt à Lyon, lundi.", ["Union de la Mer", "Ida Brandt"]),
        ("He read Ida Brandt's book in March, in Orm.", ["Ida Brandt", "Orm"]),
        ("The Russian army left. Yesterday, He Spoke. In 2017, Tuesday.", []),
        ("", []),
    ],
)
def test_names_are_people_places_and_bodies_without_what_stands_before_them(
    text: str, names: list[str]
) -> None:
    found = list(named(text))
    assert [name for name in found if name in names] == names
    assert not {"Norwegian", "Russian", "Tuesday", "Yesterday", "March", "lundi"} & set(found)


def test_up_to_three_names_that_no_question_had_in_the_order_of_the_quotes() -> None:
    first = follow_ups(quoting(TEXT, "Who is Brandt?"), ["And Le Goff?"])
    assert first == [
        "What do the articles say about Harbour Post?",
        "What do the articles say about Sandmouth?",
    ]
    assert len(follow_ups(quoting(f"{TEXT} She met Ole Quill and Nora Berg."), [])) == 3
    assert follow_ups(quoting("Ida Brandt came, and Mrs Brandt left Ida Brandt."), []) == [
        "What do the articles say about Ida Brandt?"
    ]
    assert follow_ups(quoting("Ida Brandt est venue.", language="fr"), []) == [
        "Que disent les articles sur Ida Brandt ?"
    ]


def test_what_is_too_long_for_a_button_is_left_out() -> None:
    long = " ".join(["Otter"] * 15)
    (question,) = follow_ups(quoting(f"He saw {long} and Ida Brandt."), [])
    assert question.endswith("Ida Brandt?")
    assert len(question) <= LONGEST


def test_after_the_quotes_come_the_passages_and_an_abstention_has_only_these() -> None:
    found = hit(Article.create(text="Nora Berg swims in Orm.", origin="b", language="en"))
    assert [
        q.rpartition(" ")[2] for q in follow_ups(quoting("Ole Quill ran.", hits=(found,)), [])
    ] == (["Quill?", "Berg?", "Orm?"])
    silent = quoting("Ole Quill ran.", citations=(), hits=(found,), abstained=True)
    assert len(follow_ups(silent, [])) == 2
    assert follow_ups(replace(silent, hits=()), []) == []


def test_buttons_stand_under_a_finished_answer_only() -> None:
    turn = Turn("Who?", answer=quoting("Ole Quill ran."), running=False)
    html = suggested([turn], ENGLISH)
    assert 'data-do="ask" data-text="What do the articles say about Ole Quill?" lang="en"' in html
    assert f'aria-label="{FRENCH.evidence.suggestions}"' in suggested([turn], FRENCH)
    writing = Turn("Who?", answer=replace(quoting("Ole Quill ran."), stage="writing"))
    for turns in ([], [turn, Turn("And?")], [writing], [Turn("Who?", running=False)]):
        assert suggested(turns, ENGLISH) == ""


def test_the_page_proposes_with_the_answer_and_no_more_while_the_next_is_written(
    assistant: Assistant,
) -> None:
    ann = Browser(open_page(assistant))
    ann.ask(ASKED)
    proposed = re.findall(r'data-text="([^"]+)"', ann["next"])
    assert proposed
    asking = ann.doing("ask", text=proposed[0])
    next(asking)
    assert ann["next"] == ""
    list(asking)
    assert proposed[0] not in ann["next"]
