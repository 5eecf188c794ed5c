"""Traces for OpenTelemetry: a span for each request, each answer, and each of its three stages.

Off unless the setting `telemetry` is on. Where they are sent, and which of them, the standard
OTEL_* variables say. A span holds numbers and names of our own, and what was asked and answered
only where `telemetry_text` says so. The tracer is this project's alone: nothing that a library
traces by itself is sent with it. Knows nothing about HTTP but the names of its conventions.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Self

from opentelemetry.propagate import extract
from opentelemetry.trace import NoOpTracer, Span, StatusCode, Tracer, set_span_in_context

from qa.errors import MissingExtra, SettingsError
from qa.settings import Settings
from qa.types import Answer, Question

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

_EXPORTERS = {"grpc": "otlp_proto_grpc", "http/protobuf": "otlp_proto_http"}


class Telemetry:
    """Makes the spans.

    Args:
        tracer: takes them.
        text: whether they hold what was asked and answered.
        close: sends what is left.
    """

    def __init__(
        self, tracer: Tracer, *, text: bool = False, close: Callable[[], None] = lambda: None
    ) -> None:
        self._tracer = tracer
        self._text = text
        self.close = close

    @classmethod
    def off(cls) -> Self:
        """Makes none."""
        return cls(NoOpTracer())

    @classmethod
    def open(cls, settings: Settings, exporter: SpanExporter | None = None) -> Self:
        """As the settings say.

        Args:
            settings: `telemetry` and `telemetry_text`.
            exporter: takes the spans instead of the one that the OTEL_* variables name.

        Raises:
            SettingsError: the variables name a protocol that is none of OTLP's.
            MissingExtra: the exporter for it is not installed.
        """
        if not settings.telemetry:
            return cls.off()
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        import qa

        about = {"service.version": qa.__version__}
        if "OTEL_SERVICE_NAME" not in os.environ:
            about["service.name"] = "qa"
        provider = TracerProvider(resource=Resource.create(about), shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(exporter or _exporter()))
        tracer = provider.get_tracer("qa", qa.__version__)
        return cls(tracer, text=settings.telemetry_text, close=provider.shutdown)

    @contextmanager
    def request(
        self, method: str, headers: Mapping[str, str]
    ) -> Iterator[Callable[[str, int, str], None]]:
        """A request, as a part of the trace that its `traceparent` names; what is done in it is a
        part of it. Gives what is called once, with its route, status and id.
        """
        with self._tracer.start_as_current_span(
            method, extract(headers), record_exception=False, set_status_on_exception=False
        ) as span:

            def ended(route: str, status: int, id: str) -> None:
                span.update_name(f"{method} {route}")
                span.set_attributes(
                    {
                        "http.request.method": method,
                        "http.route": route,
                        "http.response.status_code": status,
                        "qa.request_id": id,
                    }
                )
                if status >= 500:
                    span.set_status(StatusCode.ERROR)

            yield ended

    @contextmanager
    def answer(self, question: Question) -> Iterator[Callable[[Answer], None]]:
        """An answer in the making. Gives what is called with each of its states.

        Its stages are told by the last state, which has measured them.
        """
        started = time.time_ns()
        # Not the current span: a generator may be closed in another context than it began in.
        span = self._tracer.start_span("qa.ask", start_time=started)
        last: deque[Answer] = deque(maxlen=1)
        try:
            yield last.append
        except Exception as exc:  # its message may hold what was asked
            span.set_status(StatusCode.ERROR, type(exc).__name__)
            raise
        finally:
            if span.is_recording():
                self._finish(span, question, last[0] if last else None, started)
            span.end()

    def _finish(self, span: Span, question: Question, last: Answer | None, started: int) -> None:
        span.set_attribute("qa.final", last is not None and last.stage == "final")
        if self._text:
            span.set_attribute("qa.question", question.text)
        if last is None:
            return
        span.set_attributes(
            {
                "qa.answerer": last.answerer,
                "qa.abstained": last.abstained,
                "qa.confidence": last.confidence,
                "qa.language": last.language,
                "qa.citations": len(last.citations),
                "qa.hits": len(last.hits),
                **{f"qa.tokens.{kind}": number for kind, number in last.tokens.items()},
            }
        )
        if self._text:
            span.set_attribute("qa.standalone_question", last.question.standalone)
            span.set_attribute("qa.text", last.text)
        for stage in ("rewrite", "retrieve", "answer"):
            ended = started + int(last.timings_ms.get(stage, 0.0) * 1e6)
            inside = set_span_in_context(span)
            self._tracer.start_span(f"qa.{stage}", inside, start_time=started).end(ended)
            started = ended


def _exporter() -> SpanExporter:
    protocol = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or os.environ.get(
        "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"
    )
    if protocol not in _EXPORTERS:
        raise SettingsError(
            f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol!r}; set it to {' or '.join(_EXPORTERS)}."
        )
    name = _EXPORTERS[protocol]
    found = entry_points(group="opentelemetry_traces_exporter", name=name)
    if not found:
        package = f"opentelemetry-exporter-{name.replace('_', '-')}"
        raise MissingExtra(package, "otel", f"the setting telemetry, over {protocol},")
    exporter: SpanExporter = next(iter(found)).load()()
    return exporter
