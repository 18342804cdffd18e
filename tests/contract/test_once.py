"""Requests that come twice: the fake and DynamoDB make one job of them."""

from __future__ import annotations

from dataclasses import replace

import boto3
import pytest

from sotto.adapters.dynamo_jobs import DynamoJobs
from sotto.domain.errors import Failure, IdempotencyKeyReused, NotFound, WrongState
from sotto.domain.idempotency import once_of
from sotto.domain.job import Job, JobStatus
from sotto.workflows.ports import Jobs
from tests.examples import JOB_ID, NEW, NOW, OWNER
from tests.fakes.jobs import InMemoryJobs

SOON = "2026-11-22T12:05:00.000Z"
NEXT_DAY = "2026-11-23T12:00:01.000Z"
ONCE = once_of("a-key", route="POST /v1/jobs", body="{}", at=NOW)
OTHER = replace(NEW, id=f"{JOB_ID[:-1]}B")


@pytest.fixture(params=["memory", "dynamodb"])
def jobs(request: pytest.FixtureRequest) -> Jobs:
    if request.param == "memory":
        return InMemoryJobs()
    return DynamoJobs(boto3.client("dynamodb"), request.getfixturevalue("table"), sleep=lambda _: None)


def ids(jobs: Jobs) -> list[str]:
    return [job.id for job in jobs.newest(OWNER, limit=10)]


def test_of_two_requests_that_both_saw_no_job_one_makes_it(jobs: Jobs) -> None:
    assert jobs.made_by(OWNER, ONCE) is None
    assert jobs.create(NEW, due_at=SOON, once=ONCE) == NEW
    assert jobs.create(OTHER, due_at=SOON, once=ONCE) == NEW
    assert ids(jobs) == [JOB_ID]
    assert jobs.made_by(OWNER, ONCE) == NEW


def test_keys_and_owners_are_apart(jobs: Jobs) -> None:
    jobs.create(NEW, due_at=SOON, once=ONCE)
    assert jobs.made_by("somebody-else", ONCE) is None
    assert jobs.made_by(OWNER, ONCE.item(0)) is None
    assert jobs.create(OTHER, due_at=SOON, once=ONCE.item(0)) == OTHER


def test_a_key_stays_with_its_request(jobs: Jobs) -> None:
    jobs.create(NEW, due_at=SOON, once=ONCE)
    changed = once_of("a-key", route="POST /v1/jobs", body='{"name": "other"}', at=NOW)
    for ask in (
        lambda: jobs.made_by(OWNER, changed),
        lambda: jobs.create(OTHER, due_at=SOON, once=changed),
        lambda: jobs.claim(OWNER, changed),
    ):
        with pytest.raises(IdempotencyKeyReused):
            ask()
    assert ids(jobs) == [JOB_ID]


def test_a_claimed_key_waits_for_no_job(jobs: Jobs) -> None:
    jobs.claim(OWNER, ONCE)
    jobs.claim(OWNER, ONCE)
    assert jobs.made_by(OWNER, ONCE) is None
    with pytest.raises(IdempotencyKeyReused):
        jobs.claim(OWNER, replace(ONCE, asked="other"))


def test_after_a_day_a_key_is_new(jobs: Jobs) -> None:
    jobs.create(NEW, due_at=SOON, once=ONCE)
    late = replace(ONCE, asked="other", at=NEXT_DAY)
    assert jobs.made_by(OWNER, late) is None
    assert jobs.create(OTHER, due_at=SOON, once=late) == OTHER
    assert jobs.made_by(OWNER, late) == OTHER


def test_what_was_deleted_is_not_made_again(jobs: Jobs) -> None:
    jobs.create(NEW, due_at=SOON, once=ONCE)
    jobs.delete(NEW.owner, NEW.id)
    with pytest.raises(NotFound):
        jobs.made_by(OWNER, ONCE)
    with pytest.raises(NotFound):
        jobs.create(OTHER, due_at=SOON, once=ONCE)
    assert ids(jobs) == []


def test_a_retry_happens_once(jobs: Jobs) -> None:
    failed = _failed(jobs)
    again = jobs.restart(failed, due_at=SOON, once=ONCE)
    assert jobs.restart(failed, due_at=SOON, once=ONCE) == again
    assert jobs.get(OWNER, JOB_ID).attempt == 2
    with pytest.raises(WrongState):
        jobs.restart(failed, due_at=SOON, once=ONCE.item(1))
    assert jobs.made_by(OWNER, ONCE.item(1)) is None  # what was refused is not remembered


def _failed(jobs: Jobs) -> Job:
    jobs.create(NEW, due_at=SOON)
    return jobs.move(NEW, JobStatus.FAILED, failure=Failure("a", "b", "c"))
