"""Versions: what the workflows rely on, asked of the fake and of DynamoDB alike."""

from __future__ import annotations

from dataclasses import replace

import boto3
import pytest

from sotto.adapters.dynamo_jobs import DynamoJobs
from sotto.adapters.dynamo_versions import DynamoVersions
from sotto.domain.errors import NotFound, VersionConflict, WrongState
from sotto.domain.job import Job, JobStatus
from sotto.domain.versions import Version, VersionKind
from sotto.workflows.ports import Jobs, Versions
from tests.contract.conftest import TABLE
from tests.examples import JOB_ID, NOW, OWNER, QUEUED
from tests.fakes.jobs import InMemoryJobs
from tests.fakes.versions import InMemoryVersions

SECOND = Version(
    number=2, attempt=1, kind=VersionKind.EDIT, created_at=NOW, key="transcripts/2.json", author="anna", operations=3
)
THIRD = replace(SECOND, number=3, kind=VersionKind.REVERT, key="transcripts/3.json", operations=0, reverted_to=1)


@pytest.fixture(params=["memory", "dynamodb"])
def stores(request: pytest.FixtureRequest) -> tuple[Jobs, Versions]:
    if request.param == "memory":
        jobs = InMemoryJobs()
        return jobs, InMemoryVersions(jobs)
    request.getfixturevalue("table")
    client = boto3.client("dynamodb")
    return DynamoJobs(client, TABLE), DynamoVersions(client, TABLE, sleep=lambda _: None)


@pytest.fixture
def completed(stores: tuple[Jobs, Versions]) -> Job:
    job = replace(QUEUED, status=JobStatus.COMPLETED, transcript_key="transcripts/1.json")
    stores[0].create(job, due_at=NOW)
    return job


def test_a_version_is_stored_and_the_job_points_at_it(stores: tuple[Jobs, Versions], completed: Job) -> None:
    jobs, versions = stores
    versions.add(completed, SECOND)
    versions.add(completed, THIRD)
    assert versions.all_of(completed) == [SECOND, THIRD]
    assert (versions.find(completed, 2), versions.find(completed, 4)) == (SECOND, None)
    stored = jobs.get(OWNER, JOB_ID)
    assert (stored.transcript_version, stored.transcript_key) == (3, "transcripts/3.json")


def test_the_same_number_is_given_once_and_none_is_left_out(stores: tuple[Jobs, Versions], completed: Job) -> None:
    _, versions = stores
    versions.add(completed, SECOND)
    for number in (2, 4):
        with pytest.raises(VersionConflict):
            versions.add(completed, replace(SECOND, number=number, key="transcripts/other.json"))
    assert versions.all_of(completed) == [SECOND]


def test_a_job_that_runs_again_takes_no_version_of_its_earlier_attempt(
    stores: tuple[Jobs, Versions], completed: Job
) -> None:
    jobs, versions = stores
    versions.add(completed, SECOND)
    again = jobs.restart(completed, due_at=NOW, transcript_version=1)
    with pytest.raises(WrongState):
        versions.add(completed, THIRD)
    assert versions.all_of(again) == []


def test_a_deleted_job_takes_its_versions_with_it(stores: tuple[Jobs, Versions], completed: Job) -> None:
    jobs, versions = stores
    versions.add(completed, SECOND)
    assert jobs.count_rows(completed.owner, completed.id).versions == 1
    jobs.delete(completed.owner, completed.id)
    assert jobs.count_rows(completed.owner, completed.id).versions == 0
    with pytest.raises(NotFound):
        versions.add(completed, THIRD)
    if isinstance(jobs, DynamoJobs):
        assert boto3.client("dynamodb").scan(TableName=TABLE)["Items"] == []
