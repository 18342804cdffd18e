"""A job's life beside its transcript, through the gateway: sent twice, named, found, foreseen, accounted."""

from __future__ import annotations

import uuid

import httpx
import pytest

from tests.conftest import ROOT
from tests.e2e.caller import Caller

pytestmark = pytest.mark.e2e

SAMPLE = ROOT / "tests/audio/sample.ogg"


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
