"""Requests made up from the OpenAPI document: none is answered with what it does not promise.

Schemathesis makes sound and unsound requests to every route, and looks at each answer: no bug, no
status, no type and no shape that is not documented.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from qa.server.api import build
from qa.settings import Settings
from tests.fakes import BagOfWords, Scripted
from tests.server.api.servers import opened, served

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture
def document(built: Any, fake_embedder: BagOfWords) -> Iterator[Any]:
    """The API with its document; there is no limit to the rate of requests, and a model."""
    chosen = Settings(index=built, llm="none", abstain_below=0.0, rate_per_minute=0)
    model = Scripted(reply="Engineer Maëlle Tanguy led the works [1].")
    with opened(chosen, fake_embedder, model) as assistant, served(build(assistant)) as address:
        yield schemathesis.openapi.from_url(f"{address}/openapi.json")


@pytest.mark.parametrize("mode", schemathesis.GenerationMode)
def test_nothing_is_answered_that_is_not_documented(
    document: Any, mode: schemathesis.GenerationMode
) -> None:
    operations = [result.ok() for result in document.get_all_operations()]
    assert len(operations) == 9
    for operation in operations:

        @settings(
            max_examples=20,
            phases=(Phase.explicit, Phase.generate),
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy(generation_mode=mode))
        def check(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(checks=CHECKS)

        if operation.body or operation.path_parameters or mode.is_positive:
            check()
