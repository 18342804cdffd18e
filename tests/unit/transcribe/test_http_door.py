"""The container's HTTP door, inside the framework that runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import functions_framework
import pytest
from flask.testing import FlaskClient

from sotto.domain.errors import ModelUnavailable, RecordingDamaged, StorageUnavailable
from sotto.domain.job import JobStatus
from tests.conftest import ROOT
from tests.unit.transcribe.conftest import FACTS, Inside

PROBLEM = "application/problem+json"
OURS = {"ce-specversion": "1.0", "ce-type": "sotto.part.queued", "ce-source": "/sotto/parts/fast", "ce-id": "job.1.1"}
KNATIVE = {
    "ce-specversion": "1.0",
    "ce-type": "dev.knative.eventing.aws-sqs",
    "ce-source": "dev.knative.eventing.aws-sqs-source",
    "ce-subject": "aws-sqs-source",
    "ce-id": "9CC70D09569020C-0000000000000001",
    "ce-time": "2026-11-22T12:00:00.413Z",
}


@pytest.fixture
def client(inside: Inside) -> FlaskClient:
    source = ROOT / "functions" / "transcribe" / "main.py"
    app = functions_framework.create_app("transcribe", str(source), "cloudevent")
    return app.test_client()


def problem_of(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.mimetype) == (status, PROBLEM)
    problem: dict[str, Any] = json.loads(answer.data)
    assert (problem["status"], problem["code"], problem["type"]) == (status, code, f"urn:sotto:error:{code}")
    assert set(problem) == {"type", "title", "status", "detail", "code", "hint", "request_id"}
    return problem


@pytest.mark.parametrize("headers", [OURS, KNATIVE], ids=["ours", "knative"])
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", None])
def test_a_binary_event_is_transcribed(
    client: FlaskClient, inside: Inside, body: str, headers: dict[str, str], content_type: str | None
) -> None:
    answer = client.post("/", data=body, headers=headers, content_type=content_type)
    assert answer.status_code == 200, answer.data
    assert inside.speech.calls == [inside.part.part.index]
    assert inside.job.progress.parts_done == 1


@pytest.mark.parametrize("parsed", [True, False], ids=["object", "text"])
def test_a_structured_event_is_transcribed(
    client: FlaskClient, inside: Inside, body: str, events: Path, parsed: bool
) -> None:
    event = json.loads((events / "4-transcribe-part.cloudevent.json").read_text())
    event["data"] = json.loads(body) if parsed else body
    answer = client.post("/", data=json.dumps(event), content_type="application/cloudevents+json")
    assert answer.status_code == 200, answer.data
    assert len(inside.speech.calls) == 1


def test_an_event_of_a_job_that_is_gone_is_done_with(client: FlaskClient, inside: Inside, body: str) -> None:
    inside.jobs.delete(inside.job.owner, inside.job.id)
    assert client.post("/", data=body, headers=OURS).status_code == 200
    assert inside.speech.calls == []


def test_a_rejected_recording_is_a_4xx_with_the_job_s_own_words(client: FlaskClient, inside: Inside, body: str) -> None:
    inside.speech.error = RecordingDamaged("recording: expected sound to the end, found it broken at 12 s")
    problem = problem_of(client.post("/", data=body, headers=OURS), 422, "recording_damaged")
    assert problem["request_id"] == inside.part.request_id
    assert inside.job.status is JobStatus.FAILED
    assert inside.job.failure is not None
    assert (inside.job.failure.message, inside.job.failure.hint) == (problem["detail"], problem["hint"])


def test_an_outage_is_a_503_that_says_when_to_come_again(client: FlaskClient, inside: Inside, body: str) -> None:
    inside.speech.error = StorageUnavailable("bucket: expected an answer, found none", retry_after_s=7)
    answer = client.post("/", data=body, headers=OURS)
    problem_of(answer, 503, "storage_unavailable")
    assert answer.headers["Retry-After"] == "7"
    assert inside.job.status is JobStatus.PROCESSING


def test_a_mistake_of_ours_is_a_500_that_leaks_nothing(client: FlaskClient, inside: Inside, body: str) -> None:
    inside.speech.error = RuntimeError("secret text of an exception")
    answer = client.post("/", data=body, headers=OURS)
    problem_of(answer, 500, "internal_error")
    assert b"secret" not in answer.data


@pytest.mark.parametrize(
    ("headers", "data", "content_type"),
    [
        ({}, "{}", "application/json"),
        ({}, "", None),
        ({"Authorization": "Bearer confidential"}, "confidential", "text/plain"),
        ({}, "confidential {", "application/cloudevents+json"),
        ({}, '{"specversion": "1.0"}', "application/cloudevents+json"),
        ({**OURS, "ce-specversion": "9.9"}, "{}", "application/json"),
        (OURS, "confidential, not JSON", "application/json"),
        (OURS, "{}", "application/json"),
        ({**OURS, "ce-type": "com.example.other"}, "{}", "application/json"),
    ],
)
def test_what_is_no_part_is_a_400_that_repeats_nothing(
    client: FlaskClient, headers: dict[str, str], data: str, content_type: str | None
) -> None:
    answer = client.post("/", data=data, headers=headers, content_type=content_type)
    problem_of(answer, 400, "invalid_input")
    assert b"confidential" not in answer.data


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("PUT", "/"), ("GET", "/admin")])
def test_other_routes_are_not_there(client: FlaskClient, method: str, path: str) -> None:
    problem_of(client.open(path, method=method), 404, "not_found")


def test_livez_answers_without_a_model(client: FlaskClient) -> None:
    assert client.get("/livez").status_code == 204


def test_readyz_says_when_the_model_is_being_loaded(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"ready": False, "message": "loading the model"})


def test_readyz_names_the_model_and_its_hash(client: FlaskClient, inside: Inside) -> None:
    inside.worker.warm_up()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"ready": True, **FACTS.model_dump()})


def test_readyz_says_why_there_is_no_model(client: FlaskClient, inside: Inside) -> None:
    def missing() -> Any:
        raise ModelUnavailable("model tiny.en: expected model.bin, found no such file")

    inside.load_model = missing
    inside.worker.warm_up()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["code"] == "model_unavailable"
    assert "model.bin" in answer.json["message"]
