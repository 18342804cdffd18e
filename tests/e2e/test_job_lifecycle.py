"""A job's life beside its transcript, through the gateway: sent twice, named, found, foreseen, accounted, run again."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.conftest import ROOT
from tests.e2e.caller import Caller
from tests.e2e.conftest import RunningStack
from tests.recordings import SMALL_MP3, sample, write
from tests.waiting import until

pytestmark = pytest.mark.e2e

SAMPLE = ROOT / "tests/audio/sample.ogg"
STOPPED_WITHIN_S = 10


def test_jobs_are_sent_once_named_found_foreseen_and_accounted(caller: Caller) -> None:
    content, tag = SAMPLE.read_bytes(), uuid.uuid4().hex
    one = {"name": SAMPLE.name, "size_bytes": len(content), "content_type": "audio/ogg", "model": "tiny.en"}
    batch = {"jobs": [{**one, "tags": [tag], "title": "First"}, {**one, "size_bytes": 0}]}
    once = {"Idempotency-Key": str(uuid.uuid4())}

    def send(body: object) -> httpx.Response:
        return caller.http.post("jobs/batch", json=body, headers=once)

    accepted, refused = send(batch).json()["results"]
    job_id = accepted["accepted"]["job"]["id"]
    assert (accepted["problem"], refused["accepted"], refused["problem"]["code"]) == (None, None, "recording_empty")
    assert send(batch).json()["results"][0]["accepted"]["job"]["id"] == job_id
    other = send({"jobs": [one]})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")

    assert caller.http.patch(f"jobs/{job_id}", json={"title": "Council"}).json()["job"]["tags"] == [tag]
    found = caller.http.get("jobs", params={"tag": tag, "text": "COUNC", "status": "AWAITING_UPLOAD"})
    assert [job["id"] for job in found.json()["jobs"]] == [job_id]

    assert caller.upload(accepted["accepted"], content).status_code == 200
    done = caller.wait(job_id)
    assert (done["status"], done["lane"], done["title"]) == ("COMPLETED", "fast", "Council")
    assert done["engine_s"] > 0
    assert caller.transcript(job_id, "md").startswith("# Council\n")
    status = caller.http.get(f"jobs/{job_id}").json()
    assert (status["queue"], status["cost"]) == (None, None)

    hour = caller.http.post("estimates", json={"duration_s": 3600, "model": "tiny.en"}).json()
    assert hour["engine_s"] > 0
    usage = caller.http.get("usage", params={"month": done["timings"]["completed_at"][:7]}).json()
    assert usage["engine_s"] >= done["engine_s"] - 0.001
    assert "token" in {day["credential"] for day in usage["days"]}

    assert caller.http.post(f"jobs/{job_id}/retry", json={"model": "base"}).status_code == 202
    again = caller.wait(job_id)
    assert (again["status"], again["attempt"], again["options"]["model"]) == ("COMPLETED", 2, "base")
    assert [(one["number"], one["status"]) for one in again["history"]] == [(1, "COMPLETED")]
    assert json.loads(caller.transcript(job_id, "json"))["engine"]["model"] == "base"
    first = caller.http.get(f"jobs/{job_id}/transcript", params={"attempt": 1}).json()
    assert (first["attempt"], first["engine"]["model"]) == (1, "tiny.en")


def test_a_worker_drops_a_cancelled_job_within_seconds(caller: Caller, stack: RunningStack, tmp_path: Path) -> None:
    """One part of almost four minutes with a beam of 5, which would take a minute."""
    path = write(tmp_path / "long.mp3", np.concatenate([sample()] * 14), SMALL_MP3)
    job_id = caller.submit(path, "audio/mpeg", model="base", beam_size=5)["id"]
    caller.wait(job_id, "PROCESSING")
    until(lambda: caller.job(job_id)["progress"]["seconds_done"] > 0)

    def worked_on() -> int:
        asked = stack.aws("sqs").get_queue_attributes(
            QueueUrl=stack["queues"]["fast"], AttributeNames=["ApproximateNumberOfMessagesNotVisible"]
        )
        return int(asked["Attributes"]["ApproximateNumberOfMessagesNotVisible"])

    assert worked_on() == 1
    cancelled = caller.http.post(f"jobs/{job_id}/cancel").json()["job"]
    assert cancelled["status"] == "CANCELLED"
    until(lambda: worked_on() == 0, STOPPED_WITHIN_S)
    stopped = caller.job(job_id)
    assert (stopped["status"], stopped["progress"]["parts_done"]) == ("CANCELLED", 0)
    assert stopped["engine_s"] > 0, "what was done until then is on the account"
