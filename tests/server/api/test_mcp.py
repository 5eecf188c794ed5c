"""The tools of the Model Context Protocol, called by its own client over HTTP and over a pipe."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, TextContent

from qa.assistant import Assistant
from qa.errors import IndexUnusable
from tests import ROOT
from tests.fakes import Scripted
from tests.server.api.conftest import Open, Serve
from tests.server.api.servers import ASKED


def call(address: str, tool: str, **arguments: Any) -> CallToolResult:
    """The result of one call, by a client of its own."""

    async def called() -> CallToolResult:
        async with Client(f"{address}/mcp") as client:
            return await client.call_tool(tool, arguments)

    return asyncio.run(called())


def said(result: CallToolResult) -> str:
    """Its text."""
    (part,) = result.content
    assert isinstance(part, TextContent)
    return part.text


def test_the_tools_are_described(serve: Serve):
    async def listed() -> dict[str, Any]:
        async with Client(f"{address}/mcp") as client:
            return {tool.name: tool for tool in (await client.list_tools()).tools}

    address = serve()
    tools = asyncio.run(listed())
    assert list(tools) == ["ask", "search", "read_article"]
    for tool in tools.values():
        assert tool.description.endswith(".")
        assert tool.annotations.read_only_hint
        assert tool.output_schema["type"] == "object"
    assert tools["ask"].input_schema["required"] == ["question"]


def test_asking_searching_and_reading(serve: Serve):
    address = serve(Scripted(reply="Engineer Maëlle Tanguy led the works."))
    answer = call(address, "ask", question=ASKED, since="2019", language="en", k=2)
    told: Any = answer.structured_content
    assert told["answer"].startswith("Engineer Maëlle Tanguy led the works [1].")
    assert [told["hits"][0]["article_id"], len(told["hits"])] == ["bridge", 2]
    assert told["filters"]["since"] == "2019-01-01"
    followed: Any = call(
        address, "ask", question="And what did they cost?", history=[ASKED, told["answer"]]
    )
    assert "Kervalec" in followed.structured_content["standalone_question"]
    found: Any = call(address, "search", query=ASKED, k=1, mode="lexical").structured_content
    assert [hit["article_id"] for hit in found["hits"]] == ["bridge"]
    cited = told["citations"][0]
    article: Any = call(address, "read_article", article_id="bridge").structured_content
    assert article["text"][cited["start"] : cited["end"]] == cited["quote"]


def test_numbers_may_be_text_and_what_is_empty_is_left_out(serve: Serve):
    """As programs send it that fill in every argument of a tool."""
    empty = {
        "since": "",
        "until": "",
        "language": "",
        "answerer": "",
        "history": "",
        "articles": "",
    }
    address = serve()
    nothing: list[Any] = ["", None, [], "[]"]
    for sources in nothing:
        told: Any = call(address, "ask", question=ASKED, k="1", sources=sources, **empty)
        assert not told.is_error, said(told)
        assert told.structured_content["filters"]["sources"] == []
        assert len(told.structured_content["hits"]) == 1


@pytest.mark.parametrize(
    ("tool", "arguments", "says"),
    [
        ("ask", {"question": ""}, "no visible character"),
        ("ask", {"question": "a\u0000"}, "U+0000"),
        ("ask", {"question": "q" * 2001}, "2000 are allowed"),
        ("ask", {"question": "q", "since": "yesterday"}, "since: is no date"),
        ("ask", {"question": "q", "since": "2021", "until": "2020"}, "swap the two dates"),
        ("ask", {"question": "q", "answerer": "generative"}, "or for quotes"),
        ("ask", {}, "question"),
        ("search", {"query": "q", "k": 1000}, "k: Input should be less than or equal to 100"),
        (
            "search",
            {"query": "q", "sources": "Le Courrier"},
            "sources: Input should be a valid list",
        ),
        ("read_article", {"article_id": "../../etc/passwd"}, "take one from a citation"),
    ],
)
def test_what_cannot_be_done_is_said_to_the_model(
    serve: Serve, tool: str, arguments: dict[str, Any], says: str
):
    result = call(serve(), tool, **arguments)
    assert result.is_error
    assert says in said(result)
    assert "pydantic.dev" not in said(result) or not arguments


@pytest.mark.parametrize(
    ("failure", "says"),
    [(RuntimeError, "read_article"), (IndexUnusable, "the articles cannot be read just now")],
)
def test_what_who_asks_cannot_mend_is_logged_and_not_told(
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    failure: type[Exception],
    says: str,
):
    def broken(*_: object) -> None:
        raise failure("secret at /home/somebody")

    monkeypatch.setattr(Assistant, "article", broken)
    with caplog.at_level(logging.ERROR):
        result = call(serve(), "read_article", article_id="pont")
    assert result.is_error
    assert says in said(result)
    assert "secret" not in said(result)
    assert "secret at /home/somebody" in caplog.text


def test_the_key_is_asked_for(serve: Serve):
    address = serve(api_key="open-sesame")

    async def with_key() -> list[str]:
        headers = {"Authorization": "Bearer open-sesame"}
        async with (
            httpx2.AsyncClient(headers=headers) as http,
            Client(streamable_http_client(f"{address}/mcp", http_client=http)) as client,
        ):
            return [tool.name for tool in (await client.list_tools()).tools]

    assert "ask" in asyncio.run(with_key())
    with pytest.raises(ExceptionGroup) as raised:
        call(address, "read_article", article_id="pont")
    assert raised.value.subgroup(MCPError)


def test_malformed_messages_are_refused(open_api: Open):
    api = open_api()
    headers = {"Accept": "application/json, text/event-stream"}
    for body in ("{", "[]", '{"jsonrpc": "2.0"}', '{"jsonrpc": "2.0", "id": 1, "method": "no"}'):
        refused = api.post(
            "/mcp", content=body, headers={**headers, "Content-Type": "application/json"}
        )
        assert refused.status_code < 500
        assert "Traceback" not in refused.text
    assert api.post("/mcp", content="x" * 300_000, headers=headers).status_code == 413


def test_over_a_pipe(built: Path):
    """`qa mcp` with stand-ins for the models: nothing but the protocol is on standard output."""

    async def called() -> Any:
        parameters = StdioServerParameters(
            command=sys.executable,
            args=["-m", "tests.server.api.program", "mcp", str(built)],
            cwd=str(ROOT),
        )
        async with Client(stdio_client(parameters)) as client:
            return (await client.call_tool("ask", {"question": ASKED})).structured_content

    assert "Maëlle Tanguy" in asyncio.run(called())["answer"]
