"""The routes: what comes out is what the pipeline says, as JSON and as events."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from fastapi.testclient import TestClient

from qa.assistant import Assistant
from qa.errors import IndexUnusable
from qa.server.api.schemas import AnswerOut, ArticleOut, SearchOut
from qa.settings import Settings
from tests.fakes import ARTICLE_COUNT, BagOfWords, Scripted
from tests.server.api.conftest import Open
from tests.server.api.servers import ASKED, opened
from tests.server.api.test_refusals import error

REPLY = "Engineer Maëlle Tanguy led the works."


def untimed(answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "timings_ms": sorted(answer["timings_ms"])}


def events(text: str) -> list[tuple[str, Any]]:
    """(name, data) of each server-sent event."""
    found = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        found.append((fields["event"], json.loads(fields["data"])))
    return found


def test_an_answer_is_the_json_of_the_command_line(
    api: TestClient, settings: Settings, fake_embedder: BagOfWords
):
    with opened(settings, fake_embedder) as assistant:
        alone = assistant.ask(ASKED).to_json()
    answer = api.post("/v1/ask", json={"question": ASKED}).json()
    assert untimed(answer) == untimed(alone)
    assert list(answer) == list(alone)
    assert AnswerOut.model_validate(answer).model_dump() == answer
    assert "Maëlle Tanguy" in answer["citations"][0]["quote"]


def test_history_filters_and_k_are_heeded(api: TestClient):
    body = {
        "question": "And how much did they cost?",
        "history": ["Who led the works on the Kervalec bridge?", "Maëlle Tanguy [1]."],
        "since": "2019",
        "until": "2019-03-14",
        "sources": ["le courrier"],
        "language": "FR",
        "k": 1,
    }
    answer = api.post("/v1/ask", json=body).json()
    assert "Kervalec" in answer["standalone_question"]
    assert answer["filters"] == {
        "since": "2019-01-01",
        "until": "2019-03-14",
        "sources": ["le courrier"],
        "language": "fr",
    }
    assert [hit["article_id"] for hit in answer["hits"]] == ["pont"]


def test_only_the_articles_chosen_count(api: TestClient):
    answer = api.post("/v1/ask", json={"question": ASKED, "articles": ["pont", "lynx"]}).json()
    assert answer["filters"]["articles"] == ["pont", "lynx"]
    assert {hit["article_id"] for hit in answer["hits"]} == {"pont", "lynx"}
    assert AnswerOut.model_validate(answer).model_dump() == answer
    too_many = {"question": ASKED, "articles": ["pont"] * 501}
    assert api.post("/v1/ask", json=too_many).status_code == 422


@pytest.mark.parametrize(
    ("asked", "reason", "quoted"),
    [
        ({"question": ASKED}, "the evidence found does not answer the question", True),
        (
            {"question": "Which lawyer founded the zoo of Valparaíso?"},
            "no article found is about what was asked",
            False,
        ),
        ({"question": ASKED, "since": "2100"}, "no article passes the filters", False),
    ],
)
def test_what_the_articles_do_not_say_is_said(
    open_api: Open, asked: dict[str, str], reason: str, quoted: bool
):
    answer = open_api(abstain_below=1.0).post("/v1/ask", json=asked).json()
    assert (answer["abstained"], answer["reason"]) == (True, reason)
    assert bool(answer["citations"]) == quoted
    for citation in answer["citations"]:
        assert f"[{citation['n']}]" in answer["answer"]
    assert AnswerOut.model_validate(answer).model_dump() == answer


def test_invisible_characters_are_taken_out_of_a_question(api: TestClient):
    answer = api.post("/v1/ask", json={"question": f"\ufeff {ASKED}\u200b\n"}).json()
    assert answer["question"] == ASKED


def test_a_search_is_the_json_of_the_command_line(
    api: TestClient, settings: Settings, fake_embedder: BagOfWords
):
    with opened(settings, fake_embedder) as assistant:
        alone = [hit.to_json() for hit in assistant.search(ASKED, k=2, mode="lexical")]
    found = api.post("/v1/search", json={"query": ASKED, "k": 2, "mode": "lexical"}).json()
    assert found["hits"] == alone
    assert (found["query"], list(found["timings_ms"])) == (ASKED, ["retrieve"])
    assert SearchOut.model_validate(found).model_dump() == found


def test_an_article_is_found_by_the_id_of_a_citation(api: TestClient):
    (cited, *_) = api.post("/v1/ask", json={"question": ASKED}).json()["citations"]
    article = api.get(f"/v1/articles/{cited['article_id']}").json()
    assert article["text"][cited["start"] : cited["end"]] == cited["quote"]
    assert ArticleOut.model_validate(article).model_dump() == article


def test_an_answer_comes_as_events(open_api: Open):
    said = open_api(Scripted(reply=REPLY)).post("/v1/ask", json={"question": ASKED, "stream": True})
    assert said.headers["content-type"].startswith("text/event-stream")
    names, data = zip(*events(said.text), strict=True)
    assert names[0] == "evidence"
    assert set(names[1:-1]) == {"text"}
    assert names[-1] == "final"
    assert data[0]["answer"] == ""
    assert data[0]["citations"]
    texts = [told["text"] for told in data[1:-1]]
    assert all(late.startswith(early) for early, late in pairwise(texts))
    assert data[-1]["answerer"] == "generative"
    assert data[-1]["answer"].startswith("Engineer Maëlle Tanguy led the works [1].")
    assert data[-1]["tokens"] == {"prompt": 100, "completion": 6}


def test_a_question_may_refuse_the_language_model(open_api: Open):
    model = Scripted(reply=REPLY)
    api = open_api(model)
    answer = api.post("/v1/ask", json={"question": ASKED, "answerer": "extractive"}).json()
    assert (answer["answerer"], model.asked) == ("extractive", [])


def test_a_language_model_that_is_not_there_is_said_with_what_to_do(
    api: TestClient, caplog: pytest.LogCaptureFixture
):
    body = {"question": ASKED, "answerer": "generative"}
    refused = api.post("/v1/ask", json=body)
    assert "or for quotes" in error(refused, 503, "unavailable")
    assert "qa models pull" in caplog.text
    streamed = api.post("/v1/ask", json={**body, "stream": True})
    assert [name for name, _ in events(streamed.text)] == ["evidence", "error"]
    assert events(streamed.text)[-1][1] == refused.json()


def test_it_tells_how_it_is(open_api: Open, monkeypatch: pytest.MonkeyPatch):
    api = open_api(Scripted(reply=REPLY), api_key="open-sesame")
    assert api.get("/healthz").json()["status"] == "ok"
    assert api.get("/readyz").json() == {
        "status": "ready",
        "articles": ARTICLE_COUNT,
        "llm": {"state": "ready", "fraction": 1.0},
    }

    def broken(self: Assistant) -> None:
        raise IndexUnusable("the index is damaged. Rebuild it with `qa index --rebuild PATH`.")

    monkeypatch.setattr(Assistant, "ready", broken)
    unready = open_api().get("/readyz")
    assert "cannot be read just now" in error(unready, 503, "unavailable")


def test_what_happened_is_counted(open_api: Open):
    api = open_api(Scripted(reply=REPLY))
    api.post("/v1/ask", json={"question": ASKED})
    api.post("/v1/ask", json={"question": ASKED, "answerer": "extractive", "stream": True})
    api.post("/v1/ask", json={})
    api.get("/v1/articles/no/such/thing")
    api.get("/v1/elsewhere/secret")
    told = api.get("/metrics").text.splitlines()
    for line in (
        'qa_requests_total{route="/v1/ask",status="200"} 2.0',
        'qa_requests_total{route="/v1/ask",status="422"} 1.0',
        'qa_requests_total{route="/v1/articles/{id:path}",status="404"} 1.0',
        'qa_requests_total{route="other",status="404"} 1.0',
        'qa_request_seconds_count{route="/v1/ask"} 3.0',
        'qa_answers_total{abstained="false",answerer="generative"} 1.0',
        'qa_answers_total{abstained="false",answerer="extractive"} 1.0',
        'qa_llm_tokens_total{kind="prompt"} 100.0',
        'qa_llm_tokens_total{kind="completion"} 6.0',
        "qa_requests_running 1.0",
    ):
        assert line in told, line
    assert "secret" not in "".join(told)


def test_the_page_at_docs_names_every_route_and_fetches_nothing(api: TestClient):
    page = api.get("/docs")
    document = api.get("/openapi.json").json()
    assert len(document["paths"]) == 9
    for path, operations in document["paths"].items():
        for method in operations:
            assert f"<h2>{method.upper()} {path}</h2>" in page.text
    assert "src=" not in page.text
    assert "//" not in page.text.replace("http://127.0.0.1:7860", "")
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_every_documented_error_has_the_form_of_an_error(api: TestClient):
    document = api.get("/openapi.json").json()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if status != "200":
                    schema = response["content"]["application/json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/ErrorOut"}, (path, status)
