"""Send generated requests to every operation: none causes an internal error."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import structlog
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.http.site import ACTORS, DECIDES, NOON, PROCEDURE
from tracker.application.commands.envelope import Accepted, Envelope
from tracker.application.commands.registry import read_command
from tracker.bootstrap import open_container
from tracker.container import Container
from tracker.settings import Settings
from tracker.supervisor import supervise
from tracker.wiring.http import http_app

pytestmark = [
    pytest.mark.slow,
    # schemathesis and its libraries must fix the causes of their own warnings
    pytest.mark.filterwarnings("ignore"),
]

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
REQUESTS_AN_OPERATION = int(os.environ.get("TRACKER_TEST_FUZZ_REQUESTS", "25"))
KNOWN = {
    "occurred_at": NOON.isoformat(),
    "procedure": PROCEDURE,
    "applicant": {"name": "An"},
    "received_at": "CN01",
    "helped_at": "CN01",
    "to_office": DECIDES,
    "carrier": "VNPOST",
}
"""Values that let a generated command pass the first checks."""


@pytest.fixture
def container(tmp_path: Path) -> Iterator[Container]:
    died: list[tuple[str, Exception]] = []
    with (
        open_container(Settings(data_dir=tmp_path), lambda: NOON) as made,
        supervise(made.following_tasks(made.follows), lambda *of: died.append(of)),
    ):
        yield made
    assert died == []


def mended(body: object, code: str) -> None:
    """Replace values of a generated command by valid ones."""
    if isinstance(body, dict):
        body |= {name: value for name, value in KNOWN.items() if name in body}
        body.pop("promised_at", None)
        body.pop("collaborator", None)
        if "code" in body:
            body["code"] = code


def test_nothing_that_can_be_sent_breaks_the_service(container: Container) -> None:
    app = http_app(container)
    keys = {who: container.keys.make(actor, NOON) for who, actor in ACTORS.items()}
    intakes = [
        Envelope(ACTORS["desk"], read_command({"event_id": str(n), "step": "received"} | minimal()))
        for n in range(50)
    ]
    codes = [
        result.code for result in container.tracker.handle(intakes) if isinstance(result, Accepted)
    ]
    answered: set[int] = set()
    with structlog.testing.capture_logs() as noted:
        schema = schemathesis.openapi.from_asgi("/openapi.json", app)
        for found in schema.get_all_operations():
            assert isinstance(found, Ok)
            operation = found.ok()
            for mode in GenerationMode:
                if mode is GenerationMode.NEGATIVE and not operation.definition.raw.get(
                    "requestBody", operation.definition.raw.get("parameters")
                ):
                    continue  # a request without input cannot be invalid

                @settings(
                    max_examples=REQUESTS_AN_OPERATION,
                    deadline=None,
                    database=None,
                    derandomize=True,
                    phases=[Phase.generate],
                    suppress_health_check=list(HealthCheck),
                )
                @given(
                    case=operation.as_strategy(generation_mode=mode),
                    who=st.sampled_from([None, "administrator", *keys]),
                    code=st.sampled_from(codes),
                    known=st.booleans(),
                )
                def send(
                    case: schemathesis.Case[Any], who: str | None, code: str, known: bool
                ) -> None:
                    if known:
                        for body in case.body if isinstance(case.body, list) else [case.body]:
                            mended(body, code)
                        if "code" in (case.path_parameters or {}):
                            case.path_parameters["code"] = code
                    shown = {} if who is None else {"Authorization": f"Bearer {keys[who]}"}
                    answer = case.call(headers=shown)
                    answered.add(answer.status_code)
                    case.validate_response(answer, checks=CHECKS)

                send()
    assert [line for line in noted if line["event"] != "request"] == []
    assert {200, 201, 400, 401, 403, 404, 409, 422} <= answered
    assert max(answered) < 500


def minimal() -> dict[str, Any]:
    return {name: KNOWN[name] for name in ("occurred_at", "procedure", "applicant")}
