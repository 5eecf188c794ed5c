"""OpenAI's protocol, spoken to by the clients that people use for it."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI

from qa.server.api.chat import ChatIn
from qa.server.api.openai import question, with_sources, without_sources
from tests.fakes import Scripted
from tests.page import answer
from tests.server.api.conftest import Open, Serve
from tests.server.api.servers import ASKED
from tests.server.api.test_refusals import error

REPLY = "Engineer Maëlle Tanguy led the works."
SOURCE = "[1] Kervalec bridge opens again (The Harbour Post, 2019-03-15)"
PATH = "/v1/chat/completions"


def chat(*turns: str, model: str = "qa-auto", **more: Any) -> dict[str, Any]:
    """A body; the turns are the user's and the assistant's in turn."""
    roles = ("user", "assistant")
    messages = [{"role": roles[n % 2], "content": text} for n, text in enumerate(turns)]
    return {"model": model, "messages": messages, **more}


def client(address: str, key: str = "none") -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{address}/v1", api_key=key, max_retries=0)


# The clients


def test_openais_client(serve: Serve):
    asking: Any = chat(ASKED)
    with client(serve(Scripted(reply=REPLY), api_key="open-sesame"), "open-sesame") as programs:
        assert [model.id for model in programs.models.list()] == [
            "qa-auto",
            "qa-extractive",
            "qa-generative",
        ]
        assert programs.models.retrieve("qa-auto").owned_by == "qa"

        whole = programs.chat.completions.create(**asking)
        content = str(whole.choices[0].message.content)
        assert content.startswith("Engineer Maëlle Tanguy led the works [1].")
        assert f"\n\n{SOURCE}" in content
        assert whole.choices[0].finish_reason == "stop"
        assert whole.usage is not None
        assert (whole.usage.prompt_tokens, whole.usage.total_tokens) == (100, 106)
        beside: Any = whole.model_extra
        assert beside["citations"][0]["quote"].startswith("Engineer Maëlle Tanguy led the works")
        assert (beside["qa"]["abstained"], beside["qa"]["answerer"]) == (False, "generative")

        counted: Any = {"include_usage": True}
        chunks = list(
            programs.chat.completions.create(**asking, stream=True, stream_options=counted)
        )
        said = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
        assert said == whole.choices[0].message.content
        assert chunks[0].choices[0].delta.role == "assistant"
        assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
        assert chunks[-1].usage == whole.usage
        last: Any = chunks[-2].model_extra
        assert last["citations"] == beside["citations"]
        assert len({chunk.id for chunk in chunks}) == 1


def test_openais_client_understands_the_refusals(serve: Serve):
    address = serve(api_key="open-sesame", rate_per_minute=5)
    asking: Any = chat(ASKED)
    with client(address) as stranger, pytest.raises(openai.AuthenticationError, match="Bearer KEY"):
        stranger.models.list()
    with client(address, "open-sesame") as programs:
        with pytest.raises(openai.NotFoundError, match="qa-auto, qa-extractive or qa-generative"):
            programs.chat.completions.create(**{**asking, "model": "gpt-4.1"})
        with pytest.raises(openai.UnprocessableEntityError, match=r"body\.n"):
            programs.chat.completions.create(**asking, n=2)
        with pytest.raises(openai.APIError, match="no language model is ready"):
            list(
                programs.chat.completions.create(
                    **{**asking, "model": "qa-generative"}, stream=True
                )
            )
        with pytest.raises(openai.InternalServerError, match="no language model is ready"):
            programs.chat.completions.create(**{**asking, "model": "qa-generative"})
        with pytest.raises(openai.RateLimitError, match="ask again in"):
            programs.models.list()


def test_langchains_chat_model(serve: Serve):
    model = ChatOpenAI(
        model="qa-extractive",
        base_url=f"{serve()}/v1",
        api_key="none",
        max_retries=0,
    )
    talk = [
        SystemMessage("Answer in rhyme."),
        HumanMessage(ASKED),
        AIMessage(f"Maëlle Tanguy [1].\n\n{SOURCE}"),
        HumanMessage("And what did they cost?"),
    ]
    whole = model.invoke(talk)
    assert "] Le pont de Kervalec rouvre (Le Courrier, 2019-03-14)" in str(whole.text)
    assert "".join(str(chunk.text) for chunk in model.stream(talk)) == whole.text


# A conversation becomes a question


@pytest.mark.parametrize("turns", [["Who?"] * 203, [ASKED, "x" * 15_000] * 4 + [ASKED]])
def test_of_a_long_conversation_the_oldest_turns_are_left_out(api: TestClient, turns: list[str]):
    """A chat program cannot leave them out: it was once refused for ever."""
    for stream in (False, True):
        assert api.post(PATH, json=chat(*turns, stream=stream)).status_code == 200
    asked = question(ChatIn.model_validate(chat(*turns)), 20_000)
    assert asked.question == turns[-1]
    assert asked.history == turns[-1 - len(asked.history) : -1]
    assert len(asked.history) in (2, 200)


def test_the_last_message_is_the_question_and_instructions_are_left_out():
    messages = [
        {"role": "assistant", "content": "Hello!"},
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "A?"},
        {"role": "user", "content": [{"type": "text", "text": "B?"}]},
        {"role": "assistant", "content": "An answer [1].\n\n[1] A title\n[2] Another (2019)"},
        {"role": "developer", "content": "Be long."},
        {"role": "user", "content": [{"type": "image_url"}, {"type": "text", "text": "C\u202e?"}]},
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "tool", "content": "[1, 2]", "tool_call_id": "1"},
        {"role": "function", "content": "3", "name": "f"},
        {"role": "user", "content": "Unanswered?"},
        {"role": "user", "content": [{"type": "text", "text": t} for t in ("D?", "E?")]},
        {"role": "assistant", "content": "Well,"},
        {"role": "system", "content": "Be careful."},
    ]
    body = {"model": "qa-extractive", "messages": messages}
    asked = question(ChatIn.model_validate(body), 1000)
    assert asked.question == "D?\nE?"
    assert asked.history == ["A?\nB?", "An answer [1].", "C?", "", "Unanswered?", ""]
    assert asked.answerer == "extractive"


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"messages": []}, "body.messages"),
        ({"messages": [{"role": "assistant", "content": "Hi"}]}, "no message is the user's"),
        ({"messages": [{"role": "oracle", "content": "Hi"}]}, "body.messages.0.role"),
        ({"messages": [{"role": "user", "content": ""}]}, "no visible character"),
        ({"messages": [{"role": "user"}]}, "no visible character"),
        ({"messages": [{"role": "user", "content": "a\u0000"}]}, "U+0000"),
        ({"messages": [{"role": "user", "content": "q" * 2001}]}, "2000 are allowed"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "nothing but text"),
        ({"tools": [{"type": "function"}]}, "body.tools"),
        ({"response_format": {"type": "json_object"}}, "body.response_format"),
        ({"n": 3}, "body.n"),
    ],
)
def test_what_cannot_be_answered_is_refused(api: TestClient, changed: dict[str, Any], says: str):
    assert says in error(api.post(PATH, json={**chat(ASKED), **changed}), 422, "invalid")


def test_an_address_may_end_in_a_slash(api: TestClient):
    assert api.get("/v1/models/").json()["object"] == "list"
    assert api.post(f"{PATH}/", json=chat(ASKED)).json()["citations"]


# What chat programs ask beside it

TALK = f"USER: {ASKED}\nASSISTANT: The articles say: Maëlle Tanguy."
NAMED = "Who led the works on the Kervalec bridge"


def orders(content: str, system: str = "", *before: str) -> dict[str, Any]:
    """A body whose last message, or whose system message, orders something."""
    body = chat(*before, content)
    body["messages"][:0] = [{"role": "system", "content": system}] if system else []
    return body


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (
            orders(
                "### Task:\nGenerate a short, 3-5 word title with an emoji for the chat history.\n"
                '### Output:\nJSON format: { "title": "the title" }\n'
                f"### Chat History:\n<chat_history>\n{TALK}\n</chat_history>"
            ),
            f'{{"title": "{NAMED}"}}',
        ),
        (orders(f"Provide a title of 5 words for the conversation, a short title.\n{TALK}"), NAMED),
        (
            orders(
                "Analyze this conversation and provide:\n1. Its language\n2. A brief title\n\n"
                f'||>User:\n"{ASKED}"\n||>Response:\n"Maëlle Tanguy."'
            ),
            NAMED,
        ),
        (
            orders(f'User message: "{ASKED}"', "You are a thread titling assistant. Be brief."),
            NAMED,
        ),
        (orders(ASKED, "Put the user's message into a sentence of four words or less."), NAMED),
        (orders("Give this conversation a title.", "", ASKED, "Maëlle Tanguy."), NAMED),
        (orders("a" * 70, "You generate concise titles for chats."), "a" * 60 + "…"),
        (
            orders("Donne un titre à cette discussion.", "", f"{ASKED} " * 3, "Elle."),
            NAMED + "? Who led the works…",
        ),
    ],
)
def test_a_title_is_made_of_the_first_question(open_api: Open, body: dict[str, Any], named: str):
    """It was once an abstention that said that no article mentions JSON."""
    model = Scripted(reply=REPLY)
    api = open_api(model)
    told = api.post(PATH, json=body).json()
    assert told["choices"][0]["message"]["content"] == named
    assert "[DONE]" in api.post(PATH, json={**body, "stream": True}).text
    assert model.asked == []


@pytest.mark.parametrize(
    "order",
    [
        "Summarize the conversation in 5 words or fewer",
        "Generate a concise title",
        "Call for a name: give our chat a short name, nothing else.",
        "What would be a good, short title for this chat? Answer with that only.",
        "Suggest a brief conversation name of at most ten words:",
        "Veuillez générer un titre de quatre à cinq mots qui résume notre conversation.",
        "Résume cette conversation en 5 mots maximum.",
        "Propose un titre concis",
        "Donne un nom à cette conversation.",
    ],
)
@pytest.mark.parametrize("where", ["after", "before", "system", "behind"])
def test_a_title_is_given_however_and_wherever_it_is_ordered(
    api: TestClient, order: str, where: str
):
    """Chat programs order it after the turns, with the turns as text, or in a system message."""
    body = {
        "after": orders(order, "", ASKED, "Maëlle Tanguy."),
        "before": orders(f"{order}\n\n{TALK}"),
        "system": orders(f'[{{"role":"user","content":"{ASKED}"}}]', order),
        "behind": orders(f"Here it is:\n\n---\n{ASKED}\n---\n\n{order}"),
    }[where]
    assert api.post(PATH, json=body).json()["choices"][0]["message"]["content"] == NAMED


@pytest.mark.parametrize(
    "order",
    [
        "### Task:\nGenerate 1-3 broad tags for the chat history, as JSON.",
        "### Task:\nSuggest 3-5 follow-up questions that fit this conversation, as JSON.",
        "### Task:\nAnalyze the chat history and give search queries.",
        "### Task:\nChoose an emoji for what is said.",
        "Suggest three follow-up questions.",
        "Propose trois questions de suivi pour cette conversation.",
    ],
)
def test_what_only_a_model_could_make_of_a_conversation_is_refused(api: TestClient, order: str):
    told = error(api.post(PATH, json=orders(f"{order}\n{TALK}")), 422, "unsupported_task")
    assert "names conversations" in told


@pytest.mark.parametrize(
    ("asked", "system"),
    [
        ("Give the title of the article on the chat between the mayor and Maëlle Tanguy.", ""),
        ("What title did the mayor of Kervalec get?", ""),
        ("Give me the titles of the articles on the chat of Kervalec.", ""),
        ("Summarize the follow-up of the conversation on the Kervalec bridge.", ""),
        ("Summarize the conversation between the mayor and Maëlle Tanguy in 5 words.", ""),
        ("Résume la conversation du maire avec Maëlle Tanguy en 5 mots.", ""),
        ("Raconte en 10 mots le sauvetage du chat de Kervalec.", ""),
        ("Name the chat that the mayor joined.", ""),
        ("Generate a concise title", ""),
        ("Summarize the queries raised in this session on the Kervalec bridge.", ""),
        ("### Task:\nAnswer the query from the context.\n" + ASKED, ""),
        (ASKED, "You are a chat assistant. Give each answer a title. Suggest follow-ups."),
    ],
)
def test_a_question_is_no_order(api: TestClient, asked: str, system: str):
    assert "hits" not in (told := api.post(PATH, json=orders(asked, system)).json())
    assert told["qa"]["answerer"] == "extractive"


def test_options_of_sampling_are_taken(api: TestClient):
    usual: dict[str, Any] = {"temperature": 0.7, "max_tokens": 100, "user": "me", "stop": ["x"]}
    nothing: dict[str, Any] = {"tools": None, "n": 1, "stream": None}
    nothing["response_format"] = {"type": "text"}
    assert api.post(PATH, json=chat(ASKED, **usual, **nothing)).status_code == 200


def test_an_abstention_has_the_nearest_quotes_and_their_sources(open_api: Open):
    told = open_api(abstain_below=1.0).post(PATH, json=chat(ASKED)).json()
    content = told["choices"][0]["message"]["content"]
    assert told["qa"]["abstained"]
    assert content.startswith("I did not find the answer in the articles.")
    assert content.endswith("] Le pont de Kervalec rouvre (Le Courrier, 2019-03-14)")
    for citation in told["citations"]:
        assert f"“{' '.join(citation['quote'].split())}” [{citation['n']}]" in content


def test_an_abstention_without_quotes_names_no_sources(open_api: Open):
    asked = "Which lawyer founded the zoo of Valparaíso?"
    told = open_api(abstain_below=1.0).post(PATH, json=chat(asked)).json()
    assert "[" not in told["choices"][0]["message"]["content"]
    assert (told["citations"], told["qa"]["abstained"]) == ([], True)


def test_a_draft_is_not_sent_before_it_is_checked(open_api: Open):
    model = Scripted(reply="The works were led by Napoleon Bonaparte in Paris [1].")
    said = open_api(model).post(PATH, json=chat(ASKED, stream=True))
    assert model.said
    assert "Napoleon" not in said.text
    assert said.text.endswith("data: [DONE]\n\n")


@given(st.text(alphabet="ab [1]\n.", min_size=1).map(str.strip))
def test_sources_come_off_as_they_went_on(text: str):
    told = answer(text)
    assert told.citations
    assert without_sources(with_sources(told)) == without_sources(text)
