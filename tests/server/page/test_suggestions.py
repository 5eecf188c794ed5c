"""What is proposed to be asked: what is new, named by the articles and answered by the index."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from qa.assistant import Assistant
from qa.documents.article import Article, PartialDate
from qa.documents.filters import Filters
from qa.index.build import index_paths
from qa.index.directory import LiveIndex
from qa.language.sentences import Span
from qa.models.loading import LanguageModel
from qa.models.reader import Span as ReadSpan
from qa.search.rerank import Reranker
from qa.search.retriever import HybridRetriever
from qa.server.page import suggestions
from qa.server.page.chats import Turn
from qa.server.page.examples import first_questions
from qa.server.page.render import suggested
from qa.server.page.suggestions import LONGEST, follow_ups, ideas
from qa.server.page.texts import ENGLISH
from qa.settings import Settings
from qa.telemetry import Telemetry
from qa.types import Answer, Citation, Language, Question
from tests.fakes import BagOfWords, Scripted
from tests.hostile import Markup
from tests.page import EVIL, Browser, answer, open_page, text_of
from tests.server.api.servers import Given

STORY = """---
id: otters
title: Otters come back to the Orm
date: 2022-05-03
source: The Harbour Post
language: en
---
Otters came back to the river Orm on Tuesday. The biologist Ida Brandt counted six of them.

Mayor Yann Le Goff wants to protect the otters. He spoke in Sandmouth on 12 April 2022. Norwegian
experts helped him, he said in Sandmouth.
"""
OTHERS = {
    "brandt": "Ida Brandt was born in a small village. She has studied otters for twenty years.",
    "goff": "Yann Le Goff was elected mayor last year. Yann Le Goff is a former teacher.",
    "port": "Dockers went on strike in Sandmouth for nine days. The port of Sandmouth was closed.",
}
QUESTION = "How many otters were counted at the river Orm?"


@pytest.fixture
def assistant(tmp_path: Path) -> Iterator[Assistant]:
    """Over a story and what else is told of its people."""
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "otters.md").write_text(STORY, encoding="utf-8")
    for name, text in OTHERS.items():
        (folder / f"{name}.md").write_text(
            f"---\nid: {name}\ntitle: About {name}\ndate: 2021-01\nlanguage: en\n---\n{text}\n",
            encoding="utf-8",
        )
    settings = Settings(index=tmp_path / "index", llm="none", abstain_below=0.3)
    embedder = BagOfWords()
    index_paths([folder], settings, embedder)
    live = LiveIndex(settings.index, embedder, settings)
    retriever = HybridRetriever(index=live, embedder=embedder)
    with Assistant(settings, live, retriever, LanguageModel(settings, fetch=False)) as opened:
        yield opened


def proposed(assistant: Assistant, question: str = QUESTION, *said: str) -> tuple[str, ...]:
    """What is proposed after the answer to a question."""
    return follow_ups(assistant.ask(question), said, assistant.try_out)


def test_names_near_the_quote_are_proposed_and_all_are_answered(assistant: Assistant) -> None:
    questions = proposed(assistant)
    assert questions
    assert len(questions) <= 3
    assert any("Le Goff" in question for question in questions)
    known = {citation.quote for citation in assistant.ask(QUESTION).citations}
    for question in questions:
        found = assistant.ask(question)
        assert not found.abstained, question
        assert {citation.quote for citation in found.citations} - known, question


def test_what_was_said_is_not_proposed_again(assistant: Assistant) -> None:
    assert any("Le Goff" in q for q in proposed(assistant))
    assert not any("Le Goff" in q for q in proposed(assistant, QUESTION, "Who is Yann Le Goff?"))
    assert not any("Orm" in q for q in proposed(assistant))


def test_an_adjective_a_weekday_and_a_first_word_are_no_names(assistant: Assistant) -> None:
    asked: list[str] = []

    def ask(question: Question) -> Answer:
        asked.append(question.text)
        return replace(assistant.ask(question), abstained=True, citations=())

    assert follow_ups(assistant.ask(QUESTION), (), ask) == ()
    assert asked
    for wrong in ("Norwegian", "Tuesday", "Mayor?", "Otters", "He "):
        assert not any(wrong in question for question in asked), wrong
    assert "What happened on 12 April 2022?" in asked
    assert "What happened in Sandmouth on 12 April 2022?" in asked
    assert len(set(asked)) == len(asked)


def test_what_the_index_does_not_answer_is_not_proposed(assistant: Assistant) -> None:
    def silent(question: Question) -> Answer:
        return replace(assistant.ask(question), abstained=True, citations=())

    assert follow_ups(assistant.ask(QUESTION), (), silent) == ()
    same = assistant.ask(QUESTION)
    assert follow_ups(same, (), lambda question: same) == ()
    assert follow_ups(same, (), assistant.ask)


def test_an_abstention_leads_on_by_the_nearest_articles(assistant: Assistant) -> None:
    question = "Which lawyer founded the zoo of Valparaíso for the otters?"
    silent = assistant.ask(question)
    assert silent.abstained
    assert silent.hits
    questions = follow_ups(silent, (), assistant.try_out)
    assert 0 < len(questions) <= 2
    for each in questions:
        assert not assistant.ask(each).abstained, each
    assert follow_ups(replace(silent, hits=(), citations=()), (), assistant.try_out) == ()


def test_the_filters_stay_in_force(assistant: Assistant) -> None:
    filters = Filters.parse("2022")
    found = assistant.ask(Question(QUESTION, filters=filters))
    asked: list[Question] = []

    def ask(question: Question) -> Answer:
        asked.append(question)
        return assistant.ask(question)

    follow_ups(found, (), ask)
    assert asked
    assert all(question.filters == filters for question in asked)


class Reads:
    """Counts the questions that it reads, and answers none."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def read(
        self, question: str, passages: Sequence[str], *, titles: Sequence[str] = ()
    ) -> list[ReadSpan]:
        """Nothing of use."""
        self.asked.append(question)
        return [ReadSpan(n, 0, 1, text[:1], -9.0, 0.0, 0.0) for n, text in enumerate(passages)]


def test_what_is_tried_out_is_quoted_untraced_and_read_only_if_it_could_be_answered(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads, tracer = Reads(), Telemetry.off()
    retriever = assistant._retriever.model_copy(update={"reading": Reranker(reads, 5)})
    model = Given(assistant.settings, Scripted(reply="A model wrote this [1]."))
    trying = Assistant(assistant.settings, assistant._index, retriever, model, tracer)
    told: list[Question] = []
    monkeypatch.setattr(tracer, "answer", told.append)
    assert trying.try_out(Question("Which lawyer founded the zoo of Valparaíso?")).abstained
    assert reads.asked == []
    assert trying.try_out(Question(QUESTION)).answerer == "extractive"
    assert reads.asked == [QUESTION]
    assert told == []


def test_suggestions_take_no_longer_than_they_may(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suggestions, "_MOST_S", -1.0)
    assert proposed(assistant) == ()


def test_suggestions_are_made_for_one_at_a_time(assistant: Assistant) -> None:
    ann = Browser(open_page(assistant))
    ann.ask(QUESTION)
    with ann.page._suggesting:
        ann.suggest()
        assert ann["next"] == ""
    ann.suggest()
    assert 'data-do="ask"' in ann["next"]


def test_any_corpus_has_first_questions_that_it_answers(assistant: Assistant) -> None:
    for language, questions in first_questions(assistant).items():
        assert questions, language
        assert len(questions) <= 4
        for question in questions:
            assert question.endswith("?")
            assert not assistant.ask(Question(question, language=language)).abstained, question


@pytest.mark.parametrize(
    ("day", "text", "topics"),
    [
        ("2024-06-12", "Il a vu Lyon avant-hier soir.", ["Que s’est-il passé le 10 juin 2024 ?"]),
        ("2024-06-12", "Il a vu Lyon il y a deux trois jours.", []),
        ("9999-12-31", "Il verra Lyon demain.", []),
    ],
)
def test_a_time_told_in_an_article_never_fails(day: str, text: str, topics: list[str]) -> None:
    """The first questions are made before the page opens."""
    article = Article.create(text=text, origin="a", language="fr", date=PartialDate.parse(day))
    found = ideas(article, Span(0, len(text)), "fr")
    assert [idea.text for idea in found if idea.form == "day"] == topics


@pytest.mark.parametrize(
    ("language", "text", "asked"),
    [
        (
            "en",
            (
                "The mayor, Ida Brandt, spoke in Sandmouth in May 2021, after the siege of Orm. "
                "Otters left Sandmouth."
            ),
            {
                "who": "Who is Ida Brandt?",
                "happened": "What happened in Sandmouth in May 2021?",
                "when": "When was the siege of Orm?",
                "cause": "What led to the siege of Orm?",
                "news": "Why is Ida Brandt in the news?",
                "day": "What happened in May 2021?",
            },
        ),
        (
            "fr",
            (
                "Le maire, Ida el-Brandt, élue à Sablon le 3 mai 2021, parla lors du siège d’Orm. "
                "Une loutre a quitté Sablon."
            ),
            {
                "who": "Qui est Ida el-Brandt ?",
                "happened": "Que s’est-il passé à Sablon le 3 mai 2021 ?",
                "when": "Quand a eu lieu le siège d’Orm ?",
                "cause": "Qu’est-ce qui a mené au siège d’Orm ?",
                "news": "Pourquoi parle-t-on d’Ida el-Brandt ?",
                "day": "Que s’est-il passé le 3 mai 2021 ?",
            },
        ),
        (
            "fr",
            "L’Union de la Mer a vu le Conseil du Nord au Caire.",
            {"news": "Pourquoi parle-t-on de l’Union de la Mer ?"},
        ),
    ],
)
def test_questions_take_many_forms_and_name_things_as_their_article_does(
    language: Language, text: str, asked: dict[str, str]
) -> None:
    article = Article.create(text=text, origin="a", language=language, date=PartialDate(2021, 6))
    found = ideas(article, Span(0, len(text)), language)
    firsts: dict[str, str] = {}
    for idea in found:
        firsts.setdefault(idea.form, idea.text)
        assert len(idea.text) <= LONGEST
    assert firsts == asked


def test_who_somebody_is_is_asked_only_if_the_reader_points_to_words_beside_the_name() -> None:
    text = "The biologist Ida Brandt, who is fifty, met Yann Le Goff. Otters came."
    article = Article.create(text=text, origin="a", language="en")
    (who,) = (i for i in ideas(article, Span(0, 9), "en") if i.text == "Who is Ida Brandt?")

    def pointing(to: str) -> Answer:
        start = text.index(to)
        quote = Citation(1, article, Span(0, len(text)), answer=Span(start, start + len(to)))
        return answer(citations=(quote,))

    assert who.quotes(pointing("The biologist"))
    assert who.quotes(pointing("fifty"))
    for beside in ("Ida Brandt", "Yann Le Goff", "Otters"):
        assert not who.quotes(pointing(beside)), beside
    assert not who.quotes(answer(citations=(Citation(1, article, Span(0, len(text))),)))


def test_when_something_was_is_asked_only_if_the_reader_points_to_a_time() -> None:
    text = "Six otters came back in May 2021 after the siege of Orm, which he led."
    article = Article.create(text=text, origin="a", language="en", date=PartialDate(2021, 6))
    (when,) = (idea for idea in ideas(article, Span(0, 9), "en") if idea.form == "when")
    for words, told in (("May 2021", True), ("Six otters", False)):
        start = text.index(words)
        quote = Citation(1, article, Span(0, len(text)), answer=Span(start, start + len(words)))
        assert bool(when.quotes(answer(citations=(quote,)))) is told


def test_an_empty_index_has_none(tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_bytes(b"\0")
    settings = Settings(index=tmp_path / "index", llm="none")
    embedder = BagOfWords()
    index_paths([tmp_path / "bad.txt"], settings, embedder)
    live = LiveIndex(settings.index, embedder, settings)
    retriever = HybridRetriever(index=live, embedder=embedder)
    with Assistant(settings, live, retriever, LanguageModel(settings, fetch=False)) as empty:
        assert first_questions(empty) == {"fr": [], "en": []}


# On the page


def test_buttons_ask_what_is_proposed_after_the_latest_answer() -> None:
    turn = Turn("Who?", answer=answer(), running=False, suggestions=(EVIL,))
    html = suggested(turn, ENGLISH)
    assert Markup(html).wrong == []
    assert EVIL in text_of(html)
    assert 'data-do="ask" data-text="&lt;img' in html
    assert suggested(replace(turn, running=True), ENGLISH) == ""
    assert suggested(replace(turn, suggestions=()), ENGLISH) == ""
    assert suggested(None, ENGLISH) == ""


def test_the_page_proposes_once_the_answer_is_there(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = Browser(open_page(assistant))
    ann.suggest()
    assert ann["next"] == ""
    ann.ask(QUESTION)
    ann.suggest()
    proposed = re.findall(r'data-text="([^"]+)"', ann["next"])
    assert proposed
    ann.do("speak", language="fr")
    assert 'aria-label="Pour continuer"' in ann["next"]
    asking = ann.doing("ask", text=proposed[0])
    next(asking)
    assert ann["next"] == ""
    list(asking)
    monkeypatch.setattr(assistant, "stream", lambda q: iter([answer("Half", stage="writing")]))
    ann.ask("And when?")
    ann.suggest()
    assert ann["next"] == ""
