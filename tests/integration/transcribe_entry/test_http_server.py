"""The container's HTTP entry as the image starts it: functions-framework, gunicorn, a worker that was forked."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from sotto.domain.job import JobStatus
from sotto.domain.object_keys import transcript_key
from sotto.domain.transcript import Transcript
from tests.conftest import ROOT
from tests.e2e.caller import word_errors
from tests.integration.transcribe_entry.conftest import SAMPLE_TEXT, Aws, answer_of, free_port, running

COMMAND = ["-m", "functions_framework", "--host", "127.0.0.1"]
IMAGE = {
    "FUNCTION_TARGET": "transcribe",
    "FUNCTION_SOURCE": "functions/transcribe/main.py",
    "FUNCTION_SIGNATURE_TYPE": "cloudevent",
    "WORKERS": "1",
    "THREADS": "4",
}
EVENT = {"ce-specversion": "1.0", "ce-type": "sotto.part.queued", "ce-source": "/sotto/parts/fast", "ce-id": "1"}
KNATIVE = EVENT | {
    "ce-type": "dev.knative.eventing.aws-sqs",
    "ce-source": "dev.knative.eventing.aws-sqs-source",
    "ce-subject": "aws-sqs-source",
}
PATIENCE_S = 60


@contextmanager
def served(environment: dict[str, str], folder: Path) -> Iterator[httpx.Client]:
    port, log = free_port(), folder / "server.log"
    # gunicorn keeps a control socket in the home: the test's own.
    settings = IMAGE | {"PORT": str(port), "HOME": str(folder)}
    with running([sys.executable, *COMMAND, "--port", str(port)], environment | settings, log) as process:
        answer_of(f"http://127.0.0.1:{port}/livez", process, log)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S) as client:
            yield client


def settled(client: httpx.Client) -> httpx.Response:
    """What /readyz says once the model is loaded, or could not be."""
    deadline = time.monotonic() + PATIENCE_S
    while (answer := client.get("/readyz")).json().get("message") == "loading the model":
        assert time.monotonic() < deadline, "the model is still being loaded"
        time.sleep(0.05)
    return answer


def test_a_missing_setting_is_told_by_the_probe_while_the_process_lives(
    environment: dict[str, str], tmp_path: Path
) -> None:
    del environment["SOTTO_TABLE"]
    with served(environment, tmp_path) as client:
        assert client.get("/livez").status_code == 204
        answer = settled(client)
        assert answer.status_code == 503
        assert "SOTTO_TABLE" in answer.json()["message"]


def test_what_is_no_event_is_refused_as_a_problem(environment: dict[str, str], tmp_path: Path) -> None:
    with served(environment, tmp_path) as client:
        answer = client.post("/", content=b"confidential", headers=EVENT)
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
        assert "confidential" not in answer.text


@pytest.mark.speech
@pytest.mark.parametrize("event", [EVENT, KNATIVE], ids=["ours", "knative"])
def test_the_forked_worker_loads_the_model_and_transcribes(
    environment: dict[str, str], tmp_path: Path, aws: Aws, event: dict[str, str]
) -> None:
    part = aws.queued_part()
    with served(environment, tmp_path) as client:
        ready = settled(client)
        assert ready.status_code == 200, ready.text
        assert ready.json()["model"] == "tiny.en"
        assert len(ready.json()["model_sha256"]) == 64
        answer = client.post("/", content=part.model_dump_json(), headers=event)
        assert answer.status_code == 200, answer.text
        assert aws.job().status is JobStatus.COMPLETED
        again = client.post("/", content=part.model_dump_json(), headers=event)
        assert again.status_code == 200, "the same event again is harmless"


@pytest.mark.speech
def test_a_worker_that_cannot_fetch_the_model_of_speakers_completes_the_job_with_a_warning(
    environment: dict[str, str], tmp_path: Path, aws: Aws
) -> None:
    models = tmp_path / "models"
    shutil.copytree(ROOT / ".models" / "tiny.en", models / "tiny.en")
    alone = {"SOTTO_MODEL_DIR": str(models), "PIP_NO_INDEX": "1"}  # and the bucket has no models/ either
    part = aws.queued_part(speakers=True)
    with served(environment | alone, tmp_path) as client:
        assert settled(client).status_code == 200
        answer = client.post("/", content=part.model_dump_json(), headers=EVENT)
        assert answer.status_code == 200, answer.text
    job = aws.job()
    assert job.status is JobStatus.COMPLETED
    assert job.warnings == ("Speakers could not be told apart: the model for it is not available.",)
    stored = aws.objects.read(transcript_key(job.owner, job.id, job.attempt))
    assert stored is not None
    transcript = Transcript.model_validate_json(stored)
    assert word_errors(SAMPLE_TEXT, transcript.text) <= 3
    assert {segment.speaker for segment in transcript.segments} == {None}
