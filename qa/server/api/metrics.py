"""Counts and times for Prometheus, of what came through the API. Nothing of what was asked."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

from qa.types import Answer

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Metrics:
    """The counters of one server, in a registry of their own.

    Attributes:
        running: how many requests are being answered.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        here = self._registry
        self._requests = Counter(
            "qa_requests", "Requests, by route and status.", ["route", "status"], registry=here
        )
        self._seconds = Histogram(
            "qa_request_seconds",
            "Seconds from a request's first byte to its answer's last, by route.",
            ["route"],
            buckets=_SECONDS,
            registry=here,
        )
        self.running = 0
        running = Gauge("qa_requests_running", "Requests being answered.", registry=here)
        running.set_function(lambda: self.running)
        self._answers = Counter(
            "qa_answers", "Answers given.", ["answerer", "abstained"], registry=here
        )
        self._tokens = Counter(
            "qa_llm_tokens", "Tokens of the language model, by kind.", ["kind"], registry=here
        )

    def began(self) -> None:
        """A request has come in."""
        self.running += 1

    def ended(self, route: str, status: int, seconds: float) -> None:
        """It has been answered, or whoever asked is gone."""
        self.running -= 1
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def answered(self, answer: Answer) -> None:
        """An answer was completed."""
        self._answers.labels(answer.answerer, str(answer.abstained).lower()).inc()
        for kind, number in answer.tokens.items():
            self._tokens.labels(kind).inc(number)

    def text(self) -> bytes:
        """All of it, in Prometheus's text format."""
        return generate_latest(self._registry)
