"""Traces: off as they come, whole when asked for, and without a word of what was asked."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from fastapi.testclient import TestClient
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from qa.assistant import Assistant
from qa.errors import MissingExtra, SettingsError
from qa.server.api import build
from qa.settings import Settings
from qa.telemetry import Telemetry
from qa.types import Answer, Question
from tests.fakes import BagOfWords, Scripted
from tests.server.api.conftest import BASE
from tests.server.api.servers import ASKED, opened
from tests.server.api.test_worker import until

REPLY = "Engineer Maëlle Tanguy led the works [1]."


class Traced:
    """An assistant and its API, and the spans that they have left."""

    def __init__(self, assistant: Assistant, memory: InMemorySpanExporter) -> None:
        self.assistant = assistant
        self.api = TestClient(build(assistant), base_url=BASE, raise_server_exceptions=False)
        self._memory = memory

    def spans(self) -> dict[str, ReadableSpan]:
        """By name, once all answers have ended."""
        until(lambda: self.assistant.running == 0)
        self.assistant.telemetry.close()
        return {span.name: span for span in self._memory.get_finished_spans()}


@pytest.fixture
def traced(
    settings: Settings, fake_embedder: BagOfWords, request: pytest.FixtureRequest
) -> Iterator[Traced]:
    """With `telemetry` on, and what a parameter adds to it."""
    more = getattr(request, "param", {})
    chosen = settings.model_copy(update={"telemetry": True, **more})
    memory = InMemorySpanExporter()
    with opened(chosen, fake_embedder, Scripted(reply=REPLY)) as assistant:
        assistant.telemetry = Telemetry.open(chosen, memory)
        with (traced := Traced(assistant, memory)).api:
            yield traced


def told(spans: dict[str, ReadableSpan]) -> str:
    """All that was sent."""
    return "".join(span.to_json() for span in spans.values())


def test_a_request_an_answer_and_its_stages_are_one_trace(traced: Traced):
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01", "X-Request-ID": "mine"}
    answer = traced.api.post("/v1/ask", json={"question": ASKED}, headers=headers).json()
    spans = traced.spans()
    assert set(spans) == {"POST /v1/ask", "qa.ask", "qa.rewrite", "qa.retrieve", "qa.answer"}
    ids = {span.context.trace_id for span in spans.values() if span.context}
    assert ids == {int(trace, 16)}
    request, whole = spans["POST /v1/ask"], spans["qa.ask"]
    assert dict(request.attributes or {}) == {
        "http.request.method": "POST",
        "http.route": "/v1/ask",
        "http.response.status_code": 200,
        "qa.request_id": "mine",
    }
    assert whole.parent is not None
    assert whole.parent.span_id == (request.context and request.context.span_id)
    numbers = dict(whole.attributes or {})
    assert numbers["qa.final"] is True
    assert numbers["qa.answerer"] == "generative"
    assert numbers["qa.citations"] == len(answer["citations"])
    assert numbers["qa.tokens.completion"] == 7
    for stage in ("rewrite", "retrieve", "answer"):
        span = spans[f"qa.{stage}"]
        assert span.parent is not None
        assert span.parent.span_id == (whole.context and whole.context.span_id)
        spent = ((span.end_time or 0) - (span.start_time or 0)) / 1e6
        assert spent == pytest.approx(answer["timings_ms"][stage], abs=0.2)
    assert spans["qa.retrieve"].start_time == spans["qa.rewrite"].end_time
    for word in ("Kervalec", "Tanguy", "bridge"):
        assert word not in told(spans)


@pytest.mark.parametrize("traced", [{"telemetry_text": True}], indirect=True)
def test_texts_are_sent_only_where_a_setting_says_so(traced: Traced):
    traced.assistant.ask(ASKED)
    whole = dict(traced.spans()["qa.ask"].attributes or {})
    assert whole["qa.question"] == ASKED
    assert str(whole["qa.text"]).startswith(REPLY)
    assert whole["qa.standalone_question"] == ASKED


def test_an_answer_that_was_stopped_is_no_error(traced: Traced):
    states = traced.assistant.stream(Question(ASKED))
    next(states)
    states.close()  # type: ignore[attr-defined]
    stopped = traced.spans()["qa.ask"]
    assert dict(stopped.attributes or {})["qa.final"] is False
    assert stopped.status.status_code is StatusCode.UNSET


def test_the_message_of_an_error_is_not_sent(traced: Traced, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object, **__: object) -> Iterator[Answer]:
        raise RuntimeError(f"cannot answer {ASKED}")

    monkeypatch.setattr(type(traced.assistant.chain), "stream", broken)
    assert traced.api.post("/v1/ask", json={"question": ASKED}).status_code == 500
    spans = traced.spans()
    assert spans["qa.ask"].status.status_code is StatusCode.ERROR
    assert spans["qa.ask"].status.description == "RuntimeError"
    assert spans["POST /v1/ask"].status.status_code is StatusCode.ERROR
    assert "Kervalec" not in told(spans)


def test_probes_leave_no_spans(traced: Traced):
    for path in ("/healthz", "/readyz", "/metrics"):
        assert traced.api.get(path).status_code == 200
    assert traced.spans() == {}


def test_off_as_it_comes(settings: Settings):
    memory = InMemorySpanExporter()
    telemetry = Telemetry.open(settings, memory)
    with telemetry.answer(Question(ASKED)), telemetry.request("GET", {}) as ended:
        ended("/v1/models", 200, "mine")
    telemetry.close()
    assert memory.get_finished_spans() == ()


def test_the_variables_name_a_protocol(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    on = settings.model_copy(update={"telemetry": True})
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")
    with pytest.raises(SettingsError, match="grpc or http/protobuf"):
        Telemetry.open(on)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    Telemetry.open(on).close()
    monkeypatch.setattr("qa.telemetry.entry_points", lambda **_: ())
    with pytest.raises(MissingExtra, match=r"pip install 'qa-news\[otel\]'"):
        Telemetry.open(on)


def test_spans_arrive_at_a_collector(
    settings: Settings, fake_embedder: BagOfWords, monkeypatch: pytest.MonkeyPatch
):
    """Over HTTP, as bytes that the protocol's own types read."""
    got: list[Any] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    collector = HTTPServer(("127.0.0.1", 0), Collector)
    Thread(target=collector.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{collector.server_port}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
        chosen = settings.model_copy(update={"telemetry": True})
        with opened(chosen, fake_embedder) as assistant:
            assistant.telemetry = Telemetry.open(chosen)
            assistant.ask(ASKED)
    finally:
        collector.shutdown()
        collector.server_close()
    (sent,) = got
    (resource,) = sent.resource_spans
    named = {item.key: item.value.string_value for item in resource.resource.attributes}
    assert named["service.name"] == "qa"
    names = [span.name for span in resource.scope_spans[0].spans]
    assert sorted(names) == ["qa.answer", "qa.ask", "qa.retrieve", "qa.rewrite"]
    assert "Kervalec" not in str(sent)
