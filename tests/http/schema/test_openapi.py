import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from tests.http.site import Site
from tracker.adapters.http.schema import examples
from tracker.domain.dossier.lifecycle import Step

PROBLEM = "application/problem+json"
NEVER_SENT_BY_A_SENDER = {Step.SUBMITTED, Step.PERSONAL_DATA_ERASED}


@pytest.fixture
def document(site: Site) -> dict[str, Any]:
    found: dict[str, Any] = site.get("/openapi.json").json()
    return found


def check(document: dict[str, Any], schema: dict[str, Any], value: object) -> None:
    whole = {**schema, "components": document["components"]}
    jsonschema_rs.validator_for(whole, validate_formats=True).validate(value)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def contents(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the place, the media type and the declaration of every body and every answer."""
    for name, operation in operations(document):
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            yield f"{name} body", media_type, content
        for status, answer in operation["responses"].items():
            for media_type, content in answer["content"].items():
                yield f"{name} {status}", media_type, content


def test_every_body_and_every_answer_has_an_example_that_is_true(
    document: dict[str, Any],
) -> None:
    seen = 0
    for where, media_type, content in contents(document):
        assert "example" in content, where
        check(document, content["schema"], content["example"])
        if media_type == PROBLEM:
            assert content["example"]["status"] == int(where.split()[-1])
        seen += 1
    assert seen > 80


def test_a_false_example_is_found(document: dict[str, Any]) -> None:
    schema = {"$ref": "#/components/schemas/Stored"}
    for planted in (examples.STORED | {"name": "An"}, examples.STORED | {"stage": "lost"}, {}):
        with pytest.raises(jsonschema_rs.ValidationError):
            check(document, schema, planted)


def test_every_problem_that_may_come_is_declared(document: dict[str, Any]) -> None:
    public = {
        "/v1/lookup/{code}",
        "/v1/lookup/{code}/receipt-link",
        "/livez",
        "/readyz",
        "/metrics",
    }
    public |= {"/v1/log/checkpoint", "/v1/log/checkpoint/cosignatures"} | {
        f"/v1/log/proof/{a}" for a in ("inclusion", "consistency")
    }
    for name, operation in operations(document):
        method, path = name.split()
        expected = set() if path in public else {"401", "403"}
        if method == "POST":
            expected |= {"400", "413", "415", "422", "503"}
        assert expected <= operation["responses"].keys(), name
        assert ("security" in operation) is (path not in public), name
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_the_discriminator_has_every_step(document: dict[str, Any]) -> None:
    happening = document["components"]["schemas"]["Happening"]
    assert happening["discriminator"]["propertyName"] == "step"
    assert set(happening["discriminator"]["mapping"]) == set(Step) - NEVER_SENT_BY_A_SENDER
    for ref in happening["discriminator"]["mapping"].values():
        schema = document["components"]["schemas"][ref.split("/")[-1]]
        assert "step" in schema["required"]
        assert schema["additionalProperties"] is False


def test_everything_referred_to_is_there(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    referred = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert referred <= document["components"]["schemas"].keys()
    assert "$defs" not in text


def test_the_messages_of_the_examples_are_taken(site: Site) -> None:
    answer = site.post("/v1/dossiers", "desk", examples.INTAKE)
    assert answer.status_code == 201, answer.text
    answer = site.post(f"/v1/dossiers/{answer.json()['code']}/events", "decider", examples.STEP)
    assert answer.status_code == 201, answer.text
    answer = site.post("/v1/dossiers:batch", "desk", examples.BATCH)
    assert [item["outcome"] for item in answer.json()["items"]] == ["duplicate", "created"]
    block = site.post("/v1/code-blocks", "desk", examples.LEASE)
    assert block.status_code == 201
    numbers = {"numbers": [block.json()["first"]]}
    address = f"/v1/code-blocks/{block.json()['id']}/unused"
    assert site.post(address, "desk", numbers).status_code == 200


def test_live_answers_are_as_declared(site: Site, document: dict[str, Any]) -> None:
    code = site.received(papers=[{"name": "Form"}])
    due = "2026-12-20T17:00:00+07:00"
    site.take(code, "decider", "supplement_asked", reason="papers")
    site.take(code, "decider", "resumed")
    site.take(code, "decider", "promise_extended", due_at=due, reason="flood", signer="Head")
    site.take(code, "decider", "decided", outcome="granted", reason="fine")
    site.take(code, "desk", "collected")
    site.take(code, "desk", "rated", score=4, reason="fast")
    site.caught_up()
    site.installation.log.maker.prepare()
    site.installation.log.maker.make()
    read: list[tuple[str, dict[str, Any]]] = [
        ("/v1/dossiers/{code}", {}),
        ("/v1/dossiers/{code}/history", {}),
        ("/v1/dossiers/{code}/personal-data", {"reason": "call"}),
        ("/v1/dossiers/{code}/readers", {}),
        ("/v1/dossiers/{code}/deadline", {"lang": "en"}),
        ("/v1/dossiers/{code}/deadline", {"as_of": "ignored"}),
        ("/v1/lookup/{code}", {}),
        ("/v1/dossiers/{code}/proof", {}),
        ("/v1/log/proof/inclusion", {"leaf": 0}),
        ("/v1/log/proof/consistency", {"from": 1, "to": 2}),
        ("/v1/sla", {"by": "channel"}),
        ("/v1/sla", {"as_of": "2026-11-19T00:00:00Z"}),
        ("/v1/sla", {"by": "planted"}),
        ("/readyz", {}),
        ("/livez", {}),
    ]
    answers = [
        ("get", path, site.get(path.format(code=code), "administrator", **params))
        for path, params in read
    ]
    batch = [site.intake(), {}, site.step("rated", code=code, score=1)]
    answers += [
        ("post", "/v1/dossiers", site.post("/v1/dossiers", "desk", site.intake())),
        ("post", "/v1/dossiers", site.post("/v1/dossiers", "desk", {})),
        ("post", "/v1/dossiers/{code}/events", site.take(code, "desk", "complained", text="x")),
        ("post", "/v1/dossiers/{code}/events", site.take(code, "desk", "decided", outcome="x")),
        ("post", "/v1/dossiers/{code}/events", site.take(code, "desk", "collected")),
        ("post", "/v1/dossiers:batch", site.post("/v1/dossiers:batch", "desk", batch)),
        ("post", "/v1/code-blocks", site.post("/v1/code-blocks", "desk", {"size": 2})),
    ]
    for method, path, answer in answers:
        declared = document["paths"][path][method]["responses"][str(answer.status_code)]
        media_type = answer.headers["Content-Type"].split(";")[0]
        check(document, declared["content"][media_type]["schema"], answer.json())
