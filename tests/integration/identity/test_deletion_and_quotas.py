"""Deletions in the audit log, quotas and life signs: through the real handlers behind the gateway."""

from __future__ import annotations

import time

import pytest

from sotto.domain.signed_receipts import checked
from tests.integration.identity.requests import BODIES
from tests.integration.identity.world import BUCKET, World

NEW_JOB = BODIES["POST", "/jobs"]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, world: World) -> World:
    """A service where a user may have two unfinished jobs."""
    monkeypatch.setenv("SOTTO_QUOTA_CONCURRENT_JOBS", "2")
    return world


def test_a_user_over_the_quota_is_told_which_and_a_deletion_is_in_the_audit_log(small: World) -> None:
    token, other = small.join("one@example.org")["access_token"], small.join("two@example.org")["access_token"]
    jobs = [small.call("POST", "/jobs", body=NEW_JOB, token=token) for _ in range(2)]
    assert [job.status for job in jobs] == [201, 201]
    refused = small.call("POST", "/jobs", body=NEW_JOB, token=token)
    assert (refused.status, refused.body["code"]) == (429, "limit_reached")
    assert refused.body["detail"] == "concurrent jobs: expected at most 2, found 3"
    assert int(refused.headers["Retry-After"]) > 0
    assert small.call("POST", "/jobs", body=NEW_JOB, token=other).status == 201, "a quota is a user's own"

    job_id = jobs[0].body["job"]["id"]
    assert small.call("DELETE", "/jobs/{job_id}", token=other, job_id=job_id).status == 404
    deleted = small.call("DELETE", "/jobs/{job_id}", token=token, job_id=job_id)
    assert (deleted.status, deleted.body["receipt"]["job_id"]) == (200, job_id)
    assert small.call("DELETE", "/jobs/{job_id}", token=token, job_id=job_id).body == deleted.body
    assert small.call("GET", "/jobs/{job_id}", token=token, job_id=job_id).status == 404
    assert small.call("POST", "/jobs", body=NEW_JOB, token=token).status == 201

    me = small.call("GET", "/account", token=token).body["user"]["id"]
    today = time.strftime("%Y-%m-%d", time.gmtime())
    page = small.call("GET", "/audit", token=small.sign_in()["access_token"], query={"day": today, "limit": "100"}).body
    entries = [entry for entry in page["entries"] if entry["action"] == "job-deleted"]
    assert [(entry["who"], entry["object"], entry["credential"]) for entry in entries] == [(me, job_id, "token")]
    assert (entries[0]["outcome"], entries[0]["address"]) == ("done", small.address)
    assert "talk.wav" not in str(entries)


def test_anybody_can_check_a_receipt_and_no_changed_one_passes(world: World) -> None:
    token = world.join("three@example.org")["access_token"]
    job_id = world.call("POST", "/jobs", body=NEW_JOB, token=token).body["job"]["id"]
    signed = world.call("DELETE", "/jobs/{job_id}", token=token, job_id=job_id).body
    keys = world.call("GET", "/receipts/keys")
    assert keys.headers["Cache-Control"] == "public, max-age=300"
    assert checked(signed, keys.body["keys"]).job_id == job_id
    good = world.call("POST", "/receipts/verify", body=signed)
    assert (good.status, good.body) == (200, {"valid": True, "receipt": signed["receipt"]})
    changed = {**signed, "receipt": {**signed["receipt"], "job_id": "01OTHER"}}
    bad = world.call("POST", "/receipts/verify", body=changed)
    assert (bad.status, bad.body["code"]) == (422, "receipt_invalid")


def test_a_deleted_account_leaves_nothing_of_its_dropbox_and_takes_nothing_of_anothers(world: World) -> None:
    """Every version goes, and the answers beside the recordings; another account's folder stays."""
    tokens = [world.join(f"{name}@example.org")["access_token"] for name in ("dropper", "neighbour")]
    dropper, neighbour = (world.call("GET", "/account", token=token).body["user"]["id"] for token in tokens)
    for _ in range(2):
        for key in ("talk.ogg", "talk.srt", "meetings/Müller + 1.wav"):
            world.s3.put_object(Bucket=BUCKET, Key=f"dropbox/{dropper}/{key}", Body=b"words")
    world.s3.put_object(Bucket=BUCKET, Key=f"dropbox/{neighbour}/talk.ogg", Body=b"words")
    root = world.sign_in()["access_token"]
    assert world.call("DELETE", "/users/{user_id}", token=root, user_id=dropper).status == 204
    left = world.s3.list_object_versions(Bucket=BUCKET, Prefix="dropbox/")
    assert [one["Key"] for one in left["Versions"]] == [f"dropbox/{neighbour}/talk.ogg"]
    assert "DeleteMarkers" not in left
    assert world.call("GET", "/users/{user_id}", token=root, user_id=dropper).status == 404


def test_readiness_is_public_and_says_names_only(world: World) -> None:
    answer = world.call("GET", "/readyz")
    names = {"settings", "table", "bucket", "queues", "signing_secret", "bootstrap_secret", "token_issuer"}
    assert (answer.status, answer.body) == (200, {"status": "ready", "checks": dict.fromkeys(names, "ok")})
